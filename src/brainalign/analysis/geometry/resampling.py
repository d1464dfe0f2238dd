"""Intervals of a mean over participants for other participants and other stimuli at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainalign.similarity._relation import Matrix

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

DRAWS = 200
"""Resamples of the stimuli behind a standard error."""

PARTICIPANTS = 3
"""From which on a mean over participants has an interval."""


class Interval(NamedTuple):
    """Mean over participants and its 95 % interval.

    Attributes:
        mean: Of the participants.
        low, high: Ends; NaN under PARTICIPANTS participants.
        se_participants, se_stimuli: Standard errors by either source alone.
    """

    mean: float
    low: float
    high: float
    se_participants: float
    se_stimuli: float


def resampled(a: Matrix, b: Matrix, groups: Codes, seed: int) -> Array:
    """Likeness of every two relations with the stimuli drawn anew.

        r(w) = w' S_ab w / sqrt(w' S_aa w  w' S_bb w),   S_ab[g, h]: sum of a_ij b_ij over rows i of stimulus g and j of h

    A stimulus counts w ~ Poisson(1) times, in every relation and for every participant alike. Pairs of rows of one stimulus have no
    part in a relation, so that one which is drawn twice is never compared with itself. Relations are not made anew: how a resample
    moves their centre, ranks or neighbours is of second order.

    Args:
        a: (La, n, n) relations.
        b: (Lb, n, n) on the same rows.
        groups: (n,) stimulus of each row, rows of one together.
        seed: Of the draws.

    Returns:
        (DRAWS, La, Lb); NaN where a draw leaves nothing.
    """
    starts = np.flatnonzero(np.r_[True, np.diff(groups) != 0])
    weights = np.stack([np.random.default_rng([seed, 3, g]).poisson(1.0, DRAWS) for g in groups[starts]]).astype(float)

    def drawn(x: NDArray[np.float32], y: NDArray[np.float32]) -> Array:
        rows = np.add.reduceat(x * y, starts, axis=0, dtype=np.float64)
        blocks = np.add.reduceat(rows, starts, axis=1)
        return np.asarray((weights * (blocks @ weights)).sum(axis=0))

    size_a, size_b = (np.stack([drawn(x, x) for x in side], axis=1) for side in (a, b))
    size = size_a[:, :, None] * size_b[:, None, :]
    joint = np.array([[drawn(x, y) for y in b] for x in a]).transpose(2, 0, 1)
    out = np.full(size.shape, np.nan)
    np.divide(joint, np.sqrt(np.abs(size)), out=out, where=size > 0)
    return out


def interval(values: ArrayLike, draws: ArrayLike) -> Interval:
    """Mean over participants for other participants who hear other stimuli.

        var(mean) = s^2 / P + var_stimuli,   var_stimuli = V_P - (V_1 - V_P) / (P - 1)

    s is the sd of the participants' values, which holds what is a participant's own for these stimuli as well; V_P is the
    variance over resampled stimuli of the participants' mean, V_1 the mean variance of one participant: their difference is that same
    part, which must not count twice (two-factor bootstrap of Schuett et al. 2023, *eLife* 12:e82566, with the participants' part in
    closed form). Student's t with the degrees of freedom of Welch and Satterthwaite.

    Args:
        values: (P,) one a participant.
        draws: (draws, P) with the stimuli drawn anew, the same for all participants; only their spread counts.

    Returns:
        NaN for ends where there are fewer than PARTICIPANTS values.

    Example:
        >>> stimuli = np.random.default_rng(0).normal(0, 0.1, size=(200, 1))  # the same for all four
        >>> alone = interval([0.2, 0.3, 0.25, 0.25], np.zeros((200, 4)))
        >>> both = interval([0.2, 0.3, 0.25, 0.25], 0.25 + stimuli + np.zeros((1, 4)))
        >>> round(alone.low, 3), bool(both.low < 0.1)
        (0.185, True)
    """
    from scipy.special import stdtrit

    own, drawn = np.asarray(values, dtype=np.float64), np.asarray(draws, dtype=np.float64)
    people = len(own)
    if people < PARTICIPANTS:
        return Interval(float(own.mean()), np.nan, np.nan, np.nan, np.nan)
    participants = own.var(ddof=1) / people
    whole, single = np.nanvar(drawn.mean(axis=1), ddof=1), np.nanvar(drawn, axis=0, ddof=1).mean()
    stimuli = max(0.0, whole - max(0.0, single - whole) / (people - 1))
    total = participants + stimuli
    freedom = total**2 / (participants**2 / (people - 1) + stimuli**2 / (len(drawn) - 1)) if total > 0 else people - 1
    half = float(stdtrit(freedom, 0.975) * np.sqrt(total))
    mean = float(own.mean())
    return Interval(mean, mean - half, mean + half, float(np.sqrt(participants)), float(np.sqrt(stimuli)))
