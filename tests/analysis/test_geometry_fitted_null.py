"""The shuffled null of what is fitted: it knows what stimuli have in common by position, where 0 does not."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from brainalign.analysis.geometry.brain import Patterns
from brainalign.analysis.geometry.held_out import against, shuffles
from brainalign.analysis.geometry.inference import chosen_elsewhere, fitted_null, over_cells, with_null
from brainalign.analysis.geometry.measures import Settings, Side

GROUPS = np.repeat(np.arange(24), 8)
SETTINGS = Settings(measures=("procrustes", "cca"), draws=19)


def null_of(rng, shared=0.0, clock=0.0):
    """Two models of three layers: parts of their own, a part in common, and the place of each row in its stimulus."""
    common, place = rng.normal(size=(len(GROUPS), 4)), np.tile(rng.normal(size=(8, 4)), (24, 1))
    layers = [[rng.normal(size=(len(GROUPS), 4)) + shared * common + clock * place for _ in range(3)] for _ in range(2)]
    a, b = (Side(name, [0, 1, 2], own.__getitem__) for name, own in zip("ab", layers, strict=True))
    chosen = chosen_elsewhere(a, b, GROUPS, np.arange(len(GROUPS)), SETTINGS)
    return chosen, fitted_null(a, b, GROUPS, chosen, SETTINGS)


def test_two_clocks_are_alike_and_their_shuffles_as_much():
    chosen, null = null_of(np.random.default_rng(0), clock=2.0)
    for measure in ("procrustes", "cca"):
        assert chosen.values[measure] > 0.5
        assert null[measure].draws.mean() == pytest.approx(chosen.values[measure], abs=0.05) and null[measure].p > 0.05


def test_what_is_shared_is_beyond_all_shuffles():
    _, null = null_of(np.random.default_rng(1), shared=1.5, clock=2.0)
    assert {float(n.p) for n in null.values()} == {1 / 20}


def test_p_of_unrelated_models_is_small_as_often_as_it_says():
    p = np.array([[float(n.p) for n in null_of(np.random.default_rng(s))[1].values()] for s in range(40)])
    for column in p.T:
        assert binomtest(int((column <= 0.2).sum()), 40, 0.2).pvalue > 0.001


def test_too_few_stimuli_for_a_half_have_none():
    few = GROUPS < 18
    rng = np.random.default_rng(0)
    a, b = (Side(n, [0], [rng.normal(size=(few.sum(), 4))].__getitem__) for n in "ab")
    chosen = chosen_elsewhere(a, b, GROUPS[few], np.arange(few.sum()), SETTINGS)
    assert chosen.values and fitted_null(a, b, GROUPS[few], chosen, SETTINGS) == {}


def regions_of(rng, shared=0.0, clock=0.0):
    """(1 + draws, 3) two participants' mean in three regions: a part in common with a model's middle layer, places in the stimulus."""
    common, place = rng.normal(size=(len(GROUPS), 4)), np.tile(rng.normal(size=(8, 4)), (24, 1))
    model = [rng.normal(size=(len(GROUPS), 4)) + k * shared * common + clock * place for k in (0.2, 1.0, 0.2)]
    people = [
        Patterns(
            who, region, np.arange(len(GROUPS)), rng.normal(size=(len(GROUPS), 4)) + k * common + clock * place, None
        )
        for who in "pq"
        for region, k in (("A", shared), ("B", 0.0), ("C", 0.0))
    ]
    found = against(model, people, GROUPS, "procrustes", SETTINGS)
    return np.concatenate([found["observed"], found["draws"][:, 0]]).reshape(-1, 2, 3).mean(axis=1)


def test_a_region_that_shares_is_beyond_all_shuffles_and_places_alone_are_not():
    each = regions_of(np.random.default_rng(0), shared=1.5, clock=2.0)
    p = over_cells(each[0], each[1:])
    assert p[0] == 1 / 20 and (p[1:] > 0.1).all()
    assert each[0].min() > 0.4 and each[1:, 1:].mean() == pytest.approx(each[0, 1:].mean(), abs=0.05)  # clocks, not 0


def test_p_over_regions_is_small_as_often_as_it_says():
    smallest = []
    for seed in range(40):
        model, *regions = np.random.default_rng(seed).normal(size=(4, len(GROUPS), 4))
        found = shuffles(
            [model], regions, np.zeros(3, dtype=np.int64), np.flatnonzero(GROUPS >= 12), GROUPS, "procrustes", SETTINGS
        )
        smallest.append(over_cells(found["observed"][0], found["draws"][:, 0]).min())
    assert binomtest(int((np.array(smallest) <= 0.2).sum()), 40, 0.2).pvalue > 0.001


def test_too_few_stimuli_for_a_half_have_no_shuffles_with_regions():
    few = np.flatnonzero(GROUPS < 18)
    x = np.random.default_rng(0).normal(size=(len(few), 4))
    found = against([x], [Patterns("p", "A", few, x[:, ::-1], None)], GROUPS[few], "cca", SETTINGS)
    assert "values" in found and "draws" not in found


def test_a_statistic_that_is_not_known_has_no_p_and_spoils_no_other():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"measure": ["cca"] * 3})
    found = with_null(table, [(9.0, rng.normal(size=19)), (np.nan, rng.normal(size=19)), (-9.0, rng.normal(size=19))])
    assert found["p_max"].round(3).tolist()[::2] == [0.05, 1.0] and found["family_size"].tolist() == [2, 0, 2]
    assert found.loc[1, ["p", "p_max", "null_mean"]].isna().all()
