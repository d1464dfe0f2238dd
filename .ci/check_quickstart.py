"""After the quickstart: the run is FINISHED in MLflow, and everything that it promises lies in its folder."""

import json
import sys
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient

outputs = Path(sys.argv[1]).resolve()
client = MlflowClient(f"sqlite:///{outputs / 'mlflow.db'}")
(experiment,) = client.search_experiments(filter_string="name = 'quickstart'")
(run,) = client.search_runs([experiment.experiment_id])
assert run.info.status == "FINISHED", run.info.status

(folder,) = {p.parent for p in outputs.glob("*/*/metrics.json")}
for name in ("config.yaml", "provenance.json", "metrics.json", "report.html"):
    assert (folder / name).stat().st_size > 100, name
metrics = json.loads((folder / "metrics.json").read_text())
logged = run.data.metrics
assert logged["r2/mean"] == metrics["r2/mean"], "metrics.json and MLflow differ"
tables = {p.stem: pd.read_parquet(p) for p in (folder / "tables").glob("*.parquet")}
made = {
    "scores",
    "layers",
    "canonical",
    "tests",
    "ceilings",
    "similarity",
    "decomposition",
    "partition",
    "regions",
    "leak_audit",
}
assert made <= set(tables), sorted(made - set(tables))
assert {"full", "truncated", "shared", "rest", "matched"} <= set(tables["scores"]["space"])
assert tables["leak_audit"]["leak"].max() == 0
figures = {p.stem for p in (folder / "figures").glob("*.png")}
assert {
    "figure_2",
    "figure_3",
    "figure_4",
    "region_bars",
    "canonical_correlations",
    "variance_partition",
    "ceilings",
} <= figures, figures
sys.stdout.write(
    f"quickstart: FINISHED, {len(logged)} metrics, {len(tables)} tables, {len(figures)} figures in {folder}\n"
)
