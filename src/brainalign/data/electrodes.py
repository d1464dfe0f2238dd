"""Which electrodes of a data set take part, and under which region's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.responsive import responsive
from brainalign.data.types import Dataset, Recording
from brainalign.errors import BrainalignError, nearest


def choose_electrodes(
    dataset: Dataset,
    *,
    select: str = "all",
    level: float = 0.01,
    regions: Mapping[str, Sequence[str]] | None = None,
    hemispheres: str = "together",
) -> Dataset:
    """A data set of some of its electrodes, regions pooled or taken apart.

    Args:
        dataset: The whole.
        select: ``all``, or ``responsive``: those that pass :func:`responsive` at ``level`` over the participant's electrodes.
        level: Of that test.
        regions: New name -> regions that it pools; electrodes of regions that no name has are left out. None = as they are.
        hemispheres: ``together``, or ``apart``: ``STG L`` and ``STG R``.

    Raises:
        BrainalignError: A region that the data do not have or that two names claim, data without a baseline, or no electrode left.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=10, sentences=6, repeated=0)
        >>> chosen = choose_electrodes(data, regions={"temporal": ["STG", "MTG"]}, hemispheres="apart")
        >>> sorted(set(chosen.channels["region"])), len(chosen.channels)
        (['temporal L', 'temporal R'], 4)
    """
    name_of = _names(dataset, regions)
    recordings, notes = [], []
    for recording in dataset.recordings:
        chosen, note = _choose(recording, select, level, name_of, hemispheres)
        notes += note
        if chosen is not None:
            recordings.append(chosen)
    if not recordings:
        raise BrainalignError(
            f"electrodes: of the {len(dataset.channels)} electrodes of data set {dataset.name!r} none is left (electrodes.select={select}, "
            f"electrodes.level={level:g}, electrodes.regions={dict(regions) if regions else None}); loosen the choice."
        )
    return replace(dataset, recordings=recordings, notes=(*dataset.notes, *notes))


def _names(dataset: Dataset, regions: Mapping[str, Sequence[str]] | None) -> dict[str, str]:
    """Region -> the name that it is pooled under; checked."""
    present = list(dict.fromkeys(dataset.channels["region"]))
    if regions is None:
        return {region: region for region in present}
    found: dict[str, str] = {}
    for group, members in regions.items():
        for region in members:
            if region not in present:
                raise BrainalignError(
                    f"electrodes.regions.{group} names {region!r}, which data set {dataset.name!r} does not have; {nearest(region, present)}"
                )
            if region in found:
                raise BrainalignError(
                    f"electrodes.regions names {region!r} under {found[region]!r} and {group!r}; one is allowed."
                )
            found[region] = group
    return found


def _choose(
    recording: Recording, select: str, level: float, name_of: Mapping[str, str], hemispheres: str
) -> tuple[Recording | None, list[str]]:
    """A participant's chosen electrodes, or None; and what is told of them."""
    channels = recording.channels.reset_index(drop=True)
    keep, notes = channels["region"].isin(list(name_of)).to_numpy(), []
    if not keep.all():
        rest = ", ".join(dict.fromkeys(channels.loc[~keep, "region"]))
        notes.append(
            f"participant {recording.subject}: {int((~keep).sum())} of {len(keep)} electrodes lie in regions left out ({rest})."
        )
    if select == "responsive":
        channels = pd.concat([channels, responsive(recording)], axis=1)
        bound = level / len(channels)
        passes = (channels["responsive_p"] < bound).to_numpy()
        notes.append(
            f"participant {recording.subject}: {int(passes.sum())} of {len(passes)} electrodes are speech-responsive (two-sided paired t over "
            f"presentations, p < {level:g}/{len(passes)})."
        )
        keep = keep & passes
    places: NDArray[np.int64] = np.flatnonzero(keep)
    if not len(places):
        return None, [*notes, f"participant {recording.subject} has no electrode left and takes no part."]
    chosen = channels.iloc[places].reset_index(drop=True)
    chosen["region"] = chosen["region"].map(dict(name_of))
    if hemispheres == "apart":
        chosen["region"] = chosen["region"] + " " + chosen["hemisphere"].astype(str)
    presentations = [replace(p, response=p.response[:, places]) for p in recording.presentations]
    return replace(recording, channels=chosen, presentations=presentations), notes
