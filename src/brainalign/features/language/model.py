"""Language models: a vector a word from each layer, pooled over the word's sub-words."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
from brainalign.features.checkpoints.forward import asked_layers, batch_states, kind, origin, ready, weights_digest
from brainalign.features.checkpoints.tap import BLOCK, Tap
from brainalign.features.language.begin_token import begin_token, check_unmarked
from brainalign.features.language.context import AUTO, Context, Pass, fitted_passes, word_passes
from brainalign.features.language.encoded import Encoded, encode
from brainalign.features.language.text_models import is_bidirectional, text_checkpoint, token_limit
from brainalign.features.language.together import ROOM, Piece, padded, together
from brainalign.features.words.timed import needs_words, word_rows, written_words_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

T = TypeVar("T")
States = dict[int, NDArray[np.float32]]
"""Layer -> (sub-words or words, dims)."""

log = logging.getLogger(__name__)

POOLING = ("mean", "last", "first")
_CAUSAL = 1e-4
"""Share of its spread that a hidden state may move when a later sub-word changes: rounding, not knowledge."""


class LanguageModel:
    """All layers of a causal or bidirectional language model, each word read in its context.

    The words of a stimulus, joined by spaces, are one text. Layer 0 is the input embedding (with position,
    where the model adds it), layer n the last after the final normalisation. Which words a word is read with is
    the :class:`Context`. Sub-words are those of the whole text: a pass that begins inside it begins with a word as
    it stands there, after a space, and each pass has the special sub-words of a text around it. Before each pass of a causal
    model whose tokenizer puts no mark there itself stands a begin token (:func:`begin_token`).

    In a causal model a word knows nothing that comes after it, with one exception: where a clitic is joined, the
    sub-words of the word before it may be cut otherwise (``do`` + ``n't`` becomes ``don`` + ``'t``).
    ``join_clitics=False`` has no exception. In a bidirectional model a word knows all of its pass: with
    ``context=window`` up to ``stride - 1`` words after it, with ``stride=1`` none.

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
        context: What a word is read with.
        begin: See :func:`begin_token`; bidirectional models have marks of their own, and take ``auto`` or ``none``.
        tap: Where in a block a layer is taken.

    Attributes:
        limit: Sub-words that the model can read at once, special ones included; None = any number.

    Raises:
        BrainalignError: The tokenizer is a slow one, or there is no begin token where one is asked for.

    Example:
        >>> import pandas as pd
        >>> from brainalign.features.checkpoints.tiny import tiny_gpt2
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.4], "offset": [0.4, 0.6]})
        >>> said = Stimulus("s1", 1.0, words)
        >>> extractor = LanguageModel(*tiny_gpt2(), {}, "tiny_gpt2")
        >>> dict(extractor.extract([said]))["s1"][4].values.shape
        (2, 96)
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    version = 2

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
        context: Context = AUTO,
        begin: str = "auto",
        tap: Tap = BLOCK,
    ) -> None:
        if pooling not in POOLING:
            raise BrainalignError(f"features.pooling={pooling!r} is unknown; {nearest(pooling, POOLING)}")
        if not tokenizer.is_fast:
            raise BrainalignError(
                f"model {name} has a slow tokenizer; a fast one (tokenizer.json) is needed to find a word's sub-words."
            )
        self.name, self.pooling, self.join_clitics, self.device = name, pooling, join_clitics, device
        self.context = context
        self._model, self._tokenizer = model, tokenizer
        self._identity = {
            **identity,
            "weights": model.digest if isinstance(model, Checkpoint) else weights_digest(model),
        }
        self.config = model.config.get_text_config()
        self.causal = not is_bidirectional(model.config)
        self.tap = tap
        tap.check(self.config.num_attention_heads, name)
        self.layers: Sequence[int] = asked_layers(layers, self._depth, name, first=int(tap.inside))
        self.limit = token_limit(self.config, tokenizer)
        if not self.causal:
            check_unmarked(begin, name, "bidirectional and has its tokenizer's own marks")
        self._room_together = 0  # texts go one by one until the model is loaded and tried
        self.between_batches = True
        self._begin = begin_token(tokenizer, begin, name, self.config.vocab_size) if self.causal else None

    @classmethod
    def from_folder(cls, folder: Path, name: str, loading: Loading = Loading(), **options: Any) -> Self:
        """A checkpoint; its weights are read when they are needed.

        Args:
            folder: With configuration, tokenizer and weights.
            name: As it stands in tables.
            loading: Which weights, in which precision.
            options: Of the class.

        Raises:
            BrainalignError: The checkpoint is of another kind, or its tokenizer is missing or slow.
        """
        checkpoint = text_checkpoint(folder, name, loading)
        return cls(checkpoint, checkpoint.processor(), {"kind": "language"}, name, **options)

    def identity(self) -> dict[str, Any]:
        """Weights, sub-words, pooling and context."""
        own = {"vocabulary": self._vocabulary, "join_clitics": self.join_clitics, **self._gives()}
        begin = {} if self._begin is None else {"begin": self._begin}
        return {**self._identity, **own, **begin, **self.context.identity()}

    def _gives(self) -> dict[str, Any]:
        return {"pooling": self.pooling, **self.tap.identity()}

    @cached_property
    def _vocabulary(self) -> str:
        return hashlib.sha256(self._tokenizer.backend_tokenizer.to_str().encode()).hexdigest()

    @property
    def receptive_field(self) -> ReceptiveField:
        """The words beside its own that a word's row has seen."""
        if self.context.policy == "isolated":
            return ReceptiveField(0, 0, "words")
        if self.context.policy == "window":
            words, stride = self.context.size
            return ReceptiveField(words + stride - 1, 0 if self.causal else stride - 1, "words")
        return ReceptiveField(float("inf"), 0 if self.causal else float("inf"), "words")

    def describe(self) -> str:
        """The model in a sentence."""
        c = self.config
        reads = "causal" if self.causal else "bidirectional"
        beyond = f", by windows that overlap by half beyond {self.limit} sub-words" if self.limit else ""
        words, stride = self.context.size if self.context.policy == "window" else (0, 0)
        read = {
            "auto": f"a stimulus is one text{beyond}",
            "stimulus": "a stimulus is one text",
            "isolated": "each word is a text of its own",
            "window": f"each word is read with {words} words before it or up to {stride - 1} more",
        }[self.context.policy]
        said = f"{kind(self._model)}, {self._depth} layers x {c.hidden_size}, {self._origin}, {reads}, {self._what()}; {read}"
        return f"{said}, {self._begins()}" if self.causal else said

    @property
    def _origin(self) -> str:
        return origin(self._model, self._identity["weights"])

    def _begins(self) -> str:
        """What stands before a text, in words."""
        prefix = self._encode(["a"]).prefix
        if not prefix:
            return "which begins with its first word"
        by = " (features.begin)" if self._begin is not None else " (its tokenizer's own)"
        return f"after {''.join(self._tokenizer.convert_ids_to_tokens(prefix))}{by}, whose state is thrown away"

    def _what(self) -> str:
        inside = f"{self.tap}, " if self.tap.inside else ""
        return f"{inside}{self.pooling} of each word's sub-words"

    def in_float32(self) -> Self | None:
        """The same with its model in float32; None where it is."""
        exact = self._model.in_float32() if isinstance(self._model, Checkpoint) else None
        if exact is None:
            return None
        twin = copy(self)
        twin._model = exact
        return twin

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words, and as many of them must fit the model as the context asks for."""
        needs_words(stimulus, self.name)
        if self.limit is None or self.context.policy not in ("stimulus", "window"):
            return
        text = self._encode(written_words_of(stimulus))
        longest = max((p.last - p.first for p in self._passes(text)), default=0)
        room = self._room(text)
        assert room is not None
        if longest > room:
            asked = (
                f"features.context_words={self.context.words} needs passes"
                if self.context.words
                else "features.context=stimulus needs a pass"
            )
            raise BrainalignError(
                f"{asked} of {longest} sub-words in stimulus {stimulus.id!r}, but model {self.name} reads at most {room} at once; "
                "features.context=auto, or a smaller window, fits."
            )

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus after the other, the shortest first: short texts go through the model together, with little padding.

        Raises:
            BrainalignError: The model is not causal where it should be, or the tokenizer belongs to another.
        """
        model = self._ready()
        total, lost = sum(len(s.words) for s in stimuli), list[str]()
        for stimulus, values, unread in self._words(model, sorted(stimuli, key=lambda s: len(s.words))):
            lost += unread
            yield stimulus.id, {n: word_rows(stimulus, v) for n, v in values.items()}
        if lost and len(lost) == total:
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

    def _words(
        self, model: PreTrainedModel, stimuli: Sequence[Stimulus]
    ) -> Iterator[tuple[Stimulus, States, list[str]]]:
        """Each stimulus, layer -> (words, dims), and those of its words that have no sub-word."""
        if self.context.policy != "isolated":
            texts = ((s, self._encode(written_words_of(s))) for s in stimuli)
            for stimulus, text, values in self._read(model, texts, self._room_together):
                words = written_words_of(stimulus)
                yield stimulus, values, [word for word, group in zip(words, text.groups, strict=True) if not group]
            return
        alone: dict[str, tuple[Encoded, States]] = {}  # one by one: which are new hangs on what was extracted before
        for stimulus in stimuli:
            words = written_words_of(stimulus)
            new = ((word, self._encode([word])) for word in dict.fromkeys(words) if word not in alone)
            alone |= {word: (text, values) for word, text, values in self._read(model, list(new), room=0)}
            values = {n: np.vstack([alone[word][1][n] for word in words]) for n in self.layers}
            yield stimulus, values, [word for word in words if not alone[word][0].ids]

    def _ready(self) -> PreTrainedModel:
        """The model without the head that predicts words, tried for causality."""
        model = ready(self._model, self.device)
        self._try(model)
        return model

    def _try(self, model: PreTrainedModel) -> None:
        """A model that should be causal must not change what stands before a word; texts go together where rows do not meet."""
        last = self._depth
        one = batch_states(model, [last], input_ids=padded([[0, 1, 2]]))[last][0, :2]

        def moved(*rows: list[int]) -> bool:
            other = batch_states(model, [last], input_ids=padded(rows))[last][0, :2]
            return bool(np.abs(one - other).max() > _CAUSAL * one.std())

        self._room_together = 0 if moved([0, 1, 3 if self.causal else 2], [3, 2, 1]) else ROOM
        if self.causal and not self._room_together and moved([0, 1, 3]):
            raise BrainalignError(
                f"model {self.name} ({self.config.model_type}) is not causal: a word changes what stands "
                "before it; a causal language model is needed."
            )

    def _encode(self, words: Sequence[str]) -> Encoded:
        """The words as one text, in sub-words that the model knows."""
        text = encode(self._tokenizer, words, self.join_clitics)
        if self._begin is not None and not text.prefix:
            text = replace(text, prefix=[self._begin])
        highest = max([*text.prefix, *text.ids, *text.suffix], default=0)
        if highest >= self.config.vocab_size:
            raise BrainalignError(
                f"model {self.name}: its tokenizer gives sub-word number {highest}, but the model knows {self.config.vocab_size}; "
                "tokenizer and weights must belong together."
            )
        return text

    def _room(self, text: Encoded) -> int | None:
        return None if self.limit is None else self.limit - len(text.prefix) - len(text.suffix)

    def _passes(self, text: Encoded) -> list[Pass]:
        if self.context.policy == "window":
            return word_passes(text.starts, *self.context.size)
        room = None if self.context.policy == "stimulus" else self._room(text)
        return fitted_passes(len(text.ids), room, self.causal)

    def _read(
        self, model: PreTrainedModel, texts: Iterable[tuple[T, Encoded]], room: int
    ) -> Iterator[tuple[T, Encoded, States]]:
        """Each text with what it is of, and layer -> (words, dims), by as many passes as its context asks for."""
        begun: dict[int, tuple[T, Encoded, int, list[States]]] = {}

        def pieces() -> Iterator[Piece]:
            for number, (of, text) in enumerate(texts):
                passes, before = self._passes(text), len(text.prefix)
                begun[number] = of, text, len(passes), []
                if len(passes) > 1:
                    longest = max(p.last - p.first for p in passes)
                    what = f"{len(text.ids)} sub-words go by {len(passes)} windows of {longest}"
                    log.info("%s: %s: %s", self.name, of.id if isinstance(of, Stimulus) else of, what)
                for p in passes:
                    ids = [*text.prefix, *text.ids[p.first : p.last], *text.suffix]
                    yield Piece(number, ids, slice(before + p.begin - p.first, before + p.end - p.first))

        def whole() -> Iterator[tuple[T, Encoded, States]]:
            done = [number for number, (_, _, count, parts) in begun.items() if len(parts) == count]
            half = any(parts and number not in done for number, (*_, parts) in begun.items())
            for number in done:
                of, text, _, parts = begun.pop(number)
                self.between_batches = number == done[-1] and not half
                yield of, text, self._joined(parts, text)

        for batch in together(pieces(), room, mixed=self.causal):
            for piece, states in zip(batch, self._forward(model, [p.ids for p in batch]), strict=True):
                begun[piece.text][3].append({n: values[piece.keep] for n, values in states.items()})
            yield from whole()
        yield from whole()

    def _joined(self, parts: Sequence[States], text: Encoded) -> States:
        """Layer -> (words, dims) from the passes of a text."""
        if not parts:
            return {n: np.zeros((len(text.groups), self._width), dtype=np.float32) for n in self.layers}
        return {n: self._pool(np.concatenate([part[n] for part in parts]), text) for n in self.layers}

    @property
    def _depth(self) -> int:
        return int(self.config.num_hidden_layers)

    @property
    def _width(self) -> int:
        c, heads = self.config, self.tap.heads
        each = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
        return int(c.hidden_size if heads is None else each * len(heads))

    def _forward(self, model: PreTrainedModel, texts: Sequence[list[int]]) -> list[States]:
        """Layer -> (sub-words, dims) of each text, by one pass."""
        found = batch_states(model, self.layers, tap=self.tap, input_ids=padded(texts))
        return [{n: values[row, : len(ids)] for n, values in found.items()} for row, ids in enumerate(texts)]

    def _pool(self, states: NDArray[np.float32], text: Encoded) -> NDArray[np.float32]:
        """(words, dims); zero where a word has no sub-word."""
        out = np.zeros((len(text.groups), states.shape[1]), dtype=np.float32)
        some = {"mean": slice(None), "last": slice(-1, None), "first": slice(1)}[self.pooling]
        groups = [group[some] for group in text.groups]
        for place in range(max(map(len, groups), default=0)):  # a sub-word of each word at once
            words = [word for word, group in enumerate(groups) if len(group) > place]
            out[words] += states[[groups[word][place] for word in words]]
        counts = np.array([[max(1, len(group))] for group in groups], dtype=np.float32)
        return out / counts if len(out) else out
