"""Contexts: which sub-words each pass reads and which are taken from it, and every text model against literal calls."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language import model as model_module
from brainalign.features.language.context import Context, fitted_passes, word_passes
from brainalign.features.language.encoded import encode
from brainalign.features.language.model import LanguageModel
from brainalign.features.language.subwords import starts_of

SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "vocab_size": 300,
    "initializer_range": 0.2,
}
WIDE = {**SIZE, "intermediate_size": 64}
MODELS = {
    "gpt2": {"n_embd": 32, "n_layer": 3, "n_head": 2, "vocab_size": 300, "n_positions": 512, "initializer_range": 0.2},
    "llama": WIDE,
    "gpt_neox": WIDE,
    "opt": {
        "hidden_size": 32, "word_embed_proj_dim": 32, "ffn_dim": 64, "num_hidden_layers": 3, "num_attention_heads": 2,
        "vocab_size": 300, "init_std": 0.2,
    },
    "bert": WIDE,
    "roberta": {**WIDE, "pad_token_id": 1, "max_position_embeddings": 514},
}  # fmt: skip
CAUSAL = ("gpt2", "llama", "gpt_neox", "opt")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Random small checkpoints, written by transformers; BERT and RoBERTa with special sub-words around a text."""
    from tokenizers import processors
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, PreTrainedTokenizerFast

    found = {}
    for kind, size in MODELS.items():
        folder = found[kind] = tmp_path_factory.mktemp(kind)
        torch.manual_seed(1)
        causal = kind in CAUSAL
        maker = AutoModelForCausalLM if causal else AutoModelForMaskedLM
        maker.from_config(AutoConfig.for_model(kind, **size)).save_pretrained(folder)
        tokenizer = tiny_gpt2()[1].backend_tokenizer
        if not causal:
            tokenizer.add_special_tokens(["[CLS]", "[SEP]"])
            marks = [(t, tokenizer.token_to_id(t)) for t in ("[CLS]", "[SEP]")]
            tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    return found


def words(n, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("abcdefgh"), size=rng.integers(1, 5))) for _ in range(n)]


