"""Where curves are drawn and measured, and the peaks that are found there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.group_trf.places import Places
from brainalign.analysis.group_trf.weights import GroupWeights
from brainalign.counts import count
from brainalign.data.electrodes.names import listed
from brainalign.errors import BrainalignError, nearest
from brainalign.notes import limits
from brainalign.stats import FEWEST, Peak, peak, peak_difference
from brainalign.study.result import AnalysisResult

Array = NDArray[np.float64]

MEASURES = ("latency_s", "amplitude")

WHOLE = "peak"
"""Name of the one peak that is sought at all lags."""


@dataclass(frozen=True)
class Measured:
    """Curves at chosen places, and their peaks.

    Attributes:
        places: (model, feature) -> numbers of the places.
        curves: A row a model, feature, participant and lag: place, subject, lag_s, weight.
        peaks: A row a model, feature, peak and measure, and a row a difference of two models' peaks; None where there is none.
        lags: (model, feature, name of the peak) -> the lag that a topography is drawn at.
        signed: Model -> its features that have a sign.
    """

    places: Mapping[tuple[str, str], NDArray[np.int64]]
    curves: pd.DataFrame
    peaks: pd.DataFrame | None
    lags: Mapping[tuple[str, str, str], int]
    signed: Mapping[str, list[str]]


def measured(
    found: Sequence[GroupWeights],
    places: Places,
    lags_s: Array,
    channels: Sequence[str] | None,
    windows: Mapping[str, Sequence[float]] | None,
    result: AnalysisResult,
) -> Measured:
    """Choose places and measure peaks.

    Args:
        found: Weights of each model, and last of their difference where there is one; then all are measured where the first model is.
        places: Of the weights.
        lags_s: (lags,) seconds.
        channels: Names of the places that are averaged; None = for each feature the one where its mean is largest.
        windows: Name of each peak -> first and last second; None = one, at all lags.
        result: Gets a sentence for a peak that is not there, and the metrics of the others.

    Raises:
        BrainalignError: A channel is unknown, or a window holds no lag.
    """
    asked = None if channels is None else _numbers(channels, places)
    for name, (first, last) in (windows or {}).items():
        if not ((lags_s >= first) & (lags_s <= last)).any():
            raise BrainalignError(
                f"analysis.peaks.{name}=[{first:g}, {last:g}] holds no lag of the window, {lags_s[0]:g} to {lags_s[-1]:g} s."
            )
    where: dict[tuple[str, str], NDArray[np.int64]] = {}
    parts, rows, lags = [], [], dict[tuple[str, str, str], int]()
    kept: dict[tuple[str, int, str], tuple[Peak, Peak]] = {}
    silent: list[str] = []
    compared = found[-1].difference
    for g in found:
        mean = g.weights.mean(axis=0)  # (k, places, lags)
        for k, feature in enumerate(g.features):
            at = asked
            if at is None and compared and g is not found[0]:
                at = where[found[0].name, found[0].features[k]]  # two models are compared at one place
            if at is None:
                at = np.array([int(np.abs(mean[k]).max(axis=1).argmax())])
            where[g.name, feature] = at
            label = _label(places, at)
            curves = g.weights[:, k, at].mean(axis=1)  # (participants, lags)
            frame = pd.DataFrame(curves, index=places.subjects, columns=lags_s).stack().rename("weight")
            parts.append(
                frame.rename_axis(["subject", "lag_s"]).reset_index().assign(model=g.name, feature=feature, place=label)
            )
            for name, window in (windows or {WHOLE: (lags_s[0], lags_s[-1])}).items():
                inside = np.flatnonzero((lags_s >= window[0]) & (lags_s <= window[1]))
                highest = inside[int(np.abs(curves.mean(axis=0)[inside]).argmax())]
                lags[g.name, feature, name] = int(highest)
                if len(curves) < FEWEST or g.difference:
                    continue
                try:
                    both = peak(curves, lags_s, "either", (window[0], window[1]))
                except BrainalignError as error:
                    silent.append(f"{name} of {feature} at {label} ({error})")
                    continue
                kept[g.name, k, name] = both
                lags[g.name, feature, name] = int(np.abs(lags_s - both[0].value).argmin())
                for measure, p in zip(MEASURES, both, strict=True):
                    rows.append(_row(g.name, feature, name, label, measure, p))
                    told = feature if sum(feature in other.features for other in found) == 1 else f"{g.name}/{feature}"
                    result.metrics[f"group_trf/{told}/{name}/{measure}"] = p.value
    rows += _differences(found, kept, {key: _label(places, at) for key, at in where.items()})
    if silent:
        result.warnings.append(limits(f"No peak is named: {'; '.join(silent)}"))
    return Measured(
        where, pd.concat(parts, ignore_index=True)[["model", "feature", "place", "subject", "lag_s", "weight"]],
        pd.DataFrame(rows) if rows else None, lags, {g.name: [f for f, s in zip(g.features, g.signed, strict=True) if s] for g in found},
    )  # fmt: skip


def _numbers(channels: Sequence[str], places: Places) -> NDArray[np.int64]:
    names = {name.lower(): k for k, name in enumerate(places.names)}
    strange = [c for c in channels if str(c).lower() not in names]
    if strange or not channels:
        raise BrainalignError(
            f"analysis.channels={list(channels)}: {strange[0] if strange else 'it'} is none of the "
            f"{count(len(names), places.noun)} that all participants have; {nearest(str(strange[0]) if strange else '', places.names)}"
        )
    return np.array([names[str(c).lower()] for c in channels])


def _label(places: Places, at: NDArray[np.int64]) -> str:
    names = [places.names[k] for k in at]
    return names[0] if len(names) == 1 else f"mean of {listed(names)}"


def _row(model: str, feature: str, name: str, place: str, measure: str, p: Peak) -> dict[str, object]:
    return {
        "model": model, "feature": feature, "peak": name, "place": place, "measure": measure, "value": p.value, "error": p.error,
        "low": p.low, "high": p.high, "n": p.n, "t": np.nan, "p": np.nan,
    }  # fmt: skip


def _differences(
    found: Sequence[GroupWeights],
    kept: Mapping[tuple[str, int, str], tuple[Peak, Peak]],
    label: Mapping[tuple[str, str], str],
) -> list[dict[str, object]]:
    """Each peak of the first model less that of the second, where features answer to one another."""
    if not found[-1].difference:
        return []
    first, second, both = found
    rows: list[dict[str, object]] = []
    for (model, k, name), peaks in kept.items():
        other, place = kept.get((second.name, k, name)), label[both.name, both.features[k]]
        if model != first.name or other is None:
            continue
        for measure, a, b in zip(MEASURES, peaks, other, strict=True):
            gap, t, p = peak_difference(a, b)
            keys = {"model": both.name, "feature": both.features[k], "peak": name, "place": place, "measure": measure}
            rows.append(keys | {"value": gap, "error": np.nan, "low": np.nan, "high": np.nan, "n": a.n, "t": t, "p": p})
    return rows
