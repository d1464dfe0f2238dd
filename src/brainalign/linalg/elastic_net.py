"""Elastic net by coordinate descent on the Gram matrix, all electrodes at once and nearly all of it matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 32
"""Coordinates between two updates of the whole gradient; enough for them to be matrix products."""
EVERY, LEAP = 2, 20
"""Sweeps before each leap, and its conjugate gradients; not twice as fast by any other pair from 1 to 3 and 10 to 100."""

FLAT = 1e-12
"""Share of the curvature of its weights below which a direction has none but for rounding."""


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

    def inverse(self) -> Tensor:
        """(p,) inverse curvature of each weight; 0 for a constant column, whose weight stays zero."""
        import torch

        diagonal = self.gram.diagonal()
        return torch.where(diagonal > 0, 1 / (diagonal + self.l2), 0.0)

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
        from torch.nn.functional import softshrink

        inverse = self.inverse()
        for at in range(0, len(w), BLOCK):
            here = slice(at, at + BLOCK)
            old, gram = w[here], self.gram[here, here]
            diagonal, scale = gram.diagonal(), inverse[here]
            # the minimiser of each weight before thresholding, if no other weight of the block changed
            free = torch.addcmul(residual[here], old, diagonal[:, None]).mul_(scale[:, None])
            thresholds = self.l1 * scale
            if not old.any() and (free.abs() <= thresholds[:, None]).all():
                continue
            below = gram.tril(-1).mul_(scale[:, None])
            change = torch.zeros_like(old)
            rows = zip(free.unbind(), below.unbind(), old.unbind(), change.unbind(), thresholds.tolist(), strict=True)
            for target, weights, before, moved, threshold in rows:
                target.addmv_(change.T, weights, alpha=-1)  # of the weights above; the others' change is still zero
                torch.sub(softshrink(target, threshold), before, out=moved)
            old += change
            residual.addmm_(self.gram[here].T, change, alpha=-1)

    def leap(self, w: Tensor, residual: Tensor) -> None:
        """Conjugate gradients on the weights that are not zero, and the exact minimum along the way there, in place.

        Args:
            w: (p, c).
            residual: (p, c) q - G w.
        """
        import torch

        used = w != 0
        own, scale = self.gram.diagonal() + self.l2, used * self.inverse()[:, None]
        slope = torch.where(used, self.l2 * w + self.l1 * w.sign() - residual, 0.0)
        left, step = -slope, -scale * slope
        direction, size = step, (left * step).sum(0)
        path, bent = torch.zeros_like(w), torch.zeros_like(w)  # d and G d
        for _ in range(LEAP):
            product = self.gram @ direction
            curved = product.add(direction, alpha=self.l2).mul_(used)
            bend = (direction * curved).sum(0)
            # nearly flat directions are those of duplicate columns: there is no minimum to leap to
            rate = torch.where(bend > FLAT * (own @ direction.square()), size / bend, 0.0)
            path.addcmul_(direction, rate)
            bent.addcmul_(product, rate)
            left.addcmul_(curved, rate, value=-1)
            step = scale * left
            before, size = size, (left * step).sum(0)
            direction = step.addcmul(direction, torch.where(before > 0, size / before, 0.0))
        # along w + t d the objective is a parabola with a kink wherever a weight crosses zero
        crosses = w * path < 0
        at = torch.where(crosses, -w / path, torch.inf)
        kinks, order = torch.cat([torch.zeros_like(at[:1]), at]).sort(0)
        turns = torch.cat([torch.zeros_like(at[:1]), torch.where(crosses, path.abs(), 0.0)]).gather(0, order).cumsum(0)
        curvature = (path * (bent + self.l2 * path)).sum(0)
        fall = (slope * path).sum(0) + 2 * self.l1 * turns
        t = torch.where(curvature > 0, torch.maximum(kinks, -fall / curvature).amin(0), 0.0)
        w.addcmul_(path, t).masked_fill_(at == t, 0.0)
        residual.addcmul_(bent, t, value=-1)


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
    as lagged ones are; so every second sweep is followed by conjugate gradients on the weights that it left nonzero, to
    the minimum along their direction, which never raises the objective. Only coordinates are worked on that are
    nonzero, or would leave zero, in any electrode; then the gap on all of them is checked. Electrodes that have
    converged are left out of further work.

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
        working = w[:, going].any(1) | (residual[:, going].abs() > whole.l1).any(1)
        if 2 * working.sum() > len(working):  # a copy of nearly the whole Gram matrix would not pay
            working[:] = True
        part = whole.electrodes(left).coordinates(working)
        swept, counts = _descend(part, w[:, going][working], bound[left], max_iter - iterations[left])
        coef[working.nonzero(), left] = swept
        iterations[left] += counts


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
    w, residual, count = start, problem.cross - problem.gram @ start, 0
    while len(left):
        problem.sweep(w, residual)
        count += 1
        if count % EVERY == 0:
            problem.leap(w, residual)
        going = (problem.gap(w, residual) > bound[left]) & (budget[left] > count)
        if not going.all():
            done = left[~going]
            coef[:, done], counts[done] = w[:, ~going], count
            problem, left, w, residual = problem.electrodes(going), left[going], w[:, going], residual[:, going]
    return coef, counts
