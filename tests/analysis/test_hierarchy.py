"""analysis=hierarchy and analysis=regimes on a small simulated cortex, without a command line."""

from __future__ import annotations

import numpy as np
import pytest

from brainalign.analysis.hierarchy.run import CENTRE, hierarchy
from brainalign.analysis.regimes.run import regimes
from brainalign.data.simulated import simulate_fmri
from brainalign.errors import BrainalignError
from brainalign.features.cache import FeatureCache
from brainalign.features.planted.cascade import PlantedCascade
from brainalign.features.representation import Representation
from brainalign.models import planted_cascade, planted_speech
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    return simulate_fmri(subjects=6, voxels=2, stories=5, sentences=40, repeats=2, rho=0.5, cache_dir=folder)


@pytest.fixture
def study(data):
    return Study(
        data, tmin=0, tmax=0, lag_unit="samples", rate=None, alphas=[1, 10, 100, 1000], outer_folds=5, resample="hrf",
        outcome=Outcome(score="r", permutations=0, draws=100, inter_subject=True),
    )  # fmt: skip


def represent(data, folder, name="planted_cascade", **changes):
    extractor = PlantedCascade(data, name=name, **changes)
    return Representation(extractor, data.stimuli, data.stimuli_digest, FeatureCache(folder))


@pytest.mark.parametrize("layers", ["separate", "cumulative"])
def test_regions_are_ordered_as_planted(study, data, tmp_path, layers) -> None:
    result = hierarchy(study, Models(represent(data, tmp_path)), layers=layers, order=None)
    means = result.tables["regions"].groupby("region", sort=False)[CENTRE].mean()
    assert list(means.sort_values().index) == ["A1", "STG", "STS", "MTG", "IFG"]
    assert result.tables["ordering"]["rho"].mean() > 0.8
    assert len(result.tables["pairs"]) == 10
    assert {"hierarchy", "brain_map"} <= set(result.figures)


def test_gains_add_up_to_the_score_of_all_layers(study, data, tmp_path) -> None:
    table = hierarchy(study, Models(represent(data, tmp_path)), layers="cumulative", order=None).tables["layers"]
    summed = table.groupby(["subject", "electrode"], sort=False)["r"].sum()
    last = table[table["layer"] == 4].set_index(["subject", "electrode"])["r_cumulative"]
    np.testing.assert_allclose(summed, last, atol=1e-12)


def test_an_unknown_region_in_the_order_is_refused(study, data, tmp_path) -> None:
    with pytest.raises(BrainalignError, match="'STQ' is unknown; did you mean 'STS'"):
        hierarchy(study, Models(represent(data, tmp_path)), layers="separate", order=["A1", "STQ"])


def test_untrained_equals_trained_where_the_weights_are_the_same(study, data, tmp_path) -> None:
    same = [represent(data, tmp_path, name) for name in ("untrained", "trained")]
    result = regimes(
        study, Models(same[0], regimes=same), regimes={"untrained": "a", "trained": "a"}, correction="holm"
    )
    for table in ("region_tests", "voxel_tests"):
        assert (result.tables[table]["mean_difference"] == 0).all()
        assert (result.tables[table]["p"] == 1).all()


def test_training_shows_where_deeper_layers_drive(study, data, tmp_path) -> None:
    pair = [represent(data, tmp_path, name, weights=name) for name in ("untrained", "trained")]
    result = regimes(
        study, Models(pair[0], regimes=pair), regimes=dict.fromkeys(("untrained", "trained"), ""), correction="fdr"
    )
    tests = result.tables["region_tests"].set_index("region")
    assert abs(tests.loc["A1", "mean_difference"]) < 0.05 < -tests.loc["IFG", "mean_difference"]
    assert tests.loc["IFG", "p"] == 2 / 2**6


def test_a_regime_names_weights_that_a_model_can_have() -> None:
    model = planted_cascade.PlantedCascade("planted_cascade", "planted_cascade", "all", 0, "trained")
    assert vars(model.regime("random", "untrained")) == vars(model) | {"name": "random", "weights": "untrained"}
    with pytest.raises(BrainalignError, match="no checkpoints"):
        model.regime("native", "/nowhere")
    with pytest.raises(BrainalignError, match="no weights"):
        planted_speech.PlantedSpeech("planted_speech", "planted_speech", "all", 0, 96, 16).regime("random", "untrained")


def test_blocks_of_one_story_leave_out_what_the_response_looks_back_over(study) -> None:
    assert study.reach == 1 + 16  # one lag, and 32 s of volumes of 2 s
