"""Open what a run left behind, without MLflow."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from brainalign.errors import BrainalignError, nearest
from brainalign.tracking.arrays import PREDICTIONS, WEIGHTS, SavedPredictions, SavedWeights, read_arrays
from brainalign.tracking.files import CONFIG, CURVES, METRICS, PROVENANCE, TABLES

if TYPE_CHECKING:
    import pandas as pd


Content = TypeVar("Content")


class SavedFiles(Mapping[str, Content]):
    """Files of one kind by name; each is read when it is asked for.

    Args:
        kind: What one is called.
        paths: Name -> file.
        read: From a file to its content.
    """

    def __init__(self, kind: str, paths: Mapping[str, Path], read: Callable[[Path], Content]) -> None:
        self._kind, self._paths, self._read = kind, dict(paths), read

    def __getitem__(self, name: str) -> Content:
        """Read a file; a KeyError names the nearest one that there is."""
        if name not in self._paths:
            there = nearest(name, self._paths) if self._paths else "this run kept none."
            raise KeyError(f"no {self._kind} {name!r}; {there}")
        return self._read(self._paths[name])

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __repr__(self) -> str:
        return f"SavedFiles({self._kind}: {', '.join(self._paths)})"


def _tables(folder: Path) -> SavedFiles[pd.DataFrame]:
    def read(path: Path) -> pd.DataFrame:
        import pandas as pd

        return pd.read_parquet(path)

    return SavedFiles("table", {path.stem: path for path in _visible(folder, "*.parquet")}, read)


def _by_model(folder: Path, kind: str, read: Callable[[Path], Content]) -> SavedFiles[Content]:
    def name(path: Path) -> str:
        try:
            return str(read_arrays(path, "model")["model"])
        except BrainalignError:
            return path.stem  # whoever asks for it is told

    return SavedFiles(kind, {name(path): path for path in _visible(folder, "*.npz")}, read)


def _visible(folder: Path, pattern: str) -> list[Path]:
    return [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(".")]


@dataclass(frozen=True)
class SavedRun:
    """What a run left in its folder. A run that did not finish has less.

    Attributes:
        folder: The run's folder.
        config: The nested configuration.
        metrics: Name -> value, NaN where it was not finite; of a curve the last finite value.
        curves: Name -> (step, value) pairs.
        tables: Name -> table, read when it is asked for.
        predictions: Model -> stimulus -> (T, C) held-out predictions, where the run kept them (``save.predictions=true``).
        weights: Model -> weights of its best layer, where the run kept them (``save.weights=true``).
        provenance: See :func:`brainalign.tracking.provenance`.
    """

    folder: Path
    config: dict[str, Any]
    metrics: dict[str, float]
    curves: dict[str, list[tuple[int, float]]]
    tables: SavedFiles[pd.DataFrame]
    predictions: SavedFiles[SavedPredictions]
    weights: SavedFiles[SavedWeights]
    provenance: dict[str, Any]


def load_run(folder: str | Path) -> SavedRun:
    """Open a run's output folder.

    Args:
        folder: The folder that holds the run's ``config.yaml``.

    Raises:
        BrainalignError: There is no such folder, it holds no run, or one of its files is damaged.

    Example:
        >>> run = load_run("outputs/2025-01-31/quickstart")  # doctest: +SKIP
        >>> run.tables["scores"].groupby("region").r2.mean()  # doctest: +SKIP
        >>> run.predictions["gpt2"]["sentence001"].shape  # doctest: +SKIP
    """
    import yaml

    folder = Path(folder).expanduser()
    config = folder / CONFIG
    if not config.is_file():
        wrong = f"has no {CONFIG}" if folder.is_dir() else "does not exist"
        raise BrainalignError(f"{folder} {wrong}; the output folder of a run is needed.")
    try:
        content = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BrainalignError(f"{config} cannot be read ({str(error).splitlines()[0]}); YAML is needed.") from error
    curves = _read_json(folder / CURVES)
    return SavedRun(
        folder=folder,
        config=content,
        metrics={name: _number(value) for name, value in _read_json(folder / METRICS).items()},
        curves={name: [(step, _number(value)) for step, value in curve] for name, curve in curves.items()},
        tables=_tables(folder / TABLES),
        predictions=_by_model(folder / PREDICTIONS, "predictions of", SavedPredictions),
        weights=_by_model(folder / WEIGHTS, "weights of", SavedWeights.read),
        provenance=_read_json(folder / PROVENANCE),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BrainalignError(f"{path} cannot be read ({error}); JSON is needed.") from error
    return content
