"""Coverage of every interval that a run prints, on simulated scores whose population is known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.controls.table import share_of
from brainalign.analysis.latency.run import enough
from brainalign.analysis.validation.finding import Finding, rate
from brainalign.analysis.validation.side_by_side import each
from brainalign.data.sync.sound import drift_of
from brainalign.data.types import Presentation, Recording
from brainalign.stats import compare, electrodes_ci, mean_ci, ratio_ci
from brainalign.stats.abx import relate, wilson
from brainalign.stats.onset_response import onset_response
from brainalign.stats.peaks import peak
from brainalign.stats.power import rate as power_rate

Array = NDArray[np.float64]

LEVEL = 0.95
STUDENT = 0.93
"""Coverage that Student's interval over a jackknife must not fall below: unequal numbers of electrodes cost it a little."""
BOOTSTRAP = 0.9
"""And a percentile bootstrap's."""
CLOCK = 0.98
"""And that of a drift, which is a 99 % interval."""


class Cohort(NamedTuple):
    """Scores of electrodes of participants who differ.

    Attributes:
        subjects: (n,).
        score: (n,) of a model; the population's mean is .2.
        control: (n,) of a control that reaches half of it in the population.
        own: (n,) mean of the electrode's participant.
    """

    subjects: list[str]
    score: Array
    control: Array
    own: Array


def cohort(rng: np.random.Generator, people: int, sd: float = 0.05) -> Cohort:
    """Four to twenty electrodes a participant; participants and electrodes each differ with this deviation.

    Args:
        rng: Of all.
        people: Participants.
        sd: Of each.
    """
    who = np.repeat(np.arange(people), rng.integers(4, 21, people))
    own = 0.2 + sd * rng.normal(size=people)[who]
    score = own + sd * rng.normal(size=len(who))
    control = (0.5 + 0.1 * rng.normal(size=people)[who]) * score + 0.2 * sd * rng.normal(size=len(who))
    return Cohort([f"s{w}" for w in who], score, control, own)


def intervals(sets: int) -> list[Finding]:
    """How often each interval contains what it is about.

    Args:
        sets: Simulated tables behind each rate.
    """
    checks: list[tuple[str, float, Callable[[np.random.Generator], bool]]] = [
        ("mean over electrodes, 3 participants", STUDENT, lambda g: _mean(g, 3)),
        ("mean over electrodes, 8 participants", STUDENT, lambda g: _mean(g, 8)),
        ("mean over electrodes of 2 participants, these electrodes only (of their own population)", STUDENT, _these),
        ("ratio of sums over noise ceilings, 8 participants", STUDENT, lambda g: _ratio(g, 8)),
        ("share that a control reaches, 5 participants", STUDENT, lambda g: _share(g, 5)),
        ("difference of two models, paired t, one electrode a participant", STUDENT, _paired),
        ("difference of two models, mixed model, 8 participants", STUDENT, _mixed),
        ("window that is enough (latency), 8 participants", BOOTSTRAP, _window),
        ("share of right answers (ABX, Wilson), 40 trials", STUDENT, _answers),
        ("correlation with listeners (ABX, bootstrap over 20 contrasts)", BOOTSTRAP, _relation),
        ("difference of two models over participants' means (beside the sign flip), 8 participants", STUDENT, _flipped),
        ("effect size d_z, paired t, one electrode a participant, 8 participants", STUDENT, lambda g: _effect(g, 1)),
        (
            "effect size d_z over participants' means (beside the sign flip), 8 participants",
            STUDENT,
            lambda g: _effect(g, 10),
        ),
        (
            "mean over participants' own means (hierarchy, reconstruction, parts, listeners), 5 participants",
            STUDENT,
            _people,
        ),
        ("mean share of right answers (ABX), 20 contrasts of 15 triplets", STUDENT, _contrasts),
        ("response around the onset, 20 presentations, at one time", STUDENT, _onset),
        ("chance that a test finds an effect (power, Clopper-Pearson), 100 data sets", STUDENT, _chance),
        ("latency of the mean curve's peak (jackknife), 12 participants", STUDENT, _peak),
        ("drift of the clock of sounds, 99 % (Theil-Sen), 30 pieces", CLOCK, _clock),
    ]
    found = []
    for number, (what, least, covers) in enumerate(checks):
        hits = sum(each(partial(_covers, covers, number), range(sets), what))
        found.append(rate("intervals", what, least, hits, sets, "table", side="not below"))
    naive = sum(_naive(np.random.default_rng([seed, 0, 17])) for seed in range(sets))
    what = "mean over electrodes, 8 participants, as if electrodes were independent (must fail; not printed)"
    wrong = rate("intervals", what, 1 - LEVEL, sets - naive, sets, "table", side="above")
    return [*found, wrong]


def _covers(covers: Callable[[np.random.Generator], bool], number: int, seed: int) -> bool:
    return covers(np.random.default_rng([seed, number, 17]))


def _mean(rng: np.random.Generator, people: int) -> bool:
    data = cohort(rng, people)
    ci = electrodes_ci(data.score, data.subjects)
    return ci.low <= 0.2 <= ci.high


def _naive(rng: np.random.Generator) -> bool:
    data = cohort(rng, 8)
    ci = electrodes_ci(data.score, ["one"] * len(data.score))
    return ci.low <= 0.2 <= ci.high


