"""What a group TRF says: the summary, what was found in a sentence, and its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.group_trf.maps import MapTest
from brainalign.analysis.group_trf.places import Places, shared_places
from brainalign.analysis.group_trf.weights import GroupWeights
from brainalign.counts import count
from brainalign.figures.text import p_text
from brainalign.stats.sign_flip import DRAWS, EXACT
from brainalign.study.result import AnalysisResult
from brainalign.study.sentences import LEVEL
from brainalign.study.study import Study

HOW = {
    "cluster": "cluster-based permutation (Maris and Oostenveld 2007), in which neighbouring points beyond the two-sided t of p = "
    "{level:g} make a cluster, and its sum of t is held against the largest of each flip",
    "tfce": "threshold-free cluster enhancement (Smith and Nichols 2009)",
    "max_t": "the maximum statistic over all points (Westfall and Young 1993)",
}


def report(
    result: AnalysisResult,
    found: Sequence[GroupWeights],
    places: Places,
    layers: Mapping[str, int],
    tests: Sequence[MapTest],
    lags_s: NDArray[np.float64],
) -> None:
    """Rows of the summary, metrics of tests, and what was found.

    Args:
        result: With its tables.
        found: Weights.
        places: Of them.
        layers: Model -> the layer that was looked at.
        tests: Of weights and scores.
        lags_s: (lags,) seconds.
    """
    n, where = len(places.subjects), count(len(places.table), places.noun)
    for g in (g for g in found if g.said):
        result.tell("What the weights are of", f"{g.name}, layer {layers.get(g.name, 0)}", g.said)
    said = []
    peaks = result.tables.get("group_trf_peaks", pd.DataFrame())
    models = peaks.groupby("feature")["model"].nunique() if len(peaks) else {}
    for (model, only, name, place), rows in (
        peaks.groupby(["model", "feature", "peak", "place"], sort=False) if len(peaks) else ()
    ):
        feature = only if models[only] == 1 else f"{model} {only}"  # two models may have a feature in common
        by = rows.set_index("measure")
        at, size = by.loc["latency_s"], by.loc["amplitude"]
        if np.isfinite(at["low"]):
            text = (
                f"{1000 * at['value']:.0f} ms [{1000 * at['low']:.0f}, {1000 * at['high']:.0f}] · {size['value']:.3f} "
                f"[{size['low']:.3f}, {size['high']:.3f}]"
            )
        else:
            text = f"{1000 * at['value']:.0f} ms, {p_text(at['p'])} · {size['value']:.3f}, {p_text(size['p'])}"
        result.summary.append(
            (f"{feature}, {name} at {place}: latency · amplitude [95 % CI over {n} participants, jackknife]", text)
        )
        said.append(f"{feature}: {name} at {place}, {text}")
    for test in tests:
        rows, least = test.table, float(test.p.min())
        below = int((rows["p"] < LEVEL).sum()) if len(rows) else 0
        what = "weights" if test.of == "weights" else "r"
        result.metrics |= {f"group_trf/{what}/{test.model}/p": least, f"group_trf/{what}/{test.model}/below_05": below}
        text = f"nothing below {LEVEL:g}; smallest {p_text(least)}"
        if below:
            first = rows.iloc[0]
            lags = (
                f"{1000 * first['first_s']:.0f} to {1000 * first['last_s']:.0f} ms, "
                if np.isfinite(first["first_s"])
                else ""
            )
            text = (
                f"{count(below, 'cluster' if first['test'] == 'cluster' else 'set')} below {LEVEL:g}; the first: {lags}"
                f"{first['places']} of {where}, largest at {first['peak']} (t {first['peak_t']:.1f}), {p_text(first['p'])}"
            )
        result.summary.append((f"{test.model}: {what} over {n} participants and {where}", text))
        said.append(f"{what} of {test.model}: {text}")
    if not said:
        largest = result.tables["group_trf"].loc[lambda t: t["mean"].abs().idxmax()]
        text = f"largest mean weight {largest['mean']:.3f} at {largest[places.by]}, {1000 * largest['lag_s']:.0f} ms"
        result.summary.append((f"{largest['feature']}, {count(n, 'participant')}, {where}", text))
        said.append(f"{largest['feature']}: {text}")
    result.found = f"{'; '.join(said)}."


def paragraphs(
    study: Study, *, components: int, channels: Sequence[str] | None, test: str, level: float, permutations: int
) -> list[tuple[str, str]]:
    """Methods of the weights, their peaks and their tests.

    Args:
        study: Data and window.
        components: Dimensions up to which each has a curve.
        channels: Places that are measured, or None.
        test: ``cluster``, ``tfce``, ``max_t`` or ``none``.
        level: Of the threshold of clusters.
        permutations: Sign flips at most.
    """
    places = shared_places(study, [])
    n = len(places.subjects)
    by = (
        f"averaged within each participant's regions ({len(places.table)})"
        if places.by == "region"
        else f"of {count(len(places.table), places.noun)} that all participants share"
    )
    found = [
        (
            "Group TRF",
            f"Weights on z-scored features, averaged over outer folds and divided by the standard deviation of the response, were {by} and "
            f"averaged over {n} participants, with Student's 95 % intervals. Of a layer with more than {components} dimensions they "
            f"are shown as the response to one standard deviation of each of the first {components} principal components of its "
            "z-scored dimensions, which are of the stimuli alone, and as strength, the standard deviation of what a lag adds to the "
            "prediction. Ridge regression shrinks weights, and more so where alpha is larger. Latency and amplitude of peaks are "
            "those of a parabola over the top of the mean curve, with intervals by the jackknife over participants (Miller et al. 1998; "
            "differences of two models: Ulrich and Miller 2001)"
            + (
                ", where the mean curve is largest."
                if channels is None
                else f", of the mean over {', '.join(map(str, channels))}."
            ),
        )
    ]
    if test != "none" and n > 1:
        how = HOW[test].format(level=level)
        most = permutations if test != "max_t" else 2 ** (EXACT - 1) if n <= EXACT else DRAWS
        flips = f"all {2 ** (n - 1):,}" if 2 ** (n - 1) <= most else f"{most:,} of them, drawn"
        found.append(
            (
                "Tests over places and lags",
                f"Participants' maps of weights were tested against 0 by sign flips of whole maps ({flips}), corrected over all "
                f"places, lags and features of a model by {how}. Neighbours are {places.near}, and successive lags. Strengths have no "
                "sign and are not tested. Maps of held-out r were tested likewise over places, one-sided, a flip and its opposite "
                "being two: without a signal r lies about 0 or a little below it, so that only above 0 it says something; differences "
                "of two models' r two-sided.",
            )
        )
    return found
