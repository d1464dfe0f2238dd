"""analysis=reconstruction: responses to spoken words from word vectors by elastic net, beside the intercept alone (Khanday et al. 2025)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import count, ends
from brainalign.data.frames.trials import Trials, trials_of
from brainalign.data.types import Recording
from brainalign.encoding.reconstruction import Reconstruction, leave_out
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.figures import reconstruction_axes, reconstruction_course
from brainalign.notes import changes, limits
from brainalign.stats import mean_ci, sign_flip
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import LEVEL
from brainalign.study.study import Study

INTERCEPT = "intercept only"
AXES = ("trials", "channels")

LEVELS, POOLED = 0.9, -0.5
"""r of the intercept-only model, along channels and pooled along trials, beyond which it is called a trap."""

WORDS = 5
"""Words below which nothing is left out: penalties are chosen on as many folds."""


def reconstruction(
    study: Study,
    models: Models,
    *,
    leave: str,
    score_axis: str,
    alphas: Sequence[float],
    l1_ratios: Sequence[float],
    pca: float | None,
) -> AnalysisResult:
    """Leave each word (or trial) out, predict its responses, and score them both ways beside the intercept-only model.

    Args:
        study: One value a trial (``window=trial``), or a course of time from ``tmin`` to ``tmax`` at ``rate``.
        models: Model, partner and baseline; of each the last of its layers, averaged over a trial's words.
        leave: ``word``, or ``trial`` (leaks where words are said again).
        score_axis: ``trials``, or ``channels`` as published: what metrics, tests and summary are about. Tables and figures have both.
        alphas: Penalties of the elastic net; several = chosen on inner folds.
        l1_ratios: Shares of the L1 penalty, likewise.
        pca: Share of variance kept by a PCA of a speech model's features, fitted in the fold; None = all.

    Returns:
        Tables reconstruction (a row a participant, model and score axis), reconstruction_channels (a row a channel and time, scored
        over trials), reconstruction_trials (a row a trial, scored over channels) and reconstruction_tests; a figure of both axes, and one
        over time where there is a course.

    Raises:
        BrainalignError: A participant has fewer than five words, or no channel that is valid in every trial.
    """
    result = AnalysisResult()
    participants, channels, trials = [], [], []
    silent: dict[str, list[float]] = {m.name: [] for m in models.compared}
    for recording in study.dataset.recordings:
        own = trials_of(study.dataset, recording, study.tmin, study.tmax, study.rate)
        kept = _complete(recording, own, result)
        _audit(recording, own, leave, result)
        y = own.values[:, :, kept].reshape(len(own.words), -1)
        found: dict[str, Reconstruction] = {}
        for m in models.compared:
            x = _vectors(m, own)
            found[m.name] = leave_out(
                x, y, own.words, by=leave, alphas=alphas, l1_ratios=l1_ratios, pca=pca if m.unit == "frames" else None,
                name=f"{m.name}, {recording.subject}",
            )  # fmt: skip
            silent[m.name].append(found[m.name].without_weights)
        found[INTERCEPT] = next(iter(found.values())).intercept_only
        layers = {m.name: m.layers[-1] for m in models.compared}
        for name, scored in found.items():
            by_channel = _by_channel(scored, recording, own, kept).assign(model=name)
            by_trial = _by_trial(scored, recording, own).assign(model=name)
            channels.append(by_channel)
            trials.append(by_trial)
            row = {"subject": recording.subject, "model": name, "layer": layers.get(name, pd.NA)}
            for axis, scores in zip(AXES, (by_channel, by_trial), strict=True):
                participants.append({**row, "score_axis": axis, **_spread(scores), "n": len(scores)})
    table = pd.DataFrame(participants).astype({"layer": "Int64"})
    columns = ["subject", "model", "layer", "score_axis", "r_mean", "r_sd", "r2_mean", "r2_sd", "r_pooled", "n"]
    result.tables |= {
        "reconstruction": table[columns],
        "reconstruction_channels": pd.concat(channels, ignore_index=True),
        "reconstruction_trials": pd.concat(trials, ignore_index=True),
    }
    _say(result, table, score_axis)
    result.warnings += [*traps(table), *_empty(silent, alphas)]
    result.figures["reconstruction"] = reconstruction_axes(table, INTERCEPT)
    if result.tables["reconstruction_channels"]["time"].nunique() > 1:
        result.figures["course"] = reconstruction_course(result.tables["reconstruction_channels"], INTERCEPT)
    return result


def _vectors(model: Representation, trials: Trials) -> NDArray[np.float64]:
    """(trials, d) one vector a trial: the mean over its words, in the model's last layer."""
    rows = model.word_rows(model.layers[-1])
    wordless = next((s for s in trials.stimuli if not len(rows[s])), None)
    if wordless is not None:
        raise BrainalignError(f"stimulus {wordless!r} has no word, so {model.name} has no vector for its trials.")
    return np.stack([np.asarray(rows[s], dtype=np.float64).mean(axis=0) for s in trials.stimuli])


