"""How MLflow's UI shows an experiment's runs: columns that matter, layers as curves. MLflow 3 keeps such a view as a tag of the experiment.

Nothing else that MLflow stores says what its table opens on; a view is what its own *Share* button makes. Tried with MLflow 3.17: its UI
takes plain JSON there as well as what it compresses.
"""

from __future__ import annotations

import json
from typing import Any

KEY = "brainalign"
TAG = f"mlflow.sharedViewState.{KEY}"
"""Tag of the experiment; an address that ends with ``viewStateShareKey=brainalign`` opens the view."""

COLUMNS = (
    "params.`model.name`", "params.`partner.name`", "params.`analysis.kind`", "metrics.`participants`", "metrics.`r2/mean`",
    "metrics.`r2_normalized/mean`", "metrics.`ceiling/mean`",
)  # fmt: skip
NEWEST = "attributes.end_time"
"""By its usual order, the start, the UI folds a sweep's children into one row, and shows no chart of what is folded; it has no name of its
own for this order (*Sort: undefined*)."""
CURVES = ("layer/r2/mean", "partner/layer/r2/mean")
BARS = ("r2/mean", "r2_normalized/mean", "ceiling/mean")


def runs_view() -> str:
    """The view as JSON: the newest runs first, the columns, and above all other charts those of layers and scores."""
    line = {
        "type": "LINE", "metricKey": CURVES[0], "selectedMetricKeys": CURVES, "yAxisKey": "metric", "yAxisExpressions": [],
        "lineSmoothness": 0, "scaleType": "linear", "xAxisKey": "step", "xAxisScaleType": "linear", "selectedXAxisMetricKey": "",
        "range": {"xMin": None, "xMax": None, "yMin": None, "yMax": None},
    }  # fmt: skip
    charts: list[dict[str, Any]] = [line, *({"type": "BAR", "metricKey": key} for key in BARS)]
    same = {"runsCountToCompare": 20, "metricSectionId": KEY, "deleted": False, "isGenerated": False}
    section = {"uuid": KEY, "name": KEY, "display": True, "isReordered": True, "columns": 2, "cardHeight": 360}
    return json.dumps(
        {
            "searchFilter": "", "orderByKey": NEWEST, "orderByAsc": False, "startTime": "ALL", "lifecycleFilter": "Active",
            "datasetsFilter": [], "modelVersionFilter": "All Runs", "selectedColumns": COLUMNS, "runsExpanded": {}, "runsPinned": [],
            "runsHidden": [], "runsHiddenMode": "FIRST_20_RUNS", "groupBy": None, "hideEmptyCharts": True, "isAccordionReordered": True,
            "compareRunCharts": [{"uuid": f"{KEY} {i}", **same, **chart} for i, chart in enumerate(charts)],
            "compareRunSections": [section],
        }
    )  # fmt: skip
