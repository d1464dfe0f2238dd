"""Which models and analyses a data set allows, and why not."""

from __future__ import annotations

from typing import cast

import pandas as pd

from brainalign.analysis._base import Analysis
from brainalign.counts import count
from brainalign.data.electrodes.responsive import BEFORE
from brainalign.data.facts import Facts
from brainalign.data.types import Dataset
from brainalign.models import lacking
from brainalign.registry import importable

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
    facts = Facts(dataset)
    people = facts.participants
    alone = f"with {count(people, 'participant')} a sign-flip test cannot fall below p = {2 / 2**people:.2g}; {PEOPLE} are needed for .05."
    early = f"nothing was recorded from {-BEFORE[0]:g} s before the onsets on, or too slowly."
    rows = [
        *(("model", family, reason) for family, reason in lacking(dataset).items()),
        *(("analysis", name, reason) for name, reason in _analyses(facts).items()),
        ("option", "electrodes=responsive", "" if facts.baseline else early),
        ("option", "tests over participants", "" if people >= PEOPLE else alone),
        ("option", "window=w400ms", _no_window(facts)),
    ]
    table = pd.DataFrame(rows, columns=["kind", "name", "reason"])
    table.insert(2, "allowed", table["reason"] == "")
    return table


def _no_window(facts: Facts) -> str:
    """Why lags of 20 ms are none."""
    if not facts.dataset.timed:
        return "there is one response a sentence, and no time; use window=sentence."
    return "the recording is slower than 50 Hz; use window=fir_tr." if facts.below(50) else ""


def _analyses(facts: Facts) -> dict[str, str]:
    """What is lacking for those of one data set: not the ones that look at other runs, and not those whose data are simulated."""
    classes, broken = importable("analysis")
    found = cast("dict[str, type[Analysis]]", classes)
    untimed = "" if facts.dataset.timed else "there is one response a sentence, and no time."
    return {
        name: (untimed if kind.needs.time else "") or kind.lacks(facts)
        for name, kind in found.items()
        if kind.needs.study and kind.needs.data
    } | broken
