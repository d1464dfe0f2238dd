"""The geometry's numbers in words, metrics, tests and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.geometry.brain import Patterns, audiences
from brainalign.analysis.geometry.inference import over_stimuli
from brainalign.analysis.geometry.measures import Codes, Settings, Side
from brainalign.analysis.geometry.names import STIMULI
from brainalign.analysis.geometry.rows import RowSet
from brainalign.counts import count, ends
from brainalign.figures import geometry_layers, geometry_map, geometry_regions
from brainalign.similarity._relation import inner
from brainalign.stats import compare
from brainalign.stats.compare import TEST_COLUMNS
from brainalign.study.result import AnalysisResult
from brainalign.study.sentences import sentence
from brainalign.study.study import Study
from brainalign.study.summary import add_tests

MEASURE_NAMES = {
    "cka": "debiased CKA",
    "rsa": "RSA",
    "procrustes": "held-out Procrustes (cosine)",
    "cca": "held-out CCA",
    "svcca": "SVCCA (in-sample)",
    "pwcca": "PWCCA (in-sample)",
    "knn": "mutual neighbours",
}

IN_SAMPLE = ("svcca", "pwcca")
"""Computed on the rows that they are fitted on: they stand in tables beside unrelated Gaussians, and have no line, interval or test."""


def add_pairs(result: AnalysisResult, sides: Sequence[Side], settings: Settings) -> None:
    """What pairs of models come to: a line, metrics and a test a measure."""
    table = result.tables["geometry_pairs"]
    if table.empty:
        return
    for row in table.itertuples():
        name, key = f"{row.model_a} x {row.model_b}", f"geometry/{row.measure}/{row.model_a} x {row.model_b}"
        result.metrics |= {f"{key}/best": row.best, f"{key}/nested": row.nested, f"{key}/random": row.random}
        if row.measure in IN_SAMPLE:
            continue
        tested = f"; shuffled stimuli {row.null_mean:.3f}, p = {row.p_max:.3g}"
        if not np.isfinite(row.p):
            tested = f"; not shuffled, as {2 * STIMULI} stimuli are needed for that"
        low, high = over_stimuli(row.best, row.se)
        interval = ends(low, high) if np.isfinite(row.se) else ""
        result.summary.append(
            (
                f"{name}: {MEASURE_NAMES[row.measure]}",
                f"{row.best:.3f}{interval} in layers {row.layer_a} and {row.layer_b}; {row.nested:.3f} where layers are chosen on other "
                f"stimuli; unrelated Gaussians {row.random:.3f}{tested}",
            )
        )
    tested = table[table["p"].notna()]
    _append(
        result,
        [
            _row(
                contrast=f"{r.model_a} x {r.model_b}", a=r.model_a, b=r.model_b, score=f"geometry/{r.measure}", region="between models",
                mean_a=r.best, mean_b=r.null_mean, p=r.p, corrected=r.p_max, size=int(r.family_size),
                smallest=r.smallest_p, family="pairs of models",
            )
            for r in tested.itertuples()
        ],
    )  # fmt: skip


def add_regions(
    result: AnalysisResult, study: Study, names: Sequence[str], settings: Settings, everywhere: str
) -> None:
    """What models and regions come to, over participants; contrasts between models by the study's own tests."""
    chosen, nulls = result.tables["geometry_chosen"], result.tables["geometry_null"].dropna(subset="p")
    for row in result.tables["geometry_means"].itertuples():
        model, region, measure = row.model, row.region, row.measure
        key = f"region/{region}/geometry/{measure}"
        result.metrics[key if model == names[0] else f"{model}/{key}"] = row.mean
        if region != everywhere and chosen["region"].nunique() > 1:
            continue
        same = (nulls["model"] == model) & (nulls["region"] == region) & (nulls["measure"] == measure)
        ceiling = _ceiling(result, str(region), str(measure)) if same.any() else ""
        shuffled = "".join(
            f"; {_of_layer(r.layer)}: {r.best:.3f}, shuffled stimuli {r.null_mean:.3f}, p = {r.p_max:.3g}"
            for r in nulls[same].itertuples()
        )
        interval = ends(row.low, row.high)
        result.summary.append(
            (
                f"{model} with {region}: {MEASURE_NAMES[str(measure)]}, {count(row.n_participants, 'participant')}",
                f"{row.mean:.3f}{interval}, layer chosen on other stimuli{shuffled}{ceiling}",
            )
        )
    _append(
        result,
        [
            _row(
                contrast=f"{r.model} with the responses", a=r.model, b="responses", score=f"geometry/{r.measure}", region=r.region,
                mean_a=r.best, mean_b=r.null_mean, p=r.p, corrected=r.p_max, size=int(r.family_size),
                smallest=r.smallest_p, family="models x regions", people=int(r.n_participants),
            )
            for r in nulls.itertuples()
        ],
    )  # fmt: skip
    if len(names) > 1 and chosen["subject"].nunique() > 1:
        for measure in settings.measures:
            own = chosen[chosen["measure"] == measure].rename(columns={"value": f"geometry/{measure}"})
            shown = own.assign(electrode=own["region"])
            contrasts = [(names[0], other) for other in names[1:]]
            regions = list(dict.fromkeys(own["region"]))
            add_tests(
                result,
                compare(
                    shown, contrasts, regions=regions, family="contrasts x regions", score=f"geometry/{measure}", tests=("sign_flip",),
                    primary="sign_flip", correction=study.outcome.correction if study.outcome.test == "sign_flip" else "max",
                ),
                "participant",
            )  # fmt: skip


