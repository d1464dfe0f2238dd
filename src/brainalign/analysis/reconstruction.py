"""analysis=reconstruction: responses of spoken words from word vectors by elastic net, against the intercept alone (Khanday et al. 2025)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brainalign.analysis.models import Models
from brainalign.analysis.result import AnalysisResult
from brainalign.analysis.study import Study
from brainalign.data.trials import trial_means
from brainalign.encoding.reconstruction import Reconstruction, leave_out
from brainalign.errors import BrainalignError

INTERCEPT = "intercept only"
TRAP = 0.9


def reconstruction(
    study: Study, models: Models, *, leave: str, score_axis: str, tmin: float, tmax: float, alphas: Sequence[float],
    l1_ratios: Sequence[float], pca: float | None,
) -> AnalysisResult:  # fmt: skip
    """Leave each word (or trial) out, predict its responses, and score both ways beside the intercept-only model.

    Args:
        study: Data.
        models: Model, partner and baseline; the last of each one's layers, averaged over a trial's words.
        leave: ``word`` or ``trial`` (leaks where words are repeated).
        score_axis: ``trials`` or ``channels`` (published): what metrics and summary are about.
        tmin, tmax: Window around speech onset in seconds, whose mean is the trial's value.
        alphas, l1_ratios: Of the elastic net; several = chosen on inner folds.
        pca: Share of variance kept by a PCA of speech models' features, fitted in the fold; None = none.

    Returns:
        Table reconstruction: subject, model, score_axis, n, mean and sd of r and r2, and mean of r_pooled (trials alone).
    """
    result, rows = AnalysisResult(), []
    for recording in study.dataset.recordings:
        trials, y = trial_means(study.dataset, recording, tmin, tmax)
        kept = np.isfinite(y).all(axis=0)
        if not kept.any() or trials["word"].nunique() < 3:
            raise BrainalignError(
                f"participant {recording.subject} has {int(kept.sum())} complete channels and {trials['word'].nunique()} "
                "words; a reconstruction needs at least 1 and 3."
            )
        if not kept.all():
            result.warnings.append(f"{recording.subject}: {int((~kept).sum())} channels with missing trials left out.")
        leaked = float(trials["word"].duplicated(keep=False).mean())
        if leave == "trial" and leaked:
            result.warnings.append(
                f"LEAKY: {recording.subject}: with analysis.leave=trial {leaked:.0%} of the trials have their word in training."
            )
        found = None
        for m in models.compared:
            vectors = m.word_rows(m.layers[-1])
            x = np.stack([np.asarray(vectors[s], dtype=np.float64).mean(axis=0) for s in trials["stimulus"]])
            found = leave_out(
                x, y[:, kept], trials["word"].tolist(), by=leave, alphas=alphas, l1_ratios=l1_ratios,
                pca=pca if m.unit == "frames" else None, name=f"{m.name}, {recording.subject}",
            )  # fmt: skip
            rows += _rows(recording.subject, m.name, found)
        assert found is not None
        rows += _rows(recording.subject, INTERCEPT, found.intercept_only)
    table = pd.DataFrame(rows)
    result.tables["reconstruction"] = table
    for model, own in table[table["score_axis"] == score_axis].groupby("model", sort=False):
        for score in ("r", "r2"):
            result.metrics[f"{score}/{str(model).replace(' ', '_')}/mean"] = float(own[f"{score}_mean"].mean())
        value = f"PCC {own['r_mean'].mean():.3f}, R2 {own['r2_mean'].mean():.3f}"
        result.summary.append((f"{model}, along {score_axis}", value))
    result.warnings += traps(table)
    return result


def _rows(subject: str, model: str, found: Reconstruction) -> list[dict[str, object]]:
    rows = []
    for axis, scores in (("trials", found.along_trials()), ("channels", found.along_channels())):
        row: dict[str, object] = {"subject": subject, "model": model, "score_axis": axis, "n": len(scores["r"])}
        for score in ("r", "r2"):
            row |= {f"{score}_mean": np.nanmean(scores[score]), f"{score}_sd": np.nanstd(scores[score], ddof=1)}
        rows.append({**row, "r_pooled": np.nanmean(scores["r_pooled"]) if axis == "trials" else np.nan})
    return rows


def traps(table: pd.DataFrame) -> list[str]:
    """Sentences on the two ways in which the published scores mislead, where the intercept-only model shows them."""
    only = table[table["model"] == INTERCEPT].set_index("score_axis")
    across, pooled = float(only.loc[["channels"], "r_mean"].mean()), float(only.loc[["trials"], "r_pooled"].mean())
    sentences = []
    if across > TRAP:
        best = table[(table["model"] != INTERCEPT) & (table["score_axis"] == "channels")].groupby("model")["r_mean"].mean()
        sentences.append(
            f"TRAP: along channels an intercept-only model, which knows no word, reaches r = {across:.2f} from the channels' "
            f"different means alone; {best.idxmax()} reaches {best.max():.2f}, which therefore says nothing about words."
        )
    if pooled < -TRAP:
        sentences.append(
            f"TRAP: pooled over the folds the intercept-only model has r = {pooled:.2f}, because the mean of the training trials is low "
            "where the trial left out is high; r here is of deviations from each fold's training mean, and r_pooled is shown for the record."
        )
    return sentences
