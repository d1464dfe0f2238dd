"""The begin token: which one it is, that nothing but the sink changes places, and what it does in a trained model."""

import numpy as np
import pandas as pd
import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.begin_token import begin_token
from brainalign.features.language.context import Context
from brainalign.features.language.model import LanguageModel
from brainalign.features.language.surprisal import Surprisal

WORDS = ("Alice", "was", "beginning", "to", "get", "very", "tired", "of", "sitting")


def tokenizer_with(own=None, **special):
    """Bytes, with special tokens; ``own`` is put before every text by the tokenizer itself."""
    from tokenizers import processors

    tokenizer = tiny_gpt2()[1]
    tokenizer.add_special_tokens(special)
    if own:
        number = tokenizer.convert_tokens_to_ids(own)
        tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{own} $A", special_tokens=[(own, number)]
        )
    return tokenizer


def model_with(**special):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(n_embd=24, n_layer=2, n_head=2, vocab_size=300, n_positions=64, initializer_range=0.3)
    return GPT2LMHeadModel(config).eval(), tokenizer_with(**special)


def values(extractor, stimulus):
    return {n: rows.values for n, rows in dict(extractor.extract([stimulus]))[stimulus.id].items()}


@pytest.mark.parametrize(
    ("special", "expected"),
    [
        ({"bos_token": "<s>", "eos_token": "</s>"}, {"auto": "<s>", "bos": "<s>", "text": "</s>", "none": None}),
        ({"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, {"auto": "<|endoftext|>", "text": "<|endoftext|>"}),
        ({"eos_token": "</s>"}, {"auto": "</s>", "text": "</s>", "none": None}),
        ({}, {"auto": None, "none": None}),
        ({"bos_token": "<s>", "own": "<s>"}, {"auto": None, "bos": None, "text": None, "none": None}),  # never doubled
    ],
)  # fmt: skip
def test_which_token_it_is(special, expected):
    tokenizer = tokenizer_with(**special)
    for begin, token in expected.items():
        found = begin_token(tokenizer, begin, "m", 300)
        assert (None if found is None else tokenizer.convert_ids_to_tokens(found)) == token, begin


def test_auto_takes_no_token_that_the_model_does_not_know():
    tokenizer = tokenizer_with(bos_token="<s>", eos_token="</s>")
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    assert begin_token(tokenizer, "auto", "m", min(bos, eos)) is None
    assert begin_token(tokenizer, "auto", "m", eos + 1) == (bos if bos < eos else eos)


def test_what_is_not_there_is_one_sentence():
    with pytest.raises(BrainalignError, match=r"features.begin=bos: the tokenizer of model tiny has no begin token"):
        LanguageModel(*tiny_gpt2(), {}, "tiny", begin="bos")
    with pytest.raises(BrainalignError, match=r"features.begin=text: .* has no end-of-text token"):
        LanguageModel(*tiny_gpt2(), {}, "tiny", begin="text")
    with pytest.raises(BrainalignError, match=r"features.begin='boss' is unknown"):
        LanguageModel(*tiny_gpt2(), {}, "tiny", begin="boss")


@pytest.mark.parametrize("begin", ["bos", "text"])
def test_a_bidirectional_model_takes_none(begin):
    """It has marks of its own: what would do nothing is refused, and ``auto`` and ``none`` read the same."""
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    small = {
        "hidden_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 300,
    }
    model, tokenizer = BertForMaskedLM(BertConfig(**small)).eval(), tokenizer_with(bos_token="<s>", eos_token="</s>")
    with pytest.raises(
        BrainalignError, match=f"features.begin={begin}: model m is bidirectional .* features.begin=auto"
    ):
        LanguageModel(model, tokenizer, {}, "m", begin=begin)
    same = {str(LanguageModel(model, tokenizer, {}, "m", begin=b).identity()) for b in ("auto", "none")}
    assert len(same) == 1


@pytest.mark.parametrize("begin", ["auto", "none", "text"])
@pytest.mark.parametrize("context", [Context(), Context("window", 3), Context("window", 2, 1), Context("isolated")])
def test_states_are_those_of_literal_calls_with_the_token_before_each_text(begin, context, said):
    """Each word's state, in every context, is that of a call whose ids are written out here."""
    model, tokenizer = model_with(bos_token="<s>", eos_token="</s>")
    mark = {"auto": [tokenizer.bos_token_id], "text": [tokenizer.eos_token_id], "none": []}[begin]
    found = values(LanguageModel(model, tokenizer, {}, "m", context=context, begin=begin), said(*WORDS))
    for w, word in enumerate(WORDS):
        if context.policy == "isolated":
            first = w
        elif context.policy == "window":
            words, stride = context.size
            first = max(0, w // stride * stride - words)
        else:
            first = 0
        before = "".join(f" {other}" for other in WORDS[first:w])
        own = word if context.policy == "isolated" or w == 0 else f" {word}"
        text = before + own if first else (before + own).lstrip()
        ids = [*mark, *tokenizer(text).input_ids]
        with torch.inference_mode():
            states = model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
        for n in (0, 1, 2):
            assert np.allclose(found[n][w], states[n][0, -len(word) :].mean(0).numpy(), atol=1e-5), (n, w)


def test_the_token_counts_against_the_limit(said):
    model, tokenizer = model_with(bos_token="<s>")
    extractor = LanguageModel(model, tokenizer, {}, "m")
    fits = said("x" * 63)
    assert values(extractor, fits)[2].shape == (1, 24)
    strict = LanguageModel(model, tokenizer, {}, "m", context=Context("stimulus"))
    strict.check(fits)
    with pytest.raises(BrainalignError, match="64 sub-words.*at most 63 at once"):
        strict.check(said("x" * 64))
    assert values(extractor, said(*(["abc"] * 60)))[1].shape == (60, 24)  # by windows, each with its token


def test_it_is_part_of_the_identity_and_said():
    model, tokenizer = model_with(bos_token="<s>", eos_token="</s>")
    made = {b: LanguageModel(model, tokenizer, {}, "m", begin=b) for b in ("auto", "none", "bos", "text")}
    assert made["auto"].identity() == made["bos"].identity()
    assert len({str(m.identity()) for m in made.values()}) == 3
    assert "after <s> (features.begin), whose state is thrown away" in made["auto"].describe()
    assert "begins with its first word" in made["none"].describe()
    own = LanguageModel(model, tokenizer_with(own="<s>", bos_token="<s>"), {}, "m")
    assert "after <s> (its tokenizer's own)" in own.describe() and "begin" not in own.identity()


def test_surprisal_has_one_wherever_there_is_one(said):
    """Also an end-of-text token, where the tokenizer has no begin token (Qwen): the first word then is predicted."""
    model, tokenizer = model_with(eos_token="</s>")
    first = values(Surprisal(model, tokenizer, {}, "s"), said("a", "b"))[0][0, 0]
    ids = torch.tensor([[tokenizer.eos_token_id, *tokenizer("a").input_ids]])
    with torch.inference_mode():
        expected = -float(model(ids).logits[0, 0].log_softmax(-1)[ids[0, 1]]) / np.log(2)
    assert first == pytest.approx(expected, rel=1e-5)


def test_compare_modes_reads_texts_in_both_ways(tmp_path, monkeypatch):
    """``none`` is the published reading; under ``compare_modes`` each mode has its own models, and what the user set stays."""
    import pandas as pd

    from brainalign import experiment
    from brainalign.analysis.encoding import EncodingAnalysis
    from brainalign.config import other, settle
    from brainalign.config.composed import composed
    from brainalign.study.result import AnalysisResult

    model, tokenizer = model_with(bos_token="<s>", eos_token="</s>")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    read = []
    monkeypatch.setattr(EncodingAnalysis, "run", lambda self, study, models: read.append(models.model.extractor))
    table = pd.DataFrame({"what": ["r"], "region": ["all"], "sound": [1.0], "paper": [1.0]})
    monkeypatch.setattr(experiment, "headline", lambda study, result: table)
    monkeypatch.setattr(experiment, "side_by_side", lambda sound, paper: table)
    said = "data=simulated_small data.subjects=1 data.sentences=5 data.repeated=1 data.repeats=2 data.electrodes=2 model=causal_lm"
    for begin, marks in (("auto", ("<s>", None)), ("text", ("</s>", "</s>"))):
        asked = composed(
            [*said.split(), f"model.path={tmp_path}", f"paths.cache={tmp_path}", f"features.begin={begin}"]
        )
        config = settle(asked)
        study = experiment.open_study(config, experiment.open_dataset(config))
        models = experiment.open_models(config, study)
        result = AnalysisResult()
        experiment.compare_modes(result, config, other(asked), study, models)
        for mark, extractor in zip(marks, (models.model.extractor, read.pop()), strict=True):
            assert (f"after {mark} (features.begin)" if mark else "begins with its first word") in extractor.describe()
        assert f"sound {begin} · paper {begin if marks[1] else 'none'}" == dict(result.summary)["features.begin"]


def test_the_sink_of_a_trained_model_is_gone(trained, test_data, said):
    """SmolLM2 on texts of ten words: the first words' share of the z-scored variance of layer 15, fair share .1."""
    table = pd.read_csv(test_data / "podcast" / "gpt2-xl.tsv", sep="\t", quoting=3, keep_default_na=False)
    words = table.drop_duplicates("word_idx")["word"].tolist()[:200]
    stimuli = [said(*words[i : i + 10], name=f"s{i:03d}") for i in range(0, 200, 10)]
    share = {}
    for begin in ("none", "auto"):
        extractor = LanguageModel.from_folder(trained / "smollm2_135m", "smollm2", layers=[15], begin=begin)
        rows = np.stack([layers[15].values for _, layers in extractor.extract(stimuli)]).astype(np.float64)
        power = ((rows - rows.mean((0, 1))) / rows.std((0, 1))) ** 2
        share[begin] = power[:, 0].sum() / power.sum()
    assert share["none"] > 0.5 and share["auto"] < 0.15, share
