"""Each family of speech models, random and small, through the real loading code; batches; Whisper's frames."""

import numpy as np
import pytest
import torch

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.tiny import tiny_wav2vec2
from brainalign.features.speech.frontend import MASKED, WAVEFORM
from brainalign.features.speech.model import SpeechModel

SMALL = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}


def settings(kind, **own):
    position = (
        {"conv_pos_kernel_size": 3}
        if kind == "data2vec-audio"
        else {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    )
    return {**SMALL, "conv_dim": [8] * 7, "initializer_range": 0.3, **position, **own}


def save(folder, kind, **own):
    """A checkpoint of this kind, written by transformers."""
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.for_model(kind, **settings(kind, **own))).save_pretrained(folder)
    tiny_wav2vec2()[1].save_pretrained(folder)
    return folder


def save_whisper(folder, seconds=30):
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=16, encoder_layers=3, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16, vocab_size=50, num_mel_bins=20, max_source_positions=50 * seconds,
        pad_token_id=0, bos_token_id=0, eos_token_id=0, decoder_start_token_id=0, init_std=0.3,
    )  # fmt: skip
    WhisperModel(config).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=20, chunk_length=seconds).save_pretrained(folder)
    return folder


LARGE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
FAMILIES = [(kind, {}) for kind in WAVEFORM] + [(kind, LARGE) for kind in MASKED]


