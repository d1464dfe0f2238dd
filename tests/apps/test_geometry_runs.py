"""Several runs of analysis=geometry: a sweep, the same command again, and runs side by side."""

import json

import pandas as pd
import pytest

from brainalign.analysis.compare.run import IGNORED_GEOMETRY, labels, of_one_kind
from brainalign.errors import BrainalignError
from brainalign.tracking.search import Tracked

SMALL = (
    "data=simulated_small", "data.subjects=3", "data.electrodes=8", "data.sentences=10", "data.repeated=10", "data.repeats=2",
    "model@partner=word_rate", "analysis=geometry", "analysis.draws=19", "analysis.most=60", "analysis.measures=[cka]",
    "analysis.rows=frames", "analysis.metric=euclidean", "window=instant",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(brainalign_in, tmp_path_factory):
    """The folder of a sweep of two runs."""
    folder = tmp_path_factory.mktemp("geometries")
    done = brainalign_in(folder, "-m", *SMALL, "model=mel,envelope")
    assert done.returncode == 0, done.stderr
    return folder


def tables(folder, name):
    return {f.parents[1].name: pd.read_parquet(f) for f in sorted(folder.glob(f"outputs/2*/**/tables/{name}.parquet"))}


def test_a_sweep_sums_up_and_the_same_command_again_does_nothing(brainalign_in, place):
    (children,) = tables(place, "children").values()
    assert sorted(children["status"]) == ["FINISHED", "FINISHED"] and set(children["model"]) == {"mel", "envelope"}
    assert any(c.startswith("region/") and "geometry/cka" in c for c in children) or "best" in children
    again = brainalign_in(place, "-m", *SMALL, "model=mel,envelope")
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("finished before, under the same config, data and code") == 2


def test_runs_stand_side_by_side_with_intervals_and_tests(brainalign_in, place):
    done = brainalign_in(
        place, "analysis=compare", "paths.output=compared", f"tracking.uri=sqlite:///{place}/outputs/mlflow.db"
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (f.parent for f in place.glob("compared/**/metrics.json"))
    found = {
        name: pd.read_parquet(folder / "tables" / f"{name}.parquet")
        for name in ("geometry", "geometry_pairs", "geometry_means", "tests")
    }
    runs = ["mel x word_rate", "envelope x word_rate"]
    assert all(set(found[name]["run"]) == set(runs) for name in ("geometry", "geometry_pairs", "geometry_means"))
    means = found["geometry_means"]
    assert ((means["low"] <= means["mean"]) & (means["mean"] <= means["high"])).all()
    everywhere = means[means["region"] == "all electrodes"].set_index(["run", "model"])["mean"]
    metrics = json.loads((folder / "metrics.json").read_text())
    for run, model in zip(runs, ("mel", "envelope"), strict=True):
        assert metrics[f"region/all electrodes/geometry/cka/{run}/mean"] == pytest.approx(everywhere[run, model])
        assert f"{run}: {model} with all electrodes, debiased CKA" in done.stdout
    tests = found["tests"]
    assert set(tests["test"]) == {"sign_flip"} and len(set(tests["contrast"])) == 1
    own = tests[tests["region"] == "all electrodes"].iloc[0]
    assert own["mean_difference"] == pytest.approx(
        everywhere[own["a"], own["a"].split()[0]] - everywhere[own["b"], own["b"].split()[0]]
    )
    for name in ("geometry_regions_cka", "geometry_pairs_cka"):
        assert (folder / "figures" / f"{name}.svg").exists()


def test_scores_and_similarities_are_not_held_against_each_other():
    def run(name, analysis):
        return Tracked(name, name, "FINISHED", {}, {}, {"analysis": analysis}, "", 0.0)

    assert of_one_kind([run("a", "geometry"), run("b", "geometry")])
    assert not of_one_kind([run("a", "encoding"), run("b", "cca")])
    with pytest.raises(BrainalignError, match=r"the runs a \(a\) and b \(b\) are compared by scores and geometry"):
        of_one_kind([run("a", "encoding"), run("b", "geometry")])


def test_labels_tell_partners_apart_and_what_was_taken_out():
    def run(name, **params):
        given = {"model.name": "mel", "partner.name": "envelope", "baseline": "None", "analysis.control": "False"}
        return Tracked(name, name, "FINISHED", {}, given | params, {"analysis": "geometry"}, "", 0.0)

    runs = [run("a"), run("b", **{"partner.name": "pitch"}), run("c", **{"model.name": "pitch"})]
    assert list(labels(runs, IGNORED_GEOMETRY).values()) == ["mel x envelope", "mel x pitch", "pitch x envelope"]
    runs = [run("a"), run("b", **{"analysis.control": "True", "encoding.inner_folds": "9"})]
    assert list(labels(runs, IGNORED_GEOMETRY).values()) == [
        "mel x envelope control=False",
        "mel x envelope control=True",
    ]
    with pytest.raises(BrainalignError, match="nothing tells them apart"):
        labels([run("a"), run("b")], IGNORED_GEOMETRY)
