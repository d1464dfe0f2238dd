"""Log-mel spectrogram and envelope: tones, levels, clicks, edges, filters."""

import numpy as np
import pytest

from brainalign.signal.spectrogram import _BLOCK, FLOOR, envelope, hz_to_mel, mel_filters, mel_spectrogram, mel_to_hz

RATE = 16_000


def tone(hz, seconds=1.0, amplitude=1.0):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def band_centres(n_mels=40):
    return mel_to_hz(np.linspace(hz_to_mel(50.0), hz_to_mel(8000.0), n_mels + 2))[1:-1]


@pytest.mark.parametrize("hz", [150, 440, 1000, 2500, 5000])
def test_a_tone_is_loudest_in_the_band_around_it(hz):
    mel = mel_spectrogram(tone(hz), RATE, np.array([0.3, 0.5, 0.7]))
    nearest = np.argmin(np.abs(hz_to_mel(band_centres()) - hz_to_mel(hz)))
    assert (mel.argmax(axis=1) == nearest).all()


def test_half_the_amplitude_is_a_quarter_of_the_power():
    times = np.array([0.5])
    loud, soft = (mel_spectrogram(tone(1000, amplitude=a), RATE, times)[0].max() for a in (1.0, 0.5))
    assert loud - soft == pytest.approx(np.log(4), abs=1e-6)


def test_filters_sum_to_one_between_the_outermost_centres():
    filters = mel_filters(40, RATE, 50.0, 8000.0)
    bins = np.fft.rfftfreq(2 * (filters.shape[1] - 1), 1 / RATE)
    inner = (bins >= band_centres()[0]) & (bins <= band_centres()[-1])
    # neighbours cross linearly in Hz, so their sum is one there
    assert np.allclose(filters[:, inner].sum(axis=0), 1.0)


@pytest.mark.parametrize("n_mels", [1, 40, 80, 128, 256])
def test_no_filter_is_empty(n_mels):
    assert (mel_filters(n_mels, RATE, 50.0, 8000.0).sum(axis=1) > 0).all()


def test_windows_are_centred_on_the_frames():
    click = np.zeros(RATE)
    click[8000] = 1.0  # at 0.5 s
    times = np.arange(0.40, 0.60, 0.0025)
    heard = envelope(click, RATE, times).ravel() > 0
    assert heard.any()
    assert np.abs(times[heard] - 0.5).max() <= 0.0125 + 1e-9
    assert np.abs(times[~heard] - 0.5).min() >= 0.0125 - 1e-9
    mel = mel_spectrogram(click, RATE, times)
    assert times[mel.mean(axis=1).argmax()] == pytest.approx(0.5, abs=1e-9)


def test_silence_and_what_lies_beyond_the_ends_are_the_floor():
    assert (mel_spectrogram(np.zeros(RATE), RATE, np.array([0.5])) == np.log(FLOOR)).all()
    assert (mel_spectrogram(tone(500), RATE, np.array([-1.0, 5.0])) == np.log(FLOOR)).all()
    assert (envelope(tone(500), RATE, np.array([-1.0, 5.0])) == 0).all()


def test_blocks_do_not_show():
    noise = np.random.default_rng(0).standard_normal(RATE)
    times = np.linspace(0.1, 0.9, _BLOCK + 7)
    whole = mel_spectrogram(noise, RATE, times, 8)
    alone = np.vstack([mel_spectrogram(noise, RATE, times[i : i + 1], 8) for i in (0, _BLOCK - 1, _BLOCK, _BLOCK + 6)])
    assert np.allclose(whole[[0, _BLOCK - 1, _BLOCK, _BLOCK + 6]], alone, atol=1e-12)


def test_envelope_is_the_root_mean_square():
    assert envelope(tone(800, amplitude=0.3), RATE, np.array([0.5]))[0, 0] == pytest.approx(0.3 / np.sqrt(2), rel=1e-3)
