"""encoding.components in a study: models, spaces and partitions are cut to it, what cannot be is refused, and a kept fit knows it."""

import pytest

from brainalign.config.encoding import check_components as check_value
from brainalign.data.simulated import simulate
from brainalign.encoding.fit_store import FitStore
from brainalign.errors import BrainalignError
from brainalign.features.cache import FeatureCache
from brainalign.features.joined import Band
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech
from brainalign.features.representation import Representation
from brainalign.spaces.variances import about
from brainalign.study.bands import fit_bands
from brainalign.study.components import add_components, check_components
from brainalign.study.cross_fitting import crossfit, space_scores
from brainalign.study.plan import fit_stage, probe
from brainalign.study.result import AnalysisResult
from brainalign.study.study import Study


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """``study(**changes)``, and two models of one data set."""
    folder = tmp_path_factory.mktemp("d")
    data = simulate(subjects=2, electrodes=4, sentences=12, repeated=1, repeats=2, cache_dir=folder)
    options = {"tmin": 0.0, "tmax": 0.1, "lag_unit": "seconds", "rate": 50.0, "alphas": [10.0, 1e3], "outer_folds": 3}
    models = [
        Representation(kind(data, dims=12, layers=[1, 2]), data.stimuli, data.stimuli_digest, FeatureCache(folder))
        for kind in (PlantedLanguage, PlantedSpeech)
    ]
    return lambda **changes: Study(data, store=FitStore(folder), **{**options, **changes}), models


@pytest.mark.parametrize("value", [0, -1, 1.5, 1.0, 100.0, True, "many", [3], 0.0, -0.5, float("nan")])
def test_what_is_neither_a_number_nor_a_share_is_refused(value):
    with pytest.raises(BrainalignError, match="encoding.components=.*whole number of at least 1, or a share"):
        check_value(value)


@pytest.mark.parametrize("value", [None, 1, 100, 0.95])
def test_numbers_and_shares_are_taken(value):
    check_value(value)


def test_layers_are_fitted_on_them_and_the_run_says_how_many(world):
    study, (model, _) = world
    it, share = study(components=3), study(components=0.7)
    assert (it.layer_selection(model).layers[1].components == 3).all()
    used = {int(n) for layer in share.layer_selection(model).layers.values() for n in layer.components.ravel()}
    result = AnalysisResult()
    add_components(result, share)
    ((what, told),) = result.rows
    assert model.name in what and told == (f"{min(used)} to {max(used)}" if len(used) > 1 else f"{min(used)}")
    keys = {s.key(rows=[s.rows_key(model, 1)]) for s in (it, share, study())}
    assert len(keys) == 3


def test_more_than_a_model_has_is_refused_and_a_narrower_one_beside_it_keeps_all(world):
    study, (model, _) = world
    with pytest.raises(
        BrainalignError, match="encoding.components=13, but .* has 12 dimensions at most; give 12 or fewer"
    ):
        check_components(study(components=13), model)
    check_components(study(components=12), model)
    frames = study().frames(model, 1)
    assert about(frames, 100) == 12


def test_spaces_are_cut_to_them_and_fitted_as_they_are(world):
    study, (x, y) = world
    it = study(components=5)
    fits = crossfit(it, x, y, "words", (1, 1), fit="cross_fitted", k=2, variance=0.99, ridge=0.0)
    assert {space.cca.x.basis.shape[1] for space in fits.spaces} == {5}
    assert len(space_scores(it, x, "x", "truncated", fits)) == 8
    assert study(components=0.5).truncation(0.99) == (0.5, None) and study(components=0.9).truncation(0.8) == (
        0.8,
        None,
    )


def test_bands_have_as_many_each_where_one_has_its_own_window(world):
    study, (x, y) = world
    it = study(components=4)
    found = fit_bands(it, [Band(x, 0.0, 0.04), Band(y)], [(1, 1)] * 3, [1.0], "both")
    assert (found.scores.components == 4 * 3 + 4 * 6).all() and it.kept["both"] == {36}


def test_a_plan_counts_fewer_operations(world):
    study, (model, _) = world
    whole, few, share = (
        fit_stage(s, probe(model, s.components)) for s in (study(), study(components=3), study(components=0.7))
    )
    counts = [stage.size.split(" lagged")[0].split(" x ")[1] for stage in (whole, few, share)]
    assert counts[:2] == ["72", "18"] and 18 < int(counts[2]) < 72
