"""analysis=group_trf: participants' weights at places that they share, their mean, its peaks, and tests over places and lags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.group_trf.drawing import draw
from brainalign.analysis.group_trf.maps import MapTest, Rule, map_test
from brainalign.analysis.group_trf.measure import Measured, measured
from brainalign.analysis.group_trf.places import Places, shared_places
from brainalign.analysis.group_trf.weights import GroupWeights, group_weights
from brainalign.analysis.group_trf.words import report
from brainalign.counts import count
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.notes import changes, limits
from brainalign.stats import FEWEST
from brainalign.stats.interval import mean_cis
from brainalign.study.plan import Stage
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import LEVEL
from brainalign.study.study import Study

Array = NDArray[np.float64]

POINT = {"cluster": 6e-7, "tfce": 1.7e-5, "max_t": 2e-8}
"""Seconds that a sign flip of a map takes for each of its points, about: for a plan."""


def group(
    study: Study,
    models: Models,
    *,
    layer: int | None,
    components: int,
    channels: Sequence[str] | None,
    peaks: Mapping[str, Sequence[float]] | None,
    test: str,
    level: float,
    permutations: int,
    ignored: bool,
) -> AnalysisResult:
    """Weights of the model (and the partner) over participants.

    Args:
        study: Data, window and folds.
        models: The model in question; a partner, whose weights are compared; a baseline, whose scores are.
        layer: The model's layer, or None: the one with the best inner score.
        components: Dimensions up to which each has a curve; of more, as many principal components and the strength of all.
        channels: Places whose mean is drawn and measured; None = for each feature the one where its mean is largest.
        peaks: Name -> seconds in which a peak is sought; None = one, at all lags.
        test: ``cluster``, ``tfce``, ``max_t`` or ``none``.
        level: Of the threshold of clusters.
        permutations: Sign flips at most.
        ignored: Whether the partner is the same model on the sounds that were not to be listened to: its weights are of the same layer.

    Returns:
        Tables group_trf (a row a model, feature, place and lag), group_trf_curves (participants at the places measured),
        group_trf_peaks, group_trf_clusters, group_scores (a row a model and place), and their figures.

    Raises:
        BrainalignError: Participants share no places, a layer or channel is unknown, or nothing could be fitted.
    """
    if layer is not None and layer not in models.model.layers:
        raise BrainalignError(
            f"analysis.layer={layer} is none of {models.model.name}'s layers: {list(models.model.layers)}."
        )
    result = AnalysisResult()
    places = shared_places(study, result.warnings)
    lags_s = study.lags / study.frame_rate
    shown = [m for m in (models.model, models.partner) if m is not None]
    layers = {models.model.name: _layer(study, models.model, layer)}
    if models.partner is not None:
        same = layers[models.model.name] if ignored else None
        layers[models.partner.name] = _layer(study, models.partner, same)
    found = [group_weights(study, m, layers[m.name], components, places) for m in shown]
    places, found = _known(places, found, result.warnings)
    if len(found) == 2:
        found += _difference(found[0], found[1], result.warnings)
    n = len(places.subjects)
    rule = Rule(test, level, permutations, study.seed)
    tests = _test_weights(found, places, lags_s, rule) if test != "none" and n > 1 else []
    _add_weights(result, found, places, lags_s, tests)
    at = measured(found, places, lags_s, channels, peaks, result)
    tests += _add_scores(result, study, models, places, rule)
    result.tables["group_trf_curves"] = at.curves.assign(p=_p_of_curves(at, tests, places, lags_s))
    if at.peaks is not None:
        result.tables["group_trf_peaks"] = at.peaks
    if tests:
        result.tables["group_trf_clusters"] = pd.concat([t.table for t in tests], ignore_index=True)
    _warn(result, models, tests, n, channels)
    report(result, found, places, layers, tests, lags_s)
    draw(result, found, places, lags_s, at, rule.method)
    return result


def _layer(study: Study, model: Representation, asked: int | None) -> int:
    if asked is not None or len(model.layers) == 1:
        return model.layers[0] if asked is None else asked
    return 0 if isinstance(model, JoinedRepresentation) else study.layer_selection(model).best_layer


def _known(places: Places, found: list[GroupWeights], notes: list[str]) -> tuple[Places, list[GroupWeights]]:
    """Without the places at which a participant has no weights."""
    lost = ~np.all([np.isfinite(g.weights).all(axis=(0, 1, 3)) for g in found], axis=0)
    if lost.all():
        raise BrainalignError(
            f"analysis.kind=group_trf: at none of {count(len(lost), places.noun)} there are weights of all participants; a "
            "participant without a fit is left out by data.subjects."
        )
    if lost.any():
        notes.append(
            changes(
                f"{int(lost.sum())} of {count(len(lost), places.noun)} at which a participant has no weights (a flat response) are "
                "left out."
            )
        )
    return places.without(lost), [g.kept(~lost) for g in found]


def _difference(first: GroupWeights, second: GroupWeights, notes: list[str]) -> list[GroupWeights]:
    if (
        len(first.features) == len(second.features)
        and all(first.signed)
        and all(second.signed)
        and not first.said + second.said
    ):
        return [first.less(second)]
    notes.append(
        changes(
            f"No difference of weights: {first.name} and {second.name} do not have the same few features (analysis.components)."
        )
    )
    return []


def _test_weights(found: Sequence[GroupWeights], places: Places, lags_s: Array, rule: Rule) -> list[MapTest]:
    """One test a model, over all its features that have a sign."""
    return [
        map_test(
            g.weights[:, g.signed], [f for f, s in zip(g.features, g.signed, strict=True) if s], places.names, lags_s,
            places.adjacency, rule, of="weights", model=g.name,
        )
        for g in found
    ]  # fmt: skip


def _add_weights(
    result: AnalysisResult, found: Sequence[GroupWeights], places: Places, lags_s: Array, tests: Sequence[MapTest]
) -> None:
    """The table of means with intervals, and t and corrected p where they were tested."""
    parts = []
    for g in found:
        mean, low, high = mean_cis(g.weights)
        k, size = len(g.features), len(places.table)
        t, p = (np.full((k, size, len(lags_s)), np.nan) for _ in range(2))
        for own in (m for m in tests if m.model == g.name):
            t[g.signed], p[g.signed] = own.t, own.p
        shape = (k, size, len(lags_s))
        index = np.indices(shape).reshape(3, -1)
        rows = pd.DataFrame({"model": g.name, "feature": np.array(g.features, dtype=object)[index[0]]})
        for column in places.shown:
            rows[column] = places.table[column].to_numpy()[index[1]]
        values = {"mean": mean, "low": low, "high": high, "t": t, "p": p}
        parts.append(
            rows.assign(
                lag_s=lags_s[index[2]], n=len(places.subjects), **{name: v.reshape(-1) for name, v in values.items()}
            )
        )
    result.tables["group_trf"] = pd.concat(parts, ignore_index=True)


def _add_scores(result: AnalysisResult, study: Study, models: Models, places: Places, rule: Rule) -> list[MapTest]:
    """Maps of r: each model's against 0, of one side, and its difference from partner and baseline, of both."""
    compared = {m.name: places.of(over_folds(study.layer_selection(m).nested[0].r)) for m in models.compared}
    fine = np.all([np.isfinite(r).all(axis=0) for r in compared.values()], axis=0)
    if not fine.any():
        return []
    first = models.model.name
    maps = {
        name: (r, "above")
        for name, r in compared.items()
        if name == first or (models.partner and name == models.partner.name)
    }
    maps |= {f"{first} - {name}": (compared[first] - r, "both") for name, r in compared.items() if name != first}
    kept, rows, tests = places.without(~fine), [], []
    for name, (r, side) in maps.items():
        mean, low, high = mean_cis(r[:, fine])
        row = kept.table[kept.shown].assign(
            model=name, r=mean, low=low, high=high, n=len(places.subjects), t=np.nan, p=np.nan
        )
        if rule.method != "none" and len(places.subjects) > 1:
            tests.append(
                map_test(
                    r[:, None, fine, None],
                    [name],
                    kept.names,
                    np.array([np.nan]),
                    kept.adjacency,
                    rule,
                    of="r",
                    model=name,
                    side=side,
                )
            )
            row["t"], row["p"] = tests[-1].t[0, :, 0], tests[-1].p[0, :, 0]
        rows.append(row)
    table = pd.concat(rows, ignore_index=True)
    result.tables["group_scores"] = table[["model", *(c for c in table if c != "model")]]
    return tests


