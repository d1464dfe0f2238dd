"""Exact sign-flip tests of participants' mean differences, with the maximum statistic over a family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXACT = 16
"""Participants up to which all 2^S flips are made."""
DRAWS = 50_000
"""Random flips beyond that, the observed signs included."""


@dataclass(frozen=True)
class SignFlip:
    """What a family of sign-flip tests gives, each (tests,).

    Attributes:
        t: Observed one-sample t of the participants' mean differences.
        p: Two-sided, of each test alone.
        p_max: Corrected over the family by the maximum of ``|t|``.
        n: Participants of each test.
        smallest: The smallest p that so many participants can give, ``2 / 2^n``.
        flips: How many flips were made.
    """

    t: Array
    p: Array
    p_max: Array
    n: NDArray[np.int64]
    smallest: Array
    flips: int


def sign_flip(differences: Array, seed: int = 0) -> SignFlip:
    """Two-sided sign-flip tests of mean 0: under the null each participant's difference is as likely as its negative.

        p = share of flips f with |t(f d)| >= |t(d)|,   p_max = share of flips with max_j |t_j(f d)| >= |t(d)|

    All tests of the family share their flips, so that the maximum statistic keeps the dependence between tests
    (Westfall and Young 1993). Exact where the differences are symmetric; all 2^S flips up to S = 16.

    Args:
        differences: (participants, tests); NaN where a participant has no part in a test.
        seed: Of the flips beyond 16 participants.

    Returns:
        NaN for a test of fewer than two participants, or whose differences are all 0.

    Example:
        >>> found = sign_flip(np.array([[1.0], [2.0], [1.5], [0.5]]))
        >>> float(found.p[0]), float(found.smallest[0])
        (0.125, 0.125)
    """
    d = np.asarray(differences, dtype=np.float64)
    subjects = len(d)
    known = np.isfinite(d)
    n = known.sum(axis=0)
    if subjects <= EXACT:
        codes = np.arange(2**subjects)
        signs = 1.0 - 2.0 * ((codes[:, None] >> np.arange(subjects)) & 1)
    else:
        drawn = np.random.default_rng(seed).integers(0, 2, size=(DRAWS - 1, subjects))
        signs = np.vstack([np.ones(subjects), 1.0 - 2.0 * drawn])
    filled = np.where(known, d, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = signs @ filled / n  # the sum of squares is the same under every flip
        spread = np.maximum((filled**2).sum(axis=0) / n - mean**2, 0.0) * n / (n - 1)
        t = mean / np.sqrt(spread / n)
    usable = (n >= 2) & (filled**2).sum(axis=0).astype(bool)
    size = np.where(usable, np.nan_to_num(np.abs(t), nan=0.0, posinf=np.inf), -np.inf)
    reached = size[0] * (1 - 1e-9)
    p = (size >= reached).mean(axis=0)
    p_max = (size.max(axis=1)[:, None] >= reached).mean(axis=0) if size.size else p
    gone = ~usable
    smallest = 2.0 / 2.0 ** np.maximum(n, 1)
    return SignFlip(
        np.where(gone, np.nan, t[0]), np.where(gone, np.nan, p), np.where(gone, np.nan, p_max), n,
        np.where(gone, np.nan, smallest), len(signs),
    )  # fmt: skip
