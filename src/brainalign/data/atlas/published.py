"""Published atlases that nilearn knows, from what of them lies on this disk; ``brainalign-tools fetch`` gets one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from brainalign.data.atlas.files import Atlas, labels_of
from brainalign.data.atlas.names import region_name
from brainalign.errors import BrainalignError

ATLASES: dict[str, tuple[str, Any]] = {
    "aal": ("version", "3v2"),
    "destrieux_2009": ("lateralized", False),
    "harvard_oxford": ("atlas_name", "cort-maxprob-thr25-2mm"),
    "juelich": ("atlas_name", "maxprob-thr25-2mm"),
    "schaefer_2018": ("n_rois", 400),
    "surf_destrieux": ("", None),
    "talairach": ("level_name", "gyrus"),
    "yeo_2011": ("n_networks", 7),
}
"""Name (nilearn's ``fetch_atlas_NAME``) -> its argument that tells versions apart, and which one is taken: another is ``NAME:VERSION``."""


def is_published(atlas: str) -> bool:
    """Whether this is a name of :data:`ATLASES`, perhaps with a version, and no file.

    Example:
        >>> is_published("schaefer_2018:100"), is_published("atlas.nii.gz")
        (True, False)
    """
    return atlas.partition(":")[0] in ATLASES and not Path(atlas).is_file()


@cache
def published(atlas: str) -> Mapping[str, Atlas]:
    """An atlas that lies on this disk, in nilearn's own folders (``NILEARN_DATA``, ``~/nilearn_data``).

    Args:
        atlas: Of :data:`ATLASES`, perhaps with a version.

    Returns:
        Hemisphere (``L``, ``R``) -> atlas of surfaces, or the empty text -> that of a volume.

    Raises:
        BrainalignError: It is not there; nothing is fetched.
    """
    from nilearn import datasets

    folders = datasets.get_data_dirs()
    sentence = (
        f"data.atlas={atlas} is not among nilearn's atlases on this disk ({', '.join(folders)}), and nothing is fetched unless asked: "
        f"`brainalign-tools fetch {atlas} --to FOLDER` does, or data.atlas names a file."
    )
    if not any(Path(folder).is_dir() for folder in folders):
        raise BrainalignError(sentence)
    try:
        with _offline():
            return _atlases(atlas, _by_nilearn(atlas, None))
    except _NotHereError:
        raise BrainalignError(sentence) from None


def fetch_atlas(atlas: str, folder: Path) -> str:
    """Fetch an atlas by nilearn, and leave it as image and table of names.

    Args:
        atlas: Of :data:`ATLASES`, perhaps with a version.
        folder: Where it goes.

    Returns:
        What ``data.atlas`` is then.

    Raises:
        BrainalignError: It cannot be fetched.
    """
    nib: Any = import_module("nibabel")
    gifti: Any = import_module("nibabel.gifti")
    found = _by_nilearn(atlas, folder)
    name = atlas.replace(":", "-")
    sides = _atlases(atlas, found)
    for side, one in sides.items():
        stem = f"{name}_hemi-{side}" if side else name
        found["lut"][["index", "name"]].to_csv(folder / f"{stem}.tsv", sep="\t", index=False)
        values = one.labels.astype(np.int32)
        if one.affine is None:
            array = gifti.GiftiDataArray(values, intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32")
            nib.save(gifti.GiftiImage(darrays=[array]), folder / f"{stem}.label.gii")
        else:
            nib.save(nib.Nifti1Image(values, one.affine), folder / f"{stem}.nii.gz")
    return str(folder / (f"{name}.nii.gz" if "" in sides else f"{name}_hemi-{{hemi}}.label.gii"))


def _atlases(atlas: str, found: Any) -> dict[str, Atlas]:
    """What a fetcher of nilearn returned, by hemisphere."""
    import nibabel as nib

    names = {int(k): region_name(v) for k, v in zip(found["lut"]["index"], found["lut"]["name"], strict=True)}
    if "map_left" in found:
        sides = {"L": found["map_left"], "R": found["map_right"]}
        return {side: Atlas(atlas, np.asarray(values, dtype=np.int64), names) for side, values in sides.items()}
    image: Any = nib.load(found["maps"]) if isinstance(found["maps"], str | Path) else found["maps"]
    return {"": Atlas(atlas, labels_of(np.asarray(image.dataobj), atlas), names, np.asarray(image.affine))}


def _by_nilearn(atlas: str, folder: Path | None) -> Any:
    """What nilearn's fetcher returns, from the folder or its own ones; fetched where it may."""
    from nilearn import datasets

    name, _, version = atlas.partition(":")
    argument, usual = ATLASES[name]
    if version and not argument:
        raise BrainalignError(f"data.atlas={atlas}: {name} has one version; leave out {version!r}.")
    chosen = (int(version) if version.isdecimal() else version) if version else usual
    options = {argument: chosen} if argument else {}
    try:
        return getattr(datasets, f"fetch_atlas_{name}")(**options, data_dir=folder, verbose=0)
    except _NotHereError:
        raise
    except Exception as error:
        told = " ".join(str(error).split())[:300]
        raise BrainalignError(
            f"data.atlas={atlas} could not be got by nilearn ({type(error).__name__}: {told})."
        ) from error


class _NotHereError(Exception):
    """A file of the atlas is not on this disk."""


@contextmanager
def _offline() -> Iterator[None]:
    """Inside this block nilearn's fetchers read what is there; what is not raises :class:`_NotHereError`.

    They have no option for it, and fetch without being asked.
    """
    from nilearn.datasets import atlas

    fetch = atlas.fetch_files

    def there(data_dir: Any, files: Any, **_: Any) -> list[str]:
        paths = [Path(data_dir) / name for name, *_ in files]
        if not all(path.is_file() for path in paths):
            raise _NotHereError
        return [str(path) for path in paths]

    atlas.fetch_files = there
    try:
        yield
    finally:
        atlas.fetch_files = fetch
