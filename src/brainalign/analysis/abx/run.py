"""analysis=abx: how well frames tell phones apart, layer by layer, and whether listeners fail where the model does."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.abx.listeners import CONDITION, listeners, native_effect, relations, two_groups
from brainalign.analysis.abx.triplets import layer_deltas, triplets_of, with_frames
from brainalign.counts import ends
from brainalign.data.stimuli.triplets import read_answers
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.figures import abx_answers, abx_layers
from brainalign.notes import changes, limits
from brainalign.stats import mean_ci, sign_flip
from brainalign.stats.abx import nested_accuracy, wilson
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study


def abx(
    study: Study,
    models: Models,
    *,
    triplets: str,
    answers: str | None,
    groups: list[str] | None,
    distance: str,
    n: int,
) -> AnalysisResult:
    """ABX accuracy of every layer by contrast, models against each other, and their relation to listeners' answers.

    Args:
        study: Its stimuli, seed and outcome; no response is looked at.
        models: Those compared; each must have frames.
        triplets: ``auto``, or a table.
        answers: A table of listeners' answers, or None.
        groups: Whom model and partner stand for, or None: the first two of the answers.
        distance: Of frames: ``cosine``, ``angular`` or ``kl``.
        n: Triplets at most, where they are made.

    Returns:
        Tables triplets (which can be given back as a table), abx_triplets, abx_contrasts, abx_layers, abx_scores (a row a model,
        contrast and layer rule), abx_tests; with answers abx_listeners, abx_answers and, with two models and two groups, abx_native.

    Raises:
        BrainalignError: A model has no frames, a table has a fault, or no triplet is left.
    """
    result = AnalysisResult()
    members = _members(models, result)
    table = triplets_of(study, triplets, n)
    answered = read_answers(answers, table) if answers else None
    chosen = two_groups(answered, groups) if answered is not None else None
    table = with_frames(members, table, result.warnings, triplets)
    deltas = pd.concat([layer_deltas(model, table, distance) for model in members], ignore_index=True)
    contrasts = _contrasts(deltas)
    profile = _profile(contrasts)
    scores = pd.concat([_scores(own, study.seed) for _, own in contrasts.groupby("model", sort=False)])
    result.tables |= {
        "triplets": table, "abx_triplets": deltas, "abx_contrasts": contrasts, "abx_layers": profile,
        "abx_scores": scores.reset_index(drop=True),
    }  # fmt: skip
    names = [m.name for m in members]
    result.summary.append(
        ("triplets", f"{len(table)} of {table.groupby(CONDITION).ngroups} contrasts, distance: {distance}")
    )
    _limits(table, result)
    shown = scores[scores["rule"] == study.outcome.rule]
    _accuracies(shown, profile, names, result)
    if len(names) > 1:
        _tests(shown, names, study, result)
    result.figures["abx_layers"] = abx_layers(profile, names)
    if answered is not None:
        _listening(study, deltas, answered, table, shown, names, result)
        partner = models.partner
        if chosen is not None and partner is not None:
            _native(study, deltas, answered, (models.model.name, partner.name), chosen, result)
    return result


def _members(models: Models, result: AnalysisResult) -> list[Representation]:
    """The models that take part; a baseline without frames is left out and said."""
    for model in filter(None, (models.model, models.partner)):
        if model.unit != "frames":
            raise BrainalignError(
                f"analysis=abx compares frames within phones, but {model.name} gives one vector a word; choose a model of sound, such as "
                "wav2vec2 or mel."
            )
    found = [m for m in models.compared if m.unit == "frames"]
    if len(found) < len(models.compared):
        result.warnings.append(changes(f"The baseline {models.compared[-1].name} has no frames and is left out."))
    return found


def _contrasts(deltas: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each contrast in each layer, with Wilson's interval."""
    grouped = deltas.groupby(["model", "layer", *CONDITION], sort=False)
    found = grouped.agg(accuracy=("correct", "mean"), delta=("delta", "mean"), n=("correct", "size")).reset_index()
    ends = [wilson(a * k, k) for a, k in zip(found["accuracy"], found["n"], strict=True)]
    found[["low", "high"]] = np.array(ends).reshape(-1, 2)
    return found


def _profile(contrasts: pd.DataFrame) -> pd.DataFrame:
    grouped = contrasts.groupby(["model", "layer"], sort=False)["accuracy"]
    rows = [(*key, *mean_ci(own)[:4]) for key, own in grouped]
    return pd.DataFrame(rows, columns=["model", "layer", "mean", "low", "high", "n"])


