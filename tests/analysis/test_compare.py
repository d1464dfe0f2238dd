"""Runs side by side: every pair or one against all, electrodes that not all have, more runs than a figure has room for."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from brainalign.analysis.compare.tables import MOST, compare
from brainalign.errors import BrainalignError
from brainalign.study.outcome import Outcome


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
    assert set(result.figures) == {"region_bars", "score_distribution", "model_scatter"}


def test_what_cannot_be_compared_is_said():
    with pytest.raises(BrainalignError, match="at least 2 are needed"):
        compare({"a": scores(0)}, Outcome(), None)
    with pytest.raises(BrainalignError, match="did you mean 'alpha'"):
        compare({"alpha": scores(0), "b": scores(1)}, Outcome(), "alpa")
    other = scores(1).assign(subject=lambda t: "x" + t["subject"])
    with pytest.raises(BrainalignError, match="no electrode in common"):
        compare({"a": scores(0), "b": other}, Outcome(), None)
