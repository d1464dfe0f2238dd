"""Names of files in BIDS: their entities, and which files belong to a recording by its principle of inheritance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mne_bids import BIDSPath

FREE = ("space", "acq")
"""Entities by which tables of one participant's electrodes differ, and recordings do not."""


def entities(path: Path) -> dict[str, str]:
    """The entities of a name.

    Example:
        >>> entities(Path("sub-01_ses-a_space-MNI152Lin_electrodes.tsv"))
        {'sub': '01', 'ses': 'a', 'space': 'MNI152Lin'}
    """
    return dict(part.split("-", 1) for part in path.name.split(".")[0].split("_") if "-" in part)


def applicable(path: BIDSPath, suffix: str, ending: str) -> list[tuple[tuple[int, int], Path]]:
    """Files of a kind that apply to a recording: all their entities are the recording's, in its folder or one above it.

    Args:
        path: Of the recording.
        suffix: ``events``, ``channels``, ``electrodes``, ...
        ending: ``.tsv`` or ``.json``.

    Returns:
        Files with their rank, (depth of the folder, entities shared), the lowest first. Tables of electrodes may have a ``space`` and an
        ``acq`` that the recording has not.
    """
    own = entities(path.fpath)
    free = FREE if suffix in ("electrodes", "coordsystem") else ()
    found = []
    for depth, folder in enumerate(reversed(_above(path))):
        for file in folder.glob(f"*{suffix}{ending}"):
            said = entities(file)
            exact = file.name.removesuffix(ending).split("_")[-1] == suffix
            if exact and all(own[k] == v if k in own else k in free for k, v in said.items()):
                found.append(((depth, sum(k in own for k in said)), file))
    return sorted(found)


def fitting(path: BIDSPath, suffix: str, ending: str) -> list[Path]:
    """Of the files that apply to a recording those of the highest rank: none, one, or several.

    mne-bids finds one of these too, but does not tell several from none.
    """
    found = applicable(path, suffix, ending)
    return [file for rank, file in found if rank == found[-1][0]]


def _above(path: BIDSPath) -> list[Path]:
    """The recording's folder and those above it, up to the data set's."""
    folder, root = path.fpath.parent, Path(path.root)
    out = [folder]
    while folder != root and root in folder.parents:
        folder = folder.parent
        out.append(folder)
    return out
