"""Residual context: what a layer knows of a word beyond the word itself (Toneva et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.linalg.variation import CENTRED, varies

Array = NDArray[np.float64]
Words = Mapping[str, NDArray[np.floating[Any]]]
"""Stimulus -> (words, dims)."""

PREVIOUS = 24
"""Words before each word in ``lexical_prev`` (Toneva et al. 2022: 25 words with the word itself)."""
ALPHAS = tuple(float(a) for a in np.logspace(-1, 6, 8))


@dataclass(frozen=True)
class LexicalCheck:
    """How much of a space the lexical features predict, in words of stimuli that the prediction was not fitted on.

    Attributes:
        before: R2 of the context itself, summed over its dimensions.
        after: R2 of its residual: about 0, or nothing may be called linearly removed.
    """

    before: float
    after: float

    def __str__(self) -> str:
        return f"cross-validated R2 of the lexical part: {self.before:.3f} before, {self.after:.3f} after"


class ResidualContext:
    """C less what a ridge regression predicts of it from lexical features, fitted on training stimuli.

        R = C - (z(E) W + b),    W = argmin ||C - z(E) W - b||^2 + alpha ||W||^2

    E is the input embedding of each word, without position (``lexical``), and with ``previous`` > 0 that of so many
    words before it beside it (``lexical_prev``), zeros (the mean) before the stimulus's first word. The second
    removes any linear integral of past words as well: it is another construct, not a better one. alpha is chosen on
    the training stimuli. Residuals of the training stimuli are cross-fitted, as those of test stimuli are by nature:
    in-sample ones would be smaller, and of another kind than what they are later compared with.

    With ``previous`` words and d dimensions the design has (previous + 1) d columns, 8 bytes a word each.

    Args:
        previous: Words before each word that count as lexical; 0 = ``lexical``, 24 = ``lexical_prev``.
        alphas: To choose from.
        folds: Of cross-fitting, by stimulus; by contiguous block of words where there are fewer stimuli.

    Attributes:
        alpha_: The penalty chosen.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> e = {s: rng.normal(size=(60, 3)) for s in "abcde"}
        >>> own = {s: rng.normal(size=(60, 2)) for s in "abcde"}
        >>> c = {s: e[s] @ [[2.0, 1], [0, 1], [1, 3]] + own[s] for s in "abcde"}
        >>> space = ResidualContext().fit(e, c)
        >>> rest = space.transform(e, c)["a"]
        >>> bool(np.corrcoef(rest[:, 0], own["a"][:, 0])[0, 1] > 0.99)
        True
        >>> space.check().before > 0.8, abs(space.check().after) < 0.05
        (True, True)
    """

    def __init__(self, previous: int = 0, alphas: Sequence[float] = ALPHAS, folds: int = 5) -> None:
        self.previous, self.alphas, self.folds = previous, tuple(alphas), folds

    def fit(self, lexical: Words, context: Words) -> ResidualContext:
        """Learn the prediction from training stimuli alone.

        Args:
            lexical: Stimulus -> (words, e).
            context: Stimulus -> (words, c), the same stimuli and words.

        Raises:
            BrainalignError: The words of a stimulus differ in number, or there are too few.
        """
        self._names = sorted(context)
        own = np.vstack([lexical[s] for s in self._names]).astype(np.float64)
        self._mean, variance = own.mean(axis=0), own.var(axis=0)
        self._sd = np.sqrt(np.where(varies(variance, (own**2).mean(axis=0), rounding=CENTRED), variance, 1.0))
        x, y = self._stack(lexical, context, self._names)
        self._sizes = [len(context[s]) for s in self._names]
        fold = _folds(self._sizes, self.folds)
        predicted = _crossed(x, y, fold, self.alphas)
        r2 = np.array([_r2(y, p, fold) for p in predicted])
        best = int(r2.argmax())
        self.alpha_ = self.alphas[best]
        self._predict = _Ridge(x, y, [self.alpha_])
        self._residual, self._before = y - predicted[best], float(r2[best])
        self._training = x, y, fold
        return self

    def transform(self, lexical: Words, context: Words) -> dict[str, Array]:
        """Residuals of stimuli that were not fitted on.

        Args:
            lexical: Stimulus -> (words, e).
            context: Stimulus -> (words, c).

        Returns:
            Stimulus -> (words, c).
        """
        names = sorted(context)
        x, y = self._stack(lexical, context, names)
        return _apart(y - self._predict(x)[0], names, [len(context[s]) for s in names])

    def training_residuals(self) -> dict[str, Array]:
        """Cross-fitted residuals of the training stimuli, stimulus -> (words, c)."""
        return _apart(self._residual, self._names, self._sizes)

    def check(self) -> LexicalCheck:
        """Whether the lexical part is gone: R2 of a second regression, from E to the residual, at its best alpha.

        It is nested: the residuals that the second regression is fitted on were made without the words that it is
        scored on, which would otherwise pull the R2 below 0 and hide what is left.
        """
        x, y, fold = self._training
        after = np.empty((len(ALPHAS), *y.shape))
        for k in np.unique(fold):
            train = fold != k
            inner = y[train] - _crossed(x[train], y[train], fold[train], [self.alpha_])[0]
            after[:, ~train] = _Ridge(x[train], inner, ALPHAS)(x[~train])
        return LexicalCheck(self._before, max(_r2(self._residual, a, fold) for a in after))

    def _stack(self, lexical: Words, context: Words, names: Sequence[str]) -> tuple[Array, Array]:
        """Design and target, stimuli one under the other."""
        for s in names:
            if len(lexical[s]) != len(context[s]):
                raise BrainalignError(
                    f"stimulus {s!r} has {len(context[s])} words in the context features and {len(lexical[s])} in the "
                    "lexical ones; both must come from one transcript."
                )
        own = np.vstack([lexical[s] for s in names]).astype(np.float64)
        first = np.concatenate([np.arange(len(lexical[s])) for s in names])
        z = (own - self._mean) / self._sd
        lags = [np.where((first >= k)[:, None], np.roll(z, k, axis=0), 0.0) for k in range(self.previous + 1)]
        return np.hstack(lags), np.vstack([context[s] for s in names]).astype(np.float64)


class _Ridge:
    """Ridge predictions for several alphas, solved on the smaller side."""

    def __init__(self, x: Array, y: Array, alphas: Sequence[float]) -> None:
        self._x_mean, self._y_mean = x.mean(axis=0), y.mean(axis=0)
        centred, target = x - self._x_mean, y - self._y_mean
        tall = x.shape[1] <= len(x)
        gram = centred.T @ centred if tall else centred @ centred.T
        right = centred.T @ target if tall else target
        solved = [np.linalg.solve(gram + a * np.eye(len(gram)), right) for a in alphas]
        self._weights = solved if tall else [centred.T @ dual for dual in solved]

    def __call__(self, x: Array) -> Array:
        """(alphas, rows, c)."""
        centred = x - self._x_mean
        return np.stack([centred @ w + self._y_mean for w in self._weights])


def _crossed(x: Array, y: Array, fold: NDArray[np.int64], alphas: Sequence[float]) -> Array:
    """(alphas, words, c) predictions of each fold from the others."""
    out = np.empty((len(alphas), *y.shape))
    for k in np.unique(fold):
        out[:, fold == k] = _Ridge(x[fold != k], y[fold != k], alphas)(x[fold == k])
    return out


def _folds(sizes: Sequence[int], n: int) -> NDArray[np.int64]:
    """(words,) fold of each word: whole stimuli where there are enough, else contiguous blocks."""
    if sum(sizes) < 2 * n:
        raise BrainalignError(
            f"residual context needs at least {2 * n} training words for {n} folds; there are {sum(sizes)}."
        )
    if len(sizes) >= n:
        middle = (np.arange(len(sizes)) + 0.5) / len(sizes)
        return np.repeat((middle * n).astype(np.int64), sizes)
    return np.arange(sum(sizes)) * n // sum(sizes)


def _r2(y: Array, predicted: Array, fold: NDArray[np.int64]) -> float:
    """1 - SSE / SST over all dimensions, SST about the mean of each fold's training rows."""
    mean = np.empty_like(y)
    for k in np.unique(fold):
        mean[fold == k] = y[fold != k].mean(axis=0)
    return float(1 - ((y - predicted) ** 2).sum() / ((y - mean) ** 2).sum())


def _apart(rows: Array, names: Sequence[str], sizes: Sequence[int]) -> dict[str, Array]:
    return dict(zip(names, np.split(rows, np.cumsum(sizes)[:-1]), strict=True))
