"""Noise ceilings: the planted single-trial ceiling against the estimated one, and how often its interval covers it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from brainalign.analysis.validation.finding import Finding, near, rate
from brainalign.analysis.validation.listening import Bench
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
    rho, found, covered = [], [], []
    for seed in range(seeds):
        data = simulate(
            subjects=2,
            electrodes=20,
            sentences=30,
            repeated=10,
            repeats=10,
            silent_fraction=0.0,
            seed=seed,
            cache_dir=bench.folder,
        )
        study = bench.listen(data)
        table = study.ceilings
        truth = study.channels["rho_true"].to_numpy()
        rho += truth.tolist()
        found += (table["ceiling"].to_numpy() - truth).tolist()
        covered += ((table["ceiling_low"] <= truth) & (truth <= table["ceiling_high"])).tolist()
    rho_, error = np.array(rho), np.array(found)
    rows = []
    for low, high in pairwise(EDGES):
        inside = (rho_ >= low) & (rho_ < high)
        truth_ = float(rho_[inside].mean())
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
            int(np.sum(covered)),
            len(covered),
            "electrode",
            side="not below",
        )
    )
    return rows
