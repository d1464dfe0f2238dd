"""analysis=cca: what two models share, what each has alone, and how well either part predicts the brain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from brainalign.features.representation import Representation
from brainalign.figures import canonical_correlations, layer_profile, region_bars, score_distribution
from brainalign.notes import changes, limits
from brainalign.spaces.shared import Part, Side
from brainalign.study.cross_fitting import CrossFit, crossfit, space_scores
from brainalign.study.example_prediction import example_figure, has_time_course
from brainalign.study.paired_rows import row_kind
from brainalign.study.planted_truth import carried, with_truth
from brainalign.study.region_scores import region_table
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import against, parts_predicted, sentence
from brainalign.study.study import Study
from brainalign.study.summary import add_layer_curves, add_scores, add_tests, warn_about, warn_about_ceilings

TOPIC = "Spaces of the two models"
"""Of rows that are folded."""
PARTS: tuple[Part, ...] = ("truncated", "shared", "rest", "matched")
FAMILY = "full, shared, rest and matched x regions"
"""Of the declared tests."""
SAME = 0.999
"""Held-out canonical correlation of every component from which on two models are the same."""


def cca(
    study: Study,
    models: Models,
    *,
    fit: str,
    k: int,
    variance: float,
    ridge: float,
    rows: str,
    layers: Sequence[int] | None,
) -> AnalysisResult:
    """Cross-fitted CCA of two models; shared and rest of both through the same TRF; paired tests between them.

    Args:
        study: Data, window and folds.
        models: Model and partner; the baseline (mel) is a third line in the figures.
        fit: ``cross_fitted`` on the training stimuli of each fold, or ``in_sample`` on all, as published.
        k: Canonical variates that count as shared.
        variance: Share of each model's variance that the truncation keeps.
        ridge: Regularisation of CCA.
        rows: ``words``, ``frames`` or ``auto``.
        layers: A fixed layer of each, or None: chosen on the inner folds of each outer fold.

    Returns:
        Tables scores (spaces full, truncated, shared, rest, matched), layers, regions, canonical, tests.
    """
    model, partner = models.pair
    kind = row_kind(rows, model, partner)
    fits = crossfit(study, model, partner, kind, layers, fit=fit, k=k, variance=variance, ridge=ridge)
    return spaces(study, models, fits, k)


def spaces(study: Study, models: Models, fits: CrossFit, k: int, *, panels: bool = True) -> AnalysisResult:
    """What :func:`cca` gives, from fits that other analyses can share.

    Args:
        study: Data, window and folds.
        models: Model, partner, baseline.
        fits: The spaces of all folds.
        k: Canonical variates that were asked for.
        panels: Draw the layers and the example, which are panels of the paper's figures 2 and 3.
    """
    result, score = AnalysisResult(), study.outcome.score
    (model, partner), compared = models.pair, models.compared
    full = [study.scores(m) for m in compared]
    profile = pd.concat([study.layer_scores(m) for m in compared], ignore_index=True)
    sides: tuple[tuple[Side, str], ...] = (("x", model.name), ("y", partner.name))
    truths = {m.name: _latents(m, other) for m, other in ((model, partner), (partner, model))}
    parts = [
        with_truth(space_scores(study, m, side, part, fits), truths[m.name].get(part))
        for m, (side, _) in zip((model, partner), sides, strict=True)
        for part in PARTS
    ]
    scores = pd.concat([*full, *parts], ignore_index=True)
    shown = study.shown(scores)
    contrasts = [pair for _, name in sides for pair in _contrasts(name)]
    contrasts.append((f"{model.name} matched", f"{partner.name} matched"))
    tests = study.paired(shown, contrasts, FAMILY)
    result.tables |= {
        "scores": scores,
        "layers": profile,
        "canonical": fits.canonical,
        "regions": region_table(study, scores),
    }
    _describe(result, fits, scores, k, (model.name, partner.name))
    for m, prefix in zip(compared, ("", "partner/", "baseline/"), strict=False):
        add_scores(result, scores[scores["space"] == "full"], m.name, study.noun, prefix)
        add_layer_curves(result, profile, m.name, prefix)
    add_tests(result, tests, study.noun)
    if shown[study.outcome.normalized].notna().any():
        add_tests(result, study.paired(shown, contrasts, FAMILY, study.outcome.normalized), study.noun)
    bars = shown[~shown["space"].isin(["truncated", "matched"])]
    order = bar_order(models)
    result.figures |= {
        "canonical_correlations": canonical_correlations(
            fits.canonical, planted=_dimensions(study, truths[model.name].get("shared"))
        ),
        "region_bars": region_bars(bars, tests, score, order=order, noun=study.noun),
        "score_distribution": score_distribution(bars, score, order=order, noun=study.noun),
    }
    if panels:
        result.figures["layer_profile"] = layer_profile(profile, score, noun=study.noun)
    if panels and has_time_course(study):
        leaders = {m.name: study.layer_selection(m).nested[0] for m in (model, partner)}
        result.figures["prediction_example"] = example_figure(study, model.name, leaders)
    warn_about(result, scores, len(study.split.folds))
    warn_about_ceilings(result, study)
    told = [_held(fits), parts_predicted(study, shown, model.name, ("shared", "rest"))]
    result.found = sentence([*told, against(tests, f"{model.name} shared", f"{model.name} rest")])
    return result


def _dimensions(study: Study, latents: frozenset[str] | None) -> int | None:
    """Dimensions of what both planted models hold; None where their content is not known."""
    known = study.dataset.latents
    if latents is None or known is None:
        return None
    return sum(int(next(iter(known[name].values())).shape[1]) for name in latents)


def _latents(model: Representation, other: Representation) -> dict[Part, frozenset[str]]:
    """Part of a planted model's space -> the latents in it; none where the content of either model is not known."""
    own, others = carried(model), carried(other)
    return {} if own is None or others is None else {"truncated": own, "shared": own & others, "rest": own - others}


