"""fMRI runs as arrays: voxels of NIfTI volumes inside a mask, or vertices of GIFTI surfaces, with the geometry to write maps again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.channels import dead_channels
from brainalign.data.files.reading import reading
from brainalign.data.fmri.geometry import VERTEX, VOXEL, Geometry, Surface, Volume
from brainalign.data.fmri.mesh import vertex_places
from brainalign.data.types import CHANNEL_COLUMNS
from brainalign.errors import BrainalignError

TR = (0.05, 30.0)
"""Seconds between scans that a scanner can have."""

SAME_TR = 1e-3
"""Seconds by which the TRs of headers may differ and be one: they are rounded there."""

REGION = "brain"
"""Region of every channel; ``data.atlas`` replaces the column."""


@dataclass(frozen=True)
class Scans:
    """One participant's runs, ready for a :class:`~brainalign.data.types.Recording`.

    Attributes:
        runs: (T_i, channels) float32, one array a run.
        channels: One row a channel: subject, electrode, region, hemisphere, x, y, z (mm by the image's affine; on surfaces
            those of fsaverage5, NaN on other meshes), and i, j, k or vertex.
        geometry: Of all runs.
        tr: Seconds between scans, or None where the files do not say.
        dropped: Voxels or vertices inside the mask that do not vary.
    """

    runs: list[NDArray[np.float32]]
    channels: pd.DataFrame
    geometry: Geometry
    tr: float | None
    dropped: int


def read_volumes(subject: str, runs: Sequence[str | Path], mask: str | Path | None = None) -> Scans:
    """The voxels of 4D NIfTI runs that lie in a mask and vary in every run.

    Args:
        subject: The participant's label.
        runs: Files ``.nii`` or ``.nii.gz`` on one grid, in the order in which they were scanned.
        mask: 3D NIfTI on the same grid, nonzero inside; None takes every voxel that varies.

    Raises:
        BrainalignError: A file is missing or no NIfTI, has another grid or TR than the first, or nothing varies.
    """
    if not runs:
        raise BrainalignError(f"participant {subject}: there is no run to read; name at least one NIfTI file.")
    images = [_open(Path(path), 4) for path in runs]
    geometry = _volume(images[0])
    inside = np.ones(geometry.shape, dtype=bool)
    if mask is not None:
        image = _open(Path(mask), 3)
        _same_grid(geometry, image, mask, runs[0])
        with reading(mask, "a NIfTI file"):
            inside = np.nan_to_num(np.asarray(image.dataobj)) != 0
    for image, path in zip(images[1:], runs[1:], strict=True):
        _same_grid(geometry, image, path, runs[0])
    values, times = [], []
    for image, path in zip(images, runs, strict=True):
        with reading(path, "a NIfTI file"):
            times.append(_tr_of_volume(image))
            values.append(np.asarray(image.dataobj, dtype=np.float32)[inside].T)
    places = np.argwhere(inside)
    kept = _keep_varying(values, f"participant {subject}: no voxel of {runs[0]} varies inside the mask {mask}.")
    places, dropped = places[kept], int((~kept).sum())
    table = pd.DataFrame(places, columns=list(VOXEL))
    table[["x", "y", "z"]] = places @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    told = has_orientation(images[0])
    table["hemisphere"] = np.select([told & (table["x"] < 0), told & (table["x"] > 0)], ["L", "R"], "n/a")
    table["electrode"] = [f"{i}-{j}-{k}" for i, j, k in places]
    tr = _one_tr(times, runs)
    return Scans(values, _channels(table, subject, list(VOXEL)), geometry, tr, dropped)


def read_surfaces(subject: str, runs: Sequence[Mapping[str, str | Path]]) -> Scans:
    """The vertices of GIFTI runs that vary in every run; the medial wall does not.

    Args:
        subject: The participant's label.
        runs: For each run, hemisphere (``L``, ``R``) -> file ``.func.gii`` or ``.gii`` with one array a scan.

    Raises:
        BrainalignError: A file is missing or no GIFTI of scans, hemispheres differ in scans or runs in vertices or TR, or nothing varies.
    """
    if not runs or not runs[0]:
        raise BrainalignError(f"participant {subject}: there is no run to read; name at least one GIFTI file.")
    sides, times = list(runs[0]), []
    found: list[dict[str, NDArray[np.float32]]] = []
    for files in runs:
        if list(files) != sides:
            raise BrainalignError(
                f"participant {subject}: a run has the hemispheres {list(files)}, the first one {sides}; they must agree."
            )
        read = {side: _gifti(Path(path)) for side, path in files.items()}
        for side, path in files.items():
            first = found[0][side] if found else read[side][0]
            if read[side][0].shape[1] != first.shape[1] or len(read[side][0]) != len(read[sides[0]][0]):
                raise BrainalignError(
                    f"{path} has {read[side][0].shape[0]} scans of {read[side][0].shape[1]} vertices; as many scans as the other "
                    f"hemisphere and as many vertices as the first run ({first.shape[1]}) are needed."
                )
        found.append({side: values for side, (values, _) in read.items()})
        times.append(read[sides[0]][1])
    vertices = {side: found[0][side].shape[1] for side in sides}
    values = [np.hstack([run[side] for side in sides]) for run in found]
    kept = _keep_varying(values, f"participant {subject}: no vertex of {runs[0][sides[0]]} varies.")
    table = pd.DataFrame(
        {
            VERTEX: np.concatenate([np.arange(n) for n in vertices.values()]),
            "hemisphere": np.repeat(sides, list(vertices.values())),
        }
    )[kept].reset_index(drop=True)
    table["electrode"] = table["hemisphere"] + table[VERTEX].astype(str)
    table[["x", "y", "z"]] = vertex_places(table, vertices)
    tr = _one_tr(times, [files[sides[0]] for files in runs])
    return Scans(values, _channels(table, subject, [VERTEX]), Surface(vertices), tr, int((~kept).sum()))


def _channels(table: pd.DataFrame, subject: str, more: list[str]) -> pd.DataFrame:
    return table.assign(subject=subject, region=REGION)[[*CHANNEL_COLUMNS, *more]]


def _keep_varying(values: list[NDArray[np.float32]], none: str) -> NDArray[np.bool_]:
    """Cut the runs, one after the other, to the columns that vary in all; which they are. ``none`` is said where there is none."""
    kept = np.ones(values[0].shape[1], dtype=bool)
    for run in values:
        kept[list(dead_channels([run]))] = False
    if not kept.any():
        raise BrainalignError(none)
    for i, run in enumerate(values):
        values[i] = np.ascontiguousarray(run[:, kept])
    return kept


def _open(path: Path, dimensions: int) -> Any:
    """A NIfTI image with so many dimensions; its numbers are read later."""
    import nibabel as nib

    with reading(path, "a NIfTI file"):
        image: Any = nib.load(path)
    if not hasattr(image, "affine") or len(image.shape) != dimensions:
        raise BrainalignError(f"{path} has the shape {image.shape}; {dimensions} dimensions are needed.")
    return image


def _volume(image: Any) -> Volume:
    shape = tuple(int(n) for n in image.shape[:3])
    return Volume(np.asarray(image.affine, dtype=np.float64), (shape[0], shape[1], shape[2]))


def _same_grid(geometry: Volume, image: Any, path: str | Path, first: str | Path) -> None:
    other = _volume(image)
    if other.shape != geometry.shape or not np.allclose(other.affine, geometry.affine, atol=1e-3):
        raise BrainalignError(
            f"{path} has another grid ({other.shape}, or its affine) than {first} ({geometry.shape}); resample it to that one."
        )


def has_orientation(image: Any) -> bool:
    """Whether the header says where the voxels lie; else the affine is a guess from their size, and x tells no side.

    Args:
        image: A nibabel image of voxels.
    """
    header = image.header
    codes = [int(header[name]) for name in ("qform_code", "sform_code") if name in header]
    return not codes or any(codes)


def _tr_of_volume(image: Any) -> float | None:
    factor = {"msec": 1e-3, "usec": 1e-6}.get(image.header.get_xyzt_units()[1], 1.0)
    return seconds_of(image.header.get_zooms()[3], factor)


def _gifti(path: Path) -> tuple[NDArray[np.float32], float | None]:
    """(T, vertices), and the TR where the file has a ``TimeStep`` (ms)."""
    import nibabel as nib

    with reading(path, "a GIFTI file"):
        image: Any = nib.load(path)
        arrays = [np.asarray(array.data, dtype=np.float32) for array in image.darrays]
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise BrainalignError(f"{path} holds arrays of the shapes {sorted(shapes)}; one vector a scan is needed.")
    return np.stack(arrays), seconds_of(image.darrays[0].meta.get("TimeStep"), 1e-3)


def seconds_of(said: Any, factor: float) -> float | None:
    """A header's TR in seconds, by its unit if that gives a TR, else by its size; None where it says nothing.

    Tools write 0 where they do not know it, seconds where GIFTI's ``TimeStep`` is in milliseconds, and milliseconds under NIfTI's unit
    ``sec``.

    Args:
        said: What stands in the header.
        factor: Seconds in the header's unit.

    Example:
        >>> seconds_of("2000.0", 1e-3), seconds_of("2.0", 1e-3), seconds_of(2000.0, 1.0), seconds_of("0.000000", 1e-3)
        (2.0, 2.0, 2.0, None)
    """
    try:
        number = float(said)
    except (TypeError, ValueError):
        return None
    sensible = [number * unit for unit in (factor, 1.0, 1e-3, 1e-6) if TR[0] <= number * unit <= TR[1]]
    return sensible[0] if sensible else None


def _one_tr(found: Sequence[float | None], files: Sequence[str | Path]) -> float | None:
    """The TR of all runs whose header has one."""
    first = next((tr for tr in found if tr is not None), None)
    for tr, path in zip(found, files, strict=True):
        if tr is not None and first is not None and abs(tr - first) > SAME_TR:
            raise BrainalignError(f"{path} has a TR of {tr} s, {files[0]} one of {first} s; they must agree.")
    return first
