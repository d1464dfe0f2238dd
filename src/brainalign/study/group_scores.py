"""The group at each electrode or voxel, where those of one name are one place in all participants."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainalign.stats import fdr, signed_rank

PLACE = ("region", "hemisphere", "x", "y", "z", "i", "j", "k", "vertex")
"""Columns that say where a channel is, as far as there are."""


def group_table(scores: pd.DataFrame, score: str) -> pd.DataFrame:
    """Participants' mean score at each channel, and whether it differs from 0.

    Args:
        scores: One row a model, participant and channel.
        score: Column of the score.

    Returns:
        One row a model and channel: subject (``group``), model, electrode, its place, mean, n (participants), p (Wilcoxon signed-rank over
        participants, two-sided) and p_fdr (Benjamini and Hochberg over the model's channels).

    Example:
        >>> rows = [("mel", f"s{s}", e, "STG", r + s / 100) for s in range(6) for e, r in (("v1", 0.1), ("v2", 0.2))]
        >>> scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])
        >>> group_table(scores, "r")[["electrode", "mean", "n", "p_fdr"]].round(3).values.tolist()
        [['v1', 0.125, 6, 0.031], ['v2', 0.225, 6, 0.031]]
    """
    parts = []
    for model, own in scores.groupby("model", sort=False):
        wide = own.pivot(index="subject", columns="electrode", values=score)[list(dict.fromkeys(own["electrode"]))]
        values = wide.to_numpy(dtype=np.float64)
        p = signed_rank(values)
        place = own.drop_duplicates("electrode").set_index("electrode")[[c for c in PLACE if c in own]]
        found = {"mean": wide.mean().to_numpy(), "n": wide.notna().sum().to_numpy(), "p": p, "p_fdr": fdr(p, len(p))}
        rows = place.assign(**found).reset_index()
        rows.insert(0, "model", model)
        rows.insert(0, "subject", "group")
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)
