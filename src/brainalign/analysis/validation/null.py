"""The null: electrodes without signal, and participants who differ where there is no effect on average."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from brainalign.analysis.validation.finding import Finding, rate
from brainalign.analysis.validation.listening import Bench
from brainalign.analysis.validation.side_by_side import each
from brainalign.data.simulated import simulate
from brainalign.features.acoustic.spectral import Mel
from brainalign.stats import compare

LEVEL = 0.05
REGIONS = ("A1", "STG", "MTG")


def silent_electrodes(bench: Bench, electrodes: int, permutations: int) -> list[Finding]:
    """Electrodes without signal: an electrode's own p is uniform, and .05 of them lie below .05.

    Args:
        bench: Settings.
        electrodes: How many, at least 10.
        permutations: Shifts behind each p.
    """
    from scipy.stats import kstest

    data = simulate(
        subjects=10,
        electrodes=electrodes // 10,
        sentences=60,
        repeated=0,
        silent_fraction=1.0,
        seed=1,
        cache_dir=bench.folder,
    )
    study = bench.listen(data)
    study.outcome = replace(study.outcome, permutations=permutations)
    scores = study.scores(bench.represent(Mel(20), data))
    p = scores.loc[scores["rule"] == "nested", "p_permutation"].to_numpy(dtype=np.float64)
    uniform = kstest(p, "uniform")
    below = int((p < LEVEL).sum())
    return [
        rate("null", "electrodes without signal that are called significant at .05", LEVEL, below, len(p), "electrode", side="not above"),
        Finding(
            "null", "distance of their p from uniform (Kolmogorov-Smirnov D)", 0.0, float(uniform.statistic), 0.0,
            float(1.949 / np.sqrt(len(p))), f"{len(p)} electrodes (0, critical value at .001)", "p of the distance above .001",
            bool(uniform.pvalue > 0.001),
        ),
    ]  # fmt: skip


def false_positives(sets: int) -> list[Finding]:
    """Family-wise error of the named tests where participants differ but no model is better on average.

    Args:
        sets: Simulated tables of scores: 8 participants with 12 electrodes in each of 3 regions, two models whose difference
            has a standard deviation of 1 between participants and of 1 between electrodes.
    """
    found = each(_found, range(sets), "false positives of the named tests")
    names = {
        "sign_flip": "sign-flip with the maximum statistic",
        "mixed": "mixed model, Bonferroni",
        "paired_t": "pooled paired t, Bonferroni (must fail)",
    }
    return [
        rate(
            "null",
            f"family-wise error at .05 of the {names[test]}",
            LEVEL,
            sum(one[test] for one in found),
            sets,
            "table",
            side="above" if test == "paired_t" else "not above",
        )
        for test in names
    ]


def _found(seed: int) -> dict[str, bool]:
    """Which of the tests finds a difference in a table that has none."""
    tests = compare(
        _table(np.random.default_rng([seed, 11])), [("a", "b")], regions=REGIONS, family="a - b x regions", by="model", score="r"
    )  # fmt: skip
    column = {"sign_flip": "p_max"}
    return {
        str(test): bool((rows[column.get(str(test), "p_bonferroni")] < LEVEL).any())
        for test, rows in tests.groupby("test")
    }


def _table(rng: np.random.Generator) -> pd.DataFrame:
    """Scores of two models that differ by participant, electrode and chance, and by 0 on average."""
    rows = []
    for subject in range(8):
        slope = rng.normal()
        for region in REGIONS:
            for electrode in range(12):
                level, difference = rng.normal(), slope + rng.normal()
                rows += [
                    {
                        "model": name,
                        "subject": f"s{subject}",
                        "electrode": f"{region}{electrode}",
                        "region": region,
                        "r": level + part,
                    }
                    for name, part in (("a", difference / 2), ("b", -difference / 2))
                ]
    return pd.DataFrame(rows)
