"""The paper's analyses through the command line: convergence, both readings, and what small data cannot show."""

import json

import numpy as np
import pandas as pd
import pytest

import brainalign as package

TINY = (
    "data=simulated_small", "data.subjects=3", "data.electrodes=6", "data.sentences=30", "data.repeated=5", "data.repeats=5",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1", "model=tiny_gpt2", "model.layers=[0,4]",
)  # fmt: skip
CONVERGENCE = (
    *TINY,
    "analysis=convergence",
    "partner.layers=[2]",
    "analysis.k=5",
    "analysis.sets=2",
    "analysis.ratios=[1]",
)


def folders(tmp_path):
    return sorted(
        (p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json")), key=lambda p: p.stat().st_mtime
    )


def test_convergence_in_both_readings_side_by_side(brainalign, tmp_path):
    done = brainalign(*CONVERGENCE, "compare_modes=true", "save.predictions=true", "analysis.geometry=true")
    assert done.returncode == 0, done.stderr
    assert "sound (r2, nested, stimulus) · paper (r2_pearson, max, presentation)" in done.stdout
    (folder,) = folders(tmp_path)
    run = package.load_run(folder)
    tables = {name: run.tables[name] for name in run.tables}
    made = {
        "scores",
        "layers",
        "regions",
        "tests",
        "ceilings",
        "similarity",
        "canonical",
        "decomposition",
        "partition",
        "modes",
    }
    assert made | {"leak_audit"} <= set(tables)
    keys = ["model", "space", "rule", "subject", "electrode"]
    assert not tables["scores"].duplicated(keys).any()
    assert {"full", "shared", "rest", "matched", "lexical", "acoustic", "contextual"} <= set(tables["scores"]["space"])
    assert tables["leak_audit"]["leak"].max() == 0
    modes = tables["modes"].set_index(["what", "region"])
    in_sample = modes.loc[("first canonical correlation, in sample", "all")]
    assert in_sample["sound"] > 0.5 and in_sample["paper"] > 0.5
    held_out = modes.loc[("first canonical correlation, held out", "all")]
    assert held_out["sound"] < in_sample["sound"] and np.isnan(held_out["paper"])
    own = tables["scores"].query("model == 'tiny_gpt2 untrained' and space == 'full' and rule == 'nested'")
    assert modes.loc[("tiny_gpt2 untrained: mean score", "all"), "sound"] == pytest.approx(own["r2"].mean())
    assert modes.loc[("tiny_gpt2 untrained: mean score", "all"), "paper"] > 0  # a square cannot be less
    figures = {p.stem for p in (folder / "figures").glob("*.png")}
    assert {"figure_2", "figure_3", "figure_4", "geometry_layers"} <= figures
    assert not {"layer_profile", "prediction_example", "similarity"} & figures  # panels of figures 2 and 3
    maps = tables["geometry"].set_index(["model_a", "layer_a", "model_b", "layer_b"])["value"]
    pair = ("tiny_gpt2 untrained", "tiny_gpt2 untrained")
    assert maps[pair[0], 4, pair[1], 4] == pytest.approx(1) and maps[pair[0], 0, "tiny_wav2vec2 untrained", 2] < 0.9
    page = (folder / "report.html").read_text()
    for text in (
        "Shared and residual spaces",
        "exact sign-flip tests",
        "Two readings stand side by side",
        "leak_audit",
    ):
        assert text in page
    normalized = own["r2"] / own["ceiling"]
    above = own["ceiling_low"] > 0.05
    np.testing.assert_allclose(own["r2_normalized"][above], normalized[above])
    assert own["r2_normalized"][~above].isna().all()
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["r2_normalized/mean"] == pytest.approx(own["r2_normalized"].mean())
    assert set(run.predictions) >= {"tiny_gpt2 untrained", "tiny_wav2vec2 untrained", "mel"}


def test_the_published_reading_alone(brainalign, tmp_path):
    done = brainalign(*TINY, "partner.layers=[2]", "analysis=cca", "analysis.k=5", "mode=paper")
    assert done.returncode == 0, done.stderr
    (folder,) = folders(tmp_path)
    run = package.load_run(folder)
    assert run.config["stats"]["score"] == "r2_pearson" and run.config["analysis"]["fit"] == "in_sample"
    assert "fitted on all stimuli, test stimuli included" in done.stdout and "LEAKY" in done.stdout
    canonical, tests = run.tables["canonical"], run.tables["tests"]
    assert canonical["held_out"].isna().all() and canonical["in_sample"].notna().all()
    primary = tests[tests["primary"]]
    assert set(primary["test"]) == {"paired_t"} and set(primary["unit"]) == {"pooled electrodes"}
    parts = run.tables["scores"].query("space != 'full'")
    assert set(parts["rule"]) == {"max"}


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        (
            ("data.repeated=0",),
            ("no stimulus was presented more than once", "No stimulus was presented more than once"),
        ),
        (("data.subjects=1",), ("There is one participant", "raw scores")),
        (("ceiling.floor=0.9",), ("nothing can be said about normalised scores; raw scores stand",)),
        (("analysis.k=500",), ("leaves no rest",)),
    ],
)
def test_what_small_data_cannot_show_is_said_and_the_rest_goes_on(brainalign, tmp_path, changes, sentences):
    done = brainalign(*TINY, "partner.layers=[2]", "analysis=cca", "analysis.k=5", *changes)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for sentence in sentences:
        assert sentence in text, text
    (folder,) = folders(tmp_path)
    scores = pd.read_parquet(folder / "tables" / "scores.parquet")
    assert scores["r"].notna().any()
    if "ceiling.floor=0.9" in changes or "data.repeated=0" in changes:
        assert scores["r2_normalized"].isna().all()


