"""The numbers that a run's figures show, one a row: what two readings of the same data are compared by."""

from __future__ import annotations

from typing import Any

import pandas as pd

from brainalign.study.result import AnalysisResult
from brainalign.study.study import Study

COLUMNS = ("what", "region", "value", "n")


def headline(study: Study, result: AnalysisResult) -> pd.DataFrame:
    """Mean shown score of each model and space by region, corrected p of each shown test, and the canonical correlations.

    Args:
        study: Its outcome says which score, layer rule and test are shown.
        result: Of any analysis.

    Returns:
        Columns what, region (``all`` where it is over all), value, n (electrodes behind a mean).
    """
    rows: list[dict[str, Any]] = []
    if "scores" in result.tables:
        shown = study.shown(result.tables["scores"])
        for model, own in shown.groupby("model", sort=False):
            for region, inside in [("all", own), *own.groupby("region", sort=False)]:
                values = inside[study.outcome.score].dropna()
                rows.append(
                    {"what": f"{model}: mean score", "region": region, "value": values.mean(), "n": len(values)}
                )
    if "canonical" in result.tables:
        first = result.tables["canonical"].query("component == 1")
        rows += [
            {
                "what": f"first canonical correlation, {column.replace('_', ' ')}",
                "region": "all",
                "value": first[column].mean(),
            }
            for column in ("in_sample", "held_out")
        ]
    if "similarity" in result.tables:
        for model, own in result.tables["similarity"].groupby("model", sort=False):
            rows.append(
                {
                    "what": f"{model}: shared variance of predictions",
                    "region": "all",
                    "value": own["similarity"].mean(),
                    "n": len(own),
                }
            )
    if "tests" in result.tables:
        tests = result.tables["tests"]
        for test in tests[tests["primary"]].itertuples():
            rows.append(
                {"what": f"{test.contrast}: corrected p", "region": test.region, "value": test.p_corrected, "n": test.n}
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def side_by_side(sound: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Two readings' headlines in two columns.

    Args:
        sound: Headline of the sound reading.
        paper: Headline of the published one.

    Returns:
        Columns what, region, sound, paper; NaN where a reading has no such number.
    """
    keys = ["what", "region"]
    left, right = (
        table[[*keys, "value"]].rename(columns={"value": name}) for table, name in ((sound, "sound"), (paper, "paper"))
    )
    both = left.merge(right, on=keys, how="outer", sort=False)
    order = pd.concat([left[keys], right[keys]]).drop_duplicates().reset_index(drop=True).reset_index(names="place")
    return both.merge(order, on=keys).sort_values("place", kind="stable").drop(columns="place").reset_index(drop=True)
