"""Where a speech model's frames come from: their times, and what the model is given for a waveform.

Frame k is made of the samples [lead + hop k, lead + hop k + field) at 16 kHz; its centre is their middle. Hop and field
follow from strides and kernels of the checkpoint: a stack of convolutions with kernels k_i and strides s_i has the
hop prod_i s_i and the field 1 + sum_i (k_i - 1) prod_{j<i} s_j.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

WAVEFORM = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "wav2vec2-conformer", "unispeech", "unispeech-sat")
"""``model_type`` of the models that read the waveform; XLS-R is a wav2vec2."""
MASKED = ("wav2vec2", "hubert", "wavlm", "unispeech", "unispeech-sat")
"""Those whose masked batches are proven equal to single utterances, if their convolutions have layer normalisation.

Group normalisation averages over the padding; data2vec's five positional convolutions carry what lies beyond the end
back into it.
"""
MEL = ("whisper",)
"""``model_type`` of the models that read a log-mel spectrogram of fixed length."""
FILTERBANK = ("wav2vec2-bert",)
"""``model_type`` of the models that read pairs of log-mel frames, scaled over what they are given."""
SPEECH = (*WAVEFORM, *MEL, *FILTERBANK)

Convolutions = tuple["Module", "Callable[[Tensor], Tensor]"]
"""The last convolution, and what makes (batch, frames, dims) of its output."""


class Frontend(Protocol):
    """What lies between a waveform and the transformer.

    Attributes:
        hop: Samples from frame to frame.
        field: Samples that a frame of the convolutions is made of.
        lead: First of those samples for frame 0; negative where the model pads the beginning.
        longest: Samples that the model can take at once; None = any number.
    """

    hop: int
    field: int
    lead: int
    longest: int | None

    def frames(self, samples: int) -> int:
        """Frames of so much audio."""
        ...

    def normalised(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """A whole stimulus as the checkpoint's preprocessor scales it."""
        ...

    def together(self, lengths: Sequence[int]) -> bool:
        """Whether audio of these lengths gives the same in one batch as one by one."""
        ...

    def inputs(self, pieces: Sequence[NDArray[np.float32]]) -> dict[str, Tensor]:
        """What the model takes for a batch of (windows of) normalised stimuli."""
        ...

    def body(self, model: PreTrainedModel) -> PreTrainedModel:
        """The part of the model that makes the layers."""
        ...

    def convolutions(self, body: PreTrainedModel) -> Convolutions:
        """Where the convolutional features are."""
        ...


