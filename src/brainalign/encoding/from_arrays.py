"""A nested TRF over the layers of a model, from plain arrays: no config, no data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.splits.split import split_groups
from brainalign.encoding.checks import Given, as_presentations, checked
from brainalign.encoding.design import Design
from brainalign.encoding.layers import LayerSelection
from brainalign.encoding.nested import fit_outer
from brainalign.encoding.tables import score_table
from brainalign.errors import BrainalignError
from brainalign.linalg.lags import lags_of

LEAST = 3
"""Folds: one is scored, one chooses, one is left to fit on."""


def nested_trf(
    layers: Mapping[int, Given],
    responses: Given,
    groups: Sequence[Any] | None = None,
    *,
    tmin: float = 0.0,
    tmax: float = 0.38,
    rate: float = 50.0,
    alphas: Sequence[float] | NDArray[np.float64] = (1.0,),
    folds: int = 5,
    seed: int = 0,
    channels: pd.DataFrame | None = None,
    model: str = "model",
) -> pd.DataFrame:
    """Scores of the layer and penalty that inner folds choose for each electrode, on outer folds that neither has seen.

    The outer folds are whole groups; the inner folds of one are the others. Features are standardised on the rows that a fit is
    trained on. Beside the sound choice (rule ``nested``) stands the best layer on the scored data (rule ``max``), which is optimistic.

    Args:
        layers: Layer -> (T_i, d) for each presentation, finite; d may differ between layers.
        responses: (T_i, c) for each presentation; NaN = left out, exactly.
        groups: The stimulus of each presentation, so that no fold splits one; each its own by default.
        tmin: First lag in seconds.
        tmax: Last lag in seconds.
        rate: Frames per second.
        alphas: Penalties to choose from.
        folds: Outer folds, at least 3.
        seed: Of the draw of folds.
        channels: One row an electrode, for the table (subject, electrode, region); electrodes are numbered by default.
        model: Name for the table.

    Returns:
        One row a (rule, electrode): model, rule, the channels' columns, r, r2, r2_pearson, alpha, layer and more
        (see :func:`brainalign.encoding.tables.score_table`).

    Raises:
        BrainalignError: No layers, arrays that do not fit together, or fewer groups than folds.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> layers = {n: [rng.normal(size=(60, 3)) for _ in range(9)] for n in (0, 1)}
        >>> heard = [np.roll(x, 1, axis=0)[:, :2] + rng.normal(size=(60, 2)) for x in layers[1]]
        >>> found = nested_trf(layers, heard, tmax=0.04, alphas=[1.0, 100.0], folds=3)
        >>> found.query("rule == 'nested'").layer.tolist(), bool((found.r > 0.6).all())
        ([1, 1], True)
    """
    if not layers:
        raise BrainalignError("layers is empty; at least one layer is needed.")
    heard, _ = as_presentations(None, responses)
    features = {n: checked(as_presentations(None, given)[0], heard)[0] for n, given in layers.items()}
    labels = [str(g) for g in (range(len(heard)) if groups is None else groups)]
    if len(labels) != len(heard):
        raise BrainalignError(f"groups has {len(labels)} entries for {len(heard)} presentations; they must be equal.")
    if not LEAST <= folds <= len(set(labels)):
        raise BrainalignError(
            f"folds={folds} is impossible with {len(set(labels))} groups; it must be between {LEAST} and their number."
        )
    c = heard[0].shape[1]
    if channels is None:
        channels = pd.DataFrame({"subject": "s1", "electrode": [str(i) for i in range(c)], "region": "all"})
    if len(channels) != c:
        raise BrainalignError(f"channels has {len(channels)} rows for {c} electrodes; they must be equal.")
    split = split_groups(labels, [len(y) for y in heard], folds, seed, "stimulus")
    names = [str(i) for i in range(len(heard))]
    design, lags, selection = Design(names, heard, split), lags_of(tmin, tmax, rate), LayerSelection()
    for layer, arrays in features.items():
        selection.add(layer, fit_outer(design, dict(zip(names, arrays, strict=True)), lags, list(alphas)))
    chosen = {"nested": selection.nested, "max": selection.optimum()}
    tables = [
        score_table(
            channels, scores, model=model, space="full", rule=rule, layer=layer, alphas=np.asarray(alphas, float)
        )
        for rule, (scores, layer) in chosen.items()
    ]
    return pd.concat(tables, ignore_index=True).drop(columns="r_pooled")
