"""The plan of a run: its stages with sizes, memory and time, from a few excerpts and a measured matrix rate."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.encoding.plan import GIB, FitPlan
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.progress import duration
from brainalign.spaces.variances import held_by
from brainalign.study.bands import own_lags
from brainalign.study.study import Study

ROWS_A_DIM, SPREAD = 3, 50
"""Rows a dimension in which a share of variance is looked at, of stimuli from so many places of the table."""

PROBED, EXCERPT = 4, 10.0
"""Stimuli, and seconds of each, from which a model's speed is estimated."""


BATCHED = 1.5
"""How much later than one excerpt alone the first of several comes where they are extracted together."""


@dataclass(frozen=True)
class Stage:
    """One line of a plan.

    Attributes:
        what: What is done.
        size: How much of it, in words.
        seconds: Estimated time.
        memory: Bytes at its peak; 0 where it is small beside the rest.
    """

    what: str
    size: str
    seconds: float
    memory: int = 0

    def cells(self) -> tuple[str, str, str, str]:
        """What a table shows of it."""
        memory = f"{self.memory / GIB:.1f} GiB" if self.memory else ""
        return self.what, self.size, memory, duration(self.seconds) if self.seconds else ""


@dataclass(frozen=True)
class Probed:
    """A model that was asked for a few excerpts.

    Attributes:
        model: Its representation.
        widths: Layer -> width.
        stage: Its extraction.
        kept: Layer -> principal components that stand in its place in the study's fits, about; the width where there are none.
    """

    model: Representation
    widths: Mapping[int, int]
    stage: Stage
    kept: Mapping[int, int]

    @property
    def widest(self) -> int:
        """Width of its widest layer."""
        return max(self.widths.values())

    @property
    def most(self) -> int:
        """Components of the layer that has most."""
        return max(self.kept.values())


def probe(model: Representation, components: float | None = None) -> Probed:
    """Ask a model for excerpts of its shortest stimuli, for its widths and its speed.

    Args:
        model: Its representation.
        components: That stand in the place of its features in the fits.
    """
    widths, fixed, per_second = _excerpts(model)
    missing = model.missing
    total = sum(s.duration for s in model.stimuli.values())
    heard = sum(s.duration for s in model.stimuli.values() if s.audio is not None)
    long = f"{heard / 60:.1f} min of sound" if heard else f"{sum(len(s.words) for s in model.stimuli.values())} words"
    size = f"{len(missing)} of {len(model.layers)} layer(s), {len(model.stimuli)} stimuli, {long}"
    stage = Stage(f"extract {model.name}", size, fixed + per_second * total if missing else 0.0)
    return Probed(model, widths, stage, components_of_layers(model, widths, components))


