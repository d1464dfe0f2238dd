"""From arrays of scores to the tidy tables that everything downstream reads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.encoding.design import Design
from brainalign.encoding.layers import LayerSelection
from brainalign.encoding.nested import OuterScores
from brainalign.encoding.scores import over_folds, score
from brainalign.linalg.arithmetic import AT_ONCE


def score_table(
    channels: pd.DataFrame,
    scores: OuterScores,
    *,
    model: str,
    space: str,
    rule: str,
    layer: NDArray[np.int64],
    alphas: NDArray[np.float64],
    pooled: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """One row an electrode: scores averaged over outer folds, and what was chosen.

    Args:
        channels: (C rows) the channels table.
        scores: Of all outer folds.
        model: Label of the rows.
        space: Label of the rows: full, truncated, shared or rest.
        rule: Label of the rows: nested or max.
        layer: (folds, C) layer used in each fold; the table holds the most frequent.
        alphas: The grid, to count choices on its edge.
        pooled: (C,) r of all folds' predictions together.

    Returns:
        Columns model, space, rule, all of ``channels``, r, r_pooled, r2_pearson, r2, alpha (geometric mean over
        folds), layer, alpha_at_edge (folds whose alpha is the grid's first or last), constant_folds, flat_folds (recorded, but without
        variance: no score), n_frames, n_folds (in which the electrode has a score).
    """
    edge = (scores.alpha <= alphas.min()) | (scores.alpha >= alphas.max())
    edge &= alphas.max() > alphas.min()  # a single alpha is no choice
    columns = {
        "r": over_folds(scores.r),
        "r_pooled": np.full(scores.r.shape[1], np.nan) if pooled is None else pooled,
        "r2_pearson": over_folds(scores.r**2),
        "r2": over_folds(scores.r2),
        "alpha": np.exp(over_folds(np.log(scores.alpha))),
        "layer": [_most_often(column) for column in layer.T],
        "alpha_at_edge": edge.sum(axis=0),
        "constant_folds": scores.constant.sum(axis=0),
        "flat_folds": scores.flat,
        "n_frames": scores.n,
        "n_folds": np.isfinite(scores.r).sum(axis=0),
    }
    table = channels.reset_index(drop=True).assign(**columns)
    for place, (name, value) in enumerate((("model", model), ("space", space), ("rule", rule))):
        table.insert(place, name, value)
    return table


def layer_table(channels: pd.DataFrame, selection: LayerSelection, model: str) -> pd.DataFrame:
    """One row a (layer, electrode): the profile over depth.

    Args:
        channels: (C rows) the channels table.
        selection: All layers.
        model: Label of the rows.
    """
    keep = channels.reset_index(drop=True)[["subject", "electrode", "region", "hemisphere"]]
    parts = [
        keep.assign(model=model, layer=n, r=over_folds(s.r), r2_pearson=over_folds(s.r**2), r2=over_folds(s.r2))
        for n, s in sorted(selection.layers.items())
    ]
    return pd.concat(parts, ignore_index=True)


def pooled_r(design: Design, scores: OuterScores) -> NDArray[np.float64]:
    """Pearson r over the test rows of all folds together, each predicted by the fold that did not train on it.

    Returns:
        (C,).
    """
    rows = [(f, i, mask) for f in range(len(design.split.folds)) for i, mask in design.test_rows(f)]
    found = []
    for at in range(0, design.n_channels, AT_ONCE):
        here = slice(at, at + AT_ONCE)
        scored = np.isfinite(scores.r[:, here])  # not where the response is flat
        actual = np.vstack([np.where(scored[f], design.responses.read(i, here)[mask], np.nan) for f, i, mask in rows])
        predicted = np.vstack([scores.predictions[f][design.stimuli[i]][:, here][mask] for f, i, mask in rows])
        found.append(score(actual.astype(np.float64), predicted.astype(np.float64), np.zeros(actual.shape[1])).r)
    return np.concatenate(found)


def _most_often(layers: NDArray[np.int_]) -> int:
    """The layer that most folds chose, the lowest of several; -1 is one, too."""
    numbers, counts = np.unique(layers, return_counts=True)
    return int(numbers[counts.argmax()])
