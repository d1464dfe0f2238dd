"""analysis=geometry through the command line: tables, figures and sentences of a run; faults in one sentence."""

import json

import pandas as pd

SMALL = (
    "data=simulated_small", "data.subjects=3", "data.electrodes=12", "data.sentences=12", "data.repeated=12", "data.repeats=2",
    "model=mel", "model@partner=envelope", "model@baseline=word_rate", "analysis=geometry", "analysis.draws=19", "analysis.most=150",
    "analysis.rows=frames", "analysis.metric=euclidean", "window=instant",
)  # fmt: skip


def test_a_run_leaves_numbers_with_ceiling_null_and_random(brainalign, tmp_path):
    done = brainalign(*SMALL, "analysis.measures=[cka,rsa,procrustes]")
    assert done.returncode == 0, done.stderr
    assert "mel x envelope: debiased CKA" in done.stdout and "unrelated Gaussians" in done.stdout
    (folder,) = (p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json"))
    page = (folder / "report.html").read_text()
    assert "Geometry of representations" in page and "shuffles of whole stimuli" in page
    cells = pd.read_parquet(folder / "tables" / "geometry.parquet")
    assert {"mel", "envelope", "word_rate"} == set(cells["model_a"])
    own = cells[(cells["model_a"] == "mel") & (cells["model_b"] == "mel")]
    assert own["value"].item() > 0.999
    for name in ("geometry_layers", "geometry_map", "geometry_regions_cka", "geometry_regions_procrustes"):
        assert (folder / "figures" / f"{name}.png").exists() and (folder / "figures" / f"{name}.svg").exists()
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["geometry/cka/mel x envelope/best"] > metrics["geometry/cka/mel x envelope/random"]
    tests = pd.read_parquet(folder / "tables" / "tests.parquet")
    assert {"shuffled_stimuli", "sign_flip"} <= set(tests["test"])
    means = pd.read_parquet(folder / "tables" / "geometry_means.parquet")
    assert set(means["measure"]) == {"cka", "rsa", "procrustes"} and (means["low"] < means["high"]).all()
    profiles = pd.read_parquet(folder / "tables" / "geometry_profiles.parquet")
    assert ((profiles["low"] < profiles["mean"]) & (profiles["mean"] < profiles["high"])).all()
    planned = brainalign(*SMALL, "plan=true")
    assert planned.returncode == 0 and "geometry of mel" in planned.stdout


def test_faults_are_one_sentence(brainalign):
    for given, said in (
        ("analysis.measures=[cka,cKa]", "cKa"),
        ("analysis.measures=[]", "must name one or more"),
        ("analysis.neighbours=0", "analysis.neighbours=0"),
        ("data.sentences=9", "at least 10"),
        ("save.weights=true", "fits no TRF"),
    ):
        extra = ("data.repeated=5",) if given.startswith("data") else ()
        done = brainalign(*SMALL, given, *extra)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
