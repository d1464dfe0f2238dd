"""GGUF files through the real loading code: a tiny Llama written by the gguf package, and what is refused."""

import numpy as np
import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.checkpoint import Loading
from brainalign.features.checkpoints.location import checkpoint_folder
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.model import LanguageModel
from brainalign.features.speech.model import SpeechModel

WORDS = ("so", "it", "ran")
SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
}


def write(file, kind="llama"):
    """A tiny model and a tokenizer of bytes, as llama.cpp stores them (its query and key rows are permuted)."""
    gguf = pytest.importorskip("gguf")
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    vocabulary = tiny_gpt2()[1].get_vocab()
    tokens = [*sorted(vocabulary, key=vocabulary.get), "<|endoftext|>", "th"]
    config = LlamaConfig(
        **SIZE, vocab_size=len(tokens), max_position_embeddings=128, bos_token_id=256, eos_token_id=256
    )
    model = LlamaForCausalLM(config).eval()
    writer = gguf.GGUFWriter(file, kind)
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_block_count(2)
    writer.add_feed_forward_length(64)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(16)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 256 + [3, 1])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(256)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, 2)
    for name, tensor in model.state_dict().items():
        values = tensor.numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = values.reshape(2, 2, 8, 32).swapaxes(1, 2).reshape(32, 32)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def test_a_gguf_file_gives_the_states_of_the_model_it_was_made_of(tmp_path, said):
    model = write(tmp_path / "tiny.gguf")
    place = checkpoint_folder(None, str(tmp_path / "tiny.gguf"))
    extractor = LanguageModel.from_folder(place, "tiny", begin="text")
    assert "llama, 2 layers x 32" in extractor.describe() and "after <|endoftext|>" in extractor.describe()
    found = dict(extractor.extract([said(*WORDS)]))["s1"]
    text = extractor._encode(WORDS)
    with torch.inference_mode():
        ids = torch.tensor([[256, *text.ids]])
        states = model.model(input_ids=ids, output_hidden_states=True)
    for n in (0, 1):
        for w, group in enumerate(text.groups):
            literal = states.hidden_states[n][0, [1 + g for g in group]].mean(0).numpy()
            assert np.allclose(found[n].values[w], literal, atol=1e-5)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (tmp_path / "tiny.gguf").rename(moved / "other.gguf")
    again = LanguageModel.from_folder(moved / "other.gguf", "tiny", begin="text")
    assert again.identity() == extractor.identity()  # its content, not its place
    half = LanguageModel.from_folder(
        moved / "other.gguf", "tiny", Loading(precision="bfloat16"), begin="text", layers=[2]
    )
    other = dict(half.extract([said(*WORDS)]))["s1"][2].values
    assert np.abs(other - found[2].values).max() < 0.1 * found[2].values.std()


def test_what_is_no_gguf_or_of_another_kind_is_one_sentence(tmp_path, monkeypatch):
    for content, sentence in ((b"PK\x03\x04zip", "does not begin as a GGUF file does"), (b"", "does not begin")):
        (tmp_path / "a.gguf").write_bytes(content)
        with pytest.raises(BrainalignError, match=sentence):
            checkpoint_folder(None, str(tmp_path / "a.gguf"))
    with pytest.raises(BrainalignError, match=r"b.gguf is no file"):
        checkpoint_folder(None, str(tmp_path / "b.gguf"))
    (tmp_path / "c.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")  # cut off
    with pytest.raises(BrainalignError, match=r"c.gguf is a GGUF file that transformers does not read"):
        LanguageModel.from_folder(tmp_path / "c.gguf", "c")
    write(tmp_path / "d.gguf", "clip")
    with pytest.raises(BrainalignError, match=r"d.gguf is a GGUF file that transformers does not read: .*clip"):
        LanguageModel.from_folder(tmp_path / "d.gguf", "d")
    write(tmp_path / "e.gguf")
    with pytest.raises(BrainalignError, match=r"e.gguf is of type 'llama', no speech model"):
        SpeechModel.from_folder(tmp_path / "e.gguf", "e")
    from brainalign.features.checkpoints import gguf

    monkeypatch.setattr(gguf, "find_spec", lambda name: None)
    with pytest.raises(
        BrainalignError, match=r"gguf and accelerate must be installed: pip install 'brainalign\[gguf\]'"
    ):
        checkpoint_folder(None, str(tmp_path / "e.gguf"))
