"""Metrics, warnings and summary lines that every analysis draws from its scores table in the same way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainalign.counts import ends
from brainalign.notes import changes, limits
from brainalign.stats import INDEPENDENT, ZERO, electrodes_ci
from brainalign.study.limitations import NO_SHARE
from brainalign.study.result import AnalysisResult
from brainalign.study.sentences import LEVEL
from brainalign.study.study import Study

RAW = ("r", "r2", "r2_pearson")
SCORES = ("r", "r2", "r2_pearson", "r2_normalized", "r_normalized")


BESIDE = "Scores: over the ceiling, and by the best layer"
"""Topic of rows that stand beside the scores."""


def add_scores(result: AnalysisResult, scores: pd.DataFrame, model: str, noun: str, prefix: str = "") -> None:
    """Mean and median of each score over electrodes, in all and by region, as metrics and summary lines.

    Args:
        result: To add to.
        scores: Rows of one space, with the column ``rule``.
        model: Whose rows to sum up.
        noun: What a row is called: electrode or channel.
        prefix: Before each metric's name (``baseline/``); none for the model itself.
    """
    mine = scores[(scores["model"] == model) & (scores["rule"] == "nested")]
    for score in SCORES:
        result.metrics[f"{prefix}{score}/mean"] = float(mine[score].mean())
        result.metrics[f"{prefix}{score}/median"] = float(mine[score].median())
        for region, rows in mine.groupby("region", sort=False):
            result.metrics[f"{prefix}region/{region}/{score}/mean"] = float(rows[score].mean())
    if not prefix:  # beside the score over it, in MLflow's table of runs and a sweep's: of the same electrodes
        result.metrics["ceiling/mean"] = float(mine.loc[mine["r2_normalized"].notna(), "ceiling"].mean())
    optimistic = scores[(scores["model"] == model) & (scores["rule"] == "max")]
    if len(optimistic):
        for score in ("r", "r2"):
            result.metrics[f"{prefix}max/{score}/mean"] = float(optimistic[score].mean())
            result.metrics[f"{prefix}max/{score}/optimism"] = float(optimistic[score].mean() - mine[score].mean())
    r, r2, normalized = (electrodes_ci(mine[s], mine["subject"]) for s in ("r", "r2", "r2_normalized"))
    for score, interval in {"r": r, "r2": r2, "r2_normalized": normalized}.items():
        result.metrics |= {f"{prefix}{score}/low": interval.low, f"{prefix}{score}/high": interval.high}
    text = f"{r.mean:.3f}{ends(r.low, r.high)} · {r2.mean:.3f}{ends(r2.low, r2.high)}"
    result.summary.append((f"{model}: mean r · R² over {r.n} {noun}s [{r.over(noun)}]", text))
    if len(optimistic) and optimistic["layer"].nunique() + mine["layer"].nunique() > 2:
        more = (f"{optimistic[s].mean():.3f} (+{optimistic[s].mean() - mine[s].mean():.3f})" for s in ("r", "r2"))
        result.tell(BESIDE, f"{model}: with the best layer on the scored data (optimistic)", " · ".join(more))
    if normalized.n:
        told = f"{normalized.mean:.3f}{ends(normalized.low, normalized.high)}"
        result.tell(
            BESIDE,
            f"{model}: mean R² over noise ceiling, {normalized.n} {noun}s above the floor [{normalized.over(noun)}]",
            told,
        )


def add_layer_curves(result: AnalysisResult, layers: pd.DataFrame, model: str, prefix: str = "") -> None:
    """Metric curves over layers (step = layer), such as ``layer/r2/mean``."""
    mine = layers[layers["model"] == model]
    for score in SCORES:
        if score not in mine:
            continue
        curve = mine.groupby("layer")[score].mean()
        result.metrics[f"{prefix}layer/{score}/mean"] = [(int(n), float(v)) for n, v in curve.items()]


def add_tests(result: AnalysisResult, tests: pd.DataFrame, noun: str) -> None:
    """Enter tests in the run's one table, log them as metrics ``test/<contrast>/<region>/...``, and say the primary ones.

    The plain names are those of the paired t over pooled electrodes, with ``p_sign_flip`` and ``p_mixed`` beside it.

    Args:
        result: To add to.
        tests: From :meth:`Study.paired`.
        noun: What a row of the scores is called: electrode or channel.
    """
    before = result.tables.get("tests")
    result.tables["tests"] = tests if before is None else pd.concat([before, tests], ignore_index=True)
    for row in tests.itertuples():
        measure = "" if row.score in RAW else f"{row.score}/"
        name = f"test/{measure}{row.contrast}/{row.region}"
        if row.test == "paired_t":
            for key in ("mean_difference", "t", "p", "p_bonferroni", "effect_size"):
                result.metrics[f"{name}/{key}"] = float(getattr(row, key))
        else:
            result.metrics[f"{name}/p_{row.test}"] = float(row.p)
    for (contrast, score), rows in tests[tests["primary"].astype(bool)].groupby(["contrast", "score"], sort=False):
        known = rows.dropna(subset="p_corrected")
        if rows["b"].iloc[0] == ZERO or known.empty or str(score).endswith("_normalized"):
            continue
        least, below = known.loc[known["p_corrected"].idxmin()], int((known["p_corrected"] < LEVEL).sum())
        told = (
            f"{below} of {len(rows)} regions below {LEVEL:g} ({least['test']}, {least['correction']}); smallest p "
            f"{least['p_corrected']:.3g} in "
            f"{least['region']}, difference {least['mean_difference']:.3f} ({least['n']} {noun}s)"
        )
        result.summary.append((str(contrast) if score in RAW else f"{contrast}, {score}", told))
    own = tests[(tests["test"] == "mixed") & tests["p"].notna() & ~tests["reason"].str.contains("instead")]
    mixed = "; the mixed model's p stands beside it in the table of tests" if len(own) else ""
    for reason in dict.fromkeys(
        tests.loc[tests["primary"].astype(bool) & tests["reason"].str.contains("cannot be reached"), "reason"]
    ):
        line = limits(
            f"Sign-flip tests: {reason}{mixed}.",
            "that a difference holds for other participants, as so few cannot make a sign-flip test significant",
        )
        if line not in result.warnings:
            result.warnings.append(line)


def warn_about(result: AnalysisResult, scores: pd.DataFrame, folds: int) -> None:
    """Count what a reader must know: alphas on the grid's edge, constant predictions, electrodes without a score.

    Args:
        result: To add to.
        scores: All rows of the run.
        folds: Outer folds a row.
    """
    nested = scores[scores["rule"] == "nested"]
    for (model, space), rows in nested.groupby(["model", "space"], sort=False):
        name = str(model) if space == "full" else f"{model} ({space})"
        edge, choices = int(rows["alpha_at_edge"].sum()), len(rows) * folds
        constant, missing = int(rows["constant_folds"].sum()), int(np.isnan(rows["r"]).sum())
        if edge:
            told = limits(
                f"{name}: alpha is the first or last of encoding.alphas in {edge} of {choices} choices (electrodes x folds); where that "
                "is not for lack of signal, widen the grid."
            )
            result.warnings.append(told)
        if constant:
            told = changes(
                f"{name}: {constant} of {choices} predictions (electrodes x folds) are constant and score r = 0: the features do not vary "
                "there, or no direction of the space held up in that fold."
            )
            result.warnings.append(told)
        partly = int(((rows["n_folds"] < folds) & (rows["n_folds"] > 0)).sum())
        flat = int(rows["flat_folds"].sum())
        if flat:
            told = changes(
                f"{name}: in {flat} of {choices} cases (electrodes x folds) the response is flat in the fold's test rows (deviation "
                "there is below a thousandth of that in training); such a fold has no score and no say in a choice."
            )
            result.warnings.append(told)
        few = int((rows["p_permutation"].isna() & (rows["independent_shifts"] < INDEPENDENT)).sum())
        if few:
            result.warnings.append(
                f"{name}: {few} of {len(rows)} have no p of their own: their autocorrelation leaves fewer than {INDEPENDENT:g} independent "
                "shifts in a test fold (column independent_shifts), and p would be too small too often; longer folds (fewer "
                "encoding.outer_folds) or more data are needed."
            )
        if partly:
            told = changes(
                f"{name}: {partly} of {len(rows)} have a score in only some of the {folds} folds, and are averaged over those."
            )
            result.warnings.append(told)
        if missing:
            told = changes(f"{name}: {missing} of {len(rows)} have no score (a constant or missing response).")
            result.warnings.append(told)


def warn_about_ceilings(result: AnalysisResult, study: Study) -> None:
    """Say how many electrodes have no ceiling, and why, and how many lie below the floor.

    Args:
        result: To add to.
        study: With the ceilings.
    """
    table, floor = study.ceilings, study.outcome.floor
    n, known = len(table), table["ceiling"].notna()
    if not known.all():
        why = ", ".join(f"{reason}: {count}" for reason, count in table.loc[~known, "why"].value_counts().items())
        told = limits(
            f"Noise ceiling not estimable for {int((~known).sum())} of {n} {study.noun}s ({why}); their normalised scores are missing, "
            "raw scores stand.",
            "" if known.any() else NO_SHARE,
        )
        result.warnings.append(told)
    above = known & (table["ceiling_low"] > floor)
    if known.any() and not above.any():
        told = limits(
            f"All {int(known.sum())} estimable noise ceilings have a lower bound at or below ceiling.floor={floor:g}: "
            "nothing can be said about normalised scores; raw scores stand.",
            NO_SHARE,
        )
        result.warnings.append(told)
    elif known.any() and not above[known].all():
        result.warnings.append(
            f"{int(above.sum())} of {int(known.sum())} estimable noise ceilings have a lower bound above "
            f"ceiling.floor={floor:g}; normalised "
            "scores are of those alone."
        )
