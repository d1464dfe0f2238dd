"""Scores as brain maps: a NIfTI volume or GIFTI surfaces for each participant whose channels have a place in an image."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.fmri.geometry import VERTEX, VOXEL, Geometry, Volume
from brainalign.data.types import Recording
from brainalign.tracking.files import file_name, replacing

if TYPE_CHECKING:
    import pandas as pd

MAPS = "maps"
"""Folder of a run."""


def write_maps(
    folder: Path, table: pd.DataFrame, recordings: Sequence[Recording], columns: Sequence[str]
) -> list[Path]:
    """Write ``<subject>_<model>_<column>.nii.gz``, or ``..._hemi-L.func.gii`` and ``..._hemi-R.func.gii``.

    A voxel or vertex that is no channel, or has no value, is NaN. A column without any value is left out.

    Args:
        folder: ``maps`` in the run's folder; made where there is something to write.
        table: One row a (model, channel): model, subject, electrode, and the columns.
        recordings: Participants; who has no geometry gets no map.
        columns: To map.

    Returns:
        The files.
    """
    written = []
    for recording in recordings:
        if recording.geometry is None:
            continue
        mine = table[table["subject"] == recording.subject]
        for model, rows in mine.groupby("model", sort=False):
            for column in columns:
                values = rows[column].to_numpy(dtype=np.float32)
                if not np.isfinite(values).any():
                    continue
                name = file_name(f"{recording.subject}_{model}_{column}")
                for ending, image in images(recording.geometry, rows, values):
                    path = Path(folder) / f"{name}{ending}"
                    content = image.to_bytes()
                    with replacing(
                        path
                    ) as temporary:  # the same map gives the same bytes: no time of day in the gzip header
                        temporary.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
                    written.append(path)
    return written


def same_places(recordings: Sequence[Recording]) -> bool:
    """Whether all participants' channels of one name are one voxel or vertex of the same image.

    Args:
        recordings: Participants.
    """
    found: dict[str, tuple[Any, ...]] = {}
    first = recordings[0].geometry
    for recording in recordings:
        own = recording.geometry
        if own is None or type(own) is not type(first):
            return False
        if isinstance(own, Volume) and isinstance(first, Volume):
            if own.shape != first.shape or not np.allclose(own.affine, first.affine):
                return False
        elif own != first:
            return False
        columns = ["hemisphere", *(VOXEL if isinstance(own, Volume) else [VERTEX])]
        places = recording.channels[columns].itertuples(index=False, name=None)
        for name, place in zip(recording.channels["electrode"], places, strict=True):
            if found.setdefault(name, place) != place:
                return False
    return True


def images(geometry: Geometry, channels: pd.DataFrame, values: NDArray[np.float32]) -> Iterator[tuple[str, Any]]:
    """(ending of the file's name, nibabel image): one volume, or one surface a hemisphere that has channels.

    Args:
        geometry: Of the channels.
        channels: (c rows) with i, j, k, or vertex and hemisphere.
        values: (c,).
    """
    if isinstance(geometry, Volume):
        yield ".nii.gz", _volume(geometry, channels, values)
        return
    for side, count in geometry.vertices.items():
        here = (channels["hemisphere"] == side).to_numpy()
        if here.any():
            yield f"_hemi-{side}.func.gii", _surface(count, channels.loc[here, VERTEX].to_numpy(), values[here], side)


def _volume(geometry: Volume, channels: pd.DataFrame, values: NDArray[np.float32]) -> Any:
    nib: Any = import_module("nibabel")
    grid = np.full(geometry.shape, np.nan, dtype=np.float32)
    grid[tuple(channels[axis].to_numpy(dtype=np.int64) for axis in VOXEL)] = values
    image = nib.Nifti1Image(grid, geometry.affine)
    image.header.set_xyzt_units("mm")
    return image


def _surface(count: int, places: NDArray[np.int64], values: NDArray[np.float32], side: str) -> Any:
    gifti: Any = import_module("nibabel.gifti")
    mesh = np.full(count, np.nan, dtype=np.float32)
    mesh[places] = values
    array = gifti.GiftiDataArray(mesh, intent="NIFTI_INTENT_NONE", datatype="NIFTI_TYPE_FLOAT32")
    structure = {"L": "CortexLeft", "R": "CortexRight"}.get(side, side)
    return gifti.GiftiImage(darrays=[array], meta=gifti.GiftiMetaData({"AnatomicalStructurePrimary": structure}))
