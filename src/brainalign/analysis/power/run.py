"""From pilots to curves: how often each named test would find an effect of the given size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from brainalign.analysis.power.pilot import BETWEEN, NOISE, WORSE, Spread, Values, components_of, pipeline, spread_of
from brainalign.analysis.power.words import EFFECTS, NAMES, numbers_of, sentences_on
from brainalign.analysis.validation.listening import Bench
from brainalign.errors import BrainalignError
from brainalign.figures import power_curves
from brainalign.notes import changes, limits
from brainalign.progress import track
from brainalign.stats.power import Components, Power, p_values, power_of, rate
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study

FEWER = (1, 2, 3, 5, 8, 12)
"""Numbers of electrodes that the check may do with."""

UNLIKELY = 0.001
"""Two-sided binomial p of the pipeline's own hits, given the predicted power, below which the two do not agree."""


def power(
    study: Study,
    models: Models,
    *,
    difference: float | None,
    shared: float | None,
    participant_sd: float,
    electrode_sd: float,
    participants: Sequence[int],
    sentences: Sequence[int],
    level: float,
    tests: int,
    draws: int,
    sets: int,
    check: int,
) -> AnalysisResult:
    """Power of the named tests, by number of participants and of sentences, for the design that ``data`` describes.

    ``sets`` simulated data sets of each number of sentences go through the whole pipeline with two models that do not differ (or share
    nothing), and again with two that do; their electrodes give the noise of an estimated value, and how an effect varies over electrodes
    (:func:`components_of`). Many data sets are then drawn at the level of scores, with the effect and the true spread that the user
    states, and each gets every test (:func:`power_of`). ``check`` more
    data sets with an effect of another size go through the pipeline and the tests themselves, to be held against what was predicted.

    Args:
        study: Its simulated data set is the design: participants, electrodes, sentences, repeats, ceilings; its window,
            folds, penalties and score are used.
        models: Not used.
        difference: Of two models' mean scores, to be found; None = not asked.
        shared: Mean variance that two models share, to be found; None = not asked.
        participant_sd: SD of the true effect between participants.
        electrode_sd: SD of the true effect between electrodes of a participant, beyond that of the planted one.
        participants: Numbers of participants of the curves, beside the design's own.
        sentences: Numbers of sentences of the curves, beside the design's own; each costs twice ``sets`` pilots.
        level: Of the two-sided tests.
        tests: Size of the declared family; the level is divided by it (Bonferroni).
        draws: Data sets at the level of scores.
        sets: Pilots of each number of sentences without an effect, and with one.
        check: Data sets with a planted effect that go through the whole pipeline; 0 = none.

    Returns:
        Tables power (one row an effect, size, design and test; size 0 gives false positives), components and, with ``check``, power_check;
        the figure of curves; sentences.

    Raises:
        BrainalignError: The data are not simulated.
    """
    settings = study.dataset.settings
    if settings is None:
        raise BrainalignError(
            f"analysis=power simulates, but data set {study.dataset.name!r} is not simulated; use data=simulated with your own numbers, "
            "such as data.subjects=10 data.electrodes=20 data.sentences=150."
        )
    if settings["subjects"] < 2:
        raise BrainalignError("data.subjects=1 leaves no power to reckon with: every test here needs 2 or more.")
    effects = {name: size for name, size in (("difference", difference), ("shared", shared)) if size is not None}
    people = sorted({*participants, int(settings["subjects"])})
    heard = sorted({*sentences, int(settings["sentences"])})
    least = max(int(settings["repeated"]), study.outer_folds)
    if heard[0] < least:
        raise BrainalignError(
            f"analysis.sentences={list(sentences)} holds {heard[0]}, but data.repeated and encoding.outer_folds need at least {least}."
        )
    result, rows, parts, checks = AnalysisResult(), [], [], []
    bench = Bench(study)
    try:
        for effect, size in effects.items():
            for number in track(heard, f"power: {effect}"):
                design = {**settings, "sentences": number}
                first = int(settings["seed"]) + 1
                kinds = {
                    kind: [pipeline(bench, design, effect, first + k, worse) for k in range(sets)]
                    for kind, worse in (("null", NOISE), ("planted", WORSE))
                }
                spreads = {kind: spread_of(pilots) for kind, pilots in kinds.items()}
                parts += [_component_row(effect, number, kind, own) for kind, own in spreads.items()]
                found = components_of(spreads["null"], spreads["planted"], biased=effect == "shared")
                assumed = replace(found, between=float(np.hypot(found.between, participant_sd)), within=electrode_sd)
                for n in people:
                    rows += _curve(assumed, effect, size, n, design, level / tests, draws, study.seed)
                if check and number == settings["sentences"]:
                    whole = [pipeline(bench, design, effect, first + sets + k, BETWEEN) for k in range(check)]
                    checks += _checked(whole, found, effect, level / tests, draws, study.seed)
    finally:
        bench.close()
    table = pd.DataFrame(rows)
    result.tables |= {"power": table, "components": pd.DataFrame(parts)}
    if checks:
        result.tables["power_check"] = pd.DataFrame(checks)
    own = numbers_of(settings)
    _add_metrics(result, table, settings)
    result.summary += sentences_on(
        table, settings, own, tests=tests, level=level, spread=(participant_sd, electrode_sd)
    )
    _warn(result, settings, level, tests, people)
    result.figures["power_curves"] = power_curves(
        table, participants=int(settings["subjects"]), sentences=int(settings["sentences"]), level=level / tests
    )
    return result


