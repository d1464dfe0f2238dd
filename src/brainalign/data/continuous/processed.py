"""A participant whose runs are preprocessed as they are opened."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from brainalign.data.continuous.run import Run
from brainalign.data.continuous.source import Source
from brainalign.data.events.event import Event
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.mne_files.source import raw_run_of
from brainalign.data.preprocessing.cached import preprocessed
from brainalign.data.preprocessing.line_noise import with_line_frequency
from brainalign.data.preprocessing.segments import boundaries
from brainalign.data.preprocessing.settings import Preprocessing


@dataclass(frozen=True)
class Processing:
    """What is done with each run, and where the result is kept.

    Attributes:
        settings: Of the preprocessing.
        cache: Folder of the results.
    """

    settings: Preprocessing
    cache: Path


def processed(source: Any, processing: Processing | None) -> Source:
    """The participant as it is, or with its runs preprocessed."""
    return source if processing is None else ProcessedSource(source, processing)


class ProcessedSource:
    """A participant, each run of whom is preprocessed when it is opened, and read from the cache the second time.

    Args:
        source: As it was recorded.
        processing: What is to be done.
    """

    def __init__(self, source: Any, processing: Processing) -> None:
        self._source, self._processing = source, processing
        self.subject: str = source.subject
        self.align: str = source.align

    @property
    def spoken(self) -> dict[str, pd.DataFrame]:
        """As the source has them."""
        return getattr(self._source, "spoken", {})

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """As the source has them."""
        events: list[Event] = self._source.events(known, errors, notes)
        return events

    def open(self, run: str) -> Run:
        """The run, preprocessed."""
        raw_run = raw_run_of(self._source, run)
        settings, notes = with_line_frequency(self._processing.settings, raw_run.raw.info["line_freq"], run)
        done = preprocessed(
            self._source.files(run),
            lambda: raw_run.raw,
            settings,
            raw_run.channels,
            self._processing.cache,
            run,
            getattr(self._source, "how", ""),
        )
        return Run(
            done.values,
            done.rate,
            raw_run.start + done.start,
            done.channels,
            raw_run.sound,
            raw_run.sound_rate,
            raw_run.sound_start,
            done.quality,
            (*raw_run.notes, *notes, *done.notes),
            tuple(raw_run.start + n / raw_run.raw.info["sfreq"] for n in boundaries(raw_run.raw)),
        )
