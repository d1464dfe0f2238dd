"""Tests of the mean score against 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from brainalign.stats.pairing import label_values, unit_name
from brainalign.stats.ttest import family_table, paired_t


def one_sample_tests(
    scores: pd.DataFrame,
    labels: Sequence[str],
    *,
    regions: Sequence[str],
    family: str,
    over: Literal["electrodes", "participants"] = "electrodes",
    by: str = "model",
    score: str = "r",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Two-sided t-test of each label's mean score against 0 in each region, Bonferroni over labels x regions.

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, region, ``by`` and
            ``score``.
        labels: Values of the column ``by`` to test.
        regions: The declared regions; one without electrodes stands with NaN and a reason.
        family: What the correction runs over, in words.
        over: ``electrodes`` takes each as one value; ``participants`` first averages a participant's finite
            scores in the region. In fMRI with one channel a region both are the same, and the column ``unit``
            says participants.
        by: Column that holds the labels.
        score: Column of the score.
        alpha: The confidence interval of the mean is at 1 - alpha, not corrected.

    Returns:
        A table with ``TEST_COLUMNS``, so that it can stand below paired tests: b is ``"0"`` and mean_b 0.

    Raises:
        BrainalignError: A column or label does not exist, or an electrode has several rows under one label.

    Example:
        >>> table = pd.DataFrame({"subject": ["s1", "s2", "s3"], "r": [0.1, 0.2, 0.3]})
        >>> table = table.assign(model="mel", electrode="LPTL", region="LPTL")
        >>> tests = one_sample_tests(table, ["mel"], regions=["LPTL"], family="mel x regions")
        >>> tests.unit[0], int(tests.n[0]), round(float(tests.t[0]), 3)
        ('participants', 3, 3.464)
    """
    rows: list[dict[str, Any]] = []
    for label in labels:
        values = label_values(scores, label, by=by, score=score)
        if over == "participants":
            values["value"] = values["value"].where(np.isfinite(values["value"].to_numpy(dtype=np.float64)))
            # A participant without any finite score keeps NaN and is counted as dropped.
            values = values.groupby(["region", "subject"], as_index=False)[["value"]].mean()
            values["electrode"] = "mean"
        head = {"contrast": f"{label} - 0", "a": label, "b": "0", "score": score, "unit": unit_name(values)}
        for region in regions:
            inside = values.loc[values["region"] == region, "value"].to_numpy(dtype=np.float64)
            rows.append(head | {"region": region} | paired_t(inside, np.zeros_like(inside), alpha))
    return family_table(rows, family=family, alpha=alpha)
