"""Figures of a lab beside ours: each is a function from a finished analysis to a matplotlib figure and its caption."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from brainalign.figures.style import style
from brainalign.registry import own_figure
from brainalign.study.result import AnalysisResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

OwnFigure = Callable[[AnalysisResult], "tuple[Figure, str] | None"]
"""What a lab writes: it reads ``result.tables`` and ``result.metrics`` (:func:`brainalign.load_run` has them too), and gives a figure with
its caption, or None where this analysis has nothing for it to show."""


def add_own_figures(result: AnalysisResult, names: Sequence[str], formats: Sequence[str]) -> None:
    """Draw the lab's figures into a result; one that fails is a warning there, and nothing else of the run changes.

    Args:
        result: Of a finished analysis; it gets the figures and the warnings.
        names: Of the config's ``figures.own``, which the config's check has found; a figure has the name without its module.
        formats: In which they are going to be written.
    """
    for given in names:
        name = given.rpartition(":")[2]
        if name in result.figures:
            result.warnings.append(
                f"figures.own={given} was not drawn: the run has a figure {name} already; it must have another name."
            )
            continue
        try:
            drawn = _drawn(own_figure(given), result, formats)
        except (Exception, SystemExit) as error:  # whatever a lab's code does, the run's results are not lost
            told = " ".join(f"{type(error).__name__}: {error}".split())
            result.warnings.append(f"figures.own={given} was not drawn: {told[:300]}.")
            log.debug("figures.own=%s", given, exc_info=True)
            continue
        if drawn is not None:
            result.figures[name] = drawn


def _drawn(draw: OwnFigure, result: AnalysisResult, formats: Sequence[str]) -> tuple[Figure, str] | None:
    """What the function gives, of copies, and found to be a figure that can be written."""
    from matplotlib.figure import Figure

    tables = {name: table.copy() for name, table in result.tables.items()}
    with style():
        found = draw(
            replace(result, metrics=dict(result.metrics), tables=tables, figures={}, summary=[], more={}, warnings=[])
        )
        if found is None:
            return None
        if not (
            isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], Figure) and isinstance(found[1], str)
        ):
            raise TypeError(f"it gave {type(found).__name__}, but must give (matplotlib figure, caption) or None")
        for suffix in formats:  # a text that cannot be set shows itself only here
            found[0].savefig(io.BytesIO(), format=suffix, dpi=300)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(found[0])  # else pyplot keeps it for ever
    return found