def _component_row(effect: str, sentences: int, pilots: str, found: Spread) -> dict[str, Any]:
    return {
        "effect": effect, "sentences": sentences, "pilots": pilots, "mean": found.mean, "sd_electrode": found.electrode,
        "sd_participant": found.participant, "sd_data_set": found.data_set, "electrodes": found.residual.size,
    }  # fmt: skip


def _curve(
    parts: Components,
    effect: str,
    size: float,
    people: int,
    design: Mapping[str, Any],
    level: float,
    draws: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Both sizes, none and the given one, of one design."""
    rows: list[dict[str, Any]] = []
    for k, true in enumerate((0.0, size)):
        rng = np.random.default_rng([seed, 21, people, int(design["sentences"]), k])
        found = power_of(parts, true, people, int(design["electrodes"]), level=level, draws=draws, rng=rng)
        rows += [
            {
                "effect": effect, "size": true, "participants": people, "electrodes": design["electrodes"],
                "sentences": design["sentences"], "test": test, **own._asdict(),
            }
            for test, own in found.items()
        ]  # fmt: skip
    return rows


def _checked(
    planted: Sequence[Values], parts: Components, effect: str, level: float, draws: int, seed: int
) -> list[dict[str, Any]]:
    """What the tests found in whole simulated studies, beside what the components predict at the effect that these have on average.

    Half of the participants and all of them, each with as many electrodes (drawn at random) as bring the predicted power of the mixed
    model nearest to one half: where nearly all or nearly no data sets give a small p, any prediction would agree.
    """
    from scipy.stats import binomtest

    values = np.stack(planted)
    _, whole, electrodes = values.shape
    size, rows = float(values.mean()), []
    for people in sorted({max(2, whole // 2), whole}):
        rng = np.random.default_rng([seed, 22, people])
        chances = {
            n: power_of(parts, size - parts.bias, people, n, level=level, draws=draws, rng=rng)
            for n in sorted({electrodes, *(n for n in FEWER if n < electrodes)})
        }
        chosen = min(chances, key=lambda n: abs(chances[n]["mixed"].power - 0.5))
        order = rng.permuted(np.broadcast_to(np.arange(electrodes), (len(values), people, electrodes)), axis=2)
        some = np.take_along_axis(values[:, :people], order[:, :, :chosen], axis=2)
        for test, p in p_values(some).items():
            hits, predicted = int((p < level).sum()), chances[chosen][test].power
            found: Power = rate(hits, len(values))
            agreement = float(binomtest(hits, len(values), predicted).pvalue)
            rows.append({
                "effect": effect, "size": size, "participants": people, "electrodes": chosen, "test": test, "predicted": predicted,
                "found": found.power, "low": found.low, "high": found.high, "data_sets": len(values), "p": agreement,
                "agrees": agreement > UNLIKELY,
            })  # fmt: skip
    return rows


def _add_metrics(result: AnalysisResult, table: pd.DataFrame, settings: Mapping[str, Any]) -> None:
    """``power/<effect>/<test>`` at the design's own numbers, false positives, and the curve over participants."""
    mine = table[table["sentences"] == settings["sentences"]]
    for (effect, test), own in mine.groupby(["effect", "test"], sort=False):
        for name, rows in (("", own[own["size"] > 0]), ("/false_positives", own[own["size"] == 0])):
            here = rows[rows["participants"] == settings["subjects"]]
            result.metrics[f"power/{effect}/{test}{name}"] = float(here["power"].iloc[0])
            result.metrics[f"power/{effect}/{test}{name}/participants"] = [
                (int(n), float(p)) for n, p in zip(rows["participants"], rows["power"], strict=True)
            ]


def _warn(result: AnalysisResult, settings: Mapping[str, Any], level: float, tests: int, people: Sequence[int]) -> None:
    """Tests that cannot reach their level, that do not keep it, and predictions that do not hold."""
    from scipy.stats import binomtest

    own = level / tests
    few = [n for n in people if 2 / 2**n >= own]
    if few:
        result.warnings.append(
            limits(
                f"Sign-flip over {' or '.join(map(str, few))} participants cannot reach {own:g}: its smallest p is 2/2^n; its power "
                "there is 0 whatever the effect.",
            )
        )
    table = result.tables["power"]
    home = (table["participants"] == settings["subjects"]) & (table["sentences"] == settings["sentences"])
    for row in table[home & (table["size"] == 0)].itertuples():
        if binomtest(round(row.power * row.draws), row.draws, own, alternative="greater").pvalue < UNLIKELY:
            name = NAMES[row.test]
            result.warnings.append(
                limits(
                    f"{name[0].upper()}{name[1:]} calls {row.power:.0%} of data sets without any "
                    f"{EFFECTS[row.effect]} significant at {own:g}: "
                    "what it finds is no evidence, and its power means nothing.",
                )
            )
    if "power_check" in result.tables:
        off = result.tables["power_check"].query("not agrees")
        for row in off.itertuples():
            result.warnings.append(
                changes(
                    f"The check disagrees: in {row.found:.0%} of whole simulated studies with {row.participants} participants "
                    f"{NAMES[row.test]} finds the {EFFECTS[row.effect]}, where {row.predicted:.0%} was predicted.",
                )
            )
    result.warnings.append(
        limits(
            "Power is that of simulated listeners: stimuli count as fixed (nothing is said of other sentences), "
            "and analysis.participant_sd "
            "and analysis.electrode_sd are assumptions of yours, not results.",
        )
    )
