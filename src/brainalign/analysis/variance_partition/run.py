"""analysis=variance_partition: what each set of features explains alone, and what they explain in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import ends
from brainalign.encoding.banded_nested import BandedScores
from brainalign.encoding.nested import OuterScores
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.features.joined import Band, JoinedRepresentation
from brainalign.figures import variance_partition as partition_figure
from brainalign.notes import changes, limits
from brainalign.progress import track
from brainalign.stats import FEWEST, electrodes_ci, mean_ci
from brainalign.stats.partition import Sets, partition, shapley, subsets
from brainalign.study.bands import fit_bands, own_lags
from brainalign.study.layer_selection import layers_of
from brainalign.study.planted_truth import carried, with_truth
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import SCORES, sentence
from brainalign.study.study import Study
from brainalign.study.summary import add_tests

ROLES = ("model", "partner", "baseline")
VENN = 3
"""Sets up to which every part of the diagram is told."""
SHAPLEY = "Shapley"
"""Begin of the label of a Shapley value."""
MOST = 5000
"""Combinations of sets and ratios beyond which a partition is refused rather than left to run for days."""


def variance_partition(
    study: Study, models: Models, *, sets: int, components: int | None, ratios: Sequence[float]
) -> AnalysisResult:
    """Unique and shared variance of feature sets, from banded ridge on all their combinations.

        unique(A) = R2(AB) - R2(B),   shared = R2(A) + R2(B) - R2(AB)

    and by inclusion and exclusion for three. The sets are model, partner and baseline, or the bands of a joined model, of which there may
    be more: each then has its unique part (what is lost when it is left out) and its Shapley value, and the Shapley values sum to what
    all explain (:func:`brainalign.stats.partition.shapley`). All fits have the same folds and alphas; of a model with several layers the
    one is taken that does best on average over electrodes, in each outer fold (:meth:`Study.best_layer`). Parts are of R2, or of squared
    Pearson r where the run reads that; r itself has no parts.

    Args:
        study: Data, window, folds and penalties.
        models: Model, partner and baseline; or a joined model.
        sets: 3, or 2 to leave the baseline out; of a joined model all bands are sets.
        components: Principal components that each set is reduced to, fitted on the frames of each training set, when not the study's;
            with all dimensions the cost grows with the cube of their sum.
        ratios: Penalties that the later sets choose from, in units of the first's.

    Returns:
        Tables fits (one row an electrode and subset), partition (one row an electrode and part), partition_regions, tests.
    """
    result = AnalysisResult()
    score = "r2_pearson" if study.outcome.score == "r2_pearson" else "r2"
    joined = isinstance(models.model, JoinedRepresentation)
    members, roles = _sets(models, sets)
    names = [m.name for m in members]
    _check_combinations(names, ratios)
    if sets == 3 and len(members) == 2 and not joined:
        result.warnings.append(
            f"analysis.sets=3, but this run has no baseline beside {' and '.join(names)}: the partition is of these two sets."
        )
    layers = layers_of(study, members)
    _look_at(result, study, members, layers)
    found = {
        some: _fit(
            study, [members[n] for n in some], [tuple(pick[n] for n in some) for pick in layers], components, ratios
        )
        for some in track(subsets(len(members)), "fitting the sets and their combinations")
    }
    fits = pd.concat([_fit_rows(study, names, roles, some, fit) for some, fit in found.items()], ignore_index=True)
    explained = {
        some: fits.loc[fits["model"] == _joined(names, some), score].to_numpy(dtype=np.float64) for some in found
    }
    parts, values = _parts(names, explained)
    table = part_table(study.channels, values, parts, score, study.ceilings, study.outcome.floor)
    table = _with_truth(table, parts, [carried(m.representation) for m in members])
    shown = {label: some for label, some in parts.items() if len(members) <= VENN or label.startswith(SHAPLEY)}
    uniques = [label for label, some in shown.items() if len(some) == 1]
    compared = uniques if len(members) >= VENN else list(parts)
    tests = study.paired(table, list(combinations(compared, 2)), "parts x regions", score)
    result.tables |= {"fits": fits, "partition": table, "partition_regions": region_table(table, study.regions, score)}
    add_tests(result, tests, study.noun)
    _describe(result, study, names, layers, score)
    _warn_of_edges(result, study, {_joined(names, some): fit for some, fit in found.items()}, ratios)
    result.figures["variance_partition"] = partition_figure(
        table[table["model"].isin(list(shown))],
        {label: [names[n] for n in some] for label, some in shown.items()},
        score,
        noun=study.noun,
    )
    return result


def _with_truth(table: pd.DataFrame, parts: Mapping[str, Sets], held: Sequence[frozenset[str] | None]) -> pd.DataFrame:
    """The parts with what was planted of each: latents that all of its sets hold and no other does; as it is where any is unknown."""
    known = [latents for latents in held if latents is not None]
    if len(known) < len(held):
        return table
    truth = {
        label: frozenset.intersection(*(known[n] for n in some)).difference(
            *(known[n] for n in range(len(known)) if n not in some)
        )
        for label, some in parts.items()
    }
    own = (with_truth(rows, truth[str(label)]) for label, rows in table.groupby("model", sort=False))
    return pd.concat(own, ignore_index=True)


def _sets(models: Models, sets: int) -> tuple[list[Band], list[str]]:
    """The sets, and what their penalties are called: by role, or by name where they are bands of a joined model."""
    if isinstance(models.model, JoinedRepresentation):
        return models.model.bands, [band.name for band in models.model.bands]
    third = [models.baseline] if sets == VENN and models.baseline is not None else []
    return [Band(m) for m in (*models.pair, *third)], list(ROLES)


def _check_combinations(names: Sequence[str], ratios: Sequence[float]) -> None:
    """Refuse more fits than anybody waits for."""
    fits = sum(len(ratios) ** (len(some) - 1) for some in subsets(len(names)))
    if fits > MOST:
        fewer = int((MOST / 2 ** len(names)) ** (1 / (len(names) - 1)))
        raise BrainalignError(
            f"analysis.ratios={list(ratios)} for all combinations of {len(names)} sets ({', '.join(names)}) are {fits:,} fits "
            f"in each fold; with {MOST:,} at most, give {max(fewer, 1)} ratio(s), or fewer sets in model.of."
        )


def _parts(
    names: Sequence[str], explained: dict[Sets, NDArray[np.float64]]
) -> tuple[dict[str, Sets], dict[str, NDArray[np.float64]]]:
    """Label -> the sets that a part belongs to, and label -> (C,); of more than three sets their unique parts and Shapley values."""
    venn = partition(explained)
    if len(names) <= VENN:
        parts = {_label(names, some): some for some in venn}
        return parts, {label: venn[some] for label, some in parts.items()}
    uniques = {_label(names, some): some for some in venn if len(some) == 1}
    values = {label: venn[some] for label, some in uniques.items()}
    mean = {f"{SHAPLEY} {names[n]}": value for n, value in shapley(explained).items()}
    own: dict[str, Sets] = {f"{SHAPLEY} {name}": (n,) for n, name in enumerate(names)}
    return uniques | own, values | mean


def _fit(
    study: Study,
    members: Sequence[Band],
    layers: Sequence[tuple[int, ...]],
    components: int | None,
    ratios: Sequence[float],
) -> BandedScores:
    """One subset on every outer fold, each with its layers; one set alone, with the study's dimensions, has been fitted with its model."""
    own = components is not None and components != study.components
    if len(members) == 1 and not own and own_lags(study, members) is None:
        selection, out = (
            study.layer_selection(members[0].representation).layers,
            OuterScores.empty(len(layers), study.design.n_channels),
        )
        first = next(iter(selection.values()))
        out.n, out.flat = first.n, first.flat
        for fold, (layer,) in enumerate(layers):
            for name in ("r", "r2", "inner", "alpha", "constant", "components"):
                getattr(out, name)[fold] = getattr(selection[layer], name)[fold]
        return BandedScores(out, np.ones((1, *out.r.shape)))
    return fit_bands(study, members, layers, ratios, " + ".join(m.name for m in members), components=components)