class WaveformFrontend:
    """The wav2vec 2.0 family: seven convolutions without padding over the waveform.

    Args:
        config: Of the model.
        processor: The checkpoint's feature extractor; ``do_normalize`` brings a stimulus to mean 0 and variance 1.
    """

    lead = 0
    longest: int | None = None

    def __init__(self, config: Any, processor: Any) -> None:
        self._processor = processor
        kernels, strides = config.conv_kernel, config.conv_stride
        self.hop = int(np.prod(strides))
        self.field = _field(kernels, strides)
        self.maskable = (
            config.model_type in MASKED
            and config.feat_extract_norm == "layer"
            and not getattr(config, "conv_pos_batch_norm", False)
        )

    def frames(self, samples: int) -> int:
        """Those whose samples are all there."""
        return max(0, (samples - self.field) // self.hop + 1)

    def normalised(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) as the preprocessor scales it."""
        values = self._processor(samples, sampling_rate=RATE, return_tensors="np").input_values[0]
        return np.asarray(values, dtype=np.float32)

    def together(self, lengths: Sequence[int]) -> bool:
        """Equal lengths need no padding; others need a model that is proven to ignore it."""
        return self.maskable or len(set(lengths)) == 1

    def inputs(self, pieces: Sequence[NDArray[np.float32]]) -> dict[str, Tensor]:
        """Zeros after the end, and a mask of what is there where lengths differ."""
        import torch

        lengths = np.array([len(p) for p in pieces])
        values = np.zeros((len(pieces), lengths.max()), dtype=np.float32)
        for row, piece in zip(values, pieces, strict=True):
            row[: len(piece)] = piece
        found = {"input_values": torch.from_numpy(values)}
        if len(set(lengths.tolist())) > 1:
            found["attention_mask"] = torch.from_numpy((np.arange(lengths.max()) < lengths[:, None]).astype(np.int64))
        return found

    def body(self, model: PreTrainedModel) -> PreTrainedModel:
        """The model without the adapter that some checkpoints have behind their last layer for another task."""
        if getattr(model, "adapter", None) is not None:
            model.adapter = None  # type: ignore[assignment]
        return model

    def convolutions(self, body: PreTrainedModel) -> Convolutions:
        """The feature encoder."""
        return body.get_submodule("feature_extractor"), lambda out: out.transpose(1, 2)


class MelFrontend:
    """Whisper's encoder: log-mel frames, then two convolutions (kernel 3, padding 1), the second with stride 2.

    Mel frame j is a Hann window of ``n_fft`` samples centred on sample ``hop_length`` j, so frame k is centred on sample
    2 ``hop_length`` k: 20 k ms, 65 ms wide. Audio is padded with silence to the model's 30 s, and attention
    sees that silence; only frames whose centre lies inside the audio are kept. The floor of the log-mel (8 below the
    loudest bin, in powers of ten) is that of the window, as in Whisper itself.

    Args:
        config: Of the model.
        processor: The checkpoint's feature extractor.
    """

    _KERNELS, _STRIDES = (3, 3), (1, 2)  # fixed in the architecture

    def __init__(self, config: Any, processor: Any) -> None:
        self._processor = processor
        mel = int(processor.hop_length)
        self.hop = mel * int(np.prod(self._STRIDES))
        self.field = mel * (_field(self._KERNELS, self._STRIDES) - 1) + int(processor.n_fft)
        self.lead = -self.field // 2
        self.longest: int | None = int(config.max_source_positions) * self.hop

    def frames(self, samples: int) -> int:
        """Those whose centre lies inside the audio."""
        return -(-samples // self.hop)

    def normalised(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) as it is: Whisper scales the spectrogram."""
        return samples

    def together(self, lengths: Sequence[int]) -> bool:
        """All audio is padded to one length, alone or in a batch."""
        return True

    def inputs(self, pieces: Sequence[NDArray[np.float32]]) -> dict[str, Tensor]:
        """Log-mel spectrograms of the model's fixed length."""
        made = self._processor(list(pieces), sampling_rate=RATE, max_length=self.longest, return_tensors="pt")
        return {"input_features": made.input_features}

    def body(self, model: PreTrainedModel) -> PreTrainedModel:
        """The encoder."""
        found: Any = model.get_submodule("encoder")
        return found  # type: ignore[no-any-return]

    def convolutions(self, body: PreTrainedModel) -> Convolutions:
        """The second convolution and its activation."""
        from torch.nn.functional import gelu

        return body.get_submodule("conv2"), lambda out: gelu(out).transpose(1, 2)


class FilterbankFrontend:
    """wav2vec-BERT 2.0: log-mel frames of 25 ms every 10 ms, two of which are one frame of the model, every 20 ms.

    Each mel band is scaled to mean 0 and variance 1 over what the model is given at once, so that a window is scaled by itself.

    Args:
        config: Of the model.
        processor: The checkpoint's feature extractor.
    """

    lead = 0
    longest: int | None = None
    _FRAME, _MEL = 400, 160  # fixed in the processor

    def __init__(self, config: Any, processor: Any) -> None:
        self._processor = processor
        self.hop = self._MEL * int(processor.stride)
        self.field = self._FRAME + self.hop - self._MEL

    def frames(self, samples: int) -> int:
        """Those whose samples are all there."""
        return max(0, (samples - self.field) // self.hop + 1)

    def normalised(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) as it is: the mel bands are scaled."""
        return samples

    def together(self, lengths: Sequence[int]) -> bool:
        """Equal lengths alone: convolutions carry what lies beyond the end back into it."""
        return len(set(lengths)) == 1

    def inputs(self, pieces: Sequence[NDArray[np.float32]]) -> dict[str, Tensor]:
        """Pairs of mel frames, and no half pair at the end."""
        made = self._processor(list(pieces), sampling_rate=RATE, return_tensors="pt")
        return {"input_features": made.input_features[:, : self.frames(len(pieces[0]))]}

    def body(self, model: PreTrainedModel) -> PreTrainedModel:
        """All of it."""
        return model

    def convolutions(self, body: PreTrainedModel) -> Convolutions:
        """There are none: the mel frames, normalised, before they are projected."""
        return body.get_submodule("feature_projection"), lambda out: out[1]


def frontend(config: Any, processor: Any) -> Frontend:
    """The front end of a speech model.

    Args:
        config: Of the model; its ``model_type`` is one of ``SPEECH``.
        processor: The checkpoint's feature extractor.
    """
    if config.model_type in FILTERBANK:
        return FilterbankFrontend(config, processor)
    return MelFrontend(config, processor) if config.model_type in MEL else WaveformFrontend(config, processor)


def _field(kernels: Sequence[int], strides: Sequence[int]) -> int:
    """Inputs that one output of a stack of convolutions is made of."""
    return 1 + sum((k - 1) * int(np.prod(strides[:i])) for i, k in enumerate(kernels))
