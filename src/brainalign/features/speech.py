"""Speech models of the wav2vec 2.0 family: a vector every 20 ms from each layer, one utterance at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.audio import RATE
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.acoustic import needs_audio
from brainalign.features.base import Placement, Rows, Sees, Unit
from brainalign.features.checkpoint import Checkpoint
from brainalign.features.forward import asked_layers, hidden_states, ready, weights_digest

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

FAMILY = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "wav2vec2-conformer", "unispeech", "unispeech-sat")
"""``model_type`` of the checkpoints whose convolutions and transformer this extractor reads."""

LONGEST = 30 * RATE
OVERLAP = 10 * RATE
"""Longer audio goes by windows of LONGEST samples that overlap by OVERLAP; a frame is taken where it is most
central."""


class SpeechModel:
    """All layers of a model of the wav2vec 2.0 family; bidirectional within what it is given.

    Layer 0 is the projected output of the convolutions with its positional convolution, as it enters the
    transformer; layer n is the last transformer layer. No batching: padding would change the outputs of
    models with group normalisation. The checkpoint's own preprocessor normalises, over the whole stimulus, so
    that windows of long audio are on one scale.

    Args:
        model: In memory, or a checkpoint, which is loaded when it is needed.
        processor: The feature extractor of a model in memory; a checkpoint has its own.
        identity: What the model is, beside its weights.
        name: As it stands in tables.
        layers: Wanted layers, None for all.
        device: Torch device.

    Example:
        >>> from brainalign.features.untrained import tiny_wav2vec2
        >>> extractor = SpeechModel(*tiny_wav2vec2(), {}, "tiny_wav2vec2", layers=[4])
        >>> extractor.states(np.zeros(32_000, dtype=np.float32))[4].shape
        (99, 96)
    """

    unit: Unit = "frames"
    placement: Placement = "hold"
    sees = Sees(float("inf"), float("inf"))
    version = 1

    def __init__(
        self,
        model: PreTrainedModel | Checkpoint,
        processor: Any,
        identity: dict[str, Any],
        name: str,
        layers: Sequence[int] | None = None,
        device: str = "cpu",
    ) -> None:
        self.name, self.device = name, device
        self._model, self._processor = model, processor
        self._identity = {
            **identity,
            "weights": model.digest if isinstance(model, Checkpoint) else weights_digest(model),
        }
        self.config = model.config
        self.layers: Sequence[int] = asked_layers(layers, self.config.num_hidden_layers, name)
        kernels, strides = self.config.conv_kernel, self.config.conv_stride
        self.hop = int(np.prod(strides))
        self.field = 1 + sum((k - 1) * int(np.prod(strides[:i])) for i, k in enumerate(kernels))
        if getattr(processor, "sampling_rate", RATE) != RATE:
            raise BrainalignError(
                f"model {name} wants audio at {processor.sampling_rate} Hz; a checkpoint for {RATE} Hz is needed."
            )

    @classmethod
    def from_folder(
        cls, folder: Path, name: str, layers: Sequence[int] | None = None, device: str = "cpu"
    ) -> SpeechModel:
        """A checkpoint; its weights are read when they are needed.

        Args:
            folder: With configuration, preprocessor and weights.
            name: As it stands in tables.
            layers: Wanted layers, None for all.
            device: Torch device.

        Raises:
            BrainalignError: The checkpoint is of another kind, or lacks its preprocessor.
        """
        checkpoint = Checkpoint(folder, "AutoModel", "AutoFeatureExtractor")
        if checkpoint.model_type not in FAMILY:
            raise BrainalignError(
                f"model {name}: the checkpoint {folder} is of type {checkpoint.model_type!r}, no speech "
                "model of the wav2vec 2.0 family "
                f"({', '.join(FAMILY)}); model=causal_lm is for language models."
            )
        return cls(checkpoint, checkpoint.processor(), {"kind": "speech"}, name, layers, device)

    def identity(self) -> dict[str, Any]:
        """Weights, normalisation and windows."""
        normalised = bool(self._processor.do_normalize)
        return {
            **self._identity,
            "normalised": normalised,
            "context": "auto",
            "longest": LONGEST,
            "overlap": OVERLAP,
        }

    def describe(self) -> str:
        """The model in a sentence."""
        c = self.config
        return (
            f"{c.model_type}, {c.num_hidden_layers} layers x {c.hidden_size}, a vector every "
            f"{1000 * self.hop / RATE:g} ms; bidirectional "
            f"within the stimulus (windows of {LONGEST / RATE:g} s where it is longer)"
        )

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound, at least one frame of it."""
        needs_audio(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time, all layers of it in one pass."""
        model = ready(self._model, self.device)
        for stimulus in stimuli:
            assert stimulus.audio is not None
            states = self.states(stimulus.audio.load(), model, stimulus.id)
            times = (self.field / 2 + self.hop * np.arange(len(states[self.layers[0]]))) / RATE
            yield stimulus.id, {n: Rows(values, times, times) for n, values in states.items()}

    def states(
        self, samples: NDArray[np.float32], model: PreTrainedModel | None = None, what: str = "the audio"
    ) -> dict[int, NDArray[np.float32]]:
        """Hidden states of a waveform at 16 kHz.

        Args:
            samples: (n,).
            model: Loaded before, or None.
            what: Name of the audio in the log.

        Returns:
            Layer -> (frames, dims), frame k of the samples [hop k, hop k + field).
        """
        model = ready(self._model, self.device) if model is None else model
        inputs = self._processor(samples, sampling_rate=RATE, return_tensors="pt").input_values
        if len(samples) <= LONGEST:
            return hidden_states(model, self.layers, input_values=inputs)
        starts = _starts(len(samples), self.hop)
        log.info(
            "%s: %s (%.0f s) goes by %d windows of %g s",
            self.name,
            what,
            len(samples) / RATE,
            len(starts),
            LONGEST / RATE,
        )
        total = (len(samples) - self.field) // self.hop + 1
        cuts = [
            0,
            *(round(((a + LONGEST + b) / 2 - self.field / 2) / self.hop) for a, b in pairwise(starts)),
            total,
        ]
        parts = []
        for start, (first, last) in zip(starts, pairwise(cuts), strict=True):
            states = hidden_states(model, self.layers, input_values=inputs[:, start : start + LONGEST])
            keep = slice(first - start // self.hop, last - start // self.hop)
            parts.append({n: values[keep] for n, values in states.items()})
        return {n: np.vstack([part[n] for part in parts]) for n in self.layers}


def _starts(samples: int, hop: int) -> list[int]:
    """First sample of each window, on the hops; the last window ends where the audio does."""
    step = (LONGEST - OVERLAP) // hop * hop
    final = -(-(samples - LONGEST) // hop) * hop
    return [*range(0, final, step), final]
