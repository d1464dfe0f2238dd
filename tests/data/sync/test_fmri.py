"""Slow responses held against their stories: planted delays of both signs are found, unrelated stories give no warning."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainalign.data.fmri.stories import read_story_fmri
from brainalign.data.formats import ArrayKeys
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.sync.fmri import fmri_sync
from brainalign.data.types import Presentation, Recording, Stimulus
from brainalign.signal.hrf import convolve_hrf

TR, SECONDS = 2.0, 480.0


@pytest.fixture(scope="module")
def stories():
    rng = np.random.default_rng(0)
    out = {}
    for n in range(3):
        onsets = np.cumsum(rng.gamma(1.0, 0.4, 1000) + rng.choice([0.0, 3.0], 1000, p=[0.93, 0.07]))
        onsets = onsets[onsets < SECONDS - 1]
        words = pd.DataFrame({"word": "a", "onset": onsets, "offset": onsets + 0.2})
        out[f"s{n}"] = Stimulus(f"s{n}", SECONDS, words)
    return out


def listener(stories, late=0.0, voxels=60, share=0.1, noise=1.0, seed=0, told=None):
    """A tenth of the voxels follows the words, half of these with a negative sign; the rest is noise of autocorrelation .7."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(seed)
    shown = []
    for name, stimulus in stories.items():
        times = 0.5 * TR + TR * np.arange(round(SECONDS / TR))
        course = convolve_hrf(np.ones((len(stimulus.words), 1)), stimulus.words["onset"].to_numpy(), times - late)
        x = noise * lfilter([np.sqrt(1 - 0.49)], [1, -0.7], rng.normal(size=(len(times), voxels)), axis=0)
        follows = round(share * voxels)
        x[:, :follows] += np.where(np.arange(follows) % 2, 1.0, -1.0) * (course - course.mean()) / course.std()
        shown.append(Presentation((told or {}).get(name, name), 0, x, 1 / TR, 0.5 * TR))
    channels = pd.DataFrame(
        {"subject": "01", "electrode": [str(v) for v in range(voxels)], "region": "", "hemisphere": "L"}
    )
    return Recording("01", channels.assign(x=0.0, y=0.0, z=0.0), shown)


@pytest.mark.parametrize("late", [0.0, 14.25, -8.0])
def test_a_planted_delay_is_found(stories, late):
    found = fmri_sync(listener(stories, late), stories)
    assert found.offset == pytest.approx(late, abs=1.0) and found.pieces == 21
    if abs(late) < 5:
        assert found.warning is None
    else:
        side = "later" if late > 0 else "earlier"
        assert (
            f"participant 01: the responses come {abs(found.offset):.1f} s {side} than the stories' times say"
            in found.warning
        )


def test_sound_tells_it_too(stories):
    rng = np.random.default_rng(1)
    heard = {}
    for name, stimulus in stories.items():
        sound = np.zeros(round(SECONDS * RATE), dtype=np.float32)
        for onset in stimulus.words["onset"]:
            sound[round(onset * RATE) :][:2000] = rng.normal(size=2000)
        heard[name] = replace(stimulus, words=stimulus.words.iloc[:0], audio=Audio(samples=sound))
    assert fmri_sync(listener(stories, 10.0), heard).offset == pytest.approx(10.0, abs=1.5)


def test_stories_that_were_not_heard_tell_nothing(stories):
    for seed in range(2):
        found = fmri_sync(listener(stories, seed=seed, told={"s0": "s1", "s1": "s2", "s2": "s0"}), stories)
        assert np.isnan(found.offset) and found.warning is None
    assert fmri_sync(replace(listener(stories), presentations=[]), stories) is None


def test_what_is_missing_and_constant_voxels_do_no_harm(stories):
    whole = listener(stories, 10.0)
    for p in whole.presentations:
        p.response[50:60] = np.nan
        p.response[:, 30:] = 0.0
    assert fmri_sync(whole, stories).offset == pytest.approx(10.0, abs=1.0)


def test_the_real_listener(test_data):
    """UTS03 of ds003020: row r is the words of volume r, so that its words stand early by some seconds."""
    root = test_data / "story_fmri"
    stories = [
        "souls",
        "avatar",
        "legacy",
        "odetostepfather",
        "undertheinfluence",
        "howtodraw",
        "myfirstdaywiththeyankees",
        "naked",
    ]
    there = set(pd.read_parquet(root / "words.parquet")["story"])
    data = read_story_fmri(
        root, "uts03.npz", ArrayKeys(responses="{split}/{stimulus}/resp"), 2.0, words_file="words.parquet",
        stories=[s for s in stories if s in there],
    )  # fmt: skip
    (one,) = data.recordings
    assert fmri_sync(one, data.stimuli).offset == pytest.approx(-2.5, abs=1.0)
    moved = replace(one, presentations=[replace(p, start=p.start + 14.25) for p in one.presentations])
    assert "12" in fmri_sync(moved, data.stimuli).warning.split(" s later")[0]
