"""The elastic net's solver beside scikit-learn's, adelie's, skglm's and celer's, on the training rows of the same folds.

    python -m benchmarks.elastic [--dims 20] [--frames 6000] [--electrodes 30] [--peer-electrodes 5] [--peers sklearn,adelie] [--write]

One process; in every fold each competitor runs in turn, so that a ratio is of two times a moment apart, and the median of
the folds' ratios is told. Every path starts at the largest alpha and goes on from the weights before. Peers are loops over
electrodes, run for some of them and multiplied. All with one thread. The whole task: ``--dims 96 --frames 18000 --electrodes
100``, and ``--dims 20`` likewise. adelie asks for NumPy 1, so none of the peers but scikit-learn is in an extra.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.history import record
from benchmarks.machine import describe, hardware
from benchmarks.problem import Problem, simulate
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.linalg.elastic_net import elastic_net
from brainalign.linalg.lags import lag_matrix

ALPHAS, RATIOS, TOL = np.geomspace(0.3, 3e-3, 10), (0.1, 0.5, 1.0), 1e-4
HEADER = ["competitor", "seconds a fold", "x time", "median gap / bound", "gap within bound", "same choice"]
Array = NDArray[np.float64]
Path_ = Callable[["Fold", int, float], Array]


class Fold:
    """Training and test rows of a fold, the training means taken off.

    Attributes:
        x, y: (n, p) and (n, c) training rows.
        test_x, test_y: Held-out rows.
        gram, cross, yy: Of the training rows.
    """

    def __init__(self, x: Array, y: Array, test: NDArray[np.bool_]) -> None:
        mean_x, mean_y = x[~test].mean(0), y[~test].mean(0)
        self.x, self.y = np.asfortranarray(x[~test] - mean_x), np.asfortranarray(y[~test] - mean_y)
        self.test_x, self.test_y = x[test] - mean_x, y[test] - mean_y
        self.gram, self.cross, self.yy = self.x.T @ self.x, self.x.T @ self.y, (self.y**2).sum(0)

    def gap(self, w: Array, e: int, alpha: float, ratio: float) -> float:
        """Duality gap of an electrode's weights, as a share of what is allowed."""
        n = len(self.x)
        l1, l2 = n * alpha * ratio, n * alpha * (1 - ratio)
        slope = self.cross[:, e] - self.gram @ w
        error = self.yy[e] - w @ self.cross[:, e] - w @ slope + l2 * w @ w
        scale = min(1.0, l1 / np.abs(slope - l2 * w).max())
        primal = error / 2 + l1 * np.abs(w).sum()
        gap = primal + scale**2 * error / 2 - scale * (self.yy[e] - w @ self.cross[:, e])
        return float(gap / (TOL * self.yy[e]))

    def r2(self, w: Array, e: int) -> float:
        """Held-out R2 of an electrode's weights."""
        return float(1 - ((self.test_y[:, e] - self.test_x @ w) ** 2).sum() / (self.test_y[:, e] ** 2).sum())


def ours(fold: Fold) -> Array:
    """(ratios, alphas, p, c) weights of all electrodes."""
    import torch

    gram, cross, yy = (torch.from_numpy(v) for v in (fold.gram, fold.cross, fold.yy))
    found = []
    for ratio in RATIOS:
        start, path = None, []
        for alpha in ALPHAS:
            start = elastic_net(gram, cross, yy, len(fold.x), float(alpha), ratio, start, TOL).coef
            path.append(start.numpy())
        found.append(path)
    return np.array(found)


def sklearn(fold: Fold, e: int, ratio: float) -> Array:
    """(alphas, p) by ``enet_path`` on the Gram matrix, without its checks of the input."""
    from sklearn.linear_model import enet_path

    return enet_path(
        fold.x, fold.y[:, e], l1_ratio=ratio, alphas=ALPHAS, precompute=fold.gram, Xy=fold.cross[:, e].copy(),
        tol=TOL, max_iter=1000, check_input=False,
    )[1].T  # fmt: skip


def adelie(fold: Fold, e: int, ratio: float) -> Array:
    """(alphas, p) by ``gaussian_cov`` on the Gram matrix; at 100 times its tolerance, of another kind, a fifth misses the gap."""
    import adelie as ad

    n = len(fold.x)
    state = ad.solver.gaussian_cov(
        A=np.asfortranarray(fold.gram / n), v=fold.cross[:, e] / n, alpha=ratio, lmda_path=ALPHAS, early_exit=False,
        progress_bar=False, rdev_tol=0.0, tol=1e-11 * fold.yy[e] / n,
    )  # fmt: skip
    return np.asarray(state.betas.todense())


def skglm(fold: Fold, e: int, ratio: float) -> Array:
    """(alphas, p) by ``AndersonCD`` on the rows themselves: it takes no Gram matrix."""
    from skglm.datafits import Quadratic
    from skglm.penalties import L1_plus_L2
    from skglm.solvers import AndersonCD

    path = AndersonCD(tol=1e-4, fit_intercept=False, warm_start=True).path(
        fold.x, fold.y[:, e], Quadratic(), L1_plus_L2(1.0, ratio), alphas=ALPHAS
    )
    return path[1].T


def celer(fold: Fold, e: int, ratio: float) -> Array:
    """(alphas, p) by ``celer_path`` on the rows themselves: it takes no Gram matrix."""
    from celer import celer_path

    return celer_path(fold.x, fold.y[:, e], pb="lasso", l1_ratio=ratio, alphas=ALPHAS, tol=TOL)[1].T


