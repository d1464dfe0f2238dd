"""Which models and analyses a data set allows, and why not."""

from __future__ import annotations

import pandas as pd

from brainalign.analysis.geometry.rows import STIMULI
from brainalign.data.electrodes.responsive import BEFORE
from brainalign.data.frames.grid import SLOW
from brainalign.data.types import Dataset
from brainalign.models import lacking

FOLDS = 3
"""Stimuli that a split by stimulus needs at least."""

WORDS = 5
"""Words that a reconstruction needs at least."""

PEOPLE = 6
"""Participants from which on a sign-flip test can fall below .05: 2 / 2^6 = .031."""


def allowed(dataset: Dataset) -> pd.DataFrame:
    """Kinds of models and analyses.

    Args:
        dataset: As read.

    Returns:
        One row each: kind (model, analysis, option), name, allowed, reason (empty where all is well).

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=2, electrodes=4, sentences=6, repeated=0)
        >>> table = allowed(data).set_index("name")
        >>> bool(table.allowed["speech models"]), table.reason["ceiling"]
        (True, 'no stimulus was played twice to a participant, so no noise ceiling can be estimated.')
    """
    stimuli = list(dataset.stimuli.values())
    silent = sum(s.audio is None for s in stimuli)
    wordless = sum(s.timed_words.empty for s in stimuli)
    presentations = [p for r in dataset.recordings for p in r.presentations]
    slow = any(p.rate < SLOW for p in presentations)
    repeated = any(p.repeat > 0 for p in presentations)
    before = any(p.start <= BEFORE[0] + 1 / p.rate for p in presentations) and not slow
    people, n = len(dataset.recordings), len(stimuli)

    def lacks(count: int, what: str) -> str:
        return "" if count == 0 else f"{count} of {n} stimuli have no {what}."

    sound, words = lacks(silent, "sound"), lacks(wordless, "words")
    few = (
        f"{n} stimuli are too few for {FOLDS} folds of whole stimuli; encoding.split=blocks cuts long ones."
        if n < FOLDS
        else ""
    )
    both = sound or words
    alone = f"with {people} participant(s) a sign-flip test cannot fall below p = {2 / 2**people:.2g}; {PEOPLE} are needed for .05."
    early = f"nothing was recorded from {-BEFORE[0]:g} s before the onsets on, or too slowly."
    rows = [
        *(("model", family, reason) for family, reason in lacking(dataset).items()),
        ("analysis", "encoding", few),
        ("analysis", "ceiling", "" if repeated else "no stimulus was played twice to a participant, so no noise ceiling can be estimated."),
        ("analysis", "similarity, cca and convergence of a speech and a language model", both or few),
        ("analysis", "variance_partition", few),
        ("analysis", "geometry", f"{n} stimuli are fewer than the {STIMULI} that its nulls and intervals need." if n < STIMULI else ""),
        ("analysis", "decomposition", both or few),
        ("analysis", "latency", "one value takes longer than a word: latencies cannot be told." if slow else few),
        ("analysis", "reconstruction", "" if n >= WORDS else f"{n} stimuli are fewer than the {WORDS} words that are left out in turn."),
        ("option", "electrodes=responsive", "" if before else early),
        (
            "option",
            "tests over participants",
            "" if people >= PEOPLE else alone,
        ),
        ("option", "window=w400ms", "the recording is slower than 50 Hz; use window=fir_tr." if _slower(dataset) else ""),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["kind", "name", "reason"])
    table.insert(2, "allowed", table["reason"] == "")
    return table


def _slower(dataset: Dataset) -> bool:
    return any(p.rate < 50 * (1 - 1e-6) for r in dataset.recordings for p in r.presentations)
