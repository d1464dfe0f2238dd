"""analysis=latency on planted delays: single lags, windows and weights find them, and noise is called noise."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from brainalign.analysis.latency.run import differs_from_zero, enough, latency, peaks
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import ReceptiveField, Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study

RATE, DELAY = 50.0, 0.16


class Noise:
    """White features of two layers, on the speech frames of each stimulus; the second drives the responses."""

    name, unit, placement, layers, version, receptive_field = (
        "white",
        "frames",
        "hold",
        (0, 1),
        1,
        ReceptiveField(0.01, 0),
    )

    def values(self, stimulus, layer):
        grid = FrameGrid.speech(stimulus.duration)
        rng = np.random.default_rng([int(stimulus.id[1:]), layer])
        return grid, rng.normal(size=(len(grid.times), 3)).astype(np.float32)

    def identity(self):
        return {"kind": "white"}

    def describe(self):
        return "white noise"

    def check(self, stimulus):
        pass

    def extract(self, stimuli):
        for s in stimuli:
            found = {n: self.values(s, n) for n in self.layers}
            yield s.id, {n: Rows(v, g.times, g.times) for n, (g, v) in found.items()}


def planted(tmp_path, signal=1.0, tmax=0.3, noise=0, regions=("early", "late"), **study):
    stimuli = {f"s{i}": Stimulus(f"s{i}", 2.0) for i in range(25)}
    rng, extractor = np.random.default_rng(noise), Noise()
    kernel = {r: rng.normal(size=(3, 4)) for r in ("early", "late")}
    recordings = []
    for subject in ("p1", "p2"):
        presentations = []
        for s in stimuli.values():
            grid, x = extractor.values(s, 1)
            y = rng.normal(size=(len(x), 8))
            for columns, region, delay in ((slice(0, 4), "early", 0.04), (slice(4, 8), "late", DELAY)):
                lag = round(delay * RATE)
                y[lag:, columns] += (region in regions) * signal * x[: len(x) - lag] @ kernel[region]
            presentations.append(Presentation(s.id, 0, y, RATE, grid.times[0]))
        channels = pd.DataFrame(
            {
                "subject": subject, "electrode": [f"e{i}" for i in range(8)], "region": ["early"] * 4 + ["late"] * 4,
                "hemisphere": "L", "x": 0.0, "y": 0.0, "z": 0.0,
            }
        )  # fmt: skip
        recordings.append(Recording(subject, channels, presentations))
    dataset = Dataset("planted", stimuli, recordings)
    options = {
        "tmin": 0.0,
        "tmax": tmax,
        "lag_unit": "seconds",
        "rate": RATE,
        "alphas": [1.0, 100.0, 1e4],
        "outer_folds": 4,
    }
    made = Study(dataset, **(options | study))
    return made, Representation(extractor, stimuli, "planted", FeatureCache(tmp_path))


def test_planted_delays_are_found_by_single_lags_windows_and_weights(tmp_path):
    study, model = planted(tmp_path)
    result = latency(study, Models(model), layer=None)
    table, windows = result.tables["latency"], result.tables["windows"]
    assert set(table["layer"]) == {1}  # the layer that drives the responses
    for column in ("r2", "weight"):
        found = peaks(table, column, ["early", "late"])
        assert found["early"][0] == pytest.approx(0.04) and found["late"][0] == pytest.approx(DELAY)
    # nothing is known before the planted delay, everything from it on
    late = windows[windows["region"] == "late"].groupby("window_s")["r2"].mean()
    assert late[late.index < DELAY - 0.001].max() < 0.02 < 0.3 < late[late.index >= DELAY - 0.001].min()
    length, low, high = enough(windows[windows["region"] == "late"], "r2", np.random.default_rng(0))
    assert length == pytest.approx(late.index[late.index >= DELAY - 0.001][0]) and low <= length <= high
    assert result.metrics["region/late/latency/single_lag/peak_s"] == pytest.approx(DELAY)
    assert result.metrics["region/early/latency/window_95_s"] < 0.07
    assert len(table) == 16 * 16 and set(result.figures) == {"single_lag", "window_length", "weights", "mean_trf"}
    assert re.search(r"Highest: late, 0\.\d+ .*at 160 ms\.", result.figures["single_lag"][1])


def test_weights_are_those_of_standardised_features(tmp_path):
    """White features: a weight per SD is the planted kernel times the features' SD, here 1."""
    study, model = planted(tmp_path, signal=3.0)
    whole = study.fit(study.frames(model, 1), 3, "white", keep_weights=True)
    assert len(whole.weights) == 4 and whole.weights[0].shape == (16, 3, 16)
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 4))
    mean = np.mean(whole.weights, axis=0)[2, :, :4]  # lag 40 ms of the first participant's early electrodes
    np.testing.assert_allclose(mean * study.design.unit[:4], 3.0 * kernel, atol=0.15)
    assert not study.fit(study.frames(model, 1), 3, "white").weights


