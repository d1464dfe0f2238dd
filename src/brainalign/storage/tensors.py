"""One cache file: a safetensors file, written by rename, read through a memory map, checked by its checksums."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError

_STORED = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "U8": "u1", "BOOL": "?"}


def save_tensors(
    target: Path,
    key: str,
    groups: Mapping[str, Mapping[str, NDArray[Any]]],
    about: Mapping[str, Any] | None = None,
    *,
    what: str,
) -> None:
    """Write group -> name -> array under a temporary name and rename; each group has a checksum, and so has what is said of them.

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
    metadata["header"] = _header_sum(metadata)
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
    header, data, metadata = _open(file)
    if key is not None and metadata["key"] != key:
        raise ValueError("it belongs to something else")
    tensors = {}
    try:
        for name in sorted(n for n in header if n.startswith(group)):
            begin, end = header[name]["data_offsets"]
            if end > len(data):
                raise ValueError("it is cut off")
            flat = data[begin:end].view(_STORED[header[name]["dtype"]])
            tensors[name] = flat.reshape(header[name]["shape"])
        noted = json.loads(metadata["checksums"])[group]
        if check and noted != (_crc(tensors) if isinstance(noted, int) else _checksum(tensors)):
            raise ValueError("its checksum is wrong")
    except (KeyError, TypeError) as error:
        raise ValueError(f"it was not written by brainalign: no {error}") from error
    return tensors


def about(file: Path) -> dict[str, Any]:
    """What :func:`save_tensors` was told of it.

    Args:
        file: Written by :func:`save_tensors`.

    Raises:
        ValueError: The file is none, or its header is damaged.
        OSError: It cannot be read.
    """
    return dict(json.loads(_open(file)[2]["about"]))


def _open(file: Path) -> tuple[dict[str, Any], NDArray[np.uint8], dict[str, str]]:
    """Header, data and what we said of them, in a safetensors file: 8 bytes with the header's length, the header in JSON, the data."""
    if file.stat().st_size < 8:
        raise ValueError("it is cut off")
    content = np.memmap(file, mode="r")
    size = int.from_bytes(content[:8].tobytes(), "little")
    if size > len(content) - 8:
        raise ValueError("it is cut off, or no safetensors file")
    header = json.loads(content[8 : 8 + size].tobytes())
    if not isinstance(header, dict):
        raise ValueError("it is no safetensors file")
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not {"key", "checksums", "about"} <= set(metadata):
        raise ValueError("it was not written by brainalign")
    if "header" not in metadata:
        raise ValueError("its header has no checksum, as an earlier release wrote it")
    if metadata["header"] != _header_sum(metadata):
        raise ValueError("its header's checksum is wrong")
    return header, np.asarray(content)[8 + size :], metadata


def _header_sum(metadata: Mapping[str, str]) -> str:
    """CRC-32 of what is said of the arrays, their own checksums among it."""
    return str(zlib.crc32(json.dumps([metadata[name] for name in ("key", "checksums", "about")]).encode()))


def _checksum(tensors: Mapping[str, NDArray[Any]]) -> str:
    """XXH3 of names, types, shapes and bytes, which is as fast as memory."""
    from xxhash import xxh3_64

    state = xxh3_64()
    for part in _parts(tensors):
        state.update(part)
    return state.hexdigest()


def _crc(tensors: Mapping[str, NDArray[Any]]) -> int:
    """CRC-32 of the same, which files have that were written before."""
    state = 0
    for part in _parts(tensors):
        state = zlib.crc32(part, state)
    return state


def _parts(tensors: Mapping[str, NDArray[Any]]) -> Iterator[bytes | memoryview]:
    for name in sorted(tensors):
        yield f"{name}{tensors[name].dtype}{tensors[name].shape}".encode()
        yield tensors[name].reshape(-1).view(np.uint8).data
