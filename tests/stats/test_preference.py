"""Preferred layers and the order of regions: closed forms, and a planted hierarchy."""

from __future__ import annotations

from itertools import pairwise as successive
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, rankdata, spearmanr, wilcoxon

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated.cascade import cascade
from brainalign.data.splits.split import split_groups
from brainalign.encoding.design import Design
from brainalign.encoding.nested import fit_outer
from brainalign.signal.hrf import convolve_hrf
from brainalign.stats import best_layer, centre_of_mass, ordering, pairwise, signed_rank

LAYERS, PEOPLE, VOXELS, RHO = 5, 4, 6, 0.2


def test_both_preferences_of_known_profiles() -> None:
    scores = np.array([[0.1, -0.1, 0.0, np.nan], [0.3, -0.2, 0.0, 0.2], [-5.0, -0.3, 0.5, 0.2]])
    np.testing.assert_allclose(best_layer(scores, [0, 3, 6]), [3, np.nan, 6, 3])
    np.testing.assert_allclose(centre_of_mass(scores, [0, 3, 6]), [0.9 / 0.4, np.nan, 6, 4.5])


def test_the_order_is_tested_by_spearman_within_participants() -> None:
    values = np.random.default_rng(0).standard_normal((6, 5)) + np.arange(5)
    given = [4, 0, 2, 1]
    found = ordering(values, given)
    np.testing.assert_allclose(found.rho, [spearmanr(row[given], range(4)).statistic for row in values])
    assert found.smallest == 2 / 2**6


def test_a_fitted_order_does_not_see_the_participant_that_it_is_tested_on() -> None:
    values = np.random.default_rng(1).standard_normal((6, 5))
    rho = ordering(values).rho
    expected = [spearmanr(values[s], np.delete(values, s, axis=0).mean(axis=0)).statistic for s in range(6)]
    np.testing.assert_allclose(rho, expected)


def test_without_an_order_p_is_no_smaller_than_chance() -> None:
    # sign-flip p of leave-one-out rho; 200 nulls: p < .05 in 10 on average, 25 or more by chance in fewer than 1 of 1000
    rng = np.random.default_rng(2)
    below = sum(ordering(rng.standard_normal((8, 5)), range(5)).p < 0.05 for _ in range(200))
    assert below < 25


def test_pairs_are_corrected_over_all_of_them() -> None:
    values = np.random.default_rng(3).standard_normal((10, 3)) * 0.1 + [0, 1, 1]
    pairs, differences, p, corrected = pairwise(values)
    assert pairs == [(0, 1), (0, 2), (1, 2)]
    np.testing.assert_allclose(differences, [np.mean(values[:, b] - values[:, a]) for a, b in pairs])
    assert corrected[0] < 0.01 and corrected[1] < 0.01 and corrected[2] > 0.05
    assert (corrected >= p).all()


def test_signed_rank_is_scipys_and_takes_what_is_missing_out() -> None:
    d = np.random.default_rng(4).standard_normal((9, 4)) + 0.4
    d[2, 1], d[:, 2], d[4, 3] = np.nan, 0.0, 0.0
    found = signed_rank(d)
    assert found[0] == wilcoxon(d[:, 0]).pvalue
    assert found[1] == wilcoxon(np.delete(d[:, 1], 2)).pvalue
    assert found[2] == 1.0
    assert found[3] == wilcoxon(np.delete(d[:, 3], 4)).pvalue
    assert np.isnan(signed_rank(np.array([[1.0]]))).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0]), min_size=2, max_size=9))
def test_signed_rank_is_exact_with_ties_and_no_test_hangs_on_another(own: list[float]) -> None:
    """All signs of the ranks written out; one test with ties among others moves none of them."""
    d = np.array(own)
    moved = d[d != 0]
    clear = np.random.default_rng(len(own)).normal(size=(len(d), 3)) + 0.5
    found = signed_rank(np.column_stack([clear, d]))
    np.testing.assert_allclose(found[:3], wilcoxon(clear, axis=0).pvalue)
    if len(moved) < 2:
        assert found[3] == 1.0
        return
    ranks = rankdata(np.abs(moved))
    sums = np.array([ranks[np.array(s, dtype=bool)].sum() for s in product([0, 1], repeat=len(moved))])
    observed = ranks[moved > 0].sum()
    tails = (sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()
    assert found[3] == pytest.approx(min(1.0, 2 * min(tails)))


def test_an_order_that_was_fitted_is_not_found_where_there_is_none() -> None:
    rng = np.random.default_rng(6)
    below = sum(ordering(rng.standard_normal((8, 5))).p < 0.05 for _ in range(120))
    assert below <= binom.ppf(0.999, 120, 0.05)
    holes = rng.standard_normal((6, 5))
    holes[0, 2], holes[3, :3] = np.nan, np.nan
    found = ordering(holes)
    assert np.isnan(found.rho[3]) and np.isfinite(np.delete(found.rho, 3)).all() and 0 < found.p <= 1
    assert np.isnan(ordering(rng.standard_normal((1, 5))).p)
    assert ordering(np.arange(3.0) + np.zeros((2, 3))).smallest == pytest.approx(
        1 / 6
    )  # 3! arrangements of one beside the other


def planted(seed: int) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Layers convolved with the HRF, and the responses of a cortex whose region k is driven by layer k."""
    rng = np.random.default_rng([seed, 99])
    stories = {f"s{i}": 170.0 for i in range(5)}
    layers = cascade(stories, LAYERS, 6, 0.85, seed)
    times = {s: FrameGrid.speech(d).times for s, d in stories.items()}
    volumes = np.arange(0, 168, 2.0)
    slow = {n: {s: convolve_hrf(v, times[s], volumes, 0.02) for s, v in layer.items()} for n, layer in layers.items()}
    region = np.tile(np.repeat(np.arange(LAYERS), VOXELS), PEOPLE)
    weights = rng.standard_normal((6, len(region)))
    scale = np.array(
        [np.vstack(list(slow[f"layer{k}"].values())).dot(w).std() for k, w in zip(region, weights.T, strict=True)]
    )
    responses = {}
    for s in stories:
        signal = np.column_stack([slow[f"layer{k}"][s] @ w for k, w in zip(region, weights.T, strict=True)]) / scale
        responses[s] = np.sqrt(RHO) * signal + np.sqrt(1 - RHO) * rng.standard_normal(signal.shape)
    return slow, responses


def test_successive_layers_of_the_cascade_correlate_as_stated() -> None:
    layers = cascade({"story": 3000.0}, LAYERS, 8, 0.85, 0)
    for a, b in successive(layers.values()):
        assert np.corrcoef(a["story"].ravel(), b["story"].ravel())[0, 1] > 0.8


@pytest.mark.parametrize("seed", range(20))
def test_a_planted_hierarchy_is_ordered_right(seed: int) -> None:
    """Adjacent layers correlated at .85, rho .2: every seed, by the centre of mass of the participants' regions."""
    slow, responses = planted(seed)
    stories = list(responses)
    split = split_groups(stories, [len(responses[s]) for s in stories], 5, 0, "stimulus")
    design = Design(stories, [responses[s] for s in stories], split)
    scores = [
        fit_outer(design, slow[f"layer{k}"], np.array([0]), [1.0, 10.0, 100.0, 1000.0]).r.mean(axis=0)
        for k in range(LAYERS)
    ]
    centres = centre_of_mass(np.array(scores), range(LAYERS)).reshape(PEOPLE, LAYERS, VOXELS).mean(axis=2)
    found = ordering(centres)
    assert found.order == tuple(range(LAYERS))
    assert found.rho.mean() > 0.8
