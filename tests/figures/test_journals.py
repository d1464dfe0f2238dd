"""Figures in a journal's form: widths in the files themselves, sizes of text, formats by choice."""

import re
import zlib
from itertools import combinations

import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from brainalign.figures import (
    canonical_correlations,
    control_shares,
    data_overview,
    geometry_layers,
    geometry_regions,
    layer_profile,
    model_scatter,
    paper_figure,
    region_bars,
    score_distribution,
    stamp,
)
from brainalign.figures.glyphs import boxes_unsaid, missing_signs
from brainalign.figures.style import style
from brainalign.journals import JOURNALS, figure_style
from brainalign.stats import compare
from brainalign.tracking import write_figures
from tests.figures.test_figures_layout import LONG, assert_nothing_cut

WIDTHS = {"nature": (89, 183), "plos": (132, 190.5)}


def draw(name, make_scores, make_layers, make_tests, canonical):
    """A narrow figure, wider ones, and one of panels, in a journal's style."""
    with figure_style(name):
        scores = make_scores(("gpt2", "mel"), ("A1",))
        figures = {
            "bars": region_bars(scores, make_tests(scores), "r"),
            "profile": layer_profile(make_layers({"gpt2": 6, "mel": 1})),
            "panels": paper_figure([[(lambda into: canonical_correlations(canonical, into=into), 1)] * 2]),
        }
        for figure, _ in figures.values():
            stamp(figure, "Simulated data")
    return figures


def mm(path):
    """Width of a figure's file in mm, as the file says it."""
    if path.suffix == ".svg":
        return float(re.search(r'<svg [^>]*width="([\d.]+)pt"', path.read_text(encoding="utf-8"))[1]) / 72 * 25.4
    if path.suffix == ".pdf":
        return float(re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ", path.read_bytes())[1]) / 72 * 25.4
    with Image.open(path) as image:
        return image.size[0] / 300 * 25.4


@pytest.mark.parametrize("name", ["nature", "plos"])
def test_files_have_the_journals_widths_and_its_sizes_of_text(
    name, tmp_path, make_scores, make_layers, make_tests, canonical
):
    figures = draw(name, make_scores, make_layers, make_tests, canonical)
    paths = write_figures(tmp_path, figures, ("png", "svg", "pdf"))
    assert [p.name for p in paths[:3]] == ["bars.png", "bars.svg", "bars.pdf"] and len(paths) == 9
    narrow, wide = WIDTHS[name]
    for path in paths:
        expected = narrow if path.stem == "bars" or (name == "plos" and path.stem == "profile") else wide
        assert mm(path) == pytest.approx(expected, abs=0.1), path.name
    journal = JOURNALS[name]
    for figure, _ in figures.values():
        sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text()]
        assert len(sizes) > 5 and journal.smallest <= min(sizes) and max(sizes) <= journal.largest


def test_a_pdf_keeps_its_text_and_says_its_caption_and_is_the_same_twice(tmp_path, canonical):
    with figure_style("nature"):
        drawn = {"f": canonical_correlations(canonical)}
    one, two = (write_figures(tmp_path / n, drawn, ("pdf",))[0] for n in ("one", "two"))
    content = one.read_bytes()
    assert content == two.read_bytes() and b"CreationDate" not in content
    assert b"/Type /Font" in content and b"/Subtype /Type3" not in content and b"/Subject (" in content
    streams = [
        zlib.decompress(s) for s in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S) if s[:1] == b"x"
    ]
    assert any(b"BT" in stream for stream in streams)


def test_the_style_ends_with_its_block_and_the_default_is_as_ever(canonical):
    before = canonical_correlations(canonical)[0]
    with figure_style("plos"), style():
        assert canonical_correlations(canonical)[0].get_figwidth() > before.get_figwidth()
    after = canonical_correlations(canonical)[0]
    assert (before.get_size_inches() == after.get_size_inches()).all()
    assert sorted({t.get_fontsize() for t in after.findobj(Text)}) == sorted(
        {t.get_fontsize() for t in before.findobj(Text)}
    )


AREAS = [f"region {i} of the left hemisphere" for i in range(16)]
MANY = [f"model-{i}" for i in range(9)]


