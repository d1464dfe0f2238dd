"""Speech models: literal transformers states, frame centres by probe, counts, formats of audio."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.align import to_grid
from brainalign.features.checkpoints.tiny import tiny_wav2vec2
from brainalign.features.speech.model import SpeechModel


def tiny(layers=None, *, context="auto", seconds=30.0, batch_seconds=30.0, **settings):
    """A tiny model, its settings changed."""
    from transformers import Wav2Vec2Model

    model, processor = tiny_wav2vec2()
    if settings:
        config = model.config
        config.update(settings)
        torch.manual_seed(0)
        model = Wav2Vec2Model(config).eval()
    options = {"context": context, "seconds": seconds, "batch_seconds": batch_seconds}
    return SpeechModel(model, processor, {}, "tiny", layers, **options)


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
        assert (
            centre
            == pytest.approx((extractor.frontend.field / 2 + k * extractor.frontend.hop) / RATE)
            == 0.0125 + 0.02 * k
        )


def test_other_strides_have_their_own_centres(heard):
    extractor = tiny([0], conv_stride=[5, 2, 2, 2, 2, 2, 1])
    rows = dict(extractor.extract([heard(0.5)]))["s1"][0]
    assert extractor.frontend.hop == 160 and np.allclose(np.diff(rows.onset), 0.01)
    assert len(rows.values) == (8000 - extractor.frontend.field) // 160 + 1
    assert rows.onset[0] == extractor.frontend.field / 2 / RATE


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


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"),
    [(16_000, 2, "PCM_16"), (8_000, 1, "PCM_16"), (44_100, 2, "PCM_24"), (16_000, 1, "FLOAT"), (48_000, 1, "DOUBLE")],
)
def test_any_format_of_audio_is_the_same_sound(tmp_path, rate, channels, subtype):
    """A tone below 4 kHz, which all of them can hold, has the same features in each of them."""
    import soundfile

    def tone(at):
        t = np.arange(round(0.8 * at)) / at
        return (0.3 * np.sin(2 * np.pi * 440 * t) * np.sin(np.pi * t / 0.8) ** 2).astype(np.float32)

    file = tmp_path / "tone.wav"
    soundfile.write(file, np.repeat(tone(rate)[:, None], channels, axis=1), rate, subtype=subtype)
    audio = Audio(path=file)
    extractor = tiny([0])
    stimulus = Stimulus("s", audio.duration, audio=audio)
    extractor.check(stimulus)
    found = dict(extractor.extract([stimulus]))["s"][0].values
    expected = extractor.states(tone(RATE))[0]
    assert found.shape == expected.shape == (39, 96)
    inner = slice(5, -5)  # the resampling filter rings at the ends
    assert np.corrcoef(found[inner].ravel(), expected[inner].ravel())[0, 1] > 0.99


def test_samples_below_the_rate_of_the_model_are_counted_at_its_rate():
    """50 samples at 2 kHz are 25 ms, and one frame."""
    found = dict(tiny([0]).extract([Stimulus("s", 0.025, audio=Audio(samples=np.ones(50, np.float32), rate=2000))]))
    assert len(found["s"][0].values) == 1
