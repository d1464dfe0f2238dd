"""Models against regions by measures that are fitted on some stimuli and scored on others: Procrustes and CCA."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.geometry.brain import Patterns, choose
from brainalign.analysis.geometry.inference import HALVES, half_of
from brainalign.analysis.geometry.measures import Codes, Settings
from brainalign.similarity import procrustes
from brainalign.similarity._canonical import Whitened, correlations

Array = NDArray[np.float64]


def held_out(model: Sequence[Array], brain: Sequence[Array], groups: Codes, measure: str, variance: float) -> Array:
    """Layers against regions.

    Args:
        model: Layers, (n, dims) each.
        brain: Regions, (n, electrodes) each.
        groups: (n,) stimulus of each row.
        measure: ``procrustes`` (cosine of the held-out angle) or ``cca`` (mean held-out correlation; SVCCA and PWCCA with it).
        variance: Share that CCA keeps.

    Returns:
        (1, layers, regions); of ``cca`` (3, layers, regions) with SVCCA and PWCCA.
    """
    if measure == "procrustes":
        return np.array([[[np.cos(procrustes(x, y, groups=groups)) for y in brain] for x in model]])
    sides = [[Whitened.fit(x, groups, variance) for x in side] for side in (model, brain)]
    found = np.array([[correlations(x, y)[:3] for y in sides[1]] for x in sides[0]])
    return np.asarray(np.moveaxis(found, 2, 0))


def against(
    model: Sequence[Array], brain: Sequence[Patterns], groups: Codes, measure: str, settings: Settings
) -> dict[str, Array]:
    """Each layer of a model against each pattern of one audience.

    Fits are made anew in random halves of the stimuli: with the fits held, an interval misses what they owe to their stimuli (in a
    simulation it held the truth in 49 of 60 worlds where it said 57). Halves are drawn as :func:`standard_errors` of two models has them,
    the same for all participants who heard the same.

    Args:
        model: Its layers, (n, dims) each, on the audience's rows.
        brain: The audience.
        groups: (n,) stimulus of each row.
        measure: ``procrustes`` or ``cca``.
        settings: How.

    Returns:
        ``values`` (layers, patterns); ``nested`` (patterns,) with the layer chosen on one half of the stimuli and measured on the
        other, both ways; ``resampled`` (HALVES, 1, patterns) of the layer that is best over the audience; ``values/svcca`` and
        ``values/pwcca`` (layers, patterns) of ``cca``.
    """
    people = [p.values for p in brain]

    def on(rows: NDArray[np.bool_], layers: Sequence[Array]) -> Array:
        own, other = ([x[rows] for x in side] for side in (layers, people))
        return np.asarray(held_out(own, other, groups[rows], measure, settings.variance)[0])

    values, *beside = held_out(model, people, groups, measure, settings.variance)
    marked = half_of(groups, np.random.default_rng([settings.seed, 1]))
    first, second = on(marked, model), on(~marked, model)
    best = model[int(values.mean(axis=1).argmax())]
    found = {
        "values": values,
        "nested": (choose(first, second) + choose(second, first)) / 2,
        "resampled": np.stack([on(half, [best]) for half in shared_halves(groups, settings.seed)]),
    }
    return found | {f"values/{name}": v for name, v in zip(("svcca", "pwcca"), beside, strict=False)}


def shared_halves(groups: Codes, seed: int) -> list[NDArray[np.bool_]]:
    """(n,) rows of random halves of the stimuli, HALVES of them; each stimulus has its own draws, whoever else heard it.

    Args:
        groups: (n,) stimulus of each row.
        seed: Of the draws.
    """
    names = np.unique(groups)
    places = np.stack([np.random.default_rng([seed, 4, g]).random(HALVES) for g in names]).argsort(axis=0)
    return [np.isin(groups, names[order[: len(names) // 2]]) for order in places.T]
