"""Study: the data set brought to the frame grid, with everything that analyses share; features and fits are made once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.frames.grid import SLOW
from brainalign.data.frames.responses import Responses, averaged, collect
from brainalign.data.splits.leakage import leak_audit
from brainalign.data.splits.split import Split
from brainalign.data.types import Dataset
from brainalign.encoding.banded_nested import BandedScores, combinations_of, fit_banded
from brainalign.encoding.design import Design
from brainalign.encoding.fingerprint import fingerprint
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.layers import LayerRace
from brainalign.encoding.nested import Frames, OuterScores, Search, fit_outer
from brainalign.encoding.plan import GIB, FitPlan, check_fits, plan_fit
from brainalign.encoding.tables import layer_table, pooled_r, score_table
from brainalign.errors import BrainalignError
from brainalign.features.align import Align, Resample
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Projection, Representation
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands
from brainalign.linalg.lags import lags_of
from brainalign.progress import duration
from brainalign.signal.hrf import LENGTH
from brainalign.stats import compare, fdr
from brainalign.stats.ceiling import normalise
from brainalign.study.folds import make_split, settled, skipped
from brainalign.study.layer_selection import race_layers
from brainalign.study.limitations import limits
from brainalign.study.outcome import Reading
from brainalign.study.repeats import repeated_scores, study_ceilings
from brainalign.study.significance import electrode_p

log = logging.getLogger(__name__)

LONG = 10.0
"""Seconds above which a fit's plan is told before it starts."""

