"""The machine's matrix rate, measured: what a floor in seconds is counted with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def matrix_rate(device: str = "cpu", threads: int = 1, seconds: float = 0.5) -> dict[str, float]:
    """Floating-point operations a second of square matrix products; the best of all products within ``seconds``.

    On the CPU the better of torch's and NumPy's libraries counts, so that the floor favours neither.

    Args:
        device: ``cpu`` or ``cuda``.
        threads: Threads on the CPU.
        seconds: For each precision (and library).

    Returns:
        ``float64`` and ``float32`` -> operations a second (2 size^3 a product).
    """
    import torch
    from threadpoolctl import threadpool_limits

    size = 8192 if device == "cuda" else 2048  # large enough to be at full speed
    torch.set_num_threads(threads)
    rates = {}
    with threadpool_limits(threads):
        for name, dtype in (("float64", torch.float64), ("float32", torch.float32)):
            a = torch.rand(size, size, dtype=dtype, device=device)
            matrices = [a] if device == "cuda" else [a, a.numpy()]
            rates[name] = 2.0 * size**3 / min(_fastest(m, seconds) for m in matrices)
    return rates


def _fastest(matrix: torch.Tensor, seconds: float) -> float:
    """Seconds of the fastest product of a matrix with itself."""
    synchronise(matrix @ matrix)
    times: list[float] = []
    begin = time.perf_counter()
    while not times or time.perf_counter() < begin + seconds:
        start = time.perf_counter()
        synchronise(matrix @ matrix)
        times.append(time.perf_counter() - start)
    return min(times)


def synchronise(result: torch.Tensor) -> None:
    """Wait for a graphics card; a CPU has finished already."""
    if getattr(result, "is_cuda", False):
        import torch

        torch.cuda.synchronize()
