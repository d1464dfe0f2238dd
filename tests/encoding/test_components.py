"""Principal components inside the fits: against scikit-learn's on training frames, and what may and may not change the scores."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from brainalign.data.splits.split import split_groups
from brainalign.encoding.banded_nested import fit_banded
from brainalign.encoding.design import Design, Sums
from brainalign.encoding.nested import fit_outer
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.lags import lag_matrix
from brainalign.linalg.ridge import Problem, path_scores

LAGS, ALPHAS, EXACT = np.arange(3), [1.0, 30.0, 1000.0], Arithmetic(dtype="float64")


def world(seed=0, n=9, d=6, rank=None, c=4, noise=1.0):
    """Stimuli with repeats, correlated features in many units, and electrodes that follow ``rank`` directions of them."""
    rng = np.random.default_rng(seed)
    heard = [f"s{i}" for i in range(n)] + ["s0", "s1"]
    latent = {s: rng.normal(size=(int(rng.integers(25, 40)), rank or d)) for s in heard[:n]}
    mix, unit = rng.normal(size=(rank or d, d)), 10.0 ** rng.uniform(-2, 2, d)
    x = {s: (v @ mix + 0.2 * rng.normal(size=(len(v), d))) * unit + unit for s, v in latent.items()}
    kernel = rng.normal(size=(3 * (rank or d), c))
    y = [lag_matrix(latent[s], LAGS) @ kernel + noise * rng.normal(size=(len(latent[s]), c)) for s in heard]
    return heard, x, y


def folds(heard, y):
    return split_groups(heard, [len(r) for r in y], 4, 0, "stimulus")


def literal(heard, x, y, split, components):
    """Each step with scikit-learn: scaler and PCA of each training set's frames, then lags; (folds, 3 + c): alphas, score, dims."""
    place = [int(v[0]) for v in split.segments]

    def fit(train, test, alpha, electrode):
        rows = {part: [i for i, a in enumerate(place) if a in part] for part in (train, test)}
        frames = np.vstack([x[heard[i]] for i in rows[train]])
        mean, sd = frames.mean(axis=0), frames.std(axis=0)
        pca = PCA(components).fit((frames - mean) / sd)
        big = {
            p: np.vstack([lag_matrix(pca.transform((x[heard[i]] - mean) / sd), LAGS) for i in r])
            for p, r in rows.items()
        }
        target = {p: np.concatenate([y[i][:, electrode] for i in r]) for p, r in rows.items()}
        guess = Ridge(alpha).fit(big[train], target[train]).predict(big[test])
        sst = ((target[test] - target[train].mean()) ** 2).sum()
        return 1 - ((target[test] - guess) ** 2).sum() / sst, pca.n_components_

    k, out = len(split.folds), []
    for f in range(k):
        others = [j for j in range(k) if j != f]
        curve = [
            np.mean([fit(tuple(a for a in others if a != j), (j,), alpha, 0)[0] for j in others]) for alpha in ALPHAS
        ]
        alpha = ALPHAS[int(np.argmax(curve))]
        out.append((alpha, max(curve), *fit(tuple(others), (f,), alpha, 0)))
    return np.array(out)


@pytest.mark.parametrize("components", [2, 0.9])
def test_is_scikit_learns_pca_of_each_training_set_before_lags(components):
    heard, x, y = world(rank=3)
    split = folds(heard, y)
    found = fit_outer(Design(heard, y, split), x, LAGS, ALPHAS, EXACT, components=components)
    mine = np.column_stack([found.alpha[:, 0], found.inner[:, 0], found.r2[:, 0], found.components[:, 0]])
    np.testing.assert_allclose(mine, literal(heard, x, y, split, components), rtol=1e-6)


@pytest.mark.parametrize("solver", ["cholesky", "eigh", "dual"])
def test_every_solver_gives_the_same_with_components(solver):
    heard, x, y = world()
    design = Design(heard, y, folds(heard, y))
    some, reference = (
        fit_outer(design, x, LAGS, ALPHAS, a, components=3, keep_weights=True)
        for a in (replace(EXACT, solver=solver), EXACT)
    )
    np.testing.assert_allclose(some.r2, reference.r2, atol=1e-9)
    np.testing.assert_allclose(some.weights[0], reference.weights[0], atol=1e-6)
    for s, predicted in some.predictions[
        0
    ].items():  # weights are in units of the features, and predict what was scored
        mean, sd = some.scales[0][0]
        again = lag_matrix((x[s] - mean) / sd, LAGS) @ some.weights[0].reshape(18, 4) + some.intercepts[0]
        np.testing.assert_allclose(predicted, again, atol=1e-4)
    assert np.linalg.matrix_rank(some.weights[0][0].astype(np.float64), tol=1e-4) == 3


