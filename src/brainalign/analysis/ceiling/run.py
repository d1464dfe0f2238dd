"""analysis=ceiling: how much of the responses could be predicted at all; no model takes part."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainalign.counts import ends
from brainalign.figures import ceilings as ceilings_figure
from brainalign.stats import electrodes_ci
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import value
from brainalign.study.study import Study
from brainalign.study.summary import warn_about_ceilings


def ceiling(study: Study, models: Models) -> AnalysisResult:
    """Noise ceilings of all electrodes, by region, with how many cannot be estimated.

    Args:
        study: Data and folds; only rows that the split scores take part.
        models: Not used.

    Returns:
        Table ceilings (one row an electrode); a figure of the ceilings with their intervals.
    """
    result = AnalysisResult()
    table = study.channels.reset_index(drop=True).join(study.ceilings.drop(columns=["subject", "electrode"]))
    result.tables["ceilings"] = table
    for region, rows in [("all", table), *table.groupby("region", sort=False)]:
        prefix = "ceiling" if region == "all" else f"region/{region}/ceiling"
        values = rows["ceiling"].to_numpy(dtype=np.float64)
        mean, known = electrodes_ci(values, rows["subject"]), int(np.isfinite(values).sum())
        above = int((rows["ceiling_low"] > study.outcome.floor).sum())
        result.metrics |= {
            f"{prefix}/mean": mean.mean,
            f"{prefix}/estimable": float(known),
            f"{prefix}/above_floor": float(above),
        }
        told = f"{mean.mean:.3f}{ends(mean.low, mean.high)}" if known else "not estimable"
        row = (
            f"ceiling, {region}",
            f"{told} (single trials, R²; {mean.over(study.noun)}); {known} of {len(rows)} {study.noun}s estimable, "
            f"{above} above the floor",
        )
        result.summary.append(row)
        if not result.found:  # the first rows are those of all regions together
            result.found = _found(value(mean, study.noun), known, len(rows), above, study.noun)
    for column, name in (
        ("ceiling_n", "of the average over repeats"),
        ("split_half", "split-half"),
        ("leave_one_out", "lower bound"),
    ):
        result.metrics[f"ceiling/{column}/mean"] = float(pd.to_numeric(table[column]).mean())
        result.summary.append((f"ceiling, {name}", f"{pd.to_numeric(table[column]).mean():.3f}"))
    if table["inter_subject"].notna().any():
        result.metrics["ceiling/inter_subject/mean"] = float(table["inter_subject"].mean())
        result.summary.append(("inter-subject r (what participants share)", f"{table['inter_subject'].mean():.3f}"))
    if table["ceiling"].notna().any():
        result.figures["ceilings"] = ceilings_figure(table, study.outcome.floor, noun=study.noun)
    warn_about_ceilings(result, study)
    return result


def _found(told: str, known: int, n: int, above: int, noun: str) -> str:
    """What could be predicted, in a sentence."""
    if not known:
        return f"For none of {n} {noun}s can be said how much of their responses could be predicted."
    return (
        f"A model that knows all that the stimulus does could explain {told} of the variance of single trials, the mean of the {known} of "
        f"{n} {noun}s for which it can be estimated; {above} lie above the floor with the lower end of their interval."
    )
