"""Small models of the real architectures with seeded untrained weights: nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast, Wav2Vec2FeatureExtractor, Wav2Vec2Model

LAYERS, WIDTH = 4, 96


def tiny_wav2vec2(seed: int = 0) -> tuple[Wav2Vec2Model, Wav2Vec2FeatureExtractor]:
    """wav2vec 2.0 with the standard convolutions (25 ms, every 20 ms), 4 layers of 96 dimensions.

    Args:
        seed: Of the weights; torch's own random state is left as it was.

    Returns:
        The model in evaluation mode, and its feature extractor.
    """
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    config = Wav2Vec2Config(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4, intermediate_size=2 * WIDTH,
        conv_dim=(32,) * 7, num_conv_pos_embeddings=32, num_conv_pos_embedding_groups=4, mask_time_prob=0.0,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Wav2Vec2Model(config)
    return model.eval(), Wav2Vec2FeatureExtractor(do_normalize=True)


def tiny_gpt2(seed: int = 0) -> tuple[GPT2LMHeadModel, PreTrainedTokenizerFast]:
    """GPT-2 with 4 layers of 96 dimensions over single bytes.

    Args:
        seed: Of the weights; torch's own random state is left as it was.

    Returns:
        The model in evaluation mode, and a tokenizer that needs no files.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    vocabulary = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    config = GPT2Config(
        n_embd=WIDTH, n_layer=LAYERS, n_head=4, n_positions=1024, vocab_size=len(vocabulary), bos_token_id=None, eos_token_id=None
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(config)
    return model.eval(), PreTrainedTokenizerFast(tokenizer_object=tokenizer)
