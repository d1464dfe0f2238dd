"""Places that all participants share: sensors of one name, voxels or vertices that correspond, or regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from brainalign.data.electrodes.layouts import SENSOR, sensors_of
from brainalign.data.electrodes.names import listed
from brainalign.data.electrodes.table import UNKNOWN
from brainalign.data.fmri.geometry import VERTEX, VOXEL
from brainalign.data.fmri.mesh import FSAVERAGE5, fsaverage5
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.notes import changes, limits
from brainalign.stats import neighbours
from brainalign.study.study import Study

PLACE = ("x", "y", "z")


@dataclass(frozen=True)
class Places:
    """Where participants are averaged.

    Attributes:
        by: Column of the channels table that names them: ``electrode`` or ``region``.
        noun: What one is called.
        table: (places) rows, index 0..: what the channels table says of them; x, y and z are NaN where participants differ in them.
        subjects: The participants.
        columns: Of each participant, of each place: the columns of the responses that are averaged.
        adjacency: (places, places) of neighbours, sparse.
        near: Who are neighbours, in words.
    """

    by: str
    noun: str
    table: pd.DataFrame
    subjects: list[str]
    columns: list[list[NDArray[np.int64]]]
    adjacency: Any
    near: str

    @property
    def names(self) -> list[str]:
        """Of the places."""
        return [str(v) for v in self.table[self.by]]

    @property
    def shown(self) -> list[str]:
        """Columns of the table that stand in tables of results."""
        return [c for c in ("electrode", SENSOR, "region") if c in self.table]

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(participants, places, ...) of what each column of the responses has; within a region of those that have some (not NaN).

        Args:
            values: (C, ...).
        """
        return np.stack([np.stack([over_folds(values[own]) for own in mine]) for mine in self.columns])

    def without(self, lost: NDArray[np.bool_]) -> Places:
        """The places but for some.

        Args:
            lost: (places,) which ones.
        """
        kept = np.flatnonzero(~lost)
        return Places(
            self.by, self.noun, self.table.iloc[kept].reset_index(drop=True), self.subjects,
            [[mine[k] for k in kept] for mine in self.columns], sparse.csr_array(self.adjacency)[kept][:, kept], self.near,
        )  # fmt: skip


def shared_places(study: Study, notes: list[str]) -> Places:
    """The places of a study.

    Args:
        study: Its outcome says whether channels of one name correspond; of EEG and MEG sensors they do unless it denies that.
        notes: Gets a sentence on what is left out, and on why regions stand for channels.

    Raises:
        BrainalignError: There are neither places nor regions that all participants have.
    """
    channels, asked = study.channels.reset_index(drop=True), study.outcome.inter_subject
    people = [str(s) for s in dict.fromkeys(channels["subject"])]
    one_each = not channels.duplicated(["subject", "region"]).any() and not _unknown(channels)
    named = asked if asked is not None else len(people) == 1 or bool(sensors_of(channels))
    if named:
        return _by(study, channels, people, "electrode", notes)
    if _unknown(channels):
        raise BrainalignError(
            "analysis.kind=group_trf averages over participants where they share places, and these channels are each participant's own, "
            "without regions: name regions in the channels table (data.region), or say by ceiling.inter_subject=true that channels of "
            "one name are at one place."
        )
    if not one_each:
        notes.append(
            limits(
                f"{study.noun.capitalize()}s of different participants are not at one place, so that weights are averaged within each "
                "region of a participant first; ceiling.inter_subject=true says that those of one name correspond.",
                f"where within a region a response is, as {study.noun}s differ between participants",
            )
        )
    return _by(study, channels, people, "region", notes)


