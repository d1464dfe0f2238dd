"""Shares: unique and shared variance, and the shared and residual space of two models, against what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.cca import PARTS
from brainalign.analysis.crossfit import crossfit, space_scores
from brainalign.analysis.validation.finding import Finding
from brainalign.analysis.validation.listening import Bench
from brainalign.data.simulated import simulate
from brainalign.features.planted import PlantedLanguage, PlantedSpeech

CLEAR = 0.1
"""True ceiling from which on an electrode takes part."""
TOLERANCE = 0.05
"""Largest difference of a share."""


def spaces(bench: Bench, sentences: int) -> list[Finding]:
    """The planted models share the lexical latent alone: what the parts of the language model explain of its cortex.

    Args:
        bench: Settings.
        sentences: Of the simulated set; the cost of estimation falls with them.
    """
    data = simulate(
        subjects=4, electrodes=20, sentences=sentences, repeated=0, silent_fraction=0.0, seed=3, cache_dir=bench.folder
    )
    study = bench.listen(data)
    clean = {"private_dims": 0, "noise": 0.0}
    language = bench.represent(PlantedLanguage(data, layers=[3], **clean), data)  # type: ignore[arg-type]
    speech = bench.represent(PlantedSpeech(data, layers=[3], **clean), data)  # type: ignore[arg-type]
    fits = crossfit(study, language, speech, "words", None, k=12, variance=0.999, ridge=0.0)
    scores = pd.concat([space_scores(study, language, "x", part, fits) for part in PARTS], ignore_index=True)
    truth = {"shared": ("lexical",), "rest": ("contextual",), "truncated": ("lexical", "contextual")}
    return [
        _ratio("spaces", f"{part} space of the planted language model", scores[scores["space"] == part], truth[part])
        for part in ("shared", "rest", "truncated")
    ]


def _ratio(check: str, what: str, scores: pd.DataFrame, latents: tuple[str, ...]) -> Finding:
    """Explained share of the signal, sum of r2 over sum of true ceilings, against the planted share of these latents."""
    clear = scores[scores["rho_true"] >= CLEAR]
    rho = clear["rho_true"].to_numpy()
    planted = rho * clear[[f"share_{name}" for name in latents]].sum(axis=1).to_numpy()
    return ratio_of_sums(check, what, float(planted.sum() / rho.sum()), clear["r2"].to_numpy(), rho)


def ratio_of_sums(
    check: str, what: str, truth: float, explained: NDArray[np.float64], rho: NDArray[np.float64]
) -> Finding:
    """Sum of explained variance over sum of true ceilings, with a bootstrap over electrodes.

    Args:
        check: See Finding.
        what: See Finding.
        truth: The planted share.
        explained: (n,) of each electrode.
        rho: (n,) true ceilings.
    """
    rng = np.random.default_rng(0)
    draws = rng.integers(len(rho), size=(2000, len(rho)))
    ratios = explained[draws].sum(axis=1) / rho[draws].sum(axis=1)
    found = float(explained.sum() / rho.sum())
    low, high = np.quantile(ratios, [0.025, 0.975])
    holds = abs(found - truth) <= TOLERANCE
    return Finding(
        check, what, truth, found, float(low), float(high), f"{len(rho)} electrodes", f"within {TOLERANCE:g}", holds
    )
