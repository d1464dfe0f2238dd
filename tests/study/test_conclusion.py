"""The three sentences: from what a result says, the severest first, never more than eight rows."""

import numpy as np
import pandas as pd
import pytest

from brainalign.notes import changes, limits
from brainalign.stats import ZERO, compare
from brainalign.study.conclusion import MOST, conclude
from brainalign.study.result import AnalysisResult
from brainalign.study.sentences import against
from brainalign.study.summary import add_tests


def test_eight_rows_stand_and_the_rest_is_folded():
    result = AnalysisResult(summary=[(f"row {n}", str(n)) for n in range(11)])
    result.tell("Layers", "layer 3", "0.2")
    found = conclude(result, "How much?", "")
    assert len(found.rows) == MOST == 8 and found.rows[0] == ("row 0", "0")
    assert list(found.more) == ["Further results", "Layers"] and len(found.more["Further results"]) == 3
    assert result.rows == [*found.rows, *found.more["Further results"], ("layer 3", "0.2")]


def test_what_cannot_be_concluded_begins_with_the_severest():
    notes = ["told", limits("One.", "that others agree"), changes("Lost."), limits("Again.", "that others agree")]
    found = conclude(AnalysisResult(found="It is 3.", warnings=notes), "How much?", "why")
    assert [heading for heading, _ in found.sentences] == ["Asked", "Found", "Not shown"]
    assert found.cannot == "It cannot be concluded that others agree, nor why."
    assert conclude(AnalysisResult(summary=[("r", "0.3")]), "How much?", "").found == "r: 0.3."


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (0.1, "a is above b in 2 of 2 regions and below it in 0"),
        (-0.1, "a is above b in 0 of 2 regions and below it in 2"),
        (0.0, "a and b differ in none of 2 regions"),
    ],
)
def test_a_contrast_in_words_is_what_the_tests_say(shift, said):
    rng = np.random.default_rng(1)
    rows = [(f"p{p}", f"{region}{e}", region) for p in range(8) for e in range(4) for region in ("A", "B")]
    base = pd.DataFrame(rows, columns=["subject", "electrode", "region"])
    tables = [
        base.assign(model=m, r2=k * shift + 0.01 * rng.standard_normal(len(base))) for m, k in (("a", 1), ("b", 0))
    ]
    tests = compare(
        pd.concat(tables),
        [("a", "b")],
        regions=["A", "B"],
        family="f",
        score="r2",
        primary="sign_flip",
        correction="max",
    )
    assert said in against(tests, "a", "b") and against(tests, "b", "a") == ""
    assert int((tests[tests["primary"]]["p_corrected"] < 0.05).sum()) == (2 if shift else 0)


@pytest.mark.parametrize(
    ("level", "said"),
    [(0.2, "its r is above 0 in the one region"), (0.0, "its r is not told from 0 in the one region")],
)
def test_a_lone_model_is_held_against_nothing(level, said):
    rng = np.random.default_rng(2)
    rows = [("a", f"p{p}", f"e{e}", "A", level + 0.01 * rng.standard_normal()) for p in range(8) for e in range(3)]
    scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])
    tests = compare(scores, [("a", ZERO)], regions=["A"], family="f")
    assert said in against(tests, "a", ZERO)


def test_the_mixed_model_is_pointed_to_where_it_has_a_p_alone():
    rng = np.random.default_rng(3)
    for people, stands in ((2, False), (4, True)):
        rows = [
            (m, f"p{p}", f"e{e}", "A", rng.standard_normal()) for m in "ab" for p in range(people) for e in range(3)
        ]
        scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])
        result = AnalysisResult()
        add_tests(result, compare(scores, [("a", "b")], regions=["A"], family="f"), "electrode")
        (note,) = result.warnings
        assert ("mixed model's p stands" in note) is stands
