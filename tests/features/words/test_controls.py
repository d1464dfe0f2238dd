"""Controls and word-level scalars: closed forms."""

import numpy as np
import pandas as pd
import pytest
import torch

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.embedding import InputEmbedding
from brainalign.features.language.model import LanguageModel
from brainalign.features.words.controls import WIDEST, Oasm, SentencePosition, ShuffledWords
from brainalign.features.words.timed import LATE, WordRate


def values(extractor, stimulus):
    return dict(extractor.extract([stimulus]))[stimulus.id][0].values


def test_oasm_is_orthogonal_between_stimuli_and_smooth_within(said):
    stimuli = {n: said(*"abcdef"[: k + 3], name=n) for k, n in enumerate(("s2", "s1", "s3"))}
    oasm = Oasm(stimuli, sigma=2.0)
    rows = {n: v[0].values for n, v in oasm.extract(list(stimuli.values()))}
    assert {n: v.shape for n, v in rows.items()} == {"s2": (3, 12), "s1": (4, 12), "s3": (5, 12)}
    every = np.vstack([rows[n] for n in ("s1", "s2", "s3")])
    assert np.array_equal(every, every.T) and np.array_equal(np.diag(every), np.ones(12))
    assert not (rows["s1"] @ rows["s2"].T).any()
    assert rows["s3"][0, 7:].tolist() == pytest.approx(np.exp(-(np.arange(5) ** 2) / 8).tolist())
    alone = dict(oasm.extract([stimuli["s3"]]))["s3"][0].values  # a resumed run gives the same columns
    assert np.array_equal(alone, rows["s3"])
    with pytest.raises(BrainalignError, match=f"{WIDEST + 1} words"):
        Oasm({"s": said(*["a"] * (WIDEST + 1), name="s")})


def test_shuffled_words_keep_times_and_words_and_lose_their_order(said):
    words = [f"w{i}" for i in range(20)]
    stimulus = said(*words)
    extractor = LanguageModel(*tiny_gpt2(), {}, "tiny", layers=[0])
    control = ShuffledWords(extractor, seed=3)
    shuffled = control.shuffled(stimulus)
    assert sorted(shuffled.words["word"]) == sorted(words) != list(shuffled.words["word"])
    assert shuffled.words[["onset", "offset"]].equals(stimulus.words[["onset", "offset"]])
    assert np.array_equal(values(control, stimulus), values(extractor, shuffled))
    assert not np.array_equal(values(control, stimulus), values(extractor, stimulus))
    orders = {
        tuple(ShuffledWords(extractor, s).shuffled(said(*words, name=n)).words["word"]) for s in (1, 2) for n in "ab"
    }
    assert len(orders) == 4 and control.identity() != ShuffledWords(extractor, seed=4).identity()
    with pytest.raises(BrainalignError, match="mel is a model of sound"):
        ShuffledWords(Mel())


def test_position_begins_anew_after_a_sentence(said):
    found = values(SentencePosition(), said("So", "it", 'ended."', "Then", "he", "said?", "No"))
    assert found.ravel().tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert SentencePosition().receptive_field.causal


def test_the_embedding_is_the_table_without_position(said):
    model, tokenizer = tiny_gpt2()
    found = values(InputEmbedding(model, tokenizer, {}, "e"), said("a", "bc", "a", ""))
    table = model.wte.weight.detach().numpy()
    ids = tokenizer("bc").input_ids
    np.testing.assert_allclose(found[1], table[ids].mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(found[0], found[2])  # wherever it stands
    layer0 = values(LanguageModel(model, tokenizer, {}, "l", layers=[0]), said("a", "bc"))
    with torch.inference_mode():
        position = model.wpe(torch.tensor([2, 3])).mean(dim=0).numpy()
    np.testing.assert_allclose(layer0[1] - found[1], position, atol=1e-5)
    assert not found[3].any()


def test_words_beyond_the_sound_are_one_sentence():
    words = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.8], "offset": [0.4, 1.2]})
    with pytest.raises(BrainalignError, match=r"'s1' lasts 1.000 s, but its word 'it' ends at 1.200 s"):
        WordRate().check(Stimulus("s1", 1.0, words))
    WordRate().check(Stimulus("s1", 1.2 - LATE, words))
