"""analysis=similarity: whether two models predict the same of each electrode (Chen et al. 2024, Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.similarity.onsets import onset_regressors
from brainalign.counts import ends
from brainalign.encoding.agreement import agreement
from brainalign.encoding.nested import OuterScores
from brainalign.encoding.scores import over_folds
from brainalign.figures import figure_3
from brainalign.notes import changes, limits
from brainalign.stats import electrodes_ci, shifted_agreement
from brainalign.study.example_prediction import example_figure
from brainalign.study.planted_truth import carried, pairs_with_truth
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import sentence, value
from brainalign.study.study import Study
from brainalign.study.summary import add_tests

BOTH = ("similarity", "similarity_partial")
"""Columns: squared r, and squared partial r."""


def similarity(study: Study, models: Models) -> AnalysisResult:
    """Shared variance of the held-out predictions of model, partner and baseline, with and without onsets.

    Args:
        study: Data, window and folds.
        models: Model and partner; the baseline where the data allow one.

    Returns:
        Table similarity (one row a pair of models and electrode); tests between the pairs where there is a baseline.
    """
    (model, partner), baseline = models.pair, models.baseline
    nested = {m.name: study.layer_selection(m).nested[0] for m in models.compared}
    result = AnalysisResult()
    table, tests = add_similarity(result, study, nested)
    known = {m.name: carried(m) for m in (models.model, models.partner, models.baseline) if m is not None}
    result.tables["similarity"] = table = pairs_with_truth(table, known)
    if tests is not None:
        add_tests(result, tests, study.noun)
    example = partial(example_figure, study, model.name, {m.name: nested[m.name] for m in (model, partner)})
    result.figures["similarity"] = figure_3(lambda panel: example(into=panel), table, tests, noun=study.noun)
    if baseline is None:
        result.warnings.append(
            limits("There is no baseline, so that what the two models share is held against nothing.")
        )
    return result


def add_similarity(
    result: AnalysisResult, study: Study, nested: Mapping[str, OuterScores]
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Add the table, metrics, summary lines and warnings to a result.

    Args:
        result: To add to.
        study: Data and folds.
        nested: Name -> nested scores with predictions: model, partner and, if there is one, baseline, in this order.

    Returns:
        The similarity table, and the tests of the models' pair against each pair with the baseline.
    """
    table = similarity_table(study, nested)
    pairs = list(dict.fromkeys(table["model"]))
    result.tables["similarity"] = table
    tests = None
    if len(pairs) > 1:
        contrasts = [(pairs[0], other) for other in pairs[1:]]
        tests = pd.concat(
            [study.paired(table, contrasts, f"pairs x regions, {score}", score) for score in BOTH], ignore_index=True
        )
    _describe(result, study, table)
    return table, tests


def similarity_table(study: Study, nested: Mapping[str, OuterScores]) -> pd.DataFrame:
    """Squared Pearson r between the held-out predictions of each pair of models, averaged over outer folds.

    Within a fold's test rows; each test stimulus counts once, however often it was played, and only in frames that were
    scored. ``similarity_partial`` is the squared partial r, with :func:`onset_regressors` taken out of both predictions
    by least squares within the fold.

    Args:
        study: Data and folds.
        nested: Name -> nested scores with predictions.

    Returns:
        Columns model (``a x b``), model_a, model_b, all of the channels table, similarity, similarity_null (of one prediction with the
        other shifted in time within the fold: what smooth, unrelated predictions share), similarity_partial, r (signed),
        n_frames, folds_missing and folds_missing_partial (where a prediction is constant, or nothing of it is left).
    """
    design, folds = study.design, range(len(study.design.split.folds))
    pairs = list(combinations(nested, 2))
    r, partial_r, null = (np.full((len(pairs), len(folds), design.n_channels), np.nan) for _ in range(3))
    n_frames = np.zeros(design.n_channels, dtype=np.int64)
    onsets = {s: onset_regressors(study.dataset.stimuli[s], g, study.lags) for s, g in study.responses.grids.items()}
    for fold in folds:
        for channels, rows in _scored_rows(study, fold):
            controls = np.vstack([onsets[s][keep] for s, keep in rows.items()])
            n_frames[channels] += len(controls)
            predicted = {
                name: np.vstack([scores.predictions[fold][s][keep][:, channels] for s, keep in rows.items()])
                for name, scores in nested.items()
            }
            for i, (a, b) in enumerate(pairs):
                r[i, fold, channels] = agreement(predicted[a], predicted[b])
                partial_r[i, fold, channels] = agreement(predicted[a], predicted[b], controls)
                null[i, fold, channels] = shifted_agreement(predicted[a], predicted[b], window=len(study.lags))
    parts = []
    for i, (a, b) in enumerate(pairs):
        columns = {
            "similarity": over_folds(r[i] ** 2),
            "similarity_null": over_folds(null[i]),
            "similarity_partial": over_folds(partial_r[i] ** 2),
            "r": over_folds(r[i]),
            "n_frames": n_frames,
            "folds_missing": np.isnan(r[i]).sum(axis=0),
            "folds_missing_partial": np.isnan(partial_r[i]).sum(axis=0),
        }
        part = study.channels.reset_index(drop=True).assign(**columns)
        for place, (name, label) in enumerate((("model", f"{a} x {b}"), ("model_a", a), ("model_b", b))):
            part.insert(place, name, label)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _scored_rows(study: Study, fold: int) -> list[tuple[NDArray[np.int64], dict[str, NDArray[np.bool_]]]]:
    """Channels that are scored in the same rows, and stimulus -> (T,) those rows, by any of its presentations."""
    found = []
    for group in study.design.groups:
        rows: dict[str, NDArray[np.bool_]] = {}
        for segment in sorted(study.design.split.folds[fold].test):
            for stimulus, (weight, _, _) in sorted(group.segments.get(segment, {}).items()):
                rows[stimulus] = rows.get(stimulus, np.zeros(len(weight), dtype=bool)) | (weight > 0)
        if any(keep.any() for keep in rows.values()):
            found.append((group.channels, rows))
    return found


