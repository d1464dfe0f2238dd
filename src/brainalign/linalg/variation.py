"""Whether responses vary at all: one relative test for every score, so that neither a unit nor an offset decides it."""

from __future__ import annotations

from typing import Any

FLAT = 1e-6
"""Share of the training rows' variance up to which rows are flat: an amplifier that is off, or a channel filled up with a number."""
CANCELLED = 1e-12
"""Share of the mean square up to which a variance that was computed as a difference is rounding."""
CENTRED = 1e-24
"""The same for a variance of values that were centred first."""


def varies(variance: Any, square: Any, reference: Any = 0.0, rounding: float = CANCELLED) -> Any:
    """Whether rows vary: beyond rounding, and beyond a thousandth of the standard deviation of the rows that they are held against.

    Rows that do not have no score: their R2 is a division by next to nothing, and one such fold would rule every mean and choice.

    Args:
        variance: Of the rows; any shape, NumPy or PyTorch.
        square: Mean square of the rows as they came.
        reference: Variance of the rows that a fit was trained on; 0 where there are none to compare with.
        rounding: ``CANCELLED`` or ``CENTRED``, by how the variance was computed.

    Returns:
        False where a variance is not known (NaN).

    Example:
        >>> varies(1e-30, 1e-30), varies(1e-17, 1e-2), varies(1e-9, 1e-9, reference=1.0)
        (True, False, False)
    """
    return (variance > rounding * square) & (variance > FLAT * reference)
