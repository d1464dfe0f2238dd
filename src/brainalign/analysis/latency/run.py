"""analysis=latency: when a response follows its features: single lags, growing windows, and the weights over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import ends
from brainalign.encoding.nested import OuterScores
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.figures import curves_by_region, mean_trf
from brainalign.notes import limits
from brainalign.progress import track
from brainalign.stats import FEWEST, electrodes_ci
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study

LENGTHS = 10
"""Windows that are tried, from one lag to all."""

ENOUGH = 0.95
"""Share of the whole window's score at which a shorter one is enough."""

DRAWS = 1000
"""Bootstrap draws behind the interval of the window that is enough."""

ORDERED = 256
"""Dimensions up to which a mean TRF is drawn."""


def latency(study: Study, models: Models, *, layer: int | None) -> AnalysisResult:
    """Score against single lag and against window length, and weights over time, by region.

    Args:
        study: Data, window and folds; the window's lags are what is looked at.
        models: The model in question.
        layer: One of its layers, or None: the one with the best mean inner score in the whole window.

    Returns:
        Tables latency (one row an electrode and lag) and windows (one row an electrode and window length). Peaks and windows are
        named (as metrics and in the summary) only for regions whose whole window predicts, by :func:`differs_from_zero`.

    Raises:
        BrainalignError: The window has one lag, or the model has no such layer.
    """
    model, score = models.model, study.outcome.score
    if len(study.lags) < 2:
        raise BrainalignError(
            f"analysis=latency needs a window of several lags, and window.tmin={study.tmin:g} to window.tmax={study.tmax:g} holds one."
        )
    if layer is not None and layer not in model.layers:
        raise BrainalignError(f"analysis.layer={layer} is none of {model.name}'s layers: {list(model.layers)}.")
    chosen = _best_layer(study, model) if layer is None else layer
    frames = study.frames(model, chosen)
    dims = next(iter(frames.values())).shape[1]
    rate = next(iter(study.responses.grids.values())).rate
    whole = study.fit(frames, dims, model.name, keep_weights=True)
    keys = study.channels.reset_index(drop=True)[["subject", "electrode", "region", "hemisphere"]].assign(
        model=model.name, layer=chosen
    )
    sd = study.design.deviation  # weights in units of each response's own, so that electrodes can be averaged
    norms = np.stack([np.linalg.norm(w, axis=1) for w in whole.weights]) / sd  # (folds, lags, C)
    singles = []
    for place, lag in enumerate(track(study.lags.tolist(), "one lag at a time")):
        scores = study.fit(frames, dims, model.name, lags=np.array([lag]))
        singles.append(keys.assign(lag_s=lag / rate, **_scores(scores), weight=over_folds(norms[:, place])))
    windows = []
    for n in track(window_lengths(len(study.lags)), "growing windows"):
        scores = whole if n == len(study.lags) else study.fit(frames, dims, model.name, lags=study.lags[:n])
        windows.append(keys.assign(window_s=(n - 1) / rate, n_lags=n, **_scores(scores)))
    result = AnalysisResult()
    result.tables |= {
        "latency": pd.concat(singles, ignore_index=True),
        "windows": pd.concat(windows, ignore_index=True),
    }
    told = {
        n: differs_from_zero(_judged(whole, score)[:, rows.index], rows["subject"].to_list(), 1 + len(study.regions))
        for n, rows in _named(keys, study.regions)
    }
    silent = [name for name, above in told.items() if not above]
    _describe(result, study, model, chosen, score, silent)
    _draw(result, study, model, score, whole, frames)
    if silent:
        result.figures = {
            k: (figure, f"{caption} {_no_claim(silent, score)}") for k, (figure, caption) in result.figures.items()
        }
    return result


def window_lengths(lags: int) -> list[int]:
    """Numbers of lags of the windows that are tried: at most ten, from one to all.

    Example:
        >>> window_lengths(20)
        [1, 3, 5, 7, 9, 12, 14, 16, 18, 20]
    """
    return sorted({round(float(n)) for n in np.linspace(1, lags, min(LENGTHS, lags))})


def _best_layer(study: Study, model: Representation) -> int:
    """Best by the inner folds' score, averaged over folds and electrodes."""
    if len(model.layers) == 1:
        return model.layers[0]
    inner = {n: float(np.nanmean(s.inner)) for n, s in study.layer_selection(model).layers.items()}
    return max(inner, key=lambda n: inner[n])


def _scores(scores: OuterScores) -> dict[str, NDArray[np.float64]]:
    return {"r": over_folds(scores.r), "r2": over_folds(scores.r2), "r2_pearson": over_folds(scores.r**2)}


