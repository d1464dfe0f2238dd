"""Assemblies of responses as brain-score keeps them: presentation x neuroid, with coordinates, in netCDF 4 (which is HDF5).

Pereira2018.language, Tuckute2024.language and others of github.com/brain-score/language are stored so by ``xarray``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.files.reading import reading
from brainalign.data.formats import SentenceColumns
from brainalign.data.sentences.form import need
from brainalign.data.sentences.responses import SentenceResponses
from brainalign.errors import BrainalignError

ROWS, COLUMNS = "presentation", "neuroid"
"""brain-score's names of the dimensions."""


def read_assembly(
    path: Path, subject: str | None, columns: SentenceColumns
) -> tuple[pd.DataFrame, list[SentenceResponses]]:
    """What an assembly says of the sentences, and the responses of each participant in it.

    Args:
        path: The file.
        subject: Whose it is by its name; None: its coordinate of participants says, or else all are one participant, ``01``.
        columns: Names of its coordinates.

    Returns:
        One row a presentation, text cells; and the responses.

    Raises:
        BrainalignError: It is no such file.
    """
    import h5py

    with (
        reading(path, "a netCDF 4 file, such as xarray writes with engine='h5netcdf' or 'netcdf4',"),
        h5py.File(path) as file,
    ):
        found = {name: (one, _dimensions(one)) for name, one in file.items() if isinstance(one, h5py.Dataset)}
        arrays = [
            (one, dims) for one, dims in found.values() if {ROWS, COLUMNS} <= set(dims) and one.dtype.kind in "fiu"
        ]
        if len(arrays) != 1:
            raise BrainalignError(
                f"has {len(arrays)} arrays with the dimensions {ROWS} and {COLUMNS}; one is needed, as in brain-score's assemblies"
            )
        array, dims = arrays[0]
        if any(size != 1 for size, dim in zip(array.shape, dims, strict=True) if dim not in (ROWS, COLUMNS)):
            raise BrainalignError(
                f"has the dimensions {dims}; one value a sentence and channel is needed, so that others have length 1"
            )
        values = np.asarray(array[...])
        values = values.astype(np.float32 if values.dtype == np.float32 else np.float64)
        kept = [dims.index(d) for d in (ROWS, COLUMNS)]
        values = values.transpose([*kept, *(i for i in range(values.ndim) if i not in kept)])
        values = values.reshape(len(values), -1)
        coordinates = {
            dim: pd.DataFrame(
                {name: _texts(one) for name, (one, own) in found.items() if own == (dim,) and name != dim}
            )
            for dim in (ROWS, COLUMNS)
        }
    said, channels = coordinates[ROWS], coordinates[COLUMNS]
    need(said, [columns.sentence], path)
    if columns.channel not in channels:
        channels = channels.assign(**{columns.channel: [f"ch{c + 1:03d}" for c in range(values.shape[1])]})
    whose = channels.get(columns.subject, pd.Series(subject or "01", index=channels.index))
    if subject is not None:
        whose = pd.Series(subject, index=channels.index)
    out = []
    for label, own in channels.groupby(whose, sort=False):
        part = values[:, own.index.to_numpy()]
        seen = np.isfinite(part).any(axis=1)
        names = own.rename(columns={columns.channel: "name"}).drop(columns=[columns.subject], errors="ignore")
        ids = said[columns.sentence][seen].tolist()
        out.append(SentenceResponses(str(label), str(path), ids, part[seen], names.reset_index(drop=True)))
    return said, out


def _dimensions(one: Any) -> tuple[str, ...]:
    """Names of the dimension scales that an HDF5 data set is attached to; none for a scale and what has none."""
    if "DIMENSION_LIST" not in one.attrs:
        return ()
    return tuple(dim[0].name.rsplit("/", 1)[-1] if len(dim) else "" for dim in one.dims)


def _texts(one: Any) -> NDArray[np.object_] | list[str]:
    if one.dtype.kind in "OS":
        return [t.decode() if isinstance(t, bytes) else str(t) for t in one[...]]
    return [str(int(v)) if float(v).is_integer() else str(v) for v in np.asarray(one[...], dtype=np.float64)]
