"""Trials left out: against scikit-learn on the literal matrix, and the two traps of the published score."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import ElasticNet

from brainalign.encoding.reconstruction import leave_out

RNG = np.random.default_rng(0)
WORDS = [f"word{i}" for i in range(20)] + ["word0", "word1", "word1"]
X = RNG.standard_normal((20, 8))[[int(w[4:]) for w in WORDS]]
LEVELS = 20 * RNG.random(30)
NOISE = RNG.standard_normal((len(WORDS), 30))


@pytest.mark.parametrize(("by", "pca"), [("word", None), ("trial", None), ("word", 0.9)])
def test_equals_scikit_learn_on_the_literal_matrix(by: str, pca: float | None) -> None:
    """Every fold: PCA and ElasticNet of scikit-learn, fitted on the training trials."""
    y = LEVELS + 3 * X @ RNG.standard_normal((8, 30)) + NOISE
    found = leave_out(X, y, WORDS, by=by, alphas=[1.0], l1_ratios=[0.5], pca=pca)
    for i, word in enumerate(WORDS):
        train = [j for j in range(len(WORDS)) if (WORDS[j] != word if by == "word" else j != i)]
        a, b = X[train], X[[i]]
        if pca is not None:
            space = PCA(pca).fit(a)
            a, b = space.transform(a), space.transform(b)
        theirs = ElasticNet(alpha=1.0, l1_ratio=0.5, tol=1e-8, max_iter=100000).fit(a, y[train]).predict(b)
        np.testing.assert_allclose(found.predicted[i], theirs[0], atol=0.1)
        assert np.corrcoef(found.predicted[i] - found.train_mean[i], theirs[0] - y[train].mean(axis=0))[0, 1] > 0.999


def test_both_traps_on_unrelated_features() -> None:
    """Channel means alone score high along channels; pooled single trials score -1; neither knows anything."""
    found = leave_out(X, LEVELS + NOISE, WORDS, by="trial", alphas=[1.0], l1_ratios=[0.5], pca=None).intercept_only
    assert found.along_channels()["r"].mean() > 0.9
    trials = found.along_trials()
    np.testing.assert_allclose(trials["r2"], 0, atol=1e-12)
    np.testing.assert_allclose(trials["r_pooled"], -1, atol=1e-9)
    assert (trials["r"] == 0).all()


def test_related_features_score_along_trials() -> None:
    """What the words foretell is found where whole words are left out."""
    y = LEVELS + 3 * X @ RNG.standard_normal((8, 30)) + NOISE
    found = leave_out(X, y, WORDS, by="word", alphas=[0.1], l1_ratios=[0.5], pca=None).along_trials()
    assert np.median(found["r2"]) > 0.5
