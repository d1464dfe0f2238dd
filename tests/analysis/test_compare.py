"""Runs side by side: every pair or one against all, electrodes that not all have, more runs than a figure has room for."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from brainalign.analysis.compare.run import children_of, labels, own_model
from brainalign.analysis.compare.tables import MOST, compare
from brainalign.errors import BrainalignError
from brainalign.study.outcome import Outcome
from brainalign.tracking import Tracked


def scores(seed, shift=0.0, electrodes=6):
    values = np.random.default_rng(seed).normal(shift, 0.1, (3, electrodes))
    return pd.DataFrame(
        [
            {"model": "m", "subject": f"s{s}", "electrode": f"e{e}", "region": "STG" if e % 2 else "A1", "space": "full",
             "rule": "nested", "r2": values[s, e], "r": values[s, e]}
            for s in range(3) for e in range(electrodes)
        ]
    )  # fmt: skip


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


def test_more_runs_than_a_figure_has_room_for_are_all_in_the_tables(recwarn):
    runs = {f"run{n:02d}": scores(n, shift=n / 10) for n in range(MOST + 3)}
    result = compare(runs, Outcome(score="r2"), "run00")
    tests = result.tables["tests"]
    assert set(tests["b"]) == {"run00"} and tests["a"].nunique() == MOST + 2
    assert set(tests["family_size"]) == {2 * (MOST + 2)}
    assert set(result.tables["scores"]["model"]) == set(runs)
    assert any(f"Figures show {MOST} of the {MOST + 3} runs" in warning for warning in result.warnings)
    assert any("Figures have no brackets" in warning for warning in result.warnings)
    _, caption = result.figures["region_bars"]
    assert f"run{MOST + 2}" in caption and "run01" not in caption


def test_electrodes_that_not_all_runs_have_are_counted_and_take_part_in_no_test():
    result = compare({"a": scores(0), "b": scores(1, electrodes=4)}, Outcome(score="r2"), None)
    assert any("take part in no test: a 6" in warning for warning in result.warnings)
    paired = result.tables["tests"].query("test == 'paired_t'").set_index("region")
    assert paired["n"].to_dict() == {"A1": 6, "STG": 6} and paired["n_dropped"].to_dict() == {"A1": 3, "STG": 3}
    assert set(result.figures) == {"region_bars", "region_bars_participants", "score_distribution", "model_scatter"}


def test_layers_stand_at_their_depth_under_the_ceiling_and_participants_are_dots():
    """Models of 3 and 13 layers whose scores rise alike with depth: the curves lie on each other."""
    runs = {"shallow": scores(0).assign(ceiling=0.5, r2_normalized=0.2, x=-40.0, y=0.0, z=10.0), "deep": scores(0)}
    runs["deep"]["r2_planted"] = 0.3
    layers = {}
    for label, n in (("shallow", 3), ("deep", 13)):
        rows = [runs[label].assign(layer=k, r2=0.4 * k / (n - 1)) for k in range(n)]
        layers[label] = pd.concat(rows)[["model", "layer", "subject", "electrode", "r2"]]
    result = compare(runs, Outcome(score="r2"), None, layers)
    assert {"layer_profile", "region_bars_normalized", "brain_map"} <= set(result.figures)
    figure, caption = result.figures["layer_profile"]
    lines = {line.get_gid(): line.get_xydata() for line in figure.axes[0].get_lines()}
    np.testing.assert_allclose(lines["mean shallow"], lines["mean deep"][::6])
    assert set(lines["mean ceiling"][:, 1]) == {0.5} and "Grey: the mean noise ceiling" in caption
    assert "Highest: deep, at depth 1" in caption
    assert set(result.tables["layers"]["model"]) == set(runs)
    bars, _ = result.figures["region_bars_participants"]
    (dots,) = (c for c in bars.axes[0].collections if c.get_gid() == "dots of bar A1 deep")
    own = runs["deep"]
    expected = own[own["region"] == "A1"].groupby("subject")["r2"].mean()
    np.testing.assert_allclose(np.sort(dots.get_offsets()[:, 1]), np.sort(expected))
    (mark,) = (line for line in bars.axes[0].get_lines() if line.get_gid() == "planted A1 deep")
    assert mark.get_ydata()[0] == pytest.approx(0.3)


def test_the_folder_of_a_sweep_names_its_finished_children(tmp_path):
    (tmp_path / "tables").mkdir()
    with pytest.raises(BrainalignError, match=r"analysis.sweep=.*there is no .*children.parquet"):
        children_of(str(tmp_path))
    table = pd.DataFrame({"run": ["a", "b", "c"], "status": ["FINISHED", "FAILED", "FINISHED"]})
    table.to_parquet(tmp_path / "tables" / "children.parquet")
    assert children_of(str(tmp_path)) == ["a", "c"]
    table.assign(status="KILLED").to_parquet(tmp_path / "tables" / "children.parquet")
    with pytest.raises(BrainalignError, match="none of its 3 children is FINISHED"):
        children_of(str(tmp_path))


def test_what_cannot_be_compared_is_said():
    with pytest.raises(BrainalignError, match="at least 2 are needed"):
        compare({"a": scores(0)}, Outcome(), None)
    with pytest.raises(BrainalignError, match="did you mean 'alpha'"):
        compare({"alpha": scores(0), "b": scores(1)}, Outcome(), "alpa")
    other = scores(1).assign(subject=lambda t: "x" + t["subject"])
    with pytest.raises(BrainalignError, match="no electrode in common"):
        compare({"a": scores(0), "b": other}, Outcome(), None)


def test_a_run_is_called_by_its_model_with_its_weights():
    """As its tables call it: a run of untrained weights was not found in them by the name of its option."""
    params = {"model.name": "tiny_gpt2", "model.seed": "0"}
    made = Tracked("1", "run", "FINISHED", {}, params, {"model": "tiny_gpt2 untrained x mel"}, "", 1.0)
    assert own_model(made) == "tiny_gpt2 untrained"
    assert own_model(replace(made, tags={})) == "tiny_gpt2"
    other = replace(made, id="2", params=params | {"model.seed": "1"})
    assert list(labels([made, other]).values()) == [
        "tiny_gpt2 untrained x mel seed=0",
        "tiny_gpt2 untrained x mel seed=1",
    ]
