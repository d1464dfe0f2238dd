"""Forward passes that go together: as many short ones as fill one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ROOM = 512
"""Sub-words of a forward pass, padding included: with more at once a processor is no faster, or slower, as its caches overflow."""


@dataclass(frozen=True)
class Piece:
    """One pass of a text.

    Attributes:
        text: Number of the text.
        ids: Sub-words that are read.
        keep: Whose states are taken.
    """

    text: int
    ids: list[int]
    keep: slice


def together(pieces: Iterable[Piece], room: int, mixed: bool) -> Iterator[list[Piece]]:
    """Neighbouring pieces whose passes fit into one, in order.

    Args:
        pieces: One that is longer than the room goes by itself.
        room: Sub-words, padding included.
        mixed: Whether pieces of several lengths may be padded; otherwise those that go together are of one length.

    Example:
        >>> pieces = [Piece(n, [7] * length, slice(None)) for n, length in enumerate([3, 3, 4, 9])]
        >>> [[len(p.ids) for p in batch] for batch in together(pieces, 12, mixed=True)]
        [[3, 3, 4], [9]]
        >>> [[len(p.ids) for p in batch] for batch in together(pieces, 12, mixed=False)]
        [[3, 3], [4], [9]]
    """
    batch: list[Piece] = []
    for piece in pieces:
        lengths = {len(p.ids) for p in [*batch, piece]}
        if batch and (max(lengths) * (len(batch) + 1) > room or (len(lengths) > 1 and not mixed)):
            yield batch
            batch = []
        batch.append(piece)
    if batch:
        yield batch


def padded(texts: Sequence[Sequence[int]]) -> Tensor:
    """(texts, longest) sub-words, the last of a shorter text again and again after it: a causal model does not know of it before.

    Args:
        texts: None empty.

    Example:
        >>> padded([[5, 6, 7], [8]]).tolist()
        [[5, 6, 7], [8, 8, 8]]
    """
    import torch

    longest = max(map(len, texts))
    return torch.tensor([[*ids, *[ids[-1]] * (longest - len(ids))] for ids in texts])
