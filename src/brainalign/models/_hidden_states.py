"""The settings of a run as options of the extractors of hidden states."""

from __future__ import annotations

from typing import Any

from brainalign.models._base import Model, Settings


def speech_options(model: Model, settings: Settings) -> dict[str, Any]:
    """Options of :class:`brainalign.features.speech.model.SpeechModel`.

    Args:
        model: Whose layers are asked for.
        settings: Of the run.
    """
    from brainalign.features.checkpoints.tap import tap_of
    from brainalign.features.speech.model import LONGEST

    f = settings.features
    return {
        "layers": model.chosen_layers,
        "device": settings.model_device,
        "context": "auto" if f.context == "isolated" else f.context,  # a word alone is for language models
        "seconds": f.context_seconds or LONGEST,
        "batch_seconds": f.batch_seconds,
        "tap": tap_of(f.tap, f.heads),
    }


def language_options(model: Model, settings: Settings) -> dict[str, Any]:
    """Options of :class:`brainalign.features.language.model.LanguageModel`.

    Args:
        model: Whose layers are asked for.
        settings: Of the run.
    """
    from brainalign.features.checkpoints.tap import tap_of
    from brainalign.features.language.context import Context

    f = settings.features
    return {
        "pooling": f.pooling,
        "layers": model.chosen_layers,
        "device": settings.model_device,
        "context": Context(f.context, f.context_words, f.context_stride),
        "begin": f.begin,
        "tap": tap_of(f.tap, f.heads),
    }
