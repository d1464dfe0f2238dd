"""Epochs that MNE saved, one after the other as one recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.data.files.reading import reading
from brainalign.data.preprocessing.segments import EDGE

if TYPE_CHECKING:
    import mne

EPOCHS = ("-epo.fif", "_epo.fif", "-epo.fif.gz", "_epo.fif.gz")


def is_epochs(path: Path) -> bool:
    """Whether a file's name is one of epochs."""
    return path.name.endswith(EPOCHS)


def read_epochs(path: Path) -> mne.BaseEpochs:
    """Open a file of epochs, without loading its samples.

    Raises:
        BrainalignError: It is not fetched, or cannot be read.
    """
    import mne

    with reading(path, "epochs that MNE reads"):
        return mne.read_epochs(path, preload=False, verbose="error")


def concatenated_epochs(epochs: mne.BaseEpochs) -> mne.io.BaseRaw:
    """Epochs one after the other, with a joint before each but the first."""
    import mne

    parts = list(epochs.get_data(copy=False, verbose="error"))
    data = np.concatenate(parts, axis=1)  # (channels, epochs x time)
    times = np.arange(1, len(parts)) * parts[0].shape[1] / epochs.info["sfreq"]
    return with_boundaries(mne.io.RawArray(data, epochs.info.copy(), verbose="error"), times)


def with_boundaries(raw: mne.io.BaseRaw, times: Sequence[float] | NDArray[np.float64]) -> mne.io.BaseRaw:
    """A recording in memory with boundaries at these times, in seconds from its first sample."""
    import mne

    return raw.set_annotations(mne.Annotations(times, np.zeros(len(times)), [EDGE] * len(times)), verbose="error")
