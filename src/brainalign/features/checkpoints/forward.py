"""Running a transformers model: which layers, on which device, what comes out, and what identifies its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.checkpoint import Checkpoint
from brainalign.features.checkpoints.divided import input_device
from brainalign.features.checkpoints.tap import BLOCK, Tap

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, ModuleList
    from torch.utils.hooks import RemovableHandle
    from transformers import PreTrainedModel

CONVOLUTIONS = -1
"""Layer number of a speech model's convolutional features, before anything is projected or positioned."""

_STACKS = ("encoder.layers", "encoder.layer", "decoder.layers", "layers", "h")
"""Where models keep their blocks: wav2vec 2.0, BERT, OPT, Llama and Whisper's encoder, GPT-2."""


def ready(model: PreTrainedModel | Checkpoint, device: str) -> PreTrainedModel:
    """A model without any head, in evaluation mode, on its device (or divided, as its checkpoint says); a checkpoint is loaded.

    Args:
        model: In memory, or a checkpoint.
        device: Torch device.
    """
    given: Any = model
    loaded = given.model(device) if isinstance(model, Checkpoint) else given.eval().to(device)
    return cast("PreTrainedModel", loaded.base_model)


def kind(model: PreTrainedModel | Checkpoint) -> str:
    """A model's type, and what is not as in its checkpoint, for the report.

    Args:
        model: In memory, or a checkpoint.
    """
    loading = str(model.loading) if isinstance(model, Checkpoint) else ""
    return ", ".join([str(model.config.model_type), *([loading] if loading else [])])


def origin(model: PreTrainedModel | Checkpoint, digest: str) -> str:
    """How large a model is and which weights it has, for the report.

    Args:
        model: In memory, or a checkpoint, whose weights are not read for it.
        digest: Of weights, settings and loading (:attr:`Checkpoint.digest`, :func:`weights_digest`).
    """
    short = f"SHA-256 {digest[:12]}"
    if not isinstance(model, Checkpoint):
        return f"{sum(p.numel() for p in model.base_model.parameters()):,} parameters, made in memory ({short})"
    size = "" if model.parameters is None else f"{model.parameters:,} parameters, "
    weights = "no weights of a file" if model.loading.weights == "untrained" else "weights of its files"
    hub = f"revision {model.revision}, " if model.revision else ""
    return f"{size}{weights} ({hub}{short})"


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


def hidden_states(
    model: PreTrainedModel, layers: Sequence[int], tap: Tap = BLOCK, **inputs: Any
) -> dict[int, NDArray[np.float32]]:
    """One forward pass over one sequence.

    Args:
        model: In evaluation mode.
        layers: Out of 0 .. n, as in :func:`batch_states`.
        tap: Where in a block a layer is taken.
        inputs: Tensors of batch size 1.

    Returns:
        Layer -> (positions, dims).
    """
    return {n: values[0] for n, values in batch_states(model, layers, tap=tap, **inputs).items()}