def components_of_layers(
    model: Representation, widths: Mapping[int, int], components: float | None
) -> Mapping[int, int]:
    """Layer -> principal components in the study's fits, about.

    A share of variance is looked at in the layers themselves where they are in the cache, else in as many stimuli as give
    ``ROWS_A_DIM`` rows a dimension.

    Args:
        model: Its representation.
        widths: Layer -> width.
        components: As asked for; None = all dimensions.
    """
    if components is None or components >= 1:
        return {n: min(d, int(components or d)) for n, d in widths.items()}
    if not model.missing:
        return {n: held_by((r.values for r in model.rows(n).values()), components) for n in widths}
    every, seen = list(model.stimuli.values()), dict.fromkeys(widths, 0)
    found: dict[int, list[NDArray[np.floating]]] = {n: [] for n in widths}
    spread = every[:: max(1, len(every) // SPREAD)]
    order = [*spread, *(s for s in every if s not in spread)]
    for _, rows in model.extractor.extract(order):
        for n in widths:
            found[n].append(rows[n].values)
            seen[n] += len(rows[n].values)
        if all(seen[n] >= ROWS_A_DIM * widths[n] for n in widths):
            break
    return {n: held_by(found[n], components) for n in widths}


def fit_stage(study: Study, probed: Probed, under: str = "") -> Stage:
    """Fits of all layers of a model in the whole window.

    Args:
        study: Data, window and folds.
        probed: The model.
        under: Name of another split than the study's.
    """
    kept = probed.kept if study.components is not None else {}
    plans = [study.plan(d, kept=[kept[n]] if kept else None) for n, d in probed.widths.items()]
    what = f"split: {under}" if under else f"{len(plans)} layer(s)"
    return fits(study, f"fit {probed.model.name}, {what}", plans)


def joined_stages(study: Study, model: JoinedRepresentation) -> tuple[list[Stage], list[Probed]]:
    """Extraction and layer choice of each band of a joined model, and their banded fit.

    Args:
        study: Data, window and folds.
        model: Several sets of features, each a band.

    Returns:
        The stages, and the bands with their widths.
    """
    bands = [probe(band.representation, study.components) for band in model.bands]
    stages = []
    for band in bands:
        stages.append(band.stage)
        if len(band.widths) > 1:
            stages.append(fit_stage(study, band))
    lags = own_lags(study, model.bands)
    copies = [1] * len(bands) if lags is None else [len(own) for own in lags]
    dims, kept = (
        [n * copy for n, copy in zip(of, copies, strict=True)]
        for of in ([band.widest for band in bands], [band.most for band in bands])
    )
    plan = study.plan_banded(
        dims, model.ratios, None if lags is None else 1, None if study.components is None else kept
    )
    return [*stages, fits(study, f"fit {model.name}, {len(dims)} bands", [plan])], bands


def fits(study: Study, what: str, plans: Sequence[FitPlan], share: float = 1.0) -> Stage:
    """Some fits as one line.

    Args:
        study: Whose arithmetic does them.
        what: They are.
        plans: Of each.
        share: Of their cost that is not shared with other fits.
    """
    largest = max(plans, key=lambda plan: plan.cost)
    seconds = share * sum(plan.seconds(study.arithmetic) for plan in plans)
    return Stage(what, str(largest), seconds, max(plan.memory for plan in plans))


def _excerpts(model: Representation) -> tuple[dict[int, int], float, float]:
    """Width of every layer, seconds that an extraction costs whatever its length (a file that is read), and seconds a second of stimulus.

    A few short excerpts are extracted, one alone and all together. What is fixed has passed when the first of all comes; the time to the
    others is theirs. Only where the first comes much later than one alone does (a batch) the times of both are held against each other:
    two loadings differ by more than short excerpts cost.
    """
    shortest = sorted(model.stimuli.values(), key=lambda s: s.duration)[:PROBED]
    excerpts = [_excerpt(s) for s in shortest]
    ((_, rows),) = model.extractor.extract(excerpts[:1])  # pays for what is loaded once a process
    (one,), (first, *others) = _arrivals(model, excerpts[:1]), _arrivals(model, excerpts)
    longer, begin = sum(s.duration for s in excerpts[1:]), max(excerpts[0].duration, 1e-9)
    if not longer:
        return {n: r.values.shape[1] for n, r in rows.items()}, 0.0, one / begin
    every = others[-1] if others else first
    per_second = ((every - one) if first > BATCHED * one else (every - first)) / longer
    return {n: r.values.shape[1] for n, r in rows.items()}, max(one - per_second * begin, 0.0), per_second


def _arrivals(model: Representation, excerpts: list[Stimulus]) -> list[float]:
    """Seconds after which each of some excerpts has been extracted, in one extraction."""
    start = time.perf_counter()
    return [time.perf_counter() - start for _ in model.extractor.extract(excerpts)]


def _excerpt(stimulus: Stimulus) -> Stimulus:
    """The begin of a stimulus, with the words and phones that end in it."""
    end = min(stimulus.duration, EXCERPT)
    audio = None if stimulus.audio is None else Audio(samples=stimulus.audio.load()[: round(end * RATE)])
    words, phones = (
        table[table["offset"] <= end].reset_index(drop=True) for table in (stimulus.words, stimulus.phones)
    )
    return replace(stimulus, duration=end, words=words, phones=phones, audio=audio)
