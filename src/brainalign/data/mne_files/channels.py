"""Which of a file's channels record the brain, and how: its header, held against a table of channels beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from brainalign.data.electrodes.names import listed, matched_names
from brainalign.data.files.tsv import read_tsv
from brainalign.data.preprocessing.settings import OWN_RATE
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
        notes.append(f"{path}: {len(alike)} channels are spelt otherwise than in the recording ({listed(alike)}).")
    lost = [n for n in channels if n not in own.values()]
    if lost:
        notes.append(
            f"{path} says nothing of {len(lost)} of the {len(channels)} channels of {recording.name} ({listed(lost)}); they are what its "
            "header says, and good."
        )
    return said.assign(name=said["name"].map(own))


def channel_types(said: pd.DataFrame, header: Mapping[str, str], where: Path, notes: list[str]) -> dict[str, str]:
    """Channel -> its type as MNE calls it; a type that is none of BIDS's leaves the header's, and is told."""
    asked = dict(zip(said["name"], said["type"].str.strip().str.upper(), strict=True))
    strange = {n: t for n, t in asked.items() if t not in BIDS_TYPES and t not in ("", "N/A")}
    if strange:
        notes.append(
            f"{where}: {listed([f'{n} ({t})' for n, t in strange.items()])}: the type is none of BIDS's ({', '.join(BIDS_TYPES)}); the "
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


def own_rates(path: Path, names: Sequence[str]) -> dict[str, float]:
    """Samples per second at which each channel of an EDF or BDF file was recorded; MNE brings all to the highest.

    Args:
        path: The file; of other formats nothing is returned, their channels have one rate.
        names: Of its channels as MNE has them, in the order of the file.
    """
    if path.suffix.lower() not in (".edf", ".bdf"):
        return {}
    with path.open("rb") as file:
        head = file.read(256)
        count, seconds = int(head[252:256]), float(head[244:252])
        head = file.read(256 * count)
    labels = [head[16 * c : 16 * (c + 1)].decode("latin-1").strip() for c in range(count)]
    samples = [int(head[216 * count + 8 * c : 216 * count + 8 * (c + 1)]) for c in range(count)]
    kept = [n for label, n in zip(labels, samples, strict=True) if not label.endswith("Annotations")]
    return dict(zip(names, (n / seconds for n in kept), strict=True)) if len(kept) == len(names) and seconds > 0 else {}


def rates_beside(path: Path | None, names: Sequence[str], recording: Path) -> dict[str, float]:
    """The same by the column ``sampling_frequency`` of a table of channels, where it has one."""
    if path is None:
        return {}
    said = channels_beside(path, names, recording, [])
    if OWN_RATE not in said:
        return {}
    rates = pd.to_numeric(said[OWN_RATE], errors="coerce")
    return {n: float(r) for n, r in zip(said["name"], rates, strict=True) if r > 0}


def with_own_rates(
    table: pd.DataFrame, own: Mapping[str, float], rate: float, where: Path, notes: list[str]
) -> pd.DataFrame:
    """A channels table with the column ``sampling_frequency`` where a channel was recorded at less than the file's rate; and said."""
    slow = {n: own[n] for n in table["electrode"] if n in own and own[n] < rate * (1 - 1e-6)}
    if not slow:
        return table
    rates = ", ".join(f"{r:g}" for r in sorted(set(slow.values())))
    notes.append(
        f"{where.name}: {len(slow)} of {len(table)} channels ({listed(list(slow))}) were recorded at {rates} Hz, others of the file at "
        f"up to {rate:g} Hz; nothing above half of their own rate is in them."
    )
    return table.assign(**{OWN_RATE: [own.get(n, rate) for n in table["electrode"]]})
