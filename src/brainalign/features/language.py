"""Causal language models: a vector a word from each layer, pooled over the word's sub-words."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, Rows, Unit
from brainalign.features.checkpoint import asked_layers, model_type, quiet_transformers, weights_digest
from brainalign.features.words import needs_words, word_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)


def text_of(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Words as a text, and the span of characters of each; clitics ('s, n't) join the word before them.

    Args:
        words: As transcribed.

    Example:
        >>> text_of(["do", "n't", "go"])
        ("don't go", [(0, 2), (2, 5), (6, 8)])
    """
    text, spans = "", []
    for word in words:
        clitic = word.startswith(("'", "’")) or word.lower() in ("n't", "n’t")
        if text and not clitic:
            text += " "
        spans.append((len(text), len(text) + len(word)))
        text += word
    return text, spans


def tokens_of(spans: Sequence[tuple[int, int]], offsets: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The sub-words of each word.

    A sub-word belongs to the word that holds most of its characters; a word left without any takes the one that covers it.

    Args:
        spans: (begin, end) of each word in the text.
        offsets: (begin, end) of each sub-word in the text.

    Returns:
        One list of sub-word numbers a word, in order; empty where no sub-word touches it.
    """
    touching: list[list[int]] = [[] for _ in spans]
    owned: list[list[int]] = [[] for _ in spans]
    first = 0
    for number, (a, b) in enumerate(offsets):
        while first < len(spans) and spans[first][1] <= a:
            first += 1
        best, most = -1, 0
        for w in range(first, len(spans)):
            begin, end = spans[w]
            if begin >= b:
                break
            overlap = min(b, end) - max(a, begin)
            if overlap > 0:
                touching[w].append(number)
            if overlap > most:
                best, most = w, overlap
        if best >= 0:
            owned[best].append(number)
    return [mine or near for mine, near in zip(owned, touching, strict=True)]


class LanguageModel:
    """All layers of a causal language model, each word read with all words of the stimulus before it.

    Layer 0 is the input embedding (with position, where the model adds it), layer n the last after the final normalisation. A
    text beyond the model's limit goes by windows that overlap by half: every sub-word beyond the first window has at least
    half the limit before it.

    Args:
        model: In evaluation mode.
        tokenizer: A fast tokenizer, which knows the characters behind each sub-word.
        identity: What determines the weights.
        name: As it stands in tables.
        pooling: ``mean``, ``last`` or ``first`` of a word's sub-words.
        layers: Wanted layers, None for all.
        device: Torch device.
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    version = 1

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Any,
        identity: dict[str, Any],
        name: str,
        pooling: str = "mean",
        layers: list[int] | None = None,
        device: str = "cpu",
    ) -> None:
        self.name, self.pooling, self._identity, self.tokenizer = name, pooling, identity, tokenizer
        self.model = model.eval().to(device)
        self.layers: Sequence[int] = asked_layers(layers, model.config.num_hidden_layers, name)
        self._prefix = list(tokenizer("").input_ids)
        self.limit = int(getattr(model.config, "max_position_embeddings", 1024)) - len(self._prefix)

    @classmethod
    def from_folder(
        cls, folder: Path, name: str, pooling: str = "mean", layers: list[int] | None = None, device: str = "cpu"
    ) -> LanguageModel:
        """Load a checkpoint.

        Args:
            folder: With configuration, tokenizer and weights.
            name, pooling, layers, device: See the class.

        Raises:
            BrainalignError: The checkpoint is of another kind, or its tokenizer is missing or slow.
        """
        quiet_transformers()
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

        kind = model_type(folder)
        if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
            raise BrainalignError(f"model {name}: the checkpoint {folder} is of type {kind!r}, no causal language model of transformers.")
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise BrainalignError(f"model {name}: the checkpoint {folder} has no usable tokenizer ({reason}).") from error
        if not tokenizer.is_fast:
            raise BrainalignError(f"model {name}: the tokenizer of {folder} is not a fast one (tokenizer.json), which is needed.")
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
        identity = {"kind": "language", "weights": weights_digest(folder)}
        return cls(model, tokenizer, identity, name, pooling, layers, device)

    def identity(self) -> dict[str, Any]:
        """Weights, pooling, and the vocabulary that words are split by."""
        return {**self._identity, "pooling": self.pooling, "vocabulary": len(self.tokenizer), "limit": self.limit}

    def describe(self) -> str:
        """The model in a sentence."""
        c = self.model.config
        return (
            f"{c.model_type}, {c.num_hidden_layers} layers x {c.hidden_size}, {self.pooling} of each word's sub-words; causal, with the whole "
            f"stimulus before a word as its context (overlapping windows beyond {self.limit} sub-words)"
        )

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words."""
        needs_words(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time, all layers of it in one pass."""
        lost = 0
        for stimulus in stimuli:
            words = [str(w) for w in stimulus.words["word"]]
            text, spans = text_of(words)
            encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
            groups = tokens_of(spans, encoded["offset_mapping"])
            lost += sum(not g for g in groups)
            states = self.states(encoded["input_ids"])
            yield stimulus.id, {n: word_rows(stimulus, self._pool(v, groups)) for n, v in states.items()}
        if lost:
            log.warning("%s: %d word(s) have no sub-word and are zero", self.name, lost)

    def _pool(self, states: NDArray[np.float32], groups: list[list[int]]) -> NDArray[np.float32]:
        out = np.zeros((len(groups), states.shape[1]), dtype=np.float32)
        for w, group in enumerate(groups):
            if group:
                out[w] = {"mean": states[group].mean(axis=0), "last": states[group[-1]], "first": states[group[0]]}[self.pooling]
        return out

    def states(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Hidden states of a sequence of sub-words.

        Args:
            ids: Sub-word ids, without special ones.

        Returns:
            Layer -> (sub-words, dims).
        """
        if len(ids) <= self.limit:
            return self._forward(ids)
        step = self.limit // 2
        starts = range(0, len(ids) - step, step)
        log.info("%s: %d sub-words go by %d windows of %d", self.name, len(ids), len(starts), self.limit)
        parts = []
        for start in starts:
            state = self._forward(ids[start : start + self.limit])
            parts.append({n: v[step if start else 0 : 2 * step] for n, v in state.items()})
        return {n: np.vstack([p[n] for p in parts]) for n in self.layers}

    def _forward(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        import torch

        before = len(self._prefix)
        whole = torch.tensor([[*self._prefix, *ids]], device=self.model.device)
        with torch.inference_mode():
            found = self.model(whole, output_hidden_states=True, use_cache=False).hidden_states
        return {n: found[n][0, before:].float().cpu().numpy() for n in self.layers}
