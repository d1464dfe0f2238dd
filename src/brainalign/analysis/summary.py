"""Metrics, warnings and summary lines that every analysis draws from its scores table in the same way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainalign.analysis.result import AnalysisResult
from brainalign.stats import mean_ci

SCORES = ("r", "r2", "r2_pearson")


def add_scores(result: AnalysisResult, scores: pd.DataFrame, model: str, noun: str, prefix: str = "") -> None:
    """Mean and median of each score over electrodes, in all and by region, as metrics and summary lines.

    Args:
        result: To add to.
        scores: Rows of one space, with the column ``rule``.
        model: Whose rows to sum up.
        noun: What a row is called: electrode or channel.
        prefix: Before each metric's name (``baseline/``); none for the model itself.
    """
    mine = scores[(scores["model"] == model) & (scores["rule"] == "nested")]
    for score in SCORES:
        result.metrics[f"{prefix}{score}/mean"] = float(mine[score].mean())
        result.metrics[f"{prefix}{score}/median"] = float(mine[score].median())
        for region, rows in mine.groupby("region", sort=False):
            result.metrics[f"{prefix}region/{region}/{score}/mean"] = float(rows[score].mean())
    optimistic = scores[(scores["model"] == model) & (scores["rule"] == "max")]
    if len(optimistic):
        result.metrics[f"{prefix}max/r/mean"] = float(optimistic["r"].mean())
        result.metrics[f"{prefix}max/r2/mean"] = float(optimistic["r2"].mean())
    r, r2 = mean_ci(mine["r"].to_numpy()), mean_ci(mine["r2"].to_numpy())
    text = f"{r.mean:.3f} [{r.low:.3f}, {r.high:.3f}] · {r2.mean:.3f} [{r2.low:.3f}, {r2.high:.3f}]"
    result.summary.append((f"{model}: mean r · R² over {r.n} {noun}s [95 % CI]", text))


def add_layer_curves(result: AnalysisResult, layers: pd.DataFrame, model: str, prefix: str = "") -> None:
    """Metric curves over layers (step = layer), such as ``layer/r2/mean``."""
    mine = layers[layers["model"] == model]
    for score in SCORES:
        curve = mine.groupby("layer")[score].mean()
        result.metrics[f"{prefix}layer/{score}/mean"] = [(int(n), float(v)) for n, v in curve.items()]


def add_tests(result: AnalysisResult, tests: pd.DataFrame) -> None:
    """Each test's t, p and corrected p as metrics ``test/<contrast>/<region>/...``."""
    for row in tests.itertuples():
        name = f"test/{row.contrast}/{row.region}"
        for key in ("mean_difference", "t", "p", "p_bonferroni", "effect_size"):
            result.metrics[f"{name}/{key}"] = float(getattr(row, key))


def warn_about(result: AnalysisResult, scores: pd.DataFrame, folds: int) -> None:
    """Count what a reader must know: alphas on the grid's edge, constant predictions, electrodes without a score.

    Args:
        result: To add to.
        scores: All rows of the run.
        folds: Outer folds a row.
    """
    nested = scores[scores["rule"] == "nested"]
    edges = []
    for (model, space), rows in nested.groupby(["model", "space"], sort=False):
        name = str(model) if space == "full" else f"{model} ({space})"
        edge, choices = int(rows["alpha_at_edge"].sum()), len(rows) * folds
        constant, missing = int(rows["constant_folds"].sum()), int(np.isnan(rows["r"]).sum())
        if edge:
            edges.append(f"{name} {edge} of {choices}")
        if constant:
            result.warnings.append(f"{name}: {constant} of {choices} predictions are constant and score r = 0.")
        partly = int(((rows["n_folds"] < folds) & (rows["n_folds"] > 0)).sum())
        if partly:
            result.warnings.append(
                f"{name}: {partly} of {len(rows)} were recorded in only some of the {folds} folds, and are averaged over those."
            )
        if missing:
            result.warnings.append(f"{name}: {missing} of {len(rows)} have no score (a constant or missing response).")
    if edges:
        result.warnings.append(
            f"Alpha is the first or last of encoding.alphas in some choices (electrodes x folds): {', '.join(edges)}; where that is not "
            "for lack of signal, widen the grid."
        )
