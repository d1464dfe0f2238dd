"""The figures of a group TRF: curves, topographies at peaks, t over places and lags, and scores on the head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.group_trf.measure import Measured
from brainalign.analysis.group_trf.places import Places
from brainalign.analysis.group_trf.weights import GroupWeights
from brainalign.counts import count
from brainalign.figures import brain_map, cluster_map, group_trf, located, on_scalp, topography
from brainalign.study.result import AnalysisResult
from brainalign.study.sentences import LEVEL

PANELS = 6
"""Topographies side by side, at most."""

OUTLINED = {
    "cluster": "clusters of corrected p below .05 (Maris and Oostenveld 2007)",
    "tfce": "points of corrected p below .05 (threshold-free cluster enhancement)",
    "max_t": "points of corrected p below .05 (maximum statistic)",
}


def draw(
    result: AnalysisResult,
    found: Sequence[GroupWeights],
    places: Places,
    lags_s: NDArray[np.float64],
    at: Measured,
    method: str,
) -> None:
    """Draw what there is.

    Args:
        result: With its tables.
        found: Weights.
        places: Of them.
        lags_s: (lags,) seconds.
        at: Curves and peaks.
        method: Of the test, or ``none``.
    """
    tables = result.tables
    if len(lags_s) > 1:
        result.figures["group_trf"] = group_trf(tables["group_trf_curves"], tables.get("group_trf_peaks"))
    tested = tables["group_trf"].dropna(subset=["t"])
    if method != "none" and len(tested) and (len(lags_s) > 1 or places.by == "region"):
        rows, order = _from_front_to_back(tested, places)
        result.figures["clusters"] = cluster_map(rows, places.by, noun=places.noun, order=order, what=OUTLINED[method])
    _topographies(result, found, places, lags_s, at)
    scores = tables.get("group_scores")
    if scores is not None and places.by == "electrode" and on_scalp(scores):
        shown = scores.assign(marked=scores["p"] < LEVEL, panel=scores["model"])
        figure, said = topography(shown, "r", label="r")
        rings = f" Rings: {OUTLINED[method].replace('clusters', 'in clusters')}." if shown["marked"].any() else ""
        n = len(places.subjects)
        result.figures["group_scores"] = (
            figure,
            f"Pearson's r of held-out predictions, mean over {count(n, 'participant')}: {said}{rings}",
        )
    elif scores is not None and places.by == "electrode" and located(places.table).any():
        where = places.table[["electrode", "region", "x", "y", "z"]]
        own = scores["model"].isin(
            [g.name for g in found if not g.difference]
        )  # a difference is grey below 0 on this scale
        shown = scores.loc[own, ["model", "electrode", "r"]].merge(where, on="electrode").assign(subject="group")
        figure, said = brain_map(shown, "r", noun=places.noun)
        more = "" if own.all() else " Differences of models are in the table."
        result.figures["group_scores"] = (
            figure,
            f"{said} Held-out, mean over {count(len(places.subjects), 'participant')}.{more}",
        )


def _topographies(
    result: AnalysisResult, found: Sequence[GroupWeights], places: Places, lags_s: NDArray[np.float64], at: Measured
) -> None:
    """Mean weights at each peak: on the head, or, where channels have places in the brain, their size there."""
    if places.by != "electrode":
        return
    weights, n = {g.name: g for g in found}, len(places.subjects)
    table, scalp = result.tables["group_trf"], on_scalp(places.table)
    panels = []
    for (model, feature, name), lag in at.lags.items():
        g = weights[model]
        mean = g.weights[:, g.features.index(feature), :, lag].mean(axis=0)
        alone = sum(feature in other.features for other in found) == 1
        panel = f"{feature if alone else f'{model} {feature}'}, {name} at {1000 * lags_s[lag]:.0f} ms"
        own = places.table.assign(panel=panel, weight=mean, marked=False)
        if scalp:
            rows = table[(table["model"] == model) & (table["feature"] == feature) & (table["lag_s"] == lags_s[lag])]
            own["marked"] = rows["p"].to_numpy() < LEVEL
        panels.append(own)
    shown = pd.concat(panels[:PANELS], ignore_index=True)
    more = f" {len(panels) - PANELS} more peaks are in the table." if len(panels) > PANELS else ""
    if scalp:
        figure, said = topography(shown, "weight", label="weight (SD per SD)")
        rings = " Rings: corrected p below .05 at this lag." if shown["marked"].any() else ""
        caption = f"Mean weights over {count(n, 'participant')} at the lag of each peak: {said}{rings}{more}"
        result.figures["group_topography"] = figure, caption
    elif located(shown).any():
        size = shown.assign(subject="group", weight=shown["weight"].abs(), model=shown["panel"])
        figure, said = brain_map(size, "weight", noun=places.noun)
        caption = (
            f"{said} The weight is the size of the mean over {count(n, 'participant')} at the lag of each peak.{more}"
        )
        result.figures["group_topography"] = figure, caption


def _from_front_to_back(table: pd.DataFrame, places: Places) -> tuple[pd.DataFrame, str]:
    """Rows in the order of places from the front of the head to its back, kind by kind, where MNE knows them; and that in words."""
    from brainalign.data.electrodes.layouts import sensors_of

    order: dict[str, int] = {}
    for kind in sensors_of(places.table) if places.by == "electrode" else ():
        for k in np.argsort(-kind.places[:, 1], kind="stable"):
            order[kind.electrodes[int(k)]] = len(order)
    if not order:
        return table, ""
    at = table[places.by].astype(str).map(lambda name: order.get(name, len(order)))
    return table.iloc[np.argsort(at.to_numpy(), kind="stable")], "front to back"
