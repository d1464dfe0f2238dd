"""Names that a data set brings, made fit for results before any work: none takes the place of one of ours, or of another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from brainalign.counts import count
from brainalign.data.electrodes.table import ABSENT, UNKNOWN
from brainalign.data.fmri.geometry import VERTEX, VOXEL
from brainalign.data.types import CHANNEL_COLUMNS, Dataset, Recording
from brainalign.errors import BrainalignError

ALL = "all"
"""The region of a figure over all electrodes."""

OF_GEOMETRY = ("all electrodes", "all channels", "between models")
"""What stands for a region in tables of geometry, where a row is about all, or about no brain."""

GROUP = "group"
"""The participant of a table or map over all of them."""

RESERVED = frozenset(
    (
        "model", "model_a", "model_b", "space", "rule", "sets", "part", "contrast", "test", "score", "control", "regime", "group", "all",
        "r", "r_pooled", "r2", "r2_pearson", "r2_repeated", "r_normalized", "r2_normalized", "r2_pearson_normalized",
        "r2_repeated_normalized", "ccnorm", "similarity", "similarity_partial", "similarity_null",
    "similarity_normalized", "similarity_partial_normalized", "r2_planted", "r2_normalized_planted",
        "alpha", "alpha_at_edge", "alpha_model", "alpha_partner", "alpha_baseline", "layer", "best_layer", "preferred_layer",
        "centre_of_mass", "constant_folds", "n_frames", "n_folds",
        "flat_folds", "independent_shifts", "folds_missing", "folds_missing_partial", "p", "p_permutation", "p_fdr",
        "ceiling", "ceiling_low", "ceiling_high", "ceiling_n", "ceiling_n_low", "ceiling_n_high",
        "signal_power", "noise_power", "split_half",
        "leave_one_out", "inter_subject", "n_repeats", "n_stimuli", "n_repeated_stimuli", "preferred layer",
        "why", "mean", "median", "n", "n_participants", "n_dropped", "peak_s",
        "lag_s", "window_s", "n_lags", "weight", "value", "mean_a", "mean_b", "responsive_t", "responsive_p",
    )
)  # fmt: skip
"""Columns that tables of results have beside those of the channels; a column of the lab's own of such a name gets PREFIX before it."""

PREFIX = "channel_"


def rename_reserved_columns(dataset: Dataset) -> Dataset:
    """The data set as read, its channels tables with regions that are text and columns of the lab's own beside ours.

    Args:
        dataset: As a reader gives it.

    Raises:
        BrainalignError: Two participants or two electrodes of one have the same name, or one has none.
    """
    people = [r.subject for r in dataset.recordings]
    for who in people:
        if not str(who).strip() or people.count(who) > 1:
            raise BrainalignError(
                f"data set {dataset.name!r} has {count(people.count(who), 'participant')} called {who!r}; names must differ."
            )
    fitted = [_fit(r) for r in dataset.recordings]
    renamed = sorted({name for _, names in fitted for name in names})
    recordings = _of_one_kind([r for r, _ in fitted])
    note = (
        f"Columns of the channels table that have names of ours stand as {', '.join(PREFIX + name for name in renamed)}.",
    )
    return replace(dataset, recordings=recordings, notes=(*dataset.notes, *(note if renamed else ())))


def rename_reserved_labels(dataset: Dataset) -> Dataset:
    """The data set with no region called ``all``, or what else stands for all electrodes in tables, and no participant called ``group``.

    Args:
        dataset: With the regions that results are about.
    """
    notes: list[str] = []
    for column, ours in (*(("region", name) for name in (ALL, *OF_GEOMETRY)), ("subject", GROUP)):
        dataset, said = _without(dataset, column, ours)
        notes += said
    return replace(dataset, notes=(*dataset.notes, *notes)) if notes else dataset


def _without(dataset: Dataset, column: str, ours: str) -> tuple[Dataset, list[str]]:
    """Give what has one of our names another; and the sentence on it."""
    names = list(dict.fromkeys(str(v) for r in dataset.recordings for v in r.channels[column]))
    if ours not in names:
        return dataset, []
    what = {"region": "region", "subject": "participant"}[column]
    told = _free(f"{ours} ({what})", names)
    recordings = [
        replace(
            r,
            subject=told if column == "subject" and r.subject == ours else r.subject,
            channels=r.channels.assign(**{column: r.channels[column].replace(ours, told)}),
        )
        for r in dataset.recordings
    ]
    return replace(dataset, recordings=recordings), [
        f"The {what} {ours!r} stands as {told!r}: {ours!r} is {'all of them' if ours in (ALL, GROUP) else 'a name of geometry'}."
    ]


def _fit(recording: Recording) -> tuple[Recording, list[str]]:
    """A recording with names that results can have, and the columns that were renamed."""
    table, own = recording.channels.copy(), recording.subject
    table["region"] = [UNKNOWN if str(v).strip().lower() in ABSENT else _line(v) for v in table["region"]]
    table["electrode"] = [_line(v) for v in table["electrode"]]
    twice = table["electrode"][table["electrode"].duplicated()]
    if len(twice):
        raise BrainalignError(f"participant {own}: electrode {twice.iloc[0]!r} is named twice; names must differ.")
    if not all(table["electrode"]):
        raise BrainalignError(f"participant {own}: an electrode has no name; each needs one of its own.")
    kept = {*CHANNEL_COLUMNS, *VOXEL, VERTEX, "status"}
    columns: list[str] = []
    renamed: list[str] = []
    for column in map(str, table.columns):
        name = column if column in kept or column not in RESERVED else PREFIX + column
        if name != column:
            renamed.append(column)
        columns.append(_free(name, columns))
    table.columns = pd.Index(columns)
    return replace(recording, channels=table), renamed


def _of_one_kind(recordings: Sequence[Recording]) -> list[Recording]:
    """All text in columns that are text anywhere: numbers among text would end the run as its tables are written."""
    tables = [r.channels for r in recordings]
    texts = {name for t in tables for name in t.columns if not pd.api.types.is_numeric_dtype(t[name].dtype)} - {
        "x",
        "y",
        "z",
    }
    return [
        replace(
            r, channels=t.assign(**{n: [None if pd.isna(v) else str(v) for v in t[n]] for n in t.columns if n in texts})
        )
        for r, t in zip(recordings, tables, strict=True)
    ]


def _line(value: object) -> str:
    """A name in one line, without signs that no file and no figure can hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, or with a number behind it where it is taken.

    Example:
        >>> _free("a", ["a", "a 2"])
        'a 3'
    """
    known, n, free = set(taken), 1, name
    while free in known:
        n += 1
        free = f"{name} {n}"
    return free