def _scores(own: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One model's contrasts, each in the layer chosen on other contrasts (nested), and all in the best layer (max)."""
    wide = own.pivot(index=CONDITION, columns="layer", values="accuracy")
    accuracy, layers = wide.to_numpy(dtype=np.float64), wide.columns.to_numpy()
    nested, place = nested_accuracy(accuracy, seed)
    best = int(accuracy.mean(axis=0).argmax())
    parts: list[tuple[str, NDArray[np.float64], NDArray[np.int64]]] = [
        ("nested", nested, layers[place]), ("max", accuracy[:, best], np.full(len(wide), layers[best])),
    ]  # fmt: skip
    head = wide.index.to_frame(index=False)
    head.insert(0, "model", own["model"].iloc[0])
    return pd.concat([head.assign(rule=rule, layer=layer, accuracy=value) for rule, value, layer in parts])


def _limits(table: pd.DataFrame, result: AnalysisResult) -> None:
    sizes = table.groupby(CONDITION, sort=False).size()
    alone = sizes[sizes == 1]
    if len(alone):
        result.warnings.append(
            f"{len(alone)} of {len(sizes)} contrasts have one triplet, the first {alone.index[0][1]!r}: their accuracy has no interval, "
            "and no shuffle within the contrast moves them."
        )
    if len(sizes) == 1:
        result.warnings.append(
            limits(
                "There is one contrast, so no layer can be chosen on others: the accuracy is that of its best layer."
            )
        )


def _accuracies(shown: pd.DataFrame, profile: pd.DataFrame, names: list[str], result: AnalysisResult) -> None:
    for place, name in enumerate(names):
        prefix = f"{name}/" if place else ""
        mean = mean_ci(shown.loc[shown["model"] == name, "accuracy"])
        curve = profile[profile["model"] == name]
        result.metrics[f"{prefix}abx/accuracy"] = mean.mean
        result.metrics[f"{prefix}layer/abx/accuracy"] = [
            (int(k), float(v)) for k, v in zip(curve["layer"], curve["mean"], strict=True)
        ]
        result.metrics[f"{prefix}max/abx/accuracy"] = float(curve["mean"].max())
        interval = ends(mean.low, mean.high)
        best = curve.loc[curve["mean"].idxmax()]
        result.summary.append(
            (
                f"{name} accuracy",
                f"{mean.mean:.3f}{interval} over {mean.n} contrasts; best layer {best['layer']}: {best['mean']:.3f}",
            )
        )


def _tests(shown: pd.DataFrame, names: list[str], study: Study, result: AnalysisResult) -> None:
    """Every pair of models over contrasts: mean difference, sign flips, corrected by the maximum statistic."""
    wide = shown.pivot(index=CONDITION, columns="model", values="accuracy")
    pairs = list(combinations(names, 2))
    differences = np.column_stack([wide[a] - wide[b] for a, b in pairs])
    test = sign_flip(differences, seed=study.seed)
    rows = []
    for i, (a, b) in enumerate(pairs):
        mean = mean_ci(differences[:, i])
        rows.append((f"{a} - {b}", *mean[:4], test.p[i], test.p_max[i]))
        key = f"test/{a} - {b}/abx"
        result.metrics |= {
            f"{key}/difference": mean.mean,
            f"{key}/p": float(test.p[i]),
            f"{key}/p_corrected": float(test.p_max[i]),
        }
        result.summary.append((f"{a} - {b}", f"{mean.mean:+.3f}{ends(mean.low, mean.high)}, p = {test.p_max[i]:.3g}"))
    columns = ["contrast", "difference", "low", "high", "n", "p_sign_flip", "p_corrected"]
    result.tables["abx_tests"] = pd.DataFrame(rows, columns=columns)


def _listening(
    study: Study,
    deltas: pd.DataFrame,
    answered: pd.DataFrame,
    table: pd.DataFrame,
    shown: pd.DataFrame,
    names: list[str],
    result: AnalysisResult,
) -> None:
    """Answers by contrast and group, and their relation to each layer; in numbers for the layer that accuracy chooses."""
    unanswered = int((~table["triplet"].isin(answered["triplet"])).sum())
    if unanswered:
        result.warnings.append(
            f"{unanswered} of {len(table)} triplets were answered by nobody and have no part in the correlations."
        )
    result.tables["abx_listeners"] = listeners(answered, table)
    found = result.tables["abx_answers"] = relations(study, deltas, answered)
    main = found[(found["measure"] == "delta") & (found["coefficient"] == "spearman")]
    result.figures["abx_answers"] = abx_answers(main, names)
    for place, name in enumerate(names):
        layer = shown.loc[shown["model"] == name, "layer"].mode().iloc[0]
        for row in main[(main["model"] == name) & (main["layer"] == layer)].itertuples():
            key = f"{name}/" * bool(place) + f"abx/answers/{row.group}"
            result.metrics |= {f"{key}/spearman": float(row.r), f"{key}/p": float(row.p)}
            said = f"Spearman {row.r:.3f}{ends(row.low, row.high)}, p = {row.p:.3g}, layer {layer}, {row.n} triplets"
            result.summary.append((f"{name} with answers of {row.group}", said))


def _native(
    study: Study,
    deltas: pd.DataFrame,
    answered: pd.DataFrame,
    models: tuple[str, str],
    groups: tuple[str, str],
    result: AnalysisResult,
) -> None:
    found = native_effect(study, deltas, answered, models, groups)
    if found.empty:
        result.warnings.append(
            f"No native effect of {models[0]} and {models[1]}: they share no layer number, or fewer than three contrasts have answers of "
            f"{groups[0]} and {groups[1]}."
        )
        return
    result.tables["abx_native"] = found
    main = found[found["coefficient"] == "spearman"]
    best = main.loc[main["r"].fillna(-2).idxmax()]
    result.metrics["abx/native/max/spearman"] = float(best["r"])
    result.metrics["layer/abx/native/spearman"] = [
        (int(k), float(v)) for k, v in zip(main["layer"], main["r"], strict=True)
    ]
    result.summary.append(
        (
            f"native effect, {groups[0]} - {groups[1]}",
            f"at most Spearman {best['r']:.3f} (layer {best['layer']} of {len(main)}), p over layers {best['p_fdr']:.3g}, "
            f"{best['n']} contrasts",
        )
    )