def literal(folder, ids):
    """(layers + 1, sub-words, dims) by transformers itself."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        return np.stack([h[0].numpy() for h in model(torch.tensor([ids]), output_hidden_states=True).hidden_states])


def values(extractor, stimulus):
    return {n: rows.values for n, rows in dict(extractor.extract([stimulus]))[stimulus.id].items()}


@pytest.mark.parametrize("kind", MODELS)
def test_the_whole_stimulus_is_one_literal_call(folders, kind, said):
    said_words = words(12)
    extractor = LanguageModel.from_folder(folders[kind], kind, context=Context("stimulus"))
    assert extractor.causal == (kind in CAUSAL) and kind in extractor.describe()
    text = encode(extractor._tokenizer, said_words, True)
    assert (len(text.prefix), len(text.suffix)) == ((0, 0) if kind in CAUSAL else (1, 1))
    states = literal(folders[kind], [*text.prefix, *text.ids, *text.suffix])
    found = values(extractor, said(*said_words))
    for n in range(4):
        expected = [states[n, [len(text.prefix) + t for t in group]].mean(axis=0) for group in text.groups]
        np.testing.assert_allclose(found[n], expected, atol=1e-5)


@pytest.mark.parametrize("kind", MODELS)
def test_a_word_of_a_window_is_one_literal_call_with_its_own_context(folders, kind, said, monkeypatch):
    """Strided passes equal a call a word, given the very words that the pass gave it, in 1/16 as many passes."""
    n, before = 96, 16
    said_words = words(n)
    extractor = LanguageModel.from_folder(folders[kind], kind, layers=[0, 3], context=Context("window", before))
    passes = []
    forward = extractor._forward
    monkeypatch.setattr(extractor, "_forward", lambda model, texts: passes.extend(texts) or forward(model, texts))
    found = values(extractor, said(*said_words))
    assert len(passes) == n // before and n >= 10 * len(passes)
    text = encode(extractor._tokenizer, said_words, True)
    contexts = []
    for w in (0, 1, 15, 16, 31, 32, 50, 95):
        begin = max(0, w // before * before - before)
        contexts.append(w - begin)
        end = w + 1 if kind in CAUSAL else (w // before + 1) * before  # a bidirectional model sees the rest of its pass
        ids = [*text.prefix, *text.ids[text.starts[begin] : text.starts[end]], *text.suffix]
        at = [len(text.prefix) + t - text.starts[begin] for t in text.groups[w]]
        states = literal(folders[kind], ids)
        for layer in (0, 3):
            np.testing.assert_allclose(found[layer][w], states[layer, at].mean(axis=0), atol=1e-4)
    assert min(contexts[3:]) >= before and max(contexts) <= 2 * before - 1 == extractor.receptive_field.past
    assert extractor.receptive_field.future == (0 if kind in CAUSAL else before - 1)


@pytest.mark.parametrize("kind", MODELS)
def test_short_texts_go_through_a_model_together_as_they_go_alone(folders, kind, said, monkeypatch):
    extractor = LanguageModel.from_folder(folders[kind], kind)
    stimuli = [said(*words(n, n), name=f"s{n}") for n in (3, 9, 4, 1, 17)]
    alone = {s.id: values(extractor, s) for s in stimuli}
    sizes = []
    forward = extractor._forward
    monkeypatch.setattr(extractor, "_forward", lambda model, texts: sizes.append(len(texts)) or forward(model, texts))
    for stimulus, layers in extractor.extract(stimuli):
        for n, rows in layers.items():
            np.testing.assert_allclose(rows.values, alone[stimulus][n], atol=1e-5)
    assert (sizes == [5]) if kind in CAUSAL else (sum(sizes) == 5)  # without a mask, those of one length alone


def test_a_model_whose_rows_know_of_each_other_reads_one_text_at_a_time(said):
    model, tokenizer = tiny_gpt2()

    def meet(_, __, out):
        of = out[0] if isinstance(out, tuple) else out
        of += of.mean(dim=0, keepdim=True)

    model.base_model.h[0].register_forward_hook(meet)
    extractor = LanguageModel(model, tokenizer, {}, "meeting", layers=[4])
    stimuli = [said(*words(n, n), name=f"s{n}") for n in (3, 4, 5)]
    found = dict(extractor.extract(stimuli))
    for stimulus in stimuli:
        np.testing.assert_array_equal(found[stimulus.id][4].values, values(extractor, stimulus)[4])


@pytest.mark.parametrize("kind", ["gpt2", "bert"])
def test_stride_one_knows_exactly_the_words_asked_for_and_no_future(folders, kind, said):
    extractor = LanguageModel.from_folder(folders[kind], kind, layers=[3], context=Context("window", 3, 1))
    assert extractor.receptive_field.causal and extractor.receptive_field.past == 3
    said_words = words(12)
    base = values(extractor, said(*said_words))[3]
    for changed, other in ((4, "zz"), (11, "zz")):
        moved = values(extractor, said(*said_words[:changed], other, *said_words[changed + 1 :]))[3]
        differs = np.abs(moved - base).max(axis=1) > 1e-4
        assert differs.nonzero()[0].tolist() == list(range(changed, min(12, changed + 4)))


def test_an_isolated_word_is_a_text_of_its_own_and_read_once(folders, said, monkeypatch):
    extractor = LanguageModel.from_folder(folders["bert"], "bert", layers=[3], context=Context("isolated"))
    reads = []
    forward = extractor._forward
    monkeypatch.setattr(extractor, "_forward", lambda model, ids: reads.append(ids) or forward(model, ids))
    found = dict(extractor.extract([said("so", "it", "so"), said("it", "ran", name="s2")]))
    assert len(reads) == 3
    for stimulus, position, word in (("s1", 0, "so"), ("s1", 2, "so"), ("s2", 0, "it")):
        ids = extractor._tokenizer(word).input_ids
        expected = literal(folders["bert"], ids)[3, 1:-1].mean(axis=0)
        np.testing.assert_allclose(found[stimulus][3].values[position], expected, atol=1e-5)
    assert extractor.receptive_field.causal and extractor.receptive_field.past == 0


def test_a_text_over_the_limit_is_one_sentence_where_the_stimulus_is_asked_for(folders, said):
    long = said(*words(200))
    for context, message in (
        (Context("stimulus"), r"features.context=stimulus needs a pass of \d+ sub-words in stimulus 's1', .*at most 512"),
        (Context("window", 90), r"features.context_words=90 needs passes of \d+ .* at most 512"),
    ):  # fmt: skip
        with pytest.raises(BrainalignError, match=message):
            LanguageModel.from_folder(folders["gpt2"], "gpt2", context=context).check(long)
    LanguageModel.from_folder(folders["gpt2"], "gpt2", context=Context("window", 40)).check(long)
    automatic = LanguageModel.from_folder(folders["gpt2"], "gpt2", layers=[3])
    automatic.check(long)
    assert values(automatic, long)[3].any(axis=1).all()


def test_roberta_counts_positions_from_its_padding(folders, said):
    """Of 514 positions 512 can be used; with one more, transformers itself fails."""
    extractor = LanguageModel.from_folder(folders["roberta"], "roberta", layers=[0])
    assert extractor.limit == 512
    assert values(extractor, said(*words(300)))[0].any(axis=1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("widow",), "did you mean 'window'"),
        (("window",), "needs features.context_words"),
        (("auto", 5), "belong to features.context=window"),
        (("window", 0), "at least 1"),
        (("window", 4, 0), "at least 1"),
    ],
)
def test_an_impossible_context_is_one_sentence(arguments, message):
    with pytest.raises(BrainalignError, match=message):
        Context(*arguments)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 9), st.integers(1, 9))
def test_every_sub_word_is_taken_once_with_the_words_before_it(sizes, before, stride):
    starts = np.r_[0, np.cumsum(sizes)].tolist()
    passes = word_passes(starts, before, stride)
    assert [t for p in passes for t in range(p.begin, p.end)] == list(range(starts[-1]))
    for p in passes:
        for w in range(len(sizes)):
            if sizes[w] and p.begin <= starts[w] < p.end:
                assert p.first <= starts[max(0, w - before)] and p.last >= starts[w + 1]
                assert p.first >= starts[max(0, w - before - stride + 1)]


@given(st.integers(0, 60), st.integers(2, 20), st.booleans())
def test_windows_that_fit_take_every_sub_word_once_with_half_the_room(total, room, causal):
    passes = fitted_passes(total, room, causal)
    assert [t for p in passes for t in range(p.begin, p.end)] == list(range(total))
    for p in passes:
        assert 0 <= p.first <= p.begin < p.end <= p.last <= total and p.last - p.first <= room
        for t in range(p.begin, p.end):
            need = room // 2 if causal else room // 4
            assert t - p.first >= min(t, need)
            assert causal or p.last - 1 - t >= min(total - 1 - t, need - 1)
    assert fitted_passes(total, None, causal) == fitted_passes(total, max(total, 1), causal)


@settings(deadline=None)
@given(st.lists(st.text(min_size=0, max_size=6), min_size=1, max_size=6))
def test_every_sub_word_is_in_one_word(texts):
    text = encode(tiny_tokenizer(), texts, join_clitics=True)
    assert text.starts[0] == 0 and text.starts[-1] == len(text.ids) and text.starts == sorted(text.starts)
    assert starts_of([], []) == [0]


_MADE = []


def tiny_tokenizer():
    if not _MADE:
        _MADE.append(tiny_gpt2()[1])
    return _MADE[0]


def test_identity_knows_the_context():
    contexts = [Context(), Context("stimulus"), Context("window", 4), Context("window", 4, 2), Context("isolated")]
    model, tokenizer = tiny_gpt2()
    found = {str(LanguageModel(model, tokenizer, {}, "tiny", context=c).identity()) for c in contexts}
    assert len(found) == 5
    same = [LanguageModel(model, tokenizer, {}, "tiny", context=Context("window", 4, s)).identity() for s in (None, 4)]
    assert same[0] == same[1]


def test_real_transcripts_with_punctuation_and_casing_keep_every_sub_word(test_data):
    """GPT-2 on the podcast: with marks and capitals added to real words, nothing is lost or counted twice."""
    from transformers import AutoTokenizer

    table = pd.read_csv(test_data / "podcast" / "spectral.tsv", sep="\t", quoting=3, keep_default_na=False)
    spoken = table["word"].tolist()
    forms = [str.upper, "{},".format, '"{}."'.format, str, str]
    marked = [forms[i % len(forms)](w) for i, w in enumerate(spoken)]
    tokenizer = AutoTokenizer.from_pretrained(test_data / "gpt2_tokenizer")
    for transcript in (spoken, marked):
        text = encode(tokenizer, transcript, join_clitics=True)
        flat = [t for group in text.groups for t in group]
        assert flat == list(range(len(text.ids))) and min(map(len, text.groups)) >= 1
        decoded = [tokenizer.decode([text.ids[t] for t in group]).strip() for group in text.groups]
        assert decoded == [w.strip() for w in transcript]
        assert text.starts[:-1] == [group[0] for group in text.groups]


@pytest.mark.parametrize("kind", ["whisper", "wav2vec2", "vit"])
def test_a_checkpoint_of_another_kind_is_one_sentence(tmp_path, kind):
    """Whisper's decoder counts as a causal language model in transformers; here it does not."""
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}"}}')
    with pytest.raises(BrainalignError, match=f"model mine: .* is of type '{kind}', no causal language model"):
        LanguageModel.from_folder(tmp_path, "mine")