def _joined(names: Sequence[str], some: Sets) -> str:
    return " + ".join(names[n] for n in some)


def _label(names: Sequence[str], some: Sets) -> str:
    """A part as it stands in tables and figures."""
    return ("unique " if len(some) == 1 else "shared ") + " and ".join(names[n] for n in some)


def _fit_rows(study: Study, names: Sequence[str], roles: Sequence[str], some: Sets, fit: BandedScores) -> pd.DataFrame:
    """One row an electrode: what a subset explains, and the penalty of each of its sets."""
    s = fit.scores
    table = study.channels.reset_index(drop=True).assign(
        r=over_folds(s.r), r2_pearson=over_folds(s.r**2), r2=over_folds(s.r2), n_frames=s.n,
        n_folds=np.isfinite(s.r).sum(axis=0),
    )  # fmt: skip
    for role, place in zip(roles, range(len(names)), strict=False):
        mean = np.exp(over_folds(np.log(fit.alpha[some.index(place)]))) if place in some else np.nan
        table[f"alpha_{role}"] = mean
    table.insert(0, "model", _joined(names, some))
    return table


def part_table(
    channels: pd.DataFrame,
    values: dict[str, NDArray[np.float64]],
    labels: dict[str, Sets],
    score: str,
    ceilings: pd.DataFrame | None,
    floor: float,
) -> pd.DataFrame:
    """One row a (part, electrode).

    Args:
        channels: (C rows) the channels table.
        values: Label -> (C,).
        labels: Label -> part, in the order wanted.
        score: Name of the values' column.
        ceilings: subject, electrode, ceiling, ceiling_low of electrodes with a noise ceiling; None where none is known.
        floor: Lower bound that a ceiling must exceed for a part to be divided by it.

    Returns:
        Columns model (the part's label), sets (how many share it), all of ``channels``, ``score``; with ceilings also these and
        ``<score>_normalized``, NaN at or below the floor.
    """
    keep = channels.reset_index(drop=True)
    table = pd.concat(
        [keep.assign(model=label, sets=len(part), **{score: values[label]}) for label, part in labels.items()],
        ignore_index=True,
    )
    table = table[["model", "sets", *keep.columns, score]]
    if ceilings is None:
        return table
    keys = ["subject", "electrode"]
    table = table.merge(ceilings[[*keys, "ceiling", "ceiling_low"]], on=keys, how="left", validate="many_to_one")
    return table.assign(
        **{f"{score}_normalized": (table[score] / table["ceiling"]).where(table["ceiling_low"] > floor)}
    )


