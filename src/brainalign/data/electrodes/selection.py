"""Which electrodes take part, and what their regions are called: selection, grouping, and hemispheres apart."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.responsive import speech_response
from brainalign.data.types import Dataset, Recording
from brainalign.errors import BrainalignError, nearest

SIDES = ("L", "R")

log = logging.getLogger(__name__)


def choose_electrodes(
    dataset: Dataset,
    select: str = "all",
    level: float = 0.01,
    regions: Mapping[str, Sequence[str]] | None = None,
    hemispheres: str = "together",
) -> Dataset:
    """The data set with the electrodes that take part, under the names of the regions that results are about.

    Electrodes are selected first, among all channels of a participant; then regions are grouped, then hemispheres told apart.

    Args:
        dataset: As read.
        select: ``all``, or ``responsive``: those with p < level / n by :func:`speech_response`, n being the participant's
            channels; the channels tables gain responsive_t and responsive_p.
        level: Of that test, before the correction.
        regions: Group -> the regions that it pools; channels of regions not named are left out. None: as they are.
        hemispheres: ``together``, or ``apart``: STG becomes ``STG L`` and ``STG R``.

    Returns:
        The data set itself where nothing was asked for. Otherwise one of another digest; its recordings' notes say what was
        kept of how much, and a participant without any electrode left is left out and named.

    Raises:
        BrainalignError: A region that the data do not have or that stands in two groups, data that the test cannot be made
            on, or no electrode left.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=10, sentences=6, repeated=0)
        >>> chosen = choose_electrodes(data, regions={"temporal": ["STG", "MTG"]}, hemispheres="apart")
        >>> chosen.channels.region.tolist(), chosen.recordings[0].presentations[0].response.shape[1]
        (['temporal L', 'temporal L', 'temporal R', 'temporal R'], 4)
        >>> chosen.recordings[0].notes
        ('participant sim01: 6 of 10 channels lie in regions that electrodes.regions does not name (A1, SMC, SMG) and are left out.',)
    """
    groups = None if regions is None else _group_of(regions, list(dict.fromkeys(dataset.channels["region"])))
    if select == "responsive":
        none = f"is speech-responsive (electrodes.level={level:g}); use electrodes=all, and check the onsets of the stimuli"
        dataset = _left(dataset, [_responsive(r, level) for r in dataset.recordings], none)
    if groups is not None:
        none = "that was selected lies in the regions of electrodes.regions; name others, or use electrodes=all"
        dataset = _left(dataset, [_grouped(r, groups) for r in dataset.recordings], none)
    if hemispheres == "apart":
        dataset = replace(dataset, recordings=[_apart(r) for r in dataset.recordings])
    return dataset


def select_channels(recording: Recording, keep: NDArray[np.bool_], channels: pd.DataFrame, note: str) -> Recording:
    """A recording with some of its channels, and a sentence on what became of the others.

    Args:
        recording: With n channels.
        keep: (n,).
        channels: (n rows) its channels table, with what was learned about them.
        note: The sentence.
    """
    if note:
        log.info(note)
    presentations = [replace(p, response=p.response[:, keep]) for p in recording.presentations]
    table = channels[keep].reset_index(drop=True)
    notes = (*recording.notes, note) if note else recording.notes
    return replace(recording, channels=table, presentations=presentations, notes=notes)


def _left(dataset: Dataset, recordings: Sequence[Recording], none: str) -> Dataset:
    """The participants who have an electrode left; who has none is named; ``none`` ends the sentence for nobody at all."""
    gone = [r for r in recordings if not len(r.channels)]
    if len(gone) == len(recordings):
        raise BrainalignError(f"no electrode of any participant of data set {dataset.name!r} {none}.")
    notes = tuple(f"{r.notes[-1].rstrip('.')}; the participant is left out." for r in gone)
    kept = [r for r in recordings if len(r.channels)]
    return replace(dataset, recordings=kept, notes=(*dataset.notes, *notes))


def _responsive(recording: Recording, level: float) -> Recording:
    table = speech_response(recording)
    n, used, heard = len(table), int(table["n_presentations"].max()), len(recording.presentations)
    keep = (table["responsive_p"] < level / n).to_numpy()  # NaN is not
    lost = "" if used == heard else f" of {heard}, the others not being recorded from 0.2 s before their onset on"
    note = (
        f"participant {recording.subject}: {int(keep.sum())} of {n} electrodes are speech-responsive (paired t of 150..1000 ms "
        f"against -200..100 ms over {used} presentations{lost}, p < {level:g}/{n})."
    )
    channels = recording.channels.assign(**{c: table[c].to_numpy() for c in ("responsive_t", "responsive_p")})
    return select_channels(recording, keep, channels, note)


def _group_of(regions: Mapping[str, Sequence[str]], known: Sequence[str]) -> dict[str, str]:
    """Region -> its group."""
    found: dict[str, str] = {}
    for group, members in regions.items():
        if not members:
            raise BrainalignError(f"electrodes.regions.{group} names no region; {nearest(group, known)}")
        for region in dict.fromkeys(members):
            if region not in known:
                raise BrainalignError(
                    f"electrodes.regions.{group} names the region {region!r}, which these data do not have; {nearest(region, known)}"
                )
            if region in found:
                raise BrainalignError(
                    f"electrodes.regions: region {region!r} stands in the groups {found[region]!r} and {group!r}; it can be in one."
                )
            found[region] = group
    if not found:
        raise BrainalignError(f"electrodes.regions={{}} names no group; null keeps all regions ({', '.join(known)}).")
    return found


def _grouped(recording: Recording, groups: Mapping[str, str]) -> Recording:
    own = recording.channels["region"]
    keep = own.isin(list(groups)).to_numpy()
    others = ", ".join(dict.fromkeys(own[~keep].astype(str)))
    out = int((~keep).sum())
    note = (
        f"participant {recording.subject}: {out} of {len(own)} channels {'lies' if out == 1 else 'lie'} in regions that electrodes.regions "
        f"does not name ({others}) and {'is' if out == 1 else 'are'} left out."
    )
    return select_channels(recording, keep, recording.channels.assign(region=own.map(groups)), note if out else "")


def _apart(recording: Recording) -> Recording:
    table = recording.channels
    side = table["hemisphere"].astype(str)
    known = side.isin(SIDES)
    region = table["region"].where(~known, table["region"].astype(str) + " " + side)
    note = (
        f"participant {recording.subject}: {int((~known).sum())} of {len(table)} channels have no hemisphere (L or R) and stand "
        "under their region's name alone."
    )
    everything = np.ones(len(table), dtype=bool)
    return select_channels(recording, everything, table.assign(region=region), "" if known.all() else note)
