"""Where in a block a hidden state is taken."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brainalign.errors import BrainalignError, one_of

if TYPE_CHECKING:
    from torch.nn import Module

TAPS = ("block", "attention", "mlp")
_PROJECTIONS = {
    "attention": (
        "self_attn.o_proj", "self_attn.out_proj", "attn.c_proj", "attention.output.dense", "attention.out_proj", "attention.dense",
        "self_attention.dense", "attn.Wo", "self_attn.linear_out",
    ),
    "mlp": (
        "mlp.down_proj", "mlp.c_proj", "output.dense", "fc2", "feed_forward.output_dense", "mlp.dense_4h_to_h", "mlp.Wo",
        "ffn2.output_dense",
    ),
}  # fmt: skip
"""Where blocks keep the last linear map of either: Llama and its family, OPT and Whisper, GPT-2, BERT, wav2vec 2.0, GPT-NeoX, BLOOM,
ModernBERT, wav2vec-BERT 2.0 (whose second feed-forward part it is)."""


@dataclass(frozen=True)
class Tap:
    """Where in block k layer k is taken.

    =============  ================================================================================================
    kind           layer k
    =============  ================================================================================================
    ``block``      what leaves the block: the residual stream; layer 0 is what enters the first
    ``attention``  what self-attention adds to it: the output of its last linear map, before any normalisation of it
    ``mlp``        what the feed-forward part adds to it, likewise
    =============  ================================================================================================

    Attributes:
        kind: See the table.
        heads: Of ``attention``: the values of these heads, side by side, before the last linear map mixes them; None = all, mixed.

    Raises:
        BrainalignError: An unknown kind, or heads of something else.

    Example:
        >>> print(Tap("attention", (0, 3)))
        attention heads 0 and 3
    """

    kind: str = "block"
    heads: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        one_of("features.tap", self.kind, TAPS)
        if self.heads is not None and self.kind != "attention":
            raise BrainalignError(
                f"features.heads={list(self.heads)} belongs to features.tap=attention, not to {self.kind}."
            )
        if self.heads is not None and (not self.heads or min(self.heads) < 0 or len(set(self.heads)) < len(self.heads)):
            raise BrainalignError(f"features.heads={list(self.heads)} must name one or more different heads, from 0.")

    def __str__(self) -> str:
        if self.heads is None:
            return {
                "block": "output of blocks",
                "attention": "output of attention",
                "mlp": "output of feed-forward parts",
            }[self.kind]
        many = "attention heads " if len(self.heads) > 1 else "attention head "
        return many + " and ".join(filter(None, [", ".join(map(str, self.heads[:-1])), str(self.heads[-1])]))

    @property
    def inside(self) -> bool:
        """Whether it is taken inside the blocks, so that there is no layer 0."""
        return self.kind != "block"

    def identity(self) -> dict[str, Any]:
        """What determines the values; nothing where the block's output is taken."""
        return {"tap": self.kind, "heads": self.heads} if self.inside else {}

    def check(self, heads: int, name: str) -> None:
        """Refuse heads that a model does not have.

        Args:
            heads: Of each of the model's blocks.
            name: Of the model.
        """
        if self.heads is not None and max(self.heads) >= heads:
            raise BrainalignError(
                f"features.heads names head {max(self.heads)}, but {name} has heads 0 to {heads - 1}."
            )

    def projection(self, block: Module, kind: str) -> Module:
        """The linear map of a block whose output (or, for heads, whose input) is taken.

        Args:
            block: One of the model's.
            kind: ``model_type``, for the sentence.

        Raises:
            BrainalignError: The block keeps it in no place that is known.
        """
        for path in _PROJECTIONS[self.kind]:
            with suppress(AttributeError):
                return block.get_submodule(path)
        raise BrainalignError(
            f"features.tap={self.kind}: models of type {kind} keep their {self.kind} part in no place that is known; "
            "features.tap=block takes what leaves the blocks."
        )

    def of_heads(self, values: Any, heads: int) -> Any:
        """(..., chosen heads x width) of (..., heads x width).

        Args:
            values: What enters the last linear map.
            heads: Of the block.
        """
        assert self.heads is not None
        width = values.shape[-1] // heads
        return values.unflatten(-1, (heads, width))[..., list(self.heads), :].flatten(-2)


BLOCK = Tap()


def tap_of(kind: str, heads: Sequence[int] | None) -> Tap:
    """From settings.

    Args:
        kind: ``features.tap``.
        heads: ``features.heads``.
    """
    return Tap(kind, None if heads is None else tuple(heads))
