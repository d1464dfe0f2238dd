"""Nothing is cut, whatever the number of models, regions and layers and the length of names."""

import itertools
from unittest.mock import patch

import pytest

from brainalign.figures import (
    canonical_correlations,
    layer_profile,
    model_scatter,
    prediction_example,
    region_bars,
    score_distribution,
    stamp,
)

LONG = [
    "facebook/wav2vec2-large-960h-lv60-self",
    "gpt2",
    "EleutherAI/pythia-1.4b-deduped",
    "mel",
    "word_rate",
]
REGIONS = [
    "A1",
    "STG",
    "MTG",
    "SMC",
    "SMG",
    "IFG",
    "superior temporal sulcus",
    "angular gyrus (inferior part)",
]
SIZES = [(1, 1), (2, 5), (5, 1), (5, 8), (2, 1), (1, 8)]


def texts(figure):
    """(text, its box) of everything that is really drawn, in pixels; matplotlib also keeps labels it never draws."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    drawn, draw = [], Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            drawn.append((text, text.get_window_extent(renderer)))
        draw(text, renderer)

    with patch.object(Text, "draw", record):
        FigureCanvasAgg(figure).draw()
    return drawn


def assert_nothing_cut(figure):
    drawn = texts(figure)
    assert len(drawn) >= 4
    for text, box in drawn:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
        assert inside, f"{text.get_text()!r} at {box} is outside {figure.bbox}"


def assert_no_overlap(boxes):
    for (a, first), (b, second) in itertools.combinations(boxes, 2):
        apart = (
            first.x1 <= second.x0 + 0.5
            or second.x1 <= first.x0 + 0.5
            or first.y1 <= second.y0 + 0.5
            or second.y1 <= first.y0 + 0.5
        )
        assert apart, f"{a.get_text()!r} overlaps {b.get_text()!r}"


@pytest.mark.parametrize(("n_models", "n_regions"), SIZES)
@pytest.mark.parametrize("stamped", [False, True])
def test_scores(make_scores, make_tests, n_models, n_regions, stamped):
    scores = make_scores(LONG[:n_models], REGIONS[:n_regions])
    tests = make_tests(scores)
    figures = [score_distribution(scores)[0], region_bars(scores, tests)[0]]
    if n_models > 1:
        figures.append(model_scatter(scores, *LONG[:2])[0])
    for figure in figures:
        if stamped:
            stamp(figure, "Simulated data")
        assert_nothing_cut(figure)
        ticks = {id(t) for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis) for t in axis.get_ticklabels()}
        assert_no_overlap([pair for pair in texts(figure) if id(pair[0]) not in ticks])
    bars = figures[1].axes[0]
    assert_no_overlap([(t, t.get_window_extent()) for t in bars.get_xticklabels()])


@pytest.mark.parametrize(
    "depths", [{"gpt2": 5}, {"gpt2": 13, "mel": 1}, dict(zip(LONG, [25, 13, 30, 1, 1], strict=True))]
)
@pytest.mark.parametrize("over", ["electrodes", "participants"])
def test_layers(make_layers, depths, over):
    assert_nothing_cut(layer_profile(make_layers(depths), over=over)[0])


def test_canonical(canonical):
    assert_nothing_cut(canonical_correlations(canonical)[0])
    assert_nothing_cut(canonical_correlations(canonical[canonical.component == 1])[0])


@pytest.mark.parametrize("squeeze", [1.0, 0.35, 0.05])
def test_words_never_overlap(example, squeeze):
    times, actual, predictions, words = example
    words = words.assign(onset=words.onset * squeeze, offset=words.onset * squeeze + 0.3 * squeeze)
    figure, caption = prediction_example(times, actual, predictions | {LONG[0]: actual}, words, "electrode s0/e1")
    assert_nothing_cut(figure)
    written = [(t, box) for t, box in texts(figure) if t.get_gid() == "word"]
    assert_no_overlap(written)
    assert len(written) == (0 if squeeze == 0.05 else 7)
    assert ("7 words not written" in caption) == (squeeze == 0.05)


def test_figures_leave_matplotlib_as_it_was(make_scores):
    import matplotlib

    before = dict(matplotlib.rcParams)
    score_distribution(make_scores())
    assert dict(matplotlib.rcParams) == before
