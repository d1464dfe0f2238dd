"""Atlas files: a label for each voxel of a NIfTI image, or for each vertex of a GIFTI or FreeSurfer surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.atlas.names import IMAGES, read_names, region_name, table_beside
from brainalign.data.files.reading import reading
from brainalign.data.fmri.images import has_orientation
from brainalign.errors import BrainalignError

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Atlas:
    """Labels in space or on a mesh, and what they are called.

    Attributes:
        told: What it is called in sentences.
        labels: (i, j, k), or (vertices,).
        names: Label -> region; 0 and what is below need none.
        affine: (4, 4) from voxel to mm; None on a surface.
        oriented: Whether the image says where its voxels lie.
    """

    told: str
    labels: Labels
    names: Mapping[int, str]
    affine: NDArray[np.float64] | None = None
    oriented: bool = True


def open_atlas(path: Path, table: Path | None = None) -> Atlas:
    """Read an atlas and the names of its labels.

    Args:
        path: NIfTI; or a hemisphere as GIFTI (``.label.gii``) or FreeSurfer ``.annot``.
        table: Of the names (:func:`brainalign.data.atlas.names.read_names`); None: the one beside it, or else those in the file.

    Raises:
        BrainalignError: It is no such file, its values are no labels, or nothing names them.
    """
    if not path.name.endswith(IMAGES):
        raise BrainalignError(f"data.atlas={path} is no atlas; it must end in {', '.join(IMAGES)}.")
    own: Mapping[int, str] = {}
    affine, oriented = None, True
    if path.suffix == ".annot":
        labels, own = _annotation(path)
    elif path.suffix == ".gii":
        labels, own = _gifti(path)
    else:
        labels, affine, oriented = _nifti(path)
    table = table or table_beside(path)
    names = own if table is None else read_names(table)
    if not names:
        raise BrainalignError(
            f"{path} has labels without names: a table of the same name must lie beside it ({path.name.split('.')[0]}.tsv with the columns "
            "index and name; or .csv, .json, .txt), or data.atlas_labels names one."
        )
    return Atlas(path.name, labels, names, affine, oriented)


def _nifti(path: Path) -> tuple[Labels, NDArray[np.float64], bool]:
    import nibabel as nib

    with reading(path, "a NIfTI image of labels"):
        image: Any = nib.load(path)
        values = np.asarray(image.dataobj)
    return labels_of(values, str(path)), np.asarray(image.affine, dtype=np.float64), has_orientation(image)


def labels_of(values: NDArray[Any], told: str) -> Labels:
    """Whole numbers of an image with a label a voxel; what is not finite is 0.

    Args:
        values: (i, j, k), or with a fourth axis of length one.
        told: What the image is called in sentences.

    Raises:
        BrainalignError: It has another shape, or values that are no labels.
    """
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise BrainalignError(
            f"{told} has the shape {values.shape}; an atlas has one label a voxel (three dimensions), not a map of probabilities a region."
        )
    finite = np.where(np.isfinite(values), values, 0)
    labels = np.rint(finite).astype(np.int64)
    if not np.array_equal(labels, finite):
        strange = float(finite[labels != finite].flat[0])
        raise BrainalignError(f"{told} holds {strange:g}, which is no label; an atlas has whole numbers.")
    return labels


def _gifti(path: Path) -> tuple[Labels, dict[int, str]]:
    import nibabel as nib

    with reading(path, "a GIFTI file of labels"):
        image: Any = nib.load(path)
        arrays = [np.asarray(array.data) for array in image.darrays]
        table = image.labeltable.get_labels_as_dict() if image.labeltable is not None else {}
    if len(arrays) != 1 or arrays[0].ndim != 1:
        raise BrainalignError(f"{path} holds {len(arrays)} arrays; one with a label a vertex is needed.")
    return labels_of(arrays[0][:, None, None], str(path)).ravel(), {int(k): region_name(v) for k, v in table.items()}


def _annotation(path: Path) -> tuple[Labels, dict[int, str]]:
    freesurfer: Any = import_module("nibabel.freesurfer")
    with reading(path, "a FreeSurfer annotation"):
        labels, _, names = freesurfer.read_annot(path)
    own = {number: region_name(name.decode("utf-8", "replace")) for number, name in enumerate(names, start=1)}
    return np.asarray(labels, dtype=np.int64) + 1, own  # from the first name on; -1 is none