def test_ceilings_alone_need_no_model_and_no_repeats(brainalign, tmp_path):
    done = brainalign(*TINY[:6], "analysis=ceiling")
    assert done.returncode == 0, done.stderr
    none = brainalign(*TINY[:4], "data.repeated=0", "analysis=ceiling")
    assert none.returncode == 0 and "not estimable" in none.stdout, none.stderr
    first, second = folders(tmp_path)
    table = pd.read_parquet(first / "tables" / "ceilings.parquet")
    known = table.dropna(subset="ceiling")
    assert len(known) > 10 and (known["ceiling_low"] <= known["ceiling"]).all()
    assert np.corrcoef(known["ceiling"], known["rho_true"])[0, 1] > 0.5
    assert (first / "figures" / "ceilings.png").exists() and not (second / "figures" / "ceilings.png").exists()
    assert pd.read_parquet(second / "tables" / "ceilings.parquet")["ceiling"].isna().all()


def test_a_partner_that_the_data_do_not_allow_leaves_the_rest(brainalign, tmp_path, test_data):
    done = brainalign(
        "data=alice_fmri", f"data.root={test_data}/alice_fmri", "window=fir_tr", "analysis=convergence", "model=glove",
        f"model.path={test_data}/glove/glove.6B.50d.top.txt", "model@partner=tiny_wav2vec2", "encoding.alphas=[10,1000]",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Nothing can be concluded about what needs two models, the rest stands" in done.stdout
    (folder,) = folders(tmp_path)
    tables = package.load_run(folder).tables
    assert {"scores", "ceilings", "tests"} <= set(tables) and "canonical" not in tables
    ceilings = tables["ceilings"]
    assert ceilings["ceiling"].isna().all() and ceilings["inter_subject"].notna().any()  # one story, heard once


def test_validation_writes_its_page(brainalign, tmp_path):
    done = brainalign(
        "experiment=validation",
        "analysis.seeds=2",
        "analysis.sentences=40",
        "analysis.path=page.md",
        "window.tmax=0.06",
        timeout=580,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.md").read_text()
    for part in (
        "Signal power",
        "Layer",
        "Unique and shared",
        "Spaces",
        "Mixture",
        "Null",
        "**simulated**",
        "experiment=validation",
    ):
        assert part in page
