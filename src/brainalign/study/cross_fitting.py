"""Cross-fitting of the shared space: one CCA an outer fold, fitted on its training stimuli, looked at on its test stimuli."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.features.base import Rows
from brainalign.features.representation import Representation
from brainalign.progress import track
from brainalign.spaces import SharedSpace
from brainalign.spaces.shared import Frames, Part, Side
from brainalign.study.paired_rows import RowKind, inside_words, marks_of, paired_rows
from brainalign.study.study import Study

NULL_DRAWS = 200
"""Shuffles behind the 95th percentile that canonical correlations are held against."""


@dataclass(frozen=True)
class CrossFit:
    """The spaces of all outer folds.

    Attributes:
        spaces: One fitted SharedSpace an outer fold.
        layers: (model's layer, partner's layer) of each fold.
        kind: What a CCA row was.
        voiced: Whether both models are silent outside words.
        canonical: Table component, in_sample, held_out, null_95, fold.
    """

    spaces: list[SharedSpace]
    layers: list[tuple[int, int]]
    kind: RowKind
    voiced: bool
    canonical: pd.DataFrame

    @property
    def held_out(self) -> bool:
        """Whether correlations on stimuli that were not fitted on are there."""
        return bool(self.canonical["held_out"].notna().any())


def crossfit(
    study: Study,
    x: Representation,
    y: Representation,
    kind: RowKind,
    layers: Sequence[int] | None,
    *,
    fit: str,
    k: int,
    variance: float,
    ridge: float,
) -> CrossFit:
    """Fit a SharedSpace for every outer fold, on its training stimuli; or, as published, one on all stimuli.

    Args:
        study: Data and folds.
        x: One model.
        y: The other.
        kind: A row a word, or a row a frame.
        layers: A fixed layer of each model, or None: :meth:`Study.best_layer` of each fold.
        fit: ``cross_fitted``, or ``in_sample``: on test stimuli as well, so that there is no held-out correlation.
        k: Canonical variates that count as shared.
        variance: Share of each model's variance that the truncation keeps.
        ridge: Regularisation of CCA.
    """
    spaces, pairs, tables = [], [], []
    share, most = study.truncation(variance)
    voiced = "words" in (kind, x.unit, y.unit)
    rows_of = lru_cache(maxsize=1)(lambda pair: paired_rows(study, x, y, pair, kind))
    for fold in track(range(len(study.split.folds)), f"CCA of {x.name} and {y.name}"):
        pair = (layers[0], layers[1]) if layers else (study.best_layer(x, fold), study.best_layer(y, fold))
        rows = rows_of(pair)
        fitted, held_out = frozenset(study.split.training(fold)), study.split.folds[fold].test
        if fit == "in_sample":
            fitted = frozenset(range(study.split.n_segments))
        train_x, train_y, _ = rows.take(marks_of(study, fitted, kind, voiced))
        for model, train in ((x, train_x), (y, train_y)):
            if len(train) and not np.ptp(train, axis=0).any():
                raise BrainalignError(
                    f"model {model.name} is the same in all {kind}, so there is nothing to share; choose another."
                )
        space = SharedSpace(k, share, ridge, most).fit(train_x, train_y)
        if fit == "in_sample":
            table = pd.DataFrame({"component": np.arange(1, len(space.cca.rho) + 1), "in_sample": space.cca.rho})
            tables.append(table.assign(held_out=np.nan, null_95=np.nan, fold=fold))
        else:
            test = rows.take(marks_of(study, held_out, kind, voiced))
            rng = np.random.default_rng([study.seed, fold])
            tables.append(space.canonical_table(test, NULL_DRAWS, rng).assign(fold=fold))
        spaces.append(space)
        pairs.append(pair)
    return CrossFit(spaces, pairs, kind, voiced, pd.concat(tables, ignore_index=True))


def space_frames(study: Study, model: Representation, side: Side, part: Part, fits: CrossFit, fold: int) -> Frames:
    """One part of a model's space on the frame grid, under one fold's fit: stimulus -> (T, directions).

    Args:
        study: Grid.
        model: Whose rows are projected.
        side: Its side in the CCA.
        part: Which directions.
        fits: The spaces of all folds.
        fold: Outer fold.
    """

    def project(stimulus: str, rows: Rows) -> NDArray[np.float64]:
        values = fits.spaces[fold].transform(rows.values, side, part)
        if fits.voiced and model.unit == "frames":
            # standardised inside words, a silent frame sits somewhere else: it is silent for both models
            values *= inside_words(study.dataset.stimuli[stimulus].timed_words, rows.onset)[:, None]
        return values

    return study.frames(model, fits.layers[fold][0 if side == "x" else 1], project)


def space_scores(study: Study, model: Representation, side: Side, part: Part, fits: CrossFit) -> pd.DataFrame:
    """Scores of one part of a model's space through the same TRF as the model itself.

    Args:
        study: Data and folds.
        model: Whose frames are projected.
        side: Its side in the CCA.
        part: ``truncated``, ``shared``, ``rest`` or ``matched``.
        fits: The spaces of all folds.
    """
    layer = [pair[0 if side == "x" else 1] for pair in fits.layers]
    some = next(iter(model.rows(layer[0]).values())).values[:1]
    width = fits.spaces[0].transform(some, side, part).shape[1]
    if not width:
        raise BrainalignError(
            f"the {part} space of {model.name} has no direction: all of its truncated space is shared; give a smaller analysis.k, or a "
            "model of more dimensions."
        )
    identity = {
        "rows": [study.rows_key(model, n) for n in layer],
        "part": part,
        "side": side,
        "fits": fits.spaces,
        "voiced": fits.voiced,
    }
    scores = study.fit(
        lambda fold: space_frames(study, model, side, part, fits, fold),
        width,
        f"{model.name} {part}",
        identity=identity,
        whole=True,
    )
    choice = np.repeat(np.array(layer)[:, None], study.design.n_channels, axis=1)
    return study.table(scores, choice, model=model.name, space=part, rule=study.outcome.rule)
