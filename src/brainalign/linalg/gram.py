"""The Gram matrix of standardised lagged features, written out from lag products and edges, block row by block row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from brainalign.linalg.moments import Moments
from brainalign.linalg.stack import Stack

if TYPE_CHECKING:
    import torch
    from torch import Tensor

EDGE_BYTES = 128 * 2**20
"""Most bytes of lagged edge rows held at a time; a constant, so that the same config gives the same bits."""


def transform(mean: Tensor, sd: Tensor, basis: Tensor | None = None) -> Tensor:
    """(d+1, q) matrix T with ``[h, 1] T = (h - mean) / sd basis``: zero outside the stimulus, because the ones are.

    Args:
        mean: (d,).
        sd: (d,).
        basis: (d, q); None = the standardised features themselves, and q is d.
    """
    import torch

    plain = torch.cat([torch.diag(1 / sd), -(mean / sd)[None]])
    return plain if basis is None else plain @ basis


def magnitude_of(data: Moments, change: Tensor) -> float:
    """Sum of squares of the lagged ``[h, 1] T`` before centring, about: what is lost to rounding is a share of it.

    Args:
        data: Moments of the rows.
        change: (d+1, q) the transform T.
    """
    return len(data.lags) * float((change * (data.products[0] @ change)).sum().abs())


def upper_gram(data: Moments, change: Tensor, center_weight: float | None, dtype: torch.dtype) -> tuple[Tensor, float]:
    """Upper triangle (whole diagonal blocks included) of the Gram matrix of the lagged ``[h, 1] T``.

    Args:
        data: Moments of the rows.
        change: (d+1, q) the transform T.
        center_weight: ``n`` to centre the columns on these rows (``n + a0`` where the intercept has the penalty a0);
            None for the plain Gram matrix.
        dtype: In which it is kept; it is summed in float64.

    Returns:
        (m q, m q), undefined below the diagonal blocks, and an upper bound of its largest eigenvalue (its Frobenius
        norm).
    """
    import torch

    m, q = len(data.lags), change.shape[1]
    gram = change.new_empty((m * q, m * q), dtype=dtype)
    xsum = (data.xsum @ change).reshape(-1)
    row = (change.T @ data.products @ change).permute(1, 0, 2).reshape(q, m * q)
    squares = 0.0
    for number, (edges, step) in enumerate(_edges(data)):
        lagged = (edges @ change).flatten(1)  # (n, (m - 1) q)
        if number:
            row.zero_()
        for at in range(0, m * q, q):
            flat = row[:, : m * q - at]
            if at:
                left = (lagged[:, at - q : at] * step[:, None]).T
                flat.addmm_(left, lagged[:, at - q :])
            here, right = slice(at, at + q), slice(at, None)
            if number:
                gram[here, right] += flat
            elif center_weight is None:
                gram[here, right] = flat
            else:
                gram[here, right] = flat.addr(xsum[here], xsum[right], alpha=-1 / center_weight)
    for a in range(0, m * q, q):
        corner, rest = gram[a : a + q, a : a + q], gram[a : a + q, a + q :]
        squares += float(torch.linalg.vector_norm(corner)) ** 2 + 2 * float(torch.linalg.vector_norm(rest)) ** 2
    return gram, squares**0.5


def mirror(upper: Tensor, q: int) -> Tensor:
    """The whole symmetric matrix from what ``upper_gram`` gave, in its own memory.

    Args:
        upper: (m q, m q).
        q: Width of a block.
    """
    for a in range(q, len(upper), q):
        upper[a : a + q, :a] = upper[:a, a : a + q].T
    return upper


def _edges(data: Moments) -> Iterator[tuple[Tensor, Tensor]]:
    """Lagged ``[h, 1]`` of the rows before each change of weight, (n, m - 1, d+1), and the changes (n,).

    In chunks, at least one, which may be empty.
    """
    import torch

    m, width = len(data.lags), data.products.shape[1]
    if m == 1:  # one block: nothing to carry on
        yield data.products.new_zeros(0, 0, width), data.products.new_zeros(0)
        return
    most = max(1, EDGE_BYTES // (8 * (m - 1) * width))
    lags = torch.as_tensor(data.lags[:-1], device=data.products.device)
    waiting: list[tuple[Stack, Tensor]] = []
    for rows in data.stacks:
        at = torch.nonzero(torch.diff(rows.weight))[:, 0]
        # rows with nothing in sight change nothing: the start of a stimulus, where all lags are causal
        at = at[torch.stack([rows.values[at - lag, -1] != 0 for lag in lags.tolist()]).any(dim=0)]
        for part in torch.split(at, most):
            if sum(len(a) for _, a in waiting) + len(part) > most:
                yield _gather(waiting, lags)
                waiting = []
            waiting.append((rows, part))
    yield _gather(waiting, lags)


def _gather(places: list[tuple[Stack, Tensor]], lags: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    lagged = [rows.values[at[:, None] - lags].double() for rows, at in places]
    return torch.cat(lagged), torch.cat([rows.weight[at + 1] - rows.weight[at] for rows, at in places])
