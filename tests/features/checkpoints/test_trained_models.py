"""Three trained models through the whole loading code: literal transformers calls on real text and sound, and no word lost."""

import numpy as np
import pandas as pd
import pytest
import torch

from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.features.checkpoints.tap import Tap
from brainalign.features.language.encoded import encode
from brainalign.features.language.model import LanguageModel
from brainalign.features.speech.model import SpeechModel

PARTS = {
    "smollm2_135m": ("layers", "self_attn", "mlp"),
    "minilm": ("encoder.layer", "attention.output.dense", "output.dense"),
}


@pytest.fixture(scope="module")
def podcast(test_data):
    table = pd.read_csv(test_data / "podcast" / "gpt2-xl.tsv", sep="\t", quoting=3, keep_default_na=False)
    return table.drop_duplicates("word_idx")["word"].tolist()


def hooked(blocks, paths):
    """(tap, layer) -> what transformers' own modules give, filled by every call."""
    kept = {}
    for n, block in enumerate(blocks, start=1):
        for tap, path in zip(("attention", "mlp"), paths, strict=True):

            def keep(_, __, out, key=(tap, n)):
                kept[key] = out[0] if isinstance(out, tuple) else out

            block.get_submodule(path).register_forward_hook(keep)
    return kept


@pytest.mark.parametrize("name", PARTS)
def test_text_models_are_literal_calls_alone_and_in_a_padded_batch(name, trained, podcast, said):
    from transformers import AutoModel, AutoTokenizer

    folder, (stack, *paths) = trained / name, PARTS[name]
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    kept = hooked(model.get_submodule(stack), paths)
    texts = [podcast[100:112], podcast[300:320]]
    begins = ("auto", "none") if name == "smollm2_135m" else ("auto",)
    last = model.config.num_hidden_layers
    wanted = (1, last // 2, last)
    for begin in begins:
        extractors = {
            tap: LanguageModel.from_folder(folder, name, layers=wanted, begin=begin, tap=Tap(tap))
            for tap in ("block", "attention", "mlp")
        }
        cut = [encode(tokenizer, words, join_clitics=True) for words in texts]
        mark = [tokenizer.bos_token_id] if begin == "auto" and name == "smollm2_135m" else []
        ids = [[*mark, *c.prefix, *c.ids, *c.suffix] for c in cut]
        longest = max(map(len, ids))
        padded = torch.tensor([i + [tokenizer.pad_token_id] * (longest - len(i)) for i in ids])
        mask = torch.tensor([[1] * len(i) + [0] * (longest - len(i)) for i in ids])
        literal = []
        with torch.inference_mode():
            for batch in ([torch.tensor([i]), None] for i in ids):
                out = model(batch[0], output_hidden_states=True)
                literal.append([{**kept, **blocks_of(out, last)}, 0])
            out = model(padded, attention_mask=mask, output_hidden_states=True)
            literal += [[{**kept, **blocks_of(out, last)}, row] for row in (0, 1)]
        for tap, extractor in extractors.items():
            for i, words in enumerate(texts):
                found = dict(extractor.extract([said(*words)]))["s1"]
                start = len(mark) + len(cut[i].prefix)
                for states, row in (literal[i], literal[2 + i]):
                    for n in wanted:
                        values = states[tap, n][row].numpy()
                        expected = np.stack([values[[start + g for g in group]].mean(0) for group in cut[i].groups])
                        assert np.abs(found[n].values - expected).max() < 1e-3 * values.std(), (begin, tap, n, row)


def blocks_of(out, last):
    return {("block", n): out.hidden_states[n] for n in range(last)} | {("block", last): out.last_hidden_state}


def test_whisper_is_a_literal_call_alone_and_in_a_batch(trained, test_data):
    from transformers import AutoFeatureExtractor, WhisperModel

    folder = trained / "whisper_tiny_en"
    whole = Audio(test_data / "librispeech" / "jfk.flac").load()
    sounds = [whole[: 4 * RATE], whole[4 * RATE : 10 * RATE]]
    stimuli = [Stimulus(f"s{i}", len(x) / RATE, audio=Audio(samples=x)) for i, x in enumerate(sounds)]
    model = WhisperModel.from_pretrained(folder, dtype=torch.float32).eval()
    kept = hooked(model.encoder.layers, ("self_attn", "fc2"))
    inputs = AutoFeatureExtractor.from_pretrained(folder)(sounds, sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        out = model.encoder(inputs.input_features, output_hidden_states=True)
    literal = {**kept, **blocks_of(out, 4)}
    for tap in ("block", "attention", "mlp"):
        extractor = SpeechModel.from_folder(folder, "whisper", layers=[1, 2, 4], tap=Tap(tap))
        together, alone = (dict(extractor.extract(some)) for some in (stimuli, stimuli[:1]))
        for n in (1, 2, 4):
            for i, stimulus in enumerate(stimuli):
                values = literal[tap, n][i].numpy()
                found = together[stimulus.id][n].values
                assert np.abs(found - values[: len(found)]).max() < 1e-3 * values.std(), (tap, n)
            assert np.abs(alone["s0"][n].values - together["s0"][n].values).max() < 1e-3 * values.std()


@pytest.mark.parametrize("name", ["whisper_tiny_en", "smollm2_135m", "minilm"])
def test_no_podcast_word_is_lost_on_its_way_through_a_tokenizer(name, trained, podcast):
    """5,136 words: each has its own sub-words, every sub-word is in one word, and the text comes back from them."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(trained / name)
    text = encode(tokenizer, podcast, join_clitics=False, lead=" " if name == "whisper_tiny_en" else "")
    assert len(podcast) == 5136 == len(text.groups) and min(map(len, text.groups)) >= 1
    assert sorted(t for group in text.groups for t in group) == list(range(len(text.ids)))
    assert np.all(np.diff(text.starts) >= 1) and text.starts[-1] == len(text.ids)
    if name != "minilm":  # whose tokenizer has lower case alone
        assert tokenizer.decode(text.ids, clean_up_tokenization_spaces=False).split() == " ".join(podcast).split()


@pytest.mark.parametrize(
    ("name", "model"), [("whisper_tiny_en", "whisper_tiny"), ("minilm", "minilm"), ("smollm2_135m", "smollm2_135m")]
)
def test_a_card_is_that_of_the_checkpoint(name, model, trained):
    from transformers import AutoConfig

    from brainalign.config.check import ModelOptions

    config = AutoConfig.from_pretrained(trained / name)
    card = ModelOptions()(model).card
    assert (card.layers, card.dims) == (config.num_hidden_layers, config.hidden_size)
