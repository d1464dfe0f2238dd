"""The folder that a run leaves behind. A file is written beside its place and renamed: never half a file."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.tracking.metrics import Metrics, settle
from brainalign.tracking.text import plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CONFIG = "config.yaml"
METRICS = "metrics.json"
CURVES = "curves.json"
PROVENANCE = "provenance.json"
TABLES = "tables"
FIGURES = "figures"

DPI = 300
"""Pixels an inch of figures' PNG files, as journals ask for at least."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` (same suffix) that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb+") as file:  # on the disk before it has its name: a power cut leaves no empty file
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> Path:
    """Write JSON that every reader understands (no NaN).

    Raises:
        ValueError: ``content`` holds NaN or infinity, which JSON does not have.
    """
    with replacing(Path(path)) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )
    return Path(path)


def write_config(folder: Path, config: Mapping[str, Any]) -> Path:
    """Write ``config.yaml``: the whole configuration, the home folder as ``~``, keys in the given order."""
    import yaml

    path = Path(folder) / CONFIG
    with replacing(path) as temporary:
        text = yaml.safe_dump(plain(config), sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")
    return path


def write_metrics(folder: Path, metrics: Metrics) -> Path:
    """Write ``metrics.json``, the scalars as MLflow has them, and ``curves.json`` where there are curves.

    Args:
        folder: The run's folder.
        metrics: Name -> value, or (step, value) pairs. A value that is not finite becomes null (MLflow lacks
            it); a curve has its last finite value in ``metrics.json`` and all its values in ``curves.json``.

    Returns:
        The path of ``metrics.json``.
    """
    settled = settle(metrics)
    if settled.curves:
        write_json(Path(folder) / CURVES, settled.curves)
    return write_json(Path(folder) / METRICS, settled.scalars)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write each table as ``tables/<name>.parquet``, without its index; a ``/`` in a name becomes ``-``."""
    paths = [Path(folder) / TABLES / f"{file_name(name)}.parquet" for name in tables]
    for path, table in zip(paths, tables.values(), strict=True):
        with replacing(path) as temporary:
            table.to_parquet(temporary, index=False)
    return paths


def write_figures(
    folder: str | Path, figures: Mapping[str, tuple[Figure, str]], formats: Sequence[str] = ("png", "svg")
) -> list[Path]:
    """Write each figure as ``figures/<name>.<format>``, its caption as their description; PNG has 300 pixels an inch.

    Args:
        folder: The run's folder.
        figures: Name -> (figure, caption). They stay open; who made them closes them.
        formats: Such as ``png``, ``svg``, ``pdf``. Text in an SVG and a PDF stays text, as journals ask; a PDF has its
            font within it, an SVG its name.

    Returns:
        The paths, each figure's formats in turn. The same figure gives the same bytes.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from brainalign import canonical_correlations
        >>> import pandas as pd
        >>> table = pd.DataFrame({"component": [1], "fold": [0], "in_sample": [0.9], "held_out": [0.5], "null_95": [0.2]})
        >>> with TemporaryDirectory() as folder:
        ...     written = write_figures(folder, {"cca": canonical_correlations(table)}, ["svg"])
        ...     print(sorted(p.name for p in Path(folder).rglob("*.svg")))
        ['cca.svg']
    """
    import matplotlib

    paths: list[Path] = []
    last: Future[None] | None = None
    # a hash, else the ids in an SVG are random; its text as text, so that it can be edited and searched; the ground as drawn
    settings: Any = {
        "svg.hashsalt": "brainalign", "svg.fonttype": "none", "pdf.fonttype": 42,
        "savefig.facecolor": "auto", "savefig.transparent": False, "savefig.bbox": None,
    }  # fmt: skip
    with ThreadPoolExecutor(1) as beside, matplotlib.rc_context(settings):
        for name, (figure, caption) in figures.items():
            with _laid_out(figure):
                for suffix in formats:
                    path = Path(folder) / FIGURES / f"{file_name(name)}.{suffix}"
                    paths.append(path)
                    described = _described(suffix, caption)
                    if suffix == "png":  # packed while the next one is drawn
                        if last is not None:
                            last.result()  # the pixels of one figure at a time
                        last = beside.submit(_write_png, path, _pixels(figure), described)
                        continue
                    with replacing(path) as temporary:
                        figure.savefig(temporary, dpi=DPI, metadata=described)
        if last is not None:
            last.result()
    return paths


def _pixels(figure: Figure) -> memoryview:
    """(height, width, 4) of a figure as a PNG has it: red, green, blue and opacity, a byte each."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    before, dpi = figure.canvas, figure.dpi
    try:
        figure.dpi = DPI
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        pixels: memoryview = canvas.buffer_rgba()
        return pixels
    finally:
        figure.dpi = dpi
        figure.set_canvas(before)


def _write_png(path: Path, pixels: memoryview, described: dict[str, str | None]) -> None:
    """Pack pixels; other threads run meanwhile."""
    from matplotlib.image import imsave

    with replacing(path) as temporary:
        known = {k: v for k, v in described.items() if v is not None}
        imsave(temporary, pixels, origin="upper", format="png", dpi=DPI, metadata=known)


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Solve a figure's layout once for all its formats, which would each solve it and draw twice; it gets its engine back."""
    engine, dpi = figure.get_layout_engine(), figure.dpi
    figure.dpi = DPI  # sizes of text depend on it
    if engine is not None:
        engine.execute(figure)
    figure.dpi = dpi
    figure.set_layout_engine(None)
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def _described(suffix: str, caption: str) -> dict[str, str | None]:
    """The caption as each format holds it; no date, so that the same figure gives the same bytes."""
    if suffix == "pdf":
        return {"Subject": caption, "CreationDate": None}
    return {"Description": caption} | ({"Date": None} if suffix == "svg" else {})


def file_name(name: str) -> str:
    """A name as a file may have it: other characters become dashes, and a hash then tells such names apart.

    Example:
        >>> file_name("gpt2-xl")
        'gpt2-xl'
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip(".")[:80] or "model"
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
