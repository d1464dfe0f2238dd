"""Models against regions by measures that are fitted on some stimuli and scored on others: Procrustes and CCA."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.geometry.brain import Patterns, choose
from brainalign.analysis.geometry.inference import FITTED, HALVES, balanced, half_of
from brainalign.analysis.geometry.measures import Codes, Settings, fitted
from brainalign.analysis.geometry.names import STIMULI
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
        other, both ways; ``resampled`` (HALVES, 1, patterns) of the layer that is best over the audience; ``observed`` (1, patterns)
        and ``draws`` (FITTED at most, 1, patterns) of :func:`shuffles`, where there are stimuli enough; ``values/svcca`` and
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
    found |= shuffles(
        model,
        people,
        np.nan_to_num(first, nan=-np.inf).argmax(axis=0),
        np.flatnonzero(~marked),
        groups,
        measure,
        settings,
    )
    return found | {f"values/{name}": v for name, v in zip(("svcca", "pwcca"), beside, strict=False)}


def shuffles(
    model: Sequence[Array],
    brain: Sequence[Array],
    layers: Codes,
    rest: Codes,
    groups: Codes,
    measure: str,
    settings: Settings,
) -> dict[str, Array]:
    """Each pattern with a layer that other stimuli chose, and with the stimuli shuffled against it.

    The layer owes nothing to the stimuli that are shuffled, so that one a pattern is enough, where a maximum over layers would need all
    their fits again and again.

    Args:
        model: Layers, (n, dims) each.
        brain: Patterns, (n, electrodes) each.
        layers: (patterns,) place of each one's layer.
        rest: Rows of the stimuli that had no say in that.
        groups: (n,) stimulus of each row.
        measure: ``procrustes`` or ``cca``.
        settings: Draws and seed.

    Returns:
        ``observed`` (1, patterns) and ``draws`` (draws, 1, patterns); empty where these stimuli are fewer than shuffles need.
    """
    if len(np.unique(groups[rest])) < STIMULI:
        return {}
    rows = rest[balanced(np.unique(groups[rest], return_inverse=True)[1])]
    stimuli = np.unique(groups[rows], return_inverse=True)[1]
    found = np.empty((1 + min(settings.draws, FITTED), len(brain)))
    for layer in np.unique(layers):
        here = np.flatnonzero(layers == layer)
        with_it = [brain[int(k)][rows] for k in here]
        found[:, here] = fitted(model[int(layer)][rows], with_it, stimuli, measure, settings, len(found) - 1)
    return {"observed": found[:1], "draws": found[1:, None]}


def shared_halves(groups: Codes, seed: int) -> list[NDArray[np.bool_]]:
    """(n,) rows of random halves of the stimuli, HALVES of them; each stimulus has its own draws, whoever else heard it.

    Args:
        groups: (n,) stimulus of each row.
        seed: Of the draws.
    """
    names = np.unique(groups)
    places = np.stack([np.random.default_rng([seed, 4, g]).random(HALVES) for g in names]).argsort(axis=0)
    return [np.isin(groups, names[order[: len(names) // 2]]) for order in places.T]
