import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def differing():
    """Scores of two models: participants differ in which is better (slope), by 0 on average; an effect on top if asked for."""

    def make(seed, subjects=8, per_region=(8, 8, 8), slope=1.0, effect=0.0, uneven=False):
        rng = np.random.default_rng(seed)
        rows = []
        for subject in range(subjects):
            base, own = rng.normal(), slope * rng.normal()
            for region, many in zip(("A1", "STG", "MTG"), per_region, strict=False):
                for electrode in range(int(rng.integers(1, 2 * many)) if uneven else many):
                    level, difference = base + rng.normal(), effect + own + rng.normal()
                    rows += [
                        (model, f"s{subject}", f"{region}{electrode}", region, level + sign * difference / 2)
                        for model, sign in (("a", 1), ("b", -1))
                    ]
        return pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])

    return make
