"""Which of a file's channels record the brain, and how: its header, held against a table of channels beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from brainalign.data.electrode_names import matched_names, some
from brainalign.data.tsv import read_tsv
from brainalign.errors import BrainalignError, nearest

if TYPE_CHECKING:
    import mne

BRAIN = ("ecog", "seeg", "dbs", "eeg", "mag", "grad", "hbo", "hbr")
"""MNE's types of channels that record the brain."""

BIDS_TYPES = {
    **{kind: kind.lower() for kind in ("ECOG", "SEEG", "DBS", "EEG", "EOG", "ECG", "EMG")},
    **dict.fromkeys(("HEOG", "VEOG"), "eog"),
    **dict.fromkeys(("MEGMAG", "MEGGRADAXIAL"), "mag"),
    **dict.fromkeys(("MEGREFMAG", "MEGREFGRADAXIAL", "MEGREFGRADPLANAR"), "ref_meg"),
    **dict.fromkeys(
        (
            "AUDIO",
            "MISC",
            "REF",
            "OTHER",
            "ADC",
            "DAC",
            "PD",
            "EYEGAZE",
            "MEGOTHER",
            "PUPIL",
            "GSR",
            "TEMP",
            "RESP",
            "SYSCLOCK",
        ),
        "misc",
    ),
    "MEGGRADPLANAR": "grad",
    "TRIG": "stim",
}
"""BIDS's types of channels, and MNE's."""

VOLTS = {"ecog", "seeg", "dbs", "eeg"}
"""MNE's types that differ in the place of the electrode alone."""


def channels_beside(path: Path, channels: Sequence[str], recording: Path, notes: list[str]) -> pd.DataFrame:
    """A table of channels under the names that the recording has."""
    said = read_tsv(path, ["name"])
    twice = said["name"][said["name"].duplicated()]
    if len(twice):
        raise BrainalignError(
            f"{path}, line {twice.index[0]}: channel {twice.iloc[0]!r} is named twice; names must differ."
        )
    own = {theirs: ours for ours, theirs in matched_names(channels, said["name"].tolist()).items()}
    strange = [n for n in said["name"] if n not in own]
    if strange:
        raise BrainalignError(
            f"{path} names the channel {strange[0]!r}, which {recording.name} does not have; "
            f"{nearest(strange[0], channels)} ({len(strange)} such)"
        )
    if alike := [f"{ours} = {theirs}" for theirs, ours in own.items() if ours != theirs]:
        notes.append(f"{path}: {len(alike)} channels are spelt otherwise than in the recording ({some(alike)}).")
    lost = [n for n in channels if n not in own.values()]
    if lost:
        notes.append(
            f"{path} says nothing of {len(lost)} of the {len(channels)} channels of {recording.name} ({some(lost)}); they are what its "
            "header says, and good."
        )
    return said.assign(name=said["name"].map(own))


def told_types(said: pd.DataFrame, header: Mapping[str, str], where: Path, notes: list[str]) -> dict[str, str]:
    """Channel -> its type as MNE calls it; a type that is none of BIDS's leaves the header's, and is told."""
    asked = dict(zip(said["name"], said["type"].str.strip().str.upper(), strict=True))
    strange = {n: t for n, t in asked.items() if t not in BIDS_TYPES and t not in ("", "N/A")}
    if strange:
        notes.append(
            f"{where}: {some([f'{n} ({t})' for n, t in strange.items()])}: the type is none of BIDS's ({', '.join(BIDS_TYPES)}); the "
            "recording's header counts."
        )
    return {n: BIDS_TYPES.get(t, header[n]) for n, t in asked.items()}


def retype(raw: mne.io.BaseRaw, types: Mapping[str, str]) -> None:
    """Give channels of voltage their types: EDF has one for all. Magnetic sensors are what the header says."""
    own = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    raw.set_channel_types(
        {n: t for n, t in types.items() if t in VOLTS and own[n] != t and own[n] in VOLTS | {"misc", "bio"}},
        on_unit_change="ignore",
        verbose="error",
    )
