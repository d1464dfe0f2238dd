"""What the parts of analysis=convergence become in the whole."""

import pandas as pd

from brainalign.analysis.convergence.run import TOLD, merge
from brainalign.study.result import AnalysisResult


def test_a_part_is_told_and_folded_under_its_own_name_whatever_its_tables_are_called():
    whole = AnalysisResult(tables={"tests": pd.DataFrame({"p": [0.5]})}, found="First.")
    for name in (*TOLD, "noise ceilings"):
        tables = {"tests": pd.DataFrame({"p": [0.25]}), f"{name} last": pd.DataFrame({"x": [1]})}
        part = AnalysisResult(tables=tables, found=f"{name} found.")
        part.summary = [(f"{name} first", "1"), (f"{name} second", "2")]
        merge(whole, part, name)
    assert whole.found == "First. similarity found. shared space found."
    assert [what for what, _ in whole.summary] == ["similarity first", "shared space first", "noise ceilings first"]
    assert whole.more == {
        "Similarity": [("similarity second", "2")],
        "Shared space": [("shared space second", "2")],
        "Noise ceilings": [("noise ceilings second", "2")],
    }
    assert whole.tables["tests"]["p"].tolist() == [0.5, 0.25]  # a row that two parts have stands once
