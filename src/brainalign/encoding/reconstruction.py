"""Trials reconstructed from word vectors, each left out in turn, and scored along trials or along channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.elastic_net import ElasticNetTRF
from brainalign.linalg.svd import svd
from brainalign.linalg.variation import CENTRED, varies
from brainalign.progress import track

Array = NDArray[np.float64]

ROUNDING = 1e-9
"""Deviation of a prediction from the intercept, as a share of it, that is rounding."""

INNER = 5
"""Folds of whole words on which penalties are chosen."""


@dataclass(frozen=True)
class Reconstruction:
    """Held-out predictions.

    Attributes:
        actual: (trials, c), a column a channel (or a channel at one time).
        predicted: (trials, c), each by a fit that has not seen the trial's group.
        train_mean: (trials, c) mean response of that fit's training trials: the intercept-only model's prediction.
    """

    actual: Array
    predicted: Array
    train_mean: Array

    @property
    def intercept_only(self) -> Reconstruction:
        """The same with the training mean as prediction: what a model without features reaches."""
        return Reconstruction(self.actual, self.train_mean, self.train_mean)

    @property
    def without_weights(self) -> float:
        """Share of the predictions that are the intercept: the penalty has left no weight."""
        return float((self._deviations == 0).mean())

    @property
    def _deviations(self) -> Array:
        """(trials, c) predictions less the intercept's, 0 where they differ by rounding alone."""
        said = self.predicted - self.train_mean
        return np.where(np.abs(said) <= ROUNDING * np.abs(self.train_mean), 0.0, said)

    def along_trials(self) -> dict[str, Array]:
        """Scores of each column over the held-out trials, each (c,).

        ``r2`` is 1 - SSE / SST about the training means. ``r`` correlates the deviations from them, 0 where no prediction
        deviates. ``r_pooled`` correlates actual and predicted as they are: a training mean is low where the trial left out
        is high, so that the intercept-only model has -1 where single trials are left out.
        """
        off, said = self.actual - self.train_mean, self._deviations
        with np.errstate(invalid="ignore", divide="ignore"):
            r2 = 1 - ((off - said) ** 2).sum(axis=0) / (off**2).sum(axis=0)
        r2 = np.where(_alive(self.actual), r2, np.nan)
        return {"r": _pearson(off, said), "r2": r2, "r_pooled": _pearson(self.actual, self.predicted)}

    def along_channels(self) -> dict[str, Array]:
        """As published: scores of each trial over the channels, each (trials,). Differences of channel means count as success."""
        y, p = self.actual.T, self.predicted.T
        with np.errstate(invalid="ignore", divide="ignore"):
            r2 = 1 - ((y - p) ** 2).sum(axis=0) / ((y - y.mean(axis=0)) ** 2).sum(axis=0)
        r2 = np.where(_alive(y), r2, np.nan)
        return {"r": _pearson(y, p), "r2": r2}


def _pearson(a: Array, b: Array) -> Array:
    """Pearson r of each column; 0 where b is constant but for rounding, NaN where a is."""
    ac, bc = a - a.mean(axis=0), b - b.mean(axis=0)
    aa, bb = (ac**2).sum(axis=0), (bc**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(_alive(b), (ac * bc).sum(axis=0) / np.sqrt(aa * bb), 0.0)
    return np.where(_alive(a), r, np.nan)


def _alive(values: Array) -> NDArray[np.bool_]:
    """(c,) whether a column of (n, c) varies but for rounding."""
    return np.asarray(varies(values.var(axis=0), (values**2).mean(axis=0), rounding=CENTRED))


def principal_axes(x: Array, share: float) -> Array:
    """(d, k) leading principal axes of the rows that hold at least this share of their variance.

    Args:
        x: (n, d).
        share: In (0, 1].
    """
    _, s, axes = svd(x - x.mean(axis=0))
    held = np.cumsum(s**2) / max(float((s**2).sum()), 1e-300)
    k = int(np.searchsorted(held, share * (1 - 1e-12))) + 1
    found: Array = axes[:k].T
    return found


def leave_out(
    features: Array,
    responses: Array,
    words: Sequence[str],
    *,
    by: str,
    alphas: Sequence[float],
    l1_ratios: Sequence[float],
    pca: float | None,
    name: str = "",
) -> Reconstruction:
    """Elastic nets on all trials but one word's (or but one trial), predicting those.

    Args:
        features: (trials, d).
        responses: (trials, c), finite.
        words: The word of each trial.
        by: ``word`` leaves all trials of a word out; ``trial`` one, its word's other trials staying in training: it leaks.
        alphas: Penalties of :class:`ElasticNetTRF`; where there are several, chosen on inner folds of whole words.
        l1_ratios: Shares of the L1 penalty, likewise.
        pca: Share of variance kept by a PCA fitted on the training trials; None = none.
        name: For the progress line.

    Returns:
        Predictions of every trial, by the fit that has not seen it.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(30, 4))
        >>> y = 5 + x @ rng.normal(size=(4, 2)) + 0.1 * rng.normal(size=(30, 2))
        >>> found = leave_out(x, y, [f"w{i}" for i in range(30)], by="word", alphas=[0.01], l1_ratios=[0.5], pca=None)
        >>> bool((found.along_trials()["r2"] > 0.9).all())
        True
    """
    said = np.array(words)
    labels = said if by == "word" else np.arange(len(said))
    predicted, mean = np.empty_like(responses), np.empty_like(responses)
    for label in track(list(dict.fromkeys(labels.tolist())), f"leaving out each {by}: {name}"):
        test = labels == label
        x, y, center = features[~test], responses[~test], features[~test].mean(axis=0)
        axes = np.eye(x.shape[1]) if pca is None else principal_axes(x, pca)
        x, held = (x - center) @ axes, (features[test] - center) @ axes
        here = list(dict.fromkeys(said[~test].tolist()))
        by_word = [np.flatnonzero(said[~test] == word) for word in here]
        trf = ElasticNetTRF(
            tmin=0.0, tmax=0.0, rate=1.0, alphas=list(alphas), l1_ratios=list(l1_ratios), cv=min(INNER, len(here))
        )
        trf.fit(
            [x[rows] for rows in by_word], [y[rows] for rows in by_word], groups=here
        )  # one lag: no trial meets another
        predicted[test] = trf.predict([held])[0]
        mean[test] = y.mean(axis=0)
    return Reconstruction(responses, predicted, mean)
