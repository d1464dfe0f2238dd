"""preprocessed: the same as preprocess, kept under the hash of what determines it."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.preprocessing.process import Processed, preprocess
from brainalign.data.preprocessing.quality import Quality
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.storage.lock import one_at_a_time
from brainalign.storage.tensors import about, load_tensors, save_tensors

if TYPE_CHECKING:
    from mne.io import BaseRaw

VERSION = 4
"""Raised whenever the numbers of preprocess change."""
LIBRARIES = ("mne", "numpy", "scipy")
LARGE = 1 << 30
"""Bytes above which a file is known by its name, size, time of change and first and last mebibyte, and not read whole."""
_ENDS = 1 << 20

log = logging.getLogger(__name__)


def preprocessed(
    key_files: Sequence[Path],
    open_raw: Callable[[], BaseRaw],
    settings: Preprocessing,
    channels: pd.DataFrame,
    cache: Path,
    run: str = "recording",
    how: str = "",
) -> Processed:
    """What :func:`brainalign.data.preprocessing.process.preprocess` gives, computed once.

    A result is kept under the hash of the files' content, the settings, the channels table, ``how``, the versions of the libraries and
    :data:`VERSION`; not of paths or the run's name. It is written whole or not at all, and one process at a time makes it. What
    is handed out is read from the file in any case, so the first run and the later ones have the same bits.

    Args:
        key_files: Every file that the recording's samples rest on. One of more than 1 GiB is known by name, size, time of change
            and its first and last mebibyte.
        open_raw: Opens the recording; called only where the result is not there yet.
        settings: What is to be done.
        channels: As ``preprocess`` takes them.
        cache: ``paths.cache``; results lie in its folder ``signals``.
        run: Name of the run, for sentences.
        how: What of the files is read, where they hold more than one recording: the series of NWB, the keys of arrays.

    Returns:
        The run; ``values`` are a read-only view into the file.

    Raises:
        BrainalignError: As ``preprocess``, or the folder cannot be written to.
    """
    key = _key(key_files, settings, channels, how)
    file = Path(cache) / "signals" / f"{key[:32]}.safetensors"
    if (found := _reused(file, key, run)) is not None:  # without a lock: a cache that is complete may be read-only
        return found
    with one_at_a_time(Path(cache) / "locks", key, run, "preprocessing it"):
        if (found := _reused(file, key, run)) is not None:  # another run has made it meanwhile
            return found
        made = preprocess(open_raw(), settings, channels, run)
        tables = {"channels": made.channels} | {f"quality/{k}": v for k, v in vars(made.quality).items()}
        tensors: dict[str, NDArray[Any]] = {name: _packed(table) for name, table in tables.items()}
        notes = [note.removeprefix(run) for note in made.notes]
        said = {"what": f"preprocessed {run}", "rate": made.rate, "start": made.start, "notes": notes}
        save_tensors(file, key, {"": tensors | {"values": made.values}}, said, what="preprocessed signals")
        del made
        written = _read(file, key, run)
    assert written is not None, "it was written just now"
    return written


def _key(files: Sequence[Path], settings: Preprocessing, channels: pd.DataFrame, how: str) -> str:
    parts = [
        VERSION,
        [f"{name} {version(name)}" for name in LIBRARIES],
        [_content(Path(file)) for file in files],
        asdict(settings),
        channels.to_csv(index=False),
        how,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _content(file: Path) -> str:
    """What a file is known by."""
    state, size = hashlib.sha256(), file.stat().st_size
    with file.open("rb") as opened:
        if size <= LARGE:
            return hashlib.file_digest(opened, "sha256").hexdigest()
        state.update(opened.read(_ENDS))
        opened.seek(-_ENDS, io.SEEK_END)
        state.update(opened.read(_ENDS))
    return f"{file.name}|{size}|{file.stat().st_mtime_ns}|{state.hexdigest()}"


def _reused(file: Path, key: str, run: str) -> Processed | None:
    """As :func:`_read`, and say so."""
    found = _read(file, key, run)
    if found is not None:
        log.info("reused: %s, preprocessed before", run)
    return found


def _read(file: Path, key: str, run: str) -> Processed | None:
    """What a file holds; None where there is none, or a damaged one, which is named."""
    try:
        tensors, said = load_tensors(file, key), about(file)
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        log.warning("cache file %s is not usable (%s); %s is preprocessed again", file, error, run)
        return None
    tables = {name: _unpacked(tensors[name]) for name in tensors if name != "values"}
    quality = Quality(*(tables[f"quality/{name}"] for name in Quality.__dataclass_fields__)).named(run)
    notes = tuple(f"{run}{note}" for note in said["notes"])
    values: Any = tensors["values"]
    return Processed(values, said["rate"], said["start"], tables["channels"], notes, quality)


def _packed(table: pd.DataFrame) -> NDArray[np.uint8]:
    """A table as the bytes of a parquet file, which keep every bit of a number."""
    return np.frombuffer(table.to_parquet(index=False), dtype=np.uint8)


def _unpacked(content: NDArray[np.uint8]) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content.tobytes()))
