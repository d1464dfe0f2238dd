"""Whisper's decoder: a language model of the transcript, given the sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import ReceptiveField, Rows
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
from brainalign.features.checkpoints.forward import batch_states, kind, ready
from brainalign.features.language.begin_token import check_unmarked
from brainalign.features.language.encoded import Encoded, encode
from brainalign.features.language.model import LanguageModel
from brainalign.features.speech.frontend import MEL, MelFrontend
from brainalign.features.words.timed import word_rows, written_words_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class WhisperDecoder(LanguageModel):
    """All layers of Whisper's decoder, a vector a word, while it is told the transcript (teacher forcing).

    The encoder hears the whole stimulus; the decoder reads its prompt (``<|startoftranscript|>`` and what its tokenizer puts there)
    and the words, each after those before it. So a word knows the words before it and, by cross-attention, all of the sound, what
    comes after it included. Layer 0 is the input embedding with its position, layer n comes after the final normalisation.
    A stimulus is read at once: at most 30 s of sound, and as many sub-words as the decoder has positions.

    Args:
        model: A Whisper model in memory, or a checkpoint.
        tokenizer: Whisper's.
        identity: What the model is, beside its weights.
        name: As it stands in tables.
        processor: Whisper's feature extractor.
        begin: ``auto`` or ``none``, which are the same to it.
        options: Of :class:`LanguageModel`: pooling, layers, device, join_clitics, tap.
    """

    version = 1

    def __init__(
        self,
        model: PreTrainedModel | Checkpoint,
        tokenizer: Any,
        identity: dict[str, Any],
        name: str,
        processor: Any,
        begin: str = "auto",
        **options: Any,
    ) -> None:
        check_unmarked(begin, name, "a decoder and has a prompt of its own")
        super().__init__(model, tokenizer, identity, name, begin="none", **options)
        if self.context.policy not in ("auto", "stimulus"):
            raise BrainalignError(
                f"features.context={self.context.policy}: model {name}, a decoder, reads its stimulus at once; auto or stimulus is needed."
            )
        self.limit = int(self.config.max_target_positions)
        self._frontend = MelFrontend(self.config, processor)

    @classmethod
    def from_folder(cls, folder: Path, name: str, loading: Loading = Loading(), **options: Any) -> Self:
        """A checkpoint; its weights are read when they are needed.

        Args:
            folder: With configuration, tokenizer, preprocessor and weights.
            name: As it stands in tables.
            loading: Which weights, in which precision.
            options: Of the class.

        Raises:
            BrainalignError: The checkpoint is no Whisper, or lacks tokenizer or preprocessor.
        """
        checkpoint = Checkpoint(folder, "AutoModel", "AutoTokenizer", loading)
        if checkpoint.model_type not in MEL:
            raise BrainalignError(
                f"model {name}: the checkpoint {folder} is of type {checkpoint.model_type!r}, but a decoder that hears is Whisper's alone; "
                "give the folder of a Whisper checkpoint."
            )
        processor = replace(checkpoint, processor_class="AutoFeatureExtractor").processor()
        return cls(
            checkpoint, checkpoint.processor(), {"kind": "whisper_decoder"}, name, processor=processor, **options
        )

    @property
    def receptive_field(self) -> ReceptiveField:
        """All of the stimulus: the sound tells what comes."""
        return ReceptiveField(float("inf"), float("inf"), "words")

    def describe(self) -> str:
        """The model in a sentence."""
        return (
            f"decoder of {kind(self._model)}, {self._depth} layers x {self.config.hidden_size}, {self._origin}, "
            f"{self._what()}; a stimulus is one text, "
            f"each word read after those before it and with all of the sound, {self._begins()}"
        )

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound and words, no more of either than the model takes at once."""
        if stimulus.audio is None:
            raise BrainalignError(
                f"model {self.name} needs audio beside the words, but stimulus {stimulus.id!r} has none; choose a model of words."
            )
        if stimulus.words.empty:
            raise BrainalignError(
                f"model {self.name} needs timed words beside the audio, but stimulus {stimulus.id!r} has none; choose a model of audio."
            )
        duration, longest = stimulus.audio.duration, self._frontend.longest
        assert longest is not None
        seconds = longest / RATE
        if duration > seconds:
            raise BrainalignError(
                f"stimulus {stimulus.id!r} lasts {duration:.1f} s, but the decoder of model {self.name} hears at most {seconds:g} s at "
                "once; cut the stimuli into shorter ones, at sentences."
            )
        text = self._encode(written_words_of(stimulus))
        if self.limit is not None and len(text.prefix) + len(text.ids) > self.limit:
            raise BrainalignError(
                f"stimulus {stimulus.id!r} has {len(text.ids)} sub-words, but the decoder of model {self.name} reads at most "
                f"{self.limit - len(text.prefix)}; cut the stimuli into shorter ones, at sentences."
            )

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time, the encoder's pass and then the decoder's."""
        model = ready(self._model, self.device)
        encoder, decoder = self._frontend.body(model), model.get_submodule("decoder")
        last = int(self.config.encoder_layers)
        for stimulus in stimuli:
            assert stimulus.audio is not None
            inputs: dict[str, Any] = dict(self._frontend.inputs([stimulus.audio.load()]))
            heard = batch_states(encoder, [last], **inputs)[last]
            text = self._encode(written_words_of(stimulus))
            states = self._decoded(decoder, heard, [*text.prefix, *text.ids])
            own = {n: values[len(text.prefix) :] for n, values in states.items()}
            yield stimulus.id, {n: word_rows(stimulus, self._pool(values, text)) for n, values in own.items()}

    def _decoded(self, decoder: Any, heard: NDArray[np.float32], ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        import torch

        found = batch_states(
            decoder, self.layers, tap=self.tap, depth=self._depth,
            input_ids=torch.tensor([list(ids)]), encoder_hidden_states=torch.from_numpy(heard),
        )  # fmt: skip
        return {n: values[0] for n, values in found.items()}

    @property
    def _depth(self) -> int:
        return int(self.config.decoder_layers)

    def _encode(self, words: Sequence[str]) -> Encoded:
        """The transcript as Whisper writes it, a space before its first word, after the prompt."""
        text = encode(self._tokenizer, words, self.join_clitics, lead=" ")
        start = int(self.config.decoder_start_token_id)
        return text if start in text.prefix else replace(text, prefix=[start])
