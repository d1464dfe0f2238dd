"""Between what every number of the config may lie, by what it means; one place for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from brainalign.errors import within

WIDEST = (-1e12, 1e12)
"""Of a number that has no bound of its own."""

MODELS = ("model", "baseline", "partner", "lexical", "acoustic", "contextual")
"""Groups that share the bounds of ``model``."""

LAYERS, COUNT, SEED, SHARE = (-1, 1000), (0, 1_000_000), (0, 2**32 - 1), (0, 1)

BOUNDS: dict[str, tuple[float, float]] = {
    "seed": SEED, "data.seed": SEED, "model.seed": SEED,
    "data.subjects": (1, 1000), "data.electrodes": (1, 100_000), "data.voxels": (1, 1_000_000), "data.sentences": (1, 100_000),
    "data.stories": (1, 1000), "data.words": (5, 200), "data.repeated": COUNT, "data.repeats": (1, 1000), "data.silent_fraction": SHARE,
    "data.rho_min": SHARE, "data.rho_max": SHARE, "data.rho": SHARE, "data.correlation": SHARE, "data.related": SHARE,
    "data.noise_ar": SHARE,
    "data.evoked": (-100, 100), "data.baseline": (0, 600), "data.drift": (0, 1000), "data.spread": (0, 1000), "data.mixture": (0, 1e6),
    "data.tr": (0.01, 60), "data.highpass": (0.02, 1e5), "data.start": (-1e5, 1e5), "data.events.shift": (-1e6, 1e6),
    "data.stimuli.seconds": (0.001, 1e5), "data.keys.rate": (1e-3, 1e7), "data.keys.start": (-1e6, 1e6), "data.keys.sound_rate": (1, 1e7),
    "data.preprocessing.low": (1e-3, 1e5), "data.preprocessing.high": (1e-3, 1e5), "data.preprocessing.line_frequency": (50, 60),
    "data.preprocessing.noisy": (1, 1e6), "data.preprocessing.artefact": (1, 1e6), "data.preprocessing.artefact_share": SHARE,
    "data.preprocessing.artefact_margin": (0, 10), "data.preprocessing.rate": (1, 1e6),
    "model.layers": LAYERS, "model.n_mels": (1, 256), "model.floor": (10, 8000), "model.ceiling": (10, 8000), "model.sigma": (0.01, 1e4),
    "model.card.dims": (1, 1_000_000), "model.card.layers": (1, 1000),
    "features.context_words": (1, 1_000_000), "features.context_stride": (1, 1_000_000), "features.context_seconds": (0.1, 3600),
    "features.batch_seconds": (0, 1e5),
    "features.clip": (1, 1e6),
    "features.heads": (0, 1e4),
    "window.tmin": (-1e4, 1e4), "window.tmax": (-1e4, 1e4), "window.rate": (1, 1000), "window.trial": (-1e4, 1e4),
    "encoding.alphas": (1e-12, 1e20), "encoding.outer_folds": (3, 1000), "encoding.inner_folds": (1, 999), "encoding.gap": COUNT,
    "analysis.k": (1, 100_000), "analysis.variance": (0.01, 1), "analysis.ridge": (0, 1e6), "analysis.layers": LAYERS,
    "analysis.context_layer": (1, 1000), "analysis.previous": (0, 1000), "analysis.sets": (2, 1000), "analysis.components": (1, 100_000),
    "analysis.ratios": (1e-9, 1e9), "analysis.seeds": (2, 1000), "analysis.sentences": (10, 100_000), "analysis.difference": SHARE,
    "analysis.shared": SHARE, "analysis.participant_sd": (0, 10), "analysis.electrode_sd": (0, 10), "analysis.participants": (2, 10_000),
    "analysis.level": (1e-6, 0.5), "analysis.tests": (1, 1_000_000), "analysis.draws": (19, 1_000_000), "analysis.check": (0, 10_000),
    "analysis.n": (1, 1_000_000), "analysis.layer": (0, 1000), "analysis.alphas": (1e-12, 1e20), "analysis.l1_ratios": (1e-12, 1),
    "analysis.pca": (0.01, 1),
    "analysis.electrodes": (2, 10_000), "analysis.most": (50, 20_000), "analysis.neighbours": (1, 1000), "analysis.spacing": (0, 60),
    "data.expected": (1, 1_000_000), "encoding.skip": COUNT,
    "ceiling.floor": SHARE, "ceiling.draws": (100, 1_000_000),
    "electrodes.level": (1e-12, 1), "electrodes.components": (1, 100_000), "stats.permutations": (0, 1_000_000),
}  # fmt: skip
"""Key -> least and largest value, both possible; an item of a list or of a mapping has the bounds of the whole.

Upper ends are not limits of the method: beyond them a value is a slip of the hand, or asks for more than any machine has.
"""


def check_bounds(group: str, options: Any) -> None:
    """Refuse a number that is not finite or out of its bounds.

    Args:
        group: Such as ``window``, or ``partner``.
        options: The group's, typed; or one value.

    Raises:
        BrainalignError: Key, value and what is possible.
    """
    for key, value in numbers(group, options):
        within(key, value, *bounds_of(key))


def bounds_of(key: str) -> tuple[float, float]:
    """The bounds of a dotted key: its own, or those of the mapping that it stands in.

    Example:
        >>> bounds_of("partner.seed") == bounds_of("model.seed"), bounds_of("data.mixture.acoustic")
        (True, (0, 1000000.0))
    """
    group, _, rest = key.partition(".")
    own = f"model.{rest}" if group in MODELS else key
    return BOUNDS.get(own) or BOUNDS.get(own.rpartition(".")[0]) or WIDEST


def numbers(key: str, value: Any) -> Iterator[tuple[str, float]]:
    """Every number in some options, with its dotted key.

    Args:
        key: Of the options.
        value: A dataclass, a mapping, a list or a value.
    """
    if is_dataclass(value):
        for field in fields(value):
            yield from numbers(f"{key}.{field.name}", getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from numbers(f"{key}.{name}", item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(key, item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value
