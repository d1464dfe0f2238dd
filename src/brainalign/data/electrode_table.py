"""A recording's channels table from whatever an archive says of its electrodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brainalign.data.channels import check_millimetres
from brainalign.data.formats import MILLIMETRES
from brainalign.data.tsv import MISSING
from brainalign.data.types import CHANNEL_COLUMNS
from brainalign.errors import BrainalignError

REGION = (
    "region", "anatomical_label", "anatomical_region", "anatomical location", "roi", "area", "desikan", "dk", "dkt", "destrieux",
    "aparc", "location", "label", "group", "group_name",
)  # fmt: skip
"""What a column that says where an electrode lies is called, the most telling first, without regard to capitals."""

HEMISPHERE = ("hemisphere", "hemi", "side")
SIDES = {"l": "L", "left": "L", "lh": "L", "r": "R", "right": "R", "rh": "R"}

UNKNOWN = "unknown"


def channels_table(
    subject: str,
    names: Sequence[str],
    electrodes: pd.DataFrame | None = None,
    region: str | None = None,
    unit: str = "mm",
    default: str = UNKNOWN,
    where: str = "",
) -> pd.DataFrame:
    """One row a channel, in the order of the recording.

    Args:
        subject: The participant.
        names: Of the channels.
        electrodes: One row an electrode with the column ``name``, in any order, and whatever more; None: nothing is known.
        region: Its column that says where an electrode lies; None: the first of the usual names that it has.
        unit: Of its x, y and z: mm, cm or m.
        default: The region of a channel of which nothing is said.
        where: The file, for sentences.

    Returns:
        The columns of :data:`brainalign.data.types.CHANNEL_COLUMNS`, ``status`` (good), and the electrodes' further columns.

    Raises:
        BrainalignError: The column of regions is not there, or an electrode is named twice.

    Example:
        >>> table = pd.DataFrame({"name": ["A1", "A2"], "x": [-0.05, 0.04], "hemi": ["lh", "rh"], "ROI": ["STG", "IFG"]})
        >>> channels_table("01", ["A2", "A1", "A3"], table, unit="m")[["electrode", "region", "hemisphere", "x"]].values.tolist()
        [['A2', 'IFG', 'R', 40.0], ['A1', 'STG', 'L', -50.0], ['A3', 'unknown', 'n/a', nan]]
    """
    out = pd.DataFrame({"subject": subject, "electrode": list(names)})
    if electrodes is None:
        electrodes = pd.DataFrame({"name": pd.Series(dtype=object)})
    twice = electrodes["name"][electrodes["name"].duplicated()]
    if len(twice):
        raise BrainalignError(
            f"{where}, line {twice.index[0]}: electrode {twice.iloc[0]!r} is named twice; names must differ."
        )
    rows = electrodes.set_index("name").reindex(list(names))
    lower = {str(c).lower(): c for c in reversed(list(rows.columns))}
    if region is not None and region not in rows:
        raise BrainalignError(
            f"{where} lacks the column {region!r} (data.region); its columns are {', '.join(map(repr, rows))}."
        )
    column = region or next((lower[c] for c in REGION if c in lower), None)
    said = (
        pd.Series(default, index=rows.index) if column is None else rows[column].fillna(MISSING).astype(str).str.strip()
    )
    out["region"] = said.where(~said.isin(["", MISSING, "nan", "None"]), default).to_numpy()
    side = next((lower[c] for c in HEMISPHERE if c in lower), None)
    out["hemisphere"] = MISSING if side is None else [SIDES.get(str(v).strip().lower(), MISSING) for v in rows[side]]
    for axis in ("x", "y", "z"):
        values = (
            pd.to_numeric(rows[lower[axis]], errors="coerce") if axis in lower else pd.Series(np.nan, index=rows.index)
        )
        out[axis] = values.to_numpy(dtype=np.float64) * MILLIMETRES[unit]
    check_millimetres(out, where or subject)
    if side is None and np.isfinite(out["x"]).any():  # in MNI the left is negative
        out["hemisphere"] = np.select([out["x"] < 0, out["x"] > 0], ["L", "R"], MISSING)
    out["status"] = "good"
    more = [c for c in rows if str(c).lower() not in (*CHANNEL_COLUMNS, *HEMISPHERE) and c != column]
    for c in more:
        numbers = pd.to_numeric(rows[c], errors="coerce")
        known = ~rows[c].isin(["", MISSING]) & rows[c].notna()
        out[str(c)] = (
            numbers.to_numpy()
            if known.any() and numbers[known].notna().all()
            else rows[c].fillna(MISSING).astype(str).to_numpy()
        )
    return out
