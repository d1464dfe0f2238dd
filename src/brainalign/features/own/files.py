"""Files of somebody's own features: which array is of which stimulus and layer, and what each file says of its rate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from brainalign.data.arrays.tree import Tree, numbers, open_tree
from brainalign.data.files.patterns import find
from brainalign.data.files.reading import reading
from brainalign.errors import BrainalignError

ARRAYS = (".npz", ".npy", ".h5", ".hdf5", ".hf5", ".hdf", ".mat")
TABLES = (".parquet", ".tsv", ".csv")
TENSORS = ".safetensors"
MATLAB = ".mat"
TOLD = ("rate", "start")
"""Names of what a file says of all its arrays."""


@dataclass(frozen=True)
class OwnFile:
    """A file, and of which stimulus and layer it is; None = of all of them.

    Attributes:
        path: The file.
        stimulus: Its id, or None.
        layer: Its number, or None.
    """

    path: Path
    stimulus: str | None = None
    layer: int | None = None


def own_files(path: str) -> list[OwnFile]:
    """The files that ``model.path`` names.

    Args:
        path: Of a file, or a pattern with ``{stimulus}``, ``{layer}`` or both.

    Raises:
        BrainalignError: There is none, a layer is no number, or the ending is of no file that can be read.
    """
    given = Path(path).expanduser()
    if "{" not in path:
        if not given.is_file():
            raise BrainalignError(
                f"model.path={path} is no file; it must be a file of features, or a pattern such as features/{{stimulus}}.npy."
            )
        found = [OwnFile(given)]
    else:
        root = Path(given.anchor) if given.is_absolute() else Path()
        fitting = find(root, given.relative_to(root).as_posix(), "model.path")
        found = [OwnFile(f.path, f.fields.get("stimulus"), _layer(f.fields.get("layer"), f.path)) for f in fitting]
        if not found:
            raise BrainalignError(f"model.path={path} fits no file; {{stimulus}} and {{layer}} stand for their names.")
    for file in found:
        if file.path.suffix.lower() not in (*ARRAYS, *TABLES, TENSORS):
            raise BrainalignError(
                f"model.path={path}: {file.path.name} is no file of features that can be read; its ending must be one of "
                f"{', '.join((*ARRAYS, TENSORS, *TABLES))}."
            )
    return found


def _layer(said: str | None, where: Path, what: str = "") -> int | None:
    if said is None:
        return None
    if not said.isdigit():
        raise BrainalignError(f"{where}{what}: {{layer}} is {said!r}; it must be a whole number, such as 0 or 12.")
    return int(said)


def digest_of(files: list[OwnFile]) -> str:
    """SHA-256 of what all files hold, and of what each is of; not of where they lie.

    Args:
        files: In any order.
    """
    state = hashlib.sha256()
    for file in sorted(files, key=lambda f: (f.stimulus or "", -1 if f.layer is None else f.layer)):
        with file.path.open("rb") as opened:
            state.update(f"{file.stimulus}|{file.layer}|{file.path.suffix.lower()}".encode())
            state.update(hashlib.file_digest(opened, "sha256").digest())
    return state.hexdigest()


@dataclass
class OpenArrays:
    """The arrays of one open file.

    Attributes:
        path: The file.
        tree: Its arrays by name.
        attributes: What the format says beside arrays: HDF5's attributes, safetensors' metadata.
    """

    path: Path
    tree: Tree
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def arrays(self, keys: str | None, own: OwnFile) -> dict[tuple[str | None, int | None], str]:
        """Stimulus and layer -> name of the array.

        Args:
            keys: Pattern of names, with ``{stimulus}``, ``{layer}`` or both; None = ``{stimulus}``, or the one array of a stimulus's file.
            own: What the file is of.

        Raises:
            BrainalignError: No name fits, or a file of one stimulus has several arrays.
        """
        if keys is None and own.stimulus is not None:
            names = [n for n in self.tree.names if n not in TOLD]
            if len(names) != 1:
                raise BrainalignError(
                    f"{self.path} holds {len(names)} arrays ({', '.join(names[:12])}); model.keys must say which, such as "
                    f"model.keys={names[0] if names else 'features'}."
                )
            return {(own.stimulus, own.layer): names[0]}
        found: dict[tuple[str | None, int | None], str] = {}
        for name, fields in self.tree.matching(keys or "{stimulus}", "model.keys").items():
            if keys is None and name in TOLD:
                continue
            place = fields.get("stimulus", own.stimulus), _layer(fields.get("layer"), self.path, f", {name!r}")
            place = (place[0], own.layer) if "layer" not in fields else place
            if self.tree.is_list(parent := name.rpartition("/")[0]) and name.endswith(f"/{fields.get('stimulus')}"):
                raise BrainalignError(
                    f"{self.path}: {parent!r} is a list (a cell or struct array), whose parts have no names; save a struct with a "
                    "field a stimulus, or a file a stimulus."
                )
            if place in found:
                raise BrainalignError(
                    f"{self.path}: model.keys={keys} fits both {found[place]!r} and {name!r}; it must fit one array a stimulus and layer."
                )
            found[place] = name
        return found

    def stated(self, what: str, name: str) -> float | None:
        """The rate or start that the file says, of an array or of all: a number of that name, or an attribute.

        Args:
            what: ``rate`` or ``start``.
            name: Of the array.

        Raises:
            BrainalignError: It is no number.
        """
        if self.tree.has(what):
            value: Any = self.tree[what]
            value = value[()] if hasattr(value, "shape") else value
        else:
            array = self.tree[name]
            value = getattr(array, "attrs", {}).get(what, self.attributes.get(what))
        if value is None:
            return None
        found = numbers(float(value) if isinstance(value, str) else value, f"{self.path}: {what!r}").ravel()
        if found.size != 1:
            raise BrainalignError(f"{self.path}: {what!r} holds {found.size} numbers; it must be one, for all arrays.")
        return float(found[0])


@contextmanager
def open_arrays(path: Path) -> Iterator[OpenArrays]:
    """Open a file of arrays: NPY, NPZ, HDF5, MATLAB or safetensors.

    Args:
        path: The file.

    Raises:
        BrainalignError: It cannot be read.
    """
    with ExitStack() as stack:
        if path.suffix.lower() == MATLAB:
            at = path.stat()
            yield OpenArrays(path, _matlab(path, at.st_mtime_ns, at.st_size))
            return
        if path.suffix.lower() != TENSORS:
            tree = stack.enter_context(open_tree(path))
            yield OpenArrays(path, tree, dict(getattr(tree.root, "attrs", {})))
            return
        from safetensors import safe_open

        with reading(path, "a file of arrays (.safetensors)"):
            opened = stack.enter_context(safe_open(path, framework="numpy"))
            yield OpenArrays(path, Tree(path, _Tensors(opened)), opened.metadata() or {})


@lru_cache(maxsize=1)
def _matlab(path: Path, modified: int, size: int) -> Tree:
    """A MATLAB file, which is read whole: once, and not again for each stimulus."""
    with open_tree(path) as tree:
        return tree


class _Tensors:
    """A safetensors file as :class:`Tree` takes one: flat names, which may hold slashes."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        self.files = list(opened.keys())

    def keys(self) -> list[str]:
        return self.files

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __contains__(self, name: str) -> bool:
        return name in self.files

    def __getitem__(self, name: str) -> Any:
        return self._opened.get_tensor(name)