WITHOUT_SAY = ("dataset", "arithmetic", "reading", "store", "notes")
"""Attributes that are no part of a kept fit's identity: the responses and the device stand for the first two, and the others move no
number of a fit."""


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
        split_kind: ``stimulus``, ``presentation``, ``blocks``, ``shuffled`` (frames dealt at random: a control), or ``auto``: the test
            set where there is one, blocks where there is one stimulus, else stimulus.
        gap: Frames on either side of a test block, or None for the window's length.
        skip: First frames of each presentation that are neither fitted nor scored, or None for :func:`skipped`'s rule.
        test: Stimuli that are scored once, their presentations averaged, by what was fitted and chosen on the others; empty where every
            stimulus is scored in turn.
        repeats: Presentations of a stimulus in training: ``all``, their ``average``, or the ``first`` of each participant.
        align: ``onset`` or ``offset``: where a word's vector is placed.
        resample: ``box``, ``lanczos`` or ``hrf``: how rows come to a slow grid.
        seed: Of the split and of every null.
        arithmetic: Device, precision and solver.
        search: Inner folds, and one alpha an electrode or one for all.
        reading: Which score, layer rule and p results are about.
        store: Where finished fits are kept for the next run, or None.
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
    skip: int | None = None
    test: Sequence[str] = ()
    align: Align = "onset"
    resample: Resample = "box"
    seed: int = 0
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    search: Search = field(default_factory=Search)
    repeats: str = "all"
    reading: Reading = field(default_factory=Reading)
    store: FitStore | None = None
    notes: list[str] = field(default_factory=list)
    _told: set[tuple[str, int]] = field(default_factory=set, repr=False)
    _races: dict[str, LayerRace] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.notes.extend([*self.dataset.notes, *(n for r in self.dataset.recordings for n in r.notes)])
        if self.dataset.recordings:
            self.notes.extend(self.responses.notes)

    def check(self) -> None:
        """Refuse, before any feature is extracted, a window or a split that these data do not allow; note what they cannot show."""
        self.notes.extend(limits(self.channels, [s for s, _ in self.recorded.presentations], self.noun))
        shortest = min(len(v) for v in self.responses.values)
        if len(self.lags) > shortest:
            stimulus = self.stimuli[int(np.argmin([len(v) for v in self.responses.values]))]
            raise BrainalignError(
                f"the window of {len(self.lags)} lags (window.tmin={self.tmin:g} to window.tmax={self.tmax:g} {self.lag_unit}) "
                f"is longer than stimulus {stimulus} with its {shortest} frames; shorten the window or drop the stimulus."
            )
        self.design  # noqa: B018  makes the split

    def under(self, split_kind: str) -> Study:
        """The same data, features and settings under another split; without electrodes' own p, which are the run's split's.

        Args:
            split_kind: See the class.
        """
        reading, arithmetic = replace(self.reading, permutations=0), self.arithmetic
        if (
            split_kind == "shuffled" and arithmetic.solver == "auto"
        ):  # all folds share all stimuli: a kernel of rows is dear
            arithmetic = replace(arithmetic, solver="cholesky")
        other = replace(
            self,
            split_kind=split_kind,
            test=(),
            reading=reading,
            arithmetic=arithmetic,
            notes=[],
            _told=set(),
            _races={},
        )
        other.notes.clear()
        if not self.test:
            other.__dict__.update(ceilings=self.ceilings)  # they do not hang on how stimuli are dealt to folds
        return other

    @property
    def kind(self) -> str:
        """Of the split, ``auto`` settled."""
        heard = {p.stimulus for r in self.dataset.recordings for p in r.presentations}
        return settled(self.split_kind, len(heard), bool(self.test))

    @cached_property
    def skipped(self) -> dict[str, int]:
        """Stimulus -> first frames of its presentations that take no part."""
        return {s: n for s, n in skipped(self).items() if n}

    @cached_property
    def recorded(self) -> Responses:
        """All participants' responses on the frame grid, each presentation apart."""
        around = max(0, int(self.lags[-1])), max(0, -int(self.lags[0]))
        return collect(self.dataset, self.rate, around, self.skipped)

    @cached_property
    def responses(self) -> Responses:
        """What is fitted and scored: as recorded, but for a fixed test set's stimuli, which have the mean of their presentations."""
        return averaged(self.recorded, self.test)

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
        return "channel" if self.frame_rate < SLOW else "electrode"

    @property
    def frame_rate(self) -> float:
        """Frames per second: those asked for, or the recordings' own."""
        return self.dataset.recordings[0].presentations[0].rate if self.rate is None else self.rate

    @cached_property
    def lags(self) -> NDArray[np.int64]:
        """The window in frames."""
        return lags_of(self.tmin, self.tmax, self.frame_rate if self.lag_unit == "seconds" else 1.0)

    @property
    def reach(self) -> int:
        """Frames that a response looks back over: the window, and the haemodynamic response where features are convolved with it."""
        return len(self.lags) + (int(np.ceil(LENGTH * self.frame_rate)) if self.resample == "hrf" else 0)

    @cached_property
    def split(self) -> Split:
        """Outer folds; one long stimulus is cut in blocks where nothing else was asked for."""
        return make_split(self)

    @cached_property
    def leak(self) -> pd.DataFrame:
        """The leak audit of the split: one row an outer fold, and one for all."""
        return leak_audit(self.stimuli, self.split)

    @cached_property
    def design(self) -> Design:
        """Responses and split as one regression problem."""
        if self.repeats != "all":
            self.notes.append(
                f"encoding.repeats={self.repeats}: training holds the {self.repeats} of each stimulus's presentations; single ones "
                "are scored."
            )
        return Design(self.stimuli, self.responses.values, self.split, repeats=self.repeats)

    @cached_property
    def ceilings(self) -> pd.DataFrame:
        """Noise ceiling of each channel, in the responses' column order; see :func:`study_ceilings`."""
        return study_ceilings(self)

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

    def plan(self, dims: int, n_lags: int | None = None, bands: Bands | None = None) -> FitPlan:
        """What ``fit`` would do with features of a width.

        Args:
            dims: Their width.
            n_lags: Lags, when not the window's.
            bands: With penalties of their own, which add up to ``dims``.
        """
        lags, alphas = n_lags or len(self.lags), len(self.alphas)
        return plan_fit(self.design, dims, lags, alphas, self.arithmetic, self.search, bands)

    def plan_banded(self, dims: Sequence[int], ratios: Sequence[float], n_lags: int | None = None) -> FitPlan:
        """What ``fit_banded`` would do with bands of these widths.

        Args:
            dims: Width of each band.
            ratios: Penalties that every later band chooses from, in units of the first's.
            n_lags: Lags, when not the window's.
        """
        return self.plan(sum(dims), n_lags, Bands(tuple(dims), combinations_of(len(dims), ratios)))

    def fit(
        self,
        features: Mapping[str, NDArray[np.floating]] | Callable[[int], Mapping[str, NDArray[np.floating]]],
        dims: int,
        name: str,
        *,
        lags: NDArray[np.int64] | None = None,
        keep_weights: bool = False,
        identity: Mapping[str, Any] | None = None,
    ) -> OuterScores:
        """Nested ridge TRFs of all electrodes, scored on the outer folds; a long fit says its plan first.

        Args:
            features: Stimulus -> (T, d), or a function from the outer fold to them.
            dims: Their width d.
            name: Of the features, for the log.
            lags: In frames, when not the window's.
            keep_weights: Hand over the weights of every outer fold.
            identity: What determines the features: settings, arrays or objects (see :meth:`rows_key`); the fit is then kept in
                ``store``, where there is one. None = not kept.

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

        def make() -> OuterScores:
            return fit_outer(
                self.design, features, window, self.alphas, self.arithmetic, self.search, keep_weights=keep_weights
            )

        if self.store is None or identity is None:
            return make()
        return self.store.fit(self.key(identity=identity, lags=window, weights=keep_weights), name, make)

    def rows_key(self, representation: Representation, layer: int) -> str:
        """What determines one layer on the frame grid, see :meth:`frames`.

        Args:
            representation: The model.
            layer: One of its layers.
        """
        joined = (
            [self.reading.rule] if isinstance(representation, JoinedRepresentation) else []
        )  # by which its layers are chosen
        return fingerprint([representation.key(layer), self.responses.grids, self.align, self.resample, *joined])

    def key(self, **what: Any) -> str:
        """Of a fit in ``store``: the hash of the problem, the study's settings, the arithmetic, and of what else determines the fit.

        Args:
            what: Name -> settings, arrays or objects.
        """
        assert self.store is not None, "nothing is kept"
        settings = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name[0] != "_" and f.name not in WITHOUT_SAY
        }
        return self.store.key(
            design=self._fingerprint, settings=settings, dtype=self.arithmetic.dtype, solver=self.arithmetic.solver,
            device=self.arithmetic.torch_device().type, **{"lags": self.lags, **what},
        )  # fmt: skip

    @cached_property
    def _fingerprint(self) -> str:
        """Of all responses, their folds and how they are summed."""
        return fingerprint(self.design)

    def fit_banded(
        self,
        bands: Iterable[tuple[Sequence[Frames], Sequence[int]]],
        dims: Sequence[int],
        ratios: Sequence[float],
        name: str,
        lags: NDArray[np.int64] | None = None,
    ) -> BandedScores:
        """Nested banded ridge TRFs of all electrodes: a penalty for each band of features; a long fit says its plan first.

        Args:
            bands: The features of each band, and the outer folds that they are for.
            dims: Width of each band, at most.
            ratios: Penalties that every later band chooses from, in units of the first's.
            name: Of the features, for the log.
            lags: In frames, when not the window's.

        Raises:
            BrainalignError: The fit does not fit into this machine's memory.
        """
        window = self.lags if lags is None else lags
        plan = self.plan_banded(dims, ratios, len(window))
        check_fits(
            lambda d, n: self.plan_banded([max(1, d * w // sum(dims)) for w in dims], ratios, n),
            sum(dims),
            len(window),
        )
        seconds = plan.seconds(self.arithmetic)
        if seconds > LONG:
            log.info("plan for %s: %s; %.1f GiB, about %s", name, plan, plan.memory / GIB, duration(seconds))
        return fit_banded(self.design, bands, len(dims), ratios, window, self.alphas, self.arithmetic, self.search)

    def race(self, representation: Representation) -> LayerRace:
        """All layers of a model through the TRF, fitted once a study."""
        content = " ".join(representation.key(layer) for layer in representation.layers)
        if content not in self._races:
            self._races[content] = race_layers(self, representation)
        return self._races[content]

    def best_layer(self, representation: Representation, fold: int) -> int:
        """The layer that stands for a whole model in an outer fold.

        It is the one with the best inner score, averaged over electrodes, in which the fold's test rows have no say; where
        ``reading.rule`` is ``max``, the one with the best score on the scored data, as published.

        Args:
            representation: The model.
            fold: The outer fold.
        """
        if len(representation.layers) == 1:
            return representation.layers[0]
        layers = self.race(representation).layers
        published = self.reading.rule == "max"
        mean = {n: float(np.nanmean(s.r if published else s.inner[fold])) for n, s in layers.items()}
        return max(mean, key=lambda n: mean[n])

    def scores(self, representation: Representation) -> pd.DataFrame:
        """Scores of a model, nested layer choice and optimistic maximum: one row a (rule, electrode)."""
        race = self.race(representation)
        optimum, layer = race.optimum()
        parts = [
            self.table(race.nested[0], race.nested[1], model=representation.name, space="full", rule="nested"),
            self.table(optimum, layer, model=representation.name, space="full", rule="max"),
        ]
        return pd.concat(parts, ignore_index=True)

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
            extra |= repeated_scores(self.design, scores, ceilings["signal_power"].to_numpy(dtype=np.float64))
        if has and self.reading.permutations:
            found = electrode_p(
                self.design, scores, window=len(self.lags), draws=self.reading.permutations, seed=self.seed
            )
            extra |= {"p_permutation": found.p, "independent_shifts": found.independent}
        table = table.assign(**extra, p_fdr=fdr(extra["p_permutation"], len(table)))
        return normalise(
            table, self.reading.floor,
            {"r2": "r2_normalized", "r": "r_normalized", "r2_pearson": "r2_pearson_normalized", "r2_repeated": "r2_repeated_normalized"},
        )  # fmt: skip

    def layer_scores(self, representation: Representation) -> pd.DataFrame:
        """The profile over depth: one row a (layer, electrode)."""
        return layer_table(self.channels, self.race(representation), representation.name)

    def shown(self, scores: pd.DataFrame) -> pd.DataFrame:
        """The rows that figures and tests are about: one layer rule, the space in the model's label (``gpt2 shared``)."""
        rows = scores[scores["rule"] == self.reading.rule]
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
            score: Column, when not the reading's.
        """
        return compare(
            shown, contrasts, regions=self.regions, family=family, score=score or self.reading.score,
            primary=self.reading.test, correction=self.reading.correction,
        )  # fmt: skip
