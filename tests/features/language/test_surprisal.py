"""Surprisal and entropy: literal cross-entropy, sums that lose nothing, strided windows, a real trained model."""

import numpy as np
import pandas as pd
import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.features.base import ReceptiveField
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.context import Context
from brainalign.features.language.surprisal import Surprisal

WORDS = ("Alice", "was", "do", "n't", "so", "  ", "tired", "été")


def with_head(bos=None):
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = tiny_gpt2()[1]
    if bos is not None:
        tokenizer.add_special_tokens({"bos_token": bos})
    torch.manual_seed(2)
    config = GPT2Config(n_embd=24, n_layer=2, n_head=2, vocab_size=300, n_positions=256, initializer_range=0.3)
    return GPT2LMHeadModel(config).eval(), tokenizer


def values(extractor, stimulus):
    return dict(extractor.extract([stimulus]))[stimulus.id][0].values


def test_the_words_add_up_to_the_texts_cross_entropy(said):
    model, tokenizer = with_head("<s>")
    extractor = Surprisal(model, tokenizer, {}, "s", outputs=["surprisal", "entropy"])
    found = values(extractor, said(*WORDS))
    text = extractor._encode([w.strip() for w in WORDS])
    assert text.prefix == [tokenizer.bos_token_id]
    ids = torch.tensor([[*text.prefix, *text.ids]])
    with torch.inference_mode():
        out = model(ids, labels=ids)
    bits = float(out.loss) * len(text.ids) / np.log(2)
    assert found.shape == (8, 2) and found[:, 0].sum() == pytest.approx(bits, rel=1e-5)
    assert found[5].tolist() == [0, 0]  # an empty word
    p = out.logits[0].softmax(-1).numpy().astype(np.float64)
    second = text.starts[1]  # with the space before it; position t of the prefixed text predicts sub-word t
    expected = -np.log2([p[t, text.ids[t]] for t in range(second, text.starts[2])]).sum()
    assert found[1, 0] == pytest.approx(expected, rel=1e-5)
    assert found[1, 1] == pytest.approx(-(p[second] * np.log2(p[second])).sum(), rel=1e-5)


def test_columns_units_and_placement(said):
    model, tokenizer = with_head("<s>")
    both = Surprisal(model, tokenizer, {}, "s", outputs=["entropy", "surprisal"])
    one = Surprisal(model, tokenizer, {}, "s")
    found = values(both, said(*WORDS))
    np.testing.assert_array_equal(found[:, 1:], values(one, said(*WORDS)))
    assert both.identity() != one.identity() and one.placement == "impulse" and one.layers == [0]
    assert (
        one.receptive_field == ReceptiveField(float("inf"), 0, "words")
        and "surprisal of each word in bits" in one.describe()
    )
    assert (found[:, 0] <= np.log2(300) + 1e-4).all()


def test_without_a_beginning_the_first_sub_word_counts_zero(said):
    model, tokenizer = with_head()
    found = values(Surprisal(model, tokenizer, {}, "s"), said("a", "b"))
    ids = torch.tensor([tokenizer("a b").input_ids])
    with torch.inference_mode():
        bits = float(model(ids, labels=ids).loss) * 2 / np.log(2)
    assert found[0] == 0 and found[1] == pytest.approx(bits, rel=1e-5)


def test_windows_equal_a_literal_call_a_word(said):
    model, tokenizer = with_head("<s>")
    words = [f"w{i}" for i in range(40)]
    extractor = Surprisal(model, tokenizer, {}, "s", context=Context("window", 8))
    found = values(extractor, said(*words))
    text = extractor._encode(words)
    for w in (7, 8, 15, 16, 39):
        first = text.starts[max(0, w // 8 * 8 - 8)]
        ids = torch.tensor([[*text.prefix, *text.ids[first : text.starts[w + 1]]]])
        with torch.inference_mode():
            logs = model(ids).logits[0].log_softmax(-1)
        own = range(text.starts[w] - first, text.starts[w + 1] - first)
        bits = -sum(float(logs[t, ids[0, t + 1]]) for t in own) / np.log(2)
        assert found[w, 0] == pytest.approx(bits, abs=1e-4)


def test_a_bidirectional_model_and_one_without_a_head_are_refused(said):
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=300)
    with pytest.raises(BrainalignError, match="bidirectional.*surprisal needs a causal"):
        Surprisal(BertForMaskedLM(config), tiny_gpt2()[1], {}, "bert")
    with pytest.raises(BrainalignError, match="no head that predicts words"):
        values(Surprisal(*tiny_gpt2(), {}, "tiny"), said("so"))
    with pytest.raises(BrainalignError, match="model.outputs names 'suprisal'.*'surprisal'"):
        Surprisal(*with_head(), {}, "s", outputs=["suprisal"])


def test_a_real_llama_knows_english_from_shuffled_sub_words(test_data, said):
    """Nats a sub-word: below uniform, and at least 1 below those of the same sub-words in any order."""
    extractor = Surprisal.from_folder(test_data / "models" / "aidreams-260k", "dreams")
    table = pd.read_csv(test_data / "podcast" / "spectral.tsv", sep="\t", quoting=3, keep_default_na=False)
    spoken = table["word"].tolist()
    stimuli = [said(*spoken[i : i + 30], name=f"s{i:04d}") for i in range(0, 1200, 30)]
    bits = {name: rows[0].values.sum() for name, rows in extractor.extract(stimuli)}
    texts = [extractor._encode(s.words["word"].tolist()) for s in stimuli]
    n = sum(len(t.ids) for t in texts)
    loss = sum(bits.values()) * np.log(2) / n
    rng = np.random.default_rng(0)
    model = extractor._ready()
    mixed = [[*t.prefix, *rng.permutation(t.ids).tolist()] for t in texts]
    shuffled = [extractor._forward(model, [ids])[0][0][:, 0].sum() for ids in mixed]
    assert loss < np.log(512) == pytest.approx(6.24, abs=0.005)
    assert loss < sum(shuffled) * np.log(2) / n - 1
    assert all(len(t.ids) <= 127 for t in texts)  # each a pass of its own, so both had equal context
