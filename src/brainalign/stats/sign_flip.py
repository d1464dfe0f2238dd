"""Exact sign-flip tests of participants' mean differences, with the maximum statistic over a family."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXACT = 16
"""Participants up to which all 2^S flips are made."""
DRAWS = 50_000
"""Flips beyond that, the observed signs and random ones."""
BLOCK = 4096
"""Flips that are made at once, at most."""
HELD = 20_000_000
"""Statistics of flips that are held at once."""
TIE = 1e-10
"""Difference of two statistics (of 1 at most) that is rounding."""


@dataclass(frozen=True)
class SignFlip:
    """What a family of sign-flip tests gives, each (tests,).

    Attributes:
        p: Of each test alone.
        p_max: Corrected over the family by the maximum statistic.
        n: Participants of each test.
        smallest: The smallest p that so many participants can give: ``2 / 2^n`` (of one side ``1 / 2^n``), or 1 / DRAWS where flips
            are drawn.
        exact: Whether all flips were made.
    """

    p: Array
    p_max: Array
    n: NDArray[np.int64]
    smallest: Array
    exact: bool


def sign_flip(differences: Array, seed: int = 0, side: str = "both") -> SignFlip:
    """Sign-flip tests of mean 0: under the null each participant's differences are as likely as their negatives.

        p = share of flips f with |t(f d)| >= |t(d)|,   p_max = share of flips with max_j |t_j(f d)| >= |t(d)|

    A participant flips in all tests of the family at once, so that the maximum keeps the dependence between tests
    (Westfall and Young 1993). t of tests with different numbers of participants are brought to one scale before the maximum is
    taken, by Student's distribution with their degrees of freedom: a region with two alike participants would have the largest
    t at every other flip, and no test of the family could ever reach a level. Exact where the differences are symmetric.

    Args:
        differences: (participants, tests); NaN where a participant has no part in a test.
        seed: Of the flips beyond 16 participants.
        side: ``both``, or ``above``: t itself in place of its size.

    Returns:
        NaN for a test of fewer than two participants, or whose differences are all 0.

    Example:
        >>> found = sign_flip(np.array([[1.0], [2.0], [1.5], [0.5]]))
        >>> float(found.p[0]), float(found.smallest[0])
        (0.125, 0.125)
    """
    d = np.asarray(differences, dtype=np.float64)
    known = np.isfinite(d)
    n = known.sum(axis=0)
    filled = np.where(known, d, 0.0)
    scale = np.abs(filled).max(axis=0, initial=0.0)
    usable = (n >= 2) & (scale > 0)
    part = filled[:, usable] / scale[usable]
    # sum / sqrt(n x sum of squares), in [-1, 1]: t rises with it, and no flip changes what it is divided by.
    part /= np.sqrt(n[usable] * (part**2).sum(axis=0))
    observed = part.sum(axis=0) - TIE if side == "above" else np.abs(part.sum(axis=0)) - TIE
    chance = _student(observed, n[usable])
    flips, alone, family = 0, np.zeros(len(observed)), np.zeros(len(observed))
    for signs in _signs(len(d), seed, max(1, min(BLOCK, HELD // max(len(observed), 1)))):
        signed = signs @ part
        for size in (signed, -signed) if side == "above" else (np.abs(signed),):
            least = np.full(len(signs), np.inf)
            for m in np.unique(n[usable]):
                least = np.minimum(least, _student(size[:, n[usable] == m].max(axis=1), m))
            alone += (size >= observed).sum(axis=0)
            # by the order of the largest of each flip, as there may be many tests and many flips
            family += np.searchsorted(np.sort(least), chance, side="right")
            flips += len(signs)
    exact, least_p = len(d) <= EXACT, (1.0 if side == "above" else 2.0) / 2.0 ** n[usable]
    columns = np.full((3, d.shape[1]), np.nan)
    columns[:, usable] = alone / flips, family / flips, np.maximum(least_p, 0.0 if exact else 1 / DRAWS)
    return SignFlip(columns[0], columns[1], n, columns[2], exact)


def _signs(participants: int, seed: int, block: int = BLOCK) -> Iterator[Array]:
    """(flips, participants) signs in blocks, the observed ones first; of a flip and its negative, which are alike, one."""
    if participants <= EXACT:
        codes = np.arange(2 ** max(participants - 1, 0))
        bits = (codes[:, None] >> np.arange(participants)) & 1
    else:
        bits = np.random.default_rng(seed).integers(0, 2, size=(DRAWS, participants))
        bits[0] = 0
    for start in range(0, len(bits), block):
        yield np.where(bits[start : start + block], -1.0, 1.0)


def _student(size: Array, n: NDArray[np.int64] | np.int64) -> Array:
    """Two-sided p of the t behind a statistic in [0, 1] under Student's distribution: one scale for any n; above 1 where it is negative."""
    from scipy.special import stdtr

    with np.errstate(divide="ignore"):
        t = size * np.sqrt((n - 1) / np.maximum(1.0 - size**2, 0.0))
    return np.asarray(2.0 * stdtr(n - 1, -t))
