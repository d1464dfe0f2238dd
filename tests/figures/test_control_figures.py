"""Figures of controls and power: what is drawn is what the tables say, and the frame fits what it must."""

import numpy as np
import pandas as pd
import pytest

from brainalign.errors import BrainalignError
from brainalign.figures import control_shares, power_curves


@pytest.fixture
def shares():
    rows = [
        {
            "control": c,
            "region": r,
            "share": s,
            "share_low": s - 0.1,
            "share_high": s + w,
            "share_over": "participants",
            "n": n,
        }
        for c, s in (("gpt2", 1.0), ("untrained", 0.6), ("oasm", -0.1), ("split shuffled", 3.0))
        for r, n, w in (("all", 20, 0.2), ("A1", 10, 50.0))
    ]
    return pd.DataFrame(rows)


def drawn(axes, gid):
    return next(line for line in axes.get_lines() if line.get_gid() == gid).get_xdata()


def test_shares_stand_in_percent_with_splits_in_a_panel_of_their_own(shares):
    figure, caption = control_shares(shares, "gpt2", splits=["split shuffled"])
    figure.draw_without_rendering()
    features, splits = figure.axes
    np.testing.assert_allclose(drawn(features, "share all"), [60, -10])
    np.testing.assert_allclose(drawn(splits, "share A1"), [300])
    assert [t.get_text() for t in features.get_yticklabels()] == ["untrained", "oasm"]
    assert (
        features.get_xlim()[1] < 120 and splits.get_xlim()[1] < 400
    )  # an interval of a region does not rule the frame
    for axes in figure.axes:  # no line is longer than the frame: that of A1, to 5,000 %, is not drawn
        ends = [segment[:, 0] for lines in axes.collections for segment in lines.get_segments()]
        assert len(ends) == len(axes.get_yticklabels())
        assert all(axes.get_xlim()[0] <= x.min() and x.max() <= axes.get_xlim()[1] for x in ends)
    assert (
        caption.endswith("Largest over all: split shuffled, 300 % [290, 320].") and "over all 20 electrodes" in caption
    )


def test_shares_that_are_not_given_are_counted(shares):
    shares.loc[shares["region"] == "A1", ["share", "share_low", "share_high"]] = np.nan
    figure, caption = control_shares(shares[shares["control"] != "split shuffled"], "gpt2")
    figure.draw_without_rendering()
    assert len(figure.axes) == 1 and "2 shares not given" in caption
    with pytest.raises(BrainalignError, match="has no column 'share'"):
        control_shares(shares.drop(columns="share"), "gpt2")


def test_power_is_a_line_a_test_and_a_panel_an_effect():
    rows = [
        {
            "effect": e,
            "size": s,
            "participants": n,
            "sentences": k,
            "test": t,
            "power": p,
            "low": p - 0.02,
            "high": p + 0.02,
        }
        for e in ("difference", "shared")
        for s in (0.0, 0.02)
        for t, p in (("sign_flip", 0.4), ("mixed", 0.5), ("paired_t", 0.7))
        for n in (5, 10)
        for k in (30, 60)
    ]
    figure, caption = power_curves(pd.DataFrame(rows), participants=10, sentences=60, level=0.05)
    figure.draw_without_rendering()
    assert len(figure.axes) == 4
    told = "Highest with 10 participants and 60 sentences: a shared variance of 0.02: sign-flip over participants, 40 % [38, 42]."
    assert caption.endswith(told)
    line = next(x for x in figure.axes[0].get_lines() if x.get_gid() == "mixed effect")
    assert line.get_xdata().tolist() == [5, 10] and line.get_ydata().tolist() == [0.5, 0.5]


@pytest.mark.filterwarnings("error")
def test_a_low_figure_has_room_for_the_legend_of_many_regions():
    """Two rows of controls under 14 regions with long names: the axes keep at least a half of an inch, the frame the journal's height."""
    regions = ["all", *("x" * 300 + str(i) for i in range(13))]
    rows = [(c, r, s, s - 0.1, s + 0.1) for c, s in (("m", 1.0), ("envelope", 0.4), ("oasm", 0.1)) for r in regions]
    table = pd.DataFrame(rows, columns=["control", "region", "share", "share_low", "share_high"])
    figure, _ = control_shares(table.assign(share_over="2 participants", n=10), "m")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.get_position().height * figure.get_figheight() > 0.5 and figure.get_figheight() < 9
