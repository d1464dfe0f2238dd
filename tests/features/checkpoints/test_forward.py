"""The forward pass: as deep as asked, only what is asked, equal to transformers' own hidden states."""

import numpy as np
import pytest
import torch

from brainalign.features.checkpoints.forward import _blocks, batch_states
from brainalign.features.checkpoints.tiny import tiny_gpt2

IDS = torch.tensor([[5, 9, 2, 40], [7, 7, 1, 3]])


def text_model(kind):
    from transformers import AutoConfig, AutoModel

    own = {"d_model": 16, "word_embed_proj_dim": 16, "ffn_dim": 16} if kind == "opt" else {}
    config = AutoConfig.for_model(
        kind, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=16, vocab_size=50,
        num_key_value_heads=2, pad_token_id=0, **own,
    )  # fmt: skip
    torch.manual_seed(0)
    return AutoModel.from_config(config).eval()


@pytest.mark.parametrize("kind", ["gpt2", "llama", "gpt_neox", "opt", "bert", "roberta"])
def test_each_layer_is_that_of_a_literal_call(kind):
    model = text_model(kind)
    assert _blocks(model, 3) is not None
    with torch.inference_mode():
        literal = model(input_ids=IDS, output_hidden_states=True).hidden_states
    for layers in ([0, 1, 2, 3], [2], [0], [3, 1]):
        found = batch_states(model, layers, input_ids=IDS)
        assert list(found) == layers
        for n, values in found.items():
            assert values.dtype == np.float32 and np.array_equal(values, literal[n].numpy())


def test_nothing_beyond_the_deepest_layer_is_run():
    model, _ = tiny_gpt2()
    run = []
    for n, block in enumerate(model.h):
        block.register_forward_hook(lambda *_, n=n: run.append(n))
    batch_states(model, [0, 2], input_ids=IDS)
    assert run in ([0], [0, 1])  # block 1 makes layer 2; its own later hooks no longer run
    run.clear()
    batch_states(model, [0], input_ids=IDS)
    assert run == []
    batch_states(model, [4], input_ids=IDS)
    assert run == [0, 1, 2, 3]


def test_no_hook_is_left_behind():
    model, _ = tiny_gpt2()
    batch_states(model, [0, 2], input_ids=IDS)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_blocks_in_an_unknown_place_are_read_by_transformers_itself():
    from transformers import DistilBertConfig, DistilBertModel

    model = DistilBertModel(DistilBertConfig(vocab_size=50, dim=16, n_layers=2, n_heads=2, hidden_dim=16)).eval()
    assert _blocks(model, 2) is None
    with torch.inference_mode():
        literal = model(input_ids=IDS, output_hidden_states=True).hidden_states
    found = batch_states(model, [0, 2], input_ids=IDS)
    assert all(np.array_equal(found[n], literal[n].numpy()) for n in (0, 2))


def test_what_is_kept_is_no_view_of_the_model_s_memory():
    model, _ = tiny_gpt2()
    held = {}
    model.h[1].register_forward_hook(lambda _, __, out: held.update(out=out[0] if isinstance(out, tuple) else out))
    found = batch_states(model, [2, 4], input_ids=IDS)[2]
    assert not np.shares_memory(found, held["out"].numpy())
