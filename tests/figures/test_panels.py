"""The panels of a larger figure are the figures themselves: same artists, same captions, nothing cut, nothing over anything."""

import itertools

import numpy as np
import pytest

from brainalign.figures import (
    canonical_correlations,
    layer_profile,
    model_scatter,
    paper_figure,
    prediction_example,
    region_bars,
    score_distribution,
    stamp,
)
from tests.figures.test_figures_layout import LONG, REGIONS, assert_no_overlap, assert_nothing_cut, texts

SHORT = ["tiny_gpt2", "tiny_wav2vec2", "mel"]


def drawn(figure):
    """Id -> what is drawn of everything that has one and is data."""
    found = {}
    for thing in figure.findobj(lambda a: (a.get_gid() or "").split(" ")[0] in ("bar", "dots", "mean", "median")):
        data = thing.get_xydata() if hasattr(thing, "get_xydata") else None
        offsets = thing.get_offsets()[:, 1] if hasattr(thing, "get_offsets") else None
        height = [thing.get_height()] if hasattr(thing, "get_height") else None
        found[thing.get_gid()] = next(v for v in (data, offsets, height) if v is not None)
    return found


def test_a_panel_shows_what_the_figure_alone_shows_and_the_captions_are_joined(make_scores, make_tests, make_layers):
    scores, layers = make_scores(SHORT), make_layers({"tiny_gpt2": 5, "mel": 1})
    draws = [
        lambda into: region_bars(scores, make_tests(scores), into=into),
        lambda into: layer_profile(layers, into=into),
        lambda into: score_distribution(scores, into=into),
    ]
    figure, caption = paper_figure([[(draws[0], 1), (draws[1], 2)], [(draws[2], 1)]])
    alone = [draw(None) for draw in draws]
    assert caption == " ".join(f"{letter}. {c}" for letter, (_, c) in zip("ABC", alone, strict=True))
    expected = {k: v for f, _ in alone for k, v in drawn(f).items()}
    together = drawn(figure)
    assert len(expected) > 10 and together.keys() == expected.keys()
    for gid, values in expected.items():
        if "dots" not in gid:  # how far dots are spread follows the width
            np.testing.assert_allclose(together[gid], values)


def test_rows_are_as_high_as_their_content_and_shares_are_widths(make_scores, canonical):
    scores = make_scores(SHORT)
    low = lambda into: canonical_correlations(canonical, into=into)  # noqa: E731
    high = lambda into: score_distribution(make_scores(list("abcdefgh")), into=into)  # noqa: E731
    figure, _ = paper_figure([[(low, 3), (low, 1)], [(high, 1)]])
    figure.draw_without_rendering()
    first, second, third = figure.axes
    inches = [a.get_window_extent().size / figure.dpi for a in (first, second, third)]
    assert figure.get_figwidth() == 7.2
    assert inches[2][1] > 1.5 * inches[0][1]  # 8 models need more than one plot
    assert 2 < inches[0][0] / inches[1][0] < 6
    one, _ = paper_figure([[(lambda into: region_bars(scores, None, into=into), 1)]])
    assert 2.5 < one.get_figheight() < 3.2


@pytest.mark.parametrize("names", [SHORT, LONG])
@pytest.mark.parametrize("n_regions", [2, 5, 8])
@pytest.mark.parametrize("stamped", [False, True])
def test_nothing_is_cut_and_letters_stand_free(
    make_scores, make_tests, make_layers, example, names, n_regions, stamped
):
    scores = make_scores(names, REGIONS[:n_regions])
    layers = make_layers({names[0]: 25, names[1]: 13, names[2]: 1})
    times, actual, predictions, words = example
    rows = [
        [
            (lambda into: region_bars(scores, make_tests(scores), lines=names[-1:], into=into), 1.4),
            (lambda into: layer_profile(layers, into=into), 1),
        ],
        [(lambda into: prediction_example(times, actual, predictions, words, "electrode s0/e1", into=into), 1)],
        [
            (lambda into: score_distribution(scores, into=into), 1),
            (lambda into: model_scatter(scores, *names[:2], into=into), 1),
        ],
    ]
    figure, _ = paper_figure(rows)
    if stamped:
        stamp(figure, "Simulated data")
    assert_nothing_cut(figure)
    found = texts(figure)
    ticks = {id(t) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for t in axis.get_ticklabels()}
    assert_no_overlap([pair for pair in found if id(pair[0]) not in ticks])
    letters = [t.get_text() for t, _ in found if (t.get_gid() or "").startswith("panel ")]
    assert letters == list("ABCDE")
    for a, b in itertools.combinations(figure.axes, 2):
        assert not a.get_window_extent().overlaps(b.get_window_extent())


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
def test_legends_are_read_row_by_row(make_scores, n):
    names = [f"model-{i}" + "-of-some-length" * (i % 2) for i in range(n)]
    figure, _ = region_bars(make_scores(names), None)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    places = [(t.get_window_extent(), t.get_text()) for t in legend.get_texts()]
    rows = sorted(places, key=lambda p: (-round(p[0].y0 / 5), p[0].x0))
    assert [text.replace("\n", "") for _, text in rows] == names
    colours = [h.get_facecolor()[:3] for h in legend.legend_handles]
    by_name = dict(zip((t.get_text() for t in legend.get_texts()), colours, strict=True))
    found = figure.findobj(lambda a: (a.get_gid() or "").startswith("bar A1"))
    bars = {bar.get_gid().split()[-1]: bar.get_facecolor()[:3] for bar in found}
    assert {name.replace("\n", ""): colour for name, colour in by_name.items()} == bars
