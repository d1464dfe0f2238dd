"""A nested TRF from arrays: what the estimators give fold by fold, and one sentence for what does not fit together."""

import numpy as np
import pytest

from brainalign.data.splits.split import split_groups
from brainalign.encoding import RidgeTRF
from brainalign.encoding.from_arrays import nested_trf
from brainalign.errors import BrainalignError


@pytest.fixture
def world():
    """Simulated: layer 1 drives both electrodes two frames later; each stimulus heard twice."""
    rng = np.random.default_rng(0)
    layers = {n: [3 + 2 * rng.normal(size=(40, 3)) for _ in range(12)] for n in (0, 1)}
    responses = [np.roll(x, 2, axis=0)[:, :2] + rng.normal(size=(40, 2)) for x in layers[1]]
    return layers, responses, [f"s{i % 6}" for i in range(12)]


def test_with_one_layer_and_one_penalty_it_is_ridge_on_standardised_features_fold_by_fold(world):
    layers, responses, groups = world
    table = nested_trf({1: layers[1]}, responses, groups, tmax=0.06, alphas=[10.0], folds=3, seed=4)
    split = split_groups(groups, [40] * 12, 3, 4, "stimulus")
    fold = np.array([segments[0] for segments in split.segments])
    found = []
    for f in range(3):
        train = np.vstack([layers[1][i] for i in np.flatnonzero(fold != f)])
        features = [(x - train.mean(axis=0)) / train.std(axis=0) for x in layers[1]]
        trf = RidgeTRF(tmax=0.06, alphas=10.0, dtype="float64")
        trf.fit([features[i] for i in np.flatnonzero(fold != f)], [responses[i] for i in np.flatnonzero(fold != f)])
        predicted = np.vstack(trf.predict([features[i] for i in np.flatnonzero(fold == f)]))
        actual = np.vstack([responses[i] for i in np.flatnonzero(fold == f)])
        found.append([np.corrcoef(predicted[:, c], actual[:, c])[0, 1] for c in range(2)])
    assert len(table) == 4 and set(table["rule"]) == {"nested", "max"}
    for _, own in table.groupby("rule"):
        np.testing.assert_allclose(own["r"], np.mean(found, axis=0), rtol=1e-4)


def test_the_layer_that_drives_the_responses_is_chosen(world):
    layers, responses, groups = world
    table = nested_trf(layers, responses, groups, tmax=0.06, alphas=[1.0, 100.0], folds=3)
    assert table["layer"].tolist() == [1] * 4 and (table["r"] > 0.5).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"layers": {}}, "layers is empty"),
        ({"folds": 2}, "folds=2 is impossible with 6 groups; it must be between 3 and their number"),
        ({"folds": 7}, "folds=7 is impossible with 6 groups"),
        ({"groups": ["a"]}, "groups has 1 entries for 12 presentations"),
        ({"layers": {0: [np.ones((39, 3))] * 12}}, r"presentation 0: features \(39, 3\) and responses \(40, 2\)"),
    ],
)
def test_what_does_not_fit_together_gets_one_sentence(world, change, sentence):
    layers, responses, groups = world
    given = {"layers": layers, "responses": responses, "groups": groups, "folds": 3, **change}
    with pytest.raises(BrainalignError, match=sentence):
        nested_trf(given.pop("layers"), given.pop("responses"), given.pop("groups"), **given)
