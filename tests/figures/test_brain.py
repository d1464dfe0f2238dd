"""Scores on the brain: each located electrode once, in its hemisphere, in the colour of its score."""

import numpy as np
import pandas as pd
import pytest

from brainalign.errors import BrainalignError
from brainalign.figures import brain_map, paper_figure, stamp
from brainalign.figures.brain import NEGATIVE, located
from brainalign.figures.text import number
from tests.figures.test_figures_layout import LONG, assert_no_overlap, assert_nothing_cut, texts


@pytest.fixture
def placed(make_scores):
    """Scores with places: half of the electrodes left, one without coordinates."""

    def make(models=("gpt2", "mel"), x=None):
        scores = make_scores(models, ("A1", "STG"))
        rng = np.random.default_rng(1)
        units = scores[["subject", "electrode"]].drop_duplicates().reset_index(drop=True)
        n = len(units)
        units["x"] = np.where(np.arange(n) % 2, 55.0, -55.0) if x is None else x
        units["y"], units["z"] = rng.uniform(-50, 20, n), rng.uniform(-10, 40, n)
        units.loc[3, "z"] = np.nan
        return scores.merge(units, on=["subject", "electrode"])

    return make


def test_every_located_electrode_is_a_dot_in_its_place_and_colour(placed, artist):
    scores = placed()
    scores.loc[scores.index[:2], "r"] = -0.1
    figure, caption = brain_map(scores)
    shown = scores[located(scores) & scores.r.notna()]
    norms = set()
    for (model, left), own in shown.assign(left=shown.x < 0).groupby(["model", "left"]):
        dots = artist(figure, f"{'l' if left else 'r'} {model}")
        order = np.lexsort(own[["y", "z"]].to_numpy().T)
        drawn = np.lexsort(np.asarray(dots.get_offsets()).T)
        np.testing.assert_allclose(dots.get_offsets()[drawn], own[["y", "z"]].to_numpy()[order])
        np.testing.assert_allclose(dots.get_array()[drawn], own.r.to_numpy()[order])
        norms.add((dots.norm.vmin, dots.norm.vmax))
        assert (dots.axes.get_xlim()[0] > dots.axes.get_xlim()[1]) == left  # the front is on the left of a left side
    assert norms == {(0.0, shown.r.max())}
    places = scores[located(scores)].drop_duplicates(["subject", "electrode"])
    assert f"of {len(places)} electrodes ({(places.x < 0).sum()} left and {(places.x > 0).sum()} right)" in caption
    assert "1 electrode without coordinates not shown" in caption
    best = shown.loc[shown.r.idxmax()]
    assert f" Highest: {best.model}, {best.subject} {best.electrode} ({best.region}), {number(best.r)}." in caption
    assert f"grey: below 0, {(shown.r < 0).sum()} of {len(shown)} values" in caption
    assert f"{int((located(scores) & scores.r.isna()).sum())} values without a finite score left out" in caption
    from matplotlib.colors import to_rgba

    assert tuple(artist(figure, "l gpt2").cmap(-0.1)) == to_rgba(NEGATIVE)


def test_participants_who_share_places_are_averaged_there(placed, artist):
    scores = placed(("gpt2",))
    scores = scores[located(scores) & scores.r.notna()]
    both = [
        scores.assign(subject=s, r=scores.r + shift, electrode=[f"e{i}" for i in range(len(scores))])
        for s, shift in (("a", -0.3), ("b", 0.1))
    ]
    figure, caption = brain_map(pd.concat(both))
    found = np.concatenate([artist(figure, f"{side} gpt2").get_array() for side in "lr"])
    np.testing.assert_allclose(np.sort(found), np.sort(scores.r - 0.1))
    assert f"Pearson r of {len(scores)} electrodes" in caption and "mean over 2 participants, on the brain" in caption
    assert f"Highest: gpt2, mean at e{scores.r.argmax()} (" in caption and number(scores.r.max() - 0.1) in caption


def test_two_electrodes_at_one_place_by_chance_stay_two(placed, artist):
    scores = placed(("gpt2",), x=-50.0)
    scores = scores[located(scores) & scores.r.notna()].reset_index(drop=True)
    scores.loc[1, ["x", "y", "z"]] = scores.loc[0, ["x", "y", "z"]]
    figure, caption = brain_map(scores)
    np.testing.assert_allclose(np.sort(artist(figure, "l gpt2").get_array()), np.sort(scores.r))
    assert "mean" not in caption and f"of {len(scores)} electrodes" in caption


def test_voxels_that_masks_leave_some_participants_are_means_over_up_to_all(placed, artist):
    scores = placed(("gpt2",), x=-50.0)
    scores = scores[located(scores) & scores.r.notna()].assign(subject="a", i=1, j=2, k=3)
    scores["electrode"] = [f"e{i}" for i in range(len(scores))]
    figure, caption = brain_map(pd.concat([scores, scores[:1].assign(subject="b", r=0.0)]))
    expected = np.append(scores.r[1:], scores.r.iloc[0] / 2)
    np.testing.assert_allclose(np.sort(artist(figure, "l gpt2").get_array()), np.sort(expected))
    assert "mean over up to 2 participants" in caption


@pytest.mark.parametrize(("x", "sides"), [(-50.0, {"left"}), (50.0, {"right"}), (None, {"left", "right"})])
def test_only_hemispheres_with_electrodes_are_shown(placed, x, sides):
    figure, _ = brain_map(placed(x=x))
    assert {t.get_text() for t, _ in texts(figure)} & {"left", "right"} == sides


@pytest.mark.parametrize("models", [["mel"], LONG[:3], LONG])
@pytest.mark.parametrize("x", [-50.0, None])
def test_nothing_is_cut(placed, models, x):
    scores = placed(models, x)
    panels, _ = paper_figure([[(lambda into: brain_map(scores, into=into), 1)]])
    for figure in (brain_map(scores)[0], panels):
        stamp(figure, "Simulated data")
        assert_nothing_cut(figure)
        assert_no_overlap(texts(figure))


def test_without_coordinates_it_says_so(placed, make_scores):
    scores = placed()
    for none in (make_scores(), scores.assign(x=np.nan)):
        assert not located(none).any()
        with pytest.raises(BrainalignError, match="no electrode has x, y and z"):
            brain_map(none)


def test_scores_that_are_all_missing_or_negative_break_nothing(placed):
    scores = placed()
    for r in (np.nan, -0.2):
        figure, caption = brain_map(scores.assign(r=r))
        figure.draw_without_rendering()
        assert "nan" not in caption


def test_nilearn_leaves_no_open_figure_and_no_setting(placed):
    import matplotlib
    import matplotlib.pyplot as plt

    before, opened = dict(matplotlib.rcParams), plt.get_fignums()
    brain_map(placed())
    assert plt.get_fignums() == opened and dict(matplotlib.rcParams) == before


def test_planted_truth_stands_beside_the_models_in_one_scale(placed, artist):
    scores = placed(("planted_speech", "mel"), x=-50.0)
    truth = np.where(scores["model"] == "planted_speech", 0.9, np.nan)
    figure, caption = brain_map(scores.assign(r_planted=truth))
    titles = [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]
    assert (
        titles == ["planted_speech", "mel", "planted_speech (truth)"]
        and "Truth: what the simulation planted." in caption
    )
    dots = artist(figure, "l planted_speech (truth)")
    assert (dots.get_array() == 0.9).all() and dots.norm.vmax == 0.9 == artist(figure, "l mel").norm.vmax
    assert "Truth" not in brain_map(scores)[1]
