"""Scores and tests become rows of one table, metrics and summary lines."""

import numpy as np
import pandas as pd
import pytest

from brainalign.stats import compare
from brainalign.study.result import AnalysisResult
from brainalign.study.summary import add_scores, add_tests


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    units = [(m, f"s{s}", f"e{e}") for m in ("gpt2", "mel") for s in range(3) for e in range(6)]
    return pd.DataFrame(units, columns=["model", "subject", "electrode"]).assign(
        region="STG", r=rng.normal(0.2, 0.05, len(units))
    )


def test_all_tests_of_a_run_are_one_table_and_metrics_name_the_pooled_t(scores):
    result = AnalysisResult()
    families = [
        compare(scores, pairs, regions=["STG"], family="f")
        for pairs in ([("gpt2", "0"), ("mel", "0")], [("gpt2", "mel")])
    ]
    for tests in families:
        add_tests(result, tests, "electrode")
    table = result.tables["tests"]
    assert len(table) == 9 and set(table.contrast) == {"gpt2 - 0", "mel - 0", "gpt2 - mel"}
    rows = table[table.contrast == "gpt2 - mel"].set_index("test")
    named = {
        "p": ("paired_t", "p"), "t": ("paired_t", "t"), "p_bonferroni": ("paired_t", "p_bonferroni"),
        "p_sign_flip": ("sign_flip", "p"), "p_mixed": ("mixed", "p"),
    }  # fmt: skip
    for name, (test, column) in named.items():
        assert result.metrics[f"test/gpt2 - mel/STG/{name}"] == rows.loc[test, column]
    assert [what for what, _ in result.summary] == ["gpt2 - mel"]  # against 0 stands in the table alone
    (warning,) = result.warnings
    assert "with 3 participants no corrected p lies below 0.25" in warning


def test_the_mean_ceiling_is_of_the_electrodes_whose_score_is_over_it(scores):
    ceiling = np.where(np.arange(len(scores)) % 3 == 0, 0.01, 0.5)  # every third is below the floor
    over = np.where(ceiling > 0.05, scores["r"], np.nan)
    columns = dict.fromkeys(("r2", "r2_pearson"), scores["r"]) | dict.fromkeys(("r2_normalized", "r_normalized"), over)
    result = AnalysisResult()
    add_scores(result, scores.assign(rule="nested", ceiling=ceiling, **columns), "gpt2", "electrode")
    assert result.metrics["ceiling/mean"] == pytest.approx(0.5)


def test_nothing_declared_is_nothing_added(scores):
    result = AnalysisResult()
    add_tests(result, compare(scores, [], regions=["STG"], family="f"), "electrode")
    assert len(result.tables["tests"]) == 0 and not result.metrics and not result.summary and not result.warnings