@pytest.mark.parametrize("policy", ["auto", "isolated", "window"])
def test_where_a_run_may_go_on_later_what_follows_is_read_in_the_same_passes(folders, said, monkeypatch, policy):
    context = Context("window", 3, 2) if policy == "window" else Context(policy)
    extractor = LanguageModel.from_folder(folders["gpt2"], "gpt2", context=context)
    monkeypatch.setattr(model_module, "ROOM", 24)
    stimuli = [said(*words(n, n), name=f"s{n}") for n in (3, 9, 4, 1, 17, 5, 8, 2)]
    passes, forward = [], extractor._forward
    monkeypatch.setattr(extractor, "_forward", lambda model, texts: passes.append(texts) or forward(model, texts))
    whole, points = {}, []
    for stimulus, layers in extractor.extract(stimuli):
        whole[stimulus] = layers
        points.append((len(whole), extractor.between_batches, len(passes)))
    every, order = list(passes), list(whole)
    assert [clean for _, clean, _ in points].count(True) >= 2
    for done, _, before in (p for p in points if p[1]):
        passes.clear()
        rest = dict(extractor.extract([s for s in stimuli if s.id in order[done:]]))
        assert policy == "isolated" or passes == every[before:]
        for stimulus, layers in rest.items():
            for n, rows in layers.items():
                np.testing.assert_array_equal(rows.values, whole[stimulus][n].values)
