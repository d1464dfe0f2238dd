"""Words as a text, and which of a tokenizer's sub-words belong to which word."""

from __future__ import annotations

import re
from collections.abc import Sequence

Span = tuple[int, int]
"""First character, and the one after the last."""

_CLITIC = re.compile(r"['’](s|d|m|t|re|ve|ll)|n['’]t", re.IGNORECASE)


def text_of(words: Sequence[str], join_clitics: bool = True) -> tuple[str, list[Span]]:
    """Words as a text, and the span of characters of each.

    Args:
        words: As transcribed.
        join_clitics: Whether 's, 'd, 'm, 't, 're, 've, 'll and n't follow the word before them without a
            space.

    Example:
        >>> text_of(["do", "n't", "go"])
        ("don't go", [(0, 2), (2, 5), (6, 8)])
    """
    text, spans = "", []
    for word in words:
        if text and not (join_clitics and _CLITIC.fullmatch(word)):
            text += " "
        spans.append((len(text), len(text) + len(word)))
        text += word
    return text, spans


def tokens_of(spans: Sequence[Span], offsets: Sequence[Span]) -> list[list[int]]:
    """The sub-words of each word.

    A sub-word belongs to the word that holds most of its characters; a word left without any takes those that
    touch it.

    Args:
        spans: (begin, end) of each word in the text.
        offsets: (begin, end) of each sub-word in the text.

    Returns:
        One list of sub-word numbers a word, in order; empty where no sub-word touches it.

    Example:
        >>> tokens_of([(0, 2), (2, 5), (6, 8)], [(0, 3), (3, 5), (5, 8)])  # do|n't|go cut as don|'t| go
        [[0], [1], [2]]
    """
    owner, touching = _owners(spans, offsets)
    owned: list[list[int]] = [[] for _ in spans]
    for number, word in enumerate(owner):
        if word is not None:
            owned[word].append(number)
    return [mine or near for mine, near in zip(owned, touching, strict=True)]


def starts_of(spans: Sequence[Span], offsets: Sequence[Span]) -> list[int]:
    """Where each word's sub-words begin, so that every sub-word of the text is in one word and in no other.

    As in :func:`tokens_of`, but a sub-word of spaces alone belongs to the word after it (to the last one at the
    end), and one that two words share to the word that holds most of it: the other then has none.

    Args:
        spans: (begin, end) of each word in the text.
        offsets: (begin, end) of each sub-word in the text.

    Returns:
        (words + 1) first sub-word of each word, and the number of sub-words.

    Example:
        >>> starts_of([(0, 2), (3, 5)], [(0, 1), (1, 2), (2, 3), (3, 5)])
        [0, 2, 4]
    """
    owner, _ = _owners(spans, offsets)
    starts = [len(offsets)] * (len(spans) + 1)
    following = len(spans) - 1
    for number in range(len(offsets) - 1, -1, -1):
        word = owner[number]
        following = following if word is None else word
        starts[following] = number
    for word in range(len(spans) - 1, -1, -1):
        starts[word] = min(starts[word], starts[word + 1])
    return [0, *starts[1:]] if spans else starts


def _owners(spans: Sequence[Span], offsets: Sequence[Span]) -> tuple[list[int | None], list[list[int]]]:
    """The word that holds most of each sub-word, and all sub-words that touch each word."""
    touching: list[list[int]] = [[] for _ in spans]
    owner: list[int | None] = []
    first = 0
    for number, (begin, end) in enumerate(offsets):
        while first < len(spans) and spans[first][1] <= begin:
            first += 1
        mine, most = None, 0
        for word in range(first, len(spans)):
            if spans[word][0] >= end:
                break
            shared = min(end, spans[word][1]) - max(begin, spans[word][0])
            if shared > 0:
                touching[word].append(number)
            if shared > most:
                mine, most = word, shared
        owner.append(mine)
    return owner, touching
