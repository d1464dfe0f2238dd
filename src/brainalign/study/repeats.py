"""Repeated stimuli of a study: each electrode's noise ceiling, and its scores on those stimuli alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.frames.responses import mean_of_valid
from brainalign.encoding.design import Design
from brainalign.encoding.nested import OuterScores
from brainalign.linalg.variation import CENTRED, varies
from brainalign.stats.ceiling import cc_norm, noise_ceilings
from brainalign.study.problem import Problem

Array = NDArray[np.float64]


def study_ceilings(study: Problem) -> pd.DataFrame:
    """One row a channel, in the channels' order: its ceiling from the stimuli that its participant heard several times.

    Only rows that the split scores take part. Stimuli that are all alike to the split (blocks of one story) count as well.
    With a fixed test set the ceiling is of the test stimuli, and of what is scored there: the mean of their presentations.

    Args:
        study: Data and folds; its outcome has draws and the rule for correspondence between participants.

    Returns:
        Columns subject, electrode, those of :func:`brainalign.stats.ceiling.noise_ceilings`, and inter_subject: r of the channel's
        mean response with the mean of the other participants' at the same channel, NaN where channels do not correspond.
    """
    parts = []
    for columns in _participants(study.channels):
        heard = _repeats(study, columns)
        own = noise_ceilings(heard or [np.empty((1, 0, len(columns)))], draws=study.outcome.draws, seed=study.seed)
        parts.append((of_means(own, _times(study, columns)) if study.test else own).set_axis(columns))
    table = pd.concat(parts).sort_index()
    keys = study.channels.reset_index(drop=True)[["subject", "electrode"]]
    return keys.join(table).assign(inter_subject=inter_subject(study))


def of_means(ceilings: pd.DataFrame, times: Sequence[NDArray[np.integer[Any]]]) -> pd.DataFrame:
    """Single-trial ceilings made into those of the mean over presentations: ``N rho / (1 + (N - 1) rho)``.

    N is a channel's harmonic mean over the frames that are scored, those heard once among them: noise goes down with 1 / N in each.

    Args:
        ceilings: Columns ceiling, ceiling_low, ceiling_high; a row a channel.
        times: (T, c) of each stimulus: in how many presentations a frame is valid. Where it is in none, it is not scored.

    Example:
        >>> single = pd.DataFrame({"ceiling": [0.2], "ceiling_low": [0.1], "ceiling_high": [0.3]})
        >>> heard = np.array([[4]] * 25 + [[1]] * 75 + [[0]] * 9)  # four times at first: 100 / (25 / 4 + 75) = 1.23
        >>> round(float(of_means(single, [heard]).ceiling[0]), 3)
        0.235
    """
    n = np.vstack(times).astype(np.float64)
    n = 1 / mean_of_valid(1 / np.where(n > 0, n, np.nan))
    found = ceilings.copy()
    for column in ("ceiling", "ceiling_low", "ceiling_high"):
        rho = ceilings[column]
        found[column] = (n * rho / (1 + (n - 1) * rho)).where(rho > 0, rho)
    return found


def _participants(channels: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Columns of each participant."""
    return [
        np.asarray(places) for places in channels.reset_index(drop=True).groupby("subject", sort=False).indices.values()
    ]


def _repeats(study: Problem, columns: NDArray[np.int64]) -> list[Array]:
    """One (N, T, c) array for each stimulus that a participant heard more than once, rows that are scored."""
    found: dict[str, list[Array]] = {}
    for name, own in _heard(study, columns):
        if np.isfinite(own).any():
            found.setdefault(name, []).append(own.astype(np.float64, copy=False))
    return [np.stack(heard) for heard in found.values() if len(heard) > 1]


def _times(study: Problem, columns: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """(T, c) for each stimulus: in how many of a participant's presentations a frame is valid, rows that are scored."""
    found: dict[str, NDArray[np.int64]] = {}
    for name, own in _heard(study, columns):
        found[name] = found.get(name, 0) + np.isfinite(own).astype(np.int64)
    return list(found.values())


def _heard(study: Problem, columns: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.floating[Any]]]]:
    """The stimulus of each presentation that is scored, and a participant's (T, c) response in the rows that are."""
    segments = dict(
        zip(study.stimuli, study.split.segments, strict=True)
    )  # of one stimulus in all its presentations, but for leaky splits
    for (name, _), values in zip(study.recorded.presentations, study.recorded.values, strict=True):
        if not study.test or name in study.test:
            yield name, values[segments[name] >= 0][:, columns]