CLAIMS = ("latency/single_lag/peak_s", "latency/weight/peak_s", "latency/window_95_s")


@pytest.mark.parametrize("score", ["r", "r2", "r2_pearson"])
def test_on_noise_no_peak_and_no_window_is_named_and_it_is_said(tmp_path, score):
    """Of 6 seeds x (all, early, late) fewer are named than chance at .05 / 3 gives but once in a thousand."""
    named = 0
    for seed in range(6):
        study, model = planted(tmp_path, signal=0.0, tmax=0.1, seed=seed, noise=seed, outcome=Outcome(score=score))
        result = latency(study, Models(model), layer=1)
        warned = next((w for w in result.warnings if w.startswith("No peak and no window is named for")), "")
        for name in ("all", "early", "late"):
            prefix = "" if name == "all" else f"region/{name}/"
            silent = [np.isnan(result.metrics[prefix + claim]) for claim in CLAIMS]
            assert len(set(silent)) == 1 and (name in warned) == silent[0]
            shown = next(text for what, text in result.summary if what.startswith(f"{name}: best single lag"))
            assert (shown == "not told from 0 in the whole window") == silent[0]
            named += not silent[0]
        assert all(warned in caption for _, caption in result.figures.values())
    assert named <= binom.ppf(0.999, 18, 0.05 / 3 / 2)


@pytest.mark.parametrize("score", ["r", "r2", "r2_pearson"])
def test_what_is_planted_is_named_in_its_region_alone(tmp_path, score):
    study, model = planted(tmp_path, signal=1.0, regions=("late",), outcome=Outcome(score=score))
    result = latency(study, Models(model), layer=1)
    assert result.metrics["region/late/latency/single_lag/peak_s"] == pytest.approx(DELAY)
    assert result.metrics["region/late/latency/window_95_s"] == pytest.approx(DELAY, abs=0.05)
    assert all(np.isnan(result.metrics[f"region/early/{claim}"]) for claim in CLAIMS)
    (warned,) = [w for w in result.warnings if "is named for" in w]
    assert "named for early: the mean " + ("r2" if score == "r2" else "r") + " of" in warned


def test_participants_are_the_unit_where_there_are_three_and_folds_where_there_are_fewer():
    """Electrodes that agree within each of four participants: 24 values say yes, 4 participants do not."""
    people = np.repeat([0.1, 0.09, -0.03, 0.05], 6) + 1e-4 * np.tile(np.arange(6), 4)
    scores, who = np.tile(people, (5, 1)), np.repeat(list("abcd"), 6)
    assert not differs_from_zero(scores, who) and differs_from_zero(scores + 0.2, who)
    # two participants who share what one fold does: not their electrodes count, but the folds
    shared = np.array([0.3, -0.1, 0.05, -0.2, 0.3])[:, None] + 1e-3 * np.arange(12)
    assert not differs_from_zero(shared, ["a"] * 6 + ["b"] * 6) and differs_from_zero(0.2 + 0.1 * shared, ["a"] * 12)
    assert not differs_from_zero(np.full((5, 2), np.nan), ["a", "b"])


def test_noise_that_electrodes_share_names_no_region_too_often():
    """Scores of five folds under the null, each fold's noise common to all electrodes of a participant: nominal .025 for one claim."""
    rng, told = np.random.default_rng(1), {1: 0, 8: 0}
    for people in told:
        for _ in range(300):
            # products of folds' noise: q_fg + q_gf is common to the scores of f and g (see stats.permutation)
            own = rng.normal(size=(people, 5, 5))
            pair = own + np.swapaxes(own, 1, 2)
            common = pair.sum(axis=2) - pair[:, range(5), range(5)]
            scores = np.repeat(common, 6, axis=0).T + rng.normal(size=(5, 6 * people))
            told[people] += differs_from_zero(scores, np.repeat(np.arange(people), 6).astype(str).tolist())
    assert max(told.values()) <= binom.ppf(0.999, 300, 0.025)


def test_what_cannot_be_looked_at_is_refused(tmp_path):
    study, model = planted(tmp_path, tmax=0.0)
    with pytest.raises(BrainalignError, match=r"window.tmin=0 to window.tmax=0 holds one"):
        latency(study, Models(model), layer=None)
    study, model = planted(tmp_path)
    with pytest.raises(BrainalignError, match=r"analysis.layer=7 is none of white's layers: \[0, 1\]"):
        latency(study, Models(model), layer=7)
