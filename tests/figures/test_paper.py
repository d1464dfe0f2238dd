"""Figures 2 to 4: which panels they have, what stands in them, and that nothing is cut."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from brainalign.figures import figure_2, figure_3, figure_4, layer_profile, prediction_example, region_bars, stamp
from brainalign.stats import compare, mean_ci
from tests.figures.test_figures_layout import REGIONS, assert_no_overlap, assert_nothing_cut, texts

NAMES = [["tiny_gpt2", "tiny_wav2vec2", "mel"], ["gpt2-xl", "facebook/wav2vec2-large-960h", "mel"]]
AREAS = [*REGIONS, "PT", "pSTS"]


def letters(figure):
    return [t.get_text() for t, _ in texts(figure) if (t.get_gid() or "").startswith("panel ")]


def check(figure):
    stamp(figure, "Simulated data")
    assert_nothing_cut(figure)
    found = texts(figure)
    ticks = {id(t) for axes in figure.axes for t in axes.get_yticklabels()}
    assert_no_overlap([pair for pair in found if id(pair[0]) not in ticks])


def family(scores, labels, score="r"):
    regions = list(dict.fromkeys(scores.region))
    return compare(scores, list(combinations(labels, 2)), regions=regions, family="all", score=score)


def with_places(scores):
    units = scores.groupby(["subject", "electrode"], sort=False).ngroup()
    return scores.assign(x=np.where(units % 2, 50.0, -50.0), y=units - 40.0, z=units % 30 - 5.0)


def by_rule(scores):
    best = scores.assign(rule="max", r=scores.r + 0.01)
    return pd.concat([scores.assign(rule="nested"), best], ignore_index=True)


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("n_regions", [1, 5, 10])
@pytest.mark.parametrize("located", [True, False])
def test_figure_2(make_scores, make_layers, names, n_regions, located):
    scores = make_scores(names, AREAS[:n_regions])
    scores = with_places(scores) if located else scores
    layers = make_layers({names[0]: 13, names[1]: 25, names[2]: 1})
    figure, caption = figure_2(scores, layers, family(scores, names), by_rule(scores), "r", order=names)
    check(figure)
    assert letters(figure) == (["A", "B", "C"] if located else ["A", "B"])
    assert ("on the brain" in caption) == located and "by region" in caption and "ring marks the best layer" in caption


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("n_regions", [2, 5, 10])
def test_figure_3(make_scores, example, names, n_regions):
    pairs = [f"{a} x {b}" for a, b in combinations(names, 2)]
    table = make_scores(pairs, AREAS[:n_regions])
    table = table.assign(similarity=table.r.abs(), similarity_partial=table.r.abs() / 2)
    tests = [family(table, pairs, score) for score in ("similarity", "similarity_partial")]
    times, actual, predictions, words = example
    both = dict(zip(names[:2], predictions.values(), strict=True))
    if n_regions == 2:
        table["similarity_planted"] = 0.3
    figure, caption = figure_3(
        lambda into: prediction_example(times, actual, both, words, "electrode s0/e1", into=into),
        table, pd.concat(tests, ignore_index=True), order=pairs,
    )  # fmt: skip
    check(figure)
    assert ("No diamonds in C" in caption) == ("diamond: the planted mean" in caption) == (n_regions == 2)
    assert letters(figure) == ["A", "B", "C"]
    heights = [
        next(a for a in axes.findobj() if a.get_gid() == f"bar A1 {pairs[0]}").get_height() for axes in figure.axes[1:]
    ]
    assert heights[0] == pytest.approx(2 * heights[1])
    labels = [axes.get_ylabel().replace("\n", " ") for axes in figure.axes[1:]]
    assert labels[0] == "mean shared variance of predictions (squared Pearson r)" and "given onsets" in labels[1]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("n_regions", [2, 5, 10])
def test_figure_4(make_scores, names, n_regions):
    order = [f"{m}{part}" for m in names[:2] for part in ("", " shared", " rest")] + ["mel"]
    spaces, kinds = make_scores(order, AREAS[:n_regions]), ["lexical", "acoustic", "contextual"]
    parts = make_scores(kinds, AREAS[:n_regions])
    within = [pair for m in range(2) for pair in combinations(order[3 * m : 3 * m + 3], 2)]
    tests = compare(spaces, within, regions=AREAS[:n_regions], family="within")
    figure, caption = figure_4(
        spaces, tests, parts, family(parts, kinds), "r", baseline="mel", order=order, part_order=kinds
    )
    check(figure)
    assert letters(figure) == ["A", "B"] and "dashed line: mean of mel" in caption


def test_a_label_as_a_line_stands_at_its_mean_and_has_no_bar(make_scores, make_tests, artist):
    scores = make_scores(["gpt2", "wav2vec2", "mel"], ["A1", "STG"])
    figure, _ = region_bars(scores, make_tests(scores), lines=["mel"])
    assert not figure.findobj(lambda a: (a.get_gid() or "").startswith(("bar A1 mel", "dots of bar A1 mel", "test")))
    for region, own in scores[scores.model == "mel"].groupby("region"):
        (segment,) = artist(figure, f"line {region} mel").get_segments()
        assert segment[:, 1] == pytest.approx(own.r.mean())
        bars = [artist(figure, f"bar {region} {m}") for m in ("gpt2", "wav2vec2")]
        assert segment[0, 0] <= bars[0].get_x() and segment[1, 0] >= bars[1].get_x() + bars[1].get_width()
    assert "mel" in [t.get_text() for t in figure.legends[0].get_texts()]


@pytest.mark.parametrize("over", ["electrodes", "participants"])
def test_beside_the_layers_stand_both_rules_and_their_difference(make_scores, make_layers, artist, over):
    choices = by_rule(make_scores(["gpt2", "mel"]))
    layers = make_layers({"gpt2": 7, "mel": 1})
    figure, caption = layer_profile(layers, choices=choices, over=over)
    places = {}
    for rule in ("nested", "max"):
        own = choices[(choices.rule == rule) & (choices.model == "gpt2")]
        mean = mean_ci(own.r if over == "electrodes" else own.groupby("subject").r.mean()).mean
        (x,), (y,) = artist(figure, f"{rule} gpt2").get_data()
        places[rule] = x
        assert y == pytest.approx(mean)
    assert 6 < places["nested"] < places["max"] and "optimistic by the difference" in caption
    assert not figure.findobj(lambda a: a.get_gid() == "nested mel")  # one layer: no choice
    ticks = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert ticks[-2:] == ["nested", "max"] and ticks[0] == "0" and ticks[-3] == "6"
    assert "Right" not in layer_profile(make_layers({"mel": 1}), choices=choices)[1]