def _found(pair: str, mine: pd.DataFrame, noun: str) -> str:
    """What the predictions of one pair share, onsets partialled out where that could be done, beside what chance shares."""
    score = "similarity_partial" if mine["similarity_partial"].notna().any() else "similarity"
    shared, chance = (electrodes_ci(mine[s], mine["subject"]) for s in (score, "similarity_null"))
    what = f"Held-out predictions of {pair} share {value(shared, noun)} of their variance"
    onsets = ", onsets of speech and words partialled out" if score == "similarity_partial" else ""
    return f"{what}{onsets}{f', where {chance.mean:.3f} is shared by chance' if chance.n else ''}"


def _describe(result: AnalysisResult, study: Study, table: pd.DataFrame) -> None:
    """Metrics, summary lines, and what a reader must know."""
    pairs: Sequence[str] = list(dict.fromkeys(table["model"]))
    folds = len(study.design.split.folds)
    for pair in pairs:
        mine = table[table["model"] == pair]
        means = [electrodes_ci(mine[score], mine["subject"]) for score in BOTH]
        for score, mean in zip(BOTH, means, strict=True):
            if mean.n == 0:
                continue
            result.metrics[f"{score}/{pair}/mean"] = mean.mean
            for region, rows in mine.groupby("region", sort=False):
                result.metrics[f"region/{region}/{score}/{pair}/mean"] = float(rows[score].mean())
        if not result.found:
            result.found = sentence([_found(pair, mine, study.noun)])
        result.summary.append(
            (
                f"{pair}: shared variance of predictions · onsets partialled out, {means[0].n} {study.noun}s [{means[0].over(study.noun)}]",
                " · ".join(f"{m.mean:.3f}{ends(m.low, m.high)}" if m.n else "none" for m in means),
            )
        )
        chance = electrodes_ci(mine["similarity_null"], mine["subject"])
        if chance.n:
            result.metrics[f"similarity_null/{pair}/mean"] = chance.mean
            told = f"{chance.mean:.3f}{ends(chance.low, chance.high)}"
            over = chance.over(study.noun)
            result.tell(
                "Similarity by chance", f"{pair}: shared by chance, one prediction shifted in time [{over}]", told
            )
        constant, spent = int(mine["folds_missing"].sum()), int(mine["folds_missing_partial"].sum())
        if constant:
            result.warnings.append(
                changes(
                    f"{pair}: in {constant} of {len(mine) * folds} cases ({study.noun}s x folds) a prediction is constant or missing; "
                    "they have no similarity and are left out of its mean."
                )
            )
        if spent > constant:
            result.warnings.append(
                changes(
                    f"{pair}: in {spent - constant} of {len(mine) * folds} cases ({study.noun}s x folds) the onsets explain a prediction "
                    "altogether; nothing is left to compare."
                )
            )
    if study.outcome.rule == "max":
        result.warnings.append(
            "Similarity is that of predictions whose layers were chosen on inner folds (nested), also where scores are about the optimum "
            "over layers: no model is given a layer that was chosen on the frames compared."
        )
