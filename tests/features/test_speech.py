"""Speech models: literal transformers states, frame centres by probe, counts, windows of long audio."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.audio import RATE, Audio
from brainalign.data.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features import speech as module
from brainalign.features.align import to_grid
from brainalign.features.speech import FAMILY, SpeechModel
from brainalign.features.untrained import tiny_wav2vec2


def tiny(layers=None, **settings):
    """A tiny model, its settings changed."""
    from transformers import Wav2Vec2Model

    model, processor = tiny_wav2vec2()
    if settings:
        config = model.config
        config.update(settings)
        torch.manual_seed(0)
        model = Wav2Vec2Model(config).eval()
    return SpeechModel(model, processor, {}, "tiny", layers)


def test_states_are_those_of_a_literal_call(speech_folder, heard):
    from transformers import AutoFeatureExtractor, AutoModel

    stimulus = heard(1.3)
    processor, model = (
        AutoFeatureExtractor.from_pretrained(speech_folder),
        AutoModel.from_pretrained(speech_folder).eval(),
    )
    inputs = processor(stimulus.audio.load(), sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        literal = model(**inputs, output_hidden_states=True)
    extractor = SpeechModel.from_folder(speech_folder, "mine")
    ((_, layers),) = extractor.extract([stimulus])
    assert list(layers) == list(extractor.layers) == [0, 1, 2, 3, 4]
    for n, rows in layers.items():
        assert rows.values.dtype == np.float32
        assert np.array_equal(rows.values, literal.hidden_states[n][0].numpy())
    assert np.array_equal(layers[4].values, literal.last_hidden_state[0].numpy())


def test_the_preprocessor_of_the_checkpoint_decides_on_normalisation(heard):
    from transformers import Wav2Vec2FeatureExtractor

    model, _ = tiny_wav2vec2()
    samples = heard(0.5).audio.load()
    found = {}
    for normalise in (True, False):
        extractor = SpeechModel(model, Wav2Vec2FeatureExtractor(do_normalize=normalise), {}, "m", [4])
        louder = extractor.states(5 * samples + 0.01)[4]
        found[normalise] = np.abs(extractor.states(samples)[4] - louder).max() / louder.std()
    assert found[True] < 1e-3 < found[False]


@settings(max_examples=8, deadline=None)
@given(st.integers(400, 40_000))
def test_a_row_a_frame_of_the_speech_grid(samples):
    waveform = np.random.default_rng(samples).normal(size=samples).astype(np.float32)
    stimulus = Stimulus("s", samples / RATE, audio=Audio(samples=waveform))
    grid = FrameGrid.speech(stimulus.duration)
    rows = dict(tiny([0]).extract([stimulus]))["s"][0]
    assert len(rows.values) == grid.n
    assert np.abs(rows.onset - grid.times).max() < 1e-9
    assert np.array_equal(to_grid(rows, "frames", grid), rows.values)


def test_frame_counts_of_a_list_of_sentences_add_up():
    """The speech grid counts as the convolutions do, whatever the length."""
    model, _ = tiny_wav2vec2()
    samples = np.random.default_rng(0).integers(400, 80_000, 599)
    convolutions = model._get_feat_extract_output_lengths(torch.tensor(samples)).sum().item()
    assert sum(FrameGrid.speech(n / RATE).n for n in samples) == convolutions


def test_frame_centres_by_a_probe_through_the_convolutions():
    """Which samples can move frame k at all: [320 k, 320 k + 400), so its centre is their middle."""
    extractor = tiny(feat_extract_norm="layer")  # group normalisation would let every sample move every frame
    convolutions = extractor._model.feature_extractor
    waveform = torch.randn(1, 4000, generator=torch.Generator().manual_seed(0), requires_grad=True)
    out = convolutions(waveform)[0]
    assert out.shape[1] == FrameGrid.speech(4000 / RATE).n
    for k in (0, 1, 5, out.shape[1] - 1):
        (gradient,) = torch.autograd.grad(out[:, k].square().sum(), waveform, retain_graph=True)
        moved = np.flatnonzero(gradient[0].numpy())
        assert (moved[0], moved[-1]) == (320 * k, 320 * k + 399)
        centre = (moved[0] + moved[-1] + 1) / 2 / RATE
        assert centre == pytest.approx((extractor.field / 2 + k * extractor.hop) / RATE) == 0.0125 + 0.02 * k


def test_other_strides_have_their_own_centres(heard):
    extractor = tiny([0], conv_stride=[5, 2, 2, 2, 2, 2, 1])
    rows = dict(extractor.extract([heard(0.5)]))["s1"][0]
    assert extractor.hop == 160 and np.allclose(np.diff(rows.onset), 0.01)
    assert len(rows.values) == (8000 - extractor.field) // 160 + 1
    assert rows.onset[0] == extractor.field / 2 / RATE


@pytest.fixture
def short_windows(monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 3 * RATE)
    monkeypatch.setattr(module, "OVERLAP", 1 * RATE)


@pytest.mark.parametrize("seconds", [3.0, 3.0001, 3.02, 4.999, 5.0, 7.77, 9.0])
def test_windows_of_long_audio_equal_one_pass_where_context_is_enough(short_windows, heard, seconds, caplog):
    """Layer 0 sees 25 ms and the 32 frames of the positional convolution: all of it lies inside the windows."""
    extractor = tiny([0], feat_extract_norm="layer")
    samples = heard(seconds).audio.load()
    with caplog.at_level(logging.INFO):
        found = extractor.states(samples, what="story")[0]
    module.LONGEST = 100 * RATE
    whole = extractor.states(samples)[0]
    assert found.shape == whole.shape == (FrameGrid.speech(seconds).n, 96)
    assert np.abs(found - whole).max() < 1e-4
    assert ("story" in caplog.text and "windows of 3 s" in caplog.text) == (seconds > 3)


def test_windows_keep_the_frames_in_order(short_windows, heard):
    """Deeper layers see the whole window; frames still come from the right place."""
    extractor = tiny([4])
    samples = heard(8.0).audio.load()
    found = extractor.states(samples)[4]
    module.LONGEST = 100 * RATE
    whole = extractor.states(samples)[4]
    own = [np.corrcoef(a, b)[0, 1] for a, b in zip(found, whole, strict=True)]
    shifted = [np.corrcoef(a, b)[0, 1] for a, b in zip(found[1:], whole, strict=False)]
    assert np.mean(own) > 0.9 and np.mean(own) > np.mean(shifted)


def test_thirty_seconds_is_one_pass_by_default():
    assert module.LONGEST == 30 * RATE and module.OVERLAP == 10 * RATE
    assert module._starts(round(30.02 * RATE), 320) == [0, 320]
    assert module._starts(50 * RATE, 320) == [0, 20 * RATE]
    assert module._starts(60 * RATE, 320) == [0, 20 * RATE, 30 * RATE]


@pytest.mark.parametrize("kind", FAMILY)
def test_the_whole_family_goes_through_the_real_loading_code(kind, tmp_path, heard):
    from transformers import AutoConfig, AutoModel

    own = {"data2vec-audio": {"conv_pos_kernel_size": 3}}.get(
        kind, {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    )
    config = AutoConfig.for_model(
        kind, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, conv_dim=[8] * 7, **own
    )
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(tmp_path)
    tiny_wav2vec2()[1].save_pretrained(tmp_path)
    extractor = SpeechModel.from_folder(tmp_path, kind)
    ((_, layers),) = extractor.extract([heard(0.6)])
    assert {n: r.values.shape for n, r in layers.items()} == {n: (FrameGrid.speech(0.6).n, 16) for n in range(3)}
    assert all(np.isfinite(r.values).all() for r in layers.values())
    assert kind in extractor.describe()


def test_sound_at_the_right_rate_is_needed(heard):
    with pytest.raises(BrainalignError, match="needs audio"):
        tiny().check(Stimulus("s1", 1.0))
    model, processor = tiny_wav2vec2()
    processor.sampling_rate = 8000
    with pytest.raises(BrainalignError, match="8000 Hz"):
        SpeechModel(model, processor, {}, "m")


def test_real_speech(test_data):
    file = test_data / "librispeech" / "cpc" / "2911-12359-0007.flac"
    audio = Audio(path=file)
    rows = dict(tiny([0, 4]).extract([Stimulus("a", audio.duration, audio=audio)]))["a"]
    assert len(rows[4].values) == FrameGrid.speech(audio.duration).n == 254
    assert np.isfinite(rows[4].values).all() and rows[4].values.std(axis=0).min() > 0
