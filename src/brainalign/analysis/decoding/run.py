"""analysis=decoding: the backward model of each participant, its scores and patterns, and segments told by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.decoding.contest import Segment, cut, tell
from brainalign.analysis.decoding.people import Listener, after, listeners
from brainalign.analysis.decoding.targets import Targets
from brainalign.counts import count, ends
from brainalign.data.electrodes.layouts import SENSOR
from brainalign.encoding.design import Design
from brainalign.encoding.nested import OuterScores, fit_outer
from brainalign.encoding.patterns import patterns_of
from brainalign.encoding.plan import FitPlan, check_fits, plan_fit
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.figures import brain_map, decoding_scores, located, on_scalp, pattern_topography
from brainalign.linalg.lags import convolve
from brainalign.notes import changes, limits
from brainalign.progress import track
from brainalign.spaces.variances import about
from brainalign.stats import mean_ci, sign_flip
from brainalign.study.components import enough
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import LEVEL
from brainalign.study.study import Study

CHANCE = 0.5
"""Of telling a segment from its rival."""


def decoding(
    study: Study, models: Models, *, components: int | None, segment: float | None, rival: str
) -> AnalysisResult:
    """Reconstruct every layer's features from all channels of each participant, and tell segments by it.

    Args:
        study: Data, folds and window; its lags are looked at after the features.
        models: Model, partner and baseline.
        components: Principal components that stand for the dimensions of a wider layer; None = each dimension.
        segment: Seconds of a segment that is told from its rival; None = not asked.
        rival: ``mismatch``, another segment of the same features, or ``partner``, the partner's features at the same time: of the layer of
            the same number, or of its only one.

    Returns:
        Tables decoding (a row a model, layer, participant and dimension), decoding_participants, decoding_patterns, decoding_tests and,
        with segments, match_mismatch or attention (a row a model, layer and participant); a figure of scores and one of accuracy.

    Raises:
        BrainalignError: ``rival=partner`` without a partner, or with features of another width; or nothing can be decoded.
    """
    if rival == "partner" and models.partner is None:
        raise BrainalignError(
            "analysis.rival=partner tells what was attended from model@partner, which is not set: give the features of the ignored stream."
        )
    result = AnalysisResult()
    people = list(listeners(study, result.warnings))
    enough(study.components, "the participant with most channels", max(len(who.channels) for who in people))
    compared = [models.model] if rival == "partner" else models.compared
    dimensions: list[pd.DataFrame] = []
    patterns: list[pd.DataFrame] = []
    told: list[dict[str, Any]] = []
    for model in compared:
        for layer in model.layers:
            frames = study.frames(model, layer)
            targets = Targets.of(frames, components)
            wanted, ignored = targets(frames), None
            if rival == "partner" and models.partner is not None:
                ignored = targets(study.frames(models.partner, _same_layer(models.partner, layer)))
            for who in track(people, f"decoding {model.name}, layer {layer}"):
                keys = {"model": model.name, "layer": layer, "subject": who.subject}
                design = who.design(study, wanted)
                scores = _fit(study, who, design)
                dimensions.append(_by_dimension(scores, len(who.channels), targets.axes is not None).assign(**keys))
                patterns.append(_patterns(study, who, design, scores).assign(model=model.name, layer=layer))
                if segment is not None:
                    pieces = _segments(study, who, scores, segment)
                    found = tell(pieces, wanted, ignored, draws=study.outcome.permutations, seed=study.seed)
                    told.append({**keys, "segment_s": segment, **found._asdict()})
    table = pd.concat(dimensions, ignore_index=True)
    first = ["model", "layer", "subject", "dimension"]
    result.tables["decoding"] = table[[*first, *(c for c in table.columns if c not in first)]]
    by_person = table.groupby(["model", "layer", "subject"], sort=False)[["r", "r2"]].mean().reset_index()
    result.tables["decoding_participants"] = by_person
    result.tables["decoding_patterns"] = pd.concat(patterns, ignore_index=True)
    tests = [_tell(result, by_person, "r", 0.0, "r")]
    result.figures["decoding"] = decoding_scores(by_person, "r", chance=0.0)
    _map_pattern(result, models.model.name, study.noun)
    if told:
        name = "attention" if rival == "partner" else "match_mismatch"
        tests += _add_segments(result, pd.DataFrame(told), name, models)
    result.tables["decoding_tests"] = pd.concat(tests, ignore_index=True)
    _few(result, len(people))
    return result


def _same_layer(partner: Representation, layer: int) -> int:
    """The partner's layer that a layer's reconstruction is held against: that of the same number, or its only one.

    Raises:
        BrainalignError: It has others alone.
    """
    if layer in partner.layers:
        return layer
    if len(partner.layers) == 1:
        return partner.layers[0]
    raise BrainalignError(
        f"analysis.rival holds layer {layer} against the same layer of {partner.name}, which has {partner.layers} alone; give both "
        "the same layers (model.layers, partner.layers), or the partner one."
    )


def planned(study: Study, widths: Sequence[int]) -> list[FitPlan]:
    """The fits of each participant and layer.

    Args:
        study: Data, folds and window.
        widths: Dimensions decoded of each layer.
    """
    found = []
    for who in listeners(study, []):
        for width in widths:
            empty = {s: np.zeros((grid.n, width)) for s, grid in study.responses.grids.items()}
            found.append(_plan(study, who, who.design(study, empty), len(who.channels), len(study.lags)))
    return found


def _plan(study: Study, who: Listener, design: Design, channels: int, lags: int) -> FitPlan:
    kept = None if study.components is None else [min(about(who.brain, study.components), channels)]
    return plan_fit(design, channels, lags, len(study.alphas), study.arithmetic, study.search, kept=kept)


def _fit(study: Study, who: Listener, design: Design) -> OuterScores:
    """Nested backward model, alpha of each dimension by inner folds."""
    check_fits(
        lambda d, n: _plan(study, who, design, d, n),
        len(who.channels),
        len(study.lags),
        "dimensions",
        "analysis.components",
    )
    lags, name = after(study), f"channels of {who.subject}"

    def make() -> OuterScores:
        return fit_outer(design, who.brain, lags, study.alphas, study.arithmetic, study.search, True, study.components)

    scores = make() if study.store is None else study.store.fit(_key(study, who, design), name, make)
    study.count(name, scores)
    return scores


def _key(study: Study, who: Listener, design: Design) -> str:
    """Of a participant's backward model in the store of fits."""
    return study.key(identity=["backward", design, who.brain], lags=after(study))


