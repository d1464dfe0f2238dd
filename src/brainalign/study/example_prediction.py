"""The example of a prediction that figures show: chosen by a rule, so that nobody can pick a lucky one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.encoding.nested import OuterScores
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.figures import prediction_example
from brainalign.study.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from brainalign.data.types import Dataset
    from brainalign.figures import Panel

LONGEST = 60.0
"""Seconds of a long stimulus that the figure shows."""


FEWEST = 3
"""Frames that a time course has at least."""


def has_time_course(study: Study) -> bool:
    """Whether a response is a course over time, and not one value a trial."""
    return max(grid.n for grid in study.responses.grids.values()) >= FEWEST


def example_figure(
    study: Study, leader: str, scores: Mapping[str, OuterScores], *, into: Panel | None = None
) -> tuple[Figure, str]:
    """Actual and predicted response of the best-predicted electrode, at its median held-out presentation.

    Args:
        study: Data and folds.
        leader: The model whose best electrode is shown.
        scores: Model -> its nested scores with predictions.
        into: A panel to draw into, in place of a figure of its own.

    Raises:
        BrainalignError: There is one value a trial alone.
    """
    if not has_time_course(study):
        raise BrainalignError(
            "this analysis shows the course of a response over time, but window.trial leaves one value a trial; set "
            "window.trial=null, or choose an analysis of scores alone."
        )
    design = study.design
    channel = int(np.nanargmax(over_folds(scores[leader].r)))
    found: list[tuple[float, int, int]] = []
    for fold in np.flatnonzero(np.isfinite(scores[leader].r[:, channel])).tolist():
        for i, mask in design.test_rows(fold):
            actual = design.responses[i][mask, channel]
            predicted = scores[leader].predictions[fold][design.stimuli[i]][mask, channel]
            valid = np.isfinite(actual)
            if valid.sum() >= FEWEST and np.std(predicted[valid]) > 0:
                found.append((float(np.corrcoef(actual[valid], predicted[valid])[0, 1]), fold, i))
    found.sort()
    _, fold, i = found[len(found) // 2]
    stimulus = design.stimuli[i]
    rows = np.flatnonzero(dict(design.test_rows(fold))[i])
    times = study.responses.grids[stimulus].times[rows]
    shown = times <= times[0] + LONGEST
    rows, times = rows[shown], times[shown]
    words = study.dataset.stimuli[stimulus].timed_words
    words = words[(words["offset"] > times[0]) & (words["onset"] < times[-1])]
    row = study.channels.iloc[channel]
    planted = planted_response(study.dataset, str(row["subject"]), str(row["electrode"]), stimulus, times)
    predictions = {
        name: s.predictions[fold][stimulus][rows, channel].astype(np.float64) * design.unit[channel]
        + design.center[channel]
        for name, s in scores.items()
    }
    return prediction_example(
        times,
        design.responses[i][rows, channel] * design.unit[channel] + design.center[channel],
        predictions,
        words,
        f"{row['subject']}, {study.noun} {row['electrode']} ({row['region']}), stimulus {stimulus}",
        planted=planted,
        into=into,
    )


def planted_response(
    dataset: Dataset, subject: str, electrode: str, stimulus: str, times: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """The simulated response of an electrode without noise, where times are those that it was simulated at; else None.

    Args:
        dataset: As read.
        subject: The participant.
        electrode: Of the participant; a principal component has no response of its own.
        stimulus: Which is heard.
        times: (T,) seconds from the stimulus's start.
    """
    signal = (dataset.signals or {}).get((subject, electrode), {}).get(stimulus)
    if signal is None:
        return None
    grid = FrameGrid.speech(dataset.stimuli[stimulus].duration).times[: len(signal)]
    place = np.searchsorted(grid, times - 1e-6)
    same = place[-1] < len(grid) and np.allclose(grid[place], times, atol=1e-6)
    return np.asarray(signal, dtype=np.float64)[place] if same else None
