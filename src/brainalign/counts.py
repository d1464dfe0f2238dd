"""Numbers as sentences have them: how many of a thing, and a value's interval."""

from __future__ import annotations

import math


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number of things.

    Args:
        n: How many.
        noun: What one of them is called.
        plural: What several are called, where that is not the noun with an s.

    Example:
        >>> count(1, "electrode"), count(3, "electrode"), count(1200, "frame"), count(2, "stimulus", "stimuli")
        ('1 electrode', '3 electrodes', '1200 frames', '2 stimuli')
    """
    return f"{n} {noun if n == 1 else plural or several(noun)}"


def several(place: str) -> str:
    """What several places are called: electrodes, sensors, voxels, vertices, regions.

    Args:
        place: What one is called.

    Example:
        >>> several("voxel"), several("vertex")
        ('voxels', 'vertices')
    """
    return "vertices" if place == "vertex" else f"{place}s"


def ends(low: float, high: float, form: str = ".3f") -> str:
    """The interval that stands behind a value; nothing where there is none.

    Args:
        low: Lower end; NaN where there is none.
        high: Upper end.
        form: As the value is written.

    Example:
        >>> ends(0.12345, 0.2), ends(float("nan"), float("nan")), ends(12.3, 45.6, ".0f")
        (' [0.123, 0.200]', '', ' [12, 46]')
    """
    return f" [{low:{form}}, {high:{form}}]" if math.isfinite(low) and math.isfinite(high) else ""
