"""Validation's own machinery: data sets side by side give the very numbers that they give one after the other."""

import joblib
import numpy as np
import pytest

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
