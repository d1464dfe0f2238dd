"""Planted and found: what simulated models hold, beside what a run that does not know it finds."""

from __future__ import annotations

from typing import Any

import pandas as pd

from brainalign.counts import ends
from brainalign.stats import ratio_ci
from brainalign.study.planted_truth import PLANTED
from brainalign.study.result import AnalysisResult
from brainalign.study.sentences import sentence

TOPIC = "Planted and found"
SPACES = {"shared": "shared", "rest": "in the rest", "full": "in all"}
"""Spaces that the first sentence tells of, in its words."""


def planted_table(scores: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Planted and found shares of the explainable variance, over the electrodes that have a noise ceiling.

        planted = sum of rho_true share / sum of rho_true,   found = sum of R2 / sum of estimated ceilings

    What is found knows nothing of the truth; it is lower by what estimation from finite data costs.

    Args:
        scores: All rows of a run.
        rule: How layers were chosen.

    Returns:
        Columns model, space, region (``all`` first), planted, found, low, high (95 %), n, participants.
    """
    known = scores[(scores["rule"] == rule) & scores[f"r2{PLANTED}"].notna() & scores["ceiling"].notna()]
    rows: list[dict[str, Any]] = []
    for (model, space), own in known.groupby(["model", "space"], sort=False):
        for region, inside in [("all", own), *own.groupby("region", sort=False)]:
            found = ratio_ci(inside["r2"], inside["ceiling"], inside["subject"])
            planted = float(inside[f"r2{PLANTED}"].sum() / inside["rho_true"].sum())
            rows.append(
                {
                    "model": model, "space": space, "region": region, "planted": planted, "found": found.mean, "low": found.low,
                    "high": found.high, "n": found.n, "participants": found.participants,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def add_truth(result: AnalysisResult, rule: str) -> None:
    """Put planted beside found where the models' content is known: a table, rows, and the first clause of what was found.

    Args:
        result: Of any analysis.
        rule: How layers were chosen, where figures are about one.
    """
    scores = result.tables.get("scores")
    if scores is None or f"r2{PLANTED}" not in scores or scores["ceiling"].isna().all():
        return
    table = planted_table(scores, rule)
    if table.empty:
        return
    result.tables = {"planted": table, **result.tables}
    whole = table[table["region"] == "all"]
    first = whole[whole["model"] == whole["model"].iloc[0]].set_index("space")
    spaces = [space for space in SPACES if space in first.index]
    lines = {(row.model, row.space): _line(row) for row in whole.itertuples()}
    result.summary[:0] = [lines.pop((whole["model"].iloc[0], space)) for space in spaces]
    for line in lines.values():
        result.tell(TOPIC, *line)
    told = [_clause(first.loc[space], SPACES[space]) for space in spaces]
    people, model = int(whole["participants"].iloc[0]), whole["model"].iloc[0]
    over = f", 95 % CI over {people} participants" if people else ""
    opening = f"Of {model}, in shares of the explainable variance{over}: {'; '.join(told)}"
    result.found = f"{sentence([opening])} {result.found}".strip()


def _line(row: Any) -> tuple[str, str]:
    """Planted and found of one space as a row of results."""
    what = f"{row.model} {row.space}: planted · found, of the explainable variance"
    return what, f"{row.planted:.2f} · {_value(row)}"


def _clause(row: Any, where: str) -> str:
    """Planted and found of one space, in words."""
    return f"planted {row.planted:.2f} {where}, found {_value(row)}"


def _value(row: Any) -> str:
    """What was found, with its interval where there is one."""
    return f"{row.found:.2f}{ends(row.low, row.high, '.2f')}"
