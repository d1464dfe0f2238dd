"""Untrained models: the real architectures, seeded, without touching torch's random state."""

import itertools

import numpy as np
import pytest
import torch

from brainalign.features.checkpoints.forward import weights_digest
from brainalign.features.checkpoints.tiny import tiny_gpt2, tiny_wav2vec2


@pytest.mark.parametrize("make", [tiny_wav2vec2, tiny_gpt2])
def test_seeded_and_torch_left_alone(make):
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    one, again, other = (weights_digest(make(seed)[0]) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert one == again != other


@pytest.mark.parametrize("make", [tiny_wav2vec2, tiny_gpt2])
def test_size(make):
    model, _ = make()
    assert model.config.num_hidden_layers >= 4 and model.config.hidden_size >= 96
    assert not model.training


def test_wav2vec2_has_the_standard_convolutions():
    model, processor = tiny_wav2vec2()
    assert list(model.config.conv_kernel) == [10, 3, 3, 3, 3, 2, 2]
    assert list(model.config.conv_stride) == [5, 2, 2, 2, 2, 2, 2]
    assert processor.do_normalize and processor.sampling_rate == 16_000


def test_bytes_are_the_sub_words():
    _, tokenizer = tiny_gpt2()
    for text in ("the cat's", "naïve café", "日本 🙂", " two  spaces"):
        assert len(tokenizer(text).input_ids) == len(text.encode())
        assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert tokenizer.is_fast


def test_every_layer_adds_something():
    with torch.inference_mode():
        for (model, _), inputs in (
            (tiny_wav2vec2(), {"input_values": torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))}),
            (tiny_gpt2(), {"input_ids": torch.arange(100)[None]}),
        ):
            states = [h[0].numpy().ravel() for h in model(**inputs, output_hidden_states=True).hidden_states]
            assert len(states) == 5
            for a, b in itertools.pairwise(states):
                assert 0.05 < np.corrcoef(a, b)[0, 1] < 0.95