def test_all_components_are_the_features_unless_they_are_scaled_to_one_variance():
    heard, x, y = world()
    design = Design(heard, y, folds(heard, y))
    whole = fit_outer(design, x, LAGS, ALPHAS)
    assert np.array_equal(fit_outer(design, x, LAGS, ALPHAS, components=6).r2, whole.r2)
    sums = Sums(design.groups[0], x, LAGS, torch.device("cpu"))
    train, tests = sums.total([0, 1]), [HeldOut(sums.total([2]))]
    problem = Problem(train, *train.scale())
    _, axes = torch.linalg.eigh(train.second)  # any rotation
    variance = axes.new_tensor(np.linspace(0.2, 3, 6))
    plain = path_scores(problem, tests, ALPHAS, EXACT)
    np.testing.assert_allclose(path_scores(replace(problem, basis=axes), tests, ALPHAS, EXACT), plain, atol=1e-9)
    scaled = path_scores(replace(problem, basis=axes / variance), tests, ALPHAS, EXACT)
    assert np.abs(scaled - plain).max() > 1e-3


def test_held_out_frames_have_no_part_in_the_components():
    heard, x, y = world()
    split = folds(heard, y)
    test = {s for s, v in zip(heard, split.segments, strict=True) if v[0] == 0}
    rng = np.random.default_rng(1)
    other = {s: v @ rng.normal(size=(6, 6)) if s in test else v for s, v in x.items()}
    some, moved = (
        fit_outer(Design(heard, y, split), f, LAGS, ALPHAS, components=0.8, keep_weights=True) for f in (x, other)
    )
    for name in ("weights", "intercepts", "scales"):
        assert np.array_equal(getattr(some, name)[0], getattr(moved, name)[0])
    assert np.array_equal(some.alpha[0], moved.alpha[0]) and np.array_equal(some.inner[0], moved.inner[0])
    assert not np.array_equal(some.weights[1], moved.weights[1])


def test_few_components_keep_the_score_of_a_planted_low_rank_signal():
    heard, x, y = world(d=24, rank=3, n=24)
    design = Design(heard, y, folds(heard, y))
    whole, few, too_few = (fit_outer(design, x, LAGS, ALPHAS, components=k).r2.mean() for k in (None, 3, 1))
    assert few > whole - 0.005 and few > 0.7
    assert too_few < whole - 0.2


@pytest.mark.parametrize("ratios", [[1.0], [0.1, 10.0]])
def test_each_band_has_its_own_components(ratios):
    heard, x, y = world()
    design, every = Design(heard, y, folds(heard, y)), range(4)
    small, loud = ({s: v[:, part] for s, v in x.items()} for part in (slice(0, 2), slice(2, 6)))
    found = fit_banded(design, [([small, loud], every)], 2, ratios, LAGS, ALPHAS, EXACT, components=2)
    assert (found.scores.components == 4).all()
    # by hand: scikit-learn's components of the second band in the one training set of fold 0, as features of variance as they are
    train = [i for i, v in enumerate(design.split.segments) if v[0] != 0]
    frames = np.vstack([x[heard[i]] for i in train])
    mean, sd = frames.mean(axis=0), frames.std(axis=0)
    pca = PCA(2).fit(((frames - mean) / sd)[:, 2:])
    z = {s: (v - mean) / sd for s, v in x.items()}
    ratio, alpha = found.ratio[1, 0], found.scores.alpha[0]
    for c in range(4):
        both = {s: np.hstack([v[:, :2], pca.transform(v[:, 2:]) / np.sqrt(ratio[c])]) for s, v in z.items()}
        model = Ridge(alpha[c]).fit(
            np.vstack([lag_matrix(both[heard[i]], LAGS) for i in train]),
            np.concatenate([design.responses[i][:, c] for i in train]),
        )
        for s, predicted in found.scores.predictions[0].items():
            np.testing.assert_allclose(predicted[:, c], model.predict(lag_matrix(both[s], LAGS)), atol=1e-5)


def test_lags_of_a_band_that_came_lagged_share_its_components():
    heard, x, y = world()
    design = Design(heard, y, folds(heard, y))
    mean = np.vstack(list(x.values())).mean(axis=0)
    x = {s: v - mean for s, v in x.items()}  # what is before a stimulus is then the mean in both
    lagged = {s: lag_matrix(v, LAGS) for s, v in x.items()}
    found = fit_banded(design, [([lagged], range(4))], 1, [1.0], np.array([0]), ALPHAS, components=2, copies=[3])
    assert (found.scores.components == 6).all()
    before = fit_outer(design, x, LAGS, ALPHAS, components=2)
    np.testing.assert_allclose(found.scores.r2, before.r2, atol=0.02)  # a lag's own frames standardise it
