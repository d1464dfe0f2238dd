"""Maps of the head: the planted sensor at the planted lag, helmets by MNE's layouts, and names that MNE does not know."""

import mne
import numpy as np
import pandas as pd
import pytest

from brainalign.data.electrodes.layouts import sensors_of
from brainalign.errors import BrainalignError
from brainalign.figures import cluster_map, on_scalp, pattern_topography, topography


def planted(names, **more):
    rows = [(p, e, lag, (lag == 0.1) * (e.lower() == "cz") - 0.1) for p in "ab" for e in names for lag in (0.0, 0.1)]
    return pd.DataFrame(rows, columns=["subject", "electrode", "lag_s", "pattern"]).assign(**more)


def helmet(name):
    return mne.channels.read_layout(name).names


def images(figure):
    return [i for ax in figure.axes for i in ax.images]


def test_the_lag_and_electrode_of_the_largest_pattern_are_shown():
    table = planted(["Fp1", "FZ", "CZ", "Pz", "O1", "T7", "EXG1"], sensor="eeg")
    figure, caption = pattern_topography(table)
    assert "at 100 ms" in caption and "largest at Cz (0.900)" in caption and "1 sensors whose places" in caption
    assert images(figure)[0].get_clim() == pytest.approx((-0.9, 0.9))


def test_electrodes_of_unknown_places_and_contacts_called_like_electrodes_are_no_cap():
    depth = pd.DataFrame({"electrode": ["C3", "C4", "F7", "F8", "O1"]})
    assert not on_scalp(pd.DataFrame({"electrode": ["G1", "G2"]})) and not on_scalp(depth)
    assert on_scalp(depth.assign(sensor="EEG")) and not on_scalp(depth.assign(sensor="seeg"))
    with pytest.raises(BrainalignError, match="MNE knows the places of fewer than 4 of these 4 sensors"):
        pattern_topography(planted(["G1", "G2", "G3", "G4"]))


def test_magnetometers_and_pairs_of_gradiometers_are_drawn_apart_each_in_its_colours():
    names = helmet("Vectorview-all")
    value = [{"1": -5.0, "2": 3.0, "3": -4.0}[n[-1]] * (n[-4:-1] in ("021", "022")) for n in names]
    table = pd.DataFrame({"electrode": names, "w": value, "panel": "100 ms"})
    figure, said = topography(table, "w", label="weight")
    assert "102 magnetometers (MNE's layout Vectorview-mag)" in said
    assert (
        "102 pairs of gradiometers (root mean square; MNE's layout Vectorview-grad); largest at MEG021 (3.536)" in said
    )
    clims = sorted(i.get_clim() for i in images(figure))
    np.testing.assert_allclose(clims, [(-5, 5), (0, np.sqrt((9 + 16) / 2))])  # rms has no sign
    one = table[table["electrode"] != "MEG 0213"]
    assert "101 pairs" in topography(one, "w", label="weight")[1]


def test_places_are_those_of_mne():
    """Left stays left, front stays front, and the two of a pair stand at one place."""
    found = {
        s.kind: dict(zip(s.known, s.places, strict=True))
        for s in sensors_of(pd.DataFrame({"electrode": helmet("Vectorview-all")}))
    }
    mag, grad = found["magnetometers"], found["gradiometers"]
    assert (
        mag["MEG0111"][0] < -0.06
        and mag["MEG1421"][0] > 0.06
        and mag["MEG0811"][1] > 0.05
        and mag["MEG2141"][1] < -0.05
    )
    assert np.array_equal(grad["MEG0112"], grad["MEG0113"])
    assert max(np.linalg.norm(mag[n[:-1] + "1"] - p) for n, p in grad.items()) < 0.01
    ctf = sensors_of(
        pd.DataFrame({"electrode": [f"{n}-1609" for n in helmet("CTF151") if n[0] == "M"], "sensor": "mag"})
    )
    assert [(s.layout, len(s.known)) for s in ctf] == [("CTF151", 151)]


def test_of_too_many_places_for_a_row_each_those_of_the_largest_t_are_drawn():
    rows = [
        ("mel", "mel", f"v{k}", lag, 9.0 * (k == 777) - 0.001 * (k % 5), 1.0) for k in range(1000) for lag in (0.0, 2.0)
    ]
    figure, caption = cluster_map(
        pd.DataFrame(rows, columns=["model", "feature", "electrode", "lag_s", "t", "p"]), "electrode", noun="vertex"
    )
    (image,) = images(figure)
    assert image.get_array().shape == (300, 2) and image.get_array().max() > 8.9
    assert "at the 300 of 1000 vertices where it is largest" in caption and "0 of 2000 points" in caption


def test_titles_of_many_panels_stand_beside_each_other():
    names = ["Fz", "Cz", "Pz", "Oz", "T7"]
    table = pd.DataFrame(
        [(f"envelope - intensity, N{k} at 100 ms", e, 0.1) for k in range(6) for e in names],
        columns=["panel", "electrode", "w"],
    ).assign(sensor="eeg")
    figure, _ = topography(table, "w", label="weight")
    figure.draw_without_rendering()
    titles = [ax.title.get_window_extent() for ax in figure.axes if ax.get_title()]
    assert len(titles) == 6 and not any(a.overlaps(b) for n, a in enumerate(titles) for b in titles[:n])
    assert all(t.x0 >= 0 and t.x1 <= figure.bbox.width for t in titles)
