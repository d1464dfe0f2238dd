"""A file of arrays as a tree of names: NPZ, HDF5, and MATLAB's two formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.patterns import compiled
from brainalign.data.pointers import check_fetched
from brainalign.errors import BrainalignError, nearest

ENDINGS = (".npz", ".npy", ".h5", ".hdf5", ".hf5", ".hdf", ".mat")

_INDEXED = re.compile(r"(.+)\[(\d+)\]")


class Tree:
    """The arrays of one open file by their path, ``group/name``; nothing is read before it is asked for.

    The elements of a MATLAB struct array are numbered under its fields: ``out/resp/0``, ``out/resp/1``.

    Args:
        path: The file, for sentences.
        root: Of the file: mappings, lists and arrays.
    """

    def __init__(self, path: Path, root: Any) -> None:
        self.path = path
        self._root = root

    @property
    def names(self) -> list[str]:
        """Paths of all arrays, in the file's order."""
        return list(_walk(self._root, ""))

    def matching(self, pattern: str, key: str) -> dict[str, dict[str, str]]:
        """The paths that fit a pattern with fields, and what the fields hold.

        Raises:
            BrainalignError: None fits; the names that there are are told.
        """
        regex = compiled(pattern, key)
        found = {name: m.groupdict() for name in self.names if (m := regex.fullmatch(name))}
        if not found:
            raise BrainalignError(f"{self.path} has no {pattern!r} ({key}); it has {_some(self.names)}.")
        return found

    def has(self, name: str) -> bool:
        """Whether there is such a path."""
        try:
            self._node(name)
        except KeyError:
            return False
        return True

    def __getitem__(self, name: str) -> Any:
        """An array, a string, or a number; HDF5 data sets stay on disk.

        Raises:
            BrainalignError: There is none; the names that there are are told.
        """
        try:
            node = self._node(name)
        except KeyError:
            names = self.names
            hint = nearest(name, names) if len(names) <= 40 else f"it has {_some(names)}"
            raise BrainalignError(f"{self.path} has no {name!r}; {hint}") from None
        if hasattr(node, "keys"):
            raise BrainalignError(f"{self.path}: {name!r} is a group, not an array; it holds {_some(list(node))}.")
        return node

    def _node(self, name: str) -> Any:
        if hasattr(self._root, "files") and name in self._root.files:  # an NPZ's names may hold slashes
            return self._root[name]
        node = self._root
        for part in name.split("/"):
            match = _INDEXED.fullmatch(part)
            for step in match.groups() if match else (part,):
                if (isinstance(node, list | tuple) and step.isdigit() and int(step) < len(node)) or (
                    isinstance(node, np.ndarray) and step.isdigit() and node.ndim and int(step) < len(node)
                ):
                    node = node[int(step)]
                elif hasattr(node, "keys") and step in node:
                    node = node[step]
                else:
                    raise KeyError(name)
        return node


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """Open a file of arrays.

    Raises:
        BrainalignError: It is missing, not fetched, of another kind, or broken.
    """
    if not path.is_file() and not path.is_symlink():
        raise BrainalignError(f"{path} does not exist; it must be a file of arrays ({', '.join(ENDINGS)}).")
    check_fetched(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise BrainalignError(
            f"{path} is no file of arrays that can be read; its ending must be one of {', '.join(ENDINGS)}."
        )
    import h5py

    try:
        if ending == ".npz":
            handle: Any = np.load(path, allow_pickle=False)
        elif ending == ".npy":
            handle = {"responses": np.load(path, mmap_mode="r", allow_pickle=False)}
        elif ending == ".mat":
            from pymatreader import read_mat

            handle = read_mat(path)
        else:
            handle = h5py.File(path)
    except (OSError, ValueError, NotImplementedError, TypeError) as error:
        raise BrainalignError(f"{path} cannot be read ({error}); it may be truncated.") from error
    try:
        yield Tree(path, handle)
    finally:
        if hasattr(handle, "close"):
            handle.close()


def texts(values: Any) -> list[str]:
    """Strings out of whatever a format keeps them as: bytes, characters, object arrays, or one string.

    Example:
        >>> texts(np.array([b"s1", b"s2"])), texts("s1")
        (['s1', 's2'], ['s1'])
    """
    found = np.ravel(np.asarray([values] if isinstance(values, str | bytes) else values))
    return [v.decode() if isinstance(v, bytes) else str(v).strip() for v in found.tolist()]


def numbers(values: Any, what: str) -> NDArray[np.float64]:
    """Numbers out of an array, however it is kept.

    Raises:
        BrainalignError: They are none.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BrainalignError(f"{what} holds no numbers ({error}).") from error


def _walk(node: Any, prefix: str) -> Iterator[str]:
    if hasattr(node, "keys"):
        for name in node:
            if not str(name).startswith(("__", "#")):
                # an NPZ is flat, and looking at an array would read it
                yield from _walk(None if hasattr(node, "files") else node[name], f"{prefix}{name}/")
    elif isinstance(node, list | tuple) and any(hasattr(item, "keys") or hasattr(item, "shape") for item in node):
        for n, item in enumerate(node):
            yield from _walk(item, f"{prefix}{n}/")
    else:
        yield prefix.removesuffix("/")


def _some(names: list[str], most: int = 12) -> str:
    told = ", ".join(map(repr, names[:most]))
    return (told or "nothing") + (f" and {len(names) - most} more" if len(names) > most else "")
