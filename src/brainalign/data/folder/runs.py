"""``<run>_responses.npy`` and its sidecar: one continuous recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from brainalign.data.continuous.run import Run
from brainalign.data.files.reading import read_json, reading
from brainalign.errors import BrainalignError

ENDING = "_responses.npy"


def list_runs(folder: Path) -> list[str]:
    """Names of a participant's runs.

    Raises:
        BrainalignError: There is none.
    """
    runs = sorted(p.name.removesuffix(ENDING) for p in folder.glob(f"*{ENDING}"))
    if not runs:
        raise BrainalignError(
            f"{folder} holds no <run>{ENDING}; each run needs one, and a <run>_responses.json beside it."
        )
    return runs


def read_run(folder: Path, name: str, channels: pd.DataFrame) -> Run:
    """Open one run and hold its sidecar against it.

    Args:
        folder: The participant's.
        name: Of the run.
        channels: The rows of ``channels.tsv``, which are the columns of the array.

    Raises:
        BrainalignError: A file is missing or unreadable, or array, sidecar and channels contradict each other.
    """
    path, electrodes = folder / f"{name}{ENDING}", channels["electrode"].tolist()
    side = path.with_suffix(".json")
    sidecar = _sidecar(side)
    rate = _number(sidecar, "SamplingFrequency", side)
    if rate <= 0:
        raise BrainalignError(f"{side}: SamplingFrequency={rate:g} is impossible; it must be above 0 Hz.")
    start = _number(sidecar, "StartTime", side) if "StartTime" in sidecar else 0.0
    with reading(path, "a numpy array of numbers"):
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise BrainalignError(
            f"{path} has the shape {values.shape} and type {values.dtype}; real numbers of shape "
            f"(time, {len(electrodes)}) are needed."
        )
    if values.shape[1] != len(electrodes):
        hint = "; it looks transposed" if values.shape[0] == len(electrodes) else ""
        raise BrainalignError(
            f"{path} has {values.shape[1]} columns, but channels.tsv has {len(electrodes)} rows; they must agree{hint}."
        )
    columns = sidecar.get("Columns")
    if columns is not None and columns != list(electrodes):
        raise BrainalignError(
            f"{side}: Columns are not the electrodes of channels.tsv in their order "
            f"({_difference(columns, electrodes)})."
        )
    if "RecordingDuration" in sidecar:
        stated = _number(sidecar, "RecordingDuration", side)
        if abs(stated - len(values) / rate) > 1.001 / rate:
            raise BrainalignError(
                f"{side}: RecordingDuration={stated:g} s contradicts the array, whose {len(values)} samples at "
                f"SamplingFrequency={rate:g} Hz last {len(values) / rate:g} s."
            )
    return Run(values, rate, start, channels)


def _sidecar(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise BrainalignError(f"{path} does not exist; it must give the SamplingFrequency of the array beside it.")
    content = read_json(path)
    if not isinstance(content, dict):
        raise BrainalignError(f'{path} holds no JSON object; {{"SamplingFrequency": 100}} is the least.')
    return content


def _number(sidecar: dict[str, Any], key: str, path: Path) -> float:
    if key not in sidecar:
        raise BrainalignError(f"{path} lacks {key}; its keys are {', '.join(map(repr, sidecar)) or 'none'}.")
    value = sidecar[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise BrainalignError(f"{path}: {key}={value!r} is no finite number.")
    return float(value)


def _difference(columns: Any, electrodes: Sequence[str]) -> str:
    if not isinstance(columns, list):
        return f"{columns!r} is no list of names"
    if len(columns) != len(electrodes):
        return f"{len(columns)} against {len(electrodes)}"
    i = next(i for i, (a, b) in enumerate(zip(columns, electrodes, strict=True)) if a != b)
    return f"column {i} is {columns[i]!r}, not {electrodes[i]!r}"