def _p_of_curves(at: Measured, tests: Sequence[MapTest], places: Places, lags_s: Array) -> Array:
    """Of each row of the curves: the largest corrected p of the measured places at the lag; NaN where none was made."""
    table = at.curves
    p = np.full(len(table), np.nan)
    for own in (t for t in tests if t.of == "weights"):
        rows = (table["model"] == own.model).to_numpy()
        for k, feature in enumerate(at.signed[own.model]):
            mine = rows & (table["feature"] == feature).to_numpy()
            largest = own.p[k, at.places[own.model, feature]].max(axis=0)
            p[mine] = largest[np.searchsorted(lags_s, table.loc[mine, "lag_s"].to_numpy() - 1e-9)]
    return p


def _warn(
    result: AnalysisResult, models: Models, tests: Sequence[MapTest], n: int, channels: Sequence[str] | None
) -> None:
    """What so few participants cannot show, and what lags of these features are not."""
    if n < FEWEST:
        result.warnings.append(
            limits(
                f"{count(n, 'participant')}: the TRF has no interval and no peak with an "
                f"error{'' if n > 1 else ', and nothing is tested'}; three "
                "are needed.",
                "what other participants' responses are",
            )
        )
    if tests and tests[0].smallest >= LEVEL:
        result.warnings.append(
            limits(
                f"With {n} participants no sign-flip test of a map of weights can fall below p = {tests[0].smallest:.2g}.",
                "that a response differs from 0 in other participants, as so few cannot make it significant",
            )
        )
    if channels is None and n >= FEWEST:
        result.warnings.append(
            limits(
                "Where each curve is drawn and its peak measured is where the mean is largest, in the same data: amplitudes are "
                "optimistic; analysis.channels names places beforehand."
            )
        )
    for model in [
        m for m in (models.model, models.partner) if m is not None and not isinstance(m, JoinedRepresentation)
    ]:
        if not model.extractor.receptive_field.causal:
            result.warnings.append(
                limits(f"{model.name}: {model.extractor.receptive_field}, so its latencies may be early by that.")
            )


def planned(study: Study, models: Models, test: str, permutations: int) -> Stage:
    """The line of a plan for the tests.

    Args:
        study: Data and window.
        models: Model and partner.
        test: ``cluster``, ``tfce`` or ``max_t``.
        permutations: Sign flips at most.
    """
    places = shared_places(study, [])
    n, size = len(places.subjects), len(places.table)
    maps = 1 if models.partner is None else 3
    flips = min(permutations, 2 ** max(n - 1, 0))
    points = size * len(study.lags)
    what = (
        f"{maps} map(s) of {count(size, places.noun)} x {len(study.lags)} lags, {flips} sign flips of {n} participants"
    )
    return Stage(f"test weights ({test})", what, maps * flips * points * POINT[test])
