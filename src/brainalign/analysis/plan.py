"""The plan of a run: its stages with sizes, memory and time, from one stimulus and a measured matrix rate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from brainalign.analysis.study import Study
from brainalign.encoding.plan import GIB, FitPlan
from brainalign.features.representation import Representation
from brainalign.progress import duration


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


def plan_stages(
    study: Study, models: Sequence[Representation], spaces: Sequence[Representation], encodes: bool = True
) -> list[Stage]:
    """What a run will do, without doing it.

    Each model is asked for its shortest stimulus, for its widths and its speed.

    Args:
        study: Data, window, folds and penalties.
        models: Those that go through the TRF whole, every layer.
        spaces: Those of which truncated, shared and rest go through it too.
        encodes: Whether anything goes through the TRF at all.
    """
    stages = []
    for model in models:
        widths, per_second = _probe(model)
        missing = model.missing
        total = sum(s.duration for s in model.stimuli.values())
        size = f"{len(missing)} of {len(model.layers)} layer(s), {len(model.stimuli)} stimuli, {total / 60:.1f} min of sound"
        stages.append(Stage(f"extract {model.name}", size, per_second * total if missing else 0.0))
        if not encodes:
            continue
        plans = [study.plan(d) for d in widths.values()]
        stages.append(_fits(study, f"fit {model.name}, {len(plans)} layer(s)", plans))
        if model in spaces:
            parts = [study.plan(max(widths.values()))] * (3 * len(study.split.folds))
            label = f"fit {model.name} truncated, shared and rest, at most"
            # a space belongs to one outer fold, which takes part in k - 1 of the k (k - 1) / 2 pairs
            stages.append(_fits(study, label, parts, share=2 / len(study.split.folds)))
    return stages


def _fits(study: Study, what: str, plans: list[FitPlan], share: float = 1.0) -> Stage:
    largest = max(plans, key=lambda plan: plan.cost)
    seconds = share * sum(plan.seconds(study.arithmetic) for plan in plans)
    return Stage(what, str(largest), seconds, max(plan.memory for plan in plans))


def _probe(model: Representation) -> tuple[dict[int, int], float]:
    """Width of every layer, and seconds of work a second of stimulus, from the shortest stimulus."""
    shortest = min(model.stimuli.values(), key=lambda s: s.duration)
    for _ in range(2):  # the first time pays for loading
        start = time.perf_counter()
        _, rows = next(iter(model.extractor.extract([shortest])))
        seconds = time.perf_counter() - start
    return {n: r.values.shape[1] for n, r in rows.items()}, seconds / max(shortest.duration, 1e-9)
