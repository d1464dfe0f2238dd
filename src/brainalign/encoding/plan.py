"""The plan of a nested fit: its size, solver, operations, memory and time, counted before any of it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from brainalign.encoding.design import Design, MaskGroup
from brainalign.encoding.inner import Search
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import AT_ONCE, HELD, Arithmetic
from brainalign.linalg.bands import Bands
from brainalign.linalg.boosting_rule import Boosting
from brainalign.linalg.machine import matrix_rate, resident_memory, total_memory
from brainalign.linalg.method import EIGH, Method
from brainalign.linalg.parallel import workers
from brainalign.linalg.penalty import suited

GIB = 2**30

STEPS = 300
"""Steps of an electrode's growth, about: 70 to 380 where a step is 0.005 deviations."""

TRIED = 20
"""Steps measured on all rows for each that is taken, about, where errors are absolute."""

STREAMED = 20.0
"""An operation on numbers that come from memory, in operations of a matrix product, about."""


@dataclass(frozen=True)
class FitPlan:
    """What ``fit_outer`` will do with one set of features.

    Attributes:
        rows: Distinct training rows of an outer fold, at most.
        features: Lagged features p.
        electrodes: Responses.
        alphas: Penalties in the grid; 0 where weights are grown without any.
        folds: Outer folds.
        groups: Mask groups: electrodes of different groups share no Gram matrix.
        paths: Training sets, times combinations of ratios, for which all alphas are tried.
        method: Of the largest path, in words.
        flops: Operations, as counted.
        cost: The same in operations of a matrix product.
        memory: Bytes at the peak, beside the features and responses given; for float64, which a matrix may demand.
    """

    rows: int
    features: int
    electrodes: int
    alphas: int
    folds: int
    groups: int
    paths: int
    method: Method | str
    flops: float
    cost: float
    memory: int

    def seconds(self, arithmetic: Arithmetic) -> float:
        """Time from the measured matrix rate of the device, if the precision asked for will do."""
        return self.cost / matrix_rate(str(arithmetic.torch_device()), arithmetic.dtype)

    def __str__(self) -> str:
        groups = "" if self.groups == 1 else f" in {self.groups} mask groups"
        alphas = f"{self.alphas} alphas, " if self.alphas else ""
        return (
            f"{self.rows:,} rows x {self.features:,} lagged features, {self.electrodes:,} electrodes{groups}, "
            f"{alphas}{self.folds} outer folds: {self.paths} paths, {self.flops:.2g} operations; {self.method}"
        )


def plan_fit(
    design: Design,
    dims: int,
    n_lags: int,
    alphas: int,
    arithmetic: Arithmetic = Arithmetic(),
    search: Search = Search(),
    bands: Bands | None = None,
    kept: Sequence[int] | None = None,
) -> FitPlan:
    """Count a nested fit.

    Args:
        design: Responses and split.
        dims: Width d of the features.
        n_lags: Lags of the window.
        alphas: Length of the grid.
        arithmetic: Device, precision and solver.
        search: Inner folds and rule.
        bands: Those with penalties of their own, which add up to ``dims``, and the ratios that are tried; None where there is one.
        kept: Principal components of each band that stand in its features' place, about; None = the features.
    """
    arithmetic, bands = suited(arithmetic, search.penalty), bands or Bands((dims,), np.ones((1, 1)))
    solved = bands if kept is None else replace(bands, widths=tuple(kept))
    parts = [_plan_group(design, group, solved, n_lags, alphas, arithmetic, search, dims) for group in design.groups]
    largest = max(parts, key=lambda part: part.cost)
    shared = design.n_channels * sum(design.lengths) * 4 * 2  # predictions of this fit and of the best so far
    return FitPlan(
        rows=max(p.rows for p in parts),
        features=sum(solved.widths) * n_lags,
        electrodes=design.n_channels,
        alphas=largest.alphas,
        folds=len(design.split.folds),
        groups=len(parts),
        paths=sum(p.paths for p in parts),
        method=largest.method,
        flops=sum(p.flops for p in parts),
        cost=sum(p.cost for p in parts),
        memory=shared + max(p.memory for p in parts),
    )


