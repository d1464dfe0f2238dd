"""The triplets of a study, and what each layer of a model makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.stimuli.triplets import ROLES, make_triplets, read_triplets
from brainalign.errors import BrainalignError
from brainalign.features.base import Rows
from brainalign.features.phones.inventories import INVENTORIES, inventory_if_known
from brainalign.features.representation import Representation
from brainalign.linalg.dtw import pair_distances
from brainalign.progress import track
from brainalign.stats.abx import correct
from brainalign.study.study import Study

STRETCH = ("stimulus", "onset", "offset")


def triplets_of(study: Study, source: str, n: int) -> pd.DataFrame:
    """Triplets of a table, or made from the phones of the stimuli.

    Args:
        study: Its stimuli, and the seed of what is drawn.
        source: ``auto`` or a file; see :mod:`brainalign.data.stimuli.triplets`.
        n: Triplets at most, where they are made.
    """
    stimuli = study.dataset.stimuli
    if source != "auto":
        return read_triplets(source, stimuli)
    phones = pd.concat([s.phones.assign(stimulus=s.id) for s in stimuli.values()], ignore_index=True)
    inventory = inventory_if_known(study.dataset.phones) or INVENTORIES["cmu39"]
    folded = phones["phone"].map(lambda p: p if (f := inventory.folded(p)) is None else f)  # stress is no contrast
    return make_triplets(phones.assign(phone=folded)[folded != ""], n, study.seed)


def with_frames(models: Sequence[Representation], table: pd.DataFrame, notes: list[str], source: str) -> pd.DataFrame:
    """The triplets whose three stretches hold a frame of every model, so that models are compared on the same ones.

    Args:
        models: A frame belongs to a stretch whose onset <= centre < offset.
        table: Of triplets.
        notes: Gets a sentence that names the first stretch without a frame and counts the triplets that are left out.
        source: The table's name, for the sentence.

    Raises:
        BrainalignError: None is left.
    """
    stretches, roles = _stretches(table)
    kept = np.ones(len(table), dtype=bool)
    for model in models:
        rows = model.rows(model.layers[0])
        found = np.array([_frames(rows, *s) for s in stretches])
        empty = np.flatnonzero(found[:, 1] <= found[:, 0])
        lost = np.isin(roles, empty).any(axis=1)
        if not lost.any():
            continue
        first = int(np.flatnonzero(lost)[0])
        at = int(np.flatnonzero(np.isin(roles[first], empty))[0])
        name, onset, offset = stretches[roles[first, at]]
        sentence = (
            f"analysis.triplets={source}: {lost.sum()} of {len(table)} triplets have an interval without a frame of {model.name}, "
            "the first "
            f"{ROLES[at]} of triplet {table['triplet'].iloc[first]!r} ({name!r}, {onset:g} to {offset:g} s)"
        )
        kept &= ~lost
        if not kept.any():
            raise BrainalignError(f"{sentence}; none is left: intervals must hold the centre of a frame.")
        notes.append(f"{sentence}; they are left out.")
    return table[kept].reset_index(drop=True)


def layer_deltas(model: Representation, table: pd.DataFrame, distance: str) -> pd.DataFrame:
    """Distances of every triplet in every layer.

        delta = d(B, X) - d(A, X)

    Args:
        model: Its frames.
        table: Of triplets, each with frames.
        distance: Of frames; see :func:`brainalign.linalg.dtw.frame_distances`.

    Returns:
        One row a (layer, triplet): model, layer, triplet, language, contrast, distance_ax, distance_bx, delta, correct.
    """
    stretches, roles = _stretches(table)
    wanted = np.concatenate([roles[:, [0, 2]], roles[:, [1, 2]]])
    pairs, back = np.unique(wanted, axis=0, return_inverse=True)  # what is the same is one distance, to the last bit
    parts = []
    for layer in track(model.layers, f"ABX in {model.name}"):
        rows = model.rows(layer)
        segments = [rows[s].values[slice(*_frames(rows, s, a, b))] for s, a, b in stretches]
        near, far = pair_distances(segments, pairs, distance)[back.ravel()].reshape(2, -1)
        found = table[["triplet", "language", "contrast"]].assign(
            distance_ax=near, distance_bx=far, delta=far - near, correct=correct(far - near)
        )
        found.insert(0, "layer", layer)
        parts.append(found)
    whole = pd.concat(parts, ignore_index=True)
    whole.insert(0, "model", model.name)
    return whole


def _stretches(table: pd.DataFrame) -> tuple[list[tuple[str, float, float]], NDArray[np.int64]]:
    """Different stretches; (triplets, 3) the numbers of A's, B's and X's."""
    every = pd.concat(
        [table[[r, f"{r}_onset", f"{r}_offset"]].set_axis(list(STRETCH), axis=1) for r in ROLES], ignore_index=True
    )
    number = every.groupby(list(STRETCH), sort=False).ngroup().to_numpy(dtype=np.int64)
    first = every.drop_duplicates(list(STRETCH))
    return list(first.itertuples(index=False, name=None)), number.reshape(len(ROLES), -1).T


def _frames(rows: Mapping[str, Rows], stimulus: str, onset: float, offset: float) -> tuple[int, int]:
    """First frame whose centre lies in the interval, and the first after it."""
    begin, end = np.searchsorted(rows[stimulus].onset, [onset, offset])
    return int(begin), int(end)
