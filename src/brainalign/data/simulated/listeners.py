"""Simulated listeners: where their electrodes lie, which are silent, what drives the others and how strongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from brainalign.data.simulated.latents import LATENTS
from brainalign.errors import BrainalignError, nearest

CENTROIDS = {
    "A1": (46.0, -21.0, 8.0),
    "STG": (61.0, -22.0, 4.0),
    "MTG": (61.0, -36.0, -4.0),
    "SMC": (54.0, -8.0, 32.0),
    "SMG": (58.0, -36.0, 32.0),
}
"""MNI coordinates (mm) of the right hemisphere's regions; the left's are mirrored in x."""

MIXTURES: dict[str, dict[str, float]] = {
    "A1": {"acoustic": 0.70, "phonetic": 0.20, "lexical": 0.05, "contextual": 0.05},
    "STG": {"acoustic": 0.35, "phonetic": 0.40, "lexical": 0.15, "contextual": 0.10},
    "MTG": {"acoustic": 0.05, "phonetic": 0.10, "lexical": 0.30, "contextual": 0.55},
    "SMC": {"acoustic": 0.25, "phonetic": 0.50, "lexical": 0.15, "contextual": 0.10},
    "SMG": {"acoustic": 0.10, "phonetic": 0.25, "lexical": 0.35, "contextual": 0.30},
}
"""Mean shares of each region's signal variance; single electrodes scatter around them."""

Mixture = Mapping[str, float] | Mapping[str, Mapping[str, float]]
"""Latent -> share for all electrodes, or region -> latent -> share."""

_SCATTER = 25.0
"""Concentration of the Dirichlet distribution of an electrode's shares around its region's."""


@dataclass(frozen=True)
class Listener:
    """One participant.

    Attributes:
        subject: Label.
        channels: The channels table, with rho_true and share_<latent>.
    """

    subject: str
    channels: pd.DataFrame

    def shares(self, electrode: int) -> dict[str, float]:
        """Latent -> share of that electrode's signal variance."""
        return {name: float(self.channels[f"share_{name}"].iloc[electrode]) for name in LATENTS}


def full_mixture(mixture: Mapping[str, Any], key: str) -> dict[str, float]:
    """Shares of all four latents that sum to 1; those not named are 0.

    Args:
        mixture: Latent -> weight.
        key: The configuration key, for the error.

    Raises:
        BrainalignError: An unknown latent, a negative weight, or no weight at all.
    """
    for name, weight in mixture.items():
        if name not in LATENTS:
            raise BrainalignError(f"{key} names the latent {name!r}, which is unknown; {nearest(name, LATENTS)}.")
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 <= float(weight) < float("inf"):
            raise BrainalignError(f"{key}.{name}={weight} must be a finite number of at least 0.")
    whole = sum(mixture.values())
    if whole <= 0:
        raise BrainalignError(
            f"{key}={dict(mixture)} has no weight above 0; at least one of {', '.join(LATENTS)} is needed."
        )
    return {name: mixture.get(name, 0.0) / whole for name in LATENTS}


def _by_region(mixture: Mapping[str, Any] | None) -> dict[str, dict[str, float]]:
    """Region -> exact shares, from either form of ``data.mixture``; a region without exact shares is not in it."""
    if mixture is None:
        return {}
    if not any(isinstance(value, Mapping) for value in mixture.values()):
        return {region: full_mixture(mixture, "data.mixture") for region in CENTROIDS}
    for region, shares in mixture.items():
        if not isinstance(shares, Mapping):
            raise BrainalignError(
                f"data.mixture.{region}={shares} stands beside mixtures by region; give shares for all electrodes or "
                "{region: shares}, not both."
            )
        if region not in CENTROIDS:
            raise BrainalignError(
                f"data.mixture names the region {region!r}, which is unknown; {nearest(region, CENTROIDS)}"
            )
    return {region: full_mixture(shares, f"data.mixture.{region}") for region, shares in mixture.items()}


def listeners(
    subjects: int,
    electrodes: int,
    silent_fraction: float,
    rho: tuple[float, float],
    mixture: Mixture | None,
    seed: int,
) -> list[Listener]:
    """Draw participants; electrodes go round the regions, first on the left, then on the right, and so on.

    Args:
        subjects: How many.
        electrodes: Of each.
        silent_fraction: Share of all electrodes without signal, spread evenly over participants and regions.
        rho: Bounds of the uniform distribution of the single-trial ceiling of the others.
        mixture: Exact shares of every electrode, or of every electrode of the regions named; None and the other regions:
            those of the region, scattered.
        seed: Of positions, shares and ceilings.
    """
    exact = _by_region(mixture)
    regions = list(CENTROIDS)
    out = []
    for s in range(subjects):
        rng = np.random.default_rng([seed, 3, s])
        first, last = (round(silent_fraction * electrodes * k) for k in (s, s + 1))
        silent = {k % electrodes for k in range(first, last)}
        rows = []
        for e in range(electrodes):
            region, left = regions[e % len(regions)], (e // len(regions)) % 2 == 0
            x, y, z = np.array(CENTROIDS[region]) + rng.normal(0, 4.0, 3)
            shares = rng.dirichlet([_SCATTER * MIXTURES[region][name] for name in LATENTS])
            ceiling = rng.uniform(*rho)
            speaks = e not in silent
            row = {
                "subject": f"sim{s + 1:02d}", "electrode": f"e{e + 1:03d}", "region": region,
                "hemisphere": "L" if left else "R", "x": round(-x if left else x, 1), "y": round(y, 1),
                "z": round(z, 1), "rho_true": ceiling * speaks,
            }  # fmt: skip
            chosen = list(exact[region].values()) if region in exact else list(shares)
            row |= {f"share_{name}": float(v) * speaks for name, v in zip(LATENTS, chosen, strict=True)}
            rows.append(row)
        out.append(Listener(f"sim{s + 1:02d}", pd.DataFrame(rows)))
    return out