def batch_states(
    model: PreTrainedModel,
    layers: Sequence[int],
    convolutions: tuple[Module, Callable[[Tensor], Tensor]] | None = None,
    tap: Tap = BLOCK,
    depth: int | None = None,
    **inputs: Any,
) -> dict[int, NDArray[np.float32]]:
    """One forward pass, as deep as the deepest layer asked for; what is not asked for is not kept.

    Each layer leaves the device as soon as it is there.

    Args:
        model: In evaluation mode.
        layers: 0 is what enters the first block; n is the model's output, after the last normalisation where
            there is one (``last_hidden_state``; some releases of transformers leave it out of ``hidden_states[n]``).
        convolutions: For layer -1: a module, and what makes (batch, positions, dims) of its output.
        tap: Where in a block a layer is taken; inside of it, layers are 1 .. n.
        depth: n, where it is not the configuration's ``num_hidden_layers``.
        inputs: Tensors; floating-point ones are brought to the model's precision.

    Returns:
        Layer -> (batch, positions, dims).
    """
    import torch

    kept: dict[int, NDArray[np.float32]] = {}
    last, deepest = depth or model.config.get_text_config().num_hidden_layers, max(layers)
    blocks, inner = _blocks(model, last), [n for n in layers if 0 <= n < last]
    if tap.inside and blocks is None:
        tap.projection(model, model.config.model_type)  # which says that it is not known

    def keep(layer: int, found: Tensor) -> None:
        kept[layer] = found.detach().to("cpu", torch.float32, copy=True).numpy()
        if layer == deepest and blocks is not None:
            raise _DeepEnough

    device = input_device(model)
    on_device = {
        name: tensor.to(device, model.dtype if tensor.is_floating_point() else None) for name, tensor in inputs.items()
    }
    # full float32 convolutions on GPUs, too: they take TensorFloat-32 otherwise, with its 10 bits
    with ExitStack() as stack, torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        if CONVOLUTIONS in layers and convolutions is not None:
            module, shaped = convolutions
            hook = module.register_forward_hook(lambda _, __, out: keep(CONVOLUTIONS, shaped(out)))
            stack.callback(hook.remove)
        if blocks is not None:
            found = _watch_inside(model, blocks, layers, tap, keep) if tap.inside else _watch(blocks, inner, keep)
            for hook in found:
                stack.callback(hook.remove)
        with suppress(_DeepEnough):
            out = model(**on_device, output_hidden_states=blocks is None)
            if last in layers and not tap.inside:
                keep(last, out.last_hidden_state)
            if blocks is None:
                for n in inner:
                    keep(n, out.hidden_states[n])
    return {n: kept[n] for n in layers}


def asked_layers(layers: Sequence[int] | None, last: int, name: str, first: int = 0) -> list[int]:
    """The layers wanted, all of 0..last where None.

    Args:
        layers: As the user gave them.
        last: The model's last layer.
        name: Of the model.
        first: The model's lowest layer: -1 where it has convolutions, 1 inside blocks.

    Raises:
        BrainalignError: A layer that the model does not have.

    Example:
        >>> asked_layers([4, 2], last=12, name="gpt2")
        [2, 4]
    """
    if layers is None:
        return list(range(max(first, 0), last + 1))
    if outside := [n for n in layers if not first <= n <= last]:
        lowest = {-1: "-1 (convolutions), 0 (input embedding)", 0: "0 (input embedding)"}.get(
            first, "1 (inside its blocks)"
        )
        raise BrainalignError(f"model.layers names layer {outside[0]}, but {name} has layers {lowest} to {last}.")
    return sorted(set(layers))


class _DeepEnough(Exception):
    """Ends a forward pass: all layers asked for are there."""


def _watch(blocks: ModuleList, layers: Sequence[int], keep: Callable[[int, Tensor], None]) -> Iterator[RemovableHandle]:
    """Hooks on what enters block 0 (layer 0) and on what leaves block n - 1 (layer n)."""

    def entering(_: Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        keep(0, args[0] if args else named["hidden_states"])

    def leaving(layer: int, _: Module, __: Any, out: Any) -> None:
        keep(layer, out[0] if isinstance(out, tuple) else out)

    for n in layers:
        if n == 0:
            yield blocks[0].register_forward_pre_hook(entering, with_kwargs=True)
        else:
            yield blocks[n - 1].register_forward_hook(partial(leaving, n))


def _watch_inside(
    model: PreTrainedModel, blocks: ModuleList, layers: Sequence[int], tap: Tap, keep: Callable[[int, Tensor], None]
) -> Iterator[RemovableHandle]:
    """Hooks on what a part of block n - 1 adds to the residual stream (layer n), or on heads before they are mixed."""
    config = model.config.get_text_config()

    def entering(layer: int, _: Module, args: tuple[Any, ...]) -> None:
        keep(layer, tap.of_heads(args[0], config.num_attention_heads))

    for n in layers:
        part = tap.projection(blocks[n - 1], config.model_type)
        if tap.heads is None:
            yield part.register_forward_hook(lambda _, __, out, n=n: keep(n, out))
        else:
            yield part.register_forward_pre_hook(partial(entering, n))


def _blocks(model: PreTrainedModel, n: int) -> ModuleList | None:
    """The model's n blocks, or None where they lie in no place that is known."""
    for path in _STACKS:
        with suppress(AttributeError):
            found: Any = model.get_submodule(path)
            if len(found) == n:
                return cast("ModuleList", found)
    return None
