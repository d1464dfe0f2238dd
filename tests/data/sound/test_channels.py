"""Sound of several channels: which is heard, that a difference is told, and that a channel that is not there is refused."""

import numpy as np
import pytest
import soundfile

from brainalign.data.formats import StimuliFormat
from brainalign.data.sound.audio import Audio
from brainalign.data.stimuli.summary import stimuli_notes
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError

RNG = np.random.default_rng(0)
SPEECH = 0.1 * RNG.standard_normal(16_000)


def written(tmp_path, *channels, **options):
    path = tmp_path / f"s{len(list(tmp_path.iterdir()))}.wav"
    soundfile.write(path, np.stack(channels, axis=1), 16_000, subtype="FLOAT")
    return Audio(path=path, **options)


@pytest.mark.parametrize(
    ("channel", "expected"), [("mean", 0.0), ("left", 1.0), ("right", -1.0), ("1", 1.0), ("2", -1.0)]
)
def test_the_channel_that_is_asked_for(tmp_path, channel, expected):
    audio = written(tmp_path, SPEECH, -SPEECH, channel=channel)
    np.testing.assert_allclose(audio.load(), expected * SPEECH, atol=1e-7)


def test_channels_change_the_digest(tmp_path):
    left, right = (written(tmp_path, SPEECH, -SPEECH, channel=c) for c in ("left", "right"))
    assert left.digest() != right.digest() != written(tmp_path, SPEECH, -SPEECH).digest()


def test_arrays_of_two_channels_either_way(tmp_path):
    for n, samples in enumerate((np.c_[SPEECH, -SPEECH], np.c_[SPEECH, -SPEECH].T)):
        np.savez(tmp_path / f"{n}.npz", audio=samples, fs=16_000)
        np.testing.assert_allclose(Audio(path=tmp_path / f"{n}.npz", channel="right").load(), -SPEECH, atol=1e-7)


def test_channels_that_differ_are_told(tmp_path):
    clicks = np.zeros(16_000)
    clicks[::4000] = 1
    cases = {
        "opposite phase: their mean is 0%": written(tmp_path, SPEECH, -SPEECH),
        "differ: r = ": written(tmp_path, SPEECH, clicks),
        "number 2 is silent": written(tmp_path, SPEECH, 0 * SPEECH),
    }
    for said, audio in cases.items():
        (sentence,) = stimuli_notes({"s": Stimulus("s", 1.0, audio=audio)})
        assert said in sentence and "their mean is taken; data.stimuli.channel=left" in sentence
    same = [written(tmp_path, SPEECH), written(tmp_path, SPEECH, SPEECH), written(tmp_path, SPEECH, SPEECH + 1e-5)]
    assert [stimuli_notes({"s": Stimulus("s", 1.0, audio=audio)}) for audio in same] == [[], [], []]


def test_a_channel_that_is_not_there_or_no_channel_is_refused(tmp_path):
    with pytest.raises(BrainalignError, match=r"has 1 channel\(s\), so there is no data.stimuli.channel=right"):
        written(tmp_path, SPEECH, channel="right").load()
    with pytest.raises(BrainalignError, match=r"has 2 channel\(s\), so there is no data.stimuli.channel=3"):
        written(tmp_path, SPEECH, SPEECH, channel="3").unlike_channels()
    with pytest.raises(BrainalignError, match="data.stimuli.channel='rigth' .*right"):
        StimuliFormat(channel="rigth")
    with pytest.raises(BrainalignError, match="data.stimuli.channel='0'"):
        StimuliFormat(channel="0")
    assert StimuliFormat(channel="2").channel == "2"