def _by_dimension(scores: OuterScores, channels: int, components: bool) -> pd.DataFrame:
    """One row a dimension: scores as means over the outer folds, alpha as their geometric mean."""
    n = scores.r.shape[1]
    return pd.DataFrame(
        {
            "dimension": [f"component {i + 1}" if components else str(i) for i in range(n)],
            "r": over_folds(scores.r), "r2": over_folds(scores.r2), "alpha": np.exp(over_folds(np.log(scores.alpha))),
            "n_frames": scores.n, "n_channels": channels,
        }
    )  # fmt: skip


def _patterns(study: Study, who: Listener, design: Design, scores: OuterScores) -> pd.DataFrame:
    """A row a channel and lag: the pattern in deviations of the channel per deviation of the reconstruction, mean over the folds.

    Of a single dimension with its sign; of several the root mean square.
    """
    found = []
    for fold, weights in enumerate(scores.weights):
        if not np.isfinite(weights).all():
            continue
        training = np.array(design.split.training(fold))
        rows = [
            (np.isin(segments, training) & whole)[:, None]
            for segments, whole in zip(design.split.segments, who.whole, strict=True)
        ]
        mean, sd = scores.scales[fold][0]
        z = [(v - mean) / sd * ~np.isnan(v) for v in who.brain.values()]
        lags, w = after(study), weights.astype(np.float64)
        pattern = patterns_of(z, w, lags, rows, jointly=True)
        deviation = _deviation(z, w, lags, rows)
        found.append(pattern * deviation)
    values: NDArray[np.float64] = np.mean(found, axis=0) if found else np.full(scores.weights[0].shape, np.nan)
    shown = values[:, :, 0] if values.shape[2] == 1 else np.sqrt((values**2).mean(axis=2))
    wanted = [c for c in ("subject", "electrode", "region", "hemisphere", "x", "y", "z", SENSOR) if c in who.channels]
    parts = [
        who.channels[wanted].assign(lag_s=-lag / study.frame_rate, pattern=shown[k])
        for k, lag in reversed(list(enumerate(after(study).tolist())))
    ]
    return pd.concat(parts, ignore_index=True)


