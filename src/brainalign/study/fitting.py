"""Fitting: TRFs of a problem, planned before they start, made once and kept where there is a store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.banded_nested import BandedScores, combinations_of, fit_banded
from brainalign.encoding.fingerprint import fingerprint
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.inner import Search
from brainalign.encoding.nested import Frames, OuterScores, fit_outer
from brainalign.encoding.plan import GIB, FitPlan, check_fits, plan_fit
from brainalign.errors import BrainalignError
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Projection, Representation
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands
from brainalign.linalg.penalty import check_lags
from brainalign.progress import duration
from brainalign.spaces.variances import about
from brainalign.study.problem import Problem

log = logging.getLogger(__name__)

LONG = 10.0
"""Seconds above which a fit's plan is told before it starts."""

WITHOUT_SAY = ("dataset", "arithmetic", "outcome", "store", "notes", "kept")
"""Attributes that are no part of a kept fit's identity: the responses and the device stand for the first two, and the others move no
number of a fit."""


@dataclass(frozen=True)
class Reduction:
    """What becomes of the features of bands.

    Attributes:
        components: Of each band: a number, or below 1 a share of its variance.
        copies: How many lags of its features each band holds side by side.
        kept: Columns that each band has then, about: what a plan counts with.
    """

    components: float
    copies: Sequence[int]
    kept: Sequence[int]