def _these(rng: np.random.Generator) -> bool:
    data = cohort(rng, 2)
    # electrodes are the units: their participants' own means, in these numbers, are what they are drawn from
    ci = electrodes_ci(data.score - data.own, data.subjects)
    return ci.low <= 0 <= ci.high


def _ratio(rng: np.random.Generator, people: int) -> bool:
    data = cohort(rng, people)
    rho = rng.uniform(0.1, 0.5, len(data.score))
    found = ratio_ci(data.score / 0.2 * rho * 0.4, rho, data.subjects)
    return found.low <= 0.4 <= found.high


def _share(rng: np.random.Generator, people: int) -> bool:
    data = cohort(rng, people)
    found = share_of(data.control, data.score, data.subjects)
    return found.low <= 0.5 <= found.high


def _paired(rng: np.random.Generator) -> bool:
    return _difference(rng, 8, 1, "paired_t")


def _mixed(rng: np.random.Generator) -> bool:
    return _difference(rng, 8, 10, "mixed")


def _difference(rng: np.random.Generator, people: int, each: int, test: str) -> bool:
    row = _tested(rng, people, each, test)
    return bool(row["ci_low"] <= 0.3 <= row["ci_high"])


def _tested(rng: np.random.Generator, people: int, each: int, test: str) -> pd.Series:
    """Two models that differ by .3; participants and electrodes each differ with deviation 1."""
    rows = [
        (f"s{s}", f"e{e}", "A1", model, 0.3 * (model == "a") + shift * (model == "a") + rng.normal())
        for s, shift in enumerate(rng.normal(size=people))
        for e in range(each)
        for model in "ab"
    ]
    table = pd.DataFrame(rows, columns=["subject", "electrode", "region", "model", "r"])
    return compare(table, [("a", "b")], regions=["A1"], family="one", tests=[test], primary=test).iloc[0]


def _flipped(rng: np.random.Generator) -> bool:
    return _difference(rng, 8, 10, "sign_flip")


def _effect(rng: np.random.Generator, each: int) -> bool:
    row = _tested(rng, 8, each, "paired_t" if each == 1 else "sign_flip")
    return bool(row["effect_low"] <= 0.3 / np.sqrt(1 + 2 / each) <= row["effect_high"])


def _people(rng: np.random.Generator) -> bool:
    data = cohort(rng, 5)
    ci = mean_ci(pd.Series(data.score).groupby(data.subjects).mean())
    return ci.low <= 0.2 <= ci.high


def _contrasts(rng: np.random.Generator) -> bool:
    ci = mean_ci(rng.binomial(15, rng.beta(8, 2, 20)) / 15)
    return ci.low <= 0.8 <= ci.high


def _onset(rng: np.random.Generator) -> bool:
    channels = pd.DataFrame(
        {"subject": "s", "electrode": ["a", "b"], "region": "A1", "hemisphere": "L", "x": 0.0, "y": 0.0, "z": 0.0}
    )
    heard = [Presentation(f"s{k}", 0, 0.3 + rng.normal() + rng.normal(size=(1, 2)), 50.0, 0.0) for k in range(20)]
    row = onset_response(Recording("s", channels, heard), before=0.0, after=0.0).iloc[0]
    return bool(row["low"] <= 0.3 <= row["high"])


def _chance(rng: np.random.Generator) -> bool:
    found = power_rate(int(rng.binomial(100, 0.8)), 100)
    return found.low <= 0.8 <= found.high


def _peak(rng: np.random.Generator) -> bool:
    times = np.arange(40) / 100
    where = 0.15 + 0.01 * rng.normal(size=12)
    noise = np.array([np.convolve(v, np.hanning(7), "same") for v in rng.normal(size=(12, 40))])
    latency, _ = peak(np.exp(-(((times - where[:, None]) / 0.06) ** 2)) + 0.1 * noise, times, window=(0.05, 0.3))
    return latency.low <= 0.15 <= latency.high


def _clock(rng: np.random.Generator) -> bool:
    times = np.sort(rng.uniform(0, 600, 30))
    pieces = pd.DataFrame({"time": times, "offset": 0.1 + 1e-4 * times + 0.005 * rng.normal(size=30)})
    _, low, high = drift_of(pieces)
    return low <= 1e-4 <= high


def _window(rng: np.random.Generator) -> bool:
    lengths = np.arange(10) / 50
    rows = []
    for s, level in enumerate(0.2 + 0.04 * rng.normal(size=8)):
        for e in range(5):
            curve = level * np.minimum(lengths / 0.1, 1.0) + 0.002 * rng.normal(size=10)
            rows += [(f"s{s}", f"e{e}", w, value) for w, value in zip(lengths, curve, strict=True)]
    table = pd.DataFrame(rows, columns=["subject", "electrode", "window_s", "r"])
    _, low, high = enough(table, "r", rng)
    return low <= 0.1 <= high


def _answers(rng: np.random.Generator) -> bool:
    low, high = wilson(float(rng.binomial(40, 0.8)), 40)
    return low <= 0.8 <= high


def _relation(rng: np.random.Generator) -> bool:
    strata = np.repeat(np.arange(20), 15)
    y = rng.normal(size=300)
    x = 0.5 * y + np.sqrt(0.75) * rng.normal(size=300)
    found = relate(x[:, None], y, strata, draws=200, permutations=0, seed=int(rng.integers(2**31)))
    return bool(found["low"][0] <= 0.5 <= found["high"][0])
