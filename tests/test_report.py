"""The report: everything on one page, nothing from elsewhere, nothing unescaped, simulated data called so."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from brainalign.figures import score_distribution
from brainalign.notes import changes, grouped
from brainalign.pages import cell
from brainalign.report import ROWS, write_report
from brainalign.stats import compare
from brainalign.study.conclusion import Conclusion
from brainalign.study.result import AnalysisResult
from brainalign.tracking.files import write_figures, write_tables

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Text, tags and attributes of a page; fails on tags that do not nest."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.text, self.cells = [], [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.cells.append(data)

    def words(self):
        return " ".join("".join(self.text).split())


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"model": ["gpt2"] * 20 + ["<mel> & co"] * 20, "electrode": [f"e{i}" for i in range(20)] * 2})
    return table.assign(
        subject="s1", region="STG", rule="nested", space="full", r=rng.normal(0.1, 0.05, 40), r2=np.nan
    ).sort_values("electrode", ignore_index=True)


@pytest.fixture(scope="module")
def arguments(scores):
    tests = compare(scores, [("gpt2", "<mel> & co")], regions=["STG", "A1"], family="contrasts x regions")
    return {
        "title": "gpt2 on <b>quickstart</b>",
        "conclusion": Conclusion(
            "Does gpt2 do better than <mel> & co?",
            "gpt2 reaches 0.101.",
            "It cannot be concluded why.",
            (("gpt2: mean r", "0.101 [0.080, 0.122]"),),
            {"By layer": [("layer 3", "0.2")]},
        ),
        "notes": grouped(
            [
                changes("s1: 3 electrodes have no score."),
                changes("s2: 5 electrodes have no score."),
                "A run was resampled.",
            ],
            ["s1", "s2"],
        ),
        "data": [("participants", "s1, s2"), ("stimuli", "20 (0.9 min of sound)")],
        "models": ["gpt2: 12 layers, 768 dims"],
        "methods": [("Scores", "Nested, on held-out stimuli.")],
        "config": {
            "model": {"name": "gpt2", "layers": [0, 1]},
            "encoding": {"alphas": [1.0, 10.0]},
            "seed": 7,
        },
        "provenance": {
            "git": {"commit": "0a1b2c", "dirty": True},
            "packages": {"numpy": "2.4.6"},
            "host": None,
        },
        "result": AnalysisResult(
            metrics={"r/mean": 0.1},
            tables={"scores": scores, "tests": tests},
            figures={"score_distribution": score_distribution(scores)},
        ),
    }


@pytest.fixture(scope="module")
def source(arguments, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "new" / "report.html"
    assert write_report(path, **arguments, simulated=False) == path
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_nothing_is_loaded_from_elsewhere(source, page):
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    addresses = [v for _, attrs in page.tags for k, v in attrs.items() if k in ("src", "href", "srcset")]
    assert addresses and all(a.startswith(("data:image/png;base64,", "#")) for a in addresses)
    assert not re.search(r"https?://|url\(|@import", source)


def test_figures_are_whole_and_captioned(page, arguments):
    (image,) = [attrs for tag, attrs in page.tags if tag == "img"]
    data = base64.b64decode(image["src"].partition(",")[2])
    assert data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82")
    caption = arguments["result"].figures["score_distribution"][1]
    assert image["alt"] == caption
    assert f"Figure 1. {caption} figures/score_distribution.png" in page.words()


def test_what_is_named_beside_the_page_is_there(tmp_path, arguments, scores):
    """Names that no file may have, as a lab's own figures and tables can have; a figure's PNG is the page's picture."""
    result = AnalysisResult(
        tables={"A+/B": scores}, figures={"A+/B": score_distribution(scores), "plain": score_distribution(scores)}
    )
    write_figures(tmp_path, result.figures)
    write_tables(tmp_path, result.tables)
    path = write_report(tmp_path / "report.html", **arguments | {"result": result}, simulated=False)
    page = Page(path.read_text(encoding="utf-8"))
    named = re.findall(r"(?:figures|tables)/[\w-]+\.(?:png|parquet)", page.words())
    assert len(named) == 3 and all((tmp_path / name).is_file() for name in named)
    shown = [base64.b64decode(a["src"].partition(",")[2]) for tag, a in page.tags if tag == "img"]
    assert shown == [(tmp_path / name).read_bytes() for name in named if name.endswith("png")]


def test_every_part_is_there(page):
    for text in (
        "Does gpt2 do better than <mel> & co?", "gpt2 reaches 0.101.", "It cannot be concluded why.",
        "gpt2: mean r", "0.101 [0.080, 0.122]",
        "By layer", "layer 3", "Changes the result (1)", "For information (1)",
        "s1: 3 electrodes have no score. 1 more like it s2: 5 electrodes",
        "s1, s2", "gpt2: 12 layers, 768 dims", "tables/scores.parquet", "tables/tests.parquet",
    ):  # fmt: skip
        assert text in page.words()
    settings = dict(zip(page.cells[:-1], page.cells[1:], strict=True))
    assert settings["model.layers"] == "[0, 1]" and settings["encoding.alphas"] == "[1.0, 10.0]"
    assert settings["seed"] == "7" and settings["git.dirty"] == "True" and settings["packages.numpy"] == "2.4.6"
    assert settings["host"] == "–"
    anchors = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    links = [attrs["href"][1:] for tag, attrs in page.tags if tag == "a"]
    assert set(links) == anchors and len(links) == 8


def test_text_is_escaped(source, page):
    assert "<b>" not in source and "<mel>" not in source
    assert "gpt2 on <b>quickstart</b>" in page.words()
    assert "<mel> & co" in page.cells


def test_tables_show_first_rows_and_what_never_changes(page, scores, arguments):
    words = page.words()
    assert f"The first {ROWS} of 40 rows" in words and "All rows" in words
    assert "subject = s1, region = STG, rule = nested, space = full, r2 = –." in words
    assert cell(scores.r[ROWS - 1]) in page.cells and cell(scores.r[ROWS]) not in page.cells
    p = arguments["result"].tables["tests"].p_bonferroni[0]
    assert cell(p) in page.cells
    assert "0 complete observations, at least 2 are needed" in page.cells


def test_columns_of_the_tables_are_explained(page):
    terms = page.words()
    assert "1 − SSE/SST" in terms and "pooled electrodes" in terms.lower()
    assert "canonical" not in terms.lower().replace("leading canonical variates", "")


def test_simulated_data_is_called_so_in_title_and_at_the_top(page, arguments, tmp_path):
    simulated = Page(write_report(tmp_path / "report.html", **arguments, simulated=True).read_text("utf-8")).words()
    assert simulated.startswith("Simulated data: gpt2 on")
    assert 0 < simulated.index("Simulated data.") < simulated.index("Results")
    assert "imulated" not in page.words()


def test_an_empty_result_leaves_out_its_sections(arguments, tmp_path):
    nothing = {"result": AnalysisResult(), "notes": {}}
    path = write_report(tmp_path / "report.html", **arguments | nothing, simulated=False)
    page = Page(path.read_text("utf-8"))
    anchors = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert anchors == {"results", "data", "models", "methods", "provenance"}


def test_equal_results_give_equal_pages(arguments, scores, tmp_path):
    pages = []
    for _ in range(2):
        result = AnalysisResult(figures={"score_distribution": score_distribution(scores)})
        path = write_report(tmp_path / "report.html", **arguments | {"result": result}, simulated=False)
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]
