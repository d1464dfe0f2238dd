"""Speech models: a vector every 20 ms from each layer of wav2vec 2.0 and its family, or of Whisper's encoder."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
from brainalign.features.checkpoints.forward import (
    CONVOLUTIONS,
    asked_layers,
    batch_states,
    kind,
    origin,
    ready,
    weights_digest,
)
from brainalign.features.checkpoints.tap import BLOCK, Tap
from brainalign.features.speech.frontend import SPEECH, frontend
from brainalign.features.speech.windows import Window, central, trailing

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

CONTEXTS = ("auto", "stimulus", "window")
LONGEST = 30.0
"""Seconds of audio that ``context=auto`` gives a model at once."""

States = dict[int, NDArray[np.float32]]
"""Layer -> (frames, dims)."""
_Piece = tuple[str, NDArray[np.float32], Window]


class SpeechModel:
    """All layers of a speech model; bidirectional within what it is given.

    =====  ======================================================================================================
    layer  what it is
    =====  ======================================================================================================
    -1     the last convolution's activations, before anything is projected; only where it is asked for
    0      what enters the first block. wav2vec 2.0 family: the projected convolutions with their positional
           convolution, layer-normalised in base models (``do_stable_layer_norm=False``). Whisper: the second
           convolution's activations with the sinusoidal positions
    k      what leaves block k
    n      the encoder's output: after its final layer normalisation where it has one (large wav2vec 2.0, HuBERT and
           WavLM, XLS-R, Whisper)
    =====  ======================================================================================================

    What a frame is given (``context``):

    ============  ===========================================================================================
    ``auto``      its stimulus; beyond 30 s, windows of 30 s
    ``stimulus``  its stimulus, however long
    ``window``    windows of ``seconds``, as good as causal: at least five sixths of a window before the frame, or all
                  there is, and at most a sixth after it
    ============  ===========================================================================================

    The windows of ``auto`` overlap by a third; a frame is taken where it is most central, so that it has at least a sixth
    of a window on either side, or all there is. The checkpoint's own preprocessor normalises, over the whole stimulus, so
    that windows are on one scale; models with group normalisation (wav2vec 2.0 and HuBERT base) normalise the first
    convolution over each window. Windows of one length share a batch; other audio does where that is proven to change
    nothing (:data:`brainalign.features.speech.frontend.MASKED`).

    Args:
        model: In memory, or a checkpoint, which is loaded when it is needed.
        processor: The feature extractor of a model in memory; a checkpoint has its own.
        identity: What the model is, beside its weights.
        name: As it stands in tables.
        layers: Wanted layers, None for 0..n.
        device: Torch device.
        context: See above.
        seconds: Of a window.
        batch_seconds: Audio in one pass, padding included; it changes the speed alone.
        tap: Where in a block a layer is taken.

    Raises:
        BrainalignError: An unknown context, or a model for audio of another rate.

    Example:
        >>> from brainalign.features.checkpoints.tiny import tiny_wav2vec2
        >>> extractor = SpeechModel(*tiny_wav2vec2(), {}, "tiny_wav2vec2", layers=[-1, 4])
        >>> {n: v.shape for n, v in extractor.states(np.zeros(32_000, dtype=np.float32)).items()}
        {-1: (99, 32), 4: (99, 96)}
    """

    unit: Unit = "frames"
    placement: Placement = "hold"
    version = 3

    def __init__(
        self,
        model: PreTrainedModel | Checkpoint,
        processor: Any,
        identity: dict[str, Any],
        name: str,
        layers: Sequence[int] | None = None,
        device: str = "cpu",
        context: str = "auto",
        seconds: float = LONGEST,
        batch_seconds: float = LONGEST,
        tap: Tap = BLOCK,
    ) -> None:
        if context not in CONTEXTS:
            raise BrainalignError(f"features.context={context!r} is unknown; {nearest(context, CONTEXTS)}")
        if getattr(processor, "sampling_rate", RATE) != RATE:
            raise BrainalignError(
                f"model {name} wants audio at {processor.sampling_rate} Hz; a checkpoint for {RATE} Hz is needed."
            )
        self.name, self.device, self.context = name, device, context
        self._model = model
        self._identity = {
            **identity,
            "weights": model.digest if isinstance(model, Checkpoint) else weights_digest(model),
        }
        self._normalised = bool(getattr(processor, "do_normalize", False))
        self.config = model.config
        self.tap = tap
        tap.check(self.config.num_attention_heads, name)
        lowest = 1 if tap.inside else CONVOLUTIONS
        self.layers: Sequence[int] = asked_layers(layers, self.config.num_hidden_layers, name, first=lowest)
        self.frontend = frontend(self.config, processor)
        longest = round((seconds if context == "window" else LONGEST) * RATE)
        self._window = longest if self.frontend.longest is None else min(longest, self.frontend.longest)
        self._batch = round(batch_seconds * RATE)
        self.between_batches = True
        if self._window < 3 * self.frontend.field:
            raise BrainalignError(
                f"features.context_seconds={seconds:g} is too short a window for model {name}; "
                f"at least {3 * self.frontend.field / RATE:g} s are needed."
            )

    @classmethod
    def from_folder(cls, folder: Path, name: str, loading: Loading = Loading(), **options: Any) -> SpeechModel:
        """A checkpoint; its weights are read when they are needed.

        Args:
            folder: With configuration, preprocessor and weights.
            name: As it stands in tables.
            loading: Which weights, in which precision.
            options: Of the class.

        Raises:
            BrainalignError: The checkpoint is of another kind, or lacks its preprocessor.
        """
        checkpoint = Checkpoint(folder, "AutoModel", "AutoFeatureExtractor", loading)
        if checkpoint.model_type not in SPEECH:
            raise BrainalignError(
                f"model {name}: the checkpoint {folder} is of type {checkpoint.model_type!r}, no speech "
                f"model that is known ({', '.join(SPEECH)}); model=causal_lm is for language models."
            )
        return cls(checkpoint, checkpoint.processor(), {"kind": "speech"}, name, **options)

    @property
    def receptive_field(self) -> ReceptiveField:
        """What a frame has seen around its centre, at most: all of its stimulus, or a window before and a sixth after."""
        if self.context != "window":
            return ReceptiveField(float("inf"), float("inf"))
        return ReceptiveField(self._window / RATE, self._window / RATE / 6)

    def identity(self) -> dict[str, Any]:
        """Weights, normalisation and windows."""
        longest = None if self.context == "stimulus" else self._window
        return {
            **self._identity,
            "normalised": self._normalised,
            "context": self.context,
            "longest": longest,
            **self.tap.identity(),
        }

    def describe(self) -> str:
        """The model in a sentence."""
        c, window = self.config, f"{self._window / RATE:g} s"
        given = {
            "auto": f"the stimulus (windows of {window} where it is longer)",
            "stimulus": "the stimulus",
            "window": f"windows of {window}, of which a sixth at most lies ahead",
        }[self.context]
        inside = f", {self.tap}" if self.tap.inside else ""
        weights = origin(self._model, self._identity["weights"])
        silence = "; shorter audio is padded with silence, which attention sees" if self.frontend.longest else ""
        return (
            f"{kind(self._model)}, {c.num_hidden_layers} layers x {c.hidden_size}, {weights}{inside}, a vector every "
            f"{1000 * self.frontend.hop / RATE:g} ms; bidirectional within {given}{silence}"
        )

    def in_float32(self) -> Self | None:
        """The same with its model in float32; None where it is."""
        exact = self._model.in_float32() if isinstance(self._model, Checkpoint) else None
        if exact is None:
            return None
        twin = copy(self)
        twin._model = exact
        return twin

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound, at least one frame of it, and no more than the model can take."""
        if stimulus.audio is None:
            raise BrainalignError(
                f"model {self.name} needs audio, but stimulus {stimulus.id!r} has none; choose a model of words."
            )
        duration, longest = stimulus.audio.duration, self.frontend.longest
        if self.frontend.frames(round(duration * RATE)) < 1:
            raise BrainalignError(
                f"stimulus {stimulus.id!r} lasts {1000 * duration:.1f} ms, too short for one frame of model {self.name}; "
                f"{1000 * self.frontend.field / RATE:g} ms are needed."
            )
        if self.context == "stimulus" and longest is not None and duration * RATE > longest:
            raise BrainalignError(
                f"features.context=stimulus: stimulus {stimulus.id!r} lasts {duration:.1f} s, but model {self.name} takes "
                f"{longest / RATE:g} s at once; features.context=auto gives it windows."
            )

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus after the other, the shortest first, so that a batch has little padding."""
        model = self._body()
        parts: dict[str, list[States]] = {}
        for batch in self._batches(self._pieces(sorted(stimuli, key=lambda s: s.duration))):
            # a stimulus is whole when another one has begun: pieces come in order
            self.between_batches = batch[0][0] not in parts
            if self.between_batches:
                for stimulus in list(parts):
                    yield stimulus, self._rows(parts.pop(stimulus))
            for (stimulus, _, _), states in zip(batch, self._forward(model, batch), strict=True):
                parts.setdefault(stimulus, []).append(states)
            self.between_batches = False
            for stimulus in list(parts)[:-1]:
                yield stimulus, self._rows(parts.pop(stimulus))
        for stimulus, found in parts.items():
            yield stimulus, self._rows(found)

    def states(self, samples: NDArray[np.float32]) -> States:
        """Hidden states of a waveform at 16 kHz.

        Args:
            samples: (n,).

        Returns:
            Layer -> (frames, dims).
        """
        model = self._body()
        batches = self._batches(self._cut("the audio", samples))
        return _joined([states for batch in batches for states in self._forward(model, batch)])

    def _body(self) -> PreTrainedModel:
        return self.frontend.body(ready(self._model, self.device))

    def _pieces(self, stimuli: Sequence[Stimulus]) -> Iterator[_Piece]:
        for stimulus in stimuli:
            assert stimulus.audio is not None
            yield from self._cut(stimulus.id, stimulus.audio.load())

    def _cut(self, name: str, samples: NDArray[np.float32]) -> Iterator[_Piece]:
        """A stimulus, whole or by windows."""
        front, n = self.frontend, len(samples)
        if self.context == "window":
            found = trailing(n, front.frames, self._window, front.hop)
        else:
            longest = n if self.context == "stimulus" else self._window
            found = central(n, front.frames(n), longest, front.hop, front.lead + front.field / 2)
        if len(found) > 1:
            log.info(
                "%s: %s (%.0f s) goes by %d windows of %g s", self.name, name, n / RATE, len(found), self._window / RATE
            )
        normalised = front.normalised(samples)
        for window in found:
            yield name, normalised[window.start : window.stop], window

    def _batches(self, pieces: Iterator[_Piece]) -> Iterator[list[_Piece]]:
        """As many pieces as fit, where they give the same together as alone."""
        batch: list[_Piece] = []
        for piece in pieces:
            lengths = [len(samples) for _, samples, _ in [*batch, piece]]
            if batch and (max(lengths) * len(lengths) > self._batch or not self.frontend.together(lengths)):
                yield batch
                batch = []
            batch.append(piece)
        if batch:
            yield batch

    def _forward(self, model: PreTrainedModel, batch: Sequence[_Piece]) -> list[States]:
        """The frames taken from each piece."""
        inputs = self.frontend.inputs([samples for _, samples, _ in batch])
        states = batch_states(model, self.layers, self.frontend.convolutions(model), self.tap, None, **inputs)
        taken = []
        for row, (_, _, window) in enumerate(batch):
            before = window.start // self.frontend.hop
            keep = slice(window.first - before, window.last - before)
            taken.append({n: values[row, keep] for n, values in states.items()})
        return taken

    def _rows(self, parts: Sequence[States]) -> dict[int, Rows]:
        states, front = _joined(parts), self.frontend
        times = (front.lead + front.field / 2 + front.hop * np.arange(len(states[self.layers[0]]))) / RATE
        return {n: Rows(values, times, times) for n, values in states.items()}


def _joined(parts: Sequence[States]) -> States:
    """The parts of a stimulus, in order."""
    return {n: np.concatenate([part[n] for part in parts]) for n in parts[0]}