def _held(fits: CrossFit) -> str:
    """How many canonical correlations hold up, in words."""
    mean = fits.canonical.groupby("component")[["in_sample", "held_out", "null_95"]].mean()
    if not fits.held_out:
        return (
            f"The first canonical correlation is {mean['in_sample'].iloc[0]:.3f} on the stimuli that it was fitted on"
        )
    first, n = mean.iloc[0], leading(mean)
    held = (
        f"The first {n} of {len(mean)} canonical correlations hold up"
        if n
        else f"No canonical correlation of {len(mean)} holds up"
    )
    return f"{held} on held-out stimuli ({first['held_out']:.3f} in the first, where shuffled pairs reach {first['null_95']:.3f})"


def leading(mean: pd.DataFrame) -> int:
    """Components, from the first on, whose held-out correlation is above the null without a gap.

    Args:
        mean: By component: held_out and null_95.
    """
    above = (mean["held_out"] > mean["null_95"]).to_numpy()
    return len(above) if above.all() else int(np.argmin(above))


def bar_order(models: Models) -> list[str]:
    """Labels of full, shared and rest of both models and of the baseline, in the order of figures."""
    order = [f"{m.name}{part}" for m in models.pair for part in ("", " shared", " rest")]
    return order + ([models.baseline.name] if models.baseline is not None else [])


def _contrasts(name: str) -> list[tuple[str, str]]:
    """The declared contrasts within a model: full, shared and rest against one another."""
    return list(combinations((name, f"{name} shared", f"{name} rest"), 2))


def _describe(result: AnalysisResult, fits: CrossFit, scores: pd.DataFrame, k: int, names: tuple[str, str]) -> None:
    """Canonical correlations as metrics and summary lines, and what about them a reader must know."""
    mean = fits.canonical.groupby("component")[["in_sample", "held_out", "null_95"]].mean()
    for column in mean:
        if mean[column].notna().any():
            result.metrics[f"cca/{column}"] = [(int(c), float(v)) for c, v in mean[column].items()]
    used = sorted({s.k_ for s in fits.spaces})
    result.metrics |= {"cca/in_sample/1": float(mean["in_sample"].iloc[0]), "cca/k": float(used[0])}
    pairs = ", ".join(f"{x} and {y}" for x, y in dict.fromkeys(fits.layers))
    result.tell(TOPIC, f"{names[0]} x {names[1]}, layers", f"{pairs}; a row a {fits.kind[:-1]}")
    told = f"in-sample {mean['in_sample'].iloc[0]:.3f}"
    if fits.held_out:
        significant = leading(mean)
        result.metrics |= {
            "cca/held_out/1": float(mean["held_out"].iloc[0]),
            "cca/held_out/mean_shared": float(mean["held_out"].iloc[: used[0]].mean()),
            "cca/components_above_null": float(significant),
        }
        told += f", held out {mean['held_out'].iloc[0]:.3f} (null {mean['null_95'].iloc[0]:.3f})"
        result.summary.append(("leading components above the shuffled null", f"{significant} of {len(mean)}"))
        if significant == 0:
            result.warnings.append(
                limits(
                    f"No canonical correlation of {names[0]} and {names[1]} holds up on held-out stimuli: what "
                    f"is called shared here is chance.",
                    "that the two models share anything",
                )
            )
        if (mean["held_out"] > SAME).all():
            result.warnings.append(
                limits(
                    f"{names[0]} and {names[1]} are the same up to a linear map (every held-out canonical correlation is "
                    f"above {SAME}): nothing "
                    "can be concluded about convergence from them.",
                    "anything about convergence, as the two models are one",
                )
            )
    else:
        result.warnings.append(
            changes(
                "CCA was fitted on all stimuli, test stimuli included (analysis.fit=in_sample): its "
                "correlations are optimistic, and scores of "
                "its spaces have seen the test stimuli."
            )
        )
    result.summary.append((f"{names[0]} x {names[1]}, first canonical correlation", told))
    for name in names:
        for part in PARTS:
            mine = scores[(scores["model"] == name) & (scores["space"] == part)]
            result.metrics[f"space/{name}/{part}/r2/mean"] = float(mine["r2"].mean())
            result.metrics[f"space/{name}/{part}/r/mean"] = float(mine["r"].mean())
            row = f"{name} {part}: mean r · R²", f"{mine['r'].mean():.3f} · {mine['r2'].mean():.3f}"
            if part in ("shared", "rest"):
                result.summary.append(row)
            else:
                result.tell(TOPIC, *row)
    if used[-1] < k:
        result.warnings.append(
            limits(
                f"analysis.k={k} leaves no rest: the smaller truncated space has {min(len(s.cca.rho) for s in fits.spaces)} dimensions, so "
                f"the shared space holds {used[0]} variates; what is called rest is then one dimension or more of the larger model."
            )
        )
    if fits.voiced:
        result.warnings.append(
            "Truncated, shared, rest and matched spaces are standardised inside words and zero in silence: unlike the full models they do "
            "not know when, or how often, words occur."
        )
    crowded = [f for f, s in enumerate(fits.spaces) if s.cca.p.shape[0] + s.cca.q.shape[0] >= s.n_rows / 2]
    if crowded:
        s = fits.spaces[crowded[0]]
        result.warnings.append(
            changes(
                f"CCA has {s.n_rows} training rows for {s.cca.p.shape[0]} + {s.cca.q.shape[0]} dimensions in {len(crowded)} of "
                f"{len(fits.spaces)} folds: in-sample canonical correlations are driven towards 1; read the held-out ones."
            )
        )
