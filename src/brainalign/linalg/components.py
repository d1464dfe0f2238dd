"""Principal components of features inside a ridge problem: fitted on its training rows, from their moments.

Features are standardised first, so that no unit decides which directions lead; components keep their own variance, so that a ridge
penalty weighs them as it weighs the features. All components together are a rotation of the features, and ridge regression is the same
in any rotation: what is left out is all that changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from brainalign.linalg.bands import Bands
from brainalign.linalg.ridge import Problem

if TYPE_CHECKING:
    from torch import Tensor

ROUNDING = 1e-12
"""Of a share of variance, so that 1.0 asks for no more than what there is."""


def reduced(problem: Problem, bands: Bands, components: float | None) -> tuple[Problem, Bands]:
    """The problem in the leading principal components of each band, and the bands' new widths.

    The covariance is that of the problem's training rows, repeats counted, without lags. A band that came lagged (``bands.copies``)
    gets one PCA, of the mean of its lags' covariances, that all of its lags share.

    Args:
        problem: With all of its features.
        bands: Theirs.
        components: Of each band at most, where it is 1 or more; below 1 the share of a band's variance that they hold at least; None =
            all.
    """
    import torch

    if components is None:
        return problem, bands
    train, mean = problem.train, problem.mean - problem.train.centre
    covariance = (train.second / train.n - torch.outer(mean, mean)) / torch.outer(problem.sd, problem.sd)
    blocks, at = [], 0
    for width, copies in zip(bands.widths, bands.copies or (1,) * len(bands.widths), strict=True):
        own = width // copies
        parts = [slice(a, a + own) for a in range(at, at + width, own)]
        axes = leading(torch.stack([covariance[part, part] for part in parts]).mean(dim=0), components)
        blocks.append(torch.block_diag(*[axes] * copies))  # type: ignore[no-untyped-call]
        at += width
    kept = tuple(block.shape[1] for block in blocks)
    if kept == bands.widths:
        return problem, bands  # a rotation changes nothing
    basis = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return replace(problem, basis=basis), replace(bands, widths=kept)


def leading(covariance: Tensor, components: float) -> Tensor:
    """(d, q) the leading eigenvectors of a covariance (d, d); the features themselves where that is all of them.

    Args:
        covariance: Of one band.
        components: See :func:`reduced`.
    """
    import torch

    d = len(covariance)
    if components >= d:
        return torch.eye(d, dtype=covariance.dtype, device=covariance.device)
    values, vectors = torch.linalg.eigh(covariance)
    q = int(components) if components >= 1 else count(values.clamp(min=0).flip(0), components)
    return vectors.flip(1)[:, :q] if q < d else torch.eye(d, dtype=covariance.dtype, device=covariance.device)


def count(variances: Tensor, share: float) -> int:
    """How many of some components, the largest first, hold a share of their variance.

    Args:
        variances: (d,) descending.
        share: Below 1.

    Example:
        >>> import torch
        >>> [count(torch.tensor([6.0, 3.0, 1.0]), share) for share in (0.5, 0.6, 0.95)]
        [1, 1, 3]
    """
    held = variances.cumsum(0) / variances.sum().clamp(min=1e-300)
    return min(int((held < share - ROUNDING).sum()) + 1, len(variances))
