"""Shares: unique and shared variance, and the shared and residual space of two models, against what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.validation.finding import Finding
from brainalign.analysis.validation.listening import Bench, latent_frames
from brainalign.data.simulated import simulate
from brainalign.encoding.scores import over_folds
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech
from brainalign.spaces.shared import Part
from brainalign.study.cross_fitting import crossfit, space_scores

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
    fits = crossfit(study, language, speech, "words", None, fit="cross_fitted", k=12, variance=0.999, ridge=0.0)
    parts: tuple[Part, ...] = ("shared", "rest", "truncated")
    scores = pd.concat([space_scores(study, language, "x", part, fits) for part in parts], ignore_index=True)
    truth = {"shared": ("lexical",), "rest": ("contextual",), "truncated": ("lexical", "contextual")}
    return [
        _ratio("spaces", f"{part} space of the planted language model", scores[scores["space"] == part], truth[part])
        for part in parts
    ]


def partition(bench: Bench, sentences: int) -> list[Finding]:
    """Two sets of latents that have one in common: what each explains alone, and what both do.

    Args:
        bench: Settings.
        sentences: Of the simulated set; the cost of estimation falls with them.
    """
    mixture = {"phonetic": 0.0, "acoustic": 0.5, "lexical": 0.3, "contextual": 0.2}
    data = simulate(
        subjects=4,
        electrodes=20,
        sentences=sentences,
        repeated=0,
        silent_fraction=0.0,
        mixture=mixture,
        seed=4,
        cache_dir=bench.folder,
    )
    study = bench.listen(data)
    sets = (("acoustic", "lexical"), ("lexical", "contextual"))
    frames = [latent_frames(data, names) for names in sets]
    dims = [next(iter(f.values())).shape[1] for f in frames]
    folds = list(range(len(study.split.folds)))
    alone = [study.fit(f, d, "set") for f, d in zip(frames, dims, strict=True)]
    both = study.fit_banded([(frames, folds)], dims, [0.1, 1.0, 10.0], "both sets").scores
    r2 = [over_folds(s.r2) for s in (*alone, both)]
    rho = study.channels["rho_true"].to_numpy()
    clear = rho >= CLEAR
    parts = {
        "unique to the first set": (mixture["acoustic"], r2[2] - r2[1]),
        "unique to the second set": (mixture["contextual"], r2[2] - r2[0]),
        "shared by both": (mixture["lexical"], r2[0] + r2[1] - r2[2]),
    }
    return [
        ratio_of_sums("unique and shared", what, truth, values[clear], rho[clear])
        for what, (truth, values) in parts.items()
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
