"""Where and in which precision systems are solved; the precision is decided from the matrix, never by hope."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from brainalign.errors import BrainalignError, nearest

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
T = TypeVar("T")

SAFE_LOSS = 0.01
"""Largest ``eps32 * condition`` at which float32 is used. Rounding then moves the ill-determined weights as a change of
alpha by that share would. The scores, which the well-determined directions make, moved by less than 1e-4, and by less than 5e-4 where
all of the signal lies along the worst determined directions (both tested); at 0.3 they then moved by 2e-3."""
SAFE_LOSS_EIGH = SAFE_LOSS / 4
"""The same for eigendecompositions: at ``SAFE_LOSS`` scores moved by up to 5e-4 with LAPACK on Intel's processors, by 8e-4 on AMD's."""
LOST = 0.3
"""``eps64 * size / alpha`` from which on a system is refused in float64, too: its rounding is of the size of the penalty."""

AT_ONCE = 1024
"""Electrodes (voxels) solved and scored at a time; a constant, so that the same config gives the same bits."""

HELD = 4096
"""Electrodes beyond which copies of the responses, their products with the features and the weights are not held: they stream, ``AT_ONCE``
electrodes at a time, past one factorisation. A constant, too."""

EPS64 = 2.0**-52
SOLVERS = ("auto", "cholesky", "eigh", "dual", "iterative")

LEAST_AT_ONCE = 64
"""Below this many electrodes at a time a full CUDA device is given up."""


@dataclass(frozen=True)
class Arithmetic:
    """Device and precision of the solvers.

    Attributes:
        device: ``cpu``, ``cuda``, ``mps`` (Apple's GPU for models; solvers stay on the CPU) or ``auto`` (cuda where there is one).
        dtype: ``float64``, or ``float32`` where the conditioning allows it and float64 elsewhere.
        solver: ``auto`` (by counted operations, see ``linalg.method``), ``cholesky``, ``eigh`` or ``dual``; ``iterative`` is auto, but for
            bands, which it solves by conjugate gradients (``linalg.iterated``).

    Raises:
        BrainalignError: An unknown device, dtype or solver, or no such device where one was asked for.
    """

    device: str = "cpu"
    dtype: str = "float64"
    solver: str = "auto"

    def __post_init__(self) -> None:
        for key, value, valid in (
            ("device", self.device, ("cpu", "cuda", "mps", "auto")),
            ("dtype", self.dtype, ("float32", "float64")),
            ("solver", self.solver, SOLVERS),
        ):
            if value not in valid:
                raise BrainalignError(f"{key}={value!r} is unknown; {nearest(value, valid)}")

    def torch_device(self) -> torch.device:
        """The device to solve on."""
        import torch

        if self.device in ("cuda", "auto") and torch.cuda.is_available():
            return torch.device("cuda")
        if self.device == "cuda":
            raise BrainalignError(
                "device=cuda was asked for, but this machine has no CUDA device; use device=cpu or auto."
            )
        return torch.device("cpu")

    def model_device(self) -> torch.device:
        """The device that models run on: the solvers' own, but for ``mps``, which has no float64 to solve in."""
        import torch

        if self.device != "mps":
            return self.torch_device()
        if not torch.backends.mps.is_available():
            raise BrainalignError(
                "device=mps was asked for, but this machine has no Apple GPU; use device=cpu or auto."
            )
        say_once(
            "device=mps: models run on Apple's GPU, which has no float64; systems are solved on the CPU.", log.info
        )
        return torch.device("mps")

    def precisions(self) -> list[torch.dtype]:
        """Precisions in the order in which they are tried."""
        import torch

        return [torch.float32, torch.float64] if self.dtype == "float32" else [torch.float64]

    def safe(self, dtype: torch.dtype, largest: float, alpha: float, loss: float = SAFE_LOSS) -> bool:
        """Whether a precision will do: always float64, and float32 where ``eps32 * condition`` is small.

        Args:
            dtype: The precision.
            largest: Upper bound of the largest eigenvalue of the matrix.
            alpha: The penalty, which bounds the smallest eigenvalue from below.
            loss: What counts as small.
        """
        import torch

        return dtype == torch.float64 or torch.finfo(dtype).eps * (largest + alpha) / alpha < loss

    def check(self, magnitude: float, alpha: float) -> None:
        """Refuse a penalty that rounding drowns in float64.

        Args:
            magnitude: Sum of squares of the lagged features, before they were centred.
            alpha: The penalty.

        Raises:
            BrainalignError: It is too small.
        """
        lost = EPS64 * magnitude
        if 0 < LOST * alpha < lost:
            raise BrainalignError(
                f"encoding.alphas holds {alpha:g}, too small for these features: rounding of their lagged Gram matrix in float64 is about "
                f"{lost:.1g}; take each feature's mean off (or standardise it), or use at least {lost / LOST:.1g}."
            )

    def run(self, job: Callable[[torch.device, int], T], electrodes: int) -> T:
        """Run a job on the device; where a CUDA device is full, with fewer electrodes at a time, then on the CPU.

        Args:
            job: From the device and the number of electrodes at a time to the result.
            electrodes: How many there are.
        """
        import torch

        device, at_once = self.torch_device(), max(1, min(AT_ONCE, electrodes))
        while device.type == "cuda":
            try:
                return job(device, at_once)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                if at_once <= LEAST_AT_ONCE:
                    say_once(
                        "The CUDA device has too little memory for these systems: they are solved on the CPU.",
                        log.warning,
                    )
                    device, at_once = torch.device("cpu"), max(1, min(AT_ONCE, electrodes))
                else:
                    at_once = max(LEAST_AT_ONCE, at_once // 4)
        return job(device, at_once)


_said: set[str] = set()


def say_once(sentence: str, say: Callable[[str], None]) -> None:
    """Once a process."""
    if sentence not in _said:
        _said.add(sentence)
        say(sentence)
