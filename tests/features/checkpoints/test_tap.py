"""Where in a block a state is taken: literal hooks on transformers' own modules, in every family."""

import numpy as np
import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.forward import batch_states
from brainalign.features.checkpoints.tap import Tap
from brainalign.features.checkpoints.tiny import tiny_gpt2, tiny_wav2vec2
from brainalign.features.language.model import LanguageModel
from brainalign.features.speech.model import SpeechModel

TEXT = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 32, "vocab_size": 300}
GROUPED = {**TEXT, "num_key_value_heads": 1, "head_dim": 12, "pad_token_id": 0}
SPEECH = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 32,
    "num_conv_pos_embedding_groups": 2,
}
FAMILIES = {
    "gpt2": ({"n_embd": 24, "n_layer": 2, "n_head": 3, "vocab_size": 300}, "attn", "mlp"),
    "llama": (TEXT, "self_attn", "mlp"),
    "qwen3": (GROUPED, "self_attn", "mlp"),
    "smollm3": (GROUPED, "self_attn", "mlp"),
    "gemma": (GROUPED, "self_attn", "mlp"),
    "gemma2": (GROUPED, "self_attn", "mlp"),
    "gemma3_text": (GROUPED, "self_attn", "mlp"),
    "gpt_neox": (TEXT, "attention", "mlp"),
    "opt": ({**TEXT, "ffn_dim": 32, "word_embed_proj_dim": 24}, "self_attn", "fc2"),
    "bert": (TEXT, "attention.output.dense", "output.dense"),
    "modernbert": (TEXT | {f"{t}_token_id": 0 for t in ("pad", "bos", "eos", "cls", "sep")}, "attn", "mlp"),
    "wav2vec2": (SPEECH, "attention", "feed_forward"),
    "wav2vec2-bert": (SPEECH | {"feature_projection_input_dim": 160}, "self_attn", "ffn2"),
}  # fmt: skip


def made(kind):
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **FAMILIES[kind][0])
    return AutoModel.from_config(config, attn_implementation="eager").eval()


def inputs_of(kind):
    rng = np.random.default_rng(0)
    if kind == "wav2vec2":
        return {"input_values": torch.tensor(rng.normal(size=(2, 4000)), dtype=torch.float32)}
    if kind == "wav2vec2-bert":
        return {"input_features": torch.tensor(rng.normal(size=(2, 20, 160)), dtype=torch.float32)}
    return {"input_ids": torch.tensor(rng.integers(1, 299, size=(2, 7)))}


@pytest.mark.parametrize("kind", FAMILIES)
def test_taps_and_blocks_are_what_transformers_modules_give(kind):
    """Attention and feed-forward output are those of the family's own modules; blocks those of ``output_hidden_states``."""
    model, inputs = made(kind), inputs_of(kind)
    _, *paths = FAMILIES[kind]
    literal = {}
    blocks = next(
        m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and hasattr(m[0], paths[0].split(".")[0])
    )
    for n, block in enumerate(blocks, start=1):
        for tap, path in zip(("attention", "mlp"), paths, strict=True):

            def keep(_, __, out, key=(tap, n)):
                literal[key] = (out[0] if isinstance(out, tuple) else out).detach().numpy()

            block.get_submodule(path).register_forward_hook(keep)
    with torch.inference_mode():
        states = model(**inputs, output_hidden_states=True)
    literal |= {("block", n): states.hidden_states[n].numpy() for n in (0, 1)}
    literal["block", 2] = states.last_hidden_state.numpy()
    for tap in ("block", "attention", "mlp"):
        layers = [0, 1, 2] if tap == "block" else [1, 2]
        found = batch_states(model, layers, tap=Tap(tap), **inputs)
        for n in layers:
            assert np.allclose(found[n], literal[tap, n], atol=1e-5), (tap, n)


@pytest.mark.parametrize("kind", ["gpt2", "qwen3", "bert", "wav2vec2"])
def test_heads_add_up_to_the_attention_output(kind):
    """All heads through the projection's own weights are the attention's output; one head is its part of them."""
    model, inputs = made(kind), inputs_of(kind)
    out = batch_states(model, [2], tap=Tap("attention"), **inputs)[2]
    every = batch_states(model, [2], tap=Tap("attention", (0, 1, 2)), **inputs)[2]
    swapped = batch_states(model, [2], tap=Tap("attention", (2, 0)), **inputs)[2]
    width = every.shape[-1] // 3
    assert np.array_equal(swapped, np.concatenate([every[..., 2 * width :], every[..., :width]], axis=-1))
    blocks = next(m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == 2)
    projection = Tap("attention").projection(blocks[1], kind)
    with torch.inference_mode():
        assert np.allclose(projection(torch.from_numpy(every)).numpy(), out, atol=1e-5)


def test_extractors_take_them(said, heard):
    text = LanguageModel(*tiny_gpt2(), {}, "tiny", tap=Tap("attention", (1,)))
    assert list(text.layers) == [1, 2, 3, 4] and "attention head 1, mean of" in text.describe()
    rows = dict(text.extract([said("so", " ", "it")]))["s1"]
    assert rows[4].values.shape == (3, 24) and not rows[4].values[1].any()
    plain = LanguageModel(*tiny_gpt2(), {}, "tiny")
    assert text.identity() != plain.identity() and "tap" not in plain.identity()
    sound = SpeechModel(*tiny_wav2vec2(), {}, "tiny", tap=Tap("mlp"), layers=[2])
    assert "output of feed-forward parts" in sound.describe()
    assert dict(sound.extract([heard(0.5)]))["s1"][2].values.shape == (24, 96)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Tap("atention"), r"features.tap='atention' is unknown; .*attention"),
        (lambda: Tap("mlp", (0,)), r"features.heads=\[0\] belongs to features.tap=attention, not to mlp"),
        (lambda: Tap("attention", (0, 0)), "one or more different heads"),
        (lambda: LanguageModel(*tiny_gpt2(), {}, "tiny", tap=Tap("attention", (4,))), "names head 4, but tiny has heads 0 to 3"),
        (lambda: LanguageModel(*tiny_gpt2(), {}, "tiny", tap=Tap("mlp"), layers=[0]), "names layer 0, but tiny has layers 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(make, sentence):
    with pytest.raises(BrainalignError, match=sentence):
        make()


def test_a_block_without_a_known_part_is_one_sentence():
    model = made("llama")
    del model.layers[1].mlp.down_proj
    with pytest.raises(BrainalignError, match="features.tap=mlp: models of type llama keep their mlp part in no place"):
        batch_states(model, [2], tap=Tap("mlp"), **inputs_of("llama"))
