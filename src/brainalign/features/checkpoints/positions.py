"""Tables of positions, which make a clock of an untrained network, and how they are taken away."""

from __future__ import annotations

from typing import Any

from brainalign.errors import BrainalignError

POSITIONS = ("wpe", "position_embeddings", "embed_positions")
"""Names of tables of positions: GPT-2's, BERT's and its family's, OPT's and Whisper's."""


def position_tables(model: Any) -> list[Any]:
    """The tables of positions of a model; positions by rotation, by distance or by convolution have none, and are no clock.

    Args:
        model: Of transformers.
    """
    import torch

    named = (module for name, module in model.named_modules() if name.rsplit(".", 1)[-1] in POSITIONS)
    return [module for module in named if isinstance(module, torch.nn.Embedding)]


def check_positions(config: Any) -> None:
    """Refuse a configuration whose model has no table of positions that could be taken away; no weights are made.

    Args:
        config: Of the checkpoint.

    Raises:
        BrainalignError: It has none.
    """
    import torch
    from transformers import AutoModel

    with torch.device("meta"):
        model = AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
    if not position_tables(model):
        raise BrainalignError(
            f"a model of type {model.config.model_type} has no table of positions that could be taken away."
        )


def take_positions(model: Any) -> None:
    """Set the tables of positions to zero.

    Args:
        model: Of transformers.
    """
    import torch

    with torch.no_grad():
        for table in position_tables(model):
            table.weight.zero_()
