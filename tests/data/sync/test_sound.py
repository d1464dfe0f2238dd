"""The sync check: planted offsets and drifts are found, unrelated noise gives no warning."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainalign.data.continuous.run import Run
from brainalign.data.continuous.sync_check import check_sync
from brainalign.data.events.event import Event
from brainalign.data.simulated import simulate
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.sync.sound import estimate_sync, mean_response, sound_envelope
from brainalign.data.types import Stimulus
from brainalign.signal.lag_curve import lag_curve, peak
from brainalign.signal.resample import resample_to
from brainalign.signal.spectrogram import envelope


@pytest.fixture(scope="module")
def stimuli():
    return simulate(subjects=1, electrodes=1, sentences=40, repeated=0).stimuli


@pytest.fixture(scope="module")
def events(stimuli):
    rng = np.random.default_rng(0)
    onsets = 4.0 + np.cumsum([0.0, *(stimuli[s].duration + rng.uniform(0.6, 1.5) for s in sorted(stimuli)[:-1])])
    return pd.DataFrame({"stimulus": sorted(stimuli), "onset": onsets})


def sound_of(stimuli, events, rate, offset=0.0, drift=0.0, noise=0.01, seed=0):
    """What a microphone hears whose clock says (1 + drift) t + offset."""
    ends = [
        onset + len(stimuli[s].audio.load()) / RATE
        for s, onset in zip(events["stimulus"], events["onset"], strict=True)
    ]
    length = max(ends) * (1 + drift) + 5
    t = np.arange(round(length * rate)) / rate
    heard = noise * np.random.default_rng(seed).normal(size=len(t))
    for stimulus, onset in zip(events["stimulus"], events["onset"], strict=True):
        samples = stimuli[stimulus].audio.load()
        played = (t - offset) / (1 + drift) - onset
        inside = (played >= 0) & (played < len(samples) / RATE)
        heard[inside] += np.interp(played[inside] * RATE, np.arange(len(samples)), samples)
    return heard


@pytest.mark.parametrize("rate", [2000.0, 4882.8125])
def test_an_offset_of_1500_ms_is_found_within_10(stimuli, events, rate):
    found = estimate_sync(
        *sound_envelope(sound_of(stimuli, events, rate, 1.5), rate), 0.0, events, stimuli, run="run 1"
    )
    assert found.offset == pytest.approx(1.5, abs=0.01)
    assert (found.pieces["offset"] - 1.5).abs().max() < 0.01
    assert len(found.pieces) == 40 and found.pieces["agrees"].sum() >= 38 and found.r > 0.9 and found.p < 1e-20
    (sentence,) = found.warnings
    assert sentence.startswith("run 1: the recording's sound is 1.50 s later than its events say, in ")
    assert " of 40 presentations (mean r = 0.9" in sentence


def test_right_events_give_no_warning(stimuli, events):
    found = estimate_sync(*sound_envelope(sound_of(stimuli, events, 2000.0), 2000.0), 0.0, events, stimuli)
    assert abs(found.offset) < 0.005 and found.warnings == () and np.isnan(found.drift)


def test_the_clock_of_the_recording_may_start_anywhere(stimuli, events):
    signal, rate = sound_envelope(sound_of(stimuli, events, 2000.0, -0.4), 2000.0)
    found = estimate_sync(signal[round(2 * rate) :], rate, 102.0, events.assign(onset=events["onset"] + 100), stimuli)
    assert found.offset == pytest.approx(-0.4, abs=0.01)
    assert "0.40 s earlier than its events say" in found.warnings[0]


def test_a_drift_of_100_ppm_is_found(stimuli, events):
    """Over an hour, as sessions last: 40 sentences 90 s apart."""
    spread = events.assign(onset=10.0 + 90.0 * np.arange(len(events)))
    parts = []
    for event in spread.itertuples():  # silence between is not made
        one = pd.DataFrame({"stimulus": [event.stimulus], "onset": [5.0 - 1e-4 * event.onset]})
        parts.append((event, sound_envelope(sound_of(stimuli, one, 2000.0, 2e-4 * event.onset, noise=0.0), 2000.0)[0]))
    signal = np.zeros(3700 * 200)
    for event, part in parts:
        first = round((event.onset - 5) * 200)
        signal[first : first + len(part)] = part
    found = estimate_sync(signal, 200.0, 0.0, spread, stimuli)
    assert found.drift == pytest.approx(100, abs=5)
    assert found.drift_interval[0] < 100 < found.drift_interval[1]
    assert found.offset == pytest.approx(1e-4 * spread["onset"].mean(), abs=0.01)
    assert found.pieces["agrees"].mean() > 0.9
    assert (
        "changes by 100 parts per million" in found.warnings[-1] and "0.35 s over the recording" in found.warnings[-1]
    )


def test_a_story_is_checked_in_pieces(stimuli):
    sound = np.concatenate([stimuli[s].audio.load() for s in sorted(stimuli)])[: 60 * RATE]
    story = replace(next(iter(stimuli.values())), id="story", audio=Audio(samples=sound))
    events = pd.DataFrame({"stimulus": ["story"], "onset": [5.0]})
    found = estimate_sync(
        *sound_envelope(sound_of({"story": story}, events, 2000.0, -0.7), 2000.0), 0.0, events, {"story": story}
    )
    assert len(found.pieces) == 6 and found.offset == pytest.approx(-0.7, abs=0.01)
    assert "in 6 of 6 pieces of 10 s" in found.warnings[0]


def test_real_speech_in_noise_as_loud_as_itself(test_data):
    files = sorted((test_data / "librispeech").glob("**/*.flac"))
    stimuli = {f.stem: Stimulus(f.stem, Audio(path=f).duration, audio=Audio(path=f)) for f in files}
    onsets = 4.0 + np.cumsum([0.0, *(s.duration + 1.0 for s in list(stimuli.values())[:-1])])
    events = pd.DataFrame({"stimulus": list(stimuli), "onset": onsets})
    clean = sound_of(stimuli, events, 4000.0, 1.5, noise=0.0)
    noise = np.random.default_rng(0).normal(size=len(clean)) * clean.std()
    found = estimate_sync(*sound_envelope(clean + noise, 4000.0), 0.0, events, stimuli)
    assert len(found.pieces) >= 10 and found.pieces["agrees"].all()
    assert found.offset == pytest.approx(1.5, abs=0.01)


def responses(stimuli, events, offset, channels=12, rate=100.0, strength=1.0, seed=0):
    """(T, c) noise of autocorrelation .9 that in every fourth channel follows the envelope by 120 ms and an offset."""
    rng = np.random.default_rng(seed)
    times = np.arange(round((events["onset"].max() + 10) * rate)) / rate
    white = rng.normal(size=(len(times), channels))
    from scipy.signal import lfilter

    values = lfilter([np.sqrt(1 - 0.9**2)], [1, -0.9], white, axis=0)
    for stimulus, onset in zip(events["stimulus"], events["onset"], strict=True):
        samples = stimuli[stimulus].audio.load()
        loud = envelope(samples, RATE, np.arange(0, len(samples) / RATE, 1 / rate))[:, 0]
        first = round((onset + offset + 0.12) * rate)
        values[first : first + len(loud), ::4] += strength * (loud / loud.std())[:, None]
    return values


@pytest.mark.parametrize(("offset", "warned"), [(0.0, False), (1.5, True), (-1.5, True)])
def test_responses_tell_an_offset_too(stimuli, events, offset, warned):
    values = responses(stimuli, events, offset)
    signal = mean_response(values, 100.0, 0.0, events)
    found = estimate_sync(signal, 100.0, 0.0, events, stimuli, "response")
    assert found.offset == pytest.approx(offset + 0.12, abs=0.02)
    assert len(found.warnings) == warned
    if warned:
        assert f"the mean response comes {abs(offset + 0.12):.2f} s" in found.warnings[0]


def test_the_channels_that_events_move_are_the_ones_averaged(stimuli, events):
    values = responses(stimuli, events, 1.5)
    found = mean_response(values, 100.0, 0.0, events)
    np.testing.assert_allclose(found, values[:, ::4].mean(axis=1))


@pytest.mark.parametrize("seed", range(20))
def test_unrelated_noise_gives_no_warning(stimuli, events, seed):
    """Of 500 such checks with other seeds none gave a warning, and 2 % of those of responses had p < .05."""
    values = responses(stimuli, events, 0.0, strength=0.0, seed=seed)
    signal = mean_response(values, 100.0, 0.0, events)
    found = estimate_sync(signal, 100.0, 0.0, events, stimuli, "response")
    assert found.warnings == () and np.isnan(found.offset) and not found.pieces["agrees"].any()
    drifting = np.cumsum(values[:, 0])
    assert estimate_sync(drifting, 100.0, 0.0, events, stimuli, "sound").warnings == ()


def test_stimuli_without_sound_and_events_outside_the_recording_are_passed_over(stimuli, events):
    silent = {s: replace(stimulus, audio=None) for s, stimulus in stimuli.items()}
    signal, rate = sound_envelope(sound_of(stimuli, events, 2000.0), 2000.0)
    none = estimate_sync(signal, rate, 0.0, events, silent)
    assert none.pieces.empty and none.warnings == () and np.isnan(none.offset)
    some = estimate_sync(signal[: len(signal) // 2], rate, 0.0, events, stimuli)
    assert 15 < len(some.pieces) < 25 and abs(some.offset) < 0.005


def test_the_curve_is_pearsons_r_of_each_stretch():
    rng = np.random.default_rng(0)
    signal, template = rng.normal(size=60), rng.normal(size=25)
    template -= np.polyval(np.polyfit(np.arange(25), template, 1), np.arange(25))
    expected = [np.corrcoef(template, signal[k : k + 25])[0, 1] for k in range(36)]
    np.testing.assert_allclose(lag_curve(template, signal), expected, atol=1e-12)
    assert lag_curve(template, np.zeros(60)).tolist() == [0.0] * 36
    assert peak(np.array([np.nan, 0.1, 0.2]), 1) == (2.0, 0.2, pytest.approx(np.nan, nan_ok=True))


def test_the_grid_does_not_matter(stimuli, events):
    signal, rate = sound_envelope(sound_of(stimuli, events, 2000.0, 0.25), 2000.0)
    times = np.arange(0.003, len(signal) / rate - 0.01, 0.01)
    slower = resample_to(signal[:, None], 0.0, rate, times)[:, 0]
    assert estimate_sync(slower, 100.0, 0.003, events, stimuli).offset == pytest.approx(0.25, abs=0.01)


def trials(stimuli, events, before, after, told, strength=1.0, seed=0, n=40):
    """Trials from ``before`` s before each sound to ``after`` s after it, one after the other; their events say ``told`` s before."""
    values, out, parts, at = responses(stimuli, events, 0.0, strength=strength, seed=seed), [], [], 0
    for stimulus, onset in list(zip(events["stimulus"], events["onset"], strict=True))[:n]:
        first = round((onset - before) * 100)
        length = round((before + stimuli[stimulus].duration + after) * 100)
        parts.append(values[first : first + length])
        out.append(Event("", stimulus, at / 100 + told, np.nan, "r", at / 100, (at + length) / 100))
        at += length
    return Run(np.concatenate(parts), 100.0, 0.0, pd.DataFrame()), out


@pytest.mark.parametrize(
    ("before", "after", "told", "n"),
    [(0.5, 0.0, 0.5, 40), (0.5, 0.0, 0.0, 6), (1.5, 0.5, 0.0, 40), (0.0, 1.5, 1.5, 8), (1.5, 1.5, 1.5, 40)],
)
def test_trials_are_held_against_their_sound_within_themselves(stimuli, events, before, after, told, n):
    found = check_sync(*trials(stimuli, events, before, after, told, n=n), stimuli, "sub-01")
    assert found.offset == pytest.approx(before - told + 0.12, abs=0.02)
    assert len(found.warnings) == (before != told)


def test_trials_of_noise_give_no_warning(stimuli, events):
    """Of 360 such checks with other seeds and lengths one had p < .001."""
    for seed in range(5):
        found = check_sync(*trials(stimuli, events, 0.5, 0.5, 0.5, strength=0.0, seed=seed), stimuli, "sub-01")
        assert found.warnings == () and np.isnan(found.offset)


@pytest.mark.parametrize("offset", [1.5, -1.5, 0.0])
@pytest.mark.parametrize("around", [0.0, 0.5])
def test_gaps_between_segments_take_no_part(stimuli, events, offset, around):
    """A recording that holds the sentences alone, far from zero: gaps that are bridged by lines have a course of their own."""
    values = 5.0 + responses(stimuli, events, offset, strength=0.5)
    held = np.zeros(len(values), dtype=bool)
    for stimulus, onset in zip(events["stimulus"], events["onset"], strict=True):
        first = onset + offset - around
        held[round(first * 100) : round((first + 2 * around + stimuli[stimulus].duration) * 100)] = True
    values[~held] = np.nan
    heard = [Event("", s, t, np.nan, "r") for s, t in zip(events["stimulus"], events["onset"], strict=True)]
    found = check_sync(Run(values, 100.0, 0.0, pd.DataFrame()), heard, stimuli, "sub-01")
    assert found.offset == pytest.approx(offset + 0.12, abs=0.02)
    assert [("later" in w, "earlier" in w) for w in found.warnings] == (
        [] if offset == 0 else [(offset > 0, offset < 0)]
    )


def test_the_masked_curve_is_pearsons_r_of_what_is_known():
    rng = np.random.default_rng(0)
    signal, template = rng.normal(size=60), rng.normal(size=25)
    template -= np.polyval(np.polyfit(np.arange(25), template, 1), np.arange(25))
    signal[[3, 4, 5, 20, 41, 42]] = np.nan
    signal[50:] = np.inf
    for k, r in enumerate(lag_curve(template, signal, least=18)):
        known = np.isfinite(signal[k : k + 25])
        if known.sum() < 18:
            assert np.isnan(r)
        else:
            assert r == pytest.approx(np.corrcoef(template[known], signal[k : k + 25][known])[0, 1], abs=1e-12)


@pytest.mark.parametrize(
    ("start", "seconds", "said"), [(None, 2.5, True), (0.0, 2.5, False), (-0.5, 2.5, False), (None, 2.05, False)]
)
def test_trials_longer_than_their_sound_whose_start_nobody_gave(tmp_path, start, seconds, said):
    import soundfile

    from brainalign.data.arrays import read_arrays
    from brainalign.data.formats import ArrayKeys, StimuliFormat

    (tmp_path / "stimuli").mkdir()
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "stimuli" / "s1.wav", 0.1 * rng.standard_normal(32_000), 16_000)
    np.savez(tmp_path / "01.npz", responses=rng.standard_normal((2, round(seconds * 100), 3)), names=["s1", "s1"])
    keys = ArrayKeys(rate=100.0, stimulus="names", start=start)
    data = read_arrays(tmp_path, "{subject}.npz", keys, StimuliFormat(), ("trial", "time", "channel"))
    assert (
        any("2 of 2 trials are longer than their sound ('s1': 2.5 s, sound 2 s)" in n for n in data.recordings[0].notes)
        == said
    )