def _by(study: Study, channels: pd.DataFrame, people: list[str], by: str, notes: list[str]) -> Places:
    keys = channels[by].astype(str)
    own = [
        {
            str(name): np.asarray(at)
            for name, at in channels.index[channels["subject"] == s].groupby(keys[channels["subject"] == s]).items()
        }
        for s in people
    ]
    every = list(dict.fromkeys(keys))
    kept = [name for name in every if all(name in mine for mine in own) and not (by == "region" and name == UNKNOWN)]
    if not kept:
        raise BrainalignError(
            f"analysis.kind=group_trf: no {by} is there in all {len(people)} participants; {people[0]} has {listed(list(own[0]))}, "
            f"{people[-1]} {listed(list(own[-1]))}."
        )
    lost = [name for name in every if name not in kept]
    if lost:
        notes.append(
            changes(
                f"{len(lost)} of {len(every)} {by}s ({listed(lost)}) are not there in all {len(people)} participants and are left out."
            )
        )
    table = channels.drop_duplicates(by).set_index(keys[~channels.duplicated(by)]).loc[kept].reset_index(drop=True)
    if by == "region":
        table = table[["region"]]
        adjacency, near, noun = None, "regions have no neighbours", "region"
    else:
        if not _alike(channels, PLACE):
            table = table.assign(**dict.fromkeys(PLACE, np.nan))
        adjacency, near, noun = _neighbours(study, table, channels)
    empty = sparse.csr_array((len(kept), len(kept)), dtype=np.int64)
    return Places(
        by,
        noun,
        table,
        people,
        [[mine[name] for name in kept] for mine in own],
        empty if adjacency is None else adjacency,
        near,
    )


def _neighbours(study: Study, table: pd.DataFrame, channels: pd.DataFrame) -> tuple[Any, str, str]:
    """Adjacency, what it is in words, and what a place is called."""
    near = "those within 1.5 times the median distance to the nearest"
    kinds = sensors_of(table)
    if kinds:
        blocks, at = sparse.lil_array((len(table), len(table)), dtype=np.int64), table["electrode"].astype(str)
        for kind in kinds:
            rows = np.array([int(np.flatnonzero(at == e)[0]) for e in kind.electrodes])
            blocks[np.ix_(rows, rows)] = neighbours(kind.places).toarray()
        return blocks.tocsr(), f"{near} sensor of a kind, in MNE's layout", "sensor"
    if set(VOXEL) <= set(table) and _alike(channels, VOXEL):
        return neighbours(table[list(VOXEL)].to_numpy(dtype=np.float64), 1.0), "voxels that share a face", "voxel"
    if VERTEX in table and _alike(channels, (VERTEX, "hemisphere")):
        return (*_mesh(study, table), "vertex")
    places = table[list(PLACE)].to_numpy(dtype=np.float64)
    if np.isfinite(places).all() and len(np.unique(places, axis=0)) > 1:
        return neighbours(places), f"{near} {study.noun}", study.noun
    return None, f"{study.noun}s have no neighbours, as their places are not known", study.noun


def _mesh(study: Study, table: pd.DataFrame) -> tuple[Any, str]:
    """Vertices that an edge joins, where the mesh is at hand."""
    sizes = {getattr(r.geometry, "vertices", {}).get(h) for r in study.dataset.recordings for h in "LR"}
    if sizes != {FSAVERAGE5}:
        return None, f"vertices have no neighbours, as the mesh is not fsaverage5 ({FSAVERAGE5} vertices a hemisphere)"
    faces = fsaverage5()["L"].faces  # the two hemispheres have the same
    edges = np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    whole = sparse.coo_array((np.ones(len(edges), dtype=np.int64), edges.T), shape=(FSAVERAGE5, FSAVERAGE5)).tocsr()
    whole = ((whole + whole.T) > 0).astype(np.int64)
    vertex, side = table[VERTEX].to_numpy(dtype=np.int64), table["hemisphere"].to_numpy(dtype=str)
    found = whole[vertex][:, vertex].tocoo()
    same = side[found.row] == side[found.col]
    shape = (len(table), len(table))
    return sparse.csr_array(
        (found.data[same], (found.row[same], found.col[same])), shape=shape
    ), "vertices that an edge joins"


def _unknown(channels: pd.DataFrame) -> bool:
    return bool((channels["region"] == UNKNOWN).all())


def _alike(channels: pd.DataFrame, columns: Any) -> bool:
    """Whether channels of one name have the same values in all participants."""
    return bool((channels.groupby("electrode")[list(columns)].nunique(dropna=False) == 1).all(axis=None))
