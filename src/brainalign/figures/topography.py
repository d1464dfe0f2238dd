"""Maps of the head: values of EEG electrodes and MEG sensors where MNE's montages and layouts have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import count
from brainalign.data.electrodes.layouts import FEWEST, SENSOR, Sensors, montage, sensors_of
from brainalign.errors import BrainalignError
from brainalign.figures._tables import once, require
from brainalign.figures.style import DOUBLE, SINGLE, new_figure, style
from brainalign.figures.text import number, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

BAR, WIDEST = 0.9, 2.2
"""Inches that a colour bar takes with its label, and of the widest head."""

ACROSS = 4
"""Heads side by side, at most."""

LETTER = 6.0
"""Points of a letter of a title, about."""


def on_scalp(channels: pd.DataFrame) -> bool:
    """Whether a map of the head can be drawn: MNE knows the places of enough sensors, whose names tell what they are.

    Args:
        channels: With the column electrode, and sensor where the file told types.

    Example:
        >>> on_scalp(pd.DataFrame({"electrode": ["Fz", "Cz", "Pz", "Oz", "G17"], "sensor": "eeg"}))
        True
        >>> on_scalp(pd.DataFrame({"electrode": ["Fz", "Cz", "Pz", "Oz", "G17"], "sensor": "seeg"}))
        False
    """
    return bool(sensors_of(channels))


def topography(table: pd.DataFrame, value: str, *, label: str, by: str = "panel") -> tuple[Figure, str]:
    """Values on the head, a panel beside the other, in rows of at most four; each kind of sensor in rows and colours of its own.

    Planar gradiometers are drawn as the root mean square of each pair, as MNE does; a sensor without its pair is left out.

    Args:
        table: A row a panel and sensor: electrode, the value, and sensor (type) where it is told; where there is a column ``marked``, its
            sensors get a ring.
        value: Column.
        label: Of the colour bars.
        by: Column of the panels.

    Returns:
        The figure, and what its caption says of sensors: how many, of which layout, where each panel is largest, and how many are not
        shown.

    Raises:
        BrainalignError: A column is missing, a sensor stands twice in a panel, or MNE knows fewer than four of the sensors.

    Example:
        >>> rows = [("100 ms", e, float(e == "Cz"), "eeg") for e in ("Fz", "Cz", "Pz", "Oz", "T7")]
        >>> figure, said = topography(pd.DataFrame(rows, columns=["panel", "electrode", "w", "sensor"]), "w", label="weight")
        >>> said
        '5 EEG electrodes (places of the 10-20 system); largest at Cz (1.000).'
    """
    require(table, (by, "electrode", value), "topography")
    once(table, (by, "electrode"), "topography")
    kinds = sensors_of(table)
    if not kinds:
        raise BrainalignError(
            f"MNE knows the places of fewer than {FEWEST} of these {table['electrode'].nunique()} sensors by their names."
        )
    panels = list(dict.fromkeys(table[by]))
    lines = -(-len(panels) // ACROSS)
    columns = -(-len(panels) // lines)
    width = min(DOUBLE, BAR + WIDEST * columns) if len(panels) > 1 else SINGLE
    said = []
    with style():
        one = (width - BAR) / columns
        letters = max(12, int(72 * one / LETTER))
        figure, grid = new_figure(
            width, (one + 0.35) * len(kinds) * lines + 0.2, nrows=len(kinds) * lines, ncols=columns, squeeze=False
        )
        for row, sensors in enumerate(kinds):
            heads = grid[row * lines : (row + 1) * lines].ravel()
            for ax in heads[len(panels) :]:
                ax.axis("off")
            shown = {p: _values(table[table[by] == p], value, sensors) for p in panels}
            values = np.concatenate([v for v, *_ in shown.values()])
            top = max(float(np.abs(values).max(initial=0.0)), 1e-12)
            ends, cmap = ((-top, top), "RdBu_r") if (values < 0).any() else ((0.0, top), "viridis")
            for ax, panel in zip(heads, panels, strict=False):
                image = _head(ax, *shown[panel], ends, cmap)
                if len(panels) > 1 or len(kinds) > 1:
                    ax.set_title(wrap(f"{panel}, {sensors.kind}" if len(kinds) > 1 else str(panel), letters))
            bar = figure.colorbar(image, ax=list(heads), shrink=0.8)
            bar.set_label(wrap(f"{label}, rms of pairs" if sensors.kind == "gradiometers" else label, 24))
            said.append(_said(sensors, shown))
    known = {e for sensors in kinds for e in sensors.electrodes}
    away = table["electrode"].nunique() - len(known & set(table["electrode"]))
    return figure, "; ".join(said) + "." + (
        f" {away} sensors whose places MNE does not know are not shown." if away else ""
    )


def pattern_topography(patterns: pd.DataFrame) -> tuple[Figure, str]:
    """The participants' mean pattern of a decoder on the head, at the lag at which it is largest over the sensors.

    Args:
        patterns: A row a participant (subject), electrode and lag (lag_s), with the pattern, and the sensors' types where they are told.

    Returns:
        The figure and its caption, which states lag, largest electrode and n.

    Raises:
        BrainalignError: A column is missing, a row stands twice, or MNE knows too few of the electrodes.

    Example:
        >>> rows = [("p1", e, "eeg", lag, lag * (e == "Cz")) for e in ("Fz", "Cz", "Pz", "Oz", "T7") for lag in (0.0, 0.1)]
        >>> columns = ["subject", "electrode", "sensor", "lag_s", "pattern"]
        >>> figure, caption = pattern_topography(pd.DataFrame(rows, columns=columns))
        >>> print(caption[:72])
        Pattern of the decoder at 100 ms after the feature, where it is largest,
    """
    require(patterns, ("subject", "electrode", "lag_s", "pattern"), "decoding_patterns")
    once(patterns, ("subject", "electrode", "lag_s"), "decoding_patterns")
    known = {e for sensors in sensors_of(patterns) for e in sensors.electrodes}
    rows = patterns[patterns["electrode"].isin(known)] if known else patterns
    mean = rows.groupby(["electrode", "lag_s"], sort=False)["pattern"].mean().unstack()
    lag = float(np.sqrt((mean**2).mean()).idxmax())
    wide = patterns.groupby(["electrode", "lag_s"], sort=False)["pattern"].mean().unstack()[lag]
    table = wide.rename("pattern").reset_index().assign(panel=f"{1000 * lag:.0f} ms")
    if SENSOR in patterns:
        types = patterns.drop_duplicates("electrode").set_index("electrode")[SENSOR]
        table[SENSOR] = table["electrode"].map(types)
    figure, said = topography(table, "pattern", label="pattern (SD per SD)")
    people = patterns["subject"].nunique()
    return figure, (
        f"Pattern of the decoder at {1000 * lag:.0f} ms after the feature, where it is largest, mean over {count(people, 'participant')}: "
        f"{said}"
    )


def _values(rows: pd.DataFrame, value: str, sensors: Sensors) -> tuple[Array, Array, list[str], NDArray[np.bool_]]:
    """Values, places, names, and which are marked, of what is drawn of a panel; pairs of planar gradiometers as one."""
    place = dict(zip(sensors.electrodes, sensors.places, strict=True))
    name = dict(zip(sensors.electrodes, sensors.known, strict=True))
    own = rows[rows["electrode"].isin(place) & rows[value].notna()]
    found = pd.DataFrame(
        {"name": own["electrode"].map(name), "value": own[value].astype(float), "electrode": own["electrode"]}
    )
    found["marked"] = own["marked"].to_numpy(dtype=bool) if "marked" in own else False
    if sensors.kind == "gradiometers":
        found["pair"] = found["name"].str[:-1]
        found = found[found.groupby("pair")["name"].transform("nunique") == 2]
        found = found.assign(value=found["value"] ** 2).groupby("pair", sort=False).agg(
            name=("pair", "first"), value=("value", "mean"), electrode=("electrode", "first"), marked=("marked", "any")
        )  # fmt: skip
        found["value"] **= 0.5
    found = found.drop_duplicates("name")
    where = np.array([place[e] for e in found["electrode"]]).reshape(len(found), -1)
    return found["value"].to_numpy(), where, found["name"].tolist(), found["marked"].to_numpy(dtype=bool)


def _head(
    ax: Any, values: Array, places: Array, names: list[str], marked: NDArray[np.bool_], ends: Any, cmap: str
) -> Any:
    """One map, by MNE, which flattens the places of electrodes itself."""
    from mne import create_info
    from mne.viz import plot_topomap

    where: Any = places
    if places.shape[1] == 3:
        where = create_info(names, 1.0, "eeg", verbose="error").set_montage(montage(), match_case=False)
    ring = {"marker": "o", "markerfacecolor": "none", "markeredgecolor": "k", "markersize": 5, "linewidth": 0}
    kind = "eeg" if places.shape[1] == 3 else "mag"
    image, _ = plot_topomap(
        values, where, axes=ax, show=False, vlim=ends, cmap=cmap, ch_type=kind, mask=marked if marked.any() else None, mask_params=ring,
        sensors=len(names) < 150,
    )  # fmt: skip
    return image


def _said(sensors: Sensors, shown: dict[Any, tuple[Array, Array, list[str], NDArray[np.bool_]]]) -> str:
    """How many there are, of which layout, and where each panel is largest."""
    n = max(len(names) for _, _, names, _ in shown.values())
    what = f"{n} pairs of gradiometers" if sensors.kind == "gradiometers" else f"{n} {sensors.kind}"
    layout = "places of the 10-20 system" if sensors.kind == "EEG electrodes" else f"MNE's layout {sensors.layout}"
    if sensors.kind == "gradiometers":
        layout = f"root mean square; {layout}"
    largest = []
    for panel, (values, _, names, _) in shown.items():
        if len(values):
            most = int(np.abs(values).argmax())
            which = f"{panel}: " if len(shown) > 1 else ""
            largest.append(f"{which}{names[most]} ({number(float(values[most]))})")
    return f"{what} ({layout}); largest at {', '.join(largest)}"
