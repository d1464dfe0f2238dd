"""The methods of a run in prose, with its exact settings: what a paper's methods section would have to say."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from brainalign.analysis.models import Models
from brainalign.analysis.study import Study
from brainalign.config import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

SCORES = {
    "r2": "R² = 1 − SSE/SST on held-out frames, SST about the mean of the training frames",
    "r": "the Pearson correlation of held-out response and prediction",
    "r2_pearson": "the squared Pearson correlation of held-out response and prediction, as published",
}
TESTS = {
    "sign_flip": "exact sign-flip tests of the participants' mean differences",
    "mixed": "a mixed model with random slopes by participant and random intercepts by electrode",
    "paired_t": "paired t-tests over pooled electrodes, as published; electrodes of one participant are not independent",
}
CORRECTIONS = {
    "bonferroni": "Bonferroni",
    "holm": "Holm",
    "max": "the maximum statistic over the family",
    "fdr": "Benjamini and Hochberg's false discovery rate",
}
SHARED = ("cca", "decomposition", "convergence")
"""Analyses that fit a shared space."""


def methods(config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
    """What was done, as (heading, paragraph).

    Args:
        config: Of the run, settled.
        study: Data, window and folds.
        models: Who was compared.
    """
    kind = config.analysis.kind
    if kind == "extract":
        return [("Software", _software())]
    found = [("Responses", _responses(config, study))]
    if kind != "ceiling":
        found += [
            ("Temporal receptive fields", _trf(config, study)),
            ("Selection and scores", _selection(config, study)),
        ]
    if kind != "latency":
        found.append(("Noise ceilings", _ceilings(config)))
    if kind in SHARED and models.partner is not None:
        found.append(("Shared and residual spaces", _spaces(config, models)))
    if kind in ("decomposition", "convergence") and models.partner is not None:
        found.append(("What the shared space holds", _decomposition(config, models)))
    if kind not in ("ceiling", "latency"):
        found.append(("Statistics", _statistics(config)))
    return [*found, ("Software", _software())]


def _responses(config: Config, study: Study) -> str:
    grid = next(iter(study.responses.grids.values()))
    n, chosen = len(study.channels), config.electrodes
    how = "all electrodes"
    if chosen.select == "responsive":
        how = f"speech-responsive electrodes (two-sided paired t over presentations, p < {chosen.level:g} / electrodes of the participant)"
    where = (
        f"brought to the model's frames ({grid.rate:g} Hz, centres at {1000 * grid.start:g} ms + {1000 / grid.rate:g} "
        "ms k) by anti-aliased "
        "resampling within each presentation"
        if config.window.rate is not None
        else f"used at their own samples ({grid.rate:g} Hz)"
    )
    return f"{n} {study.noun}s of {len(study.dataset.recordings)} participant(s), {how}; responses were {where}."


def _trf(config: Config, study: Study) -> str:
    rate = next(iter(study.responses.grids.values())).rate
    alphas = config.encoding.alphas
    convolved = (
        "Features, at their own times (words as impulses), were convolved with Glover's haemodynamic response function, evaluated at the "
        "exact delays, and sampled at the volumes. "
        if config.window.hrf
        else ""
    )
    return (
        f"{convolved}Each {study.noun}'s response was predicted from features at {len(study.lags)} lags, "
        f"{1000 * study.lags[0] / rate:g} to "
        f"{1000 * study.lags[-1] / rate:g} ms, by ridge regression with an unpenalised intercept. Features were standardised on training "
        "frames before lagging; lags were made within each presentation, zeros (the training mean) before its start. Alpha, the number of "
        f"training frames times the lambda of the averaged loss, was one of {len(alphas)} values from {alphas[0]:g} to {alphas[-1]:g}. "
        f"Presentations of one stimulus in training: {config.encoding.repeats}. A word's vector stood "
        f"{'at its onset' if config.window.hrf else 'from its onset to its offset'}"
        f"{' (placed at the offset)' if config.features.align == 'offset' else ''}."
    )


def _selection(config: Config, study: Study) -> str:
    folds, split = len(study.split.folds), study.split.kind
    inner = config.encoding.inner_folds or folds - 1
    by = {
        "stimulus": "by stimulus identity: all presentations of a stimulus lie in one fold",
        "blocks": "contiguous blocks of each stimulus with a gap between test and training frames",
        "presentation": "by presentation, as published: other presentations of a test stimulus are in training, so scores are inflated",
    }[split]
    rule = {
        "nested": "The layer of each electrode was chosen by the same inner scores; the best layer on the scored data "
        "is reported beside it "
        "as optimistic.",
        "max": "The layer shown is the best one on the scored data, as published, which is optimistic; the nested "
        "choice is reported beside it.",
    }[study.reading.rule]
    penalty = "per electrode" if config.encoding.alpha_rule == "local" else "once for all electrodes"
    return (
        f"{folds} outer folds {by} (seed {config.seed}). Alpha was chosen {penalty} on {inner} inner fold(s), which "
        "are other outer folds, and "
        f"each outer fold was scored once. {rule} The score is {SCORES[study.reading.score]}, averaged over outer folds."
    )


def _ceilings(config: Config) -> str:
    return (
        "Single-trial noise ceilings are signal power over total power of the repeated stimuli (Sahani and Linden 2003), with a bootstrap "
        f"over stimuli ({config.ceiling.draws} draws). Scores were divided by them (R² by the ceiling, r by its root) "
        "only where the interval's "
        f"lower end exceeds {config.ceiling.floor:g}; nothing was clipped."
    )


def _spaces(config: Config, models: Models) -> str:
    options = config.analysis
    x, y = (m.name for m in models.pair)
    fit = {
        "cross_fitted": "fitted on the training stimuli of each outer fold and applied to its test stimuli",
        "in_sample": "fitted on all stimuli, test ones included, as published",
    }[options.fit]
    rows = {"auto": "words where a model has one vector a word, else frames", "words": "words", "frames": "frames"}[
        options.rows
    ]
    layers = (
        f"layers {options.layers[0]} and {options.layers[1]}"
        if options.layers
        else "in each fold the layer of each with the best inner score"
    )
    return (
        f"Canonical correlation analysis of {x} and {y} ({layers}; rows: {rows}) was {fit}, after standardisation and a truncation to "
        f"{options.variance:.0%} of the variance (ridge {options.ridge:g}). The first {options.k} canonical variates "
        "are the shared space, the other "
        "directions of the truncated space the rest; each went through the same TRF."
    )


def _decomposition(config: Config, models: Models) -> str:
    parts = {"static word vectors": models.lexical, "acoustics": models.acoustic, "residual context": models.contextual}
    named = ", ".join(f"{what} ({m.name})" for what, m in parts.items() if m is not None)
    before = (
        f"the word itself and the {config.analysis.previous} before it"
        if config.analysis.previous
        else "the word itself"
    )
    return (
        "The shared variates were held in a second CCA, frame by frame and on training stimuli alone, against "
        f"{named}; residual context is a "
        f"layer of the language model less what a cross-fitted ridge regression predicts from {before} (Toneva et al. 2022). The variates, "
        "projected on their canonical directions with each, went through the same TRF."
    )


def _statistics(config: Config) -> str:
    stats = config.stats
    own = (
        f" Each electrode's own p comes from {stats.permutations} circular shifts of its response against the fixed held-out prediction."
        if stats.permutations
        else ""
    )
    return (
        f"Figures show {TESTS[stats.test]}, corrected by {CORRECTIONS[stats.correction]} over the declared family of contrasts x regions. "
        f"The table of tests has the other tests and corrections beside them, with effect sizes and 95 % intervals.{own}"
    )


def _software() -> str:
    named: Sequence[str] = ("brainalign", "torch", "transformers", "numpy", "scipy", "scikit-learn", "statsmodels")
    return ", ".join(f"{name} {version(name)}" for name in named) + "."
