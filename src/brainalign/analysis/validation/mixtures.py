"""Mixtures: electrodes driven by contextual, lexical and acoustic latents in all six orders, through the decomposition."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.analysis.decomposition.references import Competitors, Frames
from brainalign.analysis.decomposition.run import project
from brainalign.analysis.validation.finding import Finding, rate
from brainalign.analysis.validation.listening import Bench
from brainalign.analysis.validation.side_by_side import each
from brainalign.data.simulated import simulate
from brainalign.data.types import Dataset, Recording
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech
from brainalign.features.words.vectors import WordVectors
from brainalign.stats import mean_ci
from brainalign.study.cross_fitting import crossfit
from brainalign.study.roles import Models
from brainalign.study.study import Study

PARTS = ("contextual", "lexical", "acoustic")
SHARES = (0.6, 0.3, 0.1)
ORDERS = tuple(dict(zip(order, SHARES, strict=True)) for order in permutations(PARTS))
"""All orders of the three shares; one simulated participant hears with each."""
ALONE = {"contextual": 1.0}
"""The last participant is driven by context alone."""
ALL = {"acoustic": 1.0, "lexical": 1.0, "contextual": 1.0}
"""Both models hold all three latents, so that all three are in their shared space."""
K = 30


def orders(seed: int, bench: Bench, sentences: int = 100, electrodes: int = 15) -> Dataset:
    """Seven simulated participants who hear the same sentences, one with each order of shares and one with context alone.

    Args:
        seed: Of the simulation.
        bench: Whose folder the word vectors go to.
        sentences: Distinct ones.
        electrodes: Of each participant.
    """
    people, first = [], None
    for number, mixture in enumerate((*ORDERS, ALONE)):
        one = simulate(
            subjects=1, electrodes=electrodes, sentences=sentences, repeated=0, silent_fraction=0.0, rho_min=0.2, rho_max=0.5,
            mixture=mixture, seed=seed, cache_dir=bench.folder,
        )  # fmt: skip
        first = first or one
        name = f"order{number}"
        channels = one.recordings[0].channels.assign(subject=name, region=name)
        people.append(Recording(name, channels, one.recordings[0].presentations))
    assert first is not None, "there are seven"
    return Dataset("orders", first.stimuli, people, latents=first.latents, vectors=first.vectors)


def parts_of(seed: int, bench: Bench) -> pd.DataFrame:
    """What each part of the shared space explains of each electrode, over its true ceiling.

    Args:
        seed: Of the simulation.
        bench: Settings.

    Returns:
        Columns order (``order0`` .. ``order6``), contextual, lexical, acoustic; one row an electrode.
    """
    data = orders(seed, bench)
    study: Study = bench.listen(data)
    vectors = bench.represent(WordVectors(Path(str(data.vectors)), "glove"), data)
    models = Models(
        bench.represent(PlantedLanguage(data, mixture=ALL, layers=[3], name="one", seed=1), data),
        bench.represent(PlantedSpeech(data, mixture=ALL, layers=[3], name="other", seed=2), data),
        lexical=vectors,
        acoustic=bench.represent(Mel(20), data),
        contextual=bench.represent(PlantedLanguage(data, layers=[3], name="context", seed=3), data),
        embedding=vectors,
    )
    fits = crossfit(study, *models.pair, "frames", None, fit="cross_fitted", k=K, variance=0.99, ridge=0.0)
    competitors = Competitors(study, models, None, 0, {})
    folds = [project(study, models, fits, competitors, 0.99, f) for f in range(len(study.split.folds))]
    found = {"order": study.channels["region"].to_numpy()}
    for part in PARTS:

        def features(fold: int, part: str = part) -> Frames:
            return folds[fold].features(part, False)

        scores = study.fit(features, K, part)
        found[part] = scores.r2.mean(axis=0) / study.channels["rho_true"].to_numpy()
    return pd.DataFrame(found)


def mixtures(bench: Bench, seeds: int) -> list[Finding]:
    """Whether the decomposition recovers the order of shares, and finds context alone where there is nothing else.

    Args:
        bench: Settings.
        seeds: Data sets of seven participants.
    """
    tables = each(partial(parts_of, bench=bench), range(seeds), "mixtures")
    right = sum(recovered(table) for table in tables)
    rows = [
        rate(
            "mixture",
            "data sets in which all six orders are recovered",
            0.999,
            right,
            seeds,
            "data set",
            side="not below",
        )
    ]
    means = [table.groupby("order")[list(PARTS)].mean() for table in tables]
    for part in PARTS:
        planted = {f"order{n}": order[part] for n, order in enumerate(ORDERS)}
        for share in SHARES:
            which = [name for name, own in planted.items() if own == share]
            values = np.array([m.loc[which, part].mean() for m in means])
            mean = mean_ci(values)
            rows.append(
                Finding(
                    "mixture", f"{part} part of electrodes with a {part} share of {share:g} (two CCAs lose some of it)", share, mean.mean,
                    mean.low, mean.high, f"{seeds} data sets", "between 0 and the share", bool(-0.02 <= mean.mean <= share + 0.02),
                )
            )  # fmt: skip
    for part in PARTS:
        mean = mean_ci(np.array([m.loc["order6", part] for m in means]))
        truth = ALONE.get(part, 0.0)
        holds = mean.mean > 0.5 if truth else bool(mean.low <= 0.01 and mean.mean < 0.02)
        bound = "above .5" if truth else "not above 0 (by .01)"
        rows.append(
            Finding(
                "mixture",
                f"{part} part of electrodes driven by context alone",
                truth,
                mean.mean,
                mean.low,
                mean.high,
                f"{seeds} data sets",
                bound,
                holds,
            )
        )
    return rows


def recovered(table: pd.DataFrame) -> bool:
    """Whether the parts of every order stand in the order of their shares.

    Args:
        table: From :func:`parts_of`.
    """
    means = table.groupby("order")[list(PARTS)].mean()
    return all(
        list(means.loc[f"order{n}"].sort_values(ascending=False).index) == sorted(order, key=lambda part: -order[part])
        for n, order in enumerate(ORDERS)
    )
