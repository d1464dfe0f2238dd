"""Surprisal and entropy of each word under a causal language model, in bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Placement
from brainalign.features.checkpoints.checkpoint import Checkpoint
from brainalign.features.checkpoints.divided import input_device
from brainalign.features.language.context import AUTO, Context
from brainalign.features.language.encoded import Encoded
from brainalign.features.language.model import LanguageModel, States
from brainalign.features.language.together import padded

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

OUTPUTS = ("surprisal", "entropy")


class Surprisal(LanguageModel):
    """How unexpected each word was, and how open the model's expectation of it, from one pass.

        surprisal(w) = -sum_k log2 p(t_k | all before t_k),    t_k the sub-words of w
        entropy(w)   = -sum_v p(v) log2 p(v),                  p the prediction of w's first sub-word

    Every sub-word of the text counts in one word and once: a space alone in the word after it, a sub-word that two
    words share in the one that holds most of it. So the words' surprisals add up to the text's. Nothing would predict
    the first word of a text without a begin token before it (GPT-2: ``<|endoftext|>``); so there is one wherever the tokenizer
    has it, and where it has none, the first sub-word counts zero. As the space is part of the word after it, the end
    of a word is not in its own surprisal (Oh & Schuler 2024 discuss what this does).

    The row stands at the word's onset as an impulse, as a scalar of a word does in the literature.

    Args:
        model: With its head that predicts words, in memory, or a checkpoint.
        tokenizer: Of a model in memory.
        identity: What the model is, beside its weights.
        name: As it stands in tables.
        outputs: One or both of ``surprisal`` and ``entropy``: the columns.
        device: Torch device.
        join_clitics: See :func:`text_of`.
        context: What a word is read with.
        begin: ``auto``, ``bos`` or ``text``, see :func:`brainalign.features.begin.begin_token`.

    Raises:
        BrainalignError: The model is bidirectional, or an output is unknown.
    """

    placement: Placement = "impulse"
    version = 1

    def __init__(
        self,
        model: PreTrainedModel | Checkpoint,
        tokenizer: Any,
        identity: dict[str, Any],
        name: str,
        outputs: Sequence[str] = ("surprisal",),
        device: str = "cpu",
        join_clitics: bool = True,
        context: Context = AUTO,
        begin: str = "auto",
    ) -> None:
        for output in outputs:
            if output not in OUTPUTS:
                raise BrainalignError(f"model.outputs names {output!r}, which is unknown; {nearest(output, OUTPUTS)}")
        super().__init__(model, tokenizer, identity, name, layers=(0,), device=device, context=context, begin=begin)
        self.join_clitics, self.outputs = join_clitics, tuple(outputs)
        if not self.causal:
            raise BrainalignError(
                f"model {name} is bidirectional ({self.config.model_type}) and predicts no word from those before it; "
                "surprisal needs a causal language model, such as model.checkpoint=openai-community/gpt2."
            )

    def _gives(self) -> dict[str, Any]:
        return {"gives": self.outputs, "unit": "bits"}

    def _what(self) -> str:
        return f"{' and '.join(self.outputs)} of each word in bits"

    @property
    def _width(self) -> int:
        return len(self.outputs)

    def _ready(self) -> PreTrainedModel:
        """The model with its head."""
        given: Any = self._model
        model: Any = given.model(self.device) if isinstance(given, Checkpoint) else given.eval().to(self.device)
        if model.get_output_embeddings() is None:
            raise BrainalignError(f"model {self.name} has no head that predicts words, which surprisal needs.")
        self._try(cast("PreTrainedModel", model.base_model))
        return cast("PreTrainedModel", model)

    def _forward(self, model: PreTrainedModel, texts: Sequence[list[int]]) -> list[States]:
        """(sub-words, 2) surprisal of each sub-word and entropy of its prediction; zero for the first, which has none."""
        import torch

        inputs = padded(texts).to(input_device(model))
        with torch.inference_mode():
            logits = model(input_ids=inputs, use_cache=False).logits
            return [{0: _bits(logits[row, : len(ids) - 1], inputs[row, 1 : len(ids)])} for row, ids in enumerate(texts)]

    def _pool(self, states: NDArray[np.float32], text: Encoded) -> NDArray[np.float32]:
        """(words, outputs)."""
        starts = np.asarray(text.starts)
        running = np.r_[0.0, np.cumsum(states[:, 0], dtype=np.float64)]
        summed = running[starts[1:]] - running[starts[:-1]]
        first = np.where(starts[1:] > starts[:-1], states[np.minimum(starts[:-1], len(states) - 1), 1], 0)
        found = {"surprisal": summed, "entropy": first}
        return np.stack([found[output] for output in self.outputs], axis=1).astype(np.float32)


def _bits(logits: Tensor, following: Tensor) -> NDArray[np.float32]:
    """(n + 1, 2) surprisal and entropy of n predictions (n, vocabulary) of n sub-words, and zero before them."""
    out = np.zeros((len(following) + 1, 2), dtype=np.float32)
    log_p = logits.float().log_softmax(dim=-1)
    out[1:, 0] = -log_p.gather(1, following[:, None].to(log_p.device))[:, 0].cpu().numpy()
    out[1:, 1] = -(log_p.exp() * log_p).nansum(dim=-1).cpu().numpy()  # 0 log 0 = 0
    return out / np.float32(np.log(2))
