"""Language models: literal transformers states, causality, pooling, windows, real tokenizers and weights."""

import logging
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.encoded import encode
from brainalign.features.language.model import LanguageModel

WORDS = ("Alice", "was", "beginning", "to", "get", "very", "tired", "of", "sitting")


def tiny(**options):
    return LanguageModel(*tiny_gpt2(), {}, "tiny", **options)


def one(extractor, stimulus):
    ((name, layers),) = extractor.extract([stimulus])
    assert name == stimulus.id
    return {n: rows.values for n, rows in layers.items()}


def test_states_are_those_of_a_literal_call(language_folder, said):
    """Layer 0 is embedding and position, the last one comes after ln_f; a word is the mean of its bytes."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = (
        AutoTokenizer.from_pretrained(language_folder),
        AutoModelForCausalLM.from_pretrained(language_folder).eval(),
    )
    text = " ".join(WORDS)
    with torch.inference_mode():
        literal = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states
    extractor = LanguageModel.from_folder(language_folder, "mine")
    found = one(extractor, said(*WORDS))
    assert list(found) == [0, 1, 2, 3, 4]
    first = 0
    for w, word in enumerate(WORDS):
        for n, values in found.items():
            assert values.dtype == np.float32
            assert np.allclose(values[w], literal[n][0, first : first + len(word)].mean(dim=0).numpy(), atol=1e-6)
        first += len(word) + 1
    body = model.transformer
    with torch.inference_mode():
        ids = tokenizer(text, return_tensors="pt").input_ids
        embedded = body.wte(ids) + body.wpe(torch.arange(ids.shape[1]))
    assert torch.equal(literal[0], embedded)
    spread = [literal[n][0].std(dim=1, correction=0).numpy() for n in (3, 4)]
    assert np.allclose(spread[1], 1, atol=1e-3) and not np.allclose(
        spread[0], 1, atol=0.1
    )  # ln_f: each vector has variance 1


def test_a_later_word_changes_no_earlier_one(said):
    for extractor in (tiny(), tiny(join_clitics=False), tiny(pooling="last")):
        before = one(extractor, said(*WORDS))
        after = one(extractor, said(*WORDS[:5], "rather", *WORDS[6:]))
        for n in before:
            assert np.abs(before[n][:5] - after[n][:5]).max() < 1e-5
            assert np.abs(before[n][5] - after[n][5]).max() > 1e-2
        assert all(np.abs(before[n][6:] - after[n][6:]).max() > 1e-2 for n in (1, 2, 3, 4))  # and it is heard later on


def test_a_model_that_is_not_causal_is_refused(said):
    from transformers import BertGenerationConfig, BertGenerationEncoder

    config = BertGenerationConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=300, bos_token_id=2, pad_token_id=0
    )  # fmt: skip
    extractor = LanguageModel(BertGenerationEncoder(config), tiny_gpt2()[1], {}, "encoder")
    with pytest.raises(BrainalignError, match=r"encoder.*not causal"):
        list(extractor.extract([said(*WORDS)]))


def test_pooling(said):
    first, last, mean = (one(tiny(pooling=p), said("a", "bc"))[3] for p in ("first", "last", "mean"))
    assert np.array_equal(first[0], last[0]) and np.array_equal(first[0], mean[0])  # one byte
    assert np.allclose((first[1] + last[1]) / 2, mean[1], atol=1e-6)
    assert not np.allclose(first[1], last[1], atol=1e-2)
    assert len({str(tiny(pooling=p).identity()) for p in ("first", "last", "mean")}) == 3
    with pytest.raises(BrainalignError, match=r"features.pooling='means'.*'mean'"):
        tiny(pooling="means")


def test_times_are_the_words_own(said):
    stimulus = said(*WORDS)
    rows = dict(tiny().extract([stimulus]))["s1"][2]
    assert np.array_equal(rows.onset, stimulus.words["onset"]) and np.array_equal(rows.offset, stimulus.words["offset"])


def test_stimuli_do_not_see_each_other(said):
    extractor = tiny()
    both = dict(extractor.extract([said("so", "it"), said(*WORDS, name="s2")]))
    alone = one(extractor, said(*WORDS, name="s2"))
    assert all(np.array_equal(both["s2"][n].values, alone[n]) for n in alone)


def test_words_without_a_sub_word_are_zero_named_and_counted(said, caplog):
    with caplog.at_level(logging.WARNING):
        found = one(tiny(), said("so", " ", "it"))
    assert "1 of 3 words have no sub-word" in caplog.text
    assert all(not values[1].any() and values[[0, 2]].any() for values in found.values())
    with pytest.raises(BrainalignError, match="no sub-word in any of the 2 words"):
        list(tiny().extract([said("", " ")]))


def test_a_tokenizer_of_another_model_is_refused(said):
    from transformers import GPT2Config, GPT2Model

    small = GPT2Model(
        GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=50, n_positions=64, bos_token_id=0, eos_token_id=0)
    )
    extractor = LanguageModel(small, tiny_gpt2()[1], {}, "small")
    with pytest.raises(BrainalignError, match=r"sub-word number \d+, but the model knows 50"):
        list(extractor.extract([said("été")]))


def windowed_model():
    """Rotary positions and attention to the last 8 sub-words in 2 layers: nothing beyond 14 back can matter."""
    from transformers import MistralConfig, MistralModel

    config = MistralConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4, intermediate_size=64, vocab_size=256,
        sliding_window=8, max_position_embeddings=64, initializer_range=0.2,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    torch.manual_seed(0)
    return MistralModel(config)


@pytest.mark.parametrize("n", [5, 12, 13, 14, 20, 40, 41])
def test_windows_equal_one_pass_where_context_is_enough(said, n, caplog):
    extractor = LanguageModel(windowed_model(), tiny_gpt2()[1], {}, "windowed")
    stimulus = said(*(f"w{i:03d}" for i in range(n)))  # 5 sub-words a word, but for the first
    assert extractor.limit == 64
    with caplog.at_level(logging.INFO):
        found = one(extractor, stimulus)
    extractor.limit = None
    whole = one(extractor, stimulus)
    assert ("windows of 64" in caplog.text) == (5 * n - 1 > 64)
    for layer in whole:
        assert found[layer].shape == whole[layer].shape == (n, 32)
        assert np.abs(found[layer] - whole[layer]).max() < 1e-5


def test_position_limits_are_kept_by_absolute_models(said):
    model, tokenizer = tiny_gpt2()
    words = [f"w{i:04d}" for i in range(400)]  # 2,399 sub-words, 1,024 fit
    values = one(LanguageModel(model, tokenizer, {}, "tiny", layers=[4]), said(*words))[4]
    assert values.shape == (400, 96) and values.any(axis=1).all()
    start = one(LanguageModel(model, tokenizer, {}, "tiny", layers=[4]), said(*words[:170]))[4]
    assert np.allclose(values[:170], start, atol=1e-5)


def test_clitics_with_the_gpt2_tokenizer(test_data, said):
    extractor = _gpt2_tokenizer_model(test_data)
    words = ("she", "'s", "sure", "they", "do", "n't", "eat", "smörgåsbord", "日本", "🙂", "unbelievableness")
    tokenizer = extractor._tokenizer
    text = encode(tokenizer, words, join_clitics=True)
    ids, groups = text.ids, text.groups
    cut = ["".join(tokenizer.decode([ids[t] for t in group])) for group in groups]
    assert cut[:7] == ["she", "'s", " sure", " they", " don", "'t", " eat"]
    assert [c.strip() for c in cut[7:]] == ["smörgåsbord", "日本", "🙂", "unbelievableness"]
    for word, group in zip(words[6:], groups[6:], strict=True):
        assert [ids[t] for t in group] == tokenizer(f" {word}").input_ids
    assert [t for g in groups for t in g] == list(range(len(ids)))
    assert one(extractor, said(*words))[0].any(axis=1).all()


def _gpt2_tokenizer_model(test_data, **options):
    from transformers import AutoTokenizer, GPT2Config, GPT2Model

    tokenizer = AutoTokenizer.from_pretrained(test_data / "gpt2_tokenizer")
    torch.manual_seed(0)
    model = GPT2Model(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=len(tokenizer)))
    return LanguageModel(model, tokenizer, {}, "small", **options)


def test_podcast_words_have_the_sub_words_of_the_table(test_data):
    """5,136 words in 1,799 s: all have sub-words, and (but for the first, which follows no space) those of the published table."""
    table = pd.read_csv(test_data / "podcast" / "gpt2-xl.tsv", sep="\t", quoting=3, keep_default_na=False)
    words = table.drop_duplicates("word_idx")["word"].tolist()
    assert len(words) == 5136
    extractor = _gpt2_tokenizer_model(test_data, join_clitics=False)
    text = encode(extractor._tokenizer, words, join_clitics=False)
    ids, groups = text.ids, text.groups
    assert text.prefix == text.suffix == [] and min(map(len, groups)) >= 1
    assert text.starts == [g[0] for g in groups] + [len(ids)]
    assert [t for g in groups for t in g] == list(range(len(ids)))
    expected = table.groupby("word_idx", sort=True)["token_id"].apply(list).tolist()
    assert [[ids[t] for t in g] for g in groups[1:]] == expected[1:]
    times = table.drop_duplicates("word_idx")[["start", "end"]].to_numpy().T
    stimulus = Stimulus("podcast", 1800.0, pd.DataFrame({"word": words, "onset": times[0], "offset": times[1]}))
    values = one(extractor, stimulus)
    assert values[1].shape == (5136, 16) and values[1].any(axis=1).all()


def test_a_real_trained_llama(test_data, said, caplog):
    folder = test_data / "models" / "aidreams-260k"
    extractor = LanguageModel.from_folder(folder, "dreams")
    assert list(extractor.layers) == [0, 1, 2, 3, 4] and extractor.limit == 128
    sentence = [
        "I",
        "find",
        "myself",
        "in",
        "the",
        "void",
        "and",
        "a",
        "tapestry",
        "of",
        "probability",
        "whispers",
        "secrets",
    ]
    found = one(extractor, said(*sentence))
    text = encode(extractor._tokenizer, sentence, join_clitics=True)
    ids = text.ids
    assert text.prefix == [1] and 1 not in ids

    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.inference_mode():
        literal = model(input_ids=torch.tensor([[1, *ids]]), output_hidden_states=True).hidden_states
    assert np.allclose(found[4][0], literal[4][0, 1].numpy(), atol=1e-5)  # "I" is one sub-word, after <s>
    with caplog.at_level(logging.INFO):
        long = one(extractor, said(*(sentence * 12)))
    assert "windows of 127" in caplog.text and long[4].shape == (156, 64)
    assert np.allclose(long[4][:13], found[4], atol=1e-5)


def test_any_causal_architecture_goes_through_the_real_loading_code(tmp_path, said):
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes = {
        "gpt_neox": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16},
        "opt": {
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "ffn_dim": 16,
            "word_embed_proj_dim": 16,
        },
        "bloom": {"hidden_size": 16, "n_layer": 2, "n_head": 2},
    }
    for kind, size in sizes.items():
        folder = tmp_path / kind
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, vocab_size=300, **size)).save_pretrained(folder)
        tiny_gpt2()[1].save_pretrained(folder)
        extractor = LanguageModel.from_folder(folder, kind)
        found = one(extractor, said(*WORDS))
        assert {n: v.shape for n, v in found.items()} == {n: (len(WORDS), 16) for n in range(3)}
        assert kind in extractor.describe()


def test_identity_is_weights_settings_and_vocabulary_not_place(language_folder, tmp_path):
    base = LanguageModel.from_folder(language_folder, "a").identity()
    copy = shutil.copytree(language_folder, tmp_path / "copy")
    assert LanguageModel.from_folder(copy, "b", layers=[2]).identity() == base
    assert LanguageModel.from_folder(copy, "b", join_clitics=False).identity() != base
    assert tiny().identity() == tiny().identity() != LanguageModel(*tiny_gpt2(1), {}, "tiny").identity()
