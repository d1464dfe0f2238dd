"""Whole runs through the command line, and what each leaves behind."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

import brainalign as package

ROOT = Path(__file__).resolve().parents[2]

SMALL = (
    "data=simulated_small",
    "data.subjects=2",
    "data.electrodes=6",
    "data.sentences=24",
    "data.repeated=2",
    "data.repeats=3",
    "encoding.outer_folds=3",
    "encoding.alphas=[10,1000,100000]",
    "window.tmax=0.1",
)
"""Overrides that make a run small enough for a test."""


def runs(tmp_path, name="brainalign"):
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name(name)
    return client, client.search_runs([experiment.experiment_id])


def folders(tmp_path):
    return sorted(
        (p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json")), key=lambda p: p.stat().st_mtime
    )


def test_an_encoding_run_leaves_everything_and_mlflow_has_the_same(brainalign, tmp_path):
    done = brainalign(*SMALL, "model=tiny_gpt2", "model.layers=[0,4]")
    assert done.returncode == 0, done.stderr
    for line in ("tiny_gpt2 untrained - mel", "report ", "figures ", "mlflow"):
        assert line in done.stdout.replace("-m mlflow", "mlflow")
    (folder,) = folders(tmp_path)
    client, (run,) = runs(tmp_path)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "tiny_gpt2 untrained · encoding · simulated"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert run.data.metrics == {k: v for k, v in metrics.items() if v is not None}
    curve = {m.step: m.value for m in client.get_metric_history(run.info.run_id, "layer/r2/mean")}
    layers = pd.read_parquet(folder / "tables" / "layers.parquet")
    own = layers[layers["model"] == "tiny_gpt2 untrained"].groupby("layer")["r2"].mean()
    assert curve == pytest.approx(own.to_dict())
    scores = pd.read_parquet(folder / "tables" / "scores.parquet")
    nested = scores[(scores["model"] == "tiny_gpt2 untrained") & (scores["rule"] == "nested")]
    assert metrics["r2/mean"] == pytest.approx(nested["r2"].mean())
    assert len(nested) == 12 and {"rho_true", "alpha", "layer", "n_frames", "r_pooled"} <= set(nested)
    maximum = scores[(scores["model"] == "tiny_gpt2 untrained") & (scores["rule"] == "max")]
    assert (maximum["r"].to_numpy() >= nested["r"].to_numpy() - 1e-9).all()
    stored = {a.path for a in client.list_artifacts(run.info.run_id)}
    assert {"config.yaml", "metrics.json", "provenance.json", "report.html", "tables", "figures"} <= stored
    for name in (
        "score_distribution",
        "layer_profile",
        "region_bars",
        "model_scatter",
        "prediction_example",
        "brain_map",
    ):
        assert (folder / "figures" / f"{name}.png").exists() and (folder / "figures" / f"{name}.svg").exists()
    page = (folder / "report.html").read_text()
    assert "imulated data" in page and "tiny_gpt2" in page and "http://" not in page.replace("http://www.w3.org", "")
    facts = json.loads((folder / "provenance.json").read_text())
    assert facts["seed"] == 0 and facts["dataset_digest"] == run.data.tags["dataset_digest"]
    assert set(facts["checkpoints"]) == {"tiny_gpt2 untrained", "mel"}
    opened = package.load_run(folder)
    pd.testing.assert_frame_equal(opened.tables["scores"], scores)
    assert {p.name for p in (folder / "tables").glob("*.[ct]*")} == {"scores.csv", "tests.csv", "tests.tex"}
    assert len(pd.read_csv(folder / "tables" / "scores.csv")) == len(scores)
    assert opened.config["model"]["name"] == "tiny_gpt2"


def test_the_same_command_twice_reuses_features_and_gives_the_same_bits(brainalign, tmp_path):
    first, second = (
        brainalign(*SMALL, "model=tiny_wav2vec2", "model.layers=[2]", "tracking.resume=false") for _ in range(2)
    )
    assert first.returncode == second.returncode == 0, second.stderr
    assert "extracted" in first.stderr
    assert "extracted" not in second.stderr and "reused" in second.stderr
    a, b = (pd.read_parquet(f / "tables" / "scores.parquet") for f in folders(tmp_path))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_cca_of_planted_models_finds_what_they_share(brainalign, tmp_path):
    done = brainalign(
        *SMALL, "model=planted_language", "model@partner=planted_speech", "analysis=cca", "analysis.k=5",
        "model.layers=[3]", "partner.layers=[3]", "data.sentences=60",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder,) = folders(tmp_path)
    tables = package.load_run(folder).tables
    assert set(tables["scores"]["space"]) == {"full", "truncated", "shared", "rest", "matched"}
    canonical = tables["canonical"].groupby("component").mean()
    assert canonical["held_out"].iloc[0] > 0.6 > canonical["null_95"].iloc[0]
    assert (canonical["in_sample"] >= canonical["held_out"] - 0.05).all()
    assert canonical["held_out"].iloc[-1] < 0.4
    nested = tables["scores"][tables["scores"]["rule"] == "nested"].groupby(["model", "space"])["r2"].mean()
    shared, rest = (f"{nested['planted_language', part]:.3f}" for part in ("shared", "rest"))
    said = " ".join(done.stdout.split())
    assert re.search(rf"shared and rest predict held-out responses with a mean R² of {shared}.*? and {rest}", said)
    tests = tables["tests"]
    assert set(tests["family_size"]) == {7 * 5} and len(tests) == 3 * 2 * 35  # three tests of two scores
    assert (folder / "figures" / "canonical_correlations.png").exists()


def test_cca_beside_its_own_baseline_and_a_partner_without_content(brainalign, tmp_path):
    done = brainalign(
        *SMALL, "model=tiny_gpt2", "model@partner=mel", "analysis=cca", "analysis.k=3", "model.layers=[1]"
    )
    assert done.returncode == 0, done.stderr  # mel is the partner, so it is no third line
    refused = brainalign(*SMALL, "model=glove", "model@partner=word_rate", "analysis=cca", "analysis.k=3")
    assert refused.returncode == 1 and "model word_rate is the same in all words" in refused.stderr
    _, found = runs(tmp_path)
    assert sorted(r.info.status for r in found) == ["FAILED", "FINISHED"]


def test_a_variance_partition_of_three_sets_and_its_plan(brainalign, tmp_path):
    few = (
        "model=tiny_gpt2",
        "model.layers=[1,3]",
        "partner.layers=[2]",
        "analysis=variance_partition",
        "analysis.ratios=[1,100]",
    )
    planned = brainalign(*SMALL, *few, "plan=true")
    assert planned.returncode == 0 and "fit combinations of 3 sets" in planned.stdout, planned.stderr
    done = brainalign(*SMALL, *few, "encoding.repeats=average")
    assert done.returncode == 0, done.stderr
    (folder,) = folders(tmp_path)
    assert "unique tiny_gpt2 untrained" in done.stdout
    assert "encoding.repeats=average" in (folder / "report.html").read_text()
    tables, metrics = package.load_run(folder).tables, json.loads((folder / "metrics.json").read_text())
    assert tables["partition"]["model"].nunique() == tables["fits"]["model"].nunique() == 7
    for part in ("unique tiny_gpt2 untrained", "shared tiny_gpt2 untrained and tiny_wav2vec2 untrained and mel"):
        mine = tables["partition"].loc[tables["partition"]["model"] == part, "r2"]
        assert metrics[f"partition/{part}/mean"] == pytest.approx(mine.mean())
        assert f"region/STG/partition/{part}/mean" in metrics
    assert (folder / "figures" / "variance_partition.svg").exists()


def test_a_sweep_is_a_parent_with_its_children_and_a_failing_child_stops_nobody_else(brainalign, tmp_path):
    done = brainalign("-m", *SMALL, "model=mel,causal_lm,envelope")
    assert done.returncode == 1
    assert "model.path nor model.checkpoint is set" in done.stderr
    _, found = runs(tmp_path)
    parent = next(r for r in found if r.info.run_name.startswith("sweep"))
    children = [r for r in found if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert sorted(r.data.tags["model"] for r in children if r.info.status == "FINISHED") == ["envelope", "mel"]
    assert [r.data.tags["overrides"].endswith("model=causal_lm") for r in children if r.info.status == "FAILED"] == [
        True
    ]
    assert len({f.parent for f in folders(tmp_path)}) == 1


@pytest.mark.parametrize(("kill", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_killed_run_is_killed_in_mlflow_and_can_be_run_again(brainalign, tmp_path, kill, status):
    arguments = [*SMALL, "model=planted_language", "data.sentences=60", "window.tmax=0.4", "encoding.outer_folds=6"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in a shell's background ignore it, and so would the child
    )  # fmt: skip
    for line in process.stderr:
        if "layer 0: mean r" in line:
            process.send_signal(kill)
            break
    assert process.wait(timeout=60) == status
    _, (run,) = runs(tmp_path)
    assert run.info.status == "KILLED"
    assert not folders(tmp_path)  # no result that could be taken for a finished one
    again = brainalign(*SMALL, "model=planted_language", "data.sentences=60", "model.layers=[0]")
    assert again.returncode == 0, again.stderr


def test_the_working_directory_stays_clean_and_a_stray_mlruns_is_ignored(brainalign, tmp_path):
    (tmp_path / "mlruns").mkdir()
    assert brainalign(*SMALL, "model=word_rate").returncode == 0
    assert {p.name for p in tmp_path.iterdir()} == {"outputs", "mlruns"}
    assert not list((tmp_path / "mlruns").iterdir())


def test_alice_fmri_word_rate_reaches_what_an_independent_script_found(brainalign, tmp_path, test_data):
    done = brainalign("data=alice_fmri", f"data.root={test_data}/alice_fmri", "model=word_rate", "window=fir_tr")
    assert done.returncode == 0, done.stderr
    (folder,) = folders(tmp_path)
    page = (folder / "report.html").read_text()
    assert "s33" in page and "zero" in page
    tests = package.load_run(folder).tables["tests"]
    zero = tests[tests["test"] == "paired_t"].set_index("region")  # one channel a region: each is a participant
    assert set(zero["contrast"]) == {"word_rate - 0"}
    assert set(zero["n"]) == {17} and set(zero["unit"]) == {"participants"}
    assert (zero["mean_a"] > 0).all() and (zero["t"] > 2).all()
    assert (zero.loc[["LPTL", "LIPL"], "t"] > 6).all()
    independent = pd.Series([0.09, 0.08, 0.13, 0.15, 0.11, 0.06], ["LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG"])
    assert np.abs(zero["mean_a"][independent.index] - independent).max() < 0.03


@pytest.mark.parametrize(
    "model",
    ["model=causal_lm model.path={}/models/aidreams-260k", "model=glove model.path={}/glove/glove.6B.50d.top.txt"],
)
def test_alice_fmri_models_are_compared_with_word_rate(brainalign, tmp_path, test_data, model):
    arguments = model.format(test_data, test_data).split()
    done = brainalign("data=alice_fmri", f"data.root={test_data}/alice_fmri", "window=fir_tr", *arguments)
    assert done.returncode == 0, done.stderr
    (folder,) = folders(tmp_path)
    assert not (folder / "figures" / "brain_map.png").exists()  # its regions have no coordinates
    tests = package.load_run(folder).tables["tests"]
    assert {"0", "word_rate"} == set(tests["b"])
    tests = tests[tests["b"] == "word_rate"]
    assert (
        set(tests["test"]) == {"paired_t", "sign_flip", "mixed"}
        and set(tests["n"]) == {17}
        and set(tests["family_size"]) == {6}
    )
    assert np.isfinite(tests["p_bonferroni"]).all()


def test_a_plan_says_stages_sizes_and_memory_and_does_nothing(brainalign, tmp_path):
    done = brainalign(*SMALL, "model=tiny_gpt2", "model.layers=[0,4]", "analysis=cca", "plan=true")
    assert done.returncode == 0, done.stderr
    for text in (
        "extract tiny_gpt2 untrained",
        "2 of 2 layer(s), 24 stimuli",
        "fit tiny_wav2vec2 untrained",
        "truncated, shared, rest",
        "lagged",
    ):
        assert text in done.stdout
    assert "GiB there: enough" in done.stdout and "nothing was done" in done.stdout
    assert "hydra.launcher.mem_gb=3" in done.stdout
    assert not list(tmp_path.rglob("metrics.json")) and not list(tmp_path.rglob("mlflow.db"))
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize("solver", ["dual", "eigh"])
def test_any_solver_gives_the_same_scores(brainalign, tmp_path, solver):
    for chosen in ("auto", solver):
        done = brainalign(
            *SMALL, "model=mel", "model@baseline=envelope", "encoding.dtype=float64", f"encoding.solver={chosen}"
        )
        assert done.returncode == 0, done.stderr
    first, second = (pd.read_parquet(f / "tables" / "scores.parquet") for f in folders(tmp_path))
    np.testing.assert_allclose(first["r2"], second["r2"], atol=1e-6)


def test_latency_by_single_lag_window_and_weight(brainalign, tmp_path):
    clear = ("data.rho_min=0.5", "data.silent_fraction=0", "data.mixture={acoustic:1}")
    done = brainalign(*SMALL, *clear, "model=mel", "analysis=latency")
    assert done.returncode == 0, done.stderr
    assert "best single lag" in done.stdout and "may be early by that" in done.stdout
    (folder,) = folders(tmp_path)
    table = pd.read_parquet(folder / "tables" / "latency.parquet")
    assert table.groupby("electrode").size().nunique() == 1 and table["lag_s"].nunique() == 6
    _, (run,) = runs(tmp_path)
    assert run.data.metrics["latency/single_lag/peak_s"] == table.groupby("lag_s")["r2"].mean().idxmax()
    assert {p.stem for p in (folder / "figures").glob("*.png")} == {
        "single_lag",
        "window_length",
        "weights",
        "mean_trf",
    }
    refused = brainalign(*SMALL[:-1], "model=mel", "analysis=latency", "window=instant")
    assert refused.returncode == 1 and "needs a window of several lags" in refused.stderr


def test_extraction_alone_describes_every_layer_and_encodes_nothing(brainalign, tmp_path):
    command = (*SMALL, "model=tiny_wav2vec2", "model.layers=[-1,0,4]", "analysis=extract")
    done = brainalign(*command)
    assert done.returncode == 0, done.stderr
    assert "3, 3 extracted in" in done.stdout and "every 20 ms, the first at 12.5 ms" in done.stdout
    (folder,) = folders(tmp_path)
    layers = pd.read_parquet(folder / "tables" / "layers.parquet").set_index("layer")
    assert layers["dims"].to_dict() == {-1: 32, 0: 96, 4: 96} and (layers["zero_rows"] == 0).all()
    for layer, file in layers["file"].items():
        assert Path(file).is_file() and Path(file).stat().st_size > layers.loc[layer, "bytes"]
    assert (folder / "figures" / "features.png").exists() and not (folder / "tables" / "scores.parquet").exists()
    again = brainalign(*command, "tracking.resume=false")
    assert "3, all from the cache" in again.stdout
    few = brainalign(
        "data=simulated_small",
        "data.sentences=5",
        "data.repeated=0",
        "model=mel",
        "analysis=extract",
        "encoding.outer_folds=9",
    )
    assert few.returncode == 0, few.stderr  # nothing is split
