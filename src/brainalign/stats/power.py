"""The chance that a named test finds an effect: many data sets drawn at the level of scores, and every test on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from brainalign.stats.sign_flip import sign_flip

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """What an electrode's value (a difference of two scores, or a part of one) is made of, beside the effect.

        value(s, e) = effect * gain(k) + bias + u(s) + w(s, e) + residual(j)

    u ~ N(0, between^2) of a participant, w ~ N(0, within^2) of an electrode; gain and residual are those of electrodes k and j of
    pilots, drawn at random, so that neither need be normal.

    Attributes:
        gain: (k,) how strongly an effect shows at single electrodes; its mean is 1.
        residual: (j,) noise of an estimated value where there is no effect; its mean is 0.
        between: SD between participants.
        within: SD between electrodes of a participant, beyond gain and residual.
        bias: Of the estimated value where there is no effect.
    """

    gain: Array
    residual: Array
    between: float = 0.0
    within: float = 0.0
    bias: float = 0.0

    def draw(self, effect: float, shape: tuple[int, int, int], rng: np.random.Generator) -> Array:
        """Values of many data sets.

        Args:
            effect: Mean of the true values.
            shape: Data sets, participants, electrodes of each.
            rng: Of the draws.

        Returns:
            Of that shape.
        """
        values = effect * rng.choice(self.gain, shape) + rng.choice(self.residual, shape) + self.bias
        values += self.between * rng.standard_normal((*shape[:2], 1))
        return np.asarray(values + self.within * rng.standard_normal(shape))


def p_values(values: Array) -> dict[str, Array]:
    """Two-sided p of a mean of 0 under each named test of :func:`brainalign.stats.compare`, for many data sets at once.

    Every participant has equally many electrodes and there is one region. REML of the mixed model ``value ~ 1 + (1 | participant)``
    then has a closed form (Searle, Casella and McCulloch 1992): with the mean squares B between and W within participants,
    ``var(mean) = B / (S E)`` where B > W, else the variance between participants is 0 and ``var(mean) = SS / ((S E - 1) S E)``.

    Args:
        values: (data sets, participants S, electrodes E).

    Returns:
        Test -> (data sets,): ``sign_flip``, ``mixed``, ``paired_t`` (pooled electrodes).

    Example:
        >>> values = np.random.default_rng(0).normal(1.0, 0.5, size=(2, 6, 4))
        >>> {test: p.shape for test, p in p_values(values).items()}
        {'sign_flip': (2,), 'mixed': (2,), 'paired_t': (2,)}
    """
    _, people, electrodes = values.shape
    n = people * electrodes
    means = values.mean(axis=2)
    mean = means.mean(axis=1)
    between = electrodes * ((means - mean[:, None]) ** 2).sum(axis=1)
    within = ((values - means[:, :, None]) ** 2).sum(axis=(1, 2))
    whole = (between + within) / (n - 1)
    ms_between, ms_within = between / (people - 1), within / max(n - people, 1)
    mixed = np.where(ms_between > ms_within, ms_between, whole)
    return {
        "sign_flip": sign_flip(means.T).p,
        "mixed": _student(mean, mixed / n, people - 1),
        "paired_t": _student(mean, whole / n, n - 1),
    }


def _student(mean: Array, variance: Array, df: int) -> Array:
    return np.asarray(2.0 * stdtr(df, -np.abs(mean) / np.sqrt(variance)))


class Power(NamedTuple):
    """A chance with its binomial interval.

    Attributes:
        power: Share of data sets in which the test finds something.
        low, high: Exact 95 % interval (Clopper and Pearson 1934).
        draws: Data sets.
    """

    power: float
    low: float
    high: float
    draws: int


def rate(hits: int, draws: int) -> Power:
    """A share of cases with its exact binomial interval.

    Args:
        hits: Cases.
        draws: Out of how many.

    Example:
        >>> found = rate(83, 100)
        >>> round(found.low, 2), round(found.high, 2)
        (0.74, 0.9)
    """
    from scipy.stats import binomtest

    interval = binomtest(hits, draws).proportion_ci(0.95)
    return Power(hits / draws, float(interval.low), float(interval.high), draws)


def power_of(
    components: Components,
    effect: float,
    people: int,
    electrodes: int,
    *,
    level: float,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Power]:
    """The chance that each named test calls an effect significant.

    Args:
        components: What values are made of.
        effect: Mean of the true values; at 0 the result is the rate of false positives.
        people: Participants.
        electrodes: Of each.
        level: Of the two-sided test.
        draws: Data sets.
        rng: Of the draws.

    Returns:
        Test -> its chance.

    Example:
        >>> noise = np.random.default_rng(1).normal(0, 0.05, 500)
        >>> parts = Components(np.ones(500), noise - noise.mean(), between=0.01)
        >>> found = power_of(parts, 0.02, 10, 20, level=0.05, draws=400, rng=np.random.default_rng(0))
        >>> found["sign_flip"].power > 0.9
        True
    """
    p = p_values(components.draw(effect, (draws, people, electrodes), rng))
    return {test: rate(int((own < level).sum()), draws) for test, own in p.items()}
