"""A cascade of layers: each holds most of the one before it, and something new.

    L_0 = N_0,    L_k = c L_(k-1) + sqrt(1 - c^2) N_k

N_k are smooth noises of variance 1, independent of each other, so that successive layers correlate at c in each dimension and layers
k apart at c^k.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated.responses import noise

Array = NDArray[np.float64]
Cascade = dict[str, dict[str, Array]]
"""Layer, as ``layer0``, -> stimulus -> (frames, dims)."""

SLOWNESS = 0.99
"""Correlation of successive 20 ms frames of each N_k: changes over about two seconds, which a haemodynamic response lets through."""


def cascade(durations: Mapping[str, float], layers: int, dims: int, correlation: float, seed: int) -> Cascade:
    """Draw the layers over all stimuli, on the speech frame grid.

    Args:
        durations: Stimulus -> seconds.
        layers: How many.
        dims: Of each layer.
        correlation: c, of successive layers.
        seed: Of all noises.

    Example:
        >>> found = cascade({"story": 600.0}, layers=3, dims=4, correlation=0.85, seed=0)
        >>> a, b = (found[name]["story"].ravel() for name in ("layer0", "layer1"))
        >>> bool(abs(np.corrcoef(a, b)[0, 1] - 0.85) < 0.05)
        True
    """
    out: Cascade = {f"layer{k}": {} for k in range(layers)}
    for place, (stimulus, seconds) in enumerate(durations.items()):
        below = np.zeros((0, dims))
        for k in range(layers):
            new = noise((FrameGrid.speech(seconds).n, dims), SLOWNESS, np.random.default_rng([seed, 9, place, k]))
            below = correlation * below + np.sqrt(1 - correlation**2) * new if k else new
            out[f"layer{k}"][stimulus] = below
    return out
