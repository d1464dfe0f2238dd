"""A figure of a lab: an installed package offers it, or it goes by module.path:function; whatever it does, the run's results stay."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainalign import experiment, load_run, registry
from brainalign.config import composed
from brainalign.errors import BrainalignError
from brainalign.own_figures import add_own_figures
from brainalign.study.result import AnalysisResult

FIGURES = """
def counts(result):
    from brainalign.figures.style import SINGLE, new_figure, style

    table = result.tables["allowed"]
    with style():
        figure, axes = new_figure(SINGLE, 2.0)
        axes.bar(["no", "yes"], [(table["allowed"] == found).sum() for found in (False, True)])
    return figure, f"Of {len(table)} kinds, {table['allowed'].sum()} are possible."


def plain(result):
    from matplotlib.figure import Figure

    figure = Figure((3, 2))
    figure.subplots().plot([0, 1])
    return figure, "A figure as matplotlib makes it."


def by_pyplot(result):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([0, 1])
    return figure, "With pyplot."


def nothing(result):
    return None


def breaks(result):
    result.tables["table"].loc[:, "value"] = 0.0
    result.metrics.clear()
    raise KeyError("no such column")


def ends(result):
    raise SystemExit(3)


def no_figure(result):
    return 3


def cannot_be_set(result):
    figure, caption = plain(result)
    figure.text(0.5, 0.5, "$\\\\frac{$", parse_math=True)
    return figure, caption


built_in = plain
NOT_ONE = 3
"""


@pytest.fixture
def lab(installed, tmp_path):
    """The options of a run with an installed package: a module with figures, and an entry point for one of them."""
    installed("ourfigures", {"drawn.py": FIGURES}, figures={"our_counts": "ourfigures.drawn:counts"})
    return ["data=simulated_small", "data.subjects=2", "data.electrodes=4", "data.sentences=12", "tracking.uri=offline",
            "analysis=describe", f"paths.output={tmp_path / 'out'}"]  # fmt: skip


def test_figures_of_a_lab_stand_beside_ours_in_a_run(lab, tmp_path):
    own = "figures.own=[our_counts,ourfigures.drawn:plain,ourfigures.drawn:breaks]"
    config = composed([*lab, own, "allow=[ourfigures]", "figures.formats=[png,pdf]", "figures.style=nature"])
    result = experiment.run(config, tmp_path / "run")
    files = {file.name for file in (tmp_path / "run" / "figures").iterdir()}
    assert {f"{name}.{suffix}" for name in ("our_counts", "plain") for suffix in ("png", "pdf")} < files and len(
        files
    ) > 4
    assert Image.open(tmp_path / "run" / "figures" / "our_counts.png").size[0] == pytest.approx(89 / 25.4 * 300, abs=2)
    page = (tmp_path / "run" / "report.html").read_text()
    assert " are possible." in page and "A figure as matplotlib makes it." in page
    texts = [t.get_text() for name in ("our_counts", "plain") for t in result.figures[name][0].texts]
    assert texts == ["Simulated data"] * 2
    assert "figures.own=ourfigures.drawn:breaks was not drawn: KeyError" in page
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) and load_run(tmp_path / "run").tables


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["figures.own=[our_conuts]"], "figures.own='our_conuts' is unknown; did you mean 'our_counts'?"),
        (
            ["figures.own=[ourfigures.drawn:plain]"],
            "figures.own=ourfigures.drawn:plain is code of the package ourfigures, which the config does not allow to be imported; "
            "'allow=[ourfigures]' does.",
        ),
        (
            ["figures.own=[ourfigures.drawn:]", "allow=[ourfigures]"],
            "is no function; it must be as my_lab.figures:by_age.",
        ),
        (
            ["figures.own=[ourfigures.drawn:NOT_ONE]", "allow=[ourfigures]"],
            "ourfigures.drawn:NOT_ONE must be a function.",
        ),
        (
            ["figures.own=[ourfigures.drwan:plain]", "allow=[ourfigures]"],
            "cannot be imported (No module named 'ourfigures.drwan').",
        ),
        (["figures.own=our_counts"], "figures.own='our_counts'"),
        (["figures.own=null"], "figures.own"),
    ],
)
def test_what_is_no_figure_is_told_before_the_run(lab, words, said):
    with pytest.raises(BrainalignError) as caught:
        composed([*lab, *words])
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert "allow=[ourfigures]" in words or "ourfigures.drawn" not in sys.modules


def test_without_any_installed_figure_it_says_so(lab, installed):
    installed("ourfigures")
    with pytest.raises(BrainalignError, match=r"figures.own='mine' is unknown; no installed package offers a figure\."):
        composed([*lab, "figures.own=[mine]"])


def test_whatever_a_figure_does_the_results_stay(lab, recwarn):
    table = pd.DataFrame({"value": np.arange(3.0)})
    given, _ = registry.own_figure("ourfigures.drawn:plain")(None)
    result = AnalysisResult({"m": 1.0}, {"table": table.copy()}, {"built_in": (given, "ours")}, warnings=["first"])
    names = ["breaks", "ends", "no_figure", "cannot_be_set", "built_in", "nothing", "by_pyplot"]
    add_own_figures(result, [f"ourfigures.drawn:{name}" for name in names], ("png", "svg"))
    assert list(result.figures) == ["built_in", "by_pyplot"] and result.figures["built_in"] == (given, "ours")
    assert result.metrics == {"m": 1.0} and result.tables["table"].equals(table)
    ends = ["KeyError: 'no such column'.", "SystemExit: 3.", "must give (matplotlib figure, caption) or None."]
    for name, end, warning in zip(names, ends, result.warnings[1:], strict=False):
        assert warning.startswith(f"figures.own=ourfigures.drawn:{name} was not drawn: ") and warning.endswith(end)
    assert "ValueError" in result.warnings[4] and "\n" not in result.warnings[4]
    assert result.warnings[5].endswith("the run has a figure built_in already; it must have another name.")
    assert len(result.warnings) == 6
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []
