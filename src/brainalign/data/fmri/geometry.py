"""Where channels lie in an image: the voxels of a volume, or the vertices of a surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VOXEL = ("i", "j", "k")
"""Columns of a channels table that hold a voxel's place in its volume."""

VERTEX = "vertex"
"""Column that holds a vertex's place in its hemisphere's surface; the column ``hemisphere`` says which."""


@dataclass(frozen=True)
class Volume:
    """A grid of voxels; a channel is the voxel (i, j, k) of the channels table.

    Attributes:
        affine: (4, 4) from voxel to mm.
        shape: Voxels along each axis.
    """

    affine: NDArray[np.float64]
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Surface:
    """A mesh for each hemisphere; a channel is the vertex ``vertex`` of its ``hemisphere``.

    Attributes:
        vertices: Hemisphere (``L``, ``R``) -> how many vertices its mesh has.
    """

    vertices: Mapping[str, int]


Geometry = Volume | Surface
