"""How many principal components hold a share of some features' variance, before any fit: what a plan counts with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.variation import CENTRED, varies

Array = NDArray[np.floating[Any]]


def about(features: Mapping[str, Array], components: float) -> int:
    """Components of these features in a fit, whose training sets are most of these frames.

    Args:
        features: Stimulus -> (T, d).
        components: A number, or below 1 a share of the standardised variance.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> three = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 20))
        >>> about({"a": three}, 0.999), about({"a": three}, 2), about({"a": three}, 100)
        (3, 2, 20)
    """
    width = next(iter(features.values())).shape[1]
    return min(int(components), width) if components >= 1 else held_by(features.values(), components)


def held_by(rows: Iterable[Array], share: float) -> int:
    """How many components hold a share of the standardised variance of some rows, read one array after the other.

    Args:
        rows: (n, d) each.
        share: Below 1.
    """
    n, total, second = 0, np.zeros(1), np.zeros((1, 1))
    for values in rows:
        h = np.asarray(values, dtype=np.float64)
        n, total, second = n + len(h), total + h.sum(axis=0), second + h.T @ h
    mean, square = total / n, np.diag(second) / n
    variance = square - mean**2
    alive = varies(variance, square, rounding=CENTRED)
    sd = np.sqrt(np.where(alive, variance, np.inf))
    spectrum = np.linalg.eigvalsh((second / n - np.outer(mean, mean)) / np.outer(sd, sd))[::-1].clip(min=0)
    held = np.cumsum(spectrum) / max(spectrum.sum(), np.finfo(float).tiny)
    return min(int((held < share).sum()) + 1, len(spectrum))
