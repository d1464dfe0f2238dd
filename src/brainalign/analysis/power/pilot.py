"""Pilots: simulated data sets through the whole pipeline, and what their scores are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.study import Study
from brainalign.analysis.validation.listening import Bench, latent_frames
from brainalign.data.simulated import LATENTS, simulate
from brainalign.data.types import Dataset
from brainalign.encoding.nested import Frames, OuterScores
from brainalign.encoding.scores import over_folds
from brainalign.stats.power import Components

Array = NDArray[np.float64]

NOISE = 0.2
"""Share of white noise in each dimension of the two models whose scores are compared."""

WORSE = 0.6
"""The same of the poorer model, where they are to differ."""

NOTHING, SOMETHING = (("acoustic",), ("contextual",)), (("acoustic", "lexical"), ("lexical", "contextual"))
"""Latents of two models that share nothing, and of two that share one."""

RATIOS = (0.1, 1.0, 10.0)
"""Of the joint fit's second band."""


@dataclass(frozen=True)
class Values:
    """What the pipeline gives for the electrodes of one data set.

    Attributes:
        values: (S, E) a difference of scores, or a shared part, by participant.
        ceilings: (S, E) true single-trial ceilings.
    """

    values: Array
    ceilings: Array


def pipeline(bench: Bench, settings: Mapping[str, Any], effect: str, seed: int, *, present: bool) -> Values:
    """One simulated data set, two models, and what each electrode has to say of the effect.

    Args:
        bench: Settings of the run.
        settings: Of the simulator.
        effect: ``difference`` or ``shared``.
        seed: Of the data set and of the models.
        present: Whether there is an effect: one model is noisier, or both hold one latent; else they are two draws of one kind, or
            have nothing in common.
    """
    data = simulate(**{**settings, "seed": seed}, cache_dir=bench.folder)
    study = bench.listen(data)
    score = study.reading.score
    if effect == "difference":
        noise = (NOISE, WORSE if present else NOISE)
        a, b = (_score(_fit(study, _noisy(data, q, [seed, i])), score) for i, q in enumerate(noise))
        found = a - b
    else:
        frames = [latent_frames(data, names) for names in (SOMETHING if present else NOTHING)]
        dims = [next(iter(f.values())).shape[1] for f in frames]
        folds = list(range(len(study.split.folds)))
        both = study.fit_banded([(frames, folds)], dims, RATIOS, "both models").scores
        part = "r2_pearson" if score == "r2_pearson" else "r2"
        found = sum((_score(_fit(study, f), part) for f in frames), start=-_score(both, part))
    shape = (int(settings["subjects"]), int(settings["electrodes"]))
    rho = study.channels["rho_true"].to_numpy(dtype=np.float64)
    return Values(found.reshape(shape), rho.reshape(shape))


def _fit(study: Study, frames: Frames) -> OuterScores:
    return study.fit(frames, next(iter(frames.values())).shape[1], "simulated model")


def _score(scores: OuterScores, name: str) -> Array:
    """(C,) one score, averaged over folds."""
    return over_folds({"r": scores.r, "r2": scores.r2, "r2_pearson": scores.r**2}[name])


def _noisy(data: Dataset, share: float, seed: Sequence[int]) -> Frames:
    """Stimulus -> (frames, dims): all latents, each dimension with a share of white noise of the model's own."""
    rng = np.random.default_rng(seed)
    clean = latent_frames(data, LATENTS)
    return {s: np.sqrt(1 - share) * v + np.sqrt(share) * rng.standard_normal(v.shape) for s, v in clean.items()}


@dataclass(frozen=True)
class Estimated:
    """Components of the null pilots, and what they rest on.

    Attributes:
        components: For :func:`brainalign.stats.power.power_of`.
        electrode: SD of an electrode's value within a participant.
        between_sets: SD of a data set's mean beyond what its electrodes and participants explain: the sentences' own part.
        electrodes: Pilot electrodes.
    """

    components: Components
    electrode: float
    between_sets: float
    electrodes: int


def estimate(pilots: Sequence[Values], *, biased: bool) -> Estimated:
    """Variance components of pilots without an effect, by analysis of variance (electrodes in participants in data sets).

    Args:
        pilots: Of one design.
        biased: Whether the mean over pilots is a bias of the estimate; a difference of exchangeable models has none.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> pilots = [Values(rng.normal(0, 1, (8, 10)) + rng.normal(0, 2, (8, 1)), np.ones((8, 10))) for _ in range(20)]
        >>> found = estimate(pilots, biased=False)
        >>> round(found.electrode, 1), 1.7 < found.components.between < 2.3
        (1.0, True)
    """
    values = np.stack([p.values for p in pilots])
    sets, people, electrodes = values.shape
    means = values.mean(axis=2)
    centre = means.mean(axis=1)
    within = values - means[:, :, None]
    # one electrode a participant has no spread of its own: it is all counted as the electrode's
    alone = electrodes == 1
    ms_within = (within**2).sum() / (sets * people * max(electrodes - 1, 1))
    ms_between = electrodes * ((means - centre[:, None]) ** 2).sum() / (sets * (people - 1))
    if alone:
        within, ms_within = means[:, :, None] - centre[:, None, None], ms_between
    between = 0.0 if alone else np.sqrt(max(0.0, (ms_between - ms_within) / electrodes))
    over = centre.var(ddof=1) - max(ms_between, ms_within) / (people * electrodes)
    rho = np.stack([p.ceilings for p in pilots]).ravel()
    residual = within.ravel()
    residual = residual * np.sqrt(ms_within / max(float((residual**2).mean()), 1e-300))
    return Estimated(
        Components(rho / rho.mean(), residual, float(between), bias=float(centre.mean()) if biased else 0.0),
        float(np.sqrt(ms_within)),
        float(np.sqrt(max(0.0, over))),
        residual.size,
    )
