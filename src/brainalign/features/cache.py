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
from brainalign.features.cache_file import DTYPES, load, save
from brainalign.storage.lock import one_at_a_time
from brainalign.storage.tensors import about

log = logging.getLogger(__name__)

LOSS = 1e-4
"""Largest rounding, in standard deviations of a feature, that is left to float32; rounding itself is 3e-8 of a value."""
HALF_LOSS = 0.1
"""And that is taken for float16, which was asked for and rounds by 2e-4 of a value."""
HALF_MAX, HALF_MIN = float(np.finfo(np.float16).max), float(np.finfo(np.float16).tiny)


class FeatureCache:
    """Rows by identity: stimuli, checkpoint, settings and extractor version; not path, device or batch.

    A file is written under a temporary name and renamed, so it is whole or not there; a file damaged later is
    found by its checksum when a run first reads it, named, and extracted again. Rows are read as views into the file.

    Args:
        folder: Where the files lie; made when the first is written.
        dtype: Of values on disk. ``float16`` halves files and rounds to 11 bits: 0.05 % of a value, and 6e-8 of
            values below 6e-5. What is extracted now passes through it as what is read later. A layer with a feature whose mean is
            so far from zero beside its deviation (a time stamp) that float32 would round its differences away is kept in float64.

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
        """Stimulus -> rows of a layer, or None where there is no file or a damaged one.

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
        if self.dtype == "float32":  # or float64, where float32 would lose what tells the rows apart
            return found
        return {s: Rows(r.values.astype(np.float32), r.onset, r.offset) for s, r in found.items()}

    def write(self, key: str, rows: Mapping[str, Rows], about: Mapping[str, Any] | None = None) -> None:
        """Write a layer whole or not at all.

        Args:
            key: From :meth:`key`.
            rows: Stimulus -> Rows.
            about: For ``brainalign-tools cache list``.

        Raises:
            BrainalignError: The folder cannot be written to, or float16 cannot hold a value or tell a feature's rows apart.
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
        lost, feature = rounding(rows, self.dtype)
        if self.dtype == "float16" and lost > HALF_LOSS:
            raise BrainalignError(
                f"features.dtype=float16 rounds feature {feature} (counted from 0) by {lost:.2g} of its standard deviation, as its mean is "
                "far from zero beside it; float32 is needed."
            )
        save(
            self.path(key), key, {"": rows}, "float64" if lost > LOSS and self.dtype == "float32" else self.dtype, about
        )

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
        """Set aside layer -> stimulus -> rows, in the precision that they have."""
        file = self.folder / f"chunk-{uuid.uuid4().hex}.safetensors"
        save(file, self._key, {f"{layer}/": rows for layer, rows in chunk.items()}, None)

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


def rounding(rows: Mapping[str, Rows], dtype: str) -> tuple[float, int]:
    """What a precision would take from a layer: the largest rounding of a feature beside what tells its rows apart, and whose it is.

    Args:
        rows: Stimulus -> Rows.
        dtype: The precision.

    Returns:
        Root mean square of the rounding over the feature's standard deviation (0 where no feature varies), and the feature's number.

    Example:
        >>> stamps = Rows(np.linspace(1.7e9, 1.7e9 + 60, 200)[:, None], np.arange(200.0), np.arange(200.0))
        >>> lost, feature = rounding({"s1": stamps}, "float32")
        >>> round(lost, 1), feature
        (2.0, 0)
    """
    parts = [r.values for r in rows.values() if r.values.size]
    if not parts or all(v.dtype.itemsize <= np.dtype(dtype).itemsize for v in parts):
        return 0.0, 0
    n = sum(len(v) for v in parts)
    mean = sum(v.sum(axis=0, dtype=np.float64) for v in parts) / n
    variance = sum(((v - mean) ** 2).sum(axis=0) for v in parts) / n
    with np.errstate(over="ignore"):  # what is beyond float16's range is refused by name
        error = sum(((v - v.astype(dtype).astype(np.float64)) ** 2).sum(axis=0) for v in parts) / n
    ratio = np.sqrt(np.divide(error, variance, out=np.zeros_like(mean), where=variance > 0))
    return float(ratio.max()), int(ratio.argmax())


def _smallest_column(rows: Mapping[str, Rows]) -> float:
    """The least of the features' largest absolute values, of features that are not 0 throughout."""
    peaks = [np.abs(r.values).max(axis=0) for r in rows.values() if r.values.size]
    whole = np.max(peaks, axis=0) if peaks else np.zeros(0)
    return float(whole[whole > 0].min(initial=np.inf))
