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
    read = ("Representations", _representations(models))
    if kind == "extract":
        return [read, ("Software", _software())]
    if kind == "abx":
        return [read, ("ABX discriminability", _abx(config)), ("Software", _software())]
    if kind == "geometry":
        return [read, ("Geometry of representations", _geometry(config, study, models)), ("Software", _software())]
    if kind == "reconstruction":
        return [read, ("Reconstruction of trials", _reconstruction(config, study, models)), ("Software", _software())]
    found = [("Responses", _responses(config, study))]
    if kind not in ("ceiling", "validation", "power"):
        found.append(read)
    if kind != "ceiling":
        found += [
            ("Temporal receptive fields", _trf(config, study)),
            ("Selection and scores", _selection(config, study)),
        ]
    if kind == "power":
        return [*found, ("Power", _power(config)), ("Software", _software())]
    if kind != "latency":
        found.append(("Noise ceilings", _ceilings(config, study)))
    if kind == "controls":
        found.append(("Controls", _controls(models)))
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
    if chosen.components is not None:
        how += (
            f"; the first {chosen.components} principal components of the responses of each participant's regions "
            f"stand in their place, fitted to all "
            "frames, without features"
        )
    where = (
        f"brought to the model's frames ({grid.rate:g} Hz, centres at {1000 * grid.start:g} ms + {1000 / grid.rate:g} "
        "ms k) by anti-aliased "
        "resampling within each presentation"
        if config.window.rate is not None
        else f"used at their own samples ({grid.rate:g} Hz)"
    )
    return f"{n} {study.noun}s of {len(study.dataset.recordings)} participant(s), {how}; responses were {where}."


def _representations(models: Models) -> str:
    return " ".join(f"{model.describe()}." for model in models)


def _reconstruction(config: Config, study: Study, models: Models) -> str:
    asked, window = config.analysis, config.window
    people = len(study.dataset.recordings)
    target = (
        f"the mean response from {window.trial[0]:g} to {window.trial[1]:g} s of the onset"
        if window.trial is not None
        else f"the response at {len(study.lags)} times from {window.tmin:g} to {window.tmax:g} s of the onset, each on its own"
    )
    layers = ", ".join(f"{m.name} (layer {m.layers[-1]})" for m in models.compared)
    reduced = any(m.unit == "frames" for m in models.compared) and asked.pca is not None
    several = len(asked.alphas) * len(asked.l1_ratios) > 1
    penalties = (
        f"alpha of {', '.join(f'{a:g}' for a in asked.alphas)} and l1_ratio of "
        f"{', '.join(f'{v:g}' for v in asked.l1_ratios)} chosen for each channel on "
        "inner folds of whole words"
        if several
        else f"alpha {asked.alphas[0]:g}, l1_ratio {asked.l1_ratios[0]:g}"
    )
    shortened = (
        f"Features of speech models were reduced to the principal components that hold {asked.pca:.0%} of the training trials' variance. "
        if reduced
        else ""
    )
    left = (
        "all trials of one word" if asked.leave == "word" else "one trial (other trials of its word stayed in training)"
    )
    return (
        f"Of {people} participant(s), in each trial and channel, {target} was predicted from the vector of what "
        f"was said ({layers}; the mean over a "
        f"trial's words, features as they come) by an elastic net ({penalties}; Zou and Hastie 2005). "
        f"{shortened}Each fit left out {left}. Scores along trials are, for each channel, of deviations from the mean of the "
        f"training trials: their Pearson "
        "r, and 1 − SSE/SST. Scores along channels, as published (Khanday et al. 2025), are, for each trial, of its channels. Both stand "
        "beside an intercept-only model, against which participants' mean r is tested by sign flips, corrected "
        "over models by the maximum statistic."
    )


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
    inner = config.encoding.inner_folds or len(study.split.every) - 1
    rule = {
        "nested": "The layer of each electrode was chosen by the same inner scores; the best layer on the scored data "
        "is reported beside it "
        "as optimistic.",
        "max": "The layer shown is the best one on the scored data, as published, which is optimistic; the nested "
        "choice is reported beside it.",
    }[study.reading.rule]
    penalty = "per electrode" if config.encoding.alpha_rule == "local" else "once for all electrodes"
    if split == "test":
        return (
            f"{len(study.test)} stimuli were held back as a fixed test set ({', '.join(study.test)}) and scored once, the mean of their "
            f"presentations. Alpha was chosen {penalty} on {inner} fold(s) of the other stimuli (seed {config.seed}), to all of which the "
            f"model was then fitted. {rule} The score is {SCORES[study.reading.score]}."
        )
    by = {
        "stimulus": "by stimulus identity: all presentations of a stimulus lie in one fold",
        "blocks": "contiguous blocks of each stimulus with a gap between test and training frames",
        "presentation": "by presentation, as published: other presentations of a test stimulus are in training, so scores are inflated",
    }[split]
    return (
        f"{folds} outer folds {by} (seed {config.seed}). Alpha was chosen {penalty} on {inner} inner fold(s), which "
        "are other outer folds, and "
        f"each outer fold was scored once. {rule} The score is {SCORES[study.reading.score]}, averaged over outer folds."
    )