@dataclass
class Fitting(Problem):
    """A problem with what fits it.

    Attributes:
        arithmetic: Device, precision and solver.
        search: Inner folds, and one alpha an electrode or one for all.
        store: Where finished fits are kept for the next run, or None.
        components: Principal components that stand in the place of a model's features: a number, or below 1 a share of variance.
        kept: Name of what was fitted -> how many there were in its fits, where ``components`` are asked for.
    """

    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    search: Search = field(default_factory=Search)
    store: FitStore | None = None
    components: float | None = None
    kept: dict[str, set[int]] = field(default_factory=dict, repr=False)
    _told: set[tuple[str, int]] = field(default_factory=set, repr=False)

    def check(self) -> None:
        """As :meth:`Problem.check`; and refuse a penalty on changes over lags where there is one lag."""
        super().check()
        check_lags(len(self.lags), self.search.penalty)

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

    def truncation(self, variance: float) -> tuple[float, int | None]:
        """Share of variance that spaces keep of a model, and components at most: no more than ``components`` are there.

        Args:
            variance: Share that the analysis asks for.
        """
        asked = self.components
        if asked is None:
            return variance, None
        return (min(variance, asked), None) if asked < 1 else (variance, int(asked))

    def plan(
        self, dims: int, n_lags: int | None = None, bands: Bands | None = None, kept: Sequence[int] | None = None
    ) -> FitPlan:
        """What ``fit`` would do with features of a width.

        Args:
            dims: Their width.
            n_lags: Lags, when not the window's.
            bands: With penalties of their own, which add up to ``dims``.
            kept: Principal components of each band, about; None = all dimensions.
        """
        if bands is not None and self.search.boosting is not None:
            raise BrainalignError(
                "encoding=boosting has no penalties, and so none for each band of features; use encoding=ridge here."
            )
        lags, alphas = n_lags or len(self.lags), len(self.alphas)
        return plan_fit(self.design, dims, lags, alphas, self.arithmetic, self.search, bands, kept)

    def plan_banded(
        self,
        dims: Sequence[int],
        ratios: Sequence[float],
        n_lags: int | None = None,
        kept: Sequence[int] | None = None,
    ) -> FitPlan:
        """What ``fit_banded`` would do with bands of these widths.

        Args:
            dims: Width of each band.
            ratios: Penalties that every later band chooses from, in units of the first's.
            n_lags: Lags, when not the window's.
            kept: Principal components of each band, about; None = all dimensions.
        """
        return self.plan(sum(dims), n_lags, Bands(tuple(dims), combinations_of(len(dims), ratios)), kept)

    def fit(
        self,
        features: Mapping[str, NDArray[np.floating]] | Callable[[int], Mapping[str, NDArray[np.floating]]],
        dims: int,
        name: str,
        *,
        lags: NDArray[np.int64] | None = None,
        keep_weights: bool = False,
        identity: Mapping[str, Any] | None = None,
        whole: bool = False,
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
            whole: Fit the features as they are: they are parts of a space, to which ``components`` was applied when that was fitted.

        Raises:
            BrainalignError: The fit does not fit into this machine's memory.
        """
        window = self.lags if lags is None else lags
        components = None if whole else self.components
        kept = dims
        if components is not None:
            kept = about(features(0) if callable(features) else features, components)

        def plan_of(d: int, n: int) -> FitPlan:
            return self.plan(d, n, kept=None if components is None else [min(kept, d)])

        check_fits(plan_of, dims, len(window))
        plan = plan_of(dims, len(window))
        seconds = plan.seconds(self.arithmetic)
        if seconds > LONG and (name, plan.features) not in self._told:
            self._told.add((name, plan.features))
            log.info("plan for %s: %s; %.1f GiB, about %s", name, plan, plan.memory / GIB, duration(seconds))

        def make() -> OuterScores:
            return fit_outer(
                self.design, features, window, self.alphas, self.arithmetic, self.search, keep_weights, components
            )

        if self.store is None or identity is None:
            scores = make()
        else:
            key = self.key(identity=identity, lags=window, weights=keep_weights, whole=whole)
            scores = self.store.fit(key, name, make)
        if not whole:
            self.count(name, scores)
        return scores

    def count(self, name: str, scores: OuterScores) -> None:
        """Note how many components a fit was made on.

        Args:
            name: Of what was fitted.
            scores: Of all outer folds.
        """
        if self.components is not None:
            self.kept.setdefault(name, set()).update(np.unique(scores.components[scores.components > 0]).tolist())

    def rows_key(self, representation: Representation, layer: int) -> str:
        """What determines one layer on the frame grid, see :meth:`frames`.

        Args:
            representation: The model.
            layer: One of its layers.
        """
        joined = (
            [self.outcome.rule] if isinstance(representation, JoinedRepresentation) else []
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
        keep_weights: bool = False,
        reduction: Reduction | None = None,
    ) -> BandedScores:
        """Nested banded ridge TRFs of all electrodes: a penalty for each band of features; a long fit says its plan first.

        Args:
            bands: The features of each band, and the outer folds that they are for.
            dims: Width of each band, at most.
            ratios: Penalties that every later band chooses from, in units of the first's.
            name: Of the features, for the log.
            lags: In frames, when not the window's.
            keep_weights: Hand over the weights of every outer fold.
            reduction: Principal components that stand in the place of each band's features.

        Raises:
            BrainalignError: The fit does not fit into this machine's memory.
        """
        window = self.lags if lags is None else lags

        def plan_of(d: int, n: int) -> FitPlan:
            widths = [max(1, d * w // sum(dims)) for w in dims]
            kept = None if reduction is None else [min(q, w) for q, w in zip(reduction.kept, widths, strict=True)]
            return self.plan_banded(widths, ratios, n, kept)

        plan = plan_of(sum(dims), len(window))
        check_fits(plan_of, sum(dims), len(window))
        seconds = plan.seconds(self.arithmetic)
        if seconds > LONG:
            log.info("plan for %s: %s; %.1f GiB, about %s", name, plan, plan.memory / GIB, duration(seconds))
        components, copies = (None, None) if reduction is None else (reduction.components, reduction.copies)
        found = fit_banded(
            self.design, bands, len(dims), ratios, window, self.alphas, self.arithmetic, self.search, keep_weights,
            components, copies,
        )  # fmt: skip
        if reduction is not None:
            self.count(name, found.scores)
        return found