def _deviation(
    z: Sequence[NDArray[Any]], w: NDArray[np.float64], lags: NDArray[np.int64], rows: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """(k,) standard deviation of the reconstruction over the rows."""
    said = np.vstack([convolve(x, w, lags)[keep[:, 0]] for x, keep in zip(z, rows, strict=True)])
    return np.asarray(said.std(axis=0))


def _segments(study: Study, who: Listener, scores: OuterScores, seconds: float) -> list[list[Segment]]:
    """Held-out reconstructions of each outer fold in segments."""
    frames = max(2, round(seconds * study.frame_rate))
    found = []
    for fold, predictions in enumerate(scores.predictions):
        test = np.array(sorted(study.split.folds[fold].test))
        here: list[Segment] = []
        for name, said in predictions.items():
            place = int(name)
            rows = np.isin(study.split.segments[place], test) & who.whole[place] & np.isfinite(said).all(axis=1)
            here += cut(study.stimuli[place], said, rows, frames)
        found.append(here)
    return found


def _tell(result: AnalysisResult, table: pd.DataFrame, score: str, chance: float, label: str) -> pd.DataFrame:
    """Tests of participants' scores against chance, over all models and layers together; metrics and rows of the summary."""
    wide = table.pivot(index="subject", columns=["model", "layer"], values=score)
    wide = wide[list(dict.fromkeys(zip(table["model"], table["layer"], strict=True)))]
    found = sign_flip(wide.to_numpy(dtype=np.float64) - chance)
    rows = []
    for place, (model, layer) in enumerate(wide.columns):
        mean = mean_ci(wide[model, layer].to_numpy(dtype=np.float64))
        rows.append(
            {
                "model": model, "layer": layer, "score": label, "chance": chance, "mean": mean.mean, "low": mean.low, "high": mean.high,
                "n": mean.n, "p_sign_flip": found.p[place], "p_max": found.p_max[place], "smallest_p": found.smallest[place],
            }
        )  # fmt: skip
    tests = pd.DataFrame(rows)
    for model, own in tests.groupby("model", sort=False):
        if len(own) > 1:
            result.metrics[f"{model}/layer/{label}/mean"] = [
                (int(n), float(v)) for n, v in zip(own["layer"], own["mean"], strict=True)
            ]
        if not own["mean"].notna().any():
            continue
        best = own.loc[own["mean"].idxmax()]
        result.metrics |= {f"{model}/{label}/mean": float(best["mean"]), f"{model}/{label}/p_max": float(best["p_max"])}
        which = f", layer {best['layer']}, the highest of {len(own)} (optimistic)" if len(own) > 1 else ""
        interval = ends(best["low"], best["high"])
        above = f"sign-flip p {best['p_max']:.3g}" if best["mean"] > chance else "not above it"
        result.summary.append(
            (
                f"{model}{which}: {label}, {best['n']} participants [95 % CI]",
                f"{best['mean']:.3f}{interval}, chance {chance:g}; {above}",
            )
        )
    return tests


def _add_segments(result: AnalysisResult, told: pd.DataFrame, name: str, models: Models) -> list[pd.DataFrame]:
    """Accuracy on segments: table, tests, figure, and what was left out."""
    result.tables[name] = told
    if told["n"].max() == 0:
        result.warnings.append(
            limits(
                f"No held-out stretch is as long as a segment of {told['segment_s'].iloc[0]:g} s with a rival; shorten analysis.segment.",
                "whether segments can be told by their reconstruction",
            )
        )
        return []
    lost = int(told["left_out"].sum())
    if lost:
        result.warnings.append(
            changes(f"{lost} segments in which a candidate does not vary (silence) cannot be told and are left out.")
        )
    result.figures[name] = decoding_scores(told, "accuracy", chance=CHANCE)
    return [_tell(result, told, "accuracy", CHANCE, "accuracy")]


def _map_pattern(result: AnalysisResult, model: str, noun: str) -> None:
    """The pattern of the layer that is read best: on the head where MNE knows EEG or MEG sensors, else on the brain by coordinates."""
    scores = result.tables["decoding_participants"].query("model == @model").groupby("layer")["r"].mean()
    table = result.tables["decoding_patterns"]
    if not scores.notna().any():
        return
    own = table[(table["model"] == model) & (table["layer"] == scores.idxmax())]
    if on_scalp(own):
        result.figures["pattern"] = pattern_topography(own)
    elif located(own).any():
        keys = ["model", "subject", "electrode", "region", "x", "y", "z"]
        strength = (
            own.assign(pattern=own["pattern"] ** 2).groupby(keys, sort=False, dropna=False)["pattern"].mean() ** 0.5
        )
        figure, caption = brain_map(strength.reset_index(), "pattern", noun=noun)
        result.figures["pattern"] = figure, f"{caption} The pattern is the root mean square over lags."


def _few(result: AnalysisResult, people: int) -> None:
    """What so few participants cannot show; and what was found, in a sentence."""
    smallest = 2 / 2**people
    if smallest >= LEVEL:
        result.warnings.append(
            limits(
                f"With {count(people, 'participant')} a sign-flip test cannot fall below p = {smallest:.2g}.",
                "that features can be read from other participants' brains, as so few cannot make it significant",
            )
        )
    result.found = "; ".join(f"{what.split(' [95')[0]} {value}" for what, value in result.summary) + "."
