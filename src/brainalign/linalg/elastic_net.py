"""Elastic net by coordinate descent on the Gram matrix, all electrodes at once.

On a CUDA device a sweep is matrix products and vectors of electrodes; on a CPU its loops are compiled
(``coordinate_descent``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

TILE, BLOCK = 256, 64
"""Coordinates between two updates of the whole gradient, and of the tile's: large enough for matrix products."""

MEMORY = 5
"""Sweeps that an extrapolation looks back on, as in Bertrand and Massias (2021); 4 is as fast, 8 and 12 are slower."""

TINY = 1e-300
"""Keeps the products of no move at all invertible."""


@dataclass(frozen=True)
class ElasticNetFit:
    """What ``elastic_net`` found, for each electrode.

    Attributes:
        coef: (p, c) weights.
        iterations: (c,) sweeps over the coordinates that could be nonzero.
        gap: (c,) duality gap: no weights have an objective lower by more than this.
        converged: (c,) whether the gap came below its bound.
    """

    coef: Tensor
    iterations: Tensor
    gap: Tensor
    converged: Tensor


@dataclass(frozen=True)
class _Problem:
    """``w'Gw / 2 - q'w + l1 ||w||_1 + l2 ||w||^2 / 2`` for each column of q: n times the elastic net.

    Attributes:
        gram: (p, p) G.
        cross: (p, c) q.
        yy: (c,) sum of squares of the centred responses.
        l1, l2: The penalties.
    """

    gram: Tensor
    cross: Tensor
    yy: Tensor
    l1: float
    l2: float

    def electrodes(self, which: Tensor) -> _Problem:
        """The same for some electrodes."""
        return _Problem(self.gram, self.cross[:, which], self.yy[which], self.l1, self.l2)

    def coordinates(self, which: Tensor) -> _Problem:
        """The same with all other weights zero."""
        if which.all():
            return self
        return _Problem(self.gram[which][:, which], self.cross[which], self.yy, self.l1, self.l2)

    def gap(self, w: Tensor, residual: Tensor) -> Tensor:
        """(c,) duality gap at the scaled residual, as in scikit-learn.

        Args:
            w: (p, c).
            residual: (p, c) q - G w.
        """
        reached = (w * self.cross).sum(0)
        # |y - Xw|^2 + l2 |w|^2, and (y - Xw)'y
        square = self.yy - reached - (w * residual).sum(0) + self.l2 * w.square().sum(0)
        norm = (residual - self.l2 * w).abs().amax(0)
        scale = (self.l1 / norm).clamp(max=1.0)
        primal = square / 2 + self.l1 * w.abs().sum(0)
        return primal + scale.square() * square / 2 - scale * (self.yy - reached)

    def sweep(self, w: Tensor, residual: Tensor) -> None:
        """One round of exact minimisation over each weight in turn, in place.

        Within a block of coordinates the electrodes are vectorised; the rest of the gradient follows by one matrix
        product a block.

        Args:
            w: (p, c).
            residual: (p, c) q - G w.
        """
        import torch

        for at in range(0, len(w), TILE):
            tile = slice(at, at + TILE)
            gram, near, change = self.gram[tile, tile], residual[tile].clone(), torch.zeros_like(w[tile])
            for start in range(0, len(gram), BLOCK):
                here = slice(start, start + BLOCK)
                if self._minimise(gram[here, here], w[tile][here], near[here], change[here]):
                    near.addmm_(gram[here].T, change[here], alpha=-1)
            w[tile] += change
            residual.addmm_(self.gram[tile].T, change, alpha=-1)

    def _minimise(self, gram: Tensor, old: Tensor, residual: Tensor, change: Tensor) -> bool:
        """Over each weight of a block in turn; whether any of them changed.

        Args:
            gram: (b, b).
            old: (b, c) weights.
            residual: (b, c).
            change: (b, c) zeros, to be filled with what is to be added to the weights.
        """
        import torch
        from torch.nn.functional import softshrink

        diagonal = gram.diagonal()
        scale = torch.where(diagonal > 0, 1 / (diagonal + self.l2), 0.0)  # a constant column keeps its zero
        thresholds = self.l1 * scale
        # the minimiser of each weight before thresholding, if no other weight of the block changed
        free = torch.addcmul(residual, old, diagonal[:, None]).mul_(scale[:, None])
        if not old.any() and (free.abs() <= thresholds[:, None]).all():
            return False
        below = gram.tril(-1).mul_(-scale[:, None])
        free.addmm_(below, old, alpha=-1)  # and if all those above it were zero
        new = torch.zeros_like(old)
        above = new.T
        for target, weights, found, threshold in zip(
            free.unbind(), below.unbind(), new.unbind(), thresholds.tolist(), strict=True
        ):
            softshrink(target.addmv_(above, weights), threshold, out=found)  # type: ignore[call-arg]  # its stub knows no out
        torch.sub(new, old, out=change)
        return True

    def leap(self, past: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Anderson extrapolation of the last sweeps, as far along as the objective falls.

        Args:
            past: (p, c) weights and residuals q - G w before the sweeps and after each.

        Returns:
            Weights and residuals whose objective is at most that of the last.
        """
        import torch

        w, residual = past[-1]
        moves = torch.stack([v for v, _ in past]).diff(dim=0).permute(2, 0, 1)  # (c, sweeps, p)
        products = moves @ moves.mT
        products.diagonal(dim1=1, dim2=2).add_(1e-10 * products.diagonal(dim1=1, dim2=2).sum(1, keepdim=True) + TINY)
        mix = torch.linalg.solve(products, torch.ones_like(products[..., 0]))
        mix = (mix / mix.sum(1, keepdim=True)).T
        path, bend = -w, residual.clone()  # d = sum_k mix_k w_k - w, and G d
        for (v, r), share in zip(past[1:], mix, strict=True):
            path.addcmul_(v, share)
            bend.addcmul_(r, share, value=-1)
        # along w + t d the objective is a parabola with a kink wherever a weight crosses zero
        side = torch.where(w != 0, w, path).sign()
        fall = (path * (self.l2 * w + self.l1 * side - residual)).sum(0)
        curvature = (path * (bend + self.l2 * path)).sum(0)
        crossing = torch.where(w * path < 0, -w / path, torch.inf)
        kinks, order = crossing.sort(0)
        kinks, slopes = _under_zeros(kinks), fall + 2 * self.l1 * _under_zeros(path.abs().gather(0, order).cumsum(0))
        t = torch.where(curvature > 0, torch.maximum(kinks, -slopes / curvature).amin(0), 0.0)
        return w.addcmul(path, t).masked_fill_(crossing == t, 0.0), residual.addcmul(bend, t, value=-1)


def _under_zeros(values: Tensor) -> Tensor:
    """A row of zeros, and the values."""
    import torch

    return torch.cat([torch.zeros_like(values[:1]), values])


def elastic_net(
    gram: Tensor,
    cross: Tensor,
    yy: Tensor,
    n: float,
    alpha: float,
    l1_ratio: float,
    start: Tensor | None = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> ElasticNetFit:
    """Elastic net of every electrode, as scikit-learn defines it.

        minimise  |y - Xw|^2 / (2n) + alpha l1_ratio |w|_1 + alpha (1 - l1_ratio) |w|^2 / 2

    Cyclic coordinate descent (Friedman, Hastie and Tibshirani 2010), which is slow where columns are nearly collinear,
    as lagged ones are; so after every few sweeps they are extrapolated (Bertrand and Massias 2021), to the exact minimum
    along that way, which never raises the objective. Only coordinates are swept that are nonzero, or would leave zero,
    in any electrode; then the gap on all of them is checked. Electrodes that have converged are left out of further
    work.

    Args:
        gram: (p, p) X'X of the centred columns, float64.
        cross: (p, c) X'y.
        yy: (c,) sums of squares of the centred responses.
        n: Number of rows.
        alpha: Penalty, > 0.
        l1_ratio: Share of the L1 penalty, in (0, 1].
        start: (p, c) weights to start from, such as those of a larger alpha; zeros by default.
        tol: An electrode has converged where its duality gap, times n, is at most ``tol * y'y``.
        max_iter: Sweeps at most.

    Returns:
        Weights and how good they are; whoever calls says so where they have not converged.

    Example:
        >>> import torch
        >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)
        >>> y = 3 * x[:, :1]
        >>> fit = elastic_net(x.T @ x, x.T @ y, (y**2).sum(0), n=3, alpha=0.5, l1_ratio=1.0, tol=1e-12)
        >>> [round(v, 6) for v in fit.coef[:, 0].tolist()]
        [2.25, 0.0]
    """
    import torch

    whole = _Problem(gram, cross, yy.clamp(min=0), n * alpha * l1_ratio, n * alpha * (1 - l1_ratio))
    bound, coef = tol * whole.yy, torch.zeros_like(cross) if start is None else start.clone()
    coef[gram.diagonal() <= 0] = 0.0
    gap, iterations = torch.empty_like(yy), torch.zeros_like(yy, dtype=torch.int64)
    left = torch.arange(len(yy), device=yy.device)
    while True:
        problem, w = whole.electrodes(left), coef[:, left]
        used = w.any(1)
        residual = problem.cross - gram[used].T @ w[used]
        gap[left] = problem.gap(w, residual)
        going = (gap[left] > bound[left]) & (iterations[left] < max_iter)
        left = left[going]
        if not len(left):
            return ElasticNetFit(coef, iterations, gap / n, gap <= bound)
        if gram.device.type == "cpu":
            swept, counts = _compiled(
                whole.electrodes(left), w[:, going], residual[:, going], bound[left], max_iter - iterations[left]
            )
            coef[:, left] = swept
            iterations[left] += counts
            continue
        working = w[:, going].any(1) | (residual[:, going].abs() > whole.l1).any(1)
        if 2 * working.sum() > len(working):  # a copy of nearly the whole Gram matrix would not pay
            working[:] = True
        part = whole.electrodes(left).coordinates(working)
        swept, counts = _descend(part, w[:, going][working], bound[left], max_iter - iterations[left])
        coef[working.nonzero(), left] = swept
        iterations[left] += counts


def _compiled(problem: _Problem, w: Tensor, residual: Tensor, bound: Tensor, budget: Tensor) -> tuple[Tensor, Tensor]:
    """(p, c) weights and (c,) sweeps, as ``_descend``, on the coordinates that each electrode needs."""
    import torch

    from brainalign.linalg.coordinate_descent import descend

    cross, found, left = (
        v.T.clone(memory_format=torch.contiguous_format).numpy() for v in (problem.cross, w, residual)
    )
    counts = descend(
        problem.gram.contiguous().numpy(), cross, problem.yy.numpy(), problem.l1, problem.l2, found, left,
        bound.numpy(), budget.numpy(), MEMORY,
    )  # fmt: skip
    return torch.from_numpy(found).T, torch.from_numpy(counts)


def _descend(problem: _Problem, start: Tensor, bound: Tensor, budget: Tensor) -> tuple[Tensor, Tensor]:
    """Sweep over all coordinates until the gap of each electrode is within its bound.

    Args:
        problem: With c electrodes.
        start: (p, c) weights.
        bound: (c,) of the gap.
        budget: (c,) sweeps at most, each > 0.

    Returns:
        (p, c) weights and (c,) sweeps.
    """
    import torch

    coef, counts, left = start.clone(), torch.zeros_like(budget), torch.arange(len(bound), device=bound.device)
    w, residual, count = start.clone(), problem.cross - problem.gram @ start, 0
    past = [(w.clone(), residual.clone())]
    while len(left):
        problem.sweep(w, residual)
        count += 1
        past.append((w.clone(), residual.clone()))
        if len(past) > MEMORY:
            w, residual = problem.leap(past)
            past = [(w.clone(), residual.clone())]
        going = (problem.gap(w, residual) > bound[left]) & (budget[left] > count)
        if not going.all():
            done = left[~going]
            coef[:, done], counts[done] = w[:, ~going], count
            problem, left, w, residual = problem.electrodes(going), left[going], w[:, going], residual[:, going]
            past = [(v[:, going], r[:, going]) for v, r in past]
    return coef, counts
