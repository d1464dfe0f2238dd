"""The controls by name: what each keeps of the model in question, what it takes away, and how a sentence calls it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """One way to lose something that the model has, or to break a rule that its score rests on.

    Attributes:
        keeps: What is as it was.
        destroys: What is not.
        phrase: Subject of a sentence.
    """

    keeps: str
    destroys: str
    phrase: str


FEATURES = {
    "untrained": Control(
        "architecture, input and its times", "all that was learned", "an untrained network of the same architecture"
    ),
    "rerandomized": Control(
        "architecture, and the distribution of the weights of each layer", "what the weights had learned",
        "the network with the weights of each layer shuffled",
    ),
    "shuffled_words": Control(
        "model, word times, the words of each stimulus", "which word is said when, and its context",
        "the same model reading each stimulus's words in random order",
    ),
    "sentence_position": Control("each word's place in its sentence", "the words and the sound", "word position"),
    "word_rate": Control("when words begin", "the words and the sound", "word rate"),
    "envelope": Control("loudness over time", "spectrum and words", "the envelope of the sound"),
    "oasm": Control(
        "which words of a stimulus are neighbours", "all that stimuli have in common", "nearness in time alone (OASM)"
    ),
    "untrained_no_position": Control(
        "architecture and input, its table of positions set to zero", "all that was learned, and the number of the frame or word",
        "an untrained network without positions",
    ),
}  # fmt: skip
"""Controls that are representations: they go through the same fit, on the same folds."""

SPLITS = {
    "presentation": Control(
        "model, data and fit", "other presentations of a test stimulus stay out of training", "a split by presentation"
    ),
    "stimulus": Control(
        "model, data and fit", "other presentations of a test stimulus may be in training", "a split by stimulus identity"
    ),
    "shuffled": Control(
        "model, data and fit", "distance in time between test and training frames", "short pieces dealt to folds at random"
    ),
}  # fmt: skip
"""Controls that are splits: the model under each of them, and OASM, which holds nothing but what such a split gives away."""


def left_out(control: str, why: object) -> str:
    """The sentence on a control that cannot be had.

    Args:
        control: Its name.
        why: A sentence.

    Example:
        >>> left_out("envelope", "the data have no sound.")
        "The control 'envelope' is left out, the rest stands: the data have no sound."
    """
    return f"The control {control!r} is left out, the rest stands: {why}"