def _named(table: pd.DataFrame, regions: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """All rows, and those of each region."""
    return [("all", table), *((r, table[table["region"] == r]) for r in regions)]


def _judged(scores: OuterScores, score: str) -> NDArray[np.float64]:
    """(folds, C) what a claim hangs on: r2_pearson is above 0 on noise, too, so that r is judged in its place."""
    return scores.r2 if score == "r2" else scores.r


def differs_from_zero(scores: NDArray[np.float64], subjects: Sequence[str], family: int = 1) -> bool:
    """Whether the whole window predicts at all: only then has a peak, or a window that is enough, a meaning.

    The interval of the mean over electrodes, at 1 - .05 / family, must lie above 0. Electrodes of one participant share noise and are
    no independent values. With three participants or more it is over participants; with fewer over the outer folds, for these electrodes
    only: folds are different stretches of time, whose scores correlate 1 / (folds - 1) without signal because each trains the others'
    fits (see :func:`brainalign.stats.shift_p`), so that the variance of their mean is 2 s^2 (k - 1) / (k (k - 2)).

    Args:
        scores: (folds, n) of the whole window, NaN where there is none.
        subjects: (n,) participant of each electrode.
        family: Claims that are made: one for each region, and one for all.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> noise = 0.02 * rng.normal(size=(5, 3))
        >>> differs_from_zero(noise, ["p1"] * 3), differs_from_zero(noise + 0.2, ["p1"] * 3)
        (False, True)
    """
    from scipy.stats import t

    means = over_folds(scores)
    if len({s for s, m in zip(subjects, means, strict=True) if np.isfinite(m)}) >= FEWEST:
        return bool(electrodes_ci(means, subjects, 1 - 0.05 / family).low > 0)  # NaN is not
    folds = over_folds(scores.T)
    folds = folds[np.isfinite(folds)]
    k = len(folds)
    if k < 3:
        return False
    error = np.sqrt(2 * folds.var(ddof=1) * (k - 1) / (k * (k - 2)))
    return bool(folds.mean() > t.ppf(1 - 0.025 / family, k - 1) * error)


def _no_claim(silent: Sequence[str], score: str) -> str:
    judged = "r" if score == "r2_pearson" else score
    return (
        f"No peak and no window is named for {', '.join(silent)}: the mean {judged} of the whole window cannot be told from 0 there (its "
        "interval, Bonferroni-corrected for the regions, is not above 0), so a curve is highest where noise is."
    )


def peaks(table: pd.DataFrame, column: str, regions: list[str]) -> dict[str, tuple[float, float]]:
    """Region (and ``all``) -> (lag of the highest mean over electrodes, that mean).

    Args:
        table: The latency table.
        column: What is averaged.
        regions: In the order wanted.
    """
    found = {}
    for name, rows in _named(table, regions):
        mean = rows.groupby("lag_s")[column].mean()
        if mean.notna().any():
            found[name] = float(mean.idxmax()), float(mean.max())
    return found


def enough(windows: pd.DataFrame, score: str, rng: np.random.Generator) -> tuple[float, float, float]:
    """Length of the shortest window with 95 % of the whole window's mean score, and its bootstrap interval.

    Args:
        windows: Rows of the windows table; participants are drawn where there are three or more, else electrodes: then the interval
            is about these only.
        score: Column.
        rng: Of the draws.

    Returns:
        Seconds from the first to the last lag, and the 95 % interval, a percentile bootstrap widened for the number of units as
        Hesterberg (2015) does; NaN where the whole window predicts nothing, and no interval of fewer than three units.
    """
    from scipy.stats import norm, t

    unit = "subject" if windows["subject"].nunique() >= FEWEST else "electrode"
    by = ["subject"] if unit == "subject" else ["subject", "electrode"]
    units = windows.groupby(["window_s", *by])[score].mean().unstack(by).dropna(axis=1)
    lengths, values = units.index.to_numpy(), units.to_numpy()

    def shortest(mean: NDArray[np.float64]) -> float:
        return float(lengths[np.argmax(mean >= ENOUGH * mean[-1])]) if mean[-1] > 0 else np.nan

    if values.shape[1] == 0:
        return np.nan, np.nan, np.nan
    drawn = [
        shortest(values[:, rng.integers(values.shape[1], size=values.shape[1])].mean(axis=1)) for _ in range(DRAWS)
    ]
    point, n = shortest(values.mean(axis=1)), values.shape[1]
    known = np.array(drawn)[np.isfinite(drawn)]
    if not np.isfinite(point) or len(known) < 0.95 * DRAWS or n < FEWEST:
        return point, np.nan, np.nan
    tail = float(norm.cdf(-np.sqrt(n / (n - 1)) * t.ppf(0.975, n - 1)))
    return point, float(np.quantile(known, tail)), float(np.quantile(known, 1 - tail))


def _describe(
    result: AnalysisResult,
    study: Study,
    model: Representation,
    layer: int,
    score: str,
    silent: Sequence[str],
) -> None:
    """Metrics, curves, summary lines and warnings; peaks and windows of those regions alone that are predicted at all."""
    table, windows = result.tables["latency"], result.tables["windows"]
    lags = {lag: i for i, lag in enumerate(sorted(table["lag_s"].unique()))}
    for column, name in ((score, f"latency/single_lag/{score}"), ("weight", "latency/weight")):
        mean = table.groupby("lag_s")[column].mean()
        result.metrics[f"{name}/mean"] = [(lags[lag], float(v)) for lag, v in mean.items()]
    mean = windows.groupby("n_lags")[score].mean()
    result.metrics[f"latency/window/{score}/mean"] = [(int(n), float(v)) for n, v in mean.items()]
    best, heaviest = (peaks(table, column, study.regions) for column in (score, "weight"))
    rng = np.random.default_rng(study.seed)
    last = windows[windows["n_lags"] == len(study.lags)]
    whole = electrodes_ci(last[score], last["subject"])
    result.summary.append(
        (
            f"{model.name}, layer {layer}: mean {score} in the whole window [{whole.over(study.noun)}]",
            f"{whole.mean:.3f}{ends(whole.low, whole.high)}",
        )
    )
    for name, rows in _named(windows, study.regions):
        prefix = "latency" if name == "all" else f"region/{name}/latency"
        claims = dict.fromkeys(("single_lag/peak_s", "weight/peak_s", "window_95_s"), np.nan)
        shown = "not told from 0 in the whole window"
        if name not in silent:
            length, low, high = enough(rows, score, rng)
            claims = dict(zip(claims, (best[name][0], heaviest[name][0], length), strict=True))
            interval = ends(1000 * low, 1000 * high, ".0f")
            shown = (
                f"{1000 * best[name][0]:.0f} ms · {1000 * heaviest[name][0]:.0f} ms · {1000 * length:.0f} ms{interval}"
            )
        result.metrics |= {f"{prefix}/{key}": value for key, value in claims.items()}
        over = electrodes_ci(np.zeros(len(rows)), rows["subject"]).over(study.noun)
        result.summary.append((f"{name}: best single lag · heaviest weights · 95 % of the score [{over}]", shown))
    if silent:
        result.warnings.append(limits(_no_claim(silent, score)))
    result.warnings.append(
        limits(
            "Single lags of features that change slowly predict for their neighbours: a peak is where "
            "prediction is best, not where it begins.",
        )
    )
    if model.unit == "words" and study.align == "onset":
        result.warnings.append(
            limits(
                f"{model.name} has a vector a word, placed from the word's onset on: it knows the whole word then, so its lags are no "
                "latencies; features.align=offset places it at the end.",
            )
        )
    elif not model.extractor.receptive_field.causal:
        field = model.extractor.receptive_field
        early = "are no latencies" if field.future == float("inf") else "may be early by that"
        result.warnings.append(
            limits(
                f"{model.name}: {field}, so its lags {early}.",
            )
        )


def _draw(
    result: AnalysisResult,
    study: Study,
    model: Representation,
    score: str,
    whole: OuterScores,
    frames: Mapping[str, NDArray[np.floating[Any]]],
) -> None:
    """The three curves by region, and the mean TRF where its dimensions can be told apart."""
    table, windows = result.tables["latency"], result.tables["windows"]
    shared: dict[str, Any] = {"order": study.regions, "noun": study.noun}
    result.figures |= {
        "single_lag": curves_by_region(table, "lag_s", score, x_label="lag (s)", **shared),
        "window_length": curves_by_region(windows, "window_s", score, x_label="last lag − first lag (s)", **shared),
        "weights": curves_by_region(table, "lag_s", "weight", x_label="lag (s)", **shared),
    }
    dims = next(iter(frames.values())).shape[1]
    if model.unit == "frames" and 1 < dims <= ORDERED:
        weights = np.nanmean(np.stack(whole.weights) / study.design.deviation, axis=(0, 3))  # (lags, d)
        lags = np.sort(table["lag_s"].unique())
        result.figures["mean_trf"] = mean_trf(weights, lags, model.name, n=len(study.channels), noun=study.noun)
