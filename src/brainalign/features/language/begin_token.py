"""The begin token: what stands before a text, so that its first word is no attention sink."""

from __future__ import annotations

from typing import Any

from brainalign.errors import BrainalignError, one_of
from brainalign.features.language.encoded import encode

BEGINS = ("auto", "none", "bos", "text")
_END_OF_TEXT = "<|endoftext|>"


def begin_token(tokenizer: Any, begin: str, name: str, vocabulary: int) -> int | None:
    """The sub-word that is put before each text of a causal model; its own state is thrown away.

    In a causal model the first token of a text draws the attention that has nowhere else to go, and its hidden state is up to a
    hundred times as long as the others (massive activations: Sun et al. 2024; attention sinks: Xiao et al. 2024). Where stimuli
    are sentences, that is every sentence's first word. With a token before it, the token is the sink.

    =========  ===================================================================================================
    begin      token
    =========  ===================================================================================================
    ``auto``   that of ``bos``; where the tokenizer has none, that of ``text``; else none
    ``none``   none (the published reading)
    ``bos``    the tokenizer's begin token
    ``text``   the mark between texts: ``<|endoftext|>`` where the vocabulary has it, else the tokenizer's end token
    =========  ===================================================================================================

    Where the tokenizer itself puts a mark before every text (Llama, Gemma, OPT), there is nothing to add.

    Args:
        tokenizer: Of transformers, a fast one.
        begin: One of ``BEGINS``.
        name: Of the model, for the sentence.
        vocabulary: Sub-words that the model knows; ``auto`` takes no other.

    Returns:
        Its number, or None.

    Raises:
        BrainalignError: The tokenizer has no such token.

    Example:
        >>> from brainalign.features.checkpoints.tiny import tiny_gpt2
        >>> begin_token(tiny_gpt2()[1], "auto", "tiny_gpt2", 256) is None
        True
    """
    one_of("features.begin", begin, BEGINS)
    if begin == "none" or encode(tokenizer, ["a"], join_clitics=True).prefix:
        return None
    between = tokenizer.get_vocab().get(_END_OF_TEXT, tokenizer.eos_token_id)
    if begin == "auto":
        has = (int(token) for token in (tokenizer.bos_token_id, between) if token is not None)
        return next((token for token in has if token < vocabulary), None)
    found = tokenizer.bos_token_id if begin == "bos" else between
    if found is None:
        what = "begin token" if begin == "bos" else "end-of-text token"
        raise BrainalignError(
            f"features.begin={begin}: the tokenizer of model {name} has no {what}; features.begin=auto takes what it has, none goes "
            "without."
        )
    return int(found)


def check_unmarked(begin: str, name: str, why: str) -> None:
    """Refuse a begin token for a model that takes none.

    Args:
        begin: One of ``BEGINS``; ``auto`` and ``none`` ask for no token here.
        name: Of the model, for the sentence.
        why: What it has instead, for the sentence.

    Raises:
        BrainalignError: ``bos`` or ``text``.

    Example:
        >>> check_unmarked("auto", "bert", "bidirectional")
    """
    one_of("features.begin", begin, BEGINS)
    if begin in ("bos", "text"):
        raise BrainalignError(
            f"features.begin={begin}: model {name} is {why}, so there is no begin token to put before its texts; features.begin=auto gives "
            "one to the causal models of a run and leaves the others as they are."
        )
