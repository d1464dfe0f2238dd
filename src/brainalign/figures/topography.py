"""Patterns of a decoder on the scalp, where MNE's layouts know the electrodes by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from brainalign.errors import BrainalignError
from brainalign.figures._tables import once, require
from brainalign.figures.style import SINGLE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MONTAGES = ("colin27_1005", "standard_1005")
"""MNE's places of the extended 10-20 system: the 21 names of the 10-20 system and all between; the second is the name before MNE 1.13."""

FEWEST = 4
"""Electrodes of known places that a map of the scalp is drawn from, at least."""


def on_scalp(electrodes: Iterable[str]) -> dict[str, str]:
    """Those electrodes whose places MNE knows, with its spelling.

    Args:
        electrodes: Names, in any case.

    Example:
        >>> on_scalp(["CZ", "fp1", "G17"])
        {'CZ': 'Cz', 'fp1': 'Fp1'}
    """
    known = {name.lower(): name for name in _montage().ch_names}
    return {e: known[e.lower()] for e in electrodes if e.lower() in known}


def pattern_topography(patterns: pd.DataFrame) -> tuple[Figure, str]:
    """The participants' mean pattern on the scalp, at the lag at which it is largest over the electrodes.

    Args:
        patterns: A row a participant (subject), electrode and lag (lag_s), with the pattern.

    Returns:
        The figure and its caption, which states lag, largest electrode and n.

    Raises:
        BrainalignError: A column is missing, a row stands twice, or MNE knows fewer than four of the electrodes.

    Example:
        >>> rows = [("p1", e, lag, lag * (e == "Cz")) for e in ("Fz", "Cz", "Pz", "Oz", "T7") for lag in (0.0, 0.1)]
        >>> figure, caption = pattern_topography(pd.DataFrame(rows, columns=["subject", "electrode", "lag_s", "pattern"]))
        >>> print(caption[:72])
        Pattern of the decoder at 100 ms after the feature, where it is largest,
    """
    require(patterns, ("subject", "electrode", "lag_s", "pattern"), "decoding_patterns")
    once(patterns, ("subject", "electrode", "lag_s"), "decoding_patterns")
    places = on_scalp(dict.fromkeys(patterns["electrode"].astype(str)))
    if len(set(places.values())) < FEWEST:
        raise BrainalignError(
            f"MNE knows the places of {len(places)} electrodes; a map of the scalp needs {FEWEST} at least."
        )
    from mne import create_info
    from mne.viz import plot_topomap

    shown = patterns[patterns["electrode"].isin(places)]
    wide = shown.assign(electrode=shown["electrode"].map(places)).pivot_table("pattern", "electrode", "lag_s")
    lag = float(np.sqrt((wide**2).mean()).idxmax())
    values = wide[lag].to_numpy(dtype=np.float64)
    info = create_info(list(wide.index), 1.0, "eeg").set_montage(_montage())
    top = max(float(np.abs(values).max()), 1e-12)
    ends, cmap = ((-top, top), "RdBu_r") if (values < 0).any() else ((0.0, top), "viridis")
    with style():
        figure, ax = new_figure(SINGLE, 2.8)
        image, _ = plot_topomap(values, info, axes=ax, show=False, vlim=ends, cmap=cmap)
        figure.colorbar(image, ax=ax, shrink=0.8).set_label("pattern (SD per SD)")
    people, left = patterns["subject"].nunique(), patterns["electrode"].nunique() - len(places)
    away = f" {left} electrodes whose places MNE does not know are not shown." if left else ""
    most = int(np.abs(values).argmax())
    caption = (
        f"Pattern of the decoder at {1000 * lag:.0f} ms after the feature, where it is largest, mean over {people} participant(s), on "
        f"{len(values)} electrodes at their places in MNE's 10-20 system; largest at {wide.index[most]} ({values[most]:.3f}).{away}"
    )
    return figure, caption


def _montage() -> Any:
    """MNE's, under the name that it has there."""
    from mne.channels import get_builtin_montages, make_standard_montage

    return make_standard_montage(next(name for name in MONTAGES if name in get_builtin_montages()))
