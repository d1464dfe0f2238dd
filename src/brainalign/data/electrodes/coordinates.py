"""Where electrodes lie: the unit of their coordinates, told or by plausible size, and the hemisphere where x tells it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.channels import check_millimetres
from brainalign.data.formats import UNITS
from brainalign.errors import BrainalignError, nearest

NAMES = {
    **{f"{prefix}{word}{s}": unit for prefix, unit in (("milli", "mm"), ("centi", "cm"), ("", "m"), ("micro", "um"))
       for word in ("meter", "metre") for s in ("", "s")},
    **dict.fromkeys(("micron", "microns", "µm", "μm"), "um"),
    **dict.fromkeys(("", "n/a", "none", "unknown"), None),
    **dict.fromkeys(("pixel", "pixels", "px", "voxels"), "pixels"),
}  # fmt: skip
"""How else units are written; None: the file does not say."""

CENTIMETRES, HEAD, MICRONS = 13.0, 250.0, 3000.0
"""Largest coordinates of a head's electrodes: below the first they are centimetres; no electrode lies further than HEAD millimetres from
the origin; above the last they are micrometres."""

RIGHT = re.compile(
    r"MNI|ICBM|IXI549|fs(?:average|LR|native)|Talairach|ACPC|Scan(?:RAS|ner)|T1w|NIHPD|UNCInfant|OASIS|CapTrak|Elekta|Chieti",
    re.I,
)
"""Coordinate systems, as BIDS names them, whose x runs from left to right."""

TEMPLATE = re.compile(r"MNI|ICBM|IXI549|fs(?:average|LR)|NIHPD|UNCInfant|OASIS", re.I)
"""Those of a template brain."""


def unit_named(said: object, where: str) -> str | None:
    """A unit as a file writes it: mm, cm, m, um, ``pixels``, or None where it does not say.

    Raises:
        BrainalignError: It is none.

    Example:
        >>> unit_named("Millimeters", "coordsystem.json"), unit_named("n/a", "coordsystem.json")
        ('mm', None)
    """
    word = str(said).strip().lower()
    if word in UNITS:
        return word
    if word in NAMES:
        return NAMES[word]
    raise BrainalignError(f"{where}={said!r} is unknown; {nearest(word, UNITS)}")


def in_millimetres(places: NDArray[np.float64], unit: str | None, where: str, notes: list[str]) -> NDArray[np.float64]:
    """Coordinates in millimetres; NaN where they cannot be a place in a head.

    Without a unit it is told by the size of the largest coordinate of half the electrodes: 0.3 to 13 are centimetres, up to 250
    millimetres, above 3,000 micrometres. What fits none (pixels) is left out, and all of this is said.

    Args:
        places: (n, 3), NaN where unknown.
        unit: mm, cm, m, um, ``pixels``, or None: not told.
        where: The file, for sentences.
        notes: Gets what was inferred and what was left out.

    Raises:
        BrainalignError: They look like metres and are not said to be.

    Example:
        >>> notes = []
        >>> in_millimetres(np.array([[-6.0, 1.0, 2.0]]), None, "electrodes.tsv", notes).tolist(), notes
        ([[-60.0, 10.0, 20.0]], ['electrodes.tsv: no unit of the coordinates is given; by their size (6) they are taken as cm.'])
        >>> in_millimetres(np.array([[-0.05, 0.01, 0.02]]), None, "channels.tsv", [])  # doctest: +NORMALIZE_WHITESPACE
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: channels.tsv: the largest coordinate is 0.05, which looks like metres; x,
        y and z must be millimetres (times 1000).
    """
    known = np.isfinite(places).all(axis=1)
    if not known.any():
        return places
    size = float(np.median(np.abs(places[known]).max(axis=1)))
    if unit == "pixels":
        notes.append(f"{where}: coordinates in pixels are no places in a brain; they are left out.")
        return np.full_like(places, np.nan)
    if unit in (None, "mm"):
        check_millimetres(pd.DataFrame(places, columns=["x", "y", "z"]), where)
    if unit is None:
        unit = "cm" if size < CENTIMETRES else "mm" if size <= HEAD else "um" if size >= MICRONS else None
        if unit is None:
            notes.append(
                f"{where}: no unit of the coordinates is given, and by their size ({size:g}) none fits a head; pixels? They are left out."
            )
            return np.full_like(places, np.nan)
        notes.append(
            f"{where}: no unit of the coordinates is given; by their size ({size:g}) they are taken as {unit}."
        )
    elif size * UNITS[unit] < CENTIMETRES:
        notes.append(
            f"{where}: half the electrodes lie within {size * UNITS[unit]:g} mm of the origin; are the coordinates really in {unit}?"
        )
    out = places * UNITS[unit]
    far = known & (np.abs(np.nan_to_num(out)).max(axis=1) > HEAD)
    if far.any():
        notes.append(
            f"{where}: {int(far.sum())} of {int(known.sum())} electrodes lie more than {HEAD:g} mm from the origin, outside any head; "
            "their place is left out (is the unit right?)."
        )
        out[far] = np.nan
    return np.asarray(out)


def hemispheres(x: NDArray[np.float64], space: str, where: str, notes: list[str]) -> NDArray[np.str_]:
    """L and R by the sign of x, in spaces where x runs from left to right; else ``n/a``.

    Args:
        x: (n,) mm, NaN where unknown.
        space: The coordinate system, as BIDS names it; ``n/a`` where nobody said.
        where: The file, for the sentence.
        notes: Gets what was concluded, or that nothing was.

    Example:
        >>> notes = []
        >>> hemispheres(np.array([-40.0, 35.0, np.nan]), "MNI152Lin", "electrodes.tsv", notes).tolist()
        ['L', 'R', 'n/a']
        >>> hemispheres(np.array([-40.0]), "Other", "electrodes.tsv", notes).tolist()
        ['n/a']
    """
    known = int(np.isfinite(x).sum())
    if not known:
        return np.full(len(x), "n/a")
    if not RIGHT.search(space):
        notes.append(
            f"{where}: no hemisphere is told of {known} electrodes, and the sign of x tells none in the coordinate system {space!r}; a "
            "column hemisphere (L, R) does."
        )
        return np.full(len(x), "n/a")
    notes.append(
        f"{where}: the hemisphere of {known} electrodes is taken from the sign of x ({space}: left is below 0)."
    )
    return np.asarray(np.select([x < 0, x > 0], ["L", "R"], "n/a"))
