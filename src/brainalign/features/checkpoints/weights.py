"""A model's weights in memory: shuffled, or in another precision."""

from __future__ import annotations

from typing import Any


def shuffle(model: Any, seed: int) -> None:
    """The values of each tensor of weights in a random order.

    Args:
        model: Of transformers.
        seed: Of the orders.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in model.parameters():
            order = torch.randperm(weights.numel(), generator=generator)
            weights.copy_(weights.flatten()[order].view_as(weights))


def in_precision(model: Any, precision: str) -> None:
    """Weights in a precision; what a model derives from its configuration (the frequencies of rotary positions) stays in float32.

    Their rounding to bfloat16 would move later words' positions by whole words; ``from_pretrained(dtype=...)`` keeps them, too.

    Args:
        model: Of transformers.
        precision: ``float32``, ``bfloat16``, ``float16``.
    """
    import torch

    dtype = getattr(torch, precision)
    for module in model.modules():
        derived = module._non_persistent_buffers_set
        buffers = {name: module._buffers[name] for name in derived}
        module._apply(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor, recurse=False)
        module._buffers.update(buffers)
