"""Planted truth: what simulated models hold of simulated responses, in the scores' own units."""

from __future__ import annotations

from collections.abc import Set

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
