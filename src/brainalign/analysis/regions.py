"""Scores by region, honestly: means with n, mean of ratios beside ratio of sums, repeated stimuli alone, and the price of choosing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from brainalign.analysis.study import Study
from brainalign.stats import mean_ci

DRAWS = 1000
"""Bootstrap draws of electrodes behind the interval of a ratio of sums."""


def region_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """One row a (model, space, rule, region), and one for ``all`` regions.

    Args:
        study: With floor and seed.
        scores: All rows of a run.

    Returns:
        Columns model, space, rule, region, n, n_dropped (electrodes without a score), n_estimable (with a ceiling), n_above_floor;
        r, r2, r2_pearson (means) with ``_low`` and ``_high``; r2_normalized (mean of ratios, electrodes above the floor) with
        interval; ratio_of_sums (sum of r2 over sum of ceilings, electrodes with a ceiling) with a bootstrap interval over
        electrodes; r2_repeated, r2_repeated_normalized (repeated stimuli alone); optimism (mean of the reading's score under
        ``max`` less that under ``nested``, where both are there).
    """
    score, rows = study.reading.score, []
    for (model, space, rule), own in scores.groupby(["model", "space", "rule"], sort=False):
        for region, inside in [("all", own), *own.groupby("region", sort=False)]:
            known = inside["ceiling"].notna()
            row: dict[str, Any] = {
                "model": model, "space": space, "rule": rule, "region": region, "n": int(inside["r"].notna().sum()),
                "n_dropped": int(inside["r"].isna().sum()), "n_estimable": int(known.sum()),
                "n_above_floor": int((inside["ceiling_low"] > study.reading.floor).sum()),
            }  # fmt: skip
            for column in ("r", "r2", "r2_pearson", "r2_normalized", "r2_repeated", "r2_repeated_normalized"):
                mean = mean_ci(inside[column].to_numpy(dtype=np.float64))
                row |= {column: mean.mean, f"{column}_low": mean.low, f"{column}_high": mean.high}
            rows.append(row | _ratio_of_sums(inside[known], study.seed))
    table = pd.DataFrame(rows)
    both = scores.pivot_table(
        index=["model", "space", "region", "subject", "electrode"], columns="rule", values=score, sort=False
    )
    if {"nested", "max"} <= set(both):
        gap = (both["max"] - both["nested"]).dropna()
        by = gap.groupby(["model", "space", "region"], sort=False).mean()
        whole = gap.groupby(["model", "space"], sort=False).mean()
        keys = zip(table["model"], table["space"], table["region"], strict=True)
        table["optimism"] = [whole.get((m, s), np.nan) if r == "all" else by.get((m, s, r), np.nan) for m, s, r in keys]
    return table


def _ratio_of_sums(rows: pd.DataFrame, seed: int) -> dict[str, float]:
    """Sum of R2 over sum of ceilings, with a percentile bootstrap over electrodes."""
    r2, rho = rows["r2"].to_numpy(dtype=np.float64), rows["ceiling"].to_numpy(dtype=np.float64)
    fine = np.isfinite(r2)
    r2, rho = r2[fine], rho[fine]
    if not len(r2):
        return dict.fromkeys(("ratio_of_sums", "ratio_of_sums_low", "ratio_of_sums_high"), np.nan)
    drawn = np.random.default_rng(seed).integers(len(r2), size=(DRAWS, len(r2)))
    low, high = np.quantile(r2[drawn].sum(axis=1) / rho[drawn].sum(axis=1), [0.025, 0.975])
    return {
        "ratio_of_sums": float(r2.sum() / rho.sum()),
        "ratio_of_sums_low": float(low) if len(r2) > 1 else np.nan,
        "ratio_of_sums_high": float(high) if len(r2) > 1 else np.nan,
    }