def add_found(result: AnalysisResult) -> None:
    """By the first measure: the first pair of models, and the model with the region or all of them together, in a sentence."""
    pairs, means = (result.tables.get(f"geometry_{name}", pd.DataFrame()) for name in ("pairs", "means"))
    clauses = []
    if len(pairs):
        row = pairs.iloc[0]
        p = f", p = {row['p_max']:.3g} by shuffled stimuli" if np.isfinite(row["p"]) else ""
        clauses.append(
            f"{row['model_a']} and {row['model_b']} come to a {MEASURE_NAMES[row['measure']]} of {row['nested']:.3f} in layers chosen on "
            f"other stimuli ({row['random']:.3f} is that of unrelated ones{p})"
        )
    if len(means):
        row = means[means["measure"] == means["measure"].iloc[0]].drop_duplicates("model", keep="last").iloc[0]
        between = ends(row["low"], row["high"])
        ceiling = _ceiling(result, str(row["region"]), str(row["measure"]))
        clauses.append(
            f"{row['model']} and the responses in {row['region']} to a {MEASURE_NAMES[row['measure']]} of {row['mean']:.3f}"
            f"{between}{ceiling}"
        )
    result.found = sentence(clauses)


def _of_layer(layer: object) -> str:
    return "layers chosen on the other half of the stimuli" if pd.isna(layer) else f"best layer {layer}"


def _ceiling(result: AnalysisResult, region: str, measure: str) -> str:
    table = result.tables["geometry_ceilings"]
    own = table[(table["region"] == region) & (table["measure"] == measure)]
    parts = []
    if own["lower"].notna().any():
        parts.append(f"other participants {own['lower'].mean():.3f} to {own['upper'].mean():.3f}")
    if own["ceiling"].notna().any():
        parts.append(f"ceiling by repeats {own['ceiling'].mean():.3f}")
    return f"; {', '.join(parts)}" if parts else "; no ceiling"


def _row(
    *,
    contrast: str,
    a: str,
    b: str,
    score: str,
    region: str,
    mean_a: float,
    mean_b: float,
    p: float,
    corrected: float,
    size: int,
    smallest: float,
    family: str,
    people: int = 0,
) -> dict[str, object]:
    """One test by shuffled stimuli, as the table of tests has it."""
    reason = f"no p below {smallest:.3g} can be reached with so many shuffles" if smallest > 0.05 else ""
    return dict.fromkeys(TEST_COLUMNS, np.nan) | {
        "test": "shuffled_stimuli", "contrast": contrast, "a": a, "b": b, "score": score, "region": region, "n": people,
        "n_participants": people, "n_dropped": 0, "mean_a": mean_a, "mean_b": mean_b, "mean_difference": mean_a - mean_b, "p": p,
        "p_bonferroni": min(1.0, p * size), "p_max": corrected, "p_corrected": corrected, "correction": "max",
        "smallest_p": smallest, "family_size": size,
        "family": family, "unit": "stimuli", "alpha": 0.05, "primary": True, "reason": reason,
    }  # fmt: skip


def _append(result: AnalysisResult, rows: list[dict[str, object]]) -> None:
    if rows:
        table, before = pd.DataFrame(rows, columns=list(TEST_COLUMNS)), result.tables.get("tests")
        result.tables["tests"] = table if before is None else pd.concat([before, table], ignore_index=True)


def add_figures(
    result: AnalysisResult, study: Study, sides: Sequence[Side], patterns: Sequence[Patterns], rows: RowSet, keep: Codes,
    settings: Settings, everywhere: str,
) -> None:  # fmt: skip
    """Heat maps of all pairs of models, curves of the regions, and a map of layers and regions."""
    main = settings.measures[0]
    names = [s.name for s in sides]
    cells = result.tables["geometry"]
    result.figures["geometry_layers"] = geometry_layers(cells[cells["measure"] == main], names, MEASURE_NAMES[main])
    if "geometry_regions" in result.tables:
        table, ceiling = result.tables["geometry_regions"], result.tables["geometry_ceilings"]
        profiles = result.tables["geometry_profiles"]
        for measure in settings.measures:
            own, mean = (t[t["measure"] == measure] for t in (table, profiles))
            bounds = ceiling[ceiling["measure"] == measure] if len(ceiling) else ceiling
            drawn = geometry_regions(own, mean, bounds, names, MEASURE_NAMES[measure])
            result.figures[f"geometry_regions_{measure}"] = drawn
    if not settings.relational:
        return
    related = settings.relational[0]
    groups, points, matrices = rows.groups[keep], [], []
    shared: NDArray[np.int64] = np.arange(len(keep))
    largest = max(audiences(patterns), key=len, default=[])
    if largest:
        shared = largest[0].rows
    for side in sides:
        matrices.append(settings.relations(side.rows(keep[shared]), related, groups[shared]))
        points += [(side.name, layer) for layer in side.layers]
    for region in dict.fromkeys(p.region for p in largest):
        mean = np.mean([p.relation(related, groups[shared], settings) for p in largest if p.region == region], axis=0)
        norm = np.linalg.norm(mean)
        if norm > 0:
            matrices.append((mean / norm)[None].astype(np.float32))
            points.append((region, -1))
    stack = np.concatenate(matrices)
    table = pd.DataFrame(points, columns=["name", "layer"])
    result.figures["geometry_map"] = geometry_map(table, inner(stack, stack), names, MEASURE_NAMES[related])