PEERS: dict[str, Path_] = {"sklearn": sklearn, "adelie": adelie, "skglm": skglm, "celer": celer}


def timed(job: Callable[[], Array]) -> tuple[float, Array]:
    """Processor seconds, which other processes of the machine lengthen least, and the result."""
    begun = time.process_time()
    found = job()
    return time.process_time() - begun, found


def judge(fold: Fold, electrodes: list[int], weights: Array) -> tuple[list[float], list[tuple[int, int]]]:
    """Gaps as shares of the bound, and the best (ratio, alpha) of each electrode; weights (electrodes, ratios, alphas, p)."""
    gaps, best = [], []
    for e, grid in zip(electrodes, weights, strict=True):
        gaps += [fold.gap(grid[r, a], e, ALPHAS[a], q) for r, q in enumerate(RATIOS) for a in range(len(ALPHAS))]
        scores = np.array([[fold.r2(w, e) for w in path] for path in grid])
        best.append(tuple(int(v) for v in np.unravel_index(scores.argmax(), scores.shape)))
    return gaps, best  # type: ignore[return-value]


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    import torch
    from threadpoolctl import threadpool_limits

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("dims", 20), ("frames", 6000), ("electrodes", 30), ("peer-electrodes", 5), ("folds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--peers", default="sklearn", help=f"of {', '.join(PEERS)}")
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file with the results")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # paths that end at max_iter: the table tells their gaps
    problem = Problem(given.frames // 150, given.frames, given.dims, 20, given.electrodes)
    inputs, some = simulate(problem), np.linspace(0, given.electrodes - 1, given.peer_electrodes).astype(int).tolist()
    x = np.vstack([lag_matrix(v, np.arange(problem.lags)) for v in inputs.features])
    y, names = np.vstack(inputs.responses), [name for name in given.peers.split(",") if name]
    seconds: dict[str, list[float]] = {name: [] for name in ("brainalign", *names)}
    gaps: dict[str, list[float]] = {name: [] for name in seconds}
    same: dict[str, list[bool]] = {name: [] for name in seconds}
    torch.set_num_threads(1)
    with threadpool_limits(1):
        tiny = Fold(x[:400, :30], y[:400, :2], np.arange(400) < 100)  # compiles and loads what each needs
        ours(Fold(np.hstack([x[:2000, :400]] * 2), y[:2000, :2], np.arange(2000) < 100))
        for name in names:
            PEERS[name](tiny, 0, 0.5)
        for f in range(given.folds):
            fold = Fold(x, y, problem.fold_of_row == f)
            took, weights = timed(lambda: ours(fold))  # noqa: B023
            seconds["brainalign"].append(took)
            found, choices = judge(fold, some, np.moveaxis(weights, -1, 0)[some])
            gaps["brainalign"] += found
            for name in names:
                took, theirs = timed(lambda: np.array([[PEERS[name](fold, e, q) for q in RATIOS] for e in some]))  # noqa: B023
                seconds[name].append(took * given.electrodes / len(some))
                found, best = judge(fold, some, theirs)
                gaps[name] += found
                same[name] += [a == b for a, b in zip(choices, best, strict=True)]
    rows = []
    for name, took in seconds.items():
        ratio = np.median(np.array(took) / np.array(seconds["brainalign"]))
        agree = f"{100 * np.mean(same[name]):.0f} %" if same[name] else "-"
        within = f"{100 * np.mean(np.array(gaps[name]) <= 1 + 1e-6):.1f} %"
        rows.append([name, f"{np.median(took):.3g}", f"{ratio:.3g}", f"{np.median(gaps[name]):.2g}", within, agree])
    table = markdown_table(HEADER, rows)
    print(table)
    if given.write:
        options = (
            f"--dims {given.dims} --frames {given.frames} --electrodes {given.electrodes} "
            f"--peer-electrodes {given.peer_electrodes} --folds {given.folds} --peers {given.peers}"
        )
        body = [
            f"## Elastic net, p = {problem.p}",
            f"`python -m benchmarks.elastic {options} --write`",
            f"{given.frames} frames, {problem.p} lagged features, {given.electrodes} electrodes, {len(ALPHAS)} alphas from "
            f"{ALPHAS[0]:g} to {ALPHAS[-1]:g} x l1_ratios {RATIOS}, {given.folds} folds of 5, Gram matrix given, one thread "
            f"each. Seconds: of the processor, median of the folds (peers: {len(some)} electrodes, multiplied); x time: median of "
            f"the folds' ratios to brainalign; the bound is {TOL:g} y'y, by one formula for all; skglm and celer take the rows "
            "themselves, adelie has a stopping rule of its own, here at the first power of 100 at which its gaps are within the bound.",
            describe(["brainalign", "torch", "numpy", "scipy", "numba", "scikit-learn", "adelie", "skglm", "celer"], 1),
            table,
        ]
        write_section(f"elastic-{problem.p}", "\n\n".join(body), given.results)
        mine = seconds.pop("brainalign")
        ratios = {name: [t / o for t, o in zip(took, mine, strict=True)] for name, took in seconds.items()}
        record(given.results.parent, f"elastic-{problem.p}", str(problem), hardware(1), ratios)


if __name__ == "__main__":
    main()
