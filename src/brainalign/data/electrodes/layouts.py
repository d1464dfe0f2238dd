"""Sensors on or around the head, whose places MNE's layouts and montages know by name: EEG caps and MEG helmets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SENSOR = "sensor"
"""Column of a channels table with MNE's type of the channel, where the file tells it."""

TYPES = ("eeg", "mag", "grad", "ecog", "seeg", "dbs", "hbo", "hbr")
"""What may stand there; anything else tells no type."""

MAGNETIC = frozenset({"mag", "grad"})
"""Those of magnetic sensors."""

MONTAGES = ("colin27_1005", "standard_1005")
"""MNE's places of the extended 10-20 system: the 21 names of the 10-20 system and all between; the second is the name before MNE 1.13."""

HELMETS = {
    "Vectorview-mag": "magnetometers", "Vectorview-grad": "gradiometers", "CTF275": "axial gradiometers", "CTF151": "axial gradiometers",
}  # fmt: skip
"""MNE's layouts of helmets, and what their sensors are; those of KIT and BTi number their sensors alike, so that a name tells no place."""

FEWEST, UNTOLD = 4, 8
"""Sensors that make a cap or a helmet, at least; and where no type is told: a depth electrode has contacts called C3 and F7, too."""

RADIUS = 0.09
"""Metres from the middle of the head to the outermost sensor of a helmet, as it is drawn."""


@dataclass(frozen=True)
class Sensors:
    """Sensors of one kind with their places.

    Attributes:
        kind: ``EEG electrodes``, ``magnetometers``, ``gradiometers`` (planar, in pairs) or ``axial gradiometers``.
        layout: MNE's name of where they are.
        electrodes: (n,) their names in the channels table.
        known: (n,) and in MNE.
        places: (n, 3) metres of a head, or (n, 2) of a flattened helmet; the two of a pair stand at one place.
    """

    kind: str
    layout: str
    electrodes: tuple[str, ...]
    known: tuple[str, ...]
    places: NDArray[np.float64]


def sensors_of(channels: pd.DataFrame) -> list[Sensors]:
    """The kinds of sensors among channels that MNE knows by name; none of ECoG or depth electrodes.

    Args:
        channels: With the column electrode, and ``sensor`` where the file told types; of several participants each name counts once.

    Example:
        >>> names = ["MEG 0111", "MEG 0112", "MEG0113", "MEG 0121", "MEG 0131", "MEG 0141", "MEG 0142", "MEG 0143", "STI"]
        >>> types = ["mag", "grad", "grad", "mag", "mag", "mag", "grad", "grad", "stim"]
        >>> found = sensors_of(pd.DataFrame({"electrode": names, "sensor": types}))
        >>> [(s.kind, len(s.electrodes)) for s in found]
        [('magnetometers', 4), ('gradiometers', 4)]
    """
    rows = channels.drop_duplicates("electrode")
    told = rows[SENSOR].astype(str).str.lower() if SENSOR in rows else pd.Series("", index=rows.index)
    types = dict(zip(rows["electrode"].astype(str), told.where(told.isin(TYPES), ""), strict=True))
    found = []
    cap = {e: _montage()[e.lower()] for e, kind in types.items() if kind in ("eeg", "") and e.lower() in _montage()}
    if _enough(cap, types):
        names = tuple(name for name, _ in cap.values())
        found.append(
            Sensors("EEG electrodes", "10-20 system", tuple(cap), names, np.array([p for _, p in cap.values()]))
        )
    left, helmets = dict(types), list(HELMETS)
    while helmets:
        fits = {name: _in_helmet(name, left) for name in helmets}
        # of those that know most of the channels the smallest
        best = max(helmets, key=lambda name: (len(fits[name]), -len(_helmet(name))))
        helmets.remove(best)
        if _enough(fits[best], types):
            own = fits[best]
            places = np.array([_helmet(best)[n] for n in own.values()])
            found.append(Sensors(HELMETS[best], best, tuple(own), tuple(own.values()), places))
            left = {e: kind for e, kind in left.items() if e not in own}
    return found


def _enough(own: Mapping[str, Any], types: Mapping[str, str]) -> bool:
    return len(own) >= (FEWEST if any(types[e] for e in own) else UNTOLD)


def _in_helmet(layout: str, types: Mapping[str, str]) -> dict[str, str]:
    """Channel -> its name in a layout, which has neither spaces nor what CTF writes behind a dash."""
    names = {e: e.replace(" ", "").split("-")[0].upper() for e, kind in types.items() if kind in ("mag", "grad", "")}
    return {e: name for e, name in names.items() if name in _helmet(layout)}


@cache
def montage() -> Any:
    """MNE's extended 10-20 system, under the name that it has there."""
    from mne.channels import get_builtin_montages, make_standard_montage

    return make_standard_montage(next(name for name in MONTAGES if name in get_builtin_montages()))


@cache
def _montage() -> Mapping[str, tuple[str, NDArray[np.float64]]]:
    """Name in small letters -> MNE's spelling and place."""
    return {name.lower(): (name, place) for name, place in montage().get_positions()["ch_pos"].items()}


@cache
def _helmet(layout: str) -> Mapping[str, NDArray[np.float64]]:
    """Name -> place, the middle of all at 0."""
    from mne.channels import read_layout

    found = read_layout(layout)
    names = [n.replace(" ", "").split("-")[0].upper() for n in found.names]
    places = found.pos[:, :2] + found.pos[:, 2:] / 2
    if HELMETS[layout] == "gradiometers":  # a layout has the two of a pair beside each other
        pairs = pd.DataFrame(places).groupby([n[:-1] for n in names]).transform("mean")
        places = pairs.to_numpy()
    sensors = np.array([n not in ("COMNT", "SCALE") for n in names])
    middle = (places[sensors].max(axis=0) + places[sensors].min(axis=0)) / 2
    half = (places[sensors].max(axis=0) - places[sensors].min(axis=0)) / 2
    scaled = RADIUS * (places - middle) / half  # a layout fills a page of any shape
    return {n: p for n, p, sensor in zip(names, scaled, sensors, strict=True) if sensor}
