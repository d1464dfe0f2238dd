"""Phones, pitch, intensity, spectral onsets, causal windows: closed forms."""

import numpy as np
import pandas as pd
import pytest

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.pitch import Pitch
from brainalign.features.acoustic.spectral import WIDTH, Envelope, Intensity, Mel, SpectralOnsets
from brainalign.features.phones.articulation import ARPABET, ARTICULATORY, Articulation, PhoneOnsets

PHONES = pd.DataFrame(
    {"phone": ["sil", "S", "OW1", "", "IH0", "T"], "onset": [0, 0.1, 0.2, 0.35, 0.5, 0.6], "offset": [0.1, 0.2, 0.35, 0.5, 0.6, 0.7]}
)  # fmt: skip


def sound(samples, **more):
    return Stimulus("s1", len(samples) / RATE, audio=Audio(samples=np.asarray(samples, dtype=np.float32)), **more)


def values(extractor, stimulus):
    return dict(extractor.extract([stimulus]))[stimulus.id][0].values


CONSONANTS = {"plosive", "fricative", "affricate", "nasal", "approximant"}


def test_the_table_tells_all_phones_apart_and_uses_all_features():
    assert len(ARPABET) == len(set(ARPABET.values())) == 39
    assert set().union(*ARPABET.values()) == set(ARTICULATORY)
    for features in ARPABET.values():
        assert len(features & {"vowel", *CONSONANTS}) == 1
        assert "vowel" not in features or len(features & {"high", "mid", "low"}) == 1 == len(
            features & {"front", "central", "back"}
        )


def test_onsets_and_features_stand_where_the_phones_do():
    stimulus = Stimulus("s1", 0.8, phones=PHONES)
    grid = FrameGrid.speech(0.8)
    onsets = values(PhoneOnsets(), stimulus).ravel()
    assert onsets.sum() == 4
    assert np.allclose(grid.times[onsets > 0], [0.1, 0.2, 0.5, 0.6], atol=0.0201)
    assert (grid.times[onsets > 0] >= [0.1, 0.2, 0.5, 0.6]).all()
    features = pd.DataFrame(values(Articulation(), stimulus), columns=ARTICULATORY)
    said = (grid.times >= 0.2) & (grid.times < 0.35)
    assert features["rounded"].to_numpy()[said].all() and not features["rounded"].to_numpy()[~said].any()
    silent = (grid.times < 0.1) | ((grid.times >= 0.35) & (grid.times < 0.5)) | (grid.times >= 0.7)
    assert not features.to_numpy()[silent].any() and features.to_numpy()[~silent].any(axis=1).all()


def test_phones_that_are_missing_or_unknown_are_one_sentence():
    with pytest.raises(BrainalignError, match="needs timed phones, but stimulus 's1'"):
        PhoneOnsets().check(Stimulus("s1", 1.0))
    with pytest.raises(BrainalignError, match="has 1 phones that are not in ARPAbet, the first 'Ə'"):
        Articulation().check(Stimulus("s1", 1.0, phones=PHONES.replace("S", "ə")))
    Articulation().check(Stimulus("s1", 1.0, phones=PHONES))


def test_intensity_is_the_envelope_in_decibels():
    half = sound(np.r_[np.zeros(8000), np.full(8000, 0.1)])
    found = values(Intensity(), half).ravel()
    assert found[5] == -100 and found[-5] == pytest.approx(-20, abs=1e-5)


def test_onsets_are_the_rises_of_mel():
    rng = np.random.default_rng(0)
    steps = np.repeat([0.001, 0.1, 0.001], 8000)
    stimulus = sound(steps * rng.normal(size=24000))
    mel, onsets = values(Mel(8), stimulus), values(SpectralOnsets(8), stimulus)
    np.testing.assert_allclose(onsets[1:], np.maximum(0, np.diff(mel, axis=0)), atol=1e-5)
    assert abs(FrameGrid.speech(1.5).times[onsets.sum(axis=1).argmax()] - 0.5) < 0.03


@pytest.mark.parametrize("make", [Mel, Envelope, Intensity, SpectralOnsets])
def test_a_causal_window_knows_no_later_sound_and_a_row_says_what_it_has_seen(make):
    """Sound that changes at t alters rows from ``t - receptive_field.future`` on, until ``receptive_field.past`` after it."""
    rng = np.random.default_rng(1)
    base = 0.1 * rng.normal(size=RATE)
    moved = base.copy()
    moved[8000:8040] += 0.3
    for causal in (False, True):
        extractor = make(causal=causal)
        changed = np.abs(values(extractor, sound(base)) - values(extractor, sound(moved))).max(axis=1) > 1e-6
        times = FrameGrid.speech(1.0).times[changed]
        assert extractor.receptive_field.causal == causal and len(times)
        assert (
            times.min() >= 0.5 - extractor.receptive_field.future - 1e-3
            and times.max() <= 0.5025 + extractor.receptive_field.past + 1e-3
        )
        assert not causal or times.min() > 0.5
        assert make(causal=True).identity() != make().identity()
    assert WIDTH == 0.025


def test_pitch_of_a_buzz_and_of_noise():
    pytest.importorskip("parselmouth")
    t = np.arange(RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 8))
    stimulus = sound(np.r_[0.1 * buzz, 0.01 * np.random.default_rng(0).normal(size=RATE)])
    found = values(Pitch(), stimulus)
    times = FrameGrid.speech(2.0).times
    voiced = (times > 0.05) & (times < 0.95)
    assert found[voiced, 1].all() and np.allclose(np.exp(found[voiced, 0]) * 100, 150, atol=0.5)
    assert found[times > 1.05, 1].mean() < 0.2
    assert not found[found[:, 1] == 0, 0].any() and not Pitch().receptive_field.causal
    with pytest.raises(BrainalignError, match="too short for pitch from 75 Hz"):
        Pitch().check(sound(np.zeros(600)))
