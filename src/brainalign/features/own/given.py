"""Rows that somebody has computed, of one stimulus and layer: checked against the stimulus, and given its times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from brainalign.data.transcripts.form import without_edges
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Rows
from brainalign.features.words.timed import needs_words, written_words_of

By = Literal["time", "index", "onset", "sentence"]
"""What tells of a row where it belongs: its time, the number or the onset of its word, or the number of its sentence."""

LATE = 0.1
"""Seconds by which frames may begin after, or end before or after their stimulus; or two frames, if that is more."""
NEAR = 0.02
"""Seconds within which a row's onset and a word's are one: transcripts are rounded."""
UNEVEN = 0.01
"""Share of a period by which times of frames may be uneven."""


@dataclass(frozen=True)
class Given:
    """Rows of one stimulus in one layer, as a file holds them.

    Attributes:
        where: File, and what of it, for sentences.
        values: (rows, dims).
        by: What ``at`` is.
        at: (rows,) seconds of frames or of onsets, or numbers of words or sentences from 0.
        words: (rows,) the word of each row, to compare; None where the file does not say.
    """

    where: str
    values: NDArray[np.floating[Any]]
    by: By
    at: NDArray[np.float64]
    words: Sequence[str] | None = None

    @property
    def rate(self) -> float:
        """Frames per second; NaN where there is but one."""
        return float((len(self.at) - 1) / (self.at[-1] - self.at[0])) if len(self.at) > 1 else float("nan")

    def check(self, stimulus: Stimulus) -> None:
        """Refuse rows that cannot be this stimulus's.

        Args:
            stimulus: Whose they are said to be.

        Raises:
            BrainalignError: File, stimulus, value, and what would be right.
        """
        here = f"{self.where}, stimulus {stimulus.id!r}"
        bad = np.argwhere(~np.isfinite(self.values))
        if len(bad):
            row, column = bad[0]
            raise BrainalignError(
                f"{here}: {len(bad)} values are no finite numbers, the first {self.values[row, column]} in row {row}, column {column}; "
                "each must be a number (0 where there is nothing)."
            )
        if not np.isfinite(self.at).all():
            raise BrainalignError(f"{here}: a row has no {self.by}; each row needs one.")
        if self.by == "time":
            self._check_times(stimulus.duration, here)
        else:
            needs_words(stimulus, self.where)
            self._check_places(stimulus, here)

    def rows(self, stimulus: Stimulus) -> Rows:
        """The rows with their times: frames as they are, or one row each timed word.

        Args:
            stimulus: Whose they are, or the begin of it.
        """
        values = np.asarray(self.values, dtype=np.float32)
        if self.by == "time":
            return Rows(values, self.at, self.at)
        onset, offset = (stimulus.words[c].to_numpy(dtype=np.float64) for c in ("onset", "offset"))
        timed = np.isfinite(onset)
        return Rows(values[self._places(stimulus)[timed]], onset[timed], offset[timed])

    def _check_times(self, duration: float, here: str) -> None:
        n = len(self.at)
        if n < 2:
            raise BrainalignError(f"{here} has {n} frame(s); frames over {duration:.3g} s are needed.")
        steps, period = np.diff(self.at), 1 / self.rate
        if not (steps > 0).all() or np.abs(self.at - np.linspace(self.at[0], self.at[-1], n)).max() > UNEVEN * period:
            raise BrainalignError(f"{here}: its times do not rise evenly; frames of one rate are needed.")
        slack = max(LATE, 2 * period)
        if self.at[0] > slack:
            raise BrainalignError(
                f"{here}: its first frame lies at {self.at[0]:.3g} s, so that nothing is known of what comes before; model.start (now the "
                "seconds of the first frame from the stimulus's begin) or the features must begin with the stimulus."
            )
        if not duration - period - slack <= self.at[-1] <= duration + slack:
            turned = self.values.shape[1]
            fits = f"{n / (duration - min(self.at[0], 0.5 * duration)):.4g}"
            hint = f"model.rate={fits} would fit"
            if abs(turned * period - duration) <= slack:
                hint = f"its {turned} columns at that rate would: rows must be frames, (frames, dims)"
            raise BrainalignError(
                f"{here} has {n} frames at {self.rate:.4g} per second, which end at {self.at[-1] + period:.3f} s, but the stimulus lasts "
                f"{duration:.3f} s; {hint}."
            )

    def _check_places(self, stimulus: Stimulus, here: str) -> None:
        spoken = written_words_of(stimulus)
        places = self._places(stimulus)
        what = "sentences" if self.by == "sentence" else "words"
        needed = int(sentences_of(spoken)[-1]) + 1 if self.by == "sentence" else len(spoken)
        twice = self.at[np.flatnonzero(np.diff(np.sort(self.at)) < (NEAR / 10 if self.by == "onset" else 0.5))]
        if len(twice):
            raise BrainalignError(
                f"{here}: two rows have the {self.by} {np.sort(twice)[0]:g}; one a {what[:-1]} is needed."
            )
        lost = [
            i for i in np.flatnonzero(places < 0) if self.by != "onset" or np.isfinite(stimulus.words["onset"].iloc[i])
        ]
        if lost:
            word = f"word {lost[0]}, {spoken[lost[0]]!r}"
            if self.by == "onset":
                word += f" at {stimulus.words['onset'].iloc[lost[0]]:.3f} s"
            raise BrainalignError(
                f"{here} has {len(self.at)} rows for {needed} {what}: none is of {word}; each needs a row (zeros where it has no value"
                f"{', counted from 0' if self.by != 'onset' else f', with an onset within {NEAR:g} s of the word'})."
            )
        beyond = np.setdiff1d(np.arange(len(self.at)), places)
        if len(beyond):
            raise BrainalignError(
                f"{here} has {len(self.at)} rows for {needed} {what}: {self.by} {self.at[beyond[0]]:g} is of none of them"
                f"{' (they are counted from 0)' if self.by != 'onset' else ''}."
            )
        if self.words is not None and self.by != "sentence":
            self._check_words(stimulus, places, spoken, here)

    def _check_words(self, stimulus: Stimulus, places: NDArray[np.int64], spoken: Sequence[str], here: str) -> None:
        assert self.words is not None
        plain = stimulus.words["word"].astype(str).tolist()
        for i, place in enumerate(places):
            if place >= 0 and _bare(self.words[place]) not in {_bare(spoken[i]), _bare(plain[i])}:
                raise BrainalignError(
                    f"{here}: its row of word {i} is of {self.words[place]!r}, but word {i} of the stimulus is {spoken[i]!r}; rows must be "
                    "of the words of the transcript, in their order."
                )

    def _places(self, stimulus: Stimulus) -> NDArray[np.int64]:
        """(words,) the row of each word; -1 = none."""
        if self.by == "onset":
            onsets = stimulus.words["onset"].to_numpy(dtype=np.float64)
            order = np.argsort(self.at, kind="stable")
            last = len(order) - 1
            after = np.clip(np.searchsorted(self.at[order], onsets), 0, last)
            before = np.clip(after - 1, 0, last)
            nearer = np.abs(self.at[order][before] - onsets) <= np.abs(self.at[order][after] - onsets)
            nearest = order[np.where(nearer, before, after)]
            return np.where(np.abs(self.at[nearest] - onsets) <= NEAR, nearest, -1)
        asked = sentences_of(written_words_of(stimulus)) if self.by == "sentence" else np.arange(len(stimulus.words))
        rows = {number: row for row, number in enumerate(self.at.tolist())}
        return np.array([rows.get(float(number), -1) for number in asked], dtype=np.int64)


def sentences_of(words: Sequence[str]) -> NDArray[np.int64]:
    """(words,) the number of each word's sentence, from 0; one ends with a word that ends in . ! or ?

    Args:
        words: As written.

    Example:
        >>> sentences_of(["So?", "It", "ran.", "Why"]).tolist()
        [0, 1, 1, 2]
    """
    ends = np.array([w.rstrip("\"'”’)").endswith((".", "!", "?")) for w in words], dtype=bool)
    return np.concatenate([[0], np.cumsum(ends)[:-1]]).astype(np.int64)


def _bare(word: str) -> str:
    return (without_edges(word) or word).casefold().strip()
