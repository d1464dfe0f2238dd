"""How a text is read: which of its sub-words go into which forward pass, and which are taken from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from brainalign.errors import BrainalignError, nearest

POLICIES = ("auto", "stimulus", "window", "isolated")


@dataclass(frozen=True)
class Context:
    """What a language model is given beside a word.

    ============  ==================================================================================================
    policy        a word is read with
    ============  ==================================================================================================
    ``auto``      the whole stimulus; beyond the model's limit with at least half the limit before it
    ``stimulus``  the whole stimulus; a stimulus beyond the model's limit is refused
    ``window``    at least ``words`` words before it, at most ``words + stride - 1``, as far as the stimulus has them
    ``isolated``  nothing: each word is a text of its own
    ============  ==================================================================================================

    A window of exactly n words costs a pass a word, as no state of one window holds in another: a hidden state
    carries all that was read before it. So a pass reads ``words`` words of context and then ``stride`` words that are
    taken from it. ``stride=1`` is one pass a word and exactly ``words`` words before each; by default the stride
    equals ``words``, and a pass is run for every ``words`` words.

    Attributes:
        policy: See the table.
        words: Of ``window``: words before a word, at least.
        stride: Of ``window``: words taken from a pass; None = ``words``.

    Raises:
        BrainalignError: An unknown policy, or a window without size.
    """

    policy: str = "auto"
    words: int | None = None
    stride: int | None = None

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise BrainalignError(f"features.context={self.policy!r} is unknown; {nearest(self.policy, POLICIES)}")
        if self.policy == "window" and self.words is None:
            raise BrainalignError(
                "features.context=window needs features.context_words, the number of words before a word."
            )
        if self.policy != "window" and (self.words is not None or self.stride is not None):
            raise BrainalignError(
                f"features.context_words and features.context_stride belong to features.context=window, not to {self.policy}."
            )
        if any(n is not None and n < 1 for n in (self.words, self.stride)):
            raise BrainalignError(
                f"features.context_words={self.words} and features.context_stride={self.stride} must be at least 1."
            )

    @property
    def size(self) -> tuple[int, int]:
        """Words before the first word that is taken from a pass, and words that are taken."""
        assert self.words is not None
        return self.words, self.stride or self.words

    def identity(self) -> dict[str, object]:
        """What determines the values."""
        return {
            "context": self.policy,
            **(dict(zip(("words", "stride"), self.size, strict=True)) if self.words else {}),
        }


AUTO = Context()


@dataclass(frozen=True)
class Pass:
    """One forward pass over a part of a text.

    Attributes:
        first: First sub-word that is read.
        last: The one after the last that is read.
        begin: First sub-word whose state is taken.
        end: The one after the last whose state is taken.
    """

    first: int
    last: int
    begin: int
    end: int


def word_passes(starts: Sequence[int], words: int, stride: int) -> list[Pass]:
    """Passes of ``stride`` words each, read with ``words`` words before them.

    Args:
        starts: First sub-word of each word, and at the end the number of sub-words.
        words: Of context.
        stride: Words taken from a pass.

    Example:
        >>> word_passes([0, 1, 3, 4, 5], words=1, stride=2)  # four words, the second of two sub-words
        [Pass(first=0, last=3, begin=0, end=3), Pass(first=1, last=5, begin=3, end=5)]
    """
    n = len(starts) - 1
    cuts = [*range(0, n, stride), n]
    passes = (Pass(starts[max(0, a - words)], starts[b], starts[a], starts[b]) for a, b in pairwise(cuts))
    return [p for p in passes if p.end > p.begin]


def fitted_passes(total: int, room: int | None, causal: bool) -> list[Pass]:
    """One pass where the text fits, else windows of ``room`` sub-words that overlap by half.

    Args:
        total: Sub-words of the text.
        room: How many the model reads at once; None = any number.
        causal: Whether a sub-word is taken where most of the text stands before it, or where it is most central.

    Example:
        >>> fitted_passes(7, 4, causal=True)
        [Pass(first=0, last=4, begin=0, end=4), Pass(first=2, last=6, begin=4, end=6), Pass(first=3, last=7, begin=6, end=7)]
    """
    if room is None or total <= room:
        return [Pass(0, total, 0, total)] if total else []
    final = total - room
    firsts = [*range(0, final, max(1, room // 2)), final]
    ends = [a + room if causal else (a + room + b) // 2 for a, b in pairwise(firsts)]
    cuts = [0, *ends, total]
    return [Pass(a, a + room, begin, end) for a, (begin, end) in zip(firsts, pairwise(cuts), strict=True)]