def inter_subject(study: Problem) -> Array:
    """(C,) r of each channel's mean response over repeats with the mean of the other participants' at that channel.

    It holds what participants share, no more. Channels correspond where each participant has one a region (fMRI regions), or,
    by ``ceiling.inter_subject=true``, where they have one name.
    """
    channels = study.channels.reset_index(drop=True)
    asked = study.outcome.inter_subject
    single = not channels.duplicated(["subject", "region"]).any()
    out = np.full(len(channels), np.nan)
    if asked is False or (asked is None and not single) or channels["subject"].nunique() < 2:
        return out
    means: dict[str, list[Array]] = {}
    for name, values, segments in zip(study.stimuli, study.responses.values, study.split.segments, strict=True):
        if study.test and name not in study.test:
            continue
        means.setdefault(name, []).append(values[segments >= 0].astype(np.float64, copy=False))
    rows = np.vstack([mean_of_valid(np.stack(heard)) for heard in means.values()])
    centred = rows - np.nanmean(rows, axis=0)
    variance, square = np.nanmean(centred**2, axis=0), np.nanmean(rows**2, axis=0)
    rows = centred / np.sqrt(np.where(varies(variance, square, rounding=CENTRED), variance, np.nan))
    for places in channels.groupby("region" if single else "electrode", sort=False).indices.values():
        own = rows[:, places]
        for k, place in enumerate(places):
            others = (
                mean_of_valid(np.delete(own, k, axis=1).T[:, :, None])[:, 0]
                if len(places) > 1
                else np.full(len(own), np.nan)
            )
            both = np.isfinite(own[:, k]) & np.isfinite(others)
            if both.sum() > 2:
                out[place] = np.corrcoef(own[both, k], others[both])[0, 1]
    return out


class Repeated:
    """Stimuli that were heard several times, as the outer folds score them: what is the same for every prediction is found once.

    Args:
        design: Responses and folds.
    """

    def __init__(self, design: Design) -> None:
        self._design = design
        self._times: dict[str, Array] = {}
        for name, response in zip(design.stimuli, design.responses, strict=True):
            heard = np.isfinite(response).any(axis=0)
            self._times[name] = self._times.get(name, np.zeros(design.n_channels)) + heard
        self._rows = [
            [(i, mask) for i, mask in design.test_rows(f) if (self._times[design.stimuli[i]] > 1).any()]
            for f in range(len(design.split.folds))
        ]
        if any(self._rows):
            self._centres = [design.training_mean(f) for f in range(len(self._rows))]
            self._alive = self._varying()

    def _varying(self) -> NDArray[np.bool_]:
        """(C,) whether a channel's responses vary in the rows that are scored here, beside all that are scored."""
        every, again = _Spread.of(self._design.n_channels), _Spread.of(self._design.n_channels)
        for fold, rows in enumerate(self._rows):
            for i, mask in self._design.test_rows(fold):
                every.add(self._design.responses[i][mask])
            for i, mask in rows:
                again.add(self._actual(i, mask))
        return np.asarray(varies(again.variance, again.square, every.variance))

    def _actual(self, presentation: int, mask: NDArray[np.bool_]) -> Array:
        """(T, C) response, NaN where the channel heard the stimulus once."""
        response = self._design.responses[presentation][mask]
        return np.where(self._times[self._design.stimuli[presentation]] > 1, response, np.nan)

    def scores(self, scores: OuterScores, power: Array) -> dict[str, Array]:
        """Scores of held-out predictions on the repeated stimuli alone, all folds together.

        Args:
            scores: With predictions.
            power: (C,) signal power, in the responses' own units.

        Returns:
            ``r2_repeated`` of single presentations (SST about the training mean), and ``ccnorm`` of their mean; each (C,), NaN
            where a channel has no repeats.
        """
        design = self._design
        if not any(self._rows):
            return {name: np.full(design.n_channels, np.nan) for name in ("r2_repeated", "ccnorm")}
        sse, sst = np.zeros(design.n_channels), np.zeros(design.n_channels)
        heard: dict[tuple[int, str], list[Array]] = {}
        predictions: dict[tuple[int, str], Array] = {}
        for fold, rows in enumerate(self._rows):
            for i, mask in rows:
                name, actual = design.stimuli[i], self._actual(i, mask)
                predicted = scores.predictions[fold][name][mask].astype(np.float64)
                valid = np.isfinite(actual) & np.isfinite(predicted)
                sse += np.where(valid, (actual - predicted) ** 2, 0.0).sum(axis=0)
                sst += np.where(valid, (actual - self._centres[fold]) ** 2, 0.0).sum(axis=0)
                heard.setdefault((fold, name), []).append(actual)
                predictions[fold, name] = predicted
        mean = np.vstack([mean_of_valid(np.stack(actual)) for actual in heard.values()])
        return {
            "r2_repeated": np.where(self._alive, 1 - sse / np.where(self._alive, sst, 1.0), np.nan),
            "ccnorm": cc_norm(mean, np.vstack([predictions[key] for key in heard]), power / design.unit**2),
        }


@dataclass
class _Spread:
    """Running sums of values, their squares and their number, each (C,)."""

    n: Array
    total: Array
    squares: Array

    @classmethod
    def of(cls, channels: int) -> _Spread:
        return cls(*(np.zeros(channels) for _ in range(3)))

    def add(self, values: NDArray[np.floating]) -> None:
        """(T, C) more values, NaN where there are none."""
        wide = values.astype(np.float64)
        self.n += np.isfinite(wide).sum(axis=0)
        self.total += np.nansum(wide, axis=0)
        self.squares += np.nansum(wide**2, axis=0)

    @property
    def square(self) -> Array:
        """Mean square; NaN where there is no value."""
        return np.asarray(self.squares / np.where(self.n > 0, self.n, np.nan))

    @property
    def variance(self) -> Array:
        """Variance; NaN where there is no value."""
        return np.asarray(self.square - (self.total / np.where(self.n > 0, self.n, np.nan)) ** 2)
