"""One cache file: a safetensors file, written by rename, read through a memory map, checked by its checksums."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.features.base import Rows

DTYPES = ("float32", "float16")
_PARTS = ("values", "onset", "offset")
_STORED = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "BOOL": "?"}


def save(
    target: Path,
    key: str,
    groups: Mapping[str, Mapping[str, Rows]],
    dtype: str = "float32",
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write group -> stimulus -> rows; see :func:`save_tensors`.

    Args:
        target: The file.
        key: Whose rows they are.
        groups: Prefix of names -> stimulus -> Rows.
        dtype: Of the values; times are float64.
        about: What a person may want to know of it.

    Raises:
        BrainalignError: The folder cannot be written to.
    """
    tensors: dict[str, dict[str, NDArray[Any]]] = {}
    for group, rows in groups.items():
        mine = tensors.setdefault(group, {})
        for stimulus, r in rows.items():
            mine[f"{group}{stimulus}/values"] = np.ascontiguousarray(r.values, dtype=dtype)
            mine[f"{group}{stimulus}/onset"] = np.ascontiguousarray(r.onset, dtype=np.float64)
            mine[f"{group}{stimulus}/offset"] = np.ascontiguousarray(r.offset, dtype=np.float64)
    save_tensors(target, key, tensors, about, what="features")


def save_tensors(
    target: Path,
    key: str,
    groups: Mapping[str, Mapping[str, NDArray[Any]]],
    about: Mapping[str, Any] | None = None,
    *,
    what: str,
) -> None:
    """Write group -> name -> array under a temporary name and rename; each group has a checksum.

    Args:
        target: The file.
        key: Whose numbers they are.
        groups: Prefix of names -> name, which begins with it -> array.
        about: What a person may want to know of it.
        what: Is written, for the message.

    Raises:
        BrainalignError: The folder cannot be written to.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(v).reshape(v.shape) for mine in groups.values() for name, v in mine.items()}
    sums = {group: _checksum({name: tensors[name] for name in mine}) for group, mine in groups.items()}
    metadata = {"key": key, "checksums": json.dumps(sums), "about": json.dumps(dict(about or {}))}
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, metadata=metadata)
        temporary.replace(target)
    except (OSError, SafetensorError) as error:
        raise BrainalignError(
            f"{what} cannot be written to {target.parent} ({error}); set paths.cache to a folder with room."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def load(file: Path, key: str | None = None, group: str = "", *, check: bool = True) -> dict[str, Rows]:
    """One group of a file of rows, as views into the file: what is not looked at is not read.

    Args:
        file: Written by :func:`save`.
        key: Whose rows they should be; None = anyone's.
        group: Prefix of names.
        check: Whether the checksum is compared, for which all of the group is read once.

    Returns:
        Stimulus -> Rows, read-only, in the order of names.

    Raises:
        ValueError: The file is damaged or belongs to something else.
        OSError: It cannot be read.
    """
    tensors = load_tensors(file, key, group, check=check)
    stimuli = sorted({name.rsplit("/", 1)[0] for name in tensors})
    try:
        return {s.removeprefix(group): Rows(*(tensors[f"{s}/{part}"] for part in _PARTS)) for s in stimuli}
    except KeyError as error:
        raise ValueError(f"it was not written by brainalign: no {error}") from error


def load_tensors(file: Path, key: str | None = None, group: str = "", *, check: bool = True) -> dict[str, NDArray[Any]]:
    """One group of a file, name -> array, as read-only views into the file.

    Args:
        file: Written by :func:`save_tensors`.
        key: Whose numbers they should be; None = anyone's.
        group: Prefix of names.
        check: Whether the checksum is compared, for which all of the group is read once.

    Raises:
        ValueError: The file is damaged or belongs to something else.
        OSError: It cannot be read.
    """
    header, data = _open(file)
    metadata = header.pop("__metadata__", {})
    if key is not None and metadata.get("key") != key:
        raise ValueError("it belongs to something else")
    tensors = {}
    try:
        for name in sorted(n for n in header if n.startswith(group)):
            begin, end = header[name]["data_offsets"]
            flat = data[begin:end].view(_STORED[header[name]["dtype"]])
            tensors[name] = flat.reshape(header[name]["shape"])
        if check and _checksum(tensors) != json.loads(metadata["checksums"])[group]:
            raise ValueError("its checksum is wrong")
    except (KeyError, TypeError) as error:
        raise ValueError(f"it was not written by brainalign: no {error}") from error
    return tensors


def about(file: Path) -> dict[str, Any]:
    """What :func:`save` was told of it.

    Args:
        file: Written by :func:`save`.

    Raises:
        ValueError: The file is none.
        OSError: It cannot be read.
    """
    try:
        return dict(json.loads(_open(file)[0]["__metadata__"]["about"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it was not written by brainalign: no {error}") from error


def _open(file: Path) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """Header and data of a safetensors file: 8 bytes with the header's length, the header in JSON, the data."""
    if file.stat().st_size < 8:
        raise ValueError("it is cut off")
    content = np.memmap(file, mode="r")
    size = int.from_bytes(content[:8].tobytes(), "little")
    if size > len(content) - 8:
        raise ValueError("it is cut off, or no safetensors file")
    header = json.loads(content[8 : 8 + size].tobytes())
    if not isinstance(header, dict):
        raise ValueError("it is no safetensors file")
    return header, np.asarray(content)[8 + size :]


def _checksum(tensors: Mapping[str, NDArray[Any]]) -> int:
    """CRC-32 of names, shapes and bytes."""
    state = 0
    for name in sorted(tensors):
        state = zlib.crc32(f"{name}{tensors[name].shape}".encode(), state)
        state = zlib.crc32(tensors[name].reshape(-1).view(np.uint8).data, state)
    return state