def region_table(table: pd.DataFrame, regions: Sequence[str], score: str) -> pd.DataFrame:
    """Mean and 95 % interval of every part, in all and by region, of electrodes and of participants' means.

    The interval of the mean over electrodes is over participants, too, where there are three or more, else about these electrodes only.

    Args:
        table: Of the parts.
        regions: In the order wanted.
        score: Column.
    """
    rows: list[dict[str, Any]] = []
    for part in dict.fromkeys(table["model"]):
        mine = table[table["model"] == part]
        for region in ("all", *regions):
            inside = mine if region == "all" else mine[mine["region"] == region]
            people = inside.groupby("subject")[score].mean()
            for over, mean in (
                ("electrodes", electrodes_ci(inside[score], inside["subject"])),
                ("participants", mean_ci(people)),
            ):
                found = {"mean": mean.mean, "low": mean.low, "high": mean.high, "n": mean.n}
                rows.append({"model": part, "region": region, "over": over, "score": score, **found})
    return pd.DataFrame(rows)


def _look_at(result: AnalysisResult, study: Study, members: Sequence[Band], layers: Sequence[tuple[int, ...]]) -> None:
    """Say where a set cannot tell anything, or nothing but what another says."""
    frames = [study.frames(m.representation, layer) for m, layer in zip(members, layers[0], strict=True)]
    for m, values in zip(members, frames, strict=True):
        if not any(np.ptp(v, axis=0).any() for v in values.values()):
            result.warnings.append(
                changes(f"{m.name} has no feature that varies: it explains nothing, alone or with others.")
            )
    for (a, x), (b, y) in combinations(zip(members, frames, strict=True), 2):
        if all(np.array_equal(x[s], y[s]) for s in x):
            result.warnings.append(
                limits(
                    f"{a.name} and {b.name} are the same features: what they explain is shared, and neither has anything of its own."
                )
            )


def _describe(
    result: AnalysisResult, study: Study, names: Sequence[str], layers: Sequence[tuple[int, ...]], score: str
) -> None:
    """Metrics and summary lines."""
    table = result.tables["partition_regions"]
    means = table[table["over"] == "electrodes"].set_index(["model", "region"])
    people = table[table["over"] == "participants"].set_index(["model", "region"])
    for part, region in means.index:
        prefix = "" if region == "all" else f"region/{region}/"
        result.metrics[f"{prefix}partition/{part}/mean"] = float(means.loc[(part, region), "mean"])
    chosen = (sorted({pick[n] for pick in layers}) for n in range(len(names)))
    picked = [f"{name} {', '.join(map(str, own))}" for name, own in zip(names, chosen, strict=True)]
    result.tell("Sets of the partition", "sets of the partition, with the layers taken", "; ".join(picked))
    told = {part: means.loc[(part, "all")] for part in dict.fromkeys(table["model"])}
    result.found = sentence(
        [
            f"Of the held-out {SCORES[score]} that the sets explain over {next(iter(told.values()))['n']} {study.noun}s, "
            + ", ".join(f"{part} is {e['mean']:.4f}{ends(e['low'], e['high'], '.4f')}" for part, e in told.items())
        ]
    )
    parts = []
    for part in dict.fromkeys(table["model"]):
        e, p = means.loc[(part, "all")], people.loc[(part, "all")]
        about = f"95 % CI over {p['n']} participants" if p["n"] >= FEWEST else f"95 % CI, these {study.noun}s only"
        parts.append(
            (
                f"{part}: part of {score} over {e['n']} {study.noun}s [{about}]",
                f"{e['mean']:.4f}{ends(e['low'], e['high'], '.4f')}",
            )
        )
    result.summary[:0] = parts


def _warn_of_edges(
    result: AnalysisResult, study: Study, fits: dict[str, BandedScores], ratios: Sequence[float]
) -> None:
    """Count choices on the edge of a grid: of alpha, and of the later sets' ratios."""
    for what, key, grid in (("alpha", "encoding.alphas", study.alphas), ("a ratio", "analysis.ratios", ratios)):
        for name, fit in fits.items():
            values = fit.scores.alpha[None] if what == "alpha" else fit.ratio[1:]
            known = np.isfinite(fit.scores.alpha) & np.ones_like(values, dtype=bool)
            edge = known & ((values <= min(grid)) | (values >= max(grid)))
            if edge.any() and len(grid) > 1:
                told = limits(
                    f"{name}: {what} is the first or last of {key} in {int(edge.sum())} of {int(known.sum())} choices ({study.noun}s x "
                    "folds); where that is not for lack of signal, widen the grid."
                )
                result.warnings.append(told)
