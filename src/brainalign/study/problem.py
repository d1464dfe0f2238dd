"""Problem: a data set brought to the frame grid under one window and one split, before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.layouts import MAGNETIC, SENSOR, TYPES
from brainalign.data.frames.grid import SLOW
from brainalign.data.frames.responses import Responses, averaged, responses_on_frames
from brainalign.data.mne_files.channels import VOLTS
from brainalign.data.splits.leakage import leak_audit
from brainalign.data.splits.split import Split
from brainalign.data.types import Dataset
from brainalign.encoding.design import Design
from brainalign.errors import BrainalignError
from brainalign.features.align import Align, Resample
from brainalign.linalg.lags import lags_of
from brainalign.signal.hrf import LENGTH
from brainalign.study.folds import make_split, settled, skipped
from brainalign.study.limitations import limits
from brainalign.study.outcome import Outcome


def noun_of(dataset: Dataset, rate: float) -> str:
    """What a column of the responses is called: a magnetic sensor is no electrode, nor is a region or voxel of slow grids (fMRI).

    Args:
        dataset: Its channels say what they are.
        rate: Of the responses per second.
    """
    if rate < SLOW:
        return "channel"
    if SENSOR not in (channels := dataset.channels):
        return "electrode"
    types = set(channels[SENSOR]) & set(TYPES)
    if types <= VOLTS:
        return "electrode"
    return "sensor" if types <= MAGNETIC else "channel"


@dataclass
class Problem:
    """One data set under one window, one split and one grid of penalties.

    Attributes:
        dataset: Stimuli and recordings.
        tmin, tmax: The window, both ends included.
        lag_unit: Whether they are ``seconds`` or ``samples``.
        rate: Frames per second, or None for the recordings' own samples (fMRI).
        alphas: Penalties to choose from.
        outer_folds: Number of outer folds.
        split_kind: ``stimulus``, ``presentation``, ``blocks``, ``shuffled`` (frames dealt at random: a control), or ``auto``: the test
            set where there is one, blocks where there is one stimulus, else stimulus.
        gap: Frames on either side of a test block, or None for the window's length.
        skip: First frames of each presentation that are neither fitted nor scored, or None for :func:`skipped`'s rule.
        test: Stimuli that are scored once, their presentations averaged, by what was fitted and chosen on the others; empty where every
            stimulus is scored in turn.
        align: ``onset`` or ``offset``: where a word's vector is placed.
        resample: ``box``, ``lanczos``, ``mean``, ``last`` or ``hrf``: how rows come to a slow grid.
        seed: Of the split and of every null.
        repeats: Presentations of a stimulus in training: ``all``, their ``average``, or the ``first`` of each participant.
        outcome: Which score, layer rule and p results are about.
        notes: Sentences for the report on what was left out, chosen or repaired.
    """

    dataset: Dataset
    tmin: float
    tmax: float
    lag_unit: str
    rate: float | None
    alphas: Sequence[float]
    outer_folds: int
    split_kind: str = "auto"
    gap: int | None = None
    skip: int | None = None
    test: Sequence[str] = ()
    align: Align = "onset"
    resample: Resample = "box"
    seed: int = 0
    repeats: str = "all"
    outcome: Outcome = field(default_factory=Outcome)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.notes.extend(self.dataset.notes)
        self.notes.extend(note for recording in self.dataset.recordings for note in recording.named_notes)
        if self.dataset.recordings:
            self.notes.extend(self.responses.notes)

    def check(self) -> None:
        """Refuse, before any feature is extracted, a window or a split that these data do not allow; note what they cannot show."""
        self.notes.extend(limits(self.channels, [s for s, _ in self.recorded.presentations], self.noun))
        shortest = min(len(v) for v in self.responses.values)
        if len(self.lags) > shortest:
            stimulus = self.stimuli[int(np.argmin([len(v) for v in self.responses.values]))]
            raise BrainalignError(
                f"the window of {len(self.lags)} lags (window.tmin={self.tmin:g} to window.tmax={self.tmax:g} {self.lag_unit}) "
                f"is longer than stimulus {stimulus} with its {shortest} frames; shorten the window or drop the stimulus."
            )
        self.design  # noqa: B018  makes the split

    @property
    def kind(self) -> str:
        """Of the split, ``auto`` settled."""
        heard = {p.stimulus for r in self.dataset.recordings for p in r.presentations}
        return settled(self.split_kind, len(heard), bool(self.test), self.dataset.timed)

    @cached_property
    def skipped(self) -> dict[str, int]:
        """Stimulus -> first frames of its presentations that take no part."""
        found = skipped(self.dataset, skip=self.skip, kind=self.kind, lags=len(self.lags), reach=self.reach)
        return {s: n for s, n in found.items() if n}

    @cached_property
    def recorded(self) -> Responses:
        """All participants' responses on the frame grid, each presentation apart."""
        around = max(0, int(self.lags[-1])), max(0, -int(self.lags[0]))
        return responses_on_frames(self.dataset, self.rate, around, self.skipped)

    @cached_property
    def responses(self) -> Responses:
        """What is fitted and scored: as recorded, but for a fixed test set's stimuli, which have the mean of their presentations."""
        return averaged(self.recorded, self.test)

    @property
    def stimuli(self) -> list[str]:
        """The stimulus of each presentation."""
        return [s for s, _ in self.responses.presentations]

    @property
    def channels(self) -> pd.DataFrame:
        """The channels table of all participants, in the responses' column order."""
        return self.responses.channels

    @property
    def regions(self) -> list[str]:
        """Regions in the order in which the channels table names them."""
        return list(dict.fromkeys(self.channels["region"]))

    @property
    def noun(self) -> str:
        """What a column of the responses is called: :func:`noun_of`."""
        return noun_of(self.dataset, self.frame_rate)

    @property
    def frame_rate(self) -> float:
        """Frames per second: those asked for, or the recordings' own."""
        return self.dataset.recordings[0].presentations[0].rate if self.rate is None else self.rate

    @cached_property
    def lags(self) -> NDArray[np.int64]:
        """The window in frames."""
        return lags_of(self.tmin, self.tmax, self.frame_rate if self.lag_unit == "seconds" else 1.0)

    @property
    def reach(self) -> int:
        """Frames that a response looks back over: the window, and the haemodynamic response where features are convolved with it."""
        return len(self.lags) + (int(np.ceil(LENGTH * self.frame_rate)) if self.resample == "hrf" else 0)

    @cached_property
    def split(self) -> Split:
        """Outer folds; one long stimulus is cut in blocks where nothing else was asked for."""
        split, notes = make_split(
            self.kind, self.stimuli, self.responses, self.dataset, folds=self.outer_folds, seed=self.seed, test=self.test,
            gap=self.gap, reach=self.reach, skipped=self.skipped,
        )  # fmt: skip
        self.notes.extend(notes)
        return split

    @cached_property
    def leak(self) -> pd.DataFrame:
        """The leak audit of the split: one row an outer fold, and one for all."""
        return leak_audit(self.stimuli, self.split)

    @cached_property
    def design(self) -> Design:
        """Responses and split as one regression problem."""
        if self.repeats != "all":
            self.notes.append(
                f"encoding.repeats={self.repeats}: training holds the {self.repeats} of each stimulus's presentations; single ones "
                "are scored."
            )
        return Design(self.stimuli, self.responses.values, self.split, repeats=self.repeats)
