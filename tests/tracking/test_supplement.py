"""Scores and tests for a supplement: CSV that is the parquet, LaTeX that stands in a document."""

import re

import numpy as np
import pandas as pd
import pytest

from brainalign.stats import compare
from brainalign.tracking import write_tables
from brainalign.tracking.supplement import latex_tests, write_supplement
from brainalign.tracking.sweep_table import write_sweep_table


@pytest.fixture
def scores():
    """Simulated; names that LaTeX and CSV must escape, and a missing score."""
    rng = np.random.default_rng(0)
    rows = [
        {"model": m, "subject": s, "electrode": f'{s}, "{e}"', "region": region, "r": rng.normal(0.01 * len(m), 1 / 3)}
        for m in ("word_rate", "50% $x$ #1 {a} ~b^c\\d")
        for s in ("s1", "s2", "s3")
        for e, region in enumerate(("A&B", "STG_left") * 3)
    ]
    table = pd.DataFrame(rows).assign(layer=3)
    table.loc[1, "r"] = np.nan
    return table


@pytest.fixture
def found(scores):
    """All tests of the simulated scores, and those of a region without electrodes."""
    return compare(
        scores, [tuple(scores["model"].unique()[::-1])], regions=["A&B", "STG_left", "nowhere"], family="all"
    )


def test_the_csv_holds_what_the_parquet_holds(tmp_path, scores, found):
    tables = {"scores": scores, "tests": found, "layers": scores}
    write_tables(tmp_path, tables)
    paths = write_supplement(tmp_path, tables)
    assert [p.name for p in paths] == ["scores.csv", "tests.csv", "tests.tex"]
    for name in ("scores", "tests"):
        kept = pd.read_parquet(tmp_path / "tables" / f"{name}.parquet")
        read = pd.read_csv(tmp_path / "tables" / f"{name}.csv")
        texts = [c for c in kept if not pd.api.types.is_numeric_dtype(kept[c].dtype)]
        read[texts] = read[texts].fillna("")
        pd.testing.assert_frame_equal(read, kept, check_dtype=False, check_exact=True)


def test_a_run_without_scores_or_tests_gets_no_such_file(tmp_path, scores):
    assert write_supplement(tmp_path, {"layers": scores}) == []
    assert not (tmp_path / "tables").exists()


def test_the_latex_table_is_balanced_and_escaped_with_a_row_a_test(found):
    broken = latex_tests(found)
    latex = broken.replace("\\allowbreak ", "")
    assert broken.count("word\\_\\allowbreak rate") == 9 and "XeLaTeX" not in latex
    assert "XeLaTeX" in latex_tests(found.assign(region="耳"))
    assert latex.startswith("% In the preamble: \\usepackage{array,booktabs,longtable,pdflscape}\n")
    assert latex.count("All tests. ") == latex.count("All tests, continued.") == 1
    begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", latex) for word in ("begin", "end"))
    assert begun == ended[::-1] == ["landscape", "longtable"]
    plain = re.sub(r"\\[{}]", "", latex)
    assert plain.count("{") == plain.count("}")
    assert [latex.count(f"\\{rule}") > 0 for rule in ("toprule", "midrule", "bottomrule")] == [True, True, True]
    rows = [
        line for line in latex.splitlines() if line.endswith("\\\\") and re.match(r"A\\&B|STG\\_left|nowhere", line)
    ]
    assert len(rows) == len(found) == 9
    columns = latex[: latex.index("\\caption")].count("p{") + len(re.search(r"}([lr]+)}\n\\caption", latex)[1])
    assert columns == 11
    for row in rows:
        assert len(re.findall(r"(?<!\\)&", row)) == columns - 1
        assert not re.search(r"(?<!\\)[#%_]", row) and "50\\% \\$x\\$ \\#1 \\{a\\}" in row
        assert len(re.findall(r"(?<!\\)\$", row)) % 2 == 0


def test_the_latex_table_says_the_numbers_of_the_table_of_tests(found):
    row = found[(found["test"] == "paired_t") & (found["region"] == "STG_left")].iloc[0]
    (line,) = [
        x for x in latex_tests(found).splitlines() if x.startswith("STG\\_\\allowbreak left") and "paired\\_t" in x
    ]
    told = [cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix("\\\\"))][4:]
    minus = [cell.replace("$-$", "-") for cell in told]
    assert minus == [
        f"{row.n} ({row.n_participants})", f"{row.t:.2f} ({row.df:.0f})", f"{row.p:.3f}", f"{row.p_corrected:.3f}", "bonferroni",
        f"{row.mean_difference:.3f} [{row.ci_low:.3f}, {row.ci_high:.3f}]",
        f"{row.effect_size:.2f} [{row.effect_low:.2f}, {row.effect_high:.2f}]",
    ]  # fmt: skip


def test_what_could_not_be_tested_has_dashes_and_a_tiny_p_is_said_to_be_below():
    columns = dict.fromkeys(
        ("t", "df", "p", "ci_low", "ci_high", "effect_size", "effect_low", "effect_high", "p_corrected"), np.nan
    )
    row = columns | {"test": "t", "contrast": "a - b", "score": "r", "region": "R", "n": 0, "n_participants": 0}
    row |= {"mean_difference": -0.25, "correction": "max_t"}
    latex = latex_tests(pd.DataFrame([row, row | {"p": 1e-9, "p_corrected": 1e-8}]))
    assert "R & a - b & r & t & 0 (0) & -- & -- & -- & max\\_t & $-$0.250 & -- \\\\" in latex
    assert "& $<$0.001 & $<$0.001 &" in latex


def test_the_children_of_a_sweep_are_a_table_of_a_supplement(tmp_path):
    table = pd.DataFrame(
        {
            "model.n_mels": ["4", "a_b&c"], "status": ["FINISHED", "FAILED"], "participants": [3.0, np.nan],
            "r2/mean": [-0.1234, np.nan], "r2/low": [-0.2, np.nan], "r2/high": [0.1, np.nan], "ceiling/mean": [0.5, np.nan],
        }
    )  # fmt: skip
    csv, tex = write_sweep_table(tmp_path, table, ["model.n_mels"])
    pd.testing.assert_frame_equal(pd.read_csv(csv, dtype={"model.n_mels": str}), table)
    rows = [line for line in tex.read_text().splitlines() if line.endswith(r"\\")]
    assert rows[1:] == [r"4 & 3 & $-$0.123 [$-$0.200, 0.100] & 0.500 \\", r"a\_\allowbreak b\&c & -- & -- & -- \\"]
    assert (
        rows[0].endswith(r"n\_\allowbreak mels & participants & $R^2$ & ceiling \\") and "booktabs" in tex.read_text()
    )
