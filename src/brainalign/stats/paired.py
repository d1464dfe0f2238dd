"""Paired t-tests between models within regions, corrected over the declared family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from brainalign.stats.pairing import pair_values, unit_name
from brainalign.stats.ttest import family_table, paired_t


def paired_tests(
    scores: pd.DataFrame,
    contrasts: Sequence[tuple[str, str]],
    *,
    regions: Sequence[str],
    family: str,
    by: str = "model",
    score: str = "r",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Two-sided paired t-test of each contrast within each region, Bonferroni over contrasts x regions.

    Pairs are electrodes (participant, electrode) that both labels have. The family is the declared one: a
    test that cannot be done (fewer than two pairs, a constant difference) has NaN and a reason, and still
    counts. Electrodes of one participant are not independent; the column ``unit`` says ``pooled electrodes``
    where that matters (Chen et al. 2024 test this way).

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, region, ``by`` and
            ``score``.
        contrasts: Pairs (a, b) of values of the column ``by``; the difference is a - b.
        regions: The declared regions; one without electrodes stands with NaN and a reason.
        family: What the correction runs over, in words (``"models against mel x regions"``).
        by: Column that holds the labels.
        score: Column of the score.
        alpha: The confidence interval of the mean difference is at 1 - alpha, not corrected.

    Returns:
        A table with ``TEST_COLUMNS``, one row a (contrast, region), in the declared order.

    Raises:
        BrainalignError: A column or label does not exist, or an electrode has several rows under one label.

    Example:
        >>> table = pd.DataFrame({"electrode": ["e1", "e2", "e3"] * 2, "r": [0.3, 0.5, 0.4, 0.1, 0.1, 0.1]})
        >>> table = table.assign(model=["gpt2"] * 3 + ["mel"] * 3, subject="s1", region="STG")
        >>> tests = paired_tests(table, [("gpt2", "mel")], regions=["STG", "A1"], family="against mel")
        >>> tests[["contrast", "region", "n", "family_size"]].to_numpy().tolist()
        [['gpt2 - mel', 'STG', 3, 2], ['gpt2 - mel', 'A1', 0, 2]]
        >>> float(tests.p_bonferroni[0] / tests.p[0])
        2.0
    """
    rows: list[dict[str, Any]] = []
    for a, b in contrasts:
        pairs = pair_values(scores, a, b, by=by, score=score)
        head = {"contrast": f"{a} - {b}", "a": a, "b": b, "score": score, "unit": unit_name(pairs)}
        for region in regions:
            inside = pairs[pairs["region"] == region]
            left, right = (inside[c].to_numpy(dtype=np.float64) for c in ("value_a", "value_b"))
            rows.append(head | {"region": region} | paired_t(left, right, alpha))
    return family_table(rows, family=family, alpha=alpha)