def _complete(recording: Recording, trials: Trials, result: AnalysisResult) -> NDArray[np.bool_]:
    """(c,) channels that are valid in every trial; the others are left out, and counted."""
    kept = np.asarray(np.isfinite(trials.values).all(axis=(0, 1)))
    words = len(set(trials.words))
    if not kept.any() or words < WORDS:
        raise BrainalignError(
            f"participant {recording.subject} has {int(kept.sum())} channels that are valid in every trial, and "
            f"{words} words; a reconstruction "
            f"needs 1 and {WORDS} at least."
        )
    if not kept.all():
        result.warnings.append(
            changes(
                f"{recording.subject}: {int((~kept).sum())} channels are not valid in every trial and are left out."
            )
        )
    return kept


def _audit(recording: Recording, trials: Trials, leave: str, result: AnalysisResult) -> None:
    again = pd.Series(trials.words).duplicated(keep=False).mean()
    if leave == "trial" and again:
        result.warnings.append(
            changes(
                f"LEAKY: of {again:.0%} of {recording.subject}'s trials the word is in training, too "
                f"(analysis.leave=trial); analysis.leave=word "
                "leaves it out."
            )
        )


def _by_channel(found: Reconstruction, recording: Recording, trials: Trials, kept: NDArray[np.bool_]) -> pd.DataFrame:
    """One row a time and channel, scored over trials."""
    names = recording.channels.loc[kept, ["subject", "electrode", "region"]]
    places = pd.concat([names.assign(time=t) for t in trials.times], ignore_index=True)
    return places.assign(**found.along_trials())


def _by_trial(found: Reconstruction, recording: Recording, trials: Trials) -> pd.DataFrame:
    """One row a trial, scored over channels (at each time, then averaged)."""
    times, n = len(trials.times), len(trials.words)

    def at(k: int) -> Reconstruction:
        parts = (v.reshape(n, times, -1)[:, k] for v in (found.actual, found.predicted, found.train_mean))
        return Reconstruction(*parts)

    each = [at(k).along_channels() for k in range(times)]
    scores = {score: np.mean([e[score] for e in each], axis=0) for score in ("r", "r2")}
    return pd.DataFrame({"subject": recording.subject, "stimulus": trials.stimuli, "word": trials.words, **scores})


def _spread(scores: pd.DataFrame) -> dict[str, float]:
    pooled = float(scores["r_pooled"].mean()) if "r_pooled" in scores else np.nan
    found = {f"{s}_{what}": float(getattr(scores[s], what)()) for s in ("r", "r2") for what in ("mean", "std")}
    return {k.replace("std", "sd"): v for k, v in found.items()} | {"r_pooled": pooled}


