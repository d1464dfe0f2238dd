"""Boosting: how weights are grown, without what grows them, so that a config may be read at once."""

from __future__ import annotations

from dataclasses import dataclass

from brainalign.errors import BrainalignError, one_of


@dataclass(frozen=True)
class Boosting:
    """How weights are grown.

    Attributes:
        error: ``l2``, the sum of squares, or ``l1``, of absolute errors.
        delta: A step, in units of the standardised responses over the standardised features.
        mindelta: Where no step lowers the training error any more, steps are halved down to this; None = ``delta``, never.
        selective_stopping: 0 = all stop once the held-out error rises; n = a feature stops at its n-th rise, and the others go on.

    Raises:
        BrainalignError: An error of another name, or numbers out of range.
    """

    error: str = "l2"
    delta: float = 0.005
    mindelta: float | None = None
    selective_stopping: int = 0

    def __post_init__(self) -> None:
        one_of("error", self.error, ("l1", "l2"))
        if not 0 < self.delta < 1:
            raise BrainalignError(f"delta={self.delta} must be above 0 and below 1: a step in standard deviations.")
        if self.mindelta is not None and not 0 < self.mindelta <= self.delta:
            raise BrainalignError(f"mindelta={self.mindelta} must be above 0 and at most delta={self.delta}.")
        if self.selective_stopping < 0:
            raise BrainalignError(f"selective_stopping={self.selective_stopping} must be a whole number of at least 0.")
