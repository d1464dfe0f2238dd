"""Pages that load nothing from anywhere: one look, figures within, written whole or not at all."""

from __future__ import annotations

import base64
import io
import os
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200
"""Resolution of figures on a page."""


def render(template: str, **values: Any) -> str:
    """A page from a template of this package; whatever is put into it is escaped.

    Args:
        template: File name.
        values: What it asks for; a missing one is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def write_page(path: Path, page: str) -> Path:
    """Write a page beside its place and rename it.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(path)
    return path


def cell(value: Any) -> str:
    """A value as a table shows it: four significant digits, a dash for what is missing.

    Example:
        >>> cell(0.123456), cell(float("nan")), cell(12345), cell("STG"), cell(-1e-7)
        ('0.1235', '–', '12345', 'STG', '−1e−07')
    """
    if value is None or value is pd.NA or (isinstance(value, Real) and np.isnan(float(value))):
        return "–"
    if isinstance(value, Real) and not isinstance(value, Integral | np.bool_):
        return f"{float(value):.4g}".replace("-", "−")
    return str(value)


def picture(figure: Figure, caption: str, page: Path | None = None, file: str = "") -> dict[str, Any]:
    """What a page needs of a figure; its width in CSS pixels is that on paper.

    Args:
        figure: It is drawn here, unless its file is a PNG that is there.
        caption: Its caption.
        page: The page.
        file: Where the figure lies beside the page; empty where it does not.
    """
    if page is not None and file.endswith(".png") and (page.parent / file).is_file():
        png = (page.parent / file).read_bytes()
    else:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
        png = buffer.getvalue()
    return {
        "png": base64.b64encode(png).decode(),
        "caption": caption,
        "width": round(figure.get_figwidth() * 110),
        "file": file,
    }