def _ceilings(config: Config, study: Study) -> str:
    of = "of the mean over the presentations of the test stimuli" if study.test else "of the repeated stimuli"
    return (
        f"{'N' if study.test else 'Single-trial n'}oise ceilings are signal power over total power {of} (Sahani and Linden 2003), with "
        f"a bootstrap over stimuli ({config.ceiling.draws} draws). Scores were divided by them (R² by the ceiling, r by its root) "
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


def _controls(models: Models) -> str:
    named = f" ({', '.join(models.controls)})" if models.controls else ""
    return (
        f"Each control{named} went through the same fit on the same folds as {models.model.name}; under other splits the model was "
        "fitted anew. A control's share is the sum of its scores over the sum of the model's, with Student's interval over the "
        "jackknife by participants (by electrodes where there are fewer than three participants); it is not given where the lower end "
        "of the model's own 90 % interval is below a quarter of its score."
    )


def _power(config: Config) -> str:
    options = config.analysis
    return (
        f"For each number of sentences {options.sets} simulated data sets went through the pipeline with two models that do not differ "
        "(all latents with independent noise) or share nothing (acoustic and contextual latents), and as many with models that do. "
        "Analysis of variance gave the noise of an electrode's value within and between participants, and how an effect varies over "
        f"electrodes. {options.draws} data sets were then drawn at the level of scores: the effect times a pilot electrode's gain, a "
        "pilot electrode's residual, a participant's deviation of SD "
        f"{options.participant_sd:g} and an electrode's of SD {options.electrode_sd:g}. Each got every test at "
        f"{options.level:g}/{options.tests}; the mixed model in its closed form for equal numbers of electrodes. Intervals are exact "
        "binomial ones."
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


def _abx(config: Config) -> str:
    frames = {
        "cosine": "1 − their cosine",
        "angular": "arccos of their cosine over π",
        "kl": "half the sum of the two Kullback-Leibler divergences of their softmax",
    }[config.analysis.distance]
    made = config.analysis.triplets == "auto"
    source = "made from the stimuli's phones, balanced over pairs of phones" if made else "read from a table"
    found = (
        "A and X are of one kind, B is of another (Schatz et al. 2013). Stretches are the frames whose centre lies in the interval; their "
        f"distance d is the mean distance of frames ({frames}) along the cheapest warping path. delta = d(B, X) − d(A, X); an answer is "
        f"right where delta > 0, and a tie counts half. Triplets were {source} (seed {config.seed}). Accuracy is averaged by contrast, "
        "then over contrasts, with Student's interval over contrasts; layers were chosen on other contrasts than those scored (nested), "
        "beside the best layer on the scored ones (max, optimistic). Models were compared by sign flips of contrasts' differences."
    )
    if config.analysis.answers is None:
        return found
    return found + (
        " Answers were averaged over the listeners of a group and correlated with delta and with accuracy over triplets (Millet et al. "
        f"2022); p is one-sided, from {config.stats.permutations} shuffles within contrasts, intervals are from a bootstrap over contrasts."
    )


MEASURED = {
    "cka": "linear CKA with Song et al.'s unbiased HSIC (Kornblith et al. 2019; Nguyen et al. 2021)",
    "rsa": "RSA (Kriegeskorte et al. 2008)",
    "procrustes": "the cosine of the angular Procrustes distance (Williams et al. 2021), the rotation fitted on four fifths of the "
    "stimuli and scored on the other",
    "cca": "the mean held-out canonical correlation over five folds of stimuli, with SVCCA (Raghu et al. 2017) and PWCCA (Morcos et al. "
    "2018) in-sample beside it",
    "knn": "mutual nearest neighbours (Huh et al. 2024)",
}


def _geometry(config: Config, study: Study, models: Models) -> str:
    asked, grid = config.analysis, next(iter(study.responses.grids.values()))
    names = ", ".join(m.name for m in models.compared)
    distances = (
        f"; RSA compared 1 - {asked.metric} distances"
        if asked.metric != "euclidean"
        else "; RSA compared Euclidean distances"
    )
    controlled = (
        " The baseline's features and the onsets of words and stimuli were regressed out of every layer by least squares fitted on other "
        "stimuli."
        if asked.control
        else ""
    )
    return (
        f"Layers of {names} were compared with each other, and with each participant's responses in each region of at least "
        f"{asked.electrodes} {study.noun}s, by {'; '.join(MEASURED[m] for m in asked.measures)}"
        f"{distances if 'rsa' in asked.measures else ''}. Rows were words, or frames at least {asked.spacing:g} s apart; at most "
        f"{asked.most:,} where all pairs of rows are needed. Responses were averaged over repeats and from "
        f"{study.lags[0] / grid.rate:g} to {study.lags[-1] / grid.rate:g} s after each row's time, and z-scored. "
        "With regions, and under the null, pairs of rows of one stimulus have no part. p come from "
        f"{asked.draws} shuffles of whole stimuli against each other, with the maximum over layers, Bonferroni-corrected over models x "
        "regions or pairs of models; intervals are for other participants and other stimuli at once (Schuett et al. 2023), or t intervals "
        "from random halves of the stimuli between models. Nested values have their layer chosen on one half of the stimuli and "
        f"measured on the other, both ways.{controlled}"
    )


def _software() -> str:
    named: Sequence[str] = ("brainalign", "torch", "transformers", "numpy", "scipy", "scikit-learn", "statsmodels")
    return ", ".join(f"{name} {version(name)}" for name in named) + "."
