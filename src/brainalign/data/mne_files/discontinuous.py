r"""EDF+D and BDF+D: recordings with gaps, which MNE closes; here they stay, as missing samples, so that the file's clock holds.

EDF+: Kemp & Olivan (2003), Clinical Neurophysiology 114, 1755-1761. Each record begins with its own time, ``+30\x14\x14``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    import mne

_TIME = re.compile(rb"([+-]\d+(?:\.\d*)?)\x14\x14")


def is_discontinuous(path: Path) -> bool:
    """Whether a header says so; many systems say it of recordings without a gap as well."""
    if path.suffix.lower() not in (".edf", ".bdf"):
        return False
    with path.open("rb") as file:
        return file.read(197)[192:197] in (b"EDF+D", b"BDF+D")


def record_times(path: Path) -> tuple[NDArray[np.float64], float]:
    """When each record of an EDF+ or BDF+ file begins, in seconds from the first, and how long a record is.

    Raises:
        BrainalignError: A record does not tell its time.
    """
    with path.open("rb") as file:
        head = file.read(256)
        count, channels, length = int(head[236:244]), int(head[252:256]), float(head[244:252])
        head = file.read(256 * channels)
        labels = [head[16 * c : 16 * (c + 1)].strip() for c in range(channels)]
        width = 3 if path.suffix.lower() == ".bdf" else 2
        sizes = [width * int(head[216 * channels + 8 * c : 216 * channels + 8 * (c + 1)]) for c in range(channels)]
        own = next((c for c, label in enumerate(labels) if label in (b"EDF Annotations", b"BDF Annotations")), None)
        times = []
        for n in range(count if own is not None else 0):
            file.seek(256 * (channels + 1) + n * sum(sizes) + sum(sizes[:own]))
            told = _TIME.match(file.read(sizes[own or 0]))
            if told is None:
                break
            times.append(float(told[1]))
    if len(times) < max(count, 1):
        raise BrainalignError(
            f"{path} says that it has gaps (EDF+D or BDF+D), but its record {len(times) + 1} of {count} tells no time; where the gaps "
            "lie cannot be known."
        )
    return np.array(times) - times[0], length


def with_gaps(raw: mne.io.BaseRaw, path: Path) -> tuple[mne.io.BaseRaw, list[str]]:
    """The recording on the clock of its file: missing samples in the gaps, annotations where they were written.

    Args:
        raw: As MNE reads it: the records one after the other.
        path: Its file.

    Returns:
        ``raw`` itself where there is no gap, else a recording in memory; and the sentences on the gaps.

    Raises:
        BrainalignError: The records' times cannot be read, or overlap.
    """
    import mne

    times, length = record_times(path)
    rate = float(raw.info["sfreq"])
    at = np.rint(times * rate).astype(np.int64)
    size = round(length * rate)
    missing = np.diff(at) - size
    if (missing < -1).any():
        n = int(np.argmax(missing < -1))
        raise BrainalignError(
            f"{path}: record {n + 2} begins at {times[n + 1]:g} s, before record {n + 1} ends at {times[n] + length:g} s."
        )
    gaps = np.flatnonzero(missing > 1)  # times are written in decimals, so that a sample more or less is no gap
    if not len(gaps):
        return raw, []
    closed = raw.get_data()
    firsts = np.concatenate([[0], gaps + 1])
    data = np.full((len(closed), at[firsts[-1]] + closed.shape[1] - firsts[-1] * size), np.nan)
    for first, after in zip(firsts, [*(firsts[1:] * size), closed.shape[1]], strict=True):
        piece = closed[:, first * size : after]
        data[:, at[first] : at[first] + piece.shape[1]] = piece
    stim = np.array(raw.get_channel_types()) == "stim"
    data[stim] = np.nan_to_num(data[stim])  # no trigger in a gap
    out = mne.io.RawArray(data, raw.info.copy(), verbose="error")
    out.set_annotations(mne.read_annotations(path), verbose="error")
    told = ", ".join(f"{missing[g] / rate:g} s from {times[g] + length:g} s on" for g in gaps[:5])
    more = f" and {len(gaps) - 5} more" if len(gaps) > 5 else ""
    return out, [f"{path.name} is discontinuous: {len(gaps)} gap(s) are kept as missing samples ({told}{more})."]
