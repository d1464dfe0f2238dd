"""Causal language models: a vector a word from each layer, pooled over the word's sub-words."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Placement, Rows, Unit
from brainalign.features.checkpoint import Checkpoint
from brainalign.features.forward import asked_layers, hidden_states, ready, weights_digest
from brainalign.features.subwords import Span, text_of, tokens_of
from brainalign.features.words import needs_words, word_rows, words_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

POOLING = ("mean", "last", "first")
_CAUSAL = 1e-4
"""Share of its spread that a hidden state may move when a later sub-word changes: rounding, not knowledge."""


class LanguageModel:
    """All layers of a causal language model, each word read with all words of the stimulus before it.

    The words of a stimulus, joined by spaces, are one text. Layer 0 is the input embedding (with position,
    where the model adds it), layer n the last after the final normalisation. A text beyond the model's limit
    goes by windows that overlap by half, and each sub-word is taken from the window in which most of the text
    stands before it: at least half the limit.

    A word knows nothing that comes after it, with one exception: where a clitic is joined, the sub-words of
    the word before it may be cut otherwise (``do`` + ``n't`` becomes ``don`` + ``'t``).
    ``join_clitics=False`` has no exception.

    Args:
        model: In memory, or a checkpoint, which is loaded when it is needed.
        tokenizer: Of a model in memory; a fast one, which knows the characters behind each sub-word. A
            checkpoint has its own.
        identity: What the model is, beside its weights.
        name: As it stands in tables.
        pooling: ``mean``, ``last`` or ``first`` of a word's sub-words.
        layers: Wanted layers, None for all.
        device: Torch device.
        join_clitics: See :func:`text_of`.

    Raises:
        BrainalignError: The tokenizer is a slow one.

    Example:
        >>> import pandas as pd
        >>> from brainalign.features.untrained import tiny_gpt2
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.4], "offset": [0.4, 0.6]})
        >>> said = Stimulus("s1", 1.0, words)
        >>> extractor = LanguageModel(*tiny_gpt2(), {}, "tiny_gpt2")
        >>> dict(extractor.extract([said]))["s1"][4].values.shape
        (2, 96)
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    version = 1

    def __init__(
        self,
        model: PreTrainedModel | Checkpoint,
        tokenizer: Any,
        identity: dict[str, Any],
        name: str,
        pooling: str = "mean",
        layers: Sequence[int] | None = None,
        device: str = "cpu",
        join_clitics: bool = True,
    ) -> None:
        if pooling not in POOLING:
            raise BrainalignError(f"features.pooling={pooling!r} is unknown; {nearest(pooling, POOLING)}")
        if not tokenizer.is_fast:
            raise BrainalignError(
                f"model {name} has a slow tokenizer; a fast one (tokenizer.json) is needed to find a word's sub-words."
            )
        self.name, self.pooling, self.join_clitics, self.device = name, pooling, join_clitics, device
        self._model, self._tokenizer = model, tokenizer
        self._identity = {
            **identity,
            "weights": model.digest if isinstance(model, Checkpoint) else weights_digest(model),
        }
        self.config = model.config.get_text_config()
        self.layers: Sequence[int] = asked_layers(layers, self.config.num_hidden_layers, name)
        self.limit: int | None = getattr(self.config, "max_position_embeddings", None)

    @classmethod
    def from_folder(
        cls,
        folder: Path,
        name: str,
        pooling: str = "mean",
        layers: Sequence[int] | None = None,
        device: str = "cpu",
        join_clitics: bool = True,
    ) -> LanguageModel:
        """A checkpoint; its weights are read when they are needed.

        Args:
            folder: With configuration, tokenizer and weights.
            name: As it stands in tables.
            pooling: Of a word's sub-words.
            layers: Wanted layers, None for all.
            device: Torch device.
            join_clitics: See :func:`text_of`.

        Raises:
            BrainalignError: The checkpoint is of another kind, or its tokenizer is missing or slow.
        """
        from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

        checkpoint = Checkpoint(folder, "AutoModelForCausalLM", "AutoTokenizer")
        if checkpoint.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
            raise BrainalignError(
                f"model {name}: the checkpoint {folder} is of type {checkpoint.model_type!r}, no causal "
                "language model of transformers; "
                "model=wav2vec2 with model.path= is for speech models."
            )
        return cls(
            checkpoint,
            checkpoint.processor(),
            {"kind": "language"},
            name,
            pooling,
            layers,
            device,
            join_clitics,
        )

    def identity(self) -> dict[str, Any]:
        """Weights, sub-words, pooling and context."""
        vocabulary = hashlib.sha256(self._tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
        own = {
            "vocabulary": vocabulary,
            "pooling": self.pooling,
            "join_clitics": self.join_clitics,
            "context": "auto",
        }
        return {**self._identity, **own}

    def describe(self) -> str:
        """The model in a sentence."""
        c = self.config
        windows = f" (windows that overlap by half beyond {self.limit} sub-words)" if self.limit else ""
        return (
            f"{c.model_type}, {c.num_hidden_layers} layers x {c.hidden_size}, {self.pooling} of each word's "
            "sub-words; causal, with all words "
            f"of the stimulus before a word as its context{windows}"
        )

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words."""
        needs_words(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time, all layers of it in one pass.

        Raises:
            BrainalignError: The model is not causal, or the tokenizer belongs to another.
        """
        model = self._ready()
        lost: list[str] = []
        total = 0
        for stimulus in stimuli:
            words = words_of(stimulus)
            text, spans = text_of(words, self.join_clitics)
            prefix, ids, offsets = self._encode(text)
            groups = tokens_of(spans, offsets)
            states = self._states(model, prefix, ids, stimulus.id)
            total += len(words)
            lost += [word for word, group in zip(words, groups, strict=True) if not group]
            yield (
                stimulus.id,
                {n: word_rows(stimulus, self._pool(values, groups)) for n, values in states.items()},
            )
        if len(lost) == total:
            raise BrainalignError(
                f"model {self.name}: its tokenizer finds no sub-word in any of the {total} words (the first is {lost[0]!r}); tokenizer "
                "and stimuli must be of one language."
            )
        if lost:
            named = ", ".join(map(repr, dict.fromkeys(lost[:10])))
            log.warning(
                "%s: %d of %d words have no sub-word and are zero, among them %s",
                self.name,
                len(lost),
                total,
                named,
            )

    def _ready(self) -> PreTrainedModel:
        """The model without the head that predicts words, tried for causality."""
        model = ready(self._model, self.device)
        last = self.config.num_hidden_layers
        one, other = (self._forward(model, [last], ids)[last][:2] for ids in ([0, 1, 2], [0, 1, 3]))
        if np.abs(one - other).max() > _CAUSAL * one.std():
            raise BrainalignError(
                f"model {self.name} ({self.config.model_type}) is not causal: a word changes what stands "
                "before it; a causal language model is needed."
            )
        return model

    def _encode(self, text: str) -> tuple[list[int], list[int], list[Span]]:
        """Special sub-words before the text, the text's own, and the span of characters of each of those."""
        encoded = self._tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False)
        ids, offsets = list(encoded["input_ids"]), list(encoded["offset_mapping"])
        if max(ids, default=0) >= self.config.vocab_size:
            raise BrainalignError(
                f"model {self.name}: its tokenizer gives sub-word number {max(ids)}, but the model knows {self.config.vocab_size}; "
                "tokenizer and weights must belong together."
            )
        special = encoded["special_tokens_mask"]
        first = next((i for i, mark in enumerate(special) if not mark), len(special))
        last = next((i for i in range(len(special), first, -1) if not special[i - 1]), first)
        return ids[:first], ids[first:last], offsets[first:last]

    def _states(
        self, model: PreTrainedModel, prefix: Sequence[int], ids: Sequence[int], what: str
    ) -> dict[int, NDArray[np.float32]]:
        """Layer -> (sub-words, dims), by as many windows as the model's limit asks for."""
        if not ids:
            return {n: np.zeros((0, self.config.hidden_size), dtype=np.float32) for n in self.layers}
        room = len(ids) if self.limit is None else self.limit - len(prefix)
        final = max(0, len(ids) - room)
        starts = [*range(0, final, room // 2), final]
        if final:
            log.info("%s: %s (%d sub-words) goes by %d windows of %d", self.name, what, len(ids), len(starts), room)
        parts: list[dict[int, NDArray[np.float32]]] = []
        done = 0
        for start in starts:
            states = self._forward(model, self.layers, [*prefix, *ids[start : start + room]])
            parts.append({n: values[len(prefix) + done - start :] for n, values in states.items()})
            done = min(start + room, len(ids))
        return {n: np.vstack([part[n] for part in parts]) for n in self.layers}

    def _forward(
        self, model: PreTrainedModel, layers: Sequence[int], ids: Sequence[int]
    ) -> dict[int, NDArray[np.float32]]:
        import torch

        return hidden_states(model, layers, input_ids=torch.tensor([ids]))

    def _pool(self, states: NDArray[np.float32], groups: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """(words, dims); zero where a word has no sub-word."""
        out = np.zeros((len(groups), states.shape[1]), dtype=np.float32)
        for word, group in enumerate(groups):
            if group:
                of_word = {"mean": group, "last": group[-1:], "first": group[:1]}[self.pooling]
                out[word] = states[of_word].mean(axis=0)
        return out
