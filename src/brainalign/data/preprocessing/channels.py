"""Channels while they are preprocessed: which are bad and why, and pairs of neighbours on a shank."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.channels import dead_channels
from brainalign.data.preprocessing.quality import SECONDS, windowed
from brainalign.data.preprocessing.settings import KEY
from brainalign.errors import BrainalignError, nearest

ENOUGH = 8
"""Channels below which no one can be told to be noisier than the others."""
ALIKE = 0.1
"""Least spread of log variances (10 %) that a channel's is held against: channels that are all alike have no outlier."""


def named_bad(channels: pd.DataFrame, names: Sequence[str]) -> dict[int, str]:
    """Rows that the table's column ``status`` marks bad, or that the settings name.

    Args:
        channels: With a column electrode, and perhaps status.
        names: Of electrodes.

    Raises:
        BrainalignError: A name is not in the table.
    """
    electrodes = channels["electrode"].astype(str).tolist()
    for name in names:
        if name not in electrodes:
            raise BrainalignError(f"{KEY}.bad_channels: there is no channel {name!r}; {nearest(name, electrodes)}")
    marked = (
        channels["status"].str.lower().eq("bad") if "status" in channels else pd.Series(False, index=channels.index)
    )
    found = {int(c): "marked bad" for c in np.flatnonzero(marked)}
    return found | {electrodes.index(name): f"{KEY}.bad_channels" for name in names}


def flat(data: NDArray[np.float64]) -> dict[int, str]:
    """Rows of (c, T) data that never vary, or have no valid sample."""
    return dead_channels([data.T])


def steady_variance(data: NDArray[np.float64], rate: float, pieces: Sequence[slice]) -> NDArray[np.float64]:
    """Median of a channel's variances within windows of 2 s: neither a short artefact nor a slow drift is in it.

    Args:
        data: (c, T) finite.
        rate: Samples per second.
        pieces: Of the data, which windows do not cross.

    Returns:
        (c,) in squared units.
    """
    fit, window = windowed(pieces, SECONDS, rate)
    parts = [data[:, p.start : p.start + (p.stop - p.start) // window * window] for p in fit]
    varied = [[part[c].reshape(-1, window).var(axis=1) for part in parts] for c in range(len(data))]
    return np.array([float(np.median(np.concatenate(own))) for own in varied])


def noisy(variances: NDArray[np.float64], limit: float) -> dict[int, str]:
    """Channels whose log variance lies further from the median than a limit.

        z_c = (log v_c - median) / max(1.4826 median |log v - median|, 0.1)

    Args:
        variances: (c,) of :func:`steady_variance`.
        limit: Of the absolute z.

    Returns:
        Place -> reason; nothing where there are fewer than 8 channels.

    Example:
        >>> noisy(np.array([1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0, 1.05, 0.95, 400.0]), 5.0)
        {9: 'variance 400 times the median'}
    """
    if len(variances) < ENOUGH:
        return {}
    power = np.log(np.maximum(variances, 1e-300))
    apart = power - np.median(power)
    z = apart / max(1.4826 * float(np.median(np.abs(apart))), ALIKE)
    return {int(c): f"variance {np.exp(apart[c]):.4g} times the median" for c in np.flatnonzero(np.abs(z) > limit)}


def pairs(electrodes: Sequence[str]) -> list[tuple[int, int]]:
    """Places of neighbours on a shank: names that differ in their last number alone, by one.

    Example:
        >>> pairs(["LA1", "LA2", "LA4", "LA3", "RB1", "EKG"])
        [(0, 1), (1, 3), (3, 2)]
    """
    contacts: dict[str, dict[int, int]] = {}
    for place, name in enumerate(electrodes):
        match = re.fullmatch(r"(.*?)(\d+)", name)
        if match:
            contacts.setdefault(match[1], {})[int(match[2])] = place
    return [(own[n], own[n + 1]) for own in contacts.values() for n in sorted(own) if n + 1 in own]


def paired(channels: pd.DataFrame, of: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """The channels table of a bipolar montage.

    A pair is called after both contacts and lies midway; its region is theirs, or both names where they differ
    (``STG/MTG``). What else the table has is the first contact's.

    Args:
        channels: With the columns electrode, region, x, y, z.
        of: Places of first and second contacts.
    """
    first, second = (channels.iloc[[p[i] for p in of]].reset_index(drop=True) for i in (0, 1))
    table = first.copy()
    table["electrode"] = first["electrode"].astype(str) + "-" + second["electrode"].astype(str)
    same = first["region"] == second["region"]
    table["region"] = first["region"].where(same, first["region"].astype(str) + "/" + second["region"].astype(str))
    for axis in "xyz":
        table[axis] = (first[axis] + second[axis]) / 2
    return table


def excluded_note(run: str, bad: Mapping[int, str], electrodes: Sequence[str]) -> str:
    """The sentence on a run's channels that were left out."""
    names = ", ".join(f"{electrodes[c]} ({bad[c]})" for c in sorted(bad))
    verb = "is" if len(bad) == 1 else "are"
    return f"{run}: {len(bad)} of {len(electrodes)} channels {verb} left out: {names}."
