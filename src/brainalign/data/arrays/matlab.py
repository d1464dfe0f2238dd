"""What pymatreader does not tell of a MATLAB file: sizes with their axes of length one, and objects that only MATLAB can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

OBJECT = 0xDD000000
"""First number of an opaque object (string, categorical, table, datetime) as HDF5 stores it."""


def is_object(node: Any) -> bool:
    """Whether a value stands for a MATLAB object: None for strings, or the numbers by which MATLAB finds it."""
    if node is None:
        return True
    if isinstance(node, dict):
        return {"s0", "s1", "s2"} <= set(node) or "_TypeSystem" in node
    return isinstance(node, np.ndarray) and node.dtype == np.uint32 and node.size >= 4 and int(node.flat[0]) == OBJECT


def size(path: Path, name: str) -> tuple[int, ...]:
    """The size of an array as MATLAB has it, axes of length one included; ``name`` is ``group/name`` or ``struct/field/3``.

    Raises:
        KeyError: There is no such array.
    """
    import h5py

    steps = name.replace("[", "/").replace("]", "").split("/")
    if h5py.is_hdf5(path):
        with h5py.File(path) as file:
            return _size_hdf5(file, steps)
    from scipy.io import loadmat

    node: Any = loadmat(path, variable_names=[steps[0]], squeeze_me=False)
    for step in steps:
        if step.isdigit() and isinstance(node, np.ndarray):
            node = node if step == "0" and node.dtype != object else node.ravel()[int(step)]
        else:
            node = node[step]
            if isinstance(node, np.ndarray) and node.dtype == object and node.size == 1:
                node = node.item()
    return tuple(np.shape(node))


def _size_hdf5(file: Any, steps: list[str]) -> tuple[int, ...]:
    import h5py

    node = file
    for step in steps:
        if step.isdigit() and isinstance(node, h5py.Dataset):
            if node.dtype == h5py.ref_dtype:
                node = file[node[()].ravel()[int(step)]]
        else:
            node = node[step]
    if node.dtype == h5py.ref_dtype and node.size == 1:  # a cell of one
        node = file[node[()].item()]
    return tuple(reversed(node.shape))
