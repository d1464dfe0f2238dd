"""A small context-free grammar: sentences of five to nine words, no two alike."""

from __future__ import annotations

import numpy as np

from brainalign.data.simulated.lexicon import CLASSES

MIN_WORDS, MAX_WORDS = 5, 9

_RULES: dict[str, tuple[tuple[float, str], ...]] = {
    "sentence": ((0.75, "subject predicate"), (0.25, "subject short conj subject short")),
    "subject": ((0.45, "det noun"), (0.30, "det adj noun"), (0.12, "name"), (0.13, "pron")),
    "object": ((0.55, "det noun"), (0.35, "det adj noun"), (0.10, "name")),
    "short": ((0.5, "vi"), (0.5, "vt object")),
    "predicate": (
        (0.25, "vt object"), (0.20, "vt object place"), (0.20, "vi place"), (0.15, "vt object adv"),
        (0.10, "adv vt object"), (0.10, "vi adv place"),
    ),
    "place": ((1.0, "prep object"),),
}  # fmt: skip
"""Symbol -> (probability, what it becomes); symbols without a rule are word classes."""


def _expand(symbol: str, rng: np.random.Generator) -> list[str]:
    """The word classes that a symbol becomes."""
    if symbol not in _RULES:
        return [symbol]
    chances, forms = zip(*_RULES[symbol], strict=True)
    form = forms[int(rng.choice(len(forms), p=chances))]
    return [c for part in form.split() for c in _expand(part, rng)]


def sentences(count: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Draw different sentences; within its class every word is equally likely, and comes once a sentence at most.

    Args:
        count: How many.
        rng: Of the draws.

    Returns:
        ``count`` tuples of 5 to 9 words.

    Example:
        >>> drawn = sentences(3, np.random.default_rng(0))
        >>> len(drawn), all(5 <= len(s) <= 9 for s in drawn)
        (3, True)
    """
    found: dict[tuple[str, ...], None] = {}
    while len(found) < count:
        classes = _expand("sentence", rng)
        words = tuple(str(rng.choice(CLASSES[c])) for c in classes)
        if MIN_WORDS <= len(words) <= MAX_WORDS and len(set(words)) == len(words):
            found[words] = None
    return list(found)
