"""Paragraphs of a methods section, with a run's exact settings, that analyses share."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from brainalign.config import Config
from brainalign.counts import count
from brainalign.linalg.iterated import FALLEN
from brainalign.stats import FEWEST
from brainalign.study.roles import Models
from brainalign.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from brainalign.linalg.boosting_rule import Boosting

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
    "holm": "Holm's procedure (Holm 1979)",
    "max": "the maximum statistic (Westfall and Young 1993)",
    "fdr": "the false discovery rate (Benjamini and Hochberg 1995)",
}

REPEATS = {
    "all": "All presentations of a training stimulus were fitted.",
    "average": "The presentations of a training stimulus were averaged.",
    "first": "Of the presentations of a training stimulus the first was fitted.",
}
"""``encoding.repeats`` in words."""

PAPERS = {
    "numpy": "Harris et al. 2020",
    "scipy": "Virtanen et al. 2020",
    "scikit-learn": "Pedregosa et al. 2011",
    "statsmodels": "Seabold and Perktold 2010",
    "mne": "Gramfort et al. 2013",
    "mne-bids": "Appelhoff et al. 2019",
    "pynwb": "Rübel et al. 2022",
    "transformers": "Wolf et al. 2020",
    "torch": "Paszke et al. 2019",
    "mlflow": "Zaharia et al. 2018",
    "hydra-core": "Yadan 2019",
}
"""Of software."""

MODULES = {"scikit-learn": "sklearn", "hydra-core": "hydra", "mne-bids": "mne_bids"}
"""Package -> what is imported of it, where that has another name."""


def recordings(config: Config, study: Study) -> str:
    """How the data were read and what was done with them, as their reader tells it.

    Args:
        config: Of the run, settled.
        study: Data, window and folds.
    """
    return config.data.methods(study.dataset)


def responses(config: Config, study: Study) -> str:
    """Channels, participants and frames.

    Args:
        config: Of the run, settled.
        study: Data, window and folds.
    """
    grid = next(iter(study.responses.grids.values()))
    n, chosen = len(study.channels), config.electrodes
    how = f"all {study.noun}s that were read"
    if chosen.select == "responsive":
        how = (
            f"speech-responsive {study.noun}s (150..1000 ms after onset against -200..100 ms, two-sided paired t over presentations, p < "
            f"{chosen.level:g} over the number of the participant's {study.noun}s)"
        )
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
    return f"{count(n, study.noun)} of {count(len(study.dataset.recordings), 'participant')}, {how}; responses were {where}."


def representations(models: Models) -> str:
    """Each model as it describes itself.

    Args:
        models: Who plays which role.
    """
    return " ".join(f"{model.describe()}." for model in models)


def published(config: Config, names: Collection[str]) -> list[tuple[str, str]]:
    """The papers of a run's published checkpoints and word vectors, as one paragraph with its heading; none where there are none.

    Args:
        config: Of the run, settled.
        names: Of the models that took part.
    """
    roles = (config.model, config.partner, config.baseline, config.lexical, config.acoustic, config.contextual)
    known = [m for m in roles if getattr(m, "card", None) is not None and m.label in names]
    told = {m.label: f"{m.label} is the model of {m.card.reference}." for m in known}
    vectors = [m for m in roles if getattr(m, "reference", None) and m.path is not None and m.label in names]
    told |= {m.label: f"The vectors of {m.label} are those of {m.reference}." for m in vectors}
    return [("Published models", " ".join(told.values()))] if told else []


def trf(config: Config, study: Study, models: Models) -> str:
    """Lags, standardisation and penalties.

    Args:
        config: Of the run, settled.
        study: Data, window and folds.
        models: Who plays which role.
    """
    rate = next(iter(study.responses.grids.values())).rate
    fitted, how = f"{regression(config)} with an unpenalised intercept", grid_of_alphas(config)
    if (rule := config.encoding.boosting) is not None:
        fitted, how = f"{regression(config)}, as a temporal receptive field", boosted(rule)
    convolved = (
        "Features, at their own times (words as impulses), were convolved with Glover's haemodynamic response function (Glover 1999), "
        "evaluated at the "
        "exact delays, and sampled at the volumes. "
        if config.window.hrf
        else ""
    )
    placed = "at its onset" if config.window.hrf else "from its onset to its offset"
    placed += " (placed at the offset)" if config.features.align == "offset" else ""
    words = f" A word's vector stood {placed}." if any(m.unit == "words" for m in models) else ""
    first, last = (f"{1000 * study.lags[place] / rate:g}" for place in (0, -1))
    lagged = f"at {len(study.lags)} lags, {first} to {last} ms" if len(study.lags) > 1 else f"at one lag, {first} ms"
    return (
        f"{convolved}Each {study.noun}'s response was predicted from features {lagged}, by {fitted} (Crosse et al. 2016). "
        "Features were standardised on training "
        f"frames before lagging.{components(config, 'features')} Lags were made within each presentation, zeros (the training mean) before "
        f"its start. {how} "
        f"{REPEATS[config.encoding.repeats]}{words}"
    )


def components(config: Config, noun: str) -> str:
    """What stood in the place of features or channels, as a sentence; nothing where all of them were fitted.

    Args:
        config: Of the run, settled.
        noun: What was reduced.
    """
    asked = config.encoding.components
    if asked is None:
        return ""
    kept = (
        f"first {asked} principal components"
        if asked >= 1
        else f"principal components that hold {100 * asked:g} % of their variance"
    )
    fewer = f" (all {noun} where there were no more)" if asked >= 1 else ""
    return (
        f" Before lagging, {noun} were reduced to the {kept}{fewer}, each band of features apart, by a PCA of the frames of each training "
        "set, also of those without an inner fold; components kept their variance."
    )


def regression(config: Config) -> str:
    """What weights are found by.

    Args:
        config: Of the run, settled.
    """
    if config.encoding.boosting is not None:
        return "boosting"
    if config.encoding.penalty == "tikhonov":
        return "Tikhonov regression (alpha times half the squared change of each feature's weight from lag to lag was added to the loss)"
    return "ridge regression"


def grid_of_alphas(config: Config) -> str:
    """What alpha is, and which ones were tried."""
    alphas = config.encoding.alphas
    return (
        "Alpha, the number of training frames times the lambda of the averaged loss, was one of "
        f"{len(alphas)} values from {alphas[0]:g} to {alphas[-1]:g}."
    )


def boosted(rule: Boosting) -> str:
    """How weights were grown."""
    size, unit = ("sum of squared", "standard") if rule.error == "l2" else ("sum of absolute", "mean absolute")
    halved = "" if rule.mindelta is None else f", halved down to {rule.mindelta:g} where none helped any more"
    stop = (
        "all features stopped where the error of the inner fold rose"
        if not rule.selective_stopping
        else f"a feature stopped at the rise number {rule.selective_stopping} of the inner fold's error that it caused"
    )
    return (
        f"From zero, each step changed one weight by {rule.delta:g} ({unit} deviations of the response over those of the feature{halved}), "
        f"the one that lowered the {size} errors most (David et al. 2007); {stop}, and weights went back to where that error was "
        "lowest. They are the mean over inner folds."
    )


def selection(config: Config, study: Study, models: Models) -> str:
    """Folds, the choice of alpha and layer, and the score.

    Args:
        config: Of the run, settled.
        study: Data, window and folds.
        models: Who plays which role.
    """
    folds, split = len(study.split.folds), study.split.kind
    inner = config.encoding.inner_folds or len(study.split.every) - 1
    rule = {
        "nested": f"The layer of each {study.noun} was chosen by the same inner scores; the best layer on the scored data is reported "
        "beside it as optimistic. ",
        "max": "The layer shown is the best one on the scored data, as published, which is optimistic; the nested choice is reported "
        "beside it. ",
    }[study.outcome.rule]
    if all(len(m.layers) == 1 for m in models):
        rule = ""
    one = f"per {study.noun}" if config.encoding.alpha_rule == "local" else f"once for all {study.noun}s"
    chosen, refit = f"Alpha was chosen {one}", ", to all of which the model was then fitted"
    if (
        config.encoding.alpha_search == "descend"
        and config.encoding.alpha_rule == "local"
        and len(config.encoding.alphas) > 2
    ):
        chosen += f" (alphas of one set of features from the largest down, at least until every inner R² lay {FALLEN:g} below its best)"
    if config.encoding.boosting is not None:
        chosen, refit = f"Growth was stopped for each {study.noun}", ""
    if split == "test":
        return (
            f"{len(study.test)} stimuli were held back as a fixed test set ({', '.join(study.test)}) and scored once, the mean of their "
            f"presentations. {chosen} on {count(inner, 'fold')} of the other stimuli (seed {config.seed})"
            f"{refit}. {rule}The score is {SCORES[study.outcome.score]}."
        )
    by = {
        "stimulus": "by stimulus identity: all presentations of a stimulus lie in one fold",
        "blocks": "by contiguous blocks of each stimulus, with a gap between test and training frames",
        "presentation": "by presentation, as published: other presentations of a test stimulus are in training, so scores are inflated",
    }[split]
    return (
        f"{folds} outer folds {by} (seed {config.seed}). {chosen} on {count(inner, 'inner fold')} (other outer folds), and each outer "
        f"fold was scored once. {rule}The score is {SCORES[study.outcome.score]}, averaged over outer folds."
    )


def ceilings(config: Config, study: Study) -> str:
    """Noise ceilings and what they normalise.

    Args:
        config: Of the run, settled.
        study: Data, window and folds.
    """
    shared = ""
    if study.ceilings["inter_subject"].notna().any():
        shared = (
            f" Beside them stands the correlation of each {study.noun}'s mean response with the mean of the other participants', which "
            "holds "
            "what participants share."
        )
    if study.ceilings["ceiling"].isna().all():
        return f"No noise ceiling could be estimated, so that scores are raw.{shared}"
    of = "of the mean over the presentations of the test stimuli" if study.test else "of the repeated stimuli"
    return (
        f"{'N' if study.test else 'Single-trial n'}oise ceilings are signal power over total power {of} (Sahani and Linden 2003), with "
        f"a bootstrap over stimuli ({config.ceiling.draws} draws). Scores were divided by them (R² by the ceiling, r by its root) "
        f"only where the interval's lower end exceeds {config.ceiling.floor:g}; nothing was clipped.{shared}"
    )


def statistics(config: Config, study: Study, paired: bool = True) -> str:
    """Intervals, tests, corrections, and single electrodes' own p.

    Args:
        config: Of the run, settled.
        study: Data, window and folds.
        paired: Whether models, or parts of them, were held against each other by the tests that figures show.
    """
    stats, people = config.stats, study.channels["subject"].nunique()
    parts = [
        "95 % intervals are Student's over participants, by the jackknife where participants have unequal numbers of "
        f"{study.noun}s (Tukey 1958)."
        if people >= FEWEST
        else f"95 % intervals are Student's over {study.noun}s and hold for these {study.noun}s only, as there "
        f"{'is' if people == 1 else 'are'} {count(people, 'participant')}."
    ]
    if paired:
        parts.append(
            f"Figures show {TESTS[stats.test]}, corrected by {CORRECTIONS[stats.correction]} over the declared family of contrasts x "
            "regions. The table of tests has the other tests and corrections beside them, with effect sizes and 95 % intervals."
        )
        if stats.test != "paired_t" and people == 1:
            parts[-1] = (
                f"With one participant no test over participants was made; the table has paired t-tests over {study.noun}s."
            )
    if stats.permutations:
        parts.append(
            f"Each {study.noun}'s own p comes from {stats.permutations} circular shifts of its response against the fixed held-out "
            f"prediction, and is corrected by {CORRECTIONS['fdr']}."
        )
    if config.mode == "paper":
        parts.append("Settings that were left open follow Chen et al. 2024 (mode=paper).")
    return " ".join(parts)


def software() -> str:
    """Versions of what computed, configured and recorded, as far as it was loaded: a run of acoustic features names no transformers.

    Example:
        >>> "numpy" in software()
        True
    """
    named: Sequence[str] = (
        "brainalign", "torch", "transformers", "numpy", "scipy", "scikit-learn", "statsmodels", "mne", "mne-bids",
        "pynwb", "nibabel", "hydra-core", "mlflow",
    )  # fmt: skip
    loaded = [name for name in named if MODULES.get(name, name) in sys.modules]
    papers = {name: f" ({paper})" for name, paper in PAPERS.items()}
    return ", ".join(f"{name} {version(name)}{papers.get(name, '')}" for name in loaded) + "."
