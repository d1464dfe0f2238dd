"""Figures in a journal's form: widths in the files themselves, sizes of text, formats by choice."""

import re
import zlib

import pytest
from matplotlib.text import Text
from PIL import Image

from brainalign.figures import canonical_correlations, layer_profile, paper_figure, region_bars, stamp
from brainalign.figures.style import style
from brainalign.journals import JOURNALS, figure_style
from brainalign.tracking import write_figures

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
