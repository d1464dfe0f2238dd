"""features.precision: what a model in bfloat16 or float16 gives, against the same model in float32, on the run's own stimuli."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Stimulus
from brainalign.features.base import Extractor, Rows

log = logging.getLogger(__name__)

PROVEN = 1e-2
"""Deviation, in units of the spread, up to which a coarse precision counts as good as float32."""
SAMPLE = 30.0
"""Seconds of stimuli that are read in both precisions."""


def reference(extractor: Extractor, stimuli: Iterable[Stimulus]) -> dict[int, dict[str, Rows]] | None:
    """Layer -> stimulus -> rows in float32, of the first stimuli, about half a minute of them.

    Args:
        extractor: Any.
        stimuli: Of the data set, in order.

    Returns:
        None where the extractor is in float32, or has no precision; no stimuli where there is no memory for the model in float32.
    """
    import torch

    found: dict[int, dict[str, Rows]] = {n: {} for n in extractor.layers}
    try:
        exact = in_float32(extractor)
        if exact is None:
            return None
        sample: list[Stimulus] = []
        for stimulus in stimuli:
            if sum(s.duration for s in sample) >= SAMPLE:
                break
            sample.append(stimulus)
        log.info("%s: %d stimuli are read in float32 first, to compare", extractor.name, len(sample))
        for name, rows in exact.extract(sample):
            for n, values in rows.items():
                found[n][name] = values
    except (MemoryError, torch.OutOfMemoryError) as error:
        log.info("%s: not compared with float32: %s", extractor.name, str(error).splitlines()[0])
        return {n: {} for n in extractor.layers}
    return found


def in_float32(extractor: Extractor) -> Extractor | None:
    """The same extractor in float32; None where it is, or has no precision.

    Args:
        extractor: Any.

    Raises:
        MemoryError: Its model in float32 does not fit.
    """
    twin = getattr(extractor, "in_float32", None)
    return None if twin is None else twin()


def deviation(found: Mapping[str, Rows], exact: Mapping[str, Rows]) -> float | None:
    """How far rows lie from those in float32, in units of each dimension's spread.

        deviation = sqrt( mean over dimensions d of  mean_t (x_td - y_td)^2 / var_t(y_td) ),    y in float32

    Args:
        found: Stimulus -> rows.
        exact: Stimulus -> rows in float32, of some of the stimuli.

    Returns:
        None where nothing varies.

    Example:
        >>> at, y = np.zeros(3), np.array([[0.0, 10.0], [1.0, 30.0], [2.0, 20.0]])
        >>> x = y + [[0.01, 0.1], [-0.01, 0.1], [0.01, -0.1]]  # a hundredth of each range of 1, and of 10
        >>> round(deviation({"s1": Rows(x, at, at)}, {"s1": Rows(y, at, at)}), 6)
        0.012247
    """
    if not exact:
        return None
    x, y = (_joined(rows, exact) for rows in (found, exact))
    variance = y.var(axis=0)
    varied = variance > 1e-12 * max(float(variance.max(initial=0.0)), np.finfo(np.float64).tiny)
    if not varied.any():
        return None
    return float(np.sqrt((((x - y) ** 2).mean(axis=0)[varied] / variance[varied]).mean()))


def precision_note(name: str, found: Mapping[int, float | None]) -> str:
    """What a report says of it.

    Args:
        name: Of the model.
        found: Layer -> :func:`deviation`.

    Example:
        >>> precision_note("gpt2", {0: 0.002, 1: 0.004}).removeprefix("features.precision: ")
        'the layers of gpt2 lie 0.2 to 0.4 % of their spread from float32 on the first stimuli (RMS), furthest in layer 1.'
        >>> precision_note("gpt2", {1: 0.004, 2: 0.0123}).split(", furthest")[1]
        ' in layer 2; more than 1 % in layer(s) 2, which had better be taken in float32.'
    """
    measured = {n: value for n, value in found.items() if value is not None}
    if not measured:
        return f"features.precision: how far {name} lies from float32 was not measured, for want of memory for it or of rows that vary."
    low, high = (f"{100 * end(measured.values()):.2g}" for end in (min, max))
    worst = max(measured, key=lambda n: measured[n])
    beyond = ", ".join(str(n) for n, value in measured.items() if value > PROVEN)
    warned = (
        f"; more than {100 * PROVEN:g} % in layer(s) {beyond}, which had better be taken in float32" if beyond else ""
    )
    return (
        f"features.precision: the layers of {name} lie {low} to {high} % of their spread from float32 on the first stimuli (RMS), "
        f"furthest in layer {worst}{warned}."
    )


def _joined(rows: Mapping[str, Rows], names: Iterable[str]) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(rows[name].values, dtype=np.float64) for name in names])
