"""Noise ceilings: the planted single-trial ceiling against the estimated one, and how often its interval covers it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.validation.finding import Finding, near, rate
from brainalign.analysis.validation.listening import Bench
from brainalign.analysis.validation.side_by_side import each
from brainalign.data.simulated import simulate

EDGES = (0.05, 0.2, 0.35, 0.5)
WORST = 0.9
"""Coverage that the 95 % intervals must not fall below: with ten stimuli a bootstrap covers a little less than it says."""


def ceilings(bench: Bench, seeds: int) -> list[Finding]:
    """Signal power and interval coverage.

    Args:
        bench: Settings.
        seeds: Data sets, of 40 electrodes each.
    """
    found = each(partial(_one, bench), range(seeds), "noise ceilings")
    rho, error, covered = (np.concatenate(part) for part in zip(*found, strict=True))
    rows = []
    for low, high in pairwise(EDGES):
        inside = (rho >= low) & (rho < high)
        truth_ = float(rho[inside].mean())
        rows.append(
            near(
                "signal power",
                f"single-trial ceiling, electrodes from {low:g} to {high:g}",
                truth_,
                truth_ + error[inside],
                0.02,
                "electrode",
            )
        )
    rows.append(
        rate(
            "signal power",
            "95 % intervals that contain the truth",
            WORST,
            int(covered.sum()),
            len(covered),
            "electrode",
            side="not below",
        )
    )
    return rows


def _one(bench: Bench, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """True ceilings of a data set's electrodes, the errors of the estimated ones, and whether their intervals cover them."""
    data = simulate(
        subjects=2, electrodes=20, sentences=30, repeated=10, repeats=10, silent_fraction=0.0, seed=seed, cache_dir=bench.folder
    )  # fmt: skip
    study = bench.listen(data)
    table, truth = study.ceilings, study.channels["rho_true"].to_numpy(dtype=np.float64)
    low, high = (table[name].to_numpy() for name in ("ceiling_low", "ceiling_high"))
    return truth, table["ceiling"].to_numpy() - truth, (low <= truth) & (truth <= high)
