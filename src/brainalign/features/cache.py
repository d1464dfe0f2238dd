"""Cache of extracted rows: a file a layer, named by the hash of what determines its content."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import uuid
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.features.base import Rows

log = logging.getLogger(__name__)

_PARTS = ("values", "onset", "offset")


class FeatureCache:
    """Rows by identity: stimuli, checkpoint, settings and extractor version; not path, device or batch.

    A file is written under a temporary name and renamed, so it is whole or not there; a file damaged later is
    found by its checksum, named, and extracted again.

    Args:
        folder: Where the files lie; made when the first is written.

    Example:
        >>> import tempfile
        >>> cache = FeatureCache(Path(tempfile.mkdtemp()))
        >>> key = cache.key("digest of the stimuli", {"kind": "mel"}, version=1, layer=0)
        >>> cache.write(key, {"s1": Rows(np.ones((2, 3)), np.zeros(2), np.ones(2))})
        >>> cache.read(key)["s1"].values.shape
        (2, 3)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder) / "features"

    def key(self, stimuli_digest: str, identity: Mapping[str, Any], version: int, layer: int) -> str:
        """Hash of everything that determines a layer's rows."""
        text = json.dumps([stimuli_digest, dict(identity), version, layer], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def has(self, key: str) -> bool:
        """Whether there is a file; it is not looked into."""
        return self._file(key).exists()

    def read(self, key: str) -> dict[str, Rows] | None:
        """Stimulus -> rows of a layer, or None where there is no file or a damaged one.

        Args:
            key: From :meth:`key`.
        """
        return _load(self._file(key), key, "") if self.has(key) else None

    def write(self, key: str, rows: Mapping[str, Rows]) -> None:
        """Write a layer whole or not at all.

        Args:
            key: From :meth:`key`.
            rows: Stimulus -> Rows; values are kept as float32.
        """
        _save(self._file(key), key, {"": rows})

    def unfinished(self, keys: Sequence[str]) -> Unfinished:
        """Where an extraction of these layers sets aside what it has done."""
        key = hashlib.sha256("".join(keys).encode()).hexdigest()
        return Unfinished(self.folder / f"{key[:32]}.unfinished", key)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key[:32]}.safetensors"


class Unfinished:
    """Stimuli of an extraction under way, a file a chunk: memory is small, a killed run goes on.

    Args:
        folder: Of the chunks; made when the first is written.
        key: Of the layers that are extracted together.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self._key = folder, key

    def add(self, chunk: Mapping[int, Mapping[str, Rows]]) -> None:
        """Set aside layer -> stimulus -> rows."""
        file = self.folder / f"chunk-{uuid.uuid4().hex}.safetensors"
        _save(file, self._key, {f"{layer}/": rows for layer, rows in chunk.items()})

    def read(self, layer: int) -> dict[str, Rows]:
        """Stimulus -> rows of a layer, from all chunks that are whole."""
        found: dict[str, Rows] = {}
        for file in sorted(self.folder.glob("chunk-*.safetensors")):
            found |= _load(file, self._key, f"{layer}/") or {}
        return found

    def discard(self) -> None:
        """Remove the chunks, once the layers are in the cache."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _save(target: Path, key: str, groups: Mapping[str, Mapping[str, Rows]]) -> None:
    """Write group -> stimulus -> rows under a temporary name and rename; each group has a checksum."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    tensors: dict[str, NDArray[Any]] = {}
    sums = {}
    for group, rows in groups.items():
        mine: dict[str, NDArray[Any]] = {}
        for stimulus, r in rows.items():
            mine[f"{group}{stimulus}/values"] = np.ascontiguousarray(r.values, dtype=np.float32)
            mine[f"{group}{stimulus}/onset"] = np.ascontiguousarray(r.onset, dtype=np.float64)
            mine[f"{group}{stimulus}/offset"] = np.ascontiguousarray(r.offset, dtype=np.float64)
        sums[group] = _checksum(mine)
        tensors |= mine
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, metadata={"key": key, "checksums": json.dumps(sums)})
        temporary.replace(target)
    except (OSError, SafetensorError) as error:
        raise BrainalignError(
            f"features cannot be written to {target.parent} ({error}); set paths.cache to a folder with room."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _load(file: Path, key: str, group: str) -> dict[str, Rows] | None:
    """One group of a file, or None where the file is damaged or belongs to something else."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as opened:
            metadata = opened.metadata() or {}
            if metadata.get("key") != key:
                raise ValueError("it belongs to other features")
            names = [n for n in opened.keys() if n.startswith(group)]  # noqa: SIM118  it is no mapping
            tensors = {n: opened.get_tensor(n) for n in names}
        if _checksum(tensors) != json.loads(metadata["checksums"])[group]:
            raise ValueError("its checksum is wrong")
    except (SafetensorError, ValueError, KeyError, OSError) as error:
        log.warning("cache file %s is not usable (%s); its features are extracted again", file, error)
        return None
    stimuli = sorted({name.rsplit("/", 1)[0] for name in tensors})
    return {s.removeprefix(group): Rows(*(tensors[f"{s}/{part}"] for part in _PARTS)) for s in stimuli}


def _checksum(tensors: Mapping[str, NDArray[Any]]) -> int:
    """CRC-32 of names, shapes and bytes."""
    state = 0
    for name in sorted(tensors):
        state = zlib.crc32(f"{name}{tensors[name].shape}".encode(), state)
        state = zlib.crc32(tensors[name].reshape(-1).view(np.uint8).data, state)
    return state