def _say(result: AnalysisResult, table: pd.DataFrame, score_axis: str) -> None:
    """Metrics, tests over participants and summary along the axis in question."""
    shown = table[table["score_axis"] == score_axis]
    wide = shown.pivot(index="subject", columns="model", values="r_mean")[list(dict.fromkeys(shown["model"]))]
    tested = wide.drop(columns=INTERCEPT)
    gains = tested.sub(wide[INTERCEPT], axis=0)
    found = sign_flip(gains.to_numpy(dtype=np.float64))
    result.tables["reconstruction_tests"] = pd.DataFrame(
        {
            "model": tested.columns, "against": INTERCEPT, "score_axis": score_axis, "score": "r",
            "mean_difference": gains.mean().to_numpy(), "n": len(gains), "p_sign_flip": found.p, "p_max": found.p_max,
            "smallest_p": found.smallest,
        }
    )  # fmt: skip
    for name, own in shown.groupby("model", sort=False):
        r, r2 = mean_ci(own["r_mean"].to_numpy()), float(own["r2_mean"].mean())
        key = str(name).replace(" ", "_")
        result.metrics |= {f"{key}/r/mean": r.mean, f"{key}/r2/mean": r2}
        told = f"r {r.mean:.3f}{ends(r.low, r.high)}, R2 {r2:.3f}"
        if name != INTERCEPT:
            row = result.tables["reconstruction_tests"].set_index("model").loc[name]
            result.metrics[f"{key}/p_max"] = float(row["p_max"])
            above = f"sign-flip p {row['p_max']:.3g}" if row["mean_difference"] > 0 else "not above it"
            told += f"; over the intercept {row['mean_difference']:+.3f}, {above}"
        result.summary.append((f"{name}, along {score_axis}, {r.n} participants [95 % CI]", told))
    if (gains.mean() < 0).any():
        result.warnings.append(
            limits(
                "A model that knows nothing lies below the intercept where single words are left out, as the penalties "
                "keep what the others happen to "
                "show against the one left out: an r below 0 is no evidence of anything."
            )
        )
    smallest = 2 / 2 ** len(gains)
    if smallest >= LEVEL:
        result.warnings.append(
            limits(
                f"With {count(len(gains), 'participant')} a sign-flip test cannot fall below p = {smallest:.2g}.",
                "that a model is above the intercept for other participants, as so few cannot make it significant",
            )
        )


def traps(table: pd.DataFrame) -> list[str]:
    """Sentences on the two ways in which such scores mislead, where the intercept-only model shows them.

    Args:
        table: A row a participant, model and score axis.
    """
    only = table[table["model"] == INTERCEPT].set_index("score_axis")
    across = float(only.loc[["channels"], "r_mean"].mean())
    pooled = float(only.loc[["trials"], "r_pooled"].mean())
    sentences = []
    if across > LEVELS:
        others = table[(table["model"] != INTERCEPT) & (table["score_axis"] == "channels")]
        best = others.groupby("model")["r_mean"].mean()
        sentences.append(
            f"TRAP: along channels, as published, the intercept alone, which knows no word, has r = {across:.3f}: "
            f"channels differ in their level, "
            f"and a level needs no model. The r = {best.max():.3f} of {best.idxmax()} is to be held against it, not against 0."
        )
    if pooled < POOLED:
        sentences.append(
            f"TRAP: pooled over the folds, the intercept alone has r = {pooled:.3f} along trials: where a high trial "
            f"is left out, the mean of the "
            "others is low. Scores here are of deviations from each fold's training mean, where the intercept has 0; "
            "r_pooled is in the table "
            "for the record."
        )
    return sentences


def _empty(silent: dict[str, list[float]], alphas: Sequence[float]) -> list[str]:
    """Of each model whose penalty leaves no weight in half of the predictions or more."""
    told = []
    for name, shares in silent.items():
        share = float(np.mean(shares))
        if share >= 0.5:
            told.append(
                f"{name}: in {share:.0%} of the predictions no weight is left by "
                f"alpha={', '.join(f'{a:g}' for a in alphas)}, so that they are the "
                "intercept; the penalty goes with the unit of responses and features: give analysis.alphas smaller ones to choose from."
            )
    return told