@pytest.mark.parametrize(("kind", "own"), FAMILIES)
def test_states_are_those_of_a_literal_call(kind, own, tmp_path, heard):
    from transformers import AutoFeatureExtractor, AutoModel

    folder, stimulus = save(tmp_path, kind, **own), heard(0.6)
    extractor = SpeechModel.from_folder(folder, kind, layers=[-1, 0, 1, 2, 3])
    ((_, layers),) = extractor.extract([stimulus])
    model = AutoModel.from_pretrained(folder).eval()
    processor = AutoFeatureExtractor.from_pretrained(folder)
    inputs = processor(stimulus.audio.load(), sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        literal = model(inputs.input_values, output_hidden_states=True)
        convolved = model.feature_extractor(inputs.input_values)[0].T
    assert torch.equal(torch.from_numpy(layers[-1].values), convolved)
    for n in (0, 1, 2):
        assert np.array_equal(layers[n].values, literal.hidden_states[n][0].numpy())
    assert np.array_equal(layers[3].values, literal.last_hidden_state[0].numpy())
    assert all(len(rows.values) == FrameGrid.speech(0.6).n for rows in layers.values())
    assert f"{kind}, 3 layers x 16" in extractor.describe()


def test_the_last_layer_of_a_large_model_is_normalised(tmp_path, heard):
    """Transformers 5 leaves the final normalisation out of ``hidden_states``, transformers 4 did not: we have it."""
    extractor = SpeechModel.from_folder(save(tmp_path, "wav2vec2", **LARGE), "xlsr", layers=[2, 3])
    states = extractor.states(heard(0.6).audio.load())
    assert np.abs(states[3].mean(axis=1)).max() < 1e-5 and np.abs(states[3].var(axis=1) - 1).max() < 1e-2
    assert np.abs(states[2].var(axis=1) - 1).max() > 0.1


@pytest.fixture
def several(heard):
    """Stimuli of several lengths, some of which are equal, in no order."""
    return [heard(s, name=f"s{i}", seed=i) for i, s in enumerate((1.3, 0.5, 0.9, 0.5, 1.31, 0.9))]


def close(found, expected):
    assert found.keys() == expected.keys()
    for stimulus, layers in expected.items():
        for n, rows in layers.items():
            mine = found[stimulus][n]
            assert mine.values.shape == rows.values.shape and np.array_equal(mine.onset, rows.onset)
            assert np.abs(mine.values - rows.values).max() < 1e-5 * max(1, np.abs(rows.values).max())


@pytest.mark.parametrize(("kind", "own"), [*FAMILIES, ("whisper", {})])
def test_batched_is_single_and_any_order_is_sorted(kind, own, tmp_path, several, monkeypatch):
    folder = save_whisper(tmp_path, seconds=2) if kind == "whisper" else save(tmp_path, kind, **own)
    alone = {}
    for stimulus in several:
        alone |= dict(SpeechModel.from_folder(folder, kind).extract([stimulus]))
    extractor = SpeechModel.from_folder(folder, kind, batch_seconds=60.0)
    sizes = []
    forward = extractor._forward
    monkeypatch.setattr(extractor, "_forward", lambda model, batch: sizes.append(len(batch)) or forward(model, batch))
    close(dict(extractor.extract(several)), alone)
    assert sizes == ([6] if own or kind == "whisper" else [2, 2, 1, 1])  # else equal lengths alone share a batch
    close(dict(extractor.extract(several[::-1])), alone)
    assert extractor.identity() == SpeechModel.from_folder(folder, kind, batch_seconds=1.0).identity()


def test_padding_does_change_what_is_never_padded(tmp_path, several):
    """Why group normalisation and data2vec go without masks."""
    for kind, own in (("wav2vec2", {}), ("data2vec-audio", {})):
        extractor = SpeechModel.from_folder(save(tmp_path / kind, kind, **own), kind, layers=[3], batch_seconds=60.0)
        alone = dict(extractor.extract(several))
        extractor.frontend.maskable = True
        assert max(np.abs(v[3].values - alone[s][3].values).max() for s, v in extractor.extract(several)) > 1e-3


def test_windows_of_one_stimulus_share_a_batch(tmp_path, heard):
    folder, stimulus = save(tmp_path, "wav2vec2"), heard(4.1)
    options = {"context": "window", "seconds": 1.5}
    single, together = (
        dict(SpeechModel.from_folder(folder, "m", batch_seconds=b, **options).extract([stimulus])) for b in (1.0, 60.0)
    )
    close(together, single)


def test_whisper_is_a_literal_call_cut_to_the_frames_of_the_audio(tmp_path, heard):
    from transformers import AutoFeatureExtractor, AutoModel

    folder, stimulus = save_whisper(tmp_path), heard(1.234)
    extractor = SpeechModel.from_folder(folder, "whisper", layers=[-1, 0, 1, 2, 3])
    rows = dict(extractor.extract([stimulus]))["s1"]
    inputs = AutoFeatureExtractor.from_pretrained(folder)(
        stimulus.audio.load(), sampling_rate=RATE, return_tensors="pt"
    )
    encoder = AutoModel.from_pretrained(folder).eval().encoder
    with torch.inference_mode():
        literal = encoder(inputs.input_features, output_hidden_states=True)
    n = -(-round(1.234 * RATE) // 320)
    assert n == 62 and literal.last_hidden_state.shape[1] == 1500
    for k in range(4):
        assert np.array_equal(rows[k].values, literal.hidden_states[k][0, :n].numpy())
    assert np.array_equal(rows[3].values, literal.last_hidden_state[0, :n].numpy())
    position = encoder.embed_positions.weight[:n].detach().numpy()
    assert np.abs(rows[-1].values + position - rows[0].values).max() < 1e-6
    assert np.allclose(rows[3].onset, np.arange(62) * 0.02, rtol=0, atol=1e-12)
    assert "padded with silence" in extractor.describe()


def test_whisper_frames_by_an_impulse_through_mel_and_convolutions(tmp_path, heard):
    """A sample moves the frames whose 65 ms it lies in, and no other: their middle is the sample."""
    extractor = SpeechModel.from_folder(save_whisper(tmp_path), "whisper", layers=[-1])
    front, samples = extractor.frontend, heard(1.0).audio.load()
    assert (front.hop, front.field, front.lead) == (320, 1040, -520)
    before = extractor.states(samples)[-1]
    for at, frames in ((320 * 20, [19, 20, 21]), (320 * 20 + 160, [19, 20, 21, 22]), (320 * 7 - 100, [6, 7, 8])):
        moved = samples.copy()
        moved[at] += 0.2
        change = np.abs(extractor.states(moved)[-1] - before).max(axis=1)
        assert np.flatnonzero(change > 1e-6).tolist() == frames
        span = [k for k in range(50) if front.lead + front.hop * k < at < front.lead + front.hop * k + front.field]
        assert span == frames


def test_whisper_takes_long_audio_by_windows_alone(tmp_path, heard):
    folder = save_whisper(tmp_path, seconds=2)
    stimulus = heard(5.0)
    whole = SpeechModel.from_folder(folder, "whisper", layers=[-1], context="stimulus")
    with pytest.raises(
        BrainalignError, match=r"lasts 5.0 s, but model whisper takes 2 s at once; features.context=auto"
    ):
        whole.check(stimulus)
    rows = dict(SpeechModel.from_folder(folder, "whisper", layers=[-1, 3]).extract([stimulus]))["s1"]
    assert len(rows[3].values) == 250
    parts = [whole.states(stimulus.audio.load()[s : s + 2 * RATE])[-1] for s in (0, RATE)]
    assert np.abs(rows[-1].values[10:40] - parts[0][10:40]).max() < 1e-4
    assert np.abs(rows[-1].values[90:110] - parts[1][40:60]).max() < 1e-4


@pytest.mark.parametrize(("kind", "seconds"), [("wav2vec2", 0.0249), ("whisper", 0.0)])
def test_audio_too_short_for_one_frame_is_one_sentence(kind, seconds, tmp_path, heard):
    folder = save_whisper(tmp_path, 2) if kind == "whisper" else save(tmp_path, kind)
    extractor = SpeechModel.from_folder(folder, kind)
    extractor.check(heard(0.025))
    with pytest.raises(BrainalignError, match=r"stimulus 's1' lasts .* ms, too short for one frame"):
        extractor.check(heard(seconds))


def test_an_adapter_for_another_task_is_left_out(tmp_path, heard):
    folder = save(tmp_path, "wav2vec2", add_adapter=True, output_hidden_size=16)
    rows = dict(SpeechModel.from_folder(folder, "m").extract([heard(0.6)]))["s1"]
    assert len(rows[3].values) == len(rows[0].values) == FrameGrid.speech(0.6).n


@pytest.mark.parametrize("kind", [*WAVEFORM, "whisper"])
def test_real_speech(kind, test_data, tmp_path):
    folder = save_whisper(tmp_path) if kind == "whisper" else save(tmp_path, kind)
    audio = Audio(path=test_data / "librispeech" / "cpc" / "2911-12359-0007.flac")
    rows = dict(SpeechModel.from_folder(folder, kind).extract([Stimulus("a", audio.duration, audio=audio)]))["a"]
    assert len(rows[3].values) == (255 if kind == "whisper" else 254)
    assert np.isfinite(rows[3].values).all() and rows[3].values.std(axis=0).min() > 0
    assert rows[3].onset[-1] < audio.duration


@pytest.mark.parametrize("options", [{}, {"context": "window", "seconds": 1.0}])
def test_where_a_run_may_go_on_later_what_follows_comes_in_the_same_batches(tmp_path, heard, monkeypatch, options):
    extractor = SpeechModel.from_folder(
        save(tmp_path, "wav2vec2", **LARGE), "m", layers=[3], batch_seconds=3.0, **options
    )
    stimuli = [heard(0.4 + 0.3 * n, name=f"s{n}", seed=n) for n in (3, 0, 5, 1, 4, 2)]
    batches, forward = [], extractor._forward

    def spied(model, batch):
        batches.append([(name, len(samples)) for name, samples, _ in batch])
        return forward(model, batch)

    monkeypatch.setattr(extractor, "_forward", spied)
    whole, points = {}, []
    for stimulus, layers in extractor.extract(stimuli):
        whole[stimulus] = layers
        points.append((len(whole), extractor.between_batches, len(batches)))
    every, order = list(batches), list(whole)
    assert any(len(batch) > 1 for batch in every) and any(clean for _, clean, _ in points)
    for done, _, before in (p for p in points if p[1]):
        batches.clear()
        rest = dict(extractor.extract([s for s in stimuli if s.id in order[done:]]))
        assert batches == every[before:]
        for stimulus, layers in rest.items():
            np.testing.assert_array_equal(layers[3].values, whole[stimulus][3].values)
