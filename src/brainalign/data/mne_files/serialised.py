"""Continuous MEG as the library pnpl serialises it to HDF5: LibriBrain is published so.

``data`` (channel, time) and ``times`` (time), with the attributes ``sample_frequency``, ``channel_names``, ``channel_types``,
``highpass_cutoff`` and ``lowpass_cutoff``: ``fif_to_h5`` in pnpl/preprocessing/serialization.py of github.com/neural-processing-lab/pnpl.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from brainalign.data.files.reading import reading
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    import mne

ENDINGS = (".h5", ".hdf5")


def read_serialised(path: Path) -> mne.io.BaseRaw:
    """Read a file into memory; values are float32 there, and float64 here.

    Args:
        path: The file.

    Raises:
        BrainalignError: It is no HDF5 file, or none of this structure.
    """
    import h5py
    import mne

    with reading(path, "MEG that pnpl serialised to HDF5"), h5py.File(path) as file:
        absent = [f"the data set {k!r}" for k in ("data",) if k not in file]
        absent += [f"the attribute {k!r}" for k in ("sample_frequency", "channel_names") if k not in file.attrs]
        if absent:
            raise BrainalignError(
                f"lacks {' and '.join(absent)}, which MEG has that pnpl serialised; other HDF5 is read with data=arrays"
            )
        values = np.asarray(file["data"], dtype=np.float64)
        names, rate = _texts(file.attrs["channel_names"]), float(file.attrs["sample_frequency"])
        types = _texts(file.attrs["channel_types"]) if "channel_types" in file.attrs else ["mag"] * len(names)
        if values.ndim != 2 or len(values) != len(names) or len(types) != len(names):
            raise BrainalignError(
                f"'data' has the shape {values.shape}, but {len(names)} channels are named and {len(types)} have a type; "
                f"({len(names)}, time) is needed"
            )
        info = mne.create_info(names, rate, types, verbose="error")
        return mne.io.RawArray(values, info, verbose="error")


def _texts(said: Any) -> list[str]:
    """Names in one text, separated by commas, or as an array of texts."""
    if isinstance(said, str | bytes):
        text = said.decode() if isinstance(said, bytes) else said
        return [name.strip() for name in text.split(",")]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in np.ravel(said)]
