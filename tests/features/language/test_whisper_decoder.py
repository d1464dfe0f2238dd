"""Whisper's decoder told the transcript: literal calls, what it knows, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.tap import Tap
from brainalign.features.language.context import Context
from brainalign.features.language.whisper_decoder import WhisperDecoder

SAID = ["And", "so,", "my", "fellow", "Americans,", "ask", "not", "what", "your", "country", "can", "do", "for", "you"]


@pytest.fixture(scope="module")
def jfk(test_data):
    audio = Audio(test_data / "librispeech" / "jfk.flac")
    samples = audio.load()
    onset = np.linspace(0.3, 7.5, len(SAID))
    words = pd.DataFrame({"word": SAID, "onset": onset, "offset": onset + 0.3})
    return Stimulus("jfk", len(samples) / RATE, words, audio=Audio(samples=samples))


@pytest.mark.parametrize("tap", [Tap(), Tap("attention"), Tap("mlp")])
def test_states_are_those_of_a_literal_call(trained, jfk, tap):
    from transformers import AutoFeatureExtractor, AutoTokenizer, WhisperModel

    folder = trained / "whisper_tiny_en"
    extractor = WhisperDecoder.from_folder(folder, "decoder", tap=tap)
    assert "decoder of whisper, 4 layers x 384" in extractor.describe() and not extractor.receptive_field.causal
    extractor.check(jfk)
    found = dict(extractor.extract([jfk]))["jfk"]
    model = WhisperModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(" " + " ".join(SAID)).input_ids[:-1]  # without the mark of the end
    assert ids[:2] == tokenizer.convert_tokens_to_ids(["<|startoftranscript|>", "<|notimestamps|>"])
    parts = {}
    if tap.inside:
        for n, block in enumerate(model.decoder.layers, start=1):
            module = block.self_attn if tap.kind == "attention" else block.fc2
            module.register_forward_hook(
                lambda _, __, out, n=n: parts.__setitem__(n, out[0] if isinstance(out, tuple) else out)
            )
    sound = AutoFeatureExtractor.from_pretrained(folder)(jfk.audio.load(), sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        out = model(**sound, decoder_input_ids=torch.tensor([ids]), output_hidden_states=True)
    states = parts if tap.inside else dict(enumerate(out.decoder_hidden_states)) | {4: out.last_hidden_state}
    cut = [tokenizer(" " + word, add_special_tokens=False).input_ids for word in SAID]
    assert [t for group in cut for t in group] == ids[2:]
    assert list(found) == ([1, 2, 3, 4] if tap.inside else [0, 1, 2, 3, 4])
    for n, rows in found.items():
        first = 2
        for w, group in enumerate(cut):
            literal = states[n][0, first : first + len(group)].mean(0).numpy()
            assert np.allclose(rows.values[w], literal, atol=1e-4 * literal.std() + 1e-4), (n, w)
            first += len(group)


def test_a_word_knows_the_sound_and_the_words_before_it(trained, jfk):
    extractor = WhisperDecoder.from_folder(trained / "whisper_tiny_en", "decoder", layers=[3])

    def values(stimulus):
        return dict(extractor.extract([stimulus]))["jfk"][3].values

    base = values(jfk)
    last = values(replace(jfk, words=jfk.words.assign(word=[*SAID[:-1], "me"])))
    assert np.allclose(base[:-1], last[:-1], atol=1e-4) and np.abs(base[-1] - last[-1]).max() > 0.1
    quiet = values(replace(jfk, audio=Audio(samples=np.zeros_like(jfk.audio.load()))))
    assert np.abs(base - quiet).max() > 0.1
    assert (
        WhisperDecoder.from_folder(trained / "whisper_tiny_en", "d", pooling="last").identity() != extractor.identity()
    )


def test_what_it_lacks_is_one_sentence(trained, jfk, language_folder):
    extractor = WhisperDecoder.from_folder(trained / "whisper_tiny_en", "decoder")
    with pytest.raises(BrainalignError, match="model decoder needs audio beside the words"):
        extractor.check(replace(jfk, audio=None))
    with pytest.raises(BrainalignError, match="needs timed words beside the audio, but stimulus 'jfk' has none"):
        extractor.check(replace(jfk, words=jfk.words.iloc[:0]))
    long = Audio(samples=np.zeros(31 * 16_000, dtype=np.float32))
    with pytest.raises(BrainalignError, match=r"lasts 31.0 s, but the decoder of model decoder hears at most 30 s"):
        extractor.check(replace(jfk, duration=31.0, audio=long))
    many = pd.concat([jfk.words] * 40, ignore_index=True)
    with pytest.raises(BrainalignError, match=r"sub-words, but the decoder of model decoder reads at most 446"):
        extractor.check(replace(jfk, words=many))
    with pytest.raises(BrainalignError, match="of type 'gpt2', but a decoder that hears is Whisper's alone"):
        WhisperDecoder.from_folder(language_folder, "d")
    with pytest.raises(BrainalignError, match=r"features.begin=bos: model d is a decoder and has a prompt of its own"):
        WhisperDecoder.from_folder(trained / "whisper_tiny_en", "d", begin="bos")
    with pytest.raises(BrainalignError, match=r"features.context=isolated: model d, a decoder"):
        WhisperDecoder.from_folder(trained / "whisper_tiny_en", "d", context=Context("isolated"))
