"""Validation's own machinery: data sets side by side give the very numbers that they give one after the other."""

import ast
from pathlib import Path

import joblib
import numpy as np
import pytest

import brainalign
from brainalign.analysis import validation
from brainalign.analysis.validation.ceilings import ceilings
from brainalign.analysis.validation.layers import layers
from brainalign.analysis.validation.listening import Bench
from brainalign.analysis.validation.null import false_positives
from brainalign.analysis.validation.side_by_side import each
from brainalign.data.simulated import simulate
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.study.study import Study


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    data = simulate(subjects=1, electrodes=1, sentences=5, repeated=0, cache_dir=tmp_path_factory.mktemp("vectors"))
    arithmetic = Arithmetic("cpu", "float32")
    made = Bench(Study(data, 0.0, 0.06, "seconds", 50.0, [1e1, 1e3, 1e5], 3, arithmetic=arithmetic))
    yield made
    made.close()


def test_on_two_cores_as_on_one_bit_by_bit(bench, monkeypatch):
    found = []
    for cores in (1, 2):
        monkeypatch.setattr(joblib, "cpu_count", lambda cores=cores: cores)
        found.append([*ceilings(bench, 2), *layers(bench, 2), *false_positives(4)])
    assert found[0] == found[1]
    assert {f.check for f in found[0]} == {"signal power", "layer", "null"}


def test_results_come_in_the_order_of_the_items_whatever_takes_longest():
    sizes = [300, 1, 200, 2]
    assert each(lambda n: float(np.linalg.matrix_rank(np.eye(n))), sizes, "ranks") == sizes


ROW = {
    "analysis/geometry/inference.py over_stimuli": "two models in the layers that are most alike",
    "analysis/geometry/resampling.py interval": "model and region, layer chosen on other stimuli",
    "analysis/latency/run.py differs_from_zero": "that latency names a peak in",
    "analysis/latency/run.py enough": "window that is enough (latency)",
    "data/sync/sound.py drift_of": "drift of the clock of sounds",
    "stats/abx.py wilson": "share of right answers (ABX, Wilson)",
    "stats/abx.py _bootstrap": "correlation with listeners (ABX, bootstrap",
    "stats/ceiling.py _interval": "95 % intervals that contain the truth",
    "stats/compare.py _mixed": "difference of two models, mixed model",
    "stats/interval.py mean_ci": "mean over participants' own means",
    "stats/interval.py mean_cis": "mean over participants' own means",
    "stats/interval.py ratio_ci": "ratio of sums over noise ceilings",
    "stats/peaks.py _peak": "latency of the mean curve's peak",
    "stats/power.py rate": "chance that a test finds an effect",
    "stats/ttest.py t_row": "difference of two models, paired t",
    "stats/ttest.py effect_interval": "effect size d_z, paired t",
}
"""What makes the ends of intervals, and words of its row."""
NO_INTERVAL = {
    "analysis/geometry/inference.py with_null", "spaces/shared.py canonical_table", "data/continuous/speech.py aligned_to_speech",
    "data/preprocessing/quality.py spectrum", "figures/_distribution.py draw_values", "figures/score_distribution.py draw_values",
    "figures/model_scatter.py draw_region",
}  # fmt: skip
"""Quantiles of a null, of loudness, and of channels: these are called quartiles where they are drawn."""
ENDS = [
    "stdtrit",
    "ppf",
    "quantile",
    "nanquantile",
    "percentile",
    "nanpercentile",
    "proportion_ci",
    "nctdtrinc",
    "theilslopes",
]


def makers_of_ends(root):
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or "validation" in file.parts:
                continue
            inside = list(ast.walk(node))
            called = {getattr(c.func, "attr", getattr(c.func, "id", "")) for c in inside if isinstance(c, ast.Call)}
            if called & {*ENDS} or any(
                isinstance(c, ast.Constant) and round(c.value, 2) == 1.96 for c in inside if _float(c)
            ):
                yield f"{file.relative_to(root).as_posix()} {node.name}"


def _float(node):
    return isinstance(getattr(node, "value", None), float)


def test_every_interval_that_the_package_makes_has_a_row_of_its_coverage():
    assert set(makers_of_ends(Path(brainalign.__file__).parent)) == {*ROW, *NO_INTERVAL}
    rooms = Path(validation.__file__).parent.glob("*.py")
    rows = "".join(file.read_text(encoding="utf-8") for file in rooms)
    assert [words for words in ROW.values() if words not in rows] == []
