"""Study: the data set brought to the frame grid, with everything that analyses share; features and fits are made once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.limits import limits
from brainalign.analysis.reading import Reading
from brainalign.data.leak import leak_audit, leaked_share
from brainalign.data.responses import Responses, collect
from brainalign.data.split import Split, split_blocks, split_groups
from brainalign.data.types import Dataset
from brainalign.encoding.design import Design
from brainalign.encoding.layers import LayerRace
from brainalign.encoding.nested import OuterScores, Search, fit_outer
from brainalign.encoding.plan import GIB, FitPlan, check_fits, plan_fit
from brainalign.encoding.tables import layer_table, pooled_r, score_table
from brainalign.errors import BrainalignError
from brainalign.features.align import Align, Resample
from brainalign.features.representation import Projection, Representation
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.lags import lags_of
from brainalign.progress import duration, track
from brainalign.stats import paired_tests

log = logging.getLogger(__name__)

LONG = 10.0
"""Seconds above which a fit's plan is told before it starts."""


@dataclass
class Study:
    """One data set under one window, one split and one grid of penalties.

    Attributes:
        dataset: Stimuli and recordings.
        tmin, tmax: The window, both ends included.
        lag_unit: Whether they are ``seconds`` or ``samples``.
        rate: Frames per second, or None for the recordings' own samples (fMRI).
        alphas: Penalties to choose from.
        outer_folds: Number of outer folds.
        split_kind: ``stimulus``, ``presentation``, ``blocks``, or ``auto``: blocks where there is one stimulus, else stimulus.
        gap: Frames on either side of a test block, or None for the window's length.
        align: ``onset`` or ``offset``: where a word's vector is placed.
        resample: ``box`` or ``lanczos``: how rows come to a slow grid.
        seed: Of the split and of every null.
        arithmetic: Device, precision and solver.
        search: Inner folds, and one alpha an electrode or one for all.
        reading: Which score, layer rule and p results are about.
        notes: Sentences for the report on what was left out, chosen or repaired.
    """

    dataset: Dataset
    tmin: float
    tmax: float
    lag_unit: str
    rate: float | None
    alphas: Sequence[float]
    outer_folds: int
    split_kind: str = "auto"
    gap: int | None = None
    align: Align = "onset"
    resample: Resample = "box"
    seed: int = 0
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    search: Search = field(default_factory=Search)
    reading: Reading = field(default_factory=Reading)
    notes: list[str] = field(default_factory=list)
    _told: set[tuple[str, int]] = field(default_factory=set, repr=False)
    _races: dict[str, LayerRace] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.notes.extend([*self.dataset.notes, *(n for r in self.dataset.recordings for n in r.notes)])
        self.notes.extend(self.responses.notes)

    def check(self) -> None:
        """Refuse, before any feature is extracted, a window or a split that these data do not allow; note what they cannot show."""
        self.notes.extend(limits(self.channels, self.stimuli, self.noun))
        shortest = min(len(v) for v in self.responses.values)
        if len(self.lags) > shortest:
            stimulus = self.stimuli[int(np.argmin([len(v) for v in self.responses.values]))]
            raise BrainalignError(
                f"the window of {len(self.lags)} lags (window.tmin={self.tmin:g} to window.tmax={self.tmax:g} {self.lag_unit}) "
                f"is longer than stimulus {stimulus} with its {shortest} frames; shorten the window or drop the stimulus."
            )
        self.design  # noqa: B018  makes the split

    @cached_property
    def responses(self) -> Responses:
        """All participants' responses on the frame grid."""
        return collect(self.dataset, self.rate)

    @property
    def stimuli(self) -> list[str]:
        """The stimulus of each presentation."""
        return [s for s, _ in self.responses.presentations]

    @property
    def channels(self) -> pd.DataFrame:
        """The channels table of all participants, in the responses' column order."""
        return self.responses.channels

    @property
    def regions(self) -> list[str]:
        """Regions in the order in which the channels table names them."""
        return list(dict.fromkeys(self.channels["region"]))

    @property
    def noun(self) -> str:
        """What a column of the responses is called: on slow grids (fMRI) a channel is a region or voxel, not an electrode."""
        return "channel" if next(iter(self.responses.grids.values())).slow else "electrode"

    @cached_property
    def lags(self) -> NDArray[np.int64]:
        """The window in frames."""
        rate = next(iter(self.responses.grids.values())).rate if self.lag_unit == "seconds" else 1.0
        return lags_of(self.tmin, self.tmax, rate)

    @cached_property
    def split(self) -> Split:
        """Outer folds; one long stimulus is cut in blocks where nothing else was asked for."""
        lengths = [len(v) for v in self.responses.values]
        kind = self.split_kind
        if kind == "auto":
            kind = "blocks" if len(set(self.stimuli)) == 1 else "stimulus"
        if kind != "blocks":
            split = split_groups(self.stimuli, lengths, self.outer_folds, self.seed, kind)
            leak = leaked_share(leak_audit(self.stimuli, split))
            if leak:
                self.notes.append(
                    f"LEAKY: encoding.split={kind} puts other presentations of a test stimulus in training, for {leak:.0%} of the "
                    "test frames; scores are inflated and serve for replication or as a control only."
                )
            return split
        gap = len(self.lags) if self.gap is None else self.gap
        if gap < len(self.lags):
            raise BrainalignError(
                f"encoding.gap={gap} frames is shorter than the window of {len(self.lags)}; it must not be."
            )
        self.notes.append(
            f"Folds are {self.outer_folds} contiguous blocks of each stimulus with {gap} frames left out on either side; the first "
            f"{len(self.lags)} frames of each presentation are neither fitted nor scored."
        )
        return split_blocks(self.stimuli, lengths, self.outer_folds, gap, skip=len(self.lags))

    @cached_property
    def leak(self) -> pd.DataFrame:
        """The leak audit of the split: one row an outer fold, and one for all."""
        return leak_audit(self.stimuli, self.split)

    @cached_property
    def design(self) -> Design:
        """Responses and split as one regression problem."""
        return Design(self.stimuli, self.responses.values, self.split)

    def frames(
        self, representation: Representation, layer: int, project: Projection | None = None
    ) -> Mapping[str, NDArray[np.floating]]:
        """One layer on the frame grid: stimulus -> (T, d).

        Args:
            representation: The model.
            layer: One of its layers.
            project: What its rows become before they are put on the grid.
        """
        grids = self.responses.grids
        found = representation.features(layer, grids, align=self.align, resample=self.resample, project=project)
        return found.values

    def plan(self, dims: int, n_lags: int | None = None) -> FitPlan:
        """What ``fit`` would do with features of a width.

        Args:
            dims: Their width.
            n_lags: Lags, when not the window's.
        """
        return plan_fit(self.design, dims, n_lags or len(self.lags), len(self.alphas), self.arithmetic, self.search)

    def fit(
        self,
        features: Mapping[str, NDArray[np.floating]] | Callable[[int], Mapping[str, NDArray[np.floating]]],
        dims: int,
        name: str,
        *,
        lags: NDArray[np.int64] | None = None,
        keep_weights: bool = False,
    ) -> OuterScores:
        """Nested ridge TRFs of all electrodes, scored on the outer folds; a long fit says its plan first.

        Args:
            features: Stimulus -> (T, d), or a function from the outer fold to them.
            dims: Their width d.
            name: Of the features, for the log.
            lags: In frames, when not the window's.
            keep_weights: Hand over the weights of every outer fold.

        Raises:
            BrainalignError: The fit does not fit into this machine's memory.
        """
        window = self.lags if lags is None else lags
        check_fits(self.plan, dims, len(window))
        plan = self.plan(dims, len(window))
        seconds = plan.seconds(self.arithmetic)
        if seconds > LONG and (name, plan.features) not in self._told:
            self._told.add((name, plan.features))
            log.info("plan for %s: %s; %.1f GiB, about %s", name, plan, plan.memory / GIB, duration(seconds))
        return fit_outer(
            self.design, features, window, self.alphas, self.arithmetic, self.search, keep_weights=keep_weights
        )

    def race(self, representation: Representation) -> LayerRace:
        """All layers of a model through the TRF, fitted once a study."""
        if representation.name not in self._races:
            race = LayerRace()
            for layer in track(representation.layers, f"fitting {representation.name}, layer by layer"):
                frames = self.frames(representation, layer)
                width = next(iter(frames.values())).shape[1]
                race.add(layer, self.fit(frames, width, representation.name))
                log.info("%s layer %s: mean r %.4f", representation.name, layer, np.nanmean(race.layers[layer].r))
            self._races[representation.name] = race
        return self._races[representation.name]

    def scores(self, representation: Representation) -> pd.DataFrame:
        """Scores of a model, nested layer choice and optimistic maximum: one row a (rule, electrode)."""
        race = self.race(representation)
        parts = []
        for rule, (scores, layer) in (("nested", race.nested), ("max", race.optimum())):
            pooled = pooled_r(self.design, scores) if rule == "nested" else None
            parts.append(
                score_table(
                    self.channels, scores, model=representation.name, space="full", rule=rule, layer=layer,
                    alphas=np.asarray(self.alphas), pooled=pooled,
                )
            )  # fmt: skip
        return pd.concat(parts, ignore_index=True)

    def layer_scores(self, representation: Representation) -> pd.DataFrame:
        """The profile over depth: one row a (layer, electrode)."""
        return layer_table(self.channels, self.race(representation), representation.name)

    def shown(self, scores: pd.DataFrame) -> pd.DataFrame:
        """The rows that figures and tests are about: one layer rule, the space in the model's label (``gpt2 shared``)."""
        rows = scores[scores["rule"] == self.reading.rule]
        part = np.where(rows["space"] == "full", "", " " + rows["space"].astype(str))
        return rows.assign(model=rows["model"].astype(str) + part)

    def paired(self, shown: pd.DataFrame, contrasts: Sequence[tuple[str, str]], family: str) -> pd.DataFrame:
        """The declared tests between labels of :meth:`shown`, by region.

        Args:
            shown: One row a (label, electrode).
            contrasts: Pairs of labels.
            family: What the correction runs over, in words.
        """
        return paired_tests(shown, contrasts, regions=self.regions, family=family, score=self.reading.score)
