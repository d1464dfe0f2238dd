"""Where the variance of each model's layers lies, in every run: few rows, few dimensions, first rows, a clock."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from brainalign.features.representation import Representation
from brainalign.study.result import AnalysisResult

TABLE = "outliers"


def add_outliers(result: AnalysisResult, models: Iterable[Representation]) -> None:
    """Add the table ``outliers``, and its extremes to the summary, a line a model.

    Args:
        result: Of the run.
        models: Whose layers were extracted; what has a single dimension is left out.
    """
    rows = [
        {"model": model.name, "layer": layer, **found._asdict()}
        for model in models
        for layer in model.layers
        if (found := model.variance_shares(layer)) is not None
    ]
    if not rows:
        return
    table = pd.DataFrame(rows)
    result.tables[TABLE] = table
    for name, own in table.groupby("model", sort=False):
        said = [f"{what} {_most(own, column)}" for column, what in _SAID.items() if own[column].notna().any()]
        if said:
            result.tell("Outliers of the representations", f"{name}: outliers, most of any layer", ", ".join(said))


_SAID = {
    "kurtosis": "excess kurtosis",
    "top_rows": "variance in 1 % of rows",
    "top_dims": "variance in 1 % of dimensions",
    "common": "variance common to stimuli by row number",
}


def _most(own: pd.DataFrame, column: str) -> str:
    row = own.loc[own[column].idxmax()]
    return f"{row[column]:.2g} (layer {row['layer']})"
