"""Opening of a recording by its ending: what MNE reads, and the HDF5 files that pnpl writes of MEG."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.data.files.reading import reading
from brainalign.data.mne_files.epochs import is_epochs, read_epochs
from brainalign.data.mne_files.serialised import ENDINGS, read_serialised
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    import mne

TRUNCATED = ("does not match", "number of records", "truncat", "incomplete", "unexpected end", "corrupt")
"""What MNE warns of when a file has fewer bytes than its header says."""

MNE = "a recording that MNE reads"


def read_raw(path: Path, exclude: Sequence[str] = ()) -> mne.io.BaseRaw:
    """Open any file that MNE reads, without loading its samples; MEG that pnpl serialised is loaded.

    Raw data of an Elekta with active shielding are opened, too, where MNE alone refuses: :func:`shielding` tells of them.

    Args:
        path: The file.
        exclude: Channels of an EDF or BDF file to leave out.

    Raises:
        BrainalignError: It cannot be read, or holds less than its header says.
    """
    import mne

    if path.suffix.lower() in ENDINGS:
        return read_serialised(path)
    with warnings.catch_warnings(record=True) as said, reading(path, MNE):
        warnings.simplefilter("always")
        more: dict[str, Any] = {"exclude": list(exclude)} if exclude else {}
        if path.suffix.lower() == ".fif":
            more["allow_maxshield"] = True
        raw = mne.io.read_raw(path, preload=False, verbose="warning", **more)
    for warning in said:
        text = str(warning.message)
        if any(sign in text.lower() for sign in TRUNCATED):
            raise BrainalignError(f"{path} is truncated or damaged: {_first_line(text)}")
        logging.getLogger(__name__).debug("%s: %s", path.name, text)
    return raw


def shielding(raw: mne.io.BaseRaw, name: str) -> list[str]:
    """The sentence on a recording with active shielding (MaxShield) that MaxFilter has not processed; none for others.

    Args:
        raw: The recording.
        name: Of its file.
    """
    if not raw.info.get("maxshield"):
        return []
    return [
        f"{name}: was recorded with active shielding (MaxShield), and not processed by MaxFilter (SSS): its sensors hold what the coils of "
        "the shielding did, and no signal-space separation is done here."
    ]


def own_id(path: Path) -> str | None:
    """The participant's id in a recording's header: FIF's ``subject_info``, EDF's patient identification, ..."""
    if path.suffix.lower() in ENDINGS:
        return None  # such a file does not say
    info = (read_epochs(path) if is_epochs(path) else read_raw(path)).info
    about = info.get("subject_info") or {}
    return str(about.get("his_id") or about.get("id") or "") or None


def _first_line(text: object) -> str:
    return " ".join(str(text).split())[:300].rstrip(".")
