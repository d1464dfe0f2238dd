"""The test for a response to speech: equal to scipy's paired t, honest on noise, and refused where there is no before."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, ttest_rel

from brainalign.data.electrodes.responsive import speech_response
from brainalign.data.types import Presentation, Recording
from brainalign.errors import BrainalignError


def recording(responses, rate=100.0, start=-0.5):
    """One participant; ``responses`` are (T, channels)."""
    n = responses[0].shape[1]
    channels = pd.DataFrame(
        {"subject": "p1", "electrode": [f"e{i}" for i in range(n)], "region": "STG", "hemisphere": "L"}
    )
    channels[["x", "y", "z"]] = 0.0
    starts = start if isinstance(start, list) else [start] * len(responses)
    shown = [Presentation(f"s{i}", 0, y, rate, s) for i, (y, s) in enumerate(zip(responses, starts, strict=True))]
    return Recording("p1", channels, shown)


def test_it_is_scipys_paired_t_over_presentations():
    """Windows by hand: 100 Hz from -0.5 s on, so sample i lies at (i - 50) * 10 ms; the last presentations end early."""
    rng = np.random.default_rng(0)
    shown = [rng.normal(size=(n, 6)) + 0.2 * (np.arange(n) > 50)[:, None] for n in [200] * 20 + [110] * 5]
    shown[3][30:61, 2] = np.nan  # no baseline: this presentation is left out for channel 2 alone
    shown[4][90:, 1] = np.nan  # part of the response: what is left is averaged
    table = speech_response(recording(shown))
    for c in range(6):
        before = np.array([np.nanmean(y[30:61, c]) if np.isfinite(y[30:61, c]).any() else np.nan for y in shown])
        after = np.array([np.nanmean(y[65:151, c]) for y in shown])
        kept = np.isfinite(before)
        expected = ttest_rel(after[kept], before[kept])
        assert table["responsive_t"][c] == pytest.approx(expected.statistic, rel=1e-12)
        assert table["responsive_p"][c] == pytest.approx(expected.pvalue, rel=1e-9)
        assert table["n_presentations"][c] == 25 - (c == 2)


def test_on_noise_p_is_uniform_though_samples_are_correlated():
    """2000 channels of random walks' increments smoothed over 200 ms: as many below a level as the level says."""
    rng = np.random.default_rng(1)
    shown = [np.cumsum(rng.normal(size=(100, 2000)), axis=0) * 0.1 for _ in range(30)]
    shown = [y[10:] - y[:-10] for y in shown]
    p = speech_response(recording(shown, rate=50.0))["responsive_p"]
    for level in (0.01, 0.05, 0.5):
        low, high = binom.ppf([0.0005, 0.9995], len(p), level)
        assert low <= (p < level).sum() <= high


def test_decreases_count_and_dead_channels_do_not():
    rng = np.random.default_rng(2)
    shown = [rng.normal(size=(200, 4)) for _ in range(20)]
    for y in shown:
        y[60:, 1] -= 1.0
        y[:, 2] = 7.0
        y[:, 3] = np.nan
    table = speech_response(recording(shown))
    assert table["responsive_t"][1] < -5 and table["responsive_p"][1] < 1e-4
    assert table.loc[2:, ["responsive_t", "responsive_p"]].isna().all().all()


def test_presentations_without_a_before_take_no_part():
    rng = np.random.default_rng(3)
    shown = [rng.normal(size=(200, 2)) for _ in range(12)]
    some = speech_response(recording(shown, start=[-0.5] * 9 + [-0.05, 0.0, -0.1]))
    pd.testing.assert_frame_equal(some, speech_response(recording(shown[:9])))
    assert set(some["n_presentations"]) == {9}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"start": 0.0}, r"needs data from 0\.2 s before .* participant p1 start at 0 s; use electrodes=all"),
        ({"rate": 0.5, "start": -2.0}, r"participant p1 have one sample each 2 s; use electrodes=all"),
    ],
)
def test_data_that_do_not_allow_it_are_refused(options, sentence):
    with pytest.raises(BrainalignError, match=sentence):
        speech_response(recording([np.ones((200, 2))] * 5, **options))
