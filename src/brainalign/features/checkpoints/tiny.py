"""Small models of the real architectures with seeded untrained weights: nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainalign.features.checkpoints.checkpoint import seeded

if TYPE_CHECKING:
    from transformers import GPT2Model, PreTrainedTokenizerFast, Wav2Vec2FeatureExtractor, Wav2Vec2Model

LAYERS, WIDTH = 4, 96
_SPREAD = 0.1
"""Standard deviation of the weights, about 1 / sqrt(WIDTH): a layer then changes what passes through it about
as much as it keeps. With the usual 0.02, made for wide models, all layers would be nearly the same."""


def tiny_wav2vec2(seed: int = 0) -> tuple[Wav2Vec2Model, Wav2Vec2FeatureExtractor]:
    """wav2vec 2.0 with the standard convolutions (25 ms, every 20 ms), 4 layers of 96 dimensions.

    Args:
        seed: Of the weights; torch's own random state is left as it was.

    Returns:
        The model in evaluation mode, and its feature extractor.

    Example:
        >>> model, _ = tiny_wav2vec2(seed=1)
        >>> model.config.num_hidden_layers, model.config.conv_stride
        (4, [5, 2, 2, 2, 2, 2, 2])
    """
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    config = Wav2Vec2Config(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4, intermediate_size=2 * WIDTH,
        conv_dim=[32] * 7, conv_stride=[5, 2, 2, 2, 2, 2, 2], conv_kernel=[10, 3, 3, 3, 3, 2, 2],
        num_conv_pos_embeddings=32, num_conv_pos_embedding_groups=4, initializer_range=_SPREAD,
    )  # fmt: skip
    with seeded(seed):
        model = Wav2Vec2Model(config)
    model.eval()  # type: ignore[no-untyped-call]
    return model, Wav2Vec2FeatureExtractor(do_normalize=True)  # type: ignore[no-untyped-call]


def tiny_gpt2(seed: int = 0) -> tuple[GPT2Model, PreTrainedTokenizerFast]:
    """GPT-2 with 4 layers of 96 dimensions over single bytes.

    Args:
        seed: Of the weights; torch's own random state is left as it was.

    Returns:
        The model in evaluation mode, and a tokenizer that needs no files.

    Example:
        >>> _, tokenizer = tiny_gpt2()
        >>> tokenizer.decode(tokenizer("the cat").input_ids), len(tokenizer("the cat").input_ids)
        ('the cat', 7)
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    vocabulary = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    config = GPT2Config(
        n_embd=WIDTH, n_layer=LAYERS, n_head=4, n_positions=1024, vocab_size=len(vocabulary),
        bos_token_id=None, eos_token_id=None, initializer_range=_SPREAD,
    )  # fmt: skip
    with seeded(seed):
        model = GPT2Model(config)
    model.eval()  # type: ignore[no-untyped-call]
    return model, PreTrainedTokenizerFast(tokenizer_object=tokenizer)  # type: ignore[no-untyped-call]
