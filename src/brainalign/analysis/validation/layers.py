"""Layer choice: the planted models are best in their layer 3 by construction."""

from __future__ import annotations

from functools import partial

import numpy as np

from brainalign.analysis.validation.finding import Finding, rate
from brainalign.analysis.validation.listening import Bench
from brainalign.analysis.validation.side_by_side import each
from brainalign.data.simulated import simulate
from brainalign.encoding.scores import over_folds
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech

DIMS = 48
"""Width of the models, 16 private dimensions among what is mixed in them: an eighth of the work that their usual 96 columns take."""


def layers(bench: Bench, seeds: int) -> list[Finding]:
    """Whether the layer with the best mean inner score is the planted one, and how optimistic the maximum is.

    Args:
        bench: Settings.
        seeds: Data sets, of 20 electrodes each.
    """
    found = [model for pair in each(partial(_two, bench), range(seeds), "layers") for model in pair]
    right, optimism = sum(best for best, _ in found), [gain for _, gain in found]
    mean = float(np.mean(optimism))
    return [
        rate("layer", "best inner layer is the planted one", 0.99, right, 2 * seeds, "model", side="not below"),
        Finding(
            "layer", "optimism of the best layer on scored data, in r (0 = none; it must not be negative)", 0.0, mean,
            float(np.min(optimism)), float(np.max(optimism)), f"{2 * seeds} models (smallest, largest)", "at least 0", mean >= 0,
        ),
    ]  # fmt: skip


def _two(bench: Bench, seed: int) -> list[tuple[bool, float]]:
    """Of both planted models of a data set: whether the planted layer is best, and the optimism of the best in r."""
    data = simulate(subjects=1, electrodes=20, sentences=80, repeated=0, seed=seed, cache_dir=bench.folder)
    study, found = bench.listen(data), []
    for kind in (PlantedLanguage, PlantedSpeech):
        selection = study.layer_selection(bench.represent(kind(data, dims=DIMS, seed=seed), data))
        inner = {n: float(np.nanmean(s.inner)) for n, s in selection.layers.items()}
        optimism = float(np.nanmean(over_folds(selection.optimum()[0].r) - over_folds(selection.nested[0].r)))
        found.append((max(inner, key=lambda n: inner[n]) == kind.best_layer, optimism))
    return found