def shares():
    rows = [(f"control {i}", r, 0.1 * i, 0.1 * i - 0.05, 0.1 * i + 0.05) for i in range(20) for r in ("all", "STG")]
    table = pd.DataFrame(rows, columns=["control", "region", "share", "share_low", "share_high"])
    return control_shares(table.assign(share_over="4 participants", n=40), "gpt2")


def overview():
    rows = [(s, r, 1) for s in ("s1", "s2") for r in AREAS * 2]
    electrodes = pd.DataFrame(rows, columns=["subject", "region", "electrodes"])
    electrodes["region"] = [f"{r}, {i}" for i, r in enumerate(electrodes["region"])]
    people = pd.DataFrame({"subject": ["s1", "s2"], "presentations": 9})
    return data_overview(
        electrodes, people, pd.DataFrame({"duration": [2.0, 3.0], "covered": 0.8, "words": 7, "most_repeats": 1})
    )


def layers_with_layers():
    cells = [(a, i, b, j, 0.1 * i * j) for a in MANY[:4] for b in MANY[:4] for i in range(3) for j in range(3)]
    return geometry_layers(
        pd.DataFrame(cells, columns=["model_a", "layer_a", "model_b", "layer_b", "value"]), MANY[:4], "CKA"
    )


def layers_with_regions():
    cells = [(m, i, s, r, 0.01 * i) for m in MANY[:2] for i in range(4) for s in ("s1", "s2") for r in AREAS]
    table = pd.DataFrame(cells, columns=["model", "layer", "subject", "region", "value"]).assign(random=0.01)
    profiles = (
        table.groupby(["model", "layer", "region"], as_index=False)["value"].mean().rename(columns={"value": "mean"})
    )
    return geometry_regions(table, profiles.assign(low=0.0, high=0.1), pd.DataFrame(), MANY[:2], "CKA")


@pytest.mark.parametrize(
    ("name", "draw"),
    [("nature", "scatters"), ("plos", "distribution"), ("nature", "bars"), ("nature", shares), ("plos", overview),
     ("nature", layers_with_layers), ("nature", layers_with_regions)],
    ids=lambda part: getattr(part, "__name__", part),
)  # fmt: skip
def test_no_figure_is_taller_than_the_journal_takes_nor_cut(name, draw, make_scores, make_tests):
    scores = make_scores(MANY, AREAS[:2], 3, 2)
    two = make_scores(LONG[:3], AREAS[:9], 2, 1)
    panel = [
        (lambda into: score_distribution(two, into=into), 1),
        (lambda into: model_scatter(two, *LONG[:2], into=into), 1),
    ]
    drawn = {
        "distribution": lambda: score_distribution(
            make_scores([f"{m}, {i}" for m in MANY for i in "ab"], AREAS[:1], 2, 2)
        ),
        "bars": lambda: region_bars(scores, all_pairs(scores)),
        "scatters": lambda: paper_figure([panel] * 2),
    }
    with figure_style(name):
        figure, _ = drawn.get(draw, draw)()
    stamp(figure, "Simulated data")
    width, height = figure.get_size_inches() * 25.4
    assert height <= {"nature": 170, "plos": 222.3}[name] + 0.01 and any(abs(width - w) < 0.1 for w in WIDTHS[name])
    assert_nothing_cut(figure)
    if draw in ("bars", layers_with_regions):
        assert drawn.get(draw, draw)()[0].get_figheight() * 25.4 > 170  # else this shows nothing


def all_pairs(scores):
    pairs = list(combinations(dict.fromkeys(scores["model"]), 2))
    return compare(
        scores,
        pairs,
        regions=list(dict.fromkeys(scores["region"])),
        family="all",
        score="r",
        tests=["paired_t"],
        primary="paired_t",
    )


def test_a_sign_that_no_font_has_is_told_once_and_long_names_are_shortened(make_scores, recwarn):
    scores = make_scores(("gpt2", "x" * 300), ("A1", "left " + "y" * 300 + " right"), 2, 2)
    figure, _ = region_bars(scores.replace("A1", "A1 \ue123"), None, "r")
    with boxes_unsaid():
        figure.draw_without_rendering()
    assert [str(w.message) for w in recwarn] == [] and missing_signs([figure]) == ["\ue123"]
    ticks = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert "…" in ticks[1] and max(map(len, ticks)) < 100
