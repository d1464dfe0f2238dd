"""No legend lies on what is drawn: its box against the boxes of bars, lines and dots, in every figure that has one."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection

from brainalign.figures import (
    canonical_correlations,
    data_overview,
    layer_profile,
    model_scatter,
    region_bars,
    variance_partition,
)
from brainalign.figures.ceilings import ceilings
from brainalign.figures.curves_by_region import curves_by_region
from brainalign.figures.geometry import geometry_layers
from brainalign.figures.hierarchy import hierarchy_figure
from brainalign.figures.score_distribution import score_distribution
from brainalign.figures.text import wrap
from brainalign.stats import MeanInterval

MODELS, REGIONS = ["wav2vec2", "EleutherAI/pythia-1.4b-deduped", "mel"], ["A1", "superior temporal sulcus", "IFG"]


def on_legends(figure):
    """Drawn things that a legend of the figure covers: bars, points of lines, dots, and the edges of areas."""
    FigureCanvasAgg(figure).draw()
    legends = [*figure.legends, *(a.get_legend() for a in figure.axes if a.get_legend())]
    boxes = [legend.get_window_extent() for legend in legends]
    covered = []
    for axes in figure.axes:
        points = [(patch, patch.get_window_extent().corners()) for patch in axes.patches]
        points += [(line, line.get_transform().transform(line.get_xydata())) for line in axes.lines]
        for some in axes.collections:
            data = (
                some.get_offsets()
                if isinstance(some, PathCollection)
                else np.vstack([p.vertices for p in some.get_paths()])
            )
            points.append((some, axes.transData.transform(np.asarray(data))))
        for box in boxes:
            inside = axes.bbox.padded(1.0)
            for drawn, at in points:
                seen = [tuple(xy) for xy in at if inside.contains(*xy)]
                covered += [(drawn, xy) for xy in seen if box.padded(-1.0).contains(*xy)]
    return len(boxes), covered


def figures(make_scores, make_layers, make_tests, canonical):
    scores = make_scores(MODELS, REGIONS)
    layers = make_layers({"wav2vec2": 9, MODELS[1]: 5, "mel": 1})
    parts = {"unique a": ["a"], "unique b": ["b"], "shared a and b": ["a", "b"]}
    split = pd.concat([scores[scores.model == "mel"].assign(model=part) for part in parts])
    lags = pd.concat([scores[scores.model == "mel"].assign(lag_s=lag) for lag in (0.0, 0.1, 0.2)])
    deep = pd.concat([scores[scores.model == "mel"].assign(layer=k) for k in range(4)])
    means = pd.DataFrame(
        {"subject": np.tile(["a", "b", "c"], 3), "region": np.repeat(REGIONS, 3), "centre": np.arange(9) / 3}
    )
    stimuli = pd.DataFrame({"duration": np.linspace(1, 2, 60), "most_repeats": [1, 9] * 30, "covered": 0.9, "words": 6})
    yield region_bars(scores, make_tests(scores))
    yield region_bars(scores, None, lines=["mel"])
    yield layer_profile(layers, ceiling=MeanInterval(0.13, 0.12, 0.14, 9, "9 electrodes"))
    yield variance_partition(split, parts, "r2")
    yield canonical_correlations(canonical)
    yield curves_by_region(lags, "lag_s", "r", x_label="lag (s)")
    yield hierarchy_figure(deep, means, "r", "centre", order=REGIONS)
    yield model_scatter(scores, "wav2vec2", "mel")
    electrodes = pd.DataFrame({"subject": ["s0", "s1"], "region": ["STG", "A1"], "electrodes": [3, 2]})
    yield data_overview(electrodes, pd.DataFrame({"subject": ["s0", "s1"], "presentations": 4}), stimuli)


def test_no_legend_lies_on_bars_or_curves(make_scores, make_layers, make_tests, canonical):
    for figure, caption in figures(make_scores, make_layers, make_tests, canonical):
        legends, covered = on_legends(figure)
        assert legends > 0 and covered == [], caption


def test_a_legend_on_a_bar_is_seen(make_scores):
    figure, _ = region_bars(make_scores(MODELS, REGIONS), None)
    axes = figure.axes[0]
    axes.bar([0.0, 1.0, 2.0], axes.get_ylim()[1], label="high")
    axes.legend(loc="upper center")
    assert on_legends(figure)[1]


@pytest.fixture(scope="module")
def crowd():
    """576 channels: 96 of each of six participants."""
    rng = np.random.default_rng(0)
    units = pd.DataFrame(
        {"subject": np.repeat([f"p{i}" for i in range(6)], 96), "electrode": np.tile(np.arange(96), 6)}
    )
    units["region"] = np.tile(np.repeat(REGIONS, 32), 6)
    base = rng.gamma(2, 0.06, len(units))
    return pd.concat(
        [units.assign(model=m, r=base * k + rng.normal(0, 0.02, len(units))) for m, k in (("gpt2", 1.0), ("mel", 0.6))]
    )


def test_at_576_channels_there_are_distributions_with_quartiles_and_no_dots(crowd, artist):
    figure, caption = region_bars(crowd, None)
    own = crowd[(crowd.region == "IFG") & (crowd.model == "gpt2")].r
    (segment,) = artist(figure, "quartiles of bar IFG gpt2").get_segments()
    np.testing.assert_allclose(segment[:, 1], own.quantile([0.25, 0.75]))
    violin = artist(figure, "distribution of bar IFG gpt2").get_paths()[0].vertices
    assert violin[:, 1].min() < own.min() and violin[:, 1].max() > own.max() and "violin: electrodes" in caption
    (bar,) = artist(score_distribution(crowd)[0], "quartiles gpt2").get_segments()
    np.testing.assert_allclose(bar[:, 0], crowd[crowd.model == "gpt2"].r.quantile([0.25, 0.75]))
    scatter, caption = model_scatter(crowd, "gpt2", "mel")
    assert artist(scatter, "counts").get_array().sum() == 576 and "for 576 electrodes" in caption
    table = crowd[crowd.model == "gpt2"].rename(columns={"r": "ceiling"})
    table = table.assign(ceiling_low=table.ceiling - 0.05, ceiling_high=table.ceiling + 0.05)
    for one in (figure, score_distribution(crowd)[0], scatter, ceilings(table, 0.05)[0]):
        shown = one.findobj(lambda a: isinstance(a, PathCollection))
        assert sum(len(dots.get_offsets()) for dots in shown) <= 576 // 32


def test_names_of_regions_break_between_words_or_stand_upright(make_scores):
    names = ["A1", "inferior frontal gyrus, pars opercularis", "Temporo-occipital"]
    for count in (3, 12):
        regions = names + [f"R{i}" for i in range(count - 3)]
        figure, _ = region_bars(make_scores(["gpt2", "mel"], regions), None)
        ticks = figure.axes[0].get_xticklabels()
        for tick, name in zip(ticks, regions, strict=True):
            lines = tick.get_text().split("\n")[:-1]
            words = [set(text.replace("-", "- ").split()) for text in (" ".join(lines), name)]
            assert words[0] == words[1]
        assert {tick.get_rotation() for tick in ticks} == {0.0 if count == 3 else 90.0}
    assert wrap("superior temporal", 8) == "superior\ntemporal"


def test_geometry_has_no_empty_row_for_a_model_of_one_layer():
    pairs = [("a", "a", 3, 3), ("a", "b", 3, 1), ("b", "b", 1, 1)]
    rows = [(x, i, y, j, 0.5 + 0.1 * (i == j == 2)) for x, y, n, m in pairs for i in range(n) for j in range(m)]
    cells = pd.DataFrame(rows, columns=["model_a", "layer_a", "model_b", "layer_b", "value"])
    figure, caption = geometry_layers(cells, ["a", "b"], "CKA")
    assert len([axes for axes in figure.axes if axes.images]) == 2 and figure.axes[0].get_gridspec().nrows == 1
    assert caption.endswith(" Most alike: a in layer 0 and b in layer 0, 0.500.")
