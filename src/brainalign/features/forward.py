"""Running a transformers model: which layers, on which device, what comes out, and what identifies its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.features.checkpoint import Checkpoint

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def ready(model: PreTrainedModel | Checkpoint, device: str) -> PreTrainedModel:
    """A model without any head, in evaluation mode, on its device; a checkpoint is loaded.

    Args:
        model: In memory, or a checkpoint.
        device: Torch device.
    """
    loaded: Any = model.model() if isinstance(model, Checkpoint) else model
    return cast("PreTrainedModel", loaded.base_model.eval().to(device))


def weights_digest(model: PreTrainedModel) -> str:
    """SHA-256 of a model in memory: its configuration and weights.

    Args:
        model: Any.
    """
    settings = {k: v for k, v in model.config.to_dict().items() if k not in ("transformers_version", "_name_or_path")}
    state = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().float().cpu().contiguous().numpy()
        state.update(f"{name}{values.shape}".encode() + values.tobytes())
    return state.hexdigest()


def hidden_states(model: PreTrainedModel, layers: Sequence[int], **inputs: Any) -> dict[int, NDArray[np.float32]]:
    """One forward pass over one sequence.

    Args:
        model: In evaluation mode.
        layers: Out of 0 (input embedding) .. n (after the last layer's normalisation, where there is one).
        inputs: Tensors of batch size 1.

    Returns:
        Layer -> (positions, dims).
    """
    import torch

    # full float32 convolutions on GPUs, too: they take TensorFloat-32 otherwise, with its 10 bits
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        on_device = {name: tensor.to(model.device) for name, tensor in inputs.items()}
        found = model(**on_device, output_hidden_states=True).hidden_states
    return {n: found[n][0].float().cpu().numpy() for n in layers}


def asked_layers(layers: Sequence[int] | None, last: int, name: str) -> list[int]:
    """The layers wanted, all of 0..last where None.

    Args:
        layers: As the user gave them.
        last: The model's last layer.
        name: Of the model.

    Raises:
        BrainalignError: A layer that the model does not have.

    Example:
        >>> asked_layers([4, 2], last=12, name="gpt2")
        [2, 4]
    """
    if layers is None:
        return list(range(last + 1))
    if outside := [n for n in layers if not 0 <= n <= last]:
        raise BrainalignError(
            f"model.layers names layer {outside[0]}, but {name} has layers 0 (input embedding) to {last}."
        )
    return sorted(set(layers))
