"""One file a competitor, with two functions.

``fit(problem, inputs, device)`` solves the problem as a user of that library would; ``least_bytes(problem)`` is what it holds at
the least, so that one that cannot fit is refused before it takes the machine down.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

PEERS = {
    "brainalign": "brainalign_trf",
    "brainalign-nested": "brainalign_nested",
    "himalaya": "himalaya_float64",
    "himalaya-lean": "himalaya_lean",
    "himalaya-torch": "himalaya_torch",
    "himalaya-float32": "himalaya_float32",
    "sklearn": "sklearn_loop",
    "mtrf": "mtrf_trf",
    "mtrf-parts": "mtrf_parts",
    "mne": "mne_ridge",
    "naplib": "naplib_trf",
}
"""Name on the command line -> module."""

DISTRIBUTIONS = (
    "brainalign", "torch", "numpy", "scipy", "scikit-learn", "himalaya", "mtrf", "mne", "numba", "naplib",
)  # fmt: skip
"""Whose versions RESULTS.md states."""


def load(name: str) -> ModuleType:
    """The module of a competitor; importing it imports the library, with the library's own error where it cannot."""
    return import_module(f"benchmarks.peers.{PEERS[name]}")
