"""A language model's input embedding of each word: the lexical part of what its layers hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from brainalign.features.base import ReceptiveField
from brainalign.features.checkpoints.checkpoint import Checkpoint
from brainalign.features.checkpoints.divided import input_device
from brainalign.features.language.model import LanguageModel, States
from brainalign.features.language.together import padded
from brainalign.features.words.timed import ALONE

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class InputEmbedding(LanguageModel):
    """Rows of the embedding matrix, pooled over each word's sub-words: no position, no context, no normalisation.

    The lexical features of :class:`brainalign.spaces.ResidualContext`. (Layer 0 of a LanguageModel is this with what the
    model adds to it, in GPT-2 and BERT the position.)

    Args:
        model: In memory, or a checkpoint.
        tokenizer: Of a model in memory.
        identity: What the model is, beside its weights.
        name: As it stands in tables.
        pooling: ``mean``, ``last`` or ``first`` of a word's sub-words.
        device: Torch device.
        join_clitics: See :func:`text_of`.
    """

    version = 1

    def __init__(
        self,
        model: PreTrainedModel | Checkpoint,
        tokenizer: Any,
        identity: dict[str, Any],
        name: str,
        pooling: str = "mean",
        device: str = "cpu",
        join_clitics: bool = True,
    ) -> None:
        super().__init__(model, tokenizer, identity, name, pooling, (0,), device, join_clitics, begin="none")
        self.limit = None  # a table is looked up; any text fits

    @property
    def receptive_field(self) -> ReceptiveField:
        """The word alone."""
        return ALONE

    def describe(self) -> str:
        """The model in a sentence."""
        return (
            f"{self.config.model_type}'s input embedding, {self._origin}, {self._what()}; without position or context"
        )

    def _gives(self) -> dict[str, Any]:
        return {"gives": "embedding", "pooling": self.pooling}

    def _forward(self, model: PreTrainedModel, texts: Sequence[list[int]]) -> list[States]:
        import torch

        with torch.inference_mode():
            found = model.get_input_embeddings()(padded(texts).to(input_device(model))).float().cpu().numpy()
        return [{0: values[: len(ids)]} for values, ids in zip(found, texts, strict=True)]
