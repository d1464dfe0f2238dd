"""Families of today, tiny and random, through the real loading code."""

import numpy as np
import pytest
import torch

from brainalign.data.sound.audio import RATE
from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.model import LanguageModel
from brainalign.features.speech.model import SpeechModel
from brainalign.models._checkpoint import Card, check_card

SIZE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 300}
ROTARY = {**SIZE, "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0}
TEXT = {
    "qwen3": ROTARY, "smollm3": ROTARY, "gemma": ROTARY, "gemma2": ROTARY, "gemma3_text": ROTARY,
    "modernbert": SIZE | {f"{t}_token_id": 0 for t in ("pad", "bos", "eos", "cls", "sep")},
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXT)
def test_text_models_of_today_are_literal_calls(kind, tmp_path, said):
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM

    torch.manual_seed(0)
    maker = AutoModelForMaskedLM if kind == "modernbert" else AutoModelForCausalLM
    maker.from_config(AutoConfig.for_model(kind, **TEXT[kind])).save_pretrained(tmp_path)
    tiny_gpt2()[1].save_pretrained(tmp_path)
    extractor = LanguageModel.from_folder(tmp_path, kind)
    assert extractor.causal == (kind != "modernbert") and f"{kind}, 2 layers x 16" in extractor.describe()
    found = dict(extractor.extract([said("so", "it", "ran")]))["s1"]
    model = AutoModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        out = model(torch.tensor([tiny_gpt2()[1]("so it ran").input_ids]), output_hidden_states=True)
    for n, states in ((0, out.hidden_states[0]), (1, out.hidden_states[1]), (2, out.last_hidden_state)):
        assert np.allclose(found[n].values[1], states[0, 3:5].mean(0).numpy(), atol=1e-5), n


def test_wav2vec_bert_is_a_literal_call_on_its_own_frames(tmp_path, heard):
    from transformers import AutoFeatureExtractor, SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig, Wav2Vec2BertModel

    torch.manual_seed(0)
    own = {**SIZE, "feature_projection_input_dim": 160}
    Wav2Vec2BertModel(Wav2Vec2BertConfig(**own)).save_pretrained(tmp_path)
    SeamlessM4TFeatureExtractor(stride=2, padding_value=0.0).save_pretrained(tmp_path)
    extractor = SpeechModel.from_folder(tmp_path, "w", layers=[-1, 0, 1, 2])
    stimuli = [heard(1.0, "a", 1), heard(1.0, "b", 2), heard(0.73, "c", 3)]
    found = dict(extractor.extract(stimuli))
    model = Wav2Vec2BertModel.from_pretrained(tmp_path).eval()
    processor = AutoFeatureExtractor.from_pretrained(tmp_path)
    for stimulus in stimuli:
        made = processor(stimulus.audio.load(), sampling_rate=RATE, return_tensors="pt")
        full = int(made.attention_mask.sum())
        with torch.inference_mode():
            out = model(made.input_features[:, :full], output_hidden_states=True)
        rows = found[stimulus.id]
        for n, states in ((0, out.hidden_states[0]), (1, out.hidden_states[1]), (2, out.last_hidden_state)):
            assert rows[n].values.shape == (full, 16)
            assert np.allclose(rows[n].values, states[0].numpy(), atol=1e-4), n
        assert rows[-1].values.shape == (full, 160)
        assert rows[1].onset[0] == pytest.approx(0.0175) and np.allclose(np.diff(rows[1].onset), 0.02)


def test_a_card_that_is_not_the_checkpoint_s_is_one_sentence():
    from transformers import BertConfig

    config = BertConfig(num_hidden_layers=6, hidden_size=384, num_attention_heads=12)
    check_card("minilm", Card("a/b", None, 384, 6, "MIT", "x", "y"), config)
    with pytest.raises(BrainalignError, match="a/b has 6 layers x 384, but its card in conf/model says 12 x 768"):
        check_card("bert", Card("a/b", None, 768, 12, "MIT", "x", "y"), config)
