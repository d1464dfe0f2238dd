"""Conjugate gradients for many right-hand sides and all penalties of a path at once.

The Krylov spaces of ``S`` and ``S + alpha I`` are one, so the products with S that solve for the smallest penalty solve for all the others
on the way (Frommer 2003; Jegerlehner 1996, arXiv hep-lat/9612014). The larger a penalty, the sooner it has settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Product = Callable[["Tensor"], "Tensor"]
"""From (p, c) to (p, c)."""

POWERS, MARGIN = 12, 1.5
"""Products from which the largest eigenvalue is estimated, from below, and by how much more it is said to be."""


def shifted_solutions(
    product: Product, rhs: Tensor, alphas: Sequence[float], tolerance: float, most: int, every: int | None = None
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """(number of the alpha, (p, c) ``(S + alpha I)^-1 rhs``, (c,) relative residuals), the largest alpha first, as they settle.

    Args:
        product: With S, positive semidefinite.
        rhs: (p, c).
        alphas: Each > 0.
        tolerance: Of every column's residual, relative to its right-hand side.
        most: Products; what has not settled after so many is not handed over.
        every: After as many products each the next to settle is shown as it is by then; None = never.

    Example:
        >>> import torch
        >>> s, y = torch.diag(torch.tensor([3.0, 1.0])).double(), torch.tensor([[4.0], [4.0]]).double()
        >>> for number, x, _ in shifted_solutions(lambda w: s @ w, y, [1.0, 3.0], 1e-12, 10):
        ...     print(number, [round(v, 9) for v in x.ravel().tolist()])
        1 [0.666666667, 1.0]
        0 [1.0, 2.0]
    """
    import torch

    order = sorted(range(len(alphas)), key=lambda number: alphas[number])
    base = alphas[order[0]]
    shifts = torch.tensor([alphas[number] - base for number in order], dtype=torch.float64, device=rhs.device)[:, None]
    x, directions = [torch.zeros_like(rhs) for _ in order], [rhs.clone() for _ in order]
    residual, square = rhs.clone(), _squares(rhs, rhs)
    whole = square.sqrt()
    step, beta = torch.ones_like(square), torch.zeros_like(square)
    before, now = (torch.ones(len(order), rhs.shape[1], dtype=torch.float64, device=rhs.device) for _ in range(2))
    for products in range(1, most + 1):
        moved = product(directions[0]).add_(directions[0], alpha=base)
        previous, step = step, _over(square, _squares(directions[0], moved))
        left = before * previous * (1 + step * shifts[: len(order)]) + step * beta * (before - now)
        after = _over(now * before * previous, left)
        ratio = _over(after, now)
        for n in range(len(order)):
            x[n].addcmul_(directions[n], (step * ratio[n]).to(rhs.dtype))
        residual.addcmul_(moved, step.to(rhs.dtype), value=-1)
        old, square = square, _squares(residual, residual)
        beta = _over(square, old)
        for n in range(len(order)):
            directions[n].mul_((beta * ratio[n] ** 2).to(rhs.dtype)).addcmul_(residual, after[n].to(rhs.dtype))
        before, now = now, after
        while order and bool(((left := now[-1].abs() * _over(square.sqrt(), whole)) <= tolerance).all()):
            yield order.pop(), x.pop(), left
            directions.pop()
            before, now = before[:-1], now[:-1]
        if not order:
            return
        if every and products % every == 0:
            yield order[-1], x[-1], left


def largest_eigenvalue(product: Product, like: Tensor) -> float:
    """Of S, about, and rather too large: from its powers on a seeded vector.

    Args:
        product: With S, positive semidefinite.
        like: (p, ...) of its size and precision.
    """
    import torch

    w = torch.from_numpy(np.random.default_rng(0).normal(size=(len(like), 1))).to(like)
    norm = 0.0
    for _ in range(POWERS):
        w = product(w / torch.linalg.vector_norm(w).clamp(min=torch.finfo(w.dtype).tiny))
        norm = float(torch.linalg.vector_norm(w))
    return MARGIN * norm


def _squares(a: Tensor, b: Tensor) -> Tensor:
    """(c,) inner products of columns, in float64."""
    import torch

    return (a * b).sum(0, dtype=torch.float64)


def _over(above: Tensor, below: Tensor) -> Tensor:
    """A quotient, 0 where there is nothing to divide by: a column that is solved exactly moves no more."""
    import torch

    return torch.where(
        below != 0, above / torch.where(below != 0, below, torch.ones_like(below)), torch.zeros_like(below)
    )
