"""What alpha penalises: the size of the weights (ridge), or their change from lag to lag (Tikhonov)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import EPS64, Arithmetic

if TYPE_CHECKING:
    from torch import Tensor

Penalty = Literal["ridge", "tikhonov"]
PENALTIES: tuple[Penalty, ...] = ("ridge", "tikhonov")

DIGITS = 1e-4
"""Share of a pivot that rounding may be: a smaller pivot is none, and what it stands for is not determined."""


def suited(arithmetic: Arithmetic, penalty: Penalty) -> Arithmetic:
    """The arithmetic that a penalty needs.

    Only ridge has an eigenbasis and a dual (the matrix of differences over lags has no inverse), and only in ridge alpha bounds the
    smallest eigenvalue, which float32 is allowed by.

    Args:
        arithmetic: As asked for.
        penalty: ``ridge`` or ``tikhonov``.

    Raises:
        BrainalignError: A solver that is for ridge alone.
    """
    if penalty == "ridge":
        return arithmetic
    if arithmetic.solver not in ("auto", "cholesky"):
        raise BrainalignError(
            f"solver={arithmetic.solver} is for penalty=ridge; with penalty={penalty} it must be auto or cholesky."
        )
    return replace(arithmetic, dtype="float64", solver="cholesky")


def check_lags(lags: int, penalty: Penalty) -> None:
    """Refuse a penalty on changes over lags where there is one lag.

    Args:
        lags: How many.
        penalty: ``ridge`` or ``tikhonov``.

    Raises:
        BrainalignError: There is nothing to penalise.
    """
    if penalty == "tikhonov" and lags < 2:
        raise BrainalignError(
            "penalty=tikhonov is on the change of weights from one lag to the next, and this fit has one lag (as has a band with a window "
            "of its own, whose lags are features): use penalty=ridge."
        )


@dataclass(frozen=True)
class Smoothness:
    """``K (x) I`` of weights (lags, features): half the squared change of each feature's weight from lag to lag.

        w' (K (x) I) w = 1/2 sum_k ||w(k+1) - w(k)||^2

    It joins the lags of one feature and never two features, so it is the same in every rotation of the features.

    Attributes:
        width: Features (or components) a lag.
        diagonal: (p,) 1, and 1/2 at the first and last lag; more for features that do not vary, whose weights would be free.
        size: A bound of the largest eigenvalue of the matrix that it is added to.
    """

    width: int
    diagonal: Tensor
    size: float

    @classmethod
    def of(cls, lags: int, flat: Tensor, size: float) -> Smoothness:
        """For so many lags.

        Args:
            lags: At least 2.
            flat: (width,) features that do not vary over the rows.
            size: A bound of the matrix's largest eigenvalue.
        """
        diagonal = flat.double().repeat(lags, 1) + 1
        diagonal[[0, -1]] -= 0.5
        return cls(len(flat), diagonal.reshape(-1), size)

    def add(self, corner: Tensor, below: Tensor, tile: slice, alpha: float) -> None:
        """Add alpha times it to a tile of rows.

        Args:
            corner: (t, t) on the diagonal.
            below: (rest, t) under that.
            tile: Its rows.
            alpha: Penalty.
        """
        corner.diagonal().add_(self.diagonal[tile], alpha=alpha)
        for neighbour in (
            corner.diagonal(self.width),
            corner.diagonal(-self.width),
            below.diagonal(len(corner) - self.width),
        ):
            neighbour.sub_(alpha / 2)

    def least(self, alpha: float) -> float:
        """The smallest pivot that rounding leaves ``DIGITS`` of.

        Args:
            alpha: Penalty.
        """
        return EPS64 * (self.size + 2 * alpha) / DIGITS
