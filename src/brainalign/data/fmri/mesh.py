"""Where the vertices of a standard surface lie, which files of responses do not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.fmri.geometry import VERTEX

FSAVERAGE5 = 10242
"""Vertices of a hemisphere of the mesh that nilearn has within its package."""

BESIDE = 0.1
"""Millimetres from the middle that a vertex is at least drawn at: some of the medial wall lie a millimetre beyond it."""


def fsaverage5() -> dict[str, Any]:
    """Hemisphere (``L``, ``R``) -> pial mesh of fsaverage5, as nilearn has it: ``coordinates`` (10242, 3) in mm, ``faces``."""
    from nilearn.datasets import load_fsaverage

    parts = load_fsaverage("fsaverage5")["pial"].parts
    return {"L": parts["left"], "R": parts["right"]}


def mesh_note(vertices: Mapping[str, int]) -> str:
    """What must be known of a mesh that is taken for fsaverage5; empty for any other.

    Args:
        vertices: Hemisphere -> how many its mesh has.

    Example:
        >>> mesh_note({"L": 10242})
        'Surfaces of 10242 vertices a hemisphere are taken for fsaverage5, by their number alone: where vertices lie is read off its mesh.'
        >>> mesh_note({"L": 10242, "R": 8})
        ''
    """
    if set(vertices.values()) != {FSAVERAGE5}:
        return ""
    return (
        f"Surfaces of {FSAVERAGE5} vertices a hemisphere are taken for fsaverage5, by their number alone: where vertices lie is read off "
        "its mesh."
    )


def vertex_places(table: pd.DataFrame, vertices: Mapping[str, int]) -> NDArray[np.float64]:
    """x, y, z of each vertex in mm; NaN where the mesh is none that is at hand.

    Args:
        table: With the columns hemisphere and vertex.
        vertices: Hemisphere -> how many its mesh has: by their number a mesh is taken for fsaverage5.

    Returns:
        (rows, 3), left of the middle in the left hemisphere and right of it in the right one.

    Example:
        >>> table = pd.DataFrame({"hemisphere": ["L", "R"], "vertex": [0, 0]})
        >>> vertex_places(table, {"L": 10242, "R": 10242})[:, 0].round().tolist()
        [-39.0, 28.0]
        >>> bool(np.isnan(vertex_places(table, {"L": 8, "R": 5})).all())
        True
    """
    found = np.full((len(table), 3), np.nan)
    if set(vertices.values()) != {FSAVERAGE5}:
        return found
    vertex, side = table[VERTEX].to_numpy(dtype=np.int64), table["hemisphere"].to_numpy(dtype=str)
    for hemisphere, mesh in fsaverage5().items():
        mine, sign = side == hemisphere, -1.0 if hemisphere == "L" else 1.0
        found[mine] = mesh.coordinates[vertex[mine]]
        found[mine, 0] = sign * np.maximum(sign * found[mine, 0], BESIDE)
    return found