def _plan_group(
    design: Design,
    group: MaskGroup,
    bands: Bands,
    m: int,
    alphas: int,
    arithmetic: Arithmetic,
    search: Search,
    dims: int | None = None,
) -> FitPlan:
    """The plan of one mask group; of ``dims`` features a frame the fits take as many components as the bands are wide."""
    if search.boosting is not None:
        return _plan_growth(design, group, sum(bands.widths), m, search, search.boosting)
    split, k, c, q = design.split, len(design.split.folds), len(group.channels), sum(bands.widths)
    d, every = dims or q, len(split.every)
    rows = [group.distinct_rows(a) for a in range(split.n_segments)]
    edges = sum(group.edges(a) for a in range(split.n_segments))
    p, wide = m * q, m * (d + 1)

    def method(training: list[int], tests: list[int], count: int) -> Method:
        return bands.method(
            lags=m, rows=sum(rows[a] for a in training), electrodes=c, alphas=count, solver=arithmetic.solver,
            penalty=search.penalty, test_rows=[sum(rows[a] for a in split.every[t].test) for t in tests],
        )  # fmt: skip

    paths = []
    for i, j in combinations(range(every), 2):
        tests = [t for t, chooser in ((j, i), (i, j)) if chooser < k and t in search.chosen_by(every, chooser)]
        if tests:
            paths.append(method(split.training(i, j), tests, alphas))
    fits = [method(split.training(f), [], min(alphas, c)) for f in range(k)]
    sums = 2.0 * sum(rows) * wide * (d + 1 + c) * (1 if len(design.groups) == 1 else 2)
    if q < d:  # the covariance, and in each training set its eigenvectors and the moments in their basis
        sums += 2.0 * sum(rows) * d * d + (len(paths) + len(fits)) * (EIGH * d**3 + 2.0 * wide * q * (d + c))
    largest = max([*paths, *fits], key=lambda found: found.cost)
    matrices = 0 if largest.iterated else 1 if largest.eliminated else len(bands.ratios)
    written = float(edges) * p * p * len(paths + fits) * matrices + 2.0 * sum(rows) * p * c
    return FitPlan(
        rows=max(sum(rows[a] for a in split.training(f)) for f in range(k)),
        features=p, electrodes=c, alphas=alphas, folds=k, groups=1, paths=len(paths) * len(bands.ratios), method=largest,
        flops=sums + written + sum(f.flops for f in [*paths, *fits]),
        cost=sums + written + sum(f.cost for f in [*paths, *fits]),
        memory=_memory([*paths, *fits], rows, d, q, m, c, max(sum(rows[a] for a in f.test) for f in split.every))
        + 3 * k * alphas * len(bands.ratios) * c * 8,
    )  # fmt: skip


def _plan_growth(design: Design, group: MaskGroup, d: int, m: int, search: Search, rule: Boosting) -> FitPlan:
    """The plan of one mask group by boosting: Gram matrices or rows of every partition, and steps on them."""
    split, c, p = design.split, len(group.channels), m * d
    k, every = len(split.folds), len(split.every)
    rows = [group.distinct_rows(a) for a in range(split.n_segments)]
    edges = sum(group.edges(a) for a in range(split.n_segments))
    paths = k * len(search.chosen_by(every, 0))
    sums = 2.0 * sum(rows) * m * (d + 1) * (d + 1 + c)
    squares = rule.error == "l2"
    written = float(edges) * p * p * paths if squares else 2.0 * sum(rows) * p * c * paths
    steps = STEPS * paths * c * (4.0 * p if squares else 2.0 * TRIED * sum(rows))
    moments = (len(rows) + 3) * m * (d + 1) * (d + 1 + min(c, AT_ONCE)) * 8 + sum(rows) * (d + 1 + c) * 8
    held = 5 * p * p * 8 if squares else 4 * sum(rows) * (d + min(c, AT_ONCE)) * 8
    return FitPlan(
        rows=max(sum(rows[a] for a in split.training(f)) for f in range(k)), features=p, electrodes=c, alphas=0, folds=k, groups=1,
        paths=paths, method=f"boosting on {'Gram matrices' if squares else 'rows'}, about {STEPS} steps an electrode",
        flops=sums + written + steps, cost=sums + written + STREAMED * steps, memory=moments + held,
    )  # fmt: skip


def _memory(methods: list[Method], rows: list[int], d: int, width: int, m: int, c: int, test_rows: int) -> int:
    """Bytes at the peak of a path: the segments' moments and rows, a matrix, right-hand sides and weights.

    More than ``HELD`` electrodes stream: what is as wide as the responses is then held for one block of them.
    """
    streams = c > HELD
    c = AT_ONCE if streams else c
    moments = (len(rows) + 2) * m * (d + 1) * (d + 1 + (0 if streams else c)) * 8
    stacks = sum(rows) * (d + 1 + c) * 8
    worst = 0
    for found in methods:
        size = found.memory(c, width, test_rows)
        worst = max(worst, size * workers(len(methods), size))
    return moments + stacks + worst


def check_fits(
    plan_of: Callable[[int, int], FitPlan],
    dims: int,
    n_lags: int,
    noun: str = "electrodes",
    fewer: str = "data.subjects",
) -> None:
    """Refuse a plan that this machine's memory cannot hold, and say what would fit.

    Args:
        plan_of: From dims and number of lags to the plan.
        dims: Of the features.
        n_lags: Of the window.
        noun: What is fitted: electrodes, or in decoding dimensions.
        fewer: The key that there are fewer of them by.

    Raises:
        BrainalignError: It needs more memory than there is.
    """
    there, held, plan = total_memory(), resident_memory(), plan_of(dims, n_lags)
    limit = there - held
    if plan.memory <= limit:
        return
    lags = _largest(lambda n: plan_of(dims, n).memory <= limit, n_lags)
    width = _largest(lambda n: plan_of(n, n_lags).memory <= limit, dims)
    would = [f"{lags} lags" if lags else "", f"{width} features a frame" if width else ""]
    raise BrainalignError(
        f"this fit needs about {plan.memory / GIB:.1f} GiB ({n_lags} lags x {plan.features // n_lags} features = {plan.features:,} "
        "lagged features, "
        f"{plan.electrodes:,} {noun}), and of {there / GIB:.1f} GiB that this process may use, libraries, features and responses hold "
        f"{held / GIB:.1f}; what would fit: "
        f"{' or '.join(w for w in would if w) or f'fewer {noun} ({fewer})'}."
    )


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number below ``most`` that fits, 0 for none."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
