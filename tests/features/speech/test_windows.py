"""Windows of long audio: every frame once, with the context that is promised, equal to one pass where it is enough."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from brainalign.data.sound.audio import RATE
from brainalign.errors import BrainalignError
from brainalign.features.base import ReceptiveField
from brainalign.features.checkpoints.tiny import tiny_wav2vec2
from brainalign.features.speech.model import SpeechModel
from brainalign.features.speech.windows import central, trailing

HOP, FIELD = 320, 400


def cut(samples, longest):
    frames = (samples - FIELD) // HOP + 1
    return frames, central(samples, frames, longest, HOP, FIELD / 2)


@given(st.integers(FIELD, 400_000), st.integers(1_200, 100_000))
def test_each_frame_is_taken_once_with_a_sixth_of_a_window_on_either_side(samples, longest):
    frames, found = cut(samples, longest)
    taken = [k for w in found for k in range(w.first, w.last)]
    assert taken == list(range(frames))
    for w in found:
        assert w.start % HOP == 0 and 0 <= w.start < w.stop <= samples and w.stop - w.start <= longest
        assert w.start + HOP * (w.last - 1 - w.start // HOP) + FIELD <= w.stop or w.first == w.last
        for k in (w.first, w.last - 1):
            centre = FIELD / 2 + HOP * k
            assert w.start == 0 or centre - w.start >= longest / 6 - HOP
            assert w.stop == samples or w.stop - centre >= longest / 6 - HOP


def test_thirty_seconds_is_one_pass():
    assert [(w.start, w.stop) for w in cut(30 * RATE, 30 * RATE)[1]] == [(0, 30 * RATE)]
    assert [w.start for w in cut(50 * RATE, 30 * RATE)[1]] == [0, 20 * RATE]
    assert [w.start for w in cut(60 * RATE, 30 * RATE)[1]] == [0, 20 * RATE, 30 * RATE]
    assert len(cut(720 * RATE, 30 * RATE)[1]) == 36  # a story of twelve minutes


def local(context="auto", **options):
    """A model whose convolutions know their own 25 ms alone: layer normalisation."""
    from transformers import Wav2Vec2Model

    model, processor = tiny_wav2vec2()
    model.config.update({"feat_extract_norm": "layer"})
    torch.manual_seed(0)
    return SpeechModel(Wav2Vec2Model(model.config).eval(), processor, {}, "tiny", context=context, **options)


@pytest.mark.parametrize("seconds", [3.0, 3.0001, 3.02, 4.999, 5.0, 7.77, 9.0])
def test_windows_equal_one_pass_where_context_is_enough(heard, seconds, caplog, monkeypatch):
    """Layers -1 and 0 see 25 ms and 32 frames of the positional convolution: all of it lies inside the windows."""
    monkeypatch.setattr("brainalign.features.speech.model.LONGEST", 3.0)
    stimulus = heard(seconds, name="story")
    with caplog.at_level(logging.INFO):
        found = dict(local("auto", layers=[-1, 0]).extract([stimulus]))["story"]
    whole = dict(local("stimulus", layers=[-1, 0]).extract([stimulus]))["story"]
    for n in (-1, 0):
        assert found[n].values.shape == whole[n].values.shape
        assert np.array_equal(found[n].onset, whole[n].onset)
        assert np.abs(found[n].values - whole[n].values).max() < 1e-4
    assert ("story" in caplog.text and "windows of 3 s" in caplog.text) == (seconds > 3)


def test_windows_keep_the_frames_in_order(heard):
    """Deeper layers see the whole window; frames still come from the right place."""
    samples = heard(8.0).audio.load()
    found, whole = (local(c, seconds=3.0, layers=[4]).states(samples)[4] for c in ("window", "stimulus"))
    own = [np.corrcoef(a, b)[0, 1] for a, b in zip(found, whole, strict=True)]
    shifted = [np.corrcoef(a, b)[0, 1] for a, b in zip(found[1:], whole, strict=False)]
    assert np.mean(own) > 0.9 and np.mean(own) > np.mean(shifted)


@given(st.integers(FIELD, 400_000), st.integers(1_200, 100_000))
def test_trailing_windows_take_each_frame_once_and_see_a_sixth_ahead_at_most(samples, longest):
    def frames_of(n):
        return max(0, (n - FIELD) // HOP + 1)

    found = trailing(samples, frames_of, longest, HOP)
    assert [k for w in found for k in range(w.first, w.last)] == list(range(frames_of(samples)))
    step = max(HOP, longest // 6 // HOP * HOP)
    for w in found:
        assert w.start % HOP == 0 and 0 <= w.start < w.stop <= samples and w.stop - w.start <= max(longest, FIELD)
        first = FIELD / 2 + HOP * w.first  # the centre of the frame that sees furthest ahead
        assert w.stop - first <= step + FIELD or w.first == 0
        assert w.start == 0 or first - w.start >= longest - step - FIELD - HOP


def test_a_causal_window_does_not_know_what_comes_more_than_a_sixth_of_it_later(heard):
    samples = heard(8.0).audio.load()
    changed = samples.copy()
    changed[5 * RATE :] = np.random.default_rng(0).normal(size=3 * RATE)
    extractor = local("window", seconds=3.0, layers=[-1, 2, 4])
    # the preprocessor's scale is that of the whole stimulus: it is held still here, to see the windows alone
    extractor.frontend.normalised = lambda v: v  # type: ignore[method-assign]
    a, b = extractor.states(samples), extractor.states(changed)
    before = int((5 * RATE - RATE / 2 - FIELD) // HOP)
    for n in (-1, 2, 4):
        assert np.array_equal(a[n][:before], b[n][:before])
    assert np.abs(a[4][before + 60 :] - b[4][before + 60 :]).max() > 0.1
    assert extractor.receptive_field == ReceptiveField(3.0, 0.5)
    whole = local("auto", layers=[4])
    whole.frontend.normalised = lambda v: v  # type: ignore[method-assign]
    assert not np.array_equal(whole.states(samples)[4][:before], whole.states(changed)[4][:before])


def test_the_policy_is_part_of_the_identity_and_of_the_description():
    extractors = [local(), local("stimulus"), local("window", seconds=10.0), local("window", seconds=5.0)]
    assert len({str(e.identity()) for e in extractors}) == 4
    assert "windows of 30 s where it is longer" in extractors[0].describe()
    assert "bidirectional within windows of 10 s" in extractors[2].describe()


@pytest.mark.parametrize(("options", "sentence"), [
    ({"context": "windows"}, "features.context='windows' is unknown; did you mean 'window'"),
    ({"context": "window", "seconds": 0.05}, "features.context_seconds=0.05 is too short a window"),
])  # fmt: skip
def test_impossible_contexts_are_one_sentence(options, sentence):
    with pytest.raises(BrainalignError, match=sentence):
        local(**options)
