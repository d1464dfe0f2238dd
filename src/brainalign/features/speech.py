"""Speech models of the wav2vec 2.0 family: a vector every 20 ms from each layer, one utterance at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.audio import RATE
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.acoustic import needs_audio
from brainalign.features.base import Placement, Rows, Unit
from brainalign.features.checkpoint import asked_layers, model_type, quiet_transformers, weights_digest

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

FAMILY = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "wav2vec2-conformer", "unispeech", "unispeech-sat")
"""``model_type`` of the checkpoints whose convolutions and transformer this extractor reads."""

LONGEST = 30 * RATE
OVERLAP = 10 * RATE
"""Longer audio goes by windows of LONGEST samples that overlap by OVERLAP; each frame comes from where it is most central."""


class SpeechModel:
    """All layers of a model of the wav2vec 2.0 family; bidirectional within what it is given.

    Layer 0 is the projected output of the convolutions, layer n the last transformer layer. No batching: padding would change
    the outputs of models with group normalisation.

    Args:
        model: In evaluation mode.
        processor: The checkpoint's feature extractor: it knows whether to normalise.
        identity: What determines the weights.
        name: As it stands in tables.
        layers: Wanted layers, None for all.
        device: Torch device.
    """

    unit: Unit = "frames"
    placement: Placement = "hold"
    version = 1

    def __init__(
        self,
        model: PreTrainedModel,
        processor: Any,
        identity: dict[str, Any],
        name: str,
        layers: list[int] | None = None,
        device: str = "cpu",
    ) -> None:
        self.name, self._identity, self._processor = name, identity, processor
        self.model = model.eval().to(device)
        self.layers: Sequence[int] = asked_layers(layers, model.config.num_hidden_layers, name)
        kernel, stride = model.config.conv_kernel, model.config.conv_stride
        self.hop = int(np.prod(stride))
        self.field = 1 + sum((k - 1) * int(np.prod(stride[:i])) for i, k in enumerate(kernel))

    @classmethod
    def from_folder(cls, folder: Path, name: str, layers: list[int] | None = None, device: str = "cpu") -> SpeechModel:
        """Load a checkpoint.

        Args:
            folder: With configuration, preprocessor and weights.
            name, layers, device: See the class.

        Raises:
            BrainalignError: The checkpoint is of another kind.
        """
        kind = model_type(folder)
        if kind not in FAMILY:
            raise BrainalignError(
                f"model {name}: the checkpoint {folder} is of type {kind!r}, no speech model of the wav2vec 2.0 family ({', '.join(FAMILY)})."
            )
        quiet_transformers()
        from transformers import AutoFeatureExtractor, AutoModel, Wav2Vec2FeatureExtractor

        model = AutoModel.from_pretrained(folder, local_files_only=True)
        if (folder / "preprocessor_config.json").exists():
            processor = AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
        else:
            log.warning("%s has no preprocessor_config.json: audio is normalised to zero mean and unit variance", folder)
            processor = Wav2Vec2FeatureExtractor(do_normalize=True)
        return cls(model, processor, {"kind": "speech", "weights": weights_digest(folder)}, name, layers, device)

    def identity(self) -> dict[str, Any]:
        """Weights, normalisation and windowing."""
        normalised = bool(getattr(self._processor, "do_normalize", True))
        return {**self._identity, "normalised": normalised, "longest": LONGEST, "overlap": OVERLAP}

    def describe(self) -> str:
        """The model in a sentence."""
        c = self.model.config
        return (
            f"{c.model_type}, {c.num_hidden_layers} layers x {c.hidden_size}, a vector every {1000 * self.hop / RATE:g} ms; "
            "bidirectional within the stimulus (30 s windows above 30 s)"
        )

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound, at least one frame of it."""
        needs_audio(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time, all layers of it in one pass."""
        for stimulus in stimuli:
            assert stimulus.audio is not None
            states = self.states(stimulus.audio.load())
            times = (self.field / 2 + self.hop * np.arange(len(states[self.layers[0]]))) / RATE
            yield stimulus.id, {n: Rows(values, times, times) for n, values in states.items()}

    def states(self, samples: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
        """Hidden states of a waveform at 16 kHz.

        Args:
            samples: (n,).

        Returns:
            Layer -> (frames, dims).
        """
        if len(samples) <= LONGEST:
            return self._forward(samples)
        step = (LONGEST - OVERLAP) // self.hop * self.hop
        starts = range(0, max(1, len(samples) - OVERLAP), step)
        log.info("%s: %.0f s of audio go by %d windows of 30 s", self.name, len(samples) / RATE, len(starts))
        margin = OVERLAP // 2 // self.hop
        parts: list[dict[int, NDArray[np.float32]]] = []
        for w, start in enumerate(starts):
            last = w == len(starts) - 1
            state = self._forward(samples[start:] if last else samples[start : start + LONGEST])
            keep = slice(margin if w else 0, None if last else margin + step // self.hop)
            parts.append({n: values[keep] for n, values in state.items()})
        return {n: np.vstack([p[n] for p in parts]) for n in self.layers}

    def _forward(self, samples: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
        import torch

        inputs = self._processor(samples, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            found = self.model(inputs.input_values.to(self.model.device), output_hidden_states=True).hidden_states
        return {n: found[n][0].float().cpu().numpy() for n in self.layers}
