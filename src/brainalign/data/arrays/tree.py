"""A file of arrays as a tree of names: NPZ, HDF5, and MATLAB's two formats."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.arrays.matlab import is_object, size
from brainalign.data.files.patterns import Names
from brainalign.data.files.reading import reading
from brainalign.errors import BrainalignError, nearest

ENDINGS = (".npz", ".npy", ".h5", ".hdf5", ".hf5", ".hdf", ".mat")

_INDEXED = re.compile(r"(.+)\[(\d+)\]")
_INDEX = re.compile(r"\[(\d+)\]")


class Tree:
    """The arrays of one open file by their path, ``group/name``; nothing is read before it is asked for.

    The elements of a MATLAB struct array are numbered under its fields: ``out/resp/0``, ``out/resp/1``.

    Args:
        path: The file, for sentences.
        root: Of the file: mappings, lists and arrays.
    """

    def __init__(self, path: Path, root: Any) -> None:
        self.path = path
        self.root = root
        self._alone = False  # whether a struct array has one element, which readers tell as a struct

    @property
    def names(self) -> list[str]:
        """Paths of all arrays, in the file's order."""
        return list(_walk(self.root, ""))

    def matching(self, pattern: str, key: str) -> dict[str, dict[str, str]]:
        """The paths that fit a pattern with fields, and what the fields hold.

        Raises:
            BrainalignError: None fits; the names that there are are told. Or one fits in more than one way.
        """
        fit, all_names = Names(_INDEX.sub(r"/\1", pattern), key), self.names
        found = {name: fields for name in all_names if (fields := fit.fields(name)) is not None}
        if not found and self.is_matlab:
            found = {f"{n}/0": fields for n in all_names if (fields := fit.fields(f"{n}/0")) is not None}
            self._alone = bool(found)
        if not found:
            raise BrainalignError(f"{self.path} has no {pattern!r} ({key}); it has {_some(self.names)}.")
        return found

    @property
    def is_matlab(self) -> bool:
        """Whether the file is MATLAB's, whose axes of length one may be lost."""
        return self.path.suffix.lower() == ".mat"

    def with_axes(self, name: str, axes: int) -> Any:
        """An array with so many axes, where MATLAB or its reader has dropped those of length one; else as it is."""
        array = self[name]
        shape = np.shape(array)
        if not self.is_matlab or len(shape) == axes or not isinstance(array, np.ndarray | float | int):
            return array
        whole = size(self.path, name)
        whole += (1,) * (axes - len(whole))
        if len(whole) > axes and set(whole[axes:]) == {1}:
            whole = whole[:axes]
        return np.reshape(array, whole) if len(whole) == axes and np.prod(whole) == np.size(array) else array

    def whole(self, name: str) -> Any:
        """An array with all its axes, also those of length one that readers of MATLAB's files drop."""
        array = self[name]
        return np.reshape(array, size(self.path, name)) if self.is_matlab and isinstance(array, np.ndarray) else array

    def is_list(self, name: str) -> bool:
        """Whether there is something at a path whose parts have numbers and no names: a MATLAB cell or struct array."""
        return self.has(name) and isinstance(self._node(name), list | tuple)

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
            BrainalignError: There is none; the names that there are are told. Or it is an object that nothing but MATLAB or Python reads.
        """
        try:
            node = self._node(name)
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise
            raise BrainalignError(
                f"{self.path}: {name!r} holds Python objects, which are not read; save it as text or numbers, as by "
                "np.asarray(names, dtype=str)."
            ) from error
        except KeyError:
            names = self.names
            hint = nearest(name, names) if len(names) <= 40 else f"it has {_some(names)}"
            raise BrainalignError(f"{self.path} has no {name!r}; {hint}") from None
        if self.is_matlab and is_object(node):
            raise BrainalignError(
                f"{self.path}: {name!r} is a MATLAB object (string, categorical, table or datetime), which nothing but MATLAB reads; "
                f"save it as cellstr({name.rsplit('/', 1)[-1]}), char or numbers."
            )
        if hasattr(node, "keys"):
            raise BrainalignError(f"{self.path}: {name!r} is a group, not an array; it holds {_some(list(node))}.")
        return node

    def _node(self, name: str) -> Any:
        if hasattr(self.root, "files") and name in self.root.files:  # an NPZ's names may hold slashes
            return self.root[name]
        node = self.root
        for part in name.split("/"):
            match = _INDEXED.fullmatch(part)
            for step in match.groups() if match else (part,):
                if self._alone and step == "0" and not isinstance(node, list | tuple):
                    continue
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
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise BrainalignError(
            f"{path} is no file of arrays that can be read; its ending must be one of {', '.join(ENDINGS)}."
        )
    import h5py

    with reading(path, f"a file of arrays ({ending})"), ExitStack() as stack:
        if ending == ".npz":
            handle: Any = stack.enter_context(np.load(path, allow_pickle=False))
        elif ending == ".npy":
            handle = {"responses": np.load(path, mmap_mode="r", allow_pickle=False)}
        elif ending == ".mat":
            from pymatreader import read_mat

            with warnings.catch_warnings(action="ignore"):  # objects are told where one is asked for
                handle = read_mat(path)
        else:
            handle = stack.enter_context(h5py.File(path))
        yield Tree(path, handle)


def texts(values: Any, what: str) -> list[str]:
    """Strings out of whatever a format keeps them as: bytes, characters, object arrays, numbers, or one string.

    Args:
        values: As a file has them.
        what: Their key, for the sentence.

    Raises:
        BrainalignError: One is neither text nor a number, such as a MATLAB string, which its readers give as None.

    Example:
        >>> texts(np.array([b"s1", b"s2"]), "names"), texts("s1", "name"), texts([3.0, 4.0], "number")
        (['s1', 's2'], ['s1'], ['3', '4'])
    """
    return [_text(value, what) for value in _flat(values)]


def _flat(values: Any) -> list[Any]:
    if isinstance(values, str | bytes) or np.ndim(values) == 0:
        values = values[()] if hasattr(values, "shape") else values  # HDF5 keeps single texts as data sets
        return [values]
    if isinstance(values, list | tuple):
        return [v.item() if isinstance(v, np.ndarray) and v.size == 1 else v for v in values]
    found: list[Any] = np.ravel(np.asarray(values)).tolist()
    return found


def _text(value: Any, what: str) -> str:
    if isinstance(value, bytes):
        return value.decode().strip()
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and np.isfinite(value):
        return str(int(value) if value.is_integer() else value)  # MATLAB's numbers are doubles
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BrainalignError(
        f"{what} holds {'no text' if value is None else repr(value)[:60]} where a name must be; save names as text (in MATLAB: cellstr)."
    )


def numbers(values: Any, what: str) -> NDArray[np.float64]:
    """Numbers out of an array, however it is kept.

    Raises:
        BrainalignError: They are none.
    """
    if values is None or np.iscomplexobj(values):  # NumPy would make NaN of the one, and drop half of the other
        raise BrainalignError(
            f"{what} holds {'nothing' if values is None else 'complex numbers'}; real numbers are needed."
        )
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
