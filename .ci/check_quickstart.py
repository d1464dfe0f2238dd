"""After the quickstart: the run is FINISHED in MLflow, and everything that it promises lies in its folder."""

import json
import sys
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient

COST = 0.12
"""Most that estimation from so few sentences may cost, in shares of the explainable variance."""

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
# what was planted is found, less what estimation costs, and not more than was planted
planted = tables["planted"]
assert {"full", "shared", "rest", "lexical"} <= set(planted["space"])
whole = planted[planted["region"] == "all"]
assert (whole["participants"] == 6).all()
assert (whole["low"] < whole["found"]).all() and (whole["found"] < whole["high"]).all()
assert (whole["low"] <= whole["planted"] + 0.01).all(), whole.to_string()
cost = whole["planted"] - whole["found"]
assert cost.max() <= COST, whole.to_string()
assert planted[["planted", "found"]].corr().iloc[0, 1] > 0.95
tests = tables["tests"]
sure = tests[tests["primary"].astype(bool) & (tests["p_corrected"] < 0.05) & (tests["test"] == "sign_flip")]
assert "planted_language - planted_speech" in set(sure["contrast"]), "no declared contrast is significant"
page = (folder / "report.html").read_text()
assert "planted" in page and "found" in page
assert 'id="planted ' in (folder / "figures" / "figure_4.svg").read_text(), "the figure has no mark of the truth"
for row in whole[whole["model"] == "planted_language"].itertuples():
    sys.stdout.write(f"{row.space}: planted {row.planted:.2f}, found {row.found:.2f} [{row.low:.2f}, {row.high:.2f}]\n")
sys.stdout.write(
    f"quickstart: FINISHED, {len(logged)} metrics, {len(tables)} tables, {len(figures)} figures in {folder}\n"
)
