"""Means, tests and Markdown tables of the page."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd

from brainalign.stats import compare, mean_ci
from brainalign.tracking.saved import SavedRun


def nested(runs: Mapping[str, SavedRun]) -> pd.DataFrame:
    """Scores of each run's model, the layer chosen on inner folds, under the page's names.

    Args:
        runs: Name on the page -> its run.
    """
    parts = []
    for name, run in runs.items():
        scores = run.tables["scores"]
        own = scores[(scores["rule"] == "nested") & (scores["model"] == scores["model"].iloc[0])]
        parts.append(own.assign(model=name))
    return pd.concat(parts, ignore_index=True)


def profile(run: SavedRun, unit: str) -> pd.DataFrame:
    """The run's model by layer: mean r with its 95 % interval over ``unit`` (subject, or electrode).

    Args:
        run: With a table of layers.
        unit: Column whose values are averaged first, and taken as independent.
    """
    table = run.tables["layers"]
    own = table[table["model"] == table["model"].iloc[0]]
    means = own.groupby(["layer", unit], sort=False)["r"].mean()
    rows = [(layer, *mean_ci(values)[:3]) for layer, values in means.groupby(level="layer")]
    return pd.DataFrame(rows, columns=["layer", "mean", "low", "high"])


def overall(scores: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Mean r of each model over ``unit``, with its 95 % interval, in the models' order."""
    rows = []
    for name, own in scores.groupby("model", sort=False):
        rows.append((name, *mean_ci(own.groupby(unit)["r"].mean())[:4]))
    return pd.DataFrame(rows, columns=["model", "mean", "low", "high", "n"])


def differences(scores: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Each pair of models over participants, all regions together: exact sign flips, corrected by the maximum over the pairs."""
    people = scores.groupby(["model", "subject"], sort=False)["r"].mean().reset_index()
    people = people.assign(electrode="all", region="all")
    found = compare(people, list(pairs), regions=["all"], family="pairs", score="r", tests=["sign_flip"])
    return found[found["test"] == "sign_flip"]


def number(value: float, digits: int = 3) -> str:
    """A number as the field writes correlations: .123, -.045."""
    return f"{value:.{digits}f}".replace("0.", ".", 1)


def interval(row: pd.Series) -> str:
    """``.123 [.100, .145]``."""
    return f"{number(row['mean'])} [{number(row['low'])}, {number(row['high'])}]"


def p_value(p: float) -> str:
    """``p = .012``, or ``p < .001``."""
    return "p < .001" if p < 0.001 else f"p = {number(p)}"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table."""
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def wrapped(lines: Sequence[str]) -> list[str]:
    """Paragraphs filled to the width of the project's pages; tables, lists, headings, commands and figures stay as they are.

    Args:
        lines: Of Markdown.
    """
    out: list[str] = []
    paragraph: list[str] = []
    code = False
    for text in [*lines, ""]:
        code ^= text.startswith("```")
        if text and not code and text[0] not in "|#-`!<":
            paragraph.append(text)
            continue
        if paragraph:
            out += textwrap.wrap(" ".join(paragraph), 140, break_long_words=False, break_on_hyphens=False)
            paragraph = []
        out.append(text)
    return out[:-1]
