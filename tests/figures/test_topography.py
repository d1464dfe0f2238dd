"""Patterns on the scalp: the planted electrode at the planted lag, and names that MNE does not know."""

import pandas as pd
import pytest

from brainalign.errors import BrainalignError
from brainalign.figures import on_scalp, pattern_topography


def planted(names):
    rows = [(p, e, lag, (lag == 0.1) * (e.lower() == "cz") - 0.1) for p in "ab" for e in names for lag in (0.0, 0.1)]
    return pd.DataFrame(rows, columns=["subject", "electrode", "lag_s", "pattern"])


def test_the_lag_and_electrode_of_the_largest_pattern_are_shown():
    figure, caption = pattern_topography(planted(["Fp1", "FZ", "CZ", "Pz", "O1", "T7", "EXG1"]))
    assert "at 100 ms" in caption and "largest at Cz (0.900)" in caption and "1 electrodes whose places" in caption
    image = next(i for ax in figure.axes for i in ax.images)
    assert image.get_clim() == pytest.approx((-0.9, 0.9))


def test_electrodes_of_unknown_places_are_refused():
    assert on_scalp(["G1", "G2"]) == {}
    with pytest.raises(BrainalignError, match="MNE knows the places of 0 electrodes"):
        pattern_topography(planted(["G1", "G2", "G3", "G4"]))
