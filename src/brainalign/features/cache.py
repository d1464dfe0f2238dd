"""Cache of extracted rows: a file a layer, named by the hash of what determines its content."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Rows
from brainalign.features.cachefile import DTYPES, load, save
from brainalign.storage.lock import one_at_a_time
from brainalign.storage.tensors import about

log = logging.getLogger(__name__)

HALF_MAX, HALF_MIN = float(np.finfo(np.float16).max), float(np.finfo(np.float16).tiny)


class FeatureCache:
    """Rows by identity: stimuli, checkpoint, settings and extractor version; not path, device or batch.

    A file is written under a temporary name and renamed, so it is whole or not there; a file damaged later is
    found by its checksum when a run first reads it, named, and extracted again. Rows are read as views into the file.

    Args:
        folder: Where the files lie; made when the first is written.
        dtype: Of values on disk. ``float16`` halves files and rounds to 11 bits: 0.05 % of a value, and 6e-8 of
            values below 6e-5. What is extracted now passes through it as what is read later.

    Raises:
        BrainalignError: An unknown dtype.

    Example:
        >>> import tempfile
        >>> cache = FeatureCache(Path(tempfile.mkdtemp()))
        >>> key = cache.key("digest of the stimuli", {"kind": "mel"}, version=1, layer=0)
        >>> cache.write(key, {"s1": Rows(np.ones((2, 3)), np.zeros(2), np.ones(2))})
        >>> cache.read(key)["s1"].values.shape
        (2, 3)
    """

    def __init__(self, folder: Path, dtype: str = "float32") -> None:
        if dtype not in DTYPES:
            raise BrainalignError(f"features.dtype={dtype!r} is unknown; {nearest(dtype, DTYPES)}")
        self.folder, self.dtype = Path(folder) / "features", dtype
        self._locks = Path(folder) / "locks"
        self._sound: set[tuple[Path, int]] = set()

    def key(self, stimuli_digest: str, identity: Mapping[str, Any], version: int, layer: int) -> str:
        """Hash of everything that determines a layer's rows."""
        text = json.dumps([stimuli_digest, dict(identity), version, layer, self.dtype], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def has(self, key: str) -> bool:
        """Whether there is a file; it is not looked into."""
        return self.path(key).exists()

    def read(self, key: str) -> dict[str, Rows] | None:
        """Stimulus -> rows of a layer in float32, or None where there is no file or a damaged one.

        Args:
            key: From :meth:`key`.
        """
        file = self.path(key)
        if not file.exists():
            return None
        state = file, file.stat().st_mtime_ns
        found = _load(file, key, "", check=state not in self._sound)
        if found is None:
            return None
        self._sound.add(state)
        if self.dtype == "float32":
            return found
        return {s: Rows(r.values.astype(np.float32), r.onset, r.offset) for s, r in found.items()}

    def write(self, key: str, rows: Mapping[str, Rows], about: Mapping[str, Any] | None = None) -> None:
        """Write a layer whole or not at all.

        Args:
            key: From :meth:`key`.
            rows: Stimulus -> Rows.
            about: For ``brainalign-tools cache list``.

        Raises:
            BrainalignError: The folder cannot be written to, or float16 cannot hold a value.
        """
        largest = max((float(np.abs(r.values).max()) for r in rows.values() if r.values.size), default=0.0)
        if self.dtype == "float16" and largest > HALF_MAX:
            raise BrainalignError(
                f"features.dtype=float16 holds values up to {HALF_MAX:g}, but there is one of {largest:g}; float32 is needed."
            )
        if self.dtype == "float16" and (least := _smallest_column(rows)) < HALF_MIN:
            raise BrainalignError(
                f"features.dtype=float16 holds values from {HALF_MIN:g} on, but one feature is at most {least:.2g}; float32 is needed."
            )
        save(self.path(key), key, {"": rows}, self.dtype, about)

    def about(self, key: str) -> dict[str, Any]:
        """What :meth:`write` was told of a layer.

        Args:
            key: From :meth:`key`.

        Returns:
            Nothing where there is no file, or a damaged one.
        """
        try:
            return about(self.path(key))
        except (OSError, ValueError):
            return {}

    def unfinished(self, keys: Sequence[str]) -> Unfinished:
        """Where an extraction of these layers sets aside what it has done."""
        key = hashlib.sha256("".join(keys).encode()).hexdigest()
        return Unfinished(self.folder / f"{key[:32]}.unfinished", key)

    def lock(self, name: str, what: str) -> AbstractContextManager[None]:
        """Held by one process at a time, see :func:`brainalign.storage.lock.one_at_a_time`.

        Args:
            name: Of the lock, a hash.
            what: Is being extracted, for the log.
        """
        return one_at_a_time(self._locks, name, what, "extracting it")

    def path(self, key: str) -> Path:
        """Where a layer is kept."""
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
        """Set aside layer -> stimulus -> rows, in float32."""
        file = self.folder / f"chunk-{uuid.uuid4().hex}.safetensors"
        save(file, self._key, {f"{layer}/": rows for layer, rows in chunk.items()})

    def read(self, layer: int) -> dict[str, Rows]:
        """Stimulus -> rows of a layer, from all chunks that are whole."""
        found: dict[str, Rows] = {}
        for file in sorted(self.folder.glob("chunk-*.safetensors")):
            found |= _load(file, self._key, f"{layer}/") or {}
        return found

    def discard(self) -> None:
        """Remove the chunks, once the layers are in the cache."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _load(file: Path, key: str, group: str, *, check: bool = True) -> dict[str, Rows] | None:
    """One group of a file, or None where the file is damaged or belongs to something else."""
    try:
        return load(file, key, group, check=check)
    except (ValueError, OSError) as error:
        log.warning("cache file %s is not usable (%s); its features are extracted again", file, error)
        return None


def _smallest_column(rows: Mapping[str, Rows]) -> float:
    """The least of the features' largest absolute values, of features that are not 0 throughout."""
    peaks = [np.abs(r.values).max(axis=0) for r in rows.values() if r.values.size]
    whole = np.max(peaks, axis=0) if peaks else np.zeros(0)
    return float(whole[whole > 0].min(initial=np.inf))
