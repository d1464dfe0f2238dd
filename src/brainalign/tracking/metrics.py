"""Metrics as both MLflow and ``metrics.json`` hold them: one place decides, so that the two cannot differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from brainalign.tracking.text import valid_names

Metrics = Mapping[str, float | Sequence[tuple[int, float]]]
"""Name -> a number, or a curve as (step, value) pairs."""


@dataclass
class SettledMetrics:
    """Metrics with valid names, the numbers told from what is none.

    Attributes:
        scalars: Name -> value; a curve's value is its last finite one, as MLflow shows it; None where there
            is none.
        curves: Name -> (step, value) pairs by step, None for a value that is not finite.
        points: (name, step, value) of every finite value: what MLflow is given. A scalar has step 0.
        not_finite: What is NaN or infinite, as it is told to the user. MLflow would store inf as 1.8e308.
    """

    scalars: dict[str, float | None] = field(default_factory=dict)
    curves: dict[str, list[tuple[int, float | None]]] = field(default_factory=dict)
    points: list[tuple[str, int, float]] = field(default_factory=list)
    not_finite: list[str] = field(default_factory=list)


def settle(metrics: Metrics) -> SettledMetrics:
    """Sort out names, curves, and values that are no numbers.

    Args:
        metrics: As an analysis hands them over.

    Example:
        >>> settled = settle({"r/mean": 0.25, "r/sd": float("nan"), "layer/r": [(0, 0.1), (1, 0.2)]})
        >>> settled.scalars
        {'r/mean': 0.25, 'r/sd': None, 'layer/r': 0.2}
        >>> settled.not_finite
        ['r/sd']
    """
    out = SettledMetrics()
    names = valid_names(metrics)
    for given, value in metrics.items():
        name = names[given]
        is_curve = isinstance(value, Sequence)
        curve = sorted((int(s), float(v)) for s, v in value) if isinstance(value, Sequence) else [(0, float(value))]
        finite = [(step, v) for step, v in curve if math.isfinite(v)]
        out.scalars[name] = finite[-1][1] if finite else None
        out.points.extend((name, step, v) for step, v in finite)
        if is_curve:
            out.curves[name] = [(step, v if math.isfinite(v) else None) for step, v in curve]
            out.not_finite.extend(f"{name} at step {step}" for step, v in curve if not math.isfinite(v))
        elif not finite:
            out.not_finite.append(name)
    return out
