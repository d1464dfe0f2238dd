"""From the tidy scores table to the values that a test compares."""

from __future__ import annotations

import pandas as pd

from brainalign.errors import BrainalignError, nearest

UNIT = ["subject", "electrode"]


def label_values(scores: pd.DataFrame, label: str, *, by: str = "model", score: str = "r") -> pd.DataFrame:
    """The scores of one model (or space, or rule), one row an electrode.

    Args:
        scores: Tidy scores table with the columns subject, electrode, region, ``by`` and ``score``.
        label: A value of the column ``by``.
        by: Column that holds the labels.
        score: Column of the score.

    Returns:
        Columns subject, electrode, region, value; one row an electrode, the scores table's order.

    Raises:
        BrainalignError: A column or the label does not exist, or an electrode has several rows under the
            label.

    Example:
        >>> table = pd.DataFrame({"electrode": ["e1"], "r": [0.1]})
        >>> table = table.assign(model="mel", subject="s1", region="STG")
        >>> label_values(table, "mel").value.tolist()
        [0.1]
    """
    for column in (*UNIT, "region", by, score):
        if column not in scores.columns:
            raise BrainalignError(
                f"the scores table has no column {column!r}; {nearest(column, map(str, scores.columns))}"
            )
    chosen = scores[scores[by] == label]
    if chosen.empty:
        hint = nearest(label, map(str, scores[by].unique()))
        raise BrainalignError(f"the scores table's column {by!r} has no {label!r}; {hint}")
    repeated = chosen[chosen.duplicated(UNIT)]
    if len(repeated):
        subject, electrode = repeated.iloc[0][UNIT]
        raise BrainalignError(
            f"the scores table has several rows for {by} {label!r}, participant {subject}, electrode "
            f"{electrode}; choose one space and one layer rule first."
        )
    return chosen[[*UNIT, "region", score]].rename(columns={score: "value"}).reset_index(drop=True)


def pair_values(scores: pd.DataFrame, a: str, b: str, *, by: str = "model", score: str = "r") -> pd.DataFrame:
    """The scores of two labels side by side, paired by participant and electrode.

    Args:
        scores: Tidy scores table, as for :func:`label_values`.
        a: One value of the column ``by``.
        b: The other.
        by: Column that holds the labels.
        score: Column of the score.

    Returns:
        Columns subject, electrode, region, value_a, value_b; an electrode that only one label has stands with
        NaN.

    Raises:
        BrainalignError: As for :func:`label_values`, or a and b are the same.

    Example:
        >>> table = pd.DataFrame({"model": ["gpt2", "mel"], "r": [0.2, 0.1]})
        >>> table = table.assign(subject="s1", electrode="e1", region="STG")
        >>> pair_values(table, "gpt2", "mel")[["value_a", "value_b"]].to_numpy().tolist()
        [[0.2, 0.1]]
    """
    first, second = (label_values(scores, label, by=by, score=score) for label in (a, b))
    return pair_sides(a, b, first, second, by)


def pair_sides(a: str, b: str, first: pd.DataFrame, second: pd.DataFrame, by: str) -> pd.DataFrame:
    """What :func:`pair_values` gives, of two labels' values that are there already.

    Args:
        a: One label.
        b: The other.
        first: From :func:`label_values`, of a.
        second: Of b.
        by: What the labels are.

    Raises:
        BrainalignError: a and b are the same.
    """
    if a == b:
        raise BrainalignError(
            f"the contrast {a} - {b} compares {by} {a!r} with itself; two different labels are needed."
        )
    return first.merge(second, on=[*UNIT, "region"], how="outer", suffixes=("_a", "_b"))


def unit_name(values: pd.DataFrame) -> str:
    """What one value stands for: participants where each gives one value a region, else pooled electrodes.

    Electrodes of one participant are not independent, so a test over them must carry that name.

    Example:
        >>> unit_name(pd.DataFrame({"subject": ["s1", "s2"], "electrode": "e", "region": "A1"}))
        'participants'
    """
    single = not values.drop_duplicates([*UNIT, "region"]).duplicated(["subject", "region"]).any()
    return "participants" if single else "pooled electrodes"
