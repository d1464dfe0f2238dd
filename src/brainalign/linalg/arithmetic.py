"""Where and in which precision systems are solved; the precision is decided from the matrix, never by hope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.errors import BrainalignError, nearest

if TYPE_CHECKING:
    import torch

SAFE_LOSS = 1e-3
"""Largest ``eps32 * condition`` at which float32 is used: weights then keep three digits in the worst direction, and
scores, which the well-determined directions make, agree with float64 to 1e-4 (tested)."""


@dataclass(frozen=True)
class Arithmetic:
    """Device and precision of the solvers.

    Attributes:
        device: ``cpu``, ``cuda`` or ``auto`` (cuda where there is one).
        dtype: ``float64``, or ``float32`` where the conditioning allows it and float64 elsewhere.

    Raises:
        BrainalignError: An unknown device or dtype, or no CUDA device where one was asked for.
    """

    device: str = "cpu"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        for key, value, valid in (
            ("device", self.device, ("cpu", "cuda", "auto")),
            ("dtype", self.dtype, ("float32", "float64")),
        ):
            if value not in valid:
                raise BrainalignError(f"{key}={value!r} is unknown; {nearest(value, valid)}")

    def torch_device(self) -> torch.device:
        """The device to compute on."""
        import torch

        if self.device != "cpu" and torch.cuda.is_available():
            return torch.device("cuda")
        if self.device == "cuda":
            raise BrainalignError(
                "device=cuda was asked for, but this machine has no CUDA device; use device=cpu or auto."
            )
        return torch.device("cpu")

    def precision(self, largest: float, alpha: float) -> torch.dtype:
        """float32 only where it was asked for and ``eps32 * (largest eigenvalue + alpha) / alpha`` is small.

        Args:
            largest: Largest eigenvalue of the centred Gram matrix.
            alpha: The penalty, which bounds the smallest eigenvalue from below.
        """
        import torch

        if self.dtype == "float32" and torch.finfo(torch.float32).eps * (largest + alpha) / alpha < SAFE_LOSS:
            return torch.float32
        return torch.float64


def largest_eigenvalue(gram: torch.Tensor, steps: int = 20) -> float:
    """Largest eigenvalue of a positive semidefinite matrix by power iteration from a fixed start.

    Args:
        gram: (p, p) float64.
        steps: Iterations; the Rayleigh quotient is then within a few per cent, enough to choose a precision by.
    """
    import torch

    v = torch.cos(torch.arange(len(gram), dtype=gram.dtype, device=gram.device)) + 1.5
    value = 0.0
    for _ in range(steps):
        v = gram @ (v / v.norm())
        value = float(v.norm())
        if value == 0.0:
            break
    return value
