"""A recording's channels table from whatever an archive says of its electrodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.channels import marked_bad
from brainalign.data.electrodes.coordinates import TEMPLATE, hemispheres, in_millimetres
from brainalign.data.electrodes.names import listed, match_notes, matched_names
from brainalign.data.files.tsv import MISSING
from brainalign.data.types import CHANNEL_COLUMNS
from brainalign.errors import BrainalignError

REGION = (
    "region", "anatomical_label", "anatomical_region", "anatomical location", "roi", "area", "desikan", "dk", "dkt", "destrieux",
    "aparc", "location", "label", "group", "group_name",
)  # fmt: skip
"""What a column that says where an electrode lies is called, the most telling first, without regard to capitals."""

HEMISPHERE = ("hemisphere", "hemi", "side")
SIDES = {
    **dict.fromkeys(("l", "left", "lh", "left hemisphere"), "L"),
    **dict.fromkeys(("r", "right", "rh", "right hemisphere"), "R"),
}

UNKNOWN = "unknown"
"""Region of a channel of which nothing is said."""

ABSENT = ("", "n/a", "na", "nan", "none", "unknown")
"""What tables write where nothing is known, without regard to capitals."""


def channels_table(
    subject: str,
    names: Sequence[str],
    electrodes: pd.DataFrame | None = None,
    region: str | None = None,
    unit: str | None = None,
    space: str = "MNI",
    *,
    where: str,
    notes: list[str],
) -> pd.DataFrame:
    """One row a channel, in the order of the recording.

    Names are matched as :func:`brainalign.data.electrodes.names.matched_names` does. What finds no electrode has the region
    ``unknown``, never the kind of its channel.

    Args:
        subject: The participant.
        names: Of the channels.
        electrodes: One row an electrode with the column ``name``, in any order, and whatever more; None: nothing is known.
        region: Its column that says where an electrode lies; None: the first of the usual names that it has.
        unit: Of its x, y and z: mm, cm, m, um or pixels; None: told by their size.
        space: Their coordinate system, as BIDS names it; hemispheres are taken from x only where x runs from left to right.
        where: The file, for sentences.
        notes: Gets what was matched, inferred and not found.

    Returns:
        The columns of :data:`brainalign.data.types.CHANNEL_COLUMNS`, ``status`` (good, or bad where the electrodes have a column of that
        name that says so), and the electrodes' further columns.

    Raises:
        BrainalignError: The column of regions is not there, an electrode is named twice, or a value cannot be.

    Example:
        >>> table = pd.DataFrame({"name": ["A1", "A02"], "x": [-50.0, 40.0], "hemi": ["lh", "rh"], "ROI": ["STG", "IFG"]})
        >>> found = channels_table("01", ["A2", "A1", "A3"], table, where="electrodes.tsv", notes=[])
        >>> found[["electrode", "region", "hemisphere", "x"]].values.tolist()
        [['A2', 'IFG', 'R', 40.0], ['A1', 'STG', 'L', -50.0], ['A3', 'unknown', 'n/a', nan]]
    """
    out = pd.DataFrame({"subject": subject, "electrode": list(names)})
    if electrodes is None:
        if region is not None:
            raise BrainalignError(f"data.region={region!r} has no effect: no table of electrodes is read for {where}.")
        electrodes = pd.DataFrame({"name": pd.Series(dtype=object)})
    twice = electrodes["name"][electrodes["name"].duplicated()]
    if len(twice):
        raise BrainalignError(
            f"{where}, line {twice.index[0]}: electrode {twice.iloc[0]!r} is named twice; names must differ."
        )
    if len(electrodes):
        found = matched_names(list(names), electrodes["name"].tolist())
        notes += match_notes(list(names), electrodes["name"].tolist(), found, where)
        electrodes = electrodes.set_index("name")
        rows = electrodes.reindex([found.get(n) for n in names])
    else:
        rows = electrodes.set_index("name").reindex([None] * len(names))
    lower = {str(c).lower(): c for c in reversed(list(rows.columns))}
    if region is not None and region not in rows:
        raise BrainalignError(
            f"{where} lacks the column {region!r} (data.region); its columns are {', '.join(map(repr, rows))}."
        )
    column = region or next((lower[c] for c in REGION if c in lower), None)
    if column is None and len(electrodes):
        notes.append(
            f"{where} has no column that says where electrodes lie, such as 'region' (data.region names it); every region is {UNKNOWN!r}."
        )
    out["region"] = UNKNOWN if column is None else _told(rows[column], UNKNOWN)
    side = next((lower[c] for c in HEMISPHERE if c in lower), None)
    for axis in ("x", "y", "z"):
        out[axis] = _numbers(rows[lower[axis]], where) if axis in lower else np.nan
    out[["x", "y", "z"]] = in_millimetres(out[["x", "y", "z"]].to_numpy(dtype=np.float64), unit, where, notes)
    if side is None:
        out["hemisphere"] = hemispheres(out["x"].to_numpy(), space, where, notes)
    else:
        out["hemisphere"] = _sides(rows[side], where, notes)
    if np.isfinite(out["x"]).any() and not TEMPLATE.search(space):
        notes.append(
            f"{where}: coordinates are of the system {space!r}, not of a template brain; on a map they lie about there only."
        )
    status = lower.get("status")
    cells = pd.Series(MISSING, index=rows.index) if status is None else rows[status].astype(object).fillna(MISSING)
    out["status"] = np.where(marked_bad(cells, where), "bad", "good")
    known = (*CHANNEL_COLUMNS, *HEMISPHERE, "status")
    for c in [c for c in rows if str(c).lower() not in known and c != column]:
        numbers = pd.to_numeric(rows[c], errors="coerce")
        there = ~rows[c].isin(["", MISSING]) & rows[c].notna()
        out[str(c)] = (
            numbers.to_numpy()
            if there.any() and numbers[there].notna().all()
            else rows[c].astype(object).fillna(MISSING).astype(str).to_numpy()
        )
    return out[[*CHANNEL_COLUMNS, *(c for c in out if c not in CHANNEL_COLUMNS)]]


def _told(cells: pd.Series, default: str) -> NDArray[np.object_]:
    """Cells as text, ``default`` where they say nothing."""
    said = cells.astype(object).fillna(MISSING).astype(str).str.strip()
    return np.asarray(said.where(~said.str.lower().isin(ABSENT), default), dtype=object)


def _numbers(cells: pd.Series, where: str) -> NDArray[np.float64]:
    numbers = np.asarray(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)
    wrong = np.isnan(numbers) & (_told(cells, MISSING) != MISSING)
    if wrong.any():
        raise BrainalignError(
            f"{where}: {cells.name}={cells.to_numpy()[wrong][0]!r} is no number ({int(wrong.sum())} such)."
        )
    return numbers


def _sides(cells: pd.Series, where: str, notes: list[str]) -> list[str]:
    """L, R or ``n/a``; what is none of the usual words is told."""
    said = _told(cells, MISSING)
    strange = list(dict.fromkeys(v for v in said if v != MISSING and v.lower() not in SIDES))
    if strange:
        notes.append(
            f"{where}: {listed(strange)} in the column of hemispheres is neither left nor right (L, left, lh, R, ...)."
        )
    return [SIDES.get(v.lower(), MISSING) for v in said]
