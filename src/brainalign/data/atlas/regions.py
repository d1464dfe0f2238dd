"""with_atlas: the regions of a data set's channels by an atlas."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.atlas.files import Atlas, Labels, open_atlas
from brainalign.data.atlas.published import ATLASES, is_published, published
from brainalign.data.electrodes.table import UNKNOWN
from brainalign.data.files.patterns import fields_of, filled
from brainalign.data.fmri.geometry import VERTEX, VOXEL, Surface, Volume
from brainalign.data.types import Dataset, Recording
from brainalign.errors import BrainalignError

SIDES = {"L": ("L", "lh", "left", "l"), "R": ("R", "rh", "right", "r")}
"""What may stand for the field ``{hemi}`` of an atlas of surfaces."""

log = logging.getLogger(__name__)

Regions = NDArray[np.object_]

Opener = Callable[[str, str], Atlas]
"""From a participant and a hemisphere (empty in a volume) to the atlas."""


def with_atlas(dataset: Dataset, atlas: str, labels: str | None = None, root: str | Path = ".") -> Dataset:
    r"""The data set with each channel's region by an atlas, in place of what its files say.

    A voxel or electrode has the label of the atlas's voxel that holds its x, y, z (nearest neighbour); a vertex that of the same vertex.

    Args:
        dataset: As read.
        atlas: A file, absolute, under ``root`` or in the working directory, with the fields ``{subject}`` and ``{hemi}`` where there is
            one for each; or the name of an atlas that nilearn has on this disk (:data:`brainalign.data.atlas.published.ATLASES`).
        labels: Table of names in place of the one beside the file.
        root: Folder of the data.

    Returns:
        The same data with other regions; ``unknown`` where the atlas has no label. Recordings' notes count these.

    Raises:
        BrainalignError: The atlas cannot be read, lies elsewhere than the data, has another mesh, or a label without a name.

    Example:
        >>> import nibabel, tempfile
        >>> from brainalign.data.simulated import simulate
        >>> grid = np.ones((20, 20, 20), dtype=np.uint8)
        >>> affine = np.diag([10.0, 10.0, 10.0, 1.0])
        >>> affine[:3, 3] = -100.0
        >>> path = Path(tempfile.mkdtemp()) / "head.nii.gz"
        >>> nibabel.save(nibabel.Nifti1Image(grid, affine), path)
        >>> _ = path.with_name("head.tsv").write_text("index\tname\n1\thead\n")
        >>> data = simulate(subjects=1, electrodes=3, sentences=5, repeated=0)
        >>> with_atlas(data, str(path)).channels["region"].tolist()
        ['head', 'head', 'head']
    """
    opened = _opener(atlas, labels, Path(root).expanduser())
    return replace(dataset, recordings=[_labelled(recording, opened, atlas) for recording in dataset.recordings])


def _opener(atlas: str, labels: str | None, root: Path) -> Opener:
    """The atlas of each participant and hemisphere, read once."""
    if is_published(atlas):
        if labels is not None:
            raise BrainalignError(f"data.atlas_labels={labels} does nothing here: nilearn names the labels of {atlas}.")
        sides = published(atlas)
        return lambda _, side: sides.get(side, next(iter(sides.values())))
    if strange := set(fields_of(atlas)) - {"subject", "hemi"}:
        raise BrainalignError(
            f"data.atlas={atlas}: the field {{{min(strange)}}} is unknown; valid: {{subject}}, {{hemi}}."
        )
    table = None if labels is None else _there([labels], root, "data.atlas_labels")
    read = cache(lambda path: open_atlas(path, table))

    def opened(subject: str, side: str) -> Atlas:
        names = [filled(atlas, {"subject": subject, "hemi": hemi}) for hemi in SIDES.get(side, (side,))]
        return read(_there(names, root, "data.atlas"))

    return opened


def _there(names: Sequence[str], root: Path, key: str) -> Path:
    """The first of the names that is a file."""
    places = [place for name in names for place in (root / Path(name).expanduser(), Path(name))]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        more = f", and no atlas that nilearn has: {', '.join(ATLASES)}" if key == "data.atlas" else ""
        raise BrainalignError(
            f"{key}={names[0]} is no file, neither under {root} nor from the working directory{more}."
        )
    return found


def _labelled(recording: Recording, opened: Opener, atlas: str) -> Recording:
    try:
        region, told, noun = (_on_surface if isinstance(recording.geometry, Surface) else _in_space)(recording, opened)
    except BrainalignError as error:
        text = str(error)
        raise BrainalignError(text if text.startswith("data.atlas") else f"data.atlas={atlas}: {text}") from error
    n, without = len(region), int((region == UNKNOWN).sum())
    if without == n:
        raise BrainalignError(
            f"data.atlas={atlas}: none of the {n} {noun} of participant {recording.subject} lies in a region of {told}; is it of the "
            "same space (template, millimetres, left and right)?"
        )
    channels = recording.channels.assign(region=region)
    if not without:
        return replace(recording, channels=channels)
    note = f"participant {recording.subject}: {without} of {n} {noun} lie in no region of the atlas {told}; their region is {UNKNOWN!r}."
    log.info(note)
    return replace(recording, channels=channels, notes=(*recording.notes, note))


def _regions(atlas: Atlas, labels: Labels, noun: str, subject: str) -> Regions:
    """The names of labels; 0 and what is below it need none."""
    found, counts = np.unique(labels, return_counts=True)
    for label, count in zip(found.tolist(), counts.tolist(), strict=True):
        if label > 0 and label not in atlas.names:
            raise BrainalignError(
                f"{atlas.told} has the label {label} ({count} {noun} of participant {subject}), which is none of the "
                f"{len(atlas.names)} in its table."
            )
    return np.array([atlas.names.get(label, UNKNOWN) for label in labels.tolist()], dtype=object)


def _on_surface(recording: Recording, opened: Opener) -> tuple[Regions, str, str]:
    """Vertex by vertex."""
    geometry, table, subject = recording.geometry, recording.channels, recording.subject
    assert isinstance(geometry, Surface)
    regions, last = np.full(len(table), UNKNOWN, dtype=object), None
    told: list[str] = []
    for side, vertices in geometry.vertices.items():
        atlas = opened(subject, side)
        if atlas.affine is not None:
            raise BrainalignError(
                f"{atlas.told} is a volume, but participant {subject} has surfaces; GIFTI or .annot files are needed."
            )
        if len(atlas.labels) != vertices:
            raise BrainalignError(
                f"{atlas.told} has {len(atlas.labels)} vertices, but hemisphere {side} of participant {subject} has {vertices}; an "
                "atlas of the same mesh is needed (fsaverage5 has 10242 in each hemisphere, fsaverage6 40962, fsaverage 163842)."
            )
        if atlas is last:  # as many vertices, but the same number is another place
            raise BrainalignError(
                f"{atlas.told} is one file, but participant {subject} has the hemispheres {' and '.join(geometry.vertices)}; {{hemi}} must "
                "stand where the names of their files differ."
            )
        last = atlas
        told += [atlas.told] * (atlas.told not in told)
        here = (table["hemisphere"] == side).to_numpy()
        own = atlas.labels[table.loc[here, VERTEX].to_numpy(dtype=np.int64)]
        regions[here] = _regions(atlas, own, "vertices", subject)
    return regions, " and ".join(told), "vertices"


def _in_space(recording: Recording, opened: Opener) -> tuple[Regions, str, str]:
    """By x, y and z in mm, or voxel by voxel where the grids are one."""
    table, geometry, subject = recording.channels, recording.geometry, recording.subject
    noun = "voxels" if isinstance(geometry, Volume) else "channels"
    places = table[["x", "y", "z"]].to_numpy(dtype=np.float64)
    known = np.isfinite(places).all(axis=1)
    if not known.any():
        raise BrainalignError(
            f"participant {subject} has no channel with coordinates, so that no atlas tells where one lies; a table of the channels with a "
            "column region does."
        )
    atlas = opened(subject, "")
    if atlas.affine is None:
        raise BrainalignError(
            f"{atlas.told} is of surfaces, but participant {subject} has {noun} in space; a NIfTI image is needed."
        )
    labels = np.zeros(len(table), dtype=np.int64)
    if isinstance(geometry, Volume) and _same_grid(geometry, atlas):
        labels[:] = atlas.labels[tuple(table[axis].to_numpy(dtype=np.int64) for axis in VOXEL)]
    else:
        _check_orientation(table, geometry, atlas)
        labels[known] = nearest_labels(atlas, places[known])
    return _regions(atlas, labels, noun, subject), atlas.told, noun


def _same_grid(geometry: Volume, atlas: Atlas) -> bool:
    assert atlas.affine is not None
    return geometry.shape == atlas.labels.shape and np.allclose(geometry.affine, atlas.affine, atol=1e-3)


def nearest_labels(atlas: Atlas, places: NDArray[np.float64]) -> Labels:
    """The label of the voxel that holds each place; 0 outside the image.

    Args:
        atlas: Of a volume.
        places: (n, 3) in mm.
    """
    from nilearn.image import coord_transform

    assert atlas.affine is not None
    found = np.column_stack(coord_transform(*places.T, np.linalg.inv(atlas.affine)))
    voxels = np.rint(found).astype(np.int64)
    inside = ((voxels >= 0) & (voxels < atlas.labels.shape)).all(axis=1)
    labels = np.zeros(len(places), dtype=np.int64)
    labels[inside] = atlas.labels[tuple(voxels[inside].T)]
    return labels


def _check_orientation(table: pd.DataFrame, geometry: Volume | Surface | None, atlas: Atlas) -> None:
    """Refuse images of different grids of which one does not say where its voxels lie."""
    if not atlas.oriented:
        raise BrainalignError(
            f"{atlas.told} does not say where its voxels lie (qform and sform are 0) and has another grid than the data "
            f"({atlas.labels.shape})."
        )
    if isinstance(geometry, Volume) and (table["hemisphere"] == "n/a").all() and (table["x"] != 0).any():
        raise BrainalignError(
            f"the data's images do not say where their voxels lie (qform and sform are 0), and {atlas.told} has another grid than they "
            f"({atlas.labels.shape}, theirs {geometry.shape}); an atlas on their own grid is needed."
        )
