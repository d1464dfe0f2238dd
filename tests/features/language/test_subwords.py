"""Words as a text and the sub-words of each: clitics, Unicode, tokens that cross words."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.types import Stimulus
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.encoded import encode
from brainalign.features.language.model import LanguageModel
from brainalign.features.language.subwords import text_of, tokens_of
from brainalign.features.words.timed import WordRate


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["she", "'s", "here"], "she's here"),
        (["do", "n't", "go"], "don't go"),
        (["DO", "N’T"], "DON’T"),
        (["we", "’ve", "I", "'d", "'ll", "'m", "'re"], "we’ve I'd'll'm're"),
        (["'cause", "'tis", "so"], "'cause 'tis so"),  # no clitics, though they begin alike
        (["'s", "go"], "'s go"),  # nothing before it
        (["so", "", "it"], "so  it"),
    ],
)
def test_clitics_join_and_spans_are_the_words(words, text):
    found, spans = text_of(words)
    assert found == text
    assert [found[a:b] for a, b in spans] == words


def test_joining_can_be_switched_off():
    assert text_of(["do", "n't", "go"], join_clitics=False) == ("do n't go", [(0, 2), (3, 6), (7, 9)])


@settings(deadline=None)
@given(st.lists(st.text(min_size=1).filter(lambda w: not w.isspace()), min_size=1, max_size=8), st.booleans())
def test_spans_hold_any_word(words, join):
    text, spans = text_of(words, join)
    assert [text[a:b] for a, b in spans] == words
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_a_token_goes_to_the_word_with_most_of_it():
    spans = [(0, 2), (2, 5), (6, 9)]  # do|n't| and
    assert tokens_of(spans, [(0, 3), (3, 5), (5, 9)]) == [[0], [1], [2]]
    assert tokens_of(spans, [(0, 5), (5, 9)]) == [[0], [0], [1]]  # one token for two words: both have it
    assert tokens_of(spans, [(0, 1), (1, 2), (2, 5), (5, 6), (6, 9)]) == [[0, 1], [2], [4]]  # a space alone is no one's
    assert tokens_of(spans, [(0, 0), (0, 2), (2, 5), (9, 9)]) == [[1], [2], []]
    assert tokens_of([(0, 2), (3, 3), (4, 6)], [(0, 2), (3, 6)]) == [[0], [], [1]]
    assert tokens_of([], [(0, 1)]) == [] and tokens_of(spans, []) == [[], [], []]


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=6).filter(lambda w: w.strip() == w), min_size=1, max_size=6))
def test_bytes_of_any_words_are_told_apart(words):
    """Bytes as sub-words: each word has its own, all of them, in order."""
    tokenizer = _tokenizer()
    text, spans = text_of(words, join_clitics=False)
    groups = tokens_of(spans, tokenizer(text, return_offsets_mapping=True)["offset_mapping"])
    assert [len(g) for g in groups] == [len(w.encode()) for w in words]
    flat = [t for g in groups for t in g]
    assert flat == sorted(set(flat)) and len(flat) == len(text.encode()) - (len(words) - 1)


_made = []


def _tokenizer():
    if not _made:
        _made.append(tiny_gpt2()[1])
    return _made[0]


def test_a_word_of_unknown_identity_has_no_sub_word_and_leaves_the_text_as_it_is():
    tokenizer = tiny_gpt2()[1]
    whole, holed = encode(tokenizer, ["so", "it", "is"], True), encode(tokenizer, ["", "so", "", "it", "is", ""], True)
    assert holed.ids == whole.ids
    assert [holed.groups[i] for i in (1, 3, 4)] == whole.groups and [holed.groups[i] for i in (0, 2, 5)] == [[], [], []]
    assert len(holed.starts) == 7 and holed.starts[0] == 0 and holed.starts[-1] == len(whole.ids)


def test_words_without_a_time_are_read_and_have_no_row():
    """What was said is the context of the words after it; what has no time is in no row."""
    words = pd.DataFrame({"word": ["in", "2016", "he", "<unk>", "left"], "text": ["in", "2016", "he", "", "left"]})
    words = words.assign(onset=[0.1, np.nan, 0.9, 1.2, 1.5], offset=[0.3, np.nan, 1.1, 1.4, 1.8])
    whole = words.assign(onset=[0.1, 0.4, 0.9, 1.2, 1.5], offset=[0.3, 0.6, 1.1, 1.4, 1.8])
    model = LanguageModel(*tiny_gpt2(), {}, "tiny_gpt2")
    some, every = (dict(model.extract([Stimulus("s", 2.0, w)]))["s"][4] for w in (words, whole))
    assert len(some.values) == 4 and np.isfinite(some.onset).all()
    np.testing.assert_array_equal(some.values, every.values[[0, 2, 3, 4]])
    assert not some.values[2].any()  # nobody knows what it was
    rate = dict(WordRate().extract([Stimulus("s", 2.0, words)]))["s"][0]
    assert rate.onset.tolist() == [0.1, 0.9, 1.2, 1.5] and rate.values.sum() == 4
