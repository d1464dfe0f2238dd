"""Pilots: simulated data sets through the whole pipeline, and what their scores are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.validation.listening import Bench, latent_frames
from brainalign.data.simulated import LATENTS, simulate
from brainalign.data.types import Dataset
from brainalign.encoding.nested import Frames, OuterScores
from brainalign.encoding.scores import over_folds
from brainalign.stats.power import Components
from brainalign.study.study import Study

Array = NDArray[np.float64]

NOISE, WORSE, BETWEEN = 0.2, 0.6, 0.4
"""Share of white noise in each dimension of a model: of both where their scores are alike, of the poorer one where they are to differ, and
of that in the check, which so has an effect of another size."""

NOTHING, SOMETHING = (("acoustic",), ("contextual",)), (("acoustic", "lexical"), ("acoustic", "contextual"))
"""Latents of two models that share nothing, and of two that share one."""

RATIOS = (0.1, 1.0, 10.0)
"""Of the joint fit's second band."""

CLEAR = 3.0
"""Standard errors by which a planted effect must stand out before it can tell how an effect varies over electrodes."""


Values = Array
"""(S, E): what the pipeline gives for each electrode, by participant: a difference of scores, or a shared part."""


def pipeline(bench: Bench, settings: Mapping[str, Any], effect: str, seed: int, worse: float) -> Values:
    """One simulated data set, two models, and what each electrode has to say of the effect.

    Args:
        bench: Settings of the run.
        settings: Of the simulator.
        effect: ``difference``: both models are all latents with noise of their own; ``shared``: they hold one latent each, or share one.
        seed: Of the data set and of the models.
        worse: Share of noise in the second model; NOISE makes the two exchangeable, and for ``shared`` models that share nothing.
    """
    data = simulate(**{**settings, "seed": seed}, cache_dir=bench.folder)
    study = bench.listen(data)
    score = study.outcome.score
    if effect == "difference":
        a, b = (_score(_fit(study, _noisy(data, q, [seed, i])), score) for i, q in enumerate((NOISE, worse)))
        found = a - b
    else:
        frames = [latent_frames(data, names) for names in (SOMETHING if worse > NOISE else NOTHING)]
        dims = [next(iter(f.values())).shape[1] for f in frames]
        folds = list(range(len(study.split.folds)))
        both = study.fit_banded([(frames, folds)], dims, RATIOS, "both models").scores
        part = "r2_pearson" if score == "r2_pearson" else "r2"
        found = sum((_score(_fit(study, f), part) for f in frames), start=-_score(both, part))
    return found.reshape(int(settings["subjects"]), int(settings["electrodes"]))


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
class Spread:
    """Variance components of pilots, by analysis of variance (electrodes in participants in data sets).

    Attributes:
        mean: Over all.
        electrode: SD of an electrode's value within a participant.
        participant: SD between participants, beyond what their electrodes explain.
        data_set: SD between data sets' means, beyond what participants and electrodes explain: the sentences' own part.
        residual: (k,) deviations of electrodes from their participants, of SD ``electrode``.
    """

    mean: float
    electrode: float
    participant: float
    data_set: float
    residual: Array


def spread_of(pilots: Sequence[Values]) -> Spread:
    """Variance components of pilots of one design; with one electrode a participant all spread counts as the electrode's.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = spread_of([rng.normal(0, 1, (8, 10)) + rng.normal(0, 2, (8, 1)) for _ in range(20)])
        >>> round(found.electrode, 1), 1.7 < found.participant < 2.3
        (1.0, True)
    """
    values = np.stack(pilots)
    sets, people, electrodes = values.shape
    means = values.mean(axis=2)
    centre = means.mean(axis=1)
    ms_between = electrodes * ((means - centre[:, None]) ** 2).sum() / (sets * (people - 1))
    within = values - (means[:, :, None] if electrodes > 1 else centre[:, None, None])
    ms_within = (within**2).sum() / (sets * (people * (electrodes - 1) if electrodes > 1 else people - 1))
    participant = max(0.0, (ms_between - ms_within) / electrodes)
    data_set = max(0.0, centre.var(ddof=1) - max(ms_between, ms_within) / (people * electrodes))
    residual = within.ravel()
    scale = np.sqrt(ms_within / max(float((residual**2).mean()), 1e-300))
    return Spread(
        float(values.mean()),
        float(np.sqrt(ms_within)),
        float(np.sqrt(participant)),
        float(np.sqrt(data_set)),
        residual * scale,
    )


def components_of(null: Spread, planted: Spread, *, biased: bool) -> Components:
    """What values are made of, from pilots without and with an effect.

    An effect does not show alike at all electrodes. What planted pilots vary beyond the null ones is taken to be in proportion to
    the effect: ``gain = 1 + share * residual / effect``, with the variance that is left.

    Args:
        null: Without an effect.
        planted: With one.
        biased: Whether the mean of the null pilots is a bias of the estimate; a difference of exchangeable models has none.
    """
    bias = null.mean if biased else 0.0
    effect = planted.mean - bias
    gain = np.ones(1)
    if effect > CLEAR * planted.electrode / np.sqrt(planted.residual.size):
        left = max(0.0, planted.electrode**2 - null.electrode**2)
        gain = 1.0 + np.sqrt(left) / max(planted.electrode, 1e-300) * planted.residual / effect
    return Components(gain, null.residual, null.participant, bias=bias)
