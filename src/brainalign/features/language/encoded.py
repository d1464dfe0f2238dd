"""A text as a tokenizer cuts it: sub-words, the words that they belong to, and the marks around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brainalign.features.language.subwords import starts_of, text_of, tokens_of


@dataclass(frozen=True)
class Encoded:
    """Words as sub-words.

    Attributes:
        prefix: Special sub-words before the text (``<s>``, ``[CLS]``); every pass begins with them.
        ids: The text's own.
        suffix: Special sub-words after it (``[SEP]``); every pass ends with them.
        groups: Sub-words of each word, numbers into ``ids``; empty where it has none.
        starts: (words + 1) first sub-word of each word, so that each sub-word is in one word alone.
    """

    prefix: list[int]
    ids: list[int]
    suffix: list[int]
    groups: list[list[int]]
    starts: list[int]


def encode(tokenizer: Any, words: Sequence[str], join_clitics: bool, lead: str = "") -> Encoded:
    """Cut words into sub-words, as one text.

    Args:
        tokenizer: A fast one of transformers, which knows the characters behind each sub-word.
        words: As transcribed; an empty one (spoken, but of unknown identity) has no sub-word and leaves no trace in the text.
        join_clitics: See :func:`text_of`.
        lead: What stands before the first word.

    Example:
        >>> from brainalign.features.checkpoints.tiny import tiny_gpt2
        >>> encode(tiny_gpt2()[1], ["so", "it"], True).groups  # bytes; the space belongs to neither
        [[0, 1], [3, 4]]
    """
    text, known = text_of([word for word in words if word], join_clitics)
    text, known = lead + text, [(begin + len(lead), end + len(lead)) for begin, end in known]
    spans, rest, end = [], iter(known), len(lead)
    for word in words:
        spans.append(next(rest) if word else (end, end))
        end = spans[-1][1]
    encoded = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False)
    ids, offsets, special = encoded["input_ids"], encoded["offset_mapping"], encoded["special_tokens_mask"]
    first = next((i for i, mark in enumerate(special) if not mark), len(special))
    last = next((i for i in range(len(special), first, -1) if not special[i - 1]), first)
    own = offsets[first:last]
    return Encoded(ids[:first], ids[first:last], ids[last:], tokens_of(spans, own), starts_of(spans, own))
