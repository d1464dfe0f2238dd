"""What kind of text model a checkpoint is: causal or bidirectional, and how much it reads at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading

_SHIFTED = (
    "roberta", "xlm-roberta", "xlm-roberta-xl", "roberta-prelayernorm", "camembert", "data2vec-text", "xmod", "mpnet",
    "longformer", "ibert", "luke",
)  # fmt: skip
"""Types that count positions from ``pad_token_id + 1``: of their 514 positions 512 can be used."""


def is_bidirectional(config: Any) -> bool:
    """Whether a configuration is that of a model in which a word sees what comes after it.

    Args:
        config: Of a transformers model.

    Example:
        >>> from transformers import BertConfig, GPT2Config
        >>> is_bidirectional(BertConfig()), is_bidirectional(GPT2Config())
        (True, False)
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as MASKED

    turned = getattr(config, "is_decoder", False) or getattr(config, "is_encoder_decoder", False)
    return config.model_type in MASKED and not turned


def token_limit(config: Any, tokenizer: Any) -> int | None:
    """How many sub-words a model reads at once, special ones included; None where neither it nor its tokenizer says.

    Args:
        config: Of the (text) model.
        tokenizer: Of the model.

    Example:
        >>> from transformers import GPT2Config
        >>> token_limit(GPT2Config(n_positions=64), None)
        64
    """
    limits = []
    positions = getattr(config, "max_position_embeddings", None)
    if positions:
        limits.append(positions - (config.pad_token_id + 1 if config.model_type in _SHIFTED else 0))
    stated = getattr(tokenizer, "model_max_length", None)
    if stated and stated < 10**9:  # transformers writes 10**30 where nothing is known
        limits.append(int(stated))
    return min(limits, default=None)


def text_checkpoint(folder: Path, name: str, loading: Loading = Loading()) -> Checkpoint:
    """A checkpoint of a causal or bidirectional language model, with the class that loads it.

    Args:
        folder: With configuration, tokenizer and weights.
        name: Of the model, for the sentence.
        loading: Which weights, in which precision.

    Raises:
        BrainalignError: The checkpoint is of another kind.
    """
    from transformers.models.auto import modeling_auto as auto

    checkpoint = Checkpoint(folder, "AutoModelForCausalLM", "AutoTokenizer", loading)
    kind = checkpoint.model_type
    heard = {*auto.MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES, *auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES}
    if kind in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES and is_bidirectional(checkpoint.config):
        return Checkpoint(folder, "AutoModelForMaskedLM", "AutoTokenizer", loading)
    if kind in heard or kind not in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise BrainalignError(
            f"model {name}: the checkpoint {folder} is of type {kind!r}, no causal language model of transformers and no "
            "bidirectional one; model=wav2vec2 with model.path= is for speech models."
        )
    return checkpoint
