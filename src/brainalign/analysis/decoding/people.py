"""Each participant's channels and the problem of decoding from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.encoding.decoding import whole_windows
from brainalign.encoding.design import Design
from brainalign.errors import BrainalignError
from brainalign.notes import changes
from brainalign.study.study import Study

Array = NDArray[np.floating[Any]]

MOSTLY = 0.9
"""Share of the recorded frames that a channel has to be valid in: one that is missing more takes its frames from all the others."""


@dataclass(frozen=True)
class Listener:
    """What one participant's stimuli are decoded from.

    Attributes:
        subject: Who.
        channels: The rows of the channels table that take part.
        brain: Presentation, by its number -> (T, channels), 0 where missing.
        whole: (T,) of each presentation: frames whose window holds no missing sample.
    """

    subject: str
    channels: pd.DataFrame
    brain: Mapping[str, Array]
    whole: Sequence[NDArray[np.bool_]]

    def design(self, study: Study, targets: Mapping[str, Array]) -> Design:
        """The features to reconstruct as one regression problem, in the study's folds.

        Args:
            study: Data and folds.
            targets: Stimulus -> (T, k).
        """
        wanted = [
            np.where(rows[:, None], targets[stimulus], np.nan)
            for stimulus, rows in zip(study.stimuli, self.whole, strict=True)
        ]
        return Design(list(self.brain), wanted, study.split)


def after(study: Study) -> NDArray[np.int64]:
    """The window's lags as the channels have to be shifted: each feature is sought after its time."""
    return np.asarray(-study.lags[::-1])


def listeners(study: Study, notes: list[str]) -> Iterator[Listener]:
    """Every participant with the channels that are nearly always valid.

    Args:
        study: Data and window.
        notes: Take a sentence for each participant of whom channels are left out.

    Raises:
        BrainalignError: A participant has no frame whose window is whole.
    """
    table, values = study.channels, study.responses.values
    for subject in dict.fromkeys(table["subject"]):
        mine = np.flatnonzero((table["subject"] == subject).to_numpy())
        valid = np.vstack([np.isfinite(v[:, mine]) for v in values])
        share = valid[valid.any(axis=1)].mean(axis=0)
        kept = mine[share >= MOSTLY]
        if len(kept) < len(mine):
            notes.append(
                changes(
                    f"{subject}: {len(mine) - len(kept)} of {len(mine)} channels are missing in more than "
                    f"{1 - MOSTLY:.0%} of what was recorded "
                    "and are left out of decoding, as a frame needs all channels."
                )
            )
        parts = [whole_windows(v[:, kept], after(study)) for v in values]
        if not len(kept) or not any(rows.any() for _, rows in parts):
            raise BrainalignError(
                f"participant {subject} has no frame at which all channels are valid in the whole window, so nothing can be decoded; "
                "leave out channels that are often missing, or shorten the window."
            )
        names = [str(i) for i in range(len(values))]
        brain = dict(zip(names, (channels for channels, _ in parts), strict=True))
        yield Listener(str(subject), table.iloc[kept].reset_index(drop=True), brain, [rows for _, rows in parts])
