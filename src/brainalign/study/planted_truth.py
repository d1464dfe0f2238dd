"""Planted truth: what simulated models hold of simulated responses, in the scores' own units."""

from __future__ import annotations

from collections.abc import Mapping, Set

import pandas as pd

from brainalign.features.representation import Representation

PLANTED = "_planted"
"""End of the name of a column that holds the truth of the score before it."""


def carried(representation: Representation | None) -> frozenset[str] | None:
    """The latents that a planted model holds; None of a model whose content nobody knows.

    Args:
        representation: Any model.
    """
    return getattr(getattr(representation, "extractor", None), "carries", None)


def with_truth(table: pd.DataFrame, latents: Set[str] | None) -> pd.DataFrame:
    """Scores with what they would be without any cost of estimation: ``r2_planted`` and ``r2_normalized_planted``.

        share = sum of the electrode's shares of these latents,   R2 = rho_true share,   R2 over the ceiling = share

    as the latents of one electrode are uncorrelated (:func:`brainalign.data.simulated.simulate`).

    Args:
        table: One row an electrode, with the columns of the channels table.
        latents: That the features hold; None = unknown, and the table stays as it is.

    Example:
        >>> rows = pd.DataFrame({"rho_true": [0.5], "share_lexical": [0.4], "share_acoustic": [0.6]})
        >>> with_truth(rows, {"lexical"})[["r2_planted", "r2_normalized_planted"]].to_numpy().tolist()
        [[0.2, 0.4]]
    """
    shares = [f"share_{name}" for name in sorted(latents or ())]
    if latents is None or "rho_true" not in table or not set(shares) <= set(table):
        return table
    share = table[shares].sum(axis=1).astype(float)
    return table.assign(**{f"r2{PLANTED}": table["rho_true"] * share, f"r2_normalized{PLANTED}": share})


def layers_with_truth(layers: pd.DataFrame, channels: pd.DataFrame, representation: Representation) -> pd.DataFrame:
    """A layer table with the truth of the layer that is best by construction; the others have none.

    Args:
        layers: Of one model.
        channels: The channels table.
        representation: The model.
    """
    truth = with_truth(channels, carried(representation))
    if f"r2{PLANTED}" not in truth:
        return layers
    keys = ["subject", "electrode"]
    joined = layers.merge(truth[[*keys, f"r2{PLANTED}"]], on=keys, how="left", validate="many_to_one")
    best = joined["layer"] == representation.extractor.best_layer  # type: ignore[attr-defined]
    return joined.assign(**{f"r2{PLANTED}": joined[f"r2{PLANTED}"].where(best)})


def pairs_with_truth(table: pd.DataFrame, latents: Mapping[str, Set[str] | None]) -> pd.DataFrame:
    """Pairs of models with what their predictions would share without any cost of estimation: ``similarity_planted``.

        similarity = (share of what both hold)^2 / (share of what a holds x share of what b holds)

    the squared correlation of two sums of uncorrelated latents; NaN where a model's content is unknown.

    Args:
        table: One row a pair and electrode: model_a, model_b, and the columns of the channels table.
        latents: Model -> what it holds; None = unknown.

    Example:
        >>> rows = pd.DataFrame({"model_a": ["x"], "model_b": ["y"], "share_lexical": [0.4], "share_acoustic": [0.4]})
        >>> pairs_with_truth(rows, {"x": {"lexical"}, "y": {"lexical", "acoustic"}})["similarity_planted"].tolist()
        [0.5]
    """
    parts = []
    for (a, b), own in table.groupby(["model_a", "model_b"], sort=False):
        held = [latents.get(str(a)), latents.get(str(b))]
        if any(h is None or not {f"share_{name}" for name in h} <= set(own) for h in held):
            continue
        one, other = (set(h or ()) for h in held)
        both, first, second = (
            own[[f"share_{n}" for n in sorted(some)]].sum(axis=1) for some in (one & other, one, other)
        )
        parts.append(both.astype(float) ** 2 / (first * second).where(first * second > 0))
    return table.assign(**{f"similarity{PLANTED}": pd.concat(parts)}) if parts else table
