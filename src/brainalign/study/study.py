"""Study: one data set under one window and one split, with everything that analyses share; features and fits are made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.encoding.nested import OuterScores
from brainalign.encoding.tables import layer_table, pooled_r, score_table
from brainalign.features.representation import Representation
from brainalign.stats import compare, fdr
from brainalign.stats.ceiling import normalise
from brainalign.study.layer_selection import LayerChoice
from brainalign.study.planted_truth import carried, layers_with_truth, with_truth
from brainalign.study.repeats import Repeated, study_ceilings
from brainalign.study.significance import electrode_p


@dataclass
class Study(LayerChoice):
    """A data set under one window, one split and one grid of penalties: responses, fits, layers, ceilings, scores and tests.

    Its attributes are those of :class:`brainalign.study.problem.Problem` (data, window, folds) and
    :class:`brainalign.study.fitting.Fitting` (arithmetic, inner folds, store).

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=4, sentences=6, repeated=2, repeats=3)
        >>> study = Study(data, tmin=0.0, tmax=0.1, lag_unit="seconds", rate=50.0, alphas=[10.0, 1000.0], outer_folds=3)
        >>> len(study.lags), len(study.split.folds), len(study.ceilings)
        (6, 3, 4)
    """

    def under(self, split_kind: str) -> Study:
        """The same data, features and settings under another split; without electrodes' own p, which are the run's split's.

        Args:
            split_kind: See the class.
        """
        outcome, arithmetic = replace(self.outcome, permutations=0), self.arithmetic
        if (
            split_kind == "shuffled" and arithmetic.solver == "auto"
        ):  # all folds share all stimuli: a kernel of rows is dear
            arithmetic = replace(arithmetic, solver="cholesky")
        other = replace(
            self,
            split_kind=split_kind,
            test=(),
            outcome=outcome,
            arithmetic=arithmetic,
            notes=[],
            _told=set(),
            _selections={},
        )
        other.notes.clear()
        if not self.test:
            other.__dict__.update(ceilings=self.ceilings)  # they do not hang on how stimuli are dealt to folds
        return other

    @cached_property
    def ceilings(self) -> pd.DataFrame:
        """Noise ceiling of each channel, in the responses' column order; see :func:`study_ceilings`."""
        return study_ceilings(self)

    @cached_property
    def _repeated(self) -> Repeated:
        return Repeated(self.design)

    def scores(self, representation: Representation) -> pd.DataFrame:
        """Scores of a model, nested layer choice and optimistic maximum: one row a (rule, electrode)."""
        selection = self.layer_selection(representation)
        optimum, layer = selection.optimum()
        parts = [
            self.table(
                selection.nested[0], selection.nested[1], model=representation.name, space="full", rule="nested"
            ),
            self.table(optimum, layer, model=representation.name, space="full", rule="max"),
        ]
        return with_truth(pd.concat(parts, ignore_index=True), carried(representation))

    def table(
        self, scores: OuterScores, layer: NDArray[np.int64], *, model: str, space: str, rule: str
    ) -> pd.DataFrame:
        """Scores as a tidy table, with what their predictions give where there are any, and normalised by the ceilings.

        Args:
            scores: Of all outer folds.
            layer: (folds, C) layer used in each.
            model: Label of the rows.
            space: Label of the rows.
            rule: Label of the rows.
        """
        has = any(scores.predictions)
        pooled = pooled_r(self.design, scores) if has else None
        table = score_table(
            self.channels,
            scores,
            model=model,
            space=space,
            rule=rule,
            layer=layer,
            alphas=np.asarray(self.alphas),
            pooled=pooled,
        )
        ceilings = self.ceilings
        table = table.assign(**{c: ceilings[c].to_numpy() for c in ("ceiling", "ceiling_low", "ceiling_high")})
        missing = np.full(self.design.n_channels, np.nan)
        extra = {"r2_repeated": missing, "ccnorm": missing, "p_permutation": missing, "independent_shifts": missing}
        if has:
            extra |= self._repeated.scores(scores, ceilings["signal_power"].to_numpy(dtype=np.float64))
        if has and self.outcome.permutations:
            found = electrode_p(
                self.design, scores, window=len(self.lags), draws=self.outcome.permutations, seed=self.seed
            )
            extra |= {"p_permutation": found.p, "independent_shifts": found.independent}
        table = table.assign(**extra, p_fdr=fdr(extra["p_permutation"], len(table)))
        return normalise(
            table, self.outcome.floor,
            {"r2": "r2_normalized", "r": "r_normalized", "r2_pearson": "r2_pearson_normalized", "r2_repeated": "r2_repeated_normalized"},
        )  # fmt: skip

    def layer_scores(self, representation: Representation) -> pd.DataFrame:
        """The profile over depth: one row a (layer, electrode)."""
        table = layer_table(self.channels, self.layer_selection(representation), representation.name)
        return layers_with_truth(table, self.channels, representation)

    def shown(self, scores: pd.DataFrame) -> pd.DataFrame:
        """The rows that figures and tests are about: one layer rule, the space in the model's label (``gpt2 shared``)."""
        rows = scores[scores["rule"] == self.outcome.rule]
        part = np.where(rows["space"] == "full", "", " " + rows["space"].astype(str))
        return rows.assign(model=rows["model"].astype(str) + part)

    def paired(
        self, shown: pd.DataFrame, contrasts: Sequence[tuple[str, str]], family: str, score: str | None = None
    ) -> pd.DataFrame:
        """The declared tests between labels of :meth:`shown`, by region.

        Args:
            shown: One row a (label, electrode).
            contrasts: Pairs of labels.
            family: What the correction runs over, in words.
            score: Column, when not the outcome's.
        """
        return compare(
            shown, contrasts, regions=self.regions, family=family, score=score or self.outcome.score,
            primary=self.outcome.test, correction=self.outcome.correction,
        )  # fmt: skip
