"""The plan of a run: its stages with sizes, memory and time, from a few excerpts and a measured matrix rate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from brainalign.analysis.bands import own_lags
from brainalign.analysis.control_kinds import SPLITS
from brainalign.analysis.latency import window_lengths
from brainalign.analysis.models import Models
from brainalign.analysis.study import Study
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.encoding.plan import GIB, FitPlan
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.linalg.machine import matrix_rate
from brainalign.progress import duration
from brainalign.stats.partition import subsets

SPACES = ("cca", "decomposition", "convergence")
"""Analyses that fit the spaces of two models."""

NET = 0.02
"""Seconds of an elastic net of a few hundred trials, about: small beside what surrounds it."""

SHUFFLED = 400.0
"""Operations of a matrix product in whose time one element of a matrix is put into another order and multiplied, about."""

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


def plan_stages(study: Study, models: Models, analysis: str, options: Mapping[str, Any]) -> list[Stage]:
    """What a run will do, without doing it.

    Each model is asked for excerpts of its shortest stimuli, for its widths and its speed.

    Args:
        study: Data, window, folds and penalties.
        models: Of the run.
        analysis: Its kind: ``extract``, ``abx`` and ``ceiling`` encode nothing, ``reconstruction`` leaves each word
            out, ``latency`` fits single lags and windows too, ``cca`` the
            spaces of the first two models, ``decomposition`` what their shared space holds as well, ``variance_partition`` their
            combinations, ``convergence`` all of these.
        options: Of the analysis.
    """
    stages = []
    members: list[tuple[int, int]] = []  # (widest layer, layers) of each model
    for number, model in enumerate(() if analysis in ("ceiling", "power") else models):
        if isinstance(model, JoinedRepresentation):
            found, bands = _joined(study, model)
            stages += found
            members += bands
            continue
        widths, fixed, per_second = _probe(model)
        missing = model.missing
        total = sum(s.duration for s in model.stimuli.values())
        size = f"{len(missing)} of {len(model.layers)} layer(s), {len(model.stimuli)} stimuli, {total / 60:.1f} min of sound"
        stages.append(Stage(f"extract {model.name}", size, fixed + per_second * total if missing else 0.0))
        if analysis == "geometry":
            stages.append(_geometry(study, model.name, list(widths.values()), options))
        if analysis in ("extract", "abx", "reconstruction", "geometry") or model not in [
            *models.compared,
            *models.controls.values(),
        ]:
            continue
        plans, widest = [study.plan(d) for d in widths.values()], max(widths.values())
        members.append((widest, len(widths)))
        stages.append(_fits(study, f"fit {model.name}, {len(plans)} layer(s)", plans))
        leaking = (
            [c for c in options.get("controls", ()) if c in SPLITS] if model.name in (models.model.name, "oasm") else []
        )
        stages += [_fits(study, f"fit {model.name}, split: {split}", plans) for split in leaking]
        if analysis == "latency":
            lengths = [1] * len(study.lags) + window_lengths(len(study.lags))
            stages.append(
                _fits(study, f"fit {model.name}, single lags and windows", [study.plan(widest, n) for n in lengths])
            )
        if analysis in SPACES and number < 2:
            parts = [study.plan(widest)] * (4 * len(study.split.folds))
            label = f"fit {model.name} truncated, shared, rest and matched, at most"
            # a space belongs to one outer fold, which takes part in k - 1 of the k (k - 1) / 2 pairs
            stages.append(_fits(study, label, parts, share=2 / len(study.split.folds)))
    if analysis == "reconstruction":
        words = sum(len({p.stimulus for p in r.presentations}) for r in study.dataset.recordings)
        fits = words if options["leave"] == "word" else len(study.stimuli)
        size = f"{fits * len(models.compared)} elastic nets, one for each {options['leave']} left out, participant and model"
        stages.append(Stage("reconstruct trials", size, NET * fits * len(models.compared)))
    if analysis == "power":
        effects = sum(options[effect] is not None for effect in ("difference", "shared"))
        pilots = effects * (2 * options["sets"] * (1 + len(options["sentences"])) + options["check"])
        width = sum(next(iter(v.values())).shape[1] for v in (study.dataset.latents or {}).values())
        stages.append(_fits(study, f"fit {pilots} pilots", [study.plan(max(width, 1))] * (3 * pilots)))
    if analysis in ("decomposition", "convergence"):
        parts = [study.plan(options["k"])] * (6 * len(study.split.folds))
        stages.append(_fits(study, "fit what the shared space holds, at most", parts, share=2 / len(study.split.folds)))
    if analysis in ("variance_partition", "convergence"):
        sets = len(models.model.bands) if isinstance(models.model, JoinedRepresentation) else options["sets"]
        members = members[:sets]
        joint = [some for some in subsets(len(members)) if len(some) > 1]
        most = options["components"] or max(width for width, _ in members)
        plans = [study.plan_banded([min(members[n][0], most) for n in some], options["ratios"]) for some in joint]
        # where every outer fold has layers of its own, no two share a training set without two folds
        alone = any(layers > 1 for _, layers in members)
        label = f"fit combinations of {len(members)} sets" + (", at most" if alone else "")
        stages.append(_fits(study, label, plans, share=2 if alone else 1))
    return stages


def _joined(study: Study, model: JoinedRepresentation) -> tuple[list[Stage], list[tuple[int, int]]]:
    """Stages of a joined model, and (widest layer, layers) of each band."""
    stages, members = [], []
    for part in (band.representation for band in model.bands):
        widths, fixed, per_second = _probe(part)
        members.append((max(widths.values()), len(widths)))
        total = sum(s.duration for s in part.stimuli.values())
        size = f"{len(part.missing)} of {len(part.layers)} layer(s), {len(part.stimuli)} stimuli, {total / 60:.1f} min of sound"
        stages.append(Stage(f"extract {part.name}", size, fixed + per_second * total if part.missing else 0.0))
        if len(widths) > 1:
            stages.append(
                _fits(study, f"fit {part.name}, {len(widths)} layer(s)", [study.plan(d) for d in widths.values()])
            )
    dims, lags = [width for width, _ in members], own_lags(study, model.bands)
    if lags is not None:
        dims = [d * len(own) for d, own in zip(dims, lags, strict=True)]
    plan = study.plan_banded(dims, model.ratios, None if lags is None else 1)
    return [*stages, _fits(study, f"fit {model.name}, {len(dims)} bands", [plan])], members


def _geometry(study: Study, name: str, widths: list[int], options: Mapping[str, Any]) -> Stage:
    """Relations of one model's layers and their shuffles, which cost most; about as many for the regions."""
    rows, rate = (
        min(options["most"], sum(g.n for g in study.responses.grids.values())), matrix_rate("cpu", "float64"),
    )  # fmt: skip
    related = [m for m in options["measures"] if m in ("cka", "rsa", "knn")]
    matrices = len(widths) + len(study.regions) * len(study.dataset.recordings)
    operations = sum(2.0 * rows**2 * d for d in widths) * len(related)
    operations += options["draws"] * len(related) * matrices * rows**2 * SHUFFLED
    operations += (
        sum(12.0 * rows * d * min(rows, d) for d in widths) * len({"cca", "procrustes"} & set(options["measures"])) * 6
    )
    memory = 4 * matrices * rows**2 * 2
    return Stage(
        f"geometry of {name}",
        f"{len(widths)} layer(s), {rows} rows, {options['draws']} shuffles",
        operations / rate,
        memory,
    )


def _fits(study: Study, what: str, plans: list[FitPlan], share: float = 1.0) -> Stage:
    largest = max(plans, key=lambda plan: plan.cost)
    seconds = share * sum(plan.seconds(study.arithmetic) for plan in plans)
    return Stage(what, str(largest), seconds, max(plan.memory for plan in plans))


def _probe(model: Representation) -> tuple[dict[int, int], float, float]:
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
