"""Extractors that need no model: mel, envelope, word rate."""

import numpy as np
import pandas as pd
import pytest

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Envelope, Mel
from brainalign.features.align import to_grid
from brainalign.features.words.timed import WordRate, words_of
from brainalign.signal.spectrogram import mel_spectrogram

TABLE = pd.DataFrame({"word": ["so ", "it", "goes"], "onset": [0.1, 0.4, 0.6], "offset": [0.4, 0.6, 0.9]})


def noise(seconds, seed=0):
    samples = np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * RATE)).astype(np.float32)
    return Stimulus("s1", seconds, TABLE, audio=Audio(samples=samples))


@pytest.mark.parametrize("extractor", [Mel(), Mel(8, "mel8"), Envelope()])
@pytest.mark.parametrize("seconds", [0.025, 1.0, 1.2345])
def test_a_row_a_speech_frame(extractor, seconds):
    grid = FrameGrid.speech(seconds)
    ((name, layers),) = extractor.extract([noise(seconds)])
    assert name == "s1" and list(layers) == [0]
    rows = layers[0]
    assert rows.values.shape == (grid.n, {"mel": 40, "mel8": 8, "envelope": 1}[extractor.name])
    assert rows.values.dtype == np.float32 and np.isfinite(rows.values).all()
    assert np.array_equal(rows.onset, grid.times)
    assert np.array_equal(to_grid(rows, "frames", grid), rows.values)


def test_mel_is_the_spectrogram_of_the_sound():
    stimulus = noise(1.0)
    values = dict(Mel(12).extract([stimulus]))["s1"][0].values
    expected = mel_spectrogram(stimulus.audio.load(), RATE, FrameGrid.speech(1.0).times, 12)
    assert np.array_equal(values, expected.astype(np.float32))
    assert Mel(12).identity() != Mel(13).identity()


@pytest.mark.parametrize("extractor", [Mel(), Envelope()])
def test_sound_is_needed(extractor):
    with pytest.raises(BrainalignError, match=r"needs audio.*'s1'"):
        extractor.check(Stimulus("s1", 1.0, TABLE))
    with pytest.raises(BrainalignError, match="too short"):
        extractor.check(noise(0.02))
    extractor.check(noise(0.025))


def test_word_rate_is_one_a_word():
    rows = dict(WordRate().extract([noise(1.0)]))["s1"][0]
    assert rows.values.tolist() == [[1.0], [1.0], [1.0]]
    on_frames = to_grid(rows, WordRate.unit, FrameGrid.speech(1.0), placement=WordRate.placement).ravel()
    assert on_frames.sum() == 3 and on_frames.max() == 1
    assert np.allclose(FrameGrid.speech(1.0).times[on_frames > 0] - TABLE["onset"], 0.01, atol=0.0101)
    assert to_grid(rows, WordRate.unit, FrameGrid(1.0, 0.5, 2), placement="impulse").ravel().tolist() == [3.0, 0.0]


def test_words_are_needed_and_stripped():
    with pytest.raises(BrainalignError, match=r"needs timed words.*'s1'"):
        WordRate().check(Stimulus("s1", 1.0))
    assert words_of(noise(1.0)) == ["so", "it", "goes"]
