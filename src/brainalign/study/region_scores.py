"""Scores by region, honestly: means with n, mean of ratios beside ratio of sums, repeated stimuli alone, and the price of choosing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from brainalign.stats import FEWEST, electrodes_ci, ratio_ci
from brainalign.study.study import Study


def region_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """One row a (model, space, rule, region), and one for ``all`` regions.

    Args:
        study: With floor and seed.
        scores: All rows of a run.

    Returns:
        Columns model, space, rule, region, n, n_dropped (electrodes without a score), n_estimable (with a ceiling), n_above_floor;
        r, r2, r2_pearson (means) with ``_low`` and ``_high``; r2_normalized (mean of ratios, electrodes above the floor) with
        interval; ratio_of_sums (sum of r2 over sum of ceilings, electrodes with a ceiling) with its interval;
        interval_over (``participants`` where there are three or more, else ``these electrodes`` only); r2_repeated,
        r2_repeated_normalized (repeated stimuli alone); optimism (mean of the outcome's score under
        ``max`` less that under ``nested``, where both are there).
    """
    score, rows = study.outcome.score, []
    for (model, space, rule), own in scores.groupby(["model", "space", "rule"], sort=False):
        for region, inside in [("all", own), *own.groupby("region", sort=False)]:
            known = inside["ceiling"].notna()
            row: dict[str, Any] = {
                "model": model, "space": space, "rule": rule, "region": region, "n": int(inside["r"].notna().sum()),
                "n_dropped": int(inside["r"].isna().sum()), "n_estimable": int(known.sum()),
                "n_above_floor": int((inside["ceiling_low"] > study.outcome.floor).sum()),
            }  # fmt: skip
            for column in ("r", "r2", "r2_pearson", "r2_normalized", "r2_repeated", "r2_repeated_normalized"):
                mean = electrodes_ci(inside[column], inside["subject"])
                row |= {column: mean.mean, f"{column}_low": mean.low, f"{column}_high": mean.high}
            ratio = ratio_ci(*(inside.loc[known, c] for c in ("r2", "ceiling", "subject")))
            row |= {"ratio_of_sums": ratio.mean, "ratio_of_sums_low": ratio.low, "ratio_of_sums_high": ratio.high}
            people = inside.loc[inside["r"].notna(), "subject"].nunique()
            rows.append(row | {"interval_over": "participants" if people >= FEWEST else "these electrodes"})
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
