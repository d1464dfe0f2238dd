"""A fixed test set: which stimuli it holds, and that none of them is in training under another name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import Audio
from brainalign.data.types import Dataset, Stimulus
from brainalign.errors import BrainalignError, nearest

YES = ("test", "true", "yes", "1")
NO = ("train", "training", "false", "no", "0", "n/a", "")
"""Values of a column that marks the test set."""

RUN = 5
"""Words in a row that are compared."""

SAME_LENGTH = 0.01
"""Seconds by which the same sound may differ in length, from one file to another."""

SAME_SOUND = 0.99
"""Correlation of two waveforms above which they are one."""

SHARE = 0.5
"""Of a test stimulus's runs of words that a training stimulus may hold as well."""


def fixed_test(dataset: Dataset, asked: str | Sequence[str]) -> list[str]:
    """The stimuli of a fixed test set, those that were heard.

    Args:
        dataset: Its stimuli, and the table of them.
        asked: Ids, or the name of a column of the table of stimuli (test or train; true or false).

    Raises:
        BrainalignError: A stimulus or column that is not there, nothing left to train on or to score, or a test stimulus with the sound
            or the words of a training one.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> fixed_test(simulate(subjects=1, electrodes=2, sentences=6, repeated=0), ["sentence001"])
        ['sentence001']
    """
    heard = list(dict.fromkeys(p.stimulus for r in dataset.recordings for p in r.presentations))
    found = _marked(dataset, asked, heard) if isinstance(asked, str) else [str(name) for name in dict.fromkeys(asked)]
    for name in found:
        if name not in heard:
            raise BrainalignError(
                f"encoding.test: {name!r} is none of the {len(heard)} stimuli that were heard; {nearest(name, heard)}"
            )
    training = [name for name in heard if name not in found]
    if not found or not training:
        raise BrainalignError(
            f"encoding.test={asked} holds {len(found)} of the {len(heard)} stimuli that were heard; some must be scored and others left to "
            "train on."
        )
    content = {name: _Content.of(dataset.stimuli[name]) for name in heard}  # sound is long, and read once
    for name in found:
        for other in training:
            if why := content[name].same(content[other]):
                raise BrainalignError(
                    f"encoding.test: {name!r} is in training by another name: {other!r} {why}; hold both back, or leave one out."
                )
    return found


def _marked(dataset: Dataset, column: str, heard: Sequence[str]) -> list[str]:
    """The stimuli that a column of the table of stimuli marks."""
    table: Mapping[str, Mapping[str, str]] = dataset.stimulus_table
    columns = dict.fromkeys(c for row in table.values() for c in row)
    if column not in columns:
        hint = f"; a single stimulus is written encoding.test=[{column}]" if column in heard else ""
        there = nearest(column, columns) if columns else "there is no such table (stimuli.tsv beside the stimuli)."
        raise BrainalignError(f"encoding.test={column!r} is no column of the table of stimuli{hint}; {there}")
    found = []
    for name in heard:
        value = str(table.get(name, {}).get(column, "")).strip().lower()
        if value not in (*YES, *NO):
            raise BrainalignError(
                f"encoding.test={column!r}: stimulus {name!r} has the value {value!r} there; it must be test or train (or true or false)."
            )
        if value in YES:
            found.append(name)
    return found


@dataclass(frozen=True)
class _Content:
    """What a stimulus is told by, whatever its name: its sound (None: silent), words, and their runs."""

    sound: Audio | None
    seconds: float
    words: tuple[str, ...]
    runs: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, stimulus: Stimulus) -> _Content:
        """Of a stimulus."""
        words = tuple(stimulus.words["word"].str.lower())
        runs = frozenset(words[i : i + RUN] for i in range(len(words) - RUN + 1))
        return cls(stimulus.audio, stimulus.duration, words, runs)

    @cached_property
    def waveform(self) -> NDArray[np.floating]:
        """Every fourth sample, as a direction: level, format and rate of a file are no part of it."""
        assert self.sound is not None
        samples = self.sound.load()[::4]
        samples = samples - samples.mean()
        return np.asarray(samples / (np.linalg.norm(samples) or 1))

    def sounds_like(self, training: _Content) -> bool:
        """Whether both last as long and have the same waveform."""
        if self.sound is None or training.sound is None or abs(self.seconds - training.seconds) > SAME_LENGTH:
            return False
        n = min(len(self.waveform), len(training.waveform))
        return bool(self.waveform[:n] @ training.waveform[:n] > SAME_SOUND)

    def same(self, training: _Content) -> str:
        """Why a test stimulus is a training one under another name; empty where it is not."""
        if self.sounds_like(training):
            return "has the same sound"
        if self.words and self.words == training.words:
            return "has the same words"
        if min(len(self.words), len(training.words)) < 2 * RUN:  # short sentences are often alike in part
            return ""
        share = len(self.runs & training.runs) / len(self.runs)
        return f"has {share:.0%} of its words" if share > SHARE else ""
