"""Figures show the tables' numbers, and captions state them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from brainalign.errors import BrainalignError
from brainalign.figures import (
    canonical_correlations,
    layer_profile,
    model_scatter,
    prediction_example,
    region_bars,
    score_distribution,
)
from brainalign.figures.style import colours
from brainalign.figures.text import number, p_text, stars, wrap
from brainalign.stats import electrodes_ci, mean_ci

MODELS, REGIONS = ("gpt2", "wav2vec2", "mel"), ("A1", "STG", "MTG")


def ids(figure, start):
    return {a.get_gid() for a in figure.findobj(lambda a: (a.get_gid() or "").startswith(start))}


def test_bars_are_means_and_every_finite_electrode_is_a_dot(make_scores, make_tests, artist):
    scores = make_scores(MODELS, REGIONS)
    figure, caption = region_bars(scores, make_tests(scores))
    for (region, model), group in scores.groupby(["region", "model"]):
        bar = artist(figure, f"bar {region} {model}")
        dots = artist(figure, f"dots of bar {region} {model}")
        assert bar.get_height() == pytest.approx(group.r.mean())
        np.testing.assert_allclose(np.sort(dots.get_offsets()[:, 1]), np.sort(group.r.dropna()))
        assert (np.abs(dots.get_offsets()[:, 0] - bar.get_x() - bar.get_width() / 2) <= bar.get_width() / 2).all()
    assert "Highest" not in caption and "below 0.05" in caption  # one result: the tests
    means = scores.groupby(["model", "region"]).r.mean()
    model, region = means.idxmax()
    caption = region_bars(scores, None)[1]
    assert f" Highest: {model} in {region}, {number(means.max())} [" in caption and number(means.min()) not in caption
    assert f"{int(scores.r.isna().sum())} values without a finite score left out" in caption


@pytest.mark.parametrize(("n_regions", "text"), [(3, p_text), (12, stars)])
def test_brackets_say_the_tables_corrected_p(make_scores, make_tests, artist, n_regions, text):
    scores = make_scores(MODELS, [f"R{i}" for i in range(n_regions)])
    tests = make_tests(scores)
    figure, caption = region_bars(scores, tests)
    tests = tests[tests.primary]
    assert len(ids(figure, "test ")) == len(tests) == 2 * n_regions
    for row in tests.itertuples():
        assert artist(figure, f"test {row.region} {row.a} - {row.b}").get_text() == text(row.p_corrected)
    smallest = tests.loc[tests.p_corrected.idxmin()]
    assert len({text(p) for p in tests.p_corrected}) > 1
    assert f"{(tests.p_corrected < 0.05).sum()} of {len(tests)} below 0.05" in caption
    assert f"smallest in {smallest.region} ({smallest.a} − {smallest.b}, {p_text(smallest.p_corrected)})" in caption
    assert f"the {2 * n_regions} tests of the family 'against the last x regions'" in caption
    assert ("*** p < 0.001" in caption) == (text is stars)
    assert "pooled electrodes" in caption


@pytest.mark.parametrize(("subjects", "correction"), [(3, "max"), (8, "max"), (8, "holm")])
def test_the_caption_names_test_unit_and_correction_and_what_cannot_be_reached(
    make_scores, make_tests, artist, subjects, correction
):
    scores = make_scores(MODELS, REGIONS, subjects=subjects)
    tests = make_tests(scores, primary="sign_flip", correction=correction)
    figure, caption = region_bars(scores, tests)
    limit = "with 3 participants no corrected p lies below 0.25: 0.05 cannot be reached."
    if subjects == 3:  # n.s. brackets would claim more than that
        assert ids(figure, "test ") == set() and f" No brackets: {limit}" in caption
        assert artist(figure, "no brackets").get_text() == "no brackets: too few participants for p < 0.05"
        return
    assert ids(figure, "no brackets") == set() and "cannot be reached" not in caption
    for row in tests[tests.primary].itertuples():
        assert artist(figure, f"test {row.region} {row.a} - {row.b}").get_text() == p_text(row.p_corrected)
    how = {"max": "corrected by the maximum statistic over", "holm": "Holm-corrected over"}[correction]
    assert f"sign-flip tests over participants, {how} the 6 tests of the family" in caption


def test_only_tests_of_what_is_shown_become_brackets(make_scores, make_tests):
    scores = make_scores(MODELS, REGIONS)
    tests = make_tests(scores)
    untested = tests.assign(p_corrected=tests.p_corrected.where(tests.region != "A1"))
    assert len(ids(region_bars(scores, untested)[0], "test ")) == 4
    assert len(ids(region_bars(scores[scores.model != "gpt2"], tests)[0], "test ")) == 3
    for none in (make_tests(scores, "r2"), tests[:0], None):
        figure, caption = region_bars(scores, none)
        assert ids(figure, "test ") == set()
        assert "Brackets" not in caption


def test_brackets_stand_above_the_dots(make_scores, make_tests, artist):
    scores = make_scores(MODELS, REGIONS)
    figure, _ = region_bars(scores, make_tests(scores))
    for region in REGIONS:
        heights = [artist(figure, f"test {region} {m} - mel").get_position()[1] for m in ("wav2vec2", "gpt2")]
        assert scores.r[scores.region == region].max() < heights[0] < heights[1]
        assert heights[1] < figure.axes[0].get_ylim()[1]


def test_distribution_marks_the_median(make_scores, artist):
    scores = make_scores(MODELS, REGIONS)
    figure, caption = score_distribution(scores, "r2")
    for model, group in scores.groupby("model"):
        values = group.r2.dropna()
        assert artist(figure, f"median {model}").get_xdata()[0] == pytest.approx(values.median())
        assert len(artist(figure, f"dots {model}").get_offsets()) == len(values)
    middle = scores.groupby("model").r2.median()
    n = scores.r2[scores.model == middle.idxmax()].notna().sum()
    assert caption.endswith(
        f" Highest: {middle.idxmax()}, median {number(middle.max())} of {n} electrodes. 10 values without a finite score left out."
    )
    assert figure.axes[0].get_xlabel().startswith("R² (1 − SSE/SST)")


@pytest.mark.parametrize("over", ["electrodes", "participants"])
def test_layer_profile_is_the_mean_and_rings_the_best(make_layers, artist, over):
    layers = make_layers({"gpt2": 9, "mel": 1})
    figure, caption = layer_profile(layers, over=over)
    values = layers if over == "electrodes" else layers.groupby(["model", "layer", "subject"], as_index=False).r.mean()
    own = values[values.model == "gpt2"]
    expected = own.groupby("layer").r.mean()
    np.testing.assert_allclose(artist(figure, "mean gpt2").get_ydata(), expected)
    assert artist(figure, "best gpt2").get_xdata()[0] == expected.idxmax() == 4
    there = own[own.layer == 4]
    best = electrodes_ci(there.r, there.subject) if over == "electrodes" else mean_ci(there.r)
    interval = f"[{number(best.low)}, {number(best.high)}], n = {best.n} {over}"
    assert (
        f" Highest: gpt2, in layer 4, mean {number(best.mean)} {interval}."
        in layer_profile(layers[layers.model == "gpt2"], over=over)[1]
    )
    mel = values.r[values.model == "mel"].mean()
    assert artist(figure, "mean mel").get_ydata()[0] == pytest.approx(mel)
    assert f" Highest: mel, one layer, mean {number(mel)}" in caption and "gpt2" not in caption


def test_electrodes_and_participants_differ_where_participants_have_more_electrodes(make_layers):
    layers = make_layers({"gpt2": 3})
    assert layer_profile(layers)[1] != layer_profile(layers, over="participants")[1]


def test_scatter_draws_each_electrode_and_tells_the_difference(make_scores):
    scores = make_scores(MODELS, REGIONS)
    figure, caption = model_scatter(scores, "gpt2", "mel")
    wide = scores.pivot(index=["subject", "electrode"], columns="model", values="r")[["gpt2", "mel"]]
    both = wide.dropna()
    drawn = np.vstack([np.asarray(c.get_offsets()) for c in figure.axes[0].collections])
    np.testing.assert_allclose(np.sort(drawn[:, 0]), np.sort(both.mel))
    np.testing.assert_allclose(np.sort(drawn[:, 1]), np.sort(both.gpt2))
    assert f"for {len(both)} electrodes, one dot per electrode" in caption
    assert f"Mean difference {number((both.gpt2 - both.mel).mean())}" in caption
    assert f"{len(wide) - len(both)} pairs without a finite score left out" in caption
    assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim()


def test_canonical_curves_are_means_over_folds(canonical, artist):
    figure, caption = canonical_correlations(canonical)
    mean = canonical.groupby("component")[["in_sample", "held_out", "null_95"]].mean()
    for column in mean:
        np.testing.assert_allclose(artist(figure, f"mean {column}").get_ydata(), mean[column])
    beyond = int((mean.held_out > mean.null_95).sum())
    assert 0 < beyond < 12
    assert f"in {beyond} of 12 components" in caption and "3 folds" in caption


def test_example_states_r_over_valid_frames(example):
    times, actual, predictions, words = example
    figure, caption = prediction_example(times, actual, predictions, words, "electrode s0/e1")
    kept = np.isfinite(actual)
    r = np.corrcoef(actual[kept], predictions["gpt2"][kept])[0, 1]
    assert caption.endswith(f"over the 144 frames shown). Highest: gpt2, r = {number(r)}.")
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert {f"gpt2, r = {number(r)}", "mel, r = 0.000"} <= set(legend)  # a constant prediction has r = 0
    written = [t.get_text() for t in figure.findobj(lambda a: a.get_gid() == "word")]
    assert written == list(words.word)


def test_scores_that_are_all_nan_break_nothing(make_scores, make_tests, make_layers):
    scores, layers = make_scores(), make_layers({"gpt2": 4, "mel": 1})
    tests = make_tests(scores)
    for rows in (scores.model == "gpt2", scores.r.notna()):
        empty = scores.assign(r=scores.r.mask(rows))
        for figure, caption in (
            score_distribution(empty),
            region_bars(empty, tests),
            region_bars(empty, None),
            model_scatter(empty, "gpt2", "mel"),
        ):
            figure.draw_without_rendering()
            assert "without a finite score left out" in caption
            assert "nan" not in caption.lower()
    for rows in (layers.model == "gpt2", layers.r.notna()):
        figure, caption = layer_profile(layers.assign(r=layers.r.mask(rows)))
        figure.draw_without_rendering()
        assert ("No score is finite." if rows.all() or (rows == layers.r.notna()).all() else "Highest: mel") in caption


def test_one_electrode_is_drawn_without_an_interval(make_scores):
    scores = make_scores(subjects=1, per_region=1, regions=("A1",)).assign(r=0.1)
    for figure, _ in (
        score_distribution(scores),
        region_bars(scores, None),
        model_scatter(scores, "gpt2", "mel"),
    ):
        figure.draw_without_rendering()


def test_colours_follow_the_given_order(make_scores, artist):
    scores = make_scores(MODELS)
    order = ["mel", "absent", "gpt2"]
    figure, _ = score_distribution(scores, order=order)
    expected = colours([*order, "wav2vec2"])
    for model in MODELS:
        assert artist(figure, f"dots {model}").get_facecolor()[0][:3] == pytest.approx(expected[model])
    many = colours([str(i) for i in range(24)])
    assert len(set(many.values())) >= 22  # black has no darker shade


@pytest.mark.parametrize(
    "draw", [score_distribution, lambda s: region_bars(s, None), lambda s: model_scatter(s, "gpt2", "mel")]
)
def test_two_layer_rules_in_one_table_are_refused(make_scores, draw):
    with pytest.raises(BrainalignError, match="several rows for"):
        draw(pd.concat([make_scores(), make_scores()]))


def test_faults_are_one_sentence(make_scores, example):
    with pytest.raises(BrainalignError, match="no column 'r3'"):
        score_distribution(make_scores(), "r3")
    with pytest.raises(BrainalignError, match="has no rows"):
        region_bars(make_scores()[:0], None)
    times, actual, predictions, words = example
    with pytest.raises(BrainalignError, match="gpt2 has 149 frames but times has 150"):
        prediction_example(times, actual, {"gpt2": predictions["gpt2"][1:]}, words, "x")


def test_wrap_keeps_every_character():
    for name in ("facebook/wav2vec2-large-960h-lv60-self", "x" * 50, "a b c", "mel"):
        for width in (1, 5, 13, 80):
            lines = wrap(name, width).split("\n")
            assert max(map(len, lines)) <= width
            assert "".join(lines).replace(" ", "") == name.replace(" ", "")


def test_nothing_is_called_planted_that_was_not(make_scores, make_layers):
    scores = make_scores()
    for figure, caption in (
        score_distribution(scores),
        region_bars(scores, None),
        layer_profile(make_layers({"gpt2": 4})),
    ):
        told = " ".join([caption, *(t.get_text() for t in figure.findobj(Text))])
        assert "planted" not in told and not any("planted" in str(a.get_gid()) for a in figure.findobj())


def test_the_planted_median_stands_beside_the_median(make_scores):
    scores = make_scores(("gpt2",)).assign(r_planted=lambda s: np.geomspace(0.01, 0.9, len(s)))
    figure, caption = score_distribution(scores)
    mark = next(a for a in figure.findobj() if a.get_gid() == "planted gpt2")
    assert "diamond: the planted median" in caption
    assert mark.get_xdata()[0] == scores.loc[scores["r"].notna(), "r_planted"].median()


def test_the_planted_response_is_a_dashed_line_with_its_r(example, artist):
    times, actual, predictions, words = example
    figure, caption = prediction_example(times, actual, predictions, words, "x", planted=2.0 * actual + 1.0)
    np.testing.assert_allclose(artist(figure, "planted").get_ydata(), 2.0 * actual + 1.0)
    assert "planted, without noise, r = 1.000" in [t.get_text() for t in figure.findobj(Text)]
    assert "Dashed: the planted response" in caption


def test_the_scatter_marks_each_regions_truth_at_what_was_found_of_the_other(make_scores):
    scores = make_scores(MODELS, REGIONS)
    truth = scores["region"].map({"A1": 0.1, "STG": 0.2, "MTG": np.nan}).where(scores["model"] == "gpt2")
    figure, caption = model_scatter(scores.assign(r_planted=truth), "gpt2", "mel")
    marks = [a for a in figure.findobj() if a.get_gid() == "planted"]
    assert sorted(float(a.get_ydata()[0]) for a in marks) == pytest.approx([0.1, 0.2])
    pairs = scores.pivot(index=["subject", "electrode", "region"], columns="model", values="r").dropna(
        subset=["gpt2", "mel"]
    )
    found = pairs["mel"].groupby("region").mean()
    assert sorted(float(a.get_xdata()[0]) for a in marks) == pytest.approx(sorted([found["A1"], found["STG"]]))
    dots = {
        c.get_label().split(" ")[0]: to_rgba(c.get_facecolor()[0], 1)
        for c in figure.axes[0].collections
        if "(" in c.get_label()
    }
    assert {float(a.get_ydata()[0]): to_rgba(a.get_markerfacecolor()) for a in marks} == {
        0.1: dots["A1"],
        0.2: dots["STG"],
    }
    assert "Diamond of a region's colour: up its mean planted score of gpt2" in caption
