"""Names, places and states of electrodes, as labs write them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.bids.dataset import read_bids
from brainalign.data.electrodes.channels import marked_bad
from brainalign.data.electrodes.coordinates import hemispheres, in_millimetres
from brainalign.data.electrodes.names import matched_names, plain_name
from brainalign.data.electrodes.table import channels_table
from brainalign.data.formats import StimuliFormat
from brainalign.errors import BrainalignError
from tests.data.recordings import bids, tsv

S = StimuliFormat()
PLACES = np.array([[-52.0, 10.0, 20.0], [48.0, -30.0, 12.0]])


def table(names, electrodes, **options):
    notes = []
    return channels_table("01", names, electrodes, where="el.tsv", notes=notes, **options), notes


@pytest.mark.parametrize(
    ("channel", "electrode"),
    [
        ("EEG LA1-Ref", "LA1"), ("LTG1", "LTG01"), ("La1", "LA1"), ("POL LA1", "LA1"), ("LA 1", "LA1"), ("sEEG LA01-AVG", "la1"),
        ("A'1", "A'01"), ("LA_1", "LA1"), ("ECOG G12", "G12"),
    ],
)  # fmt: skip
def test_a_name_is_matched_as_the_field_does_and_said(channel, electrode):
    found, notes = table([channel], pd.DataFrame({"name": [electrode], "region": ["STG"]}))
    assert found["region"].tolist() == ["STG"] and found["electrode"].tolist() == [channel]
    assert f"{channel} = {electrode}" in notes[0]


@pytest.mark.parametrize(
    ("channel", "electrode"), [("LA10", "LA1"), ("LA1-LA2", "LA1"), ("A1", "A'1"), ("LA1", "RA1"), ("A11", "A1_1")]
)
def test_another_contact_is_not_taken_for_it(channel, electrode):
    found, notes = table([channel], pd.DataFrame({"name": [electrode], "region": ["STG"]}))
    assert found["region"].tolist() == ["unknown"]
    assert any("no electrode for 1 of 1 channels" in n and channel in n for n in notes)
    assert any("names 1 of 1 electrodes that the recording has no channel for" in n and electrode in n for n in notes)


def test_where_two_names_are_one_neither_is_matched():
    electrodes = pd.DataFrame({"name": ["LA01", "LA1", "B1"], "region": ["STG", "MTG", "IFG"]})
    assert matched_names(["la1", "EEG B1", "b1"], electrodes["name"].tolist()) == {}
    assert matched_names(["LA1"], electrodes["name"].tolist()) == {"LA1": "LA1"}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["A1", "A01", "A10", "A'1", "B1", "b1", "LTG3", "LTG03"]), min_size=1, unique=True))
def test_names_match_themselves_whatever_surrounds_them(names):
    assert matched_names(names, names) == {n: n for n in names}
    dressed = [f"EEG {n}-Ref" for n in names]
    found = matched_names(dressed, names)
    alone = {n for n in names if sum(plain_name(n) == plain_name(m) for m in names) == 1}
    assert found == {f"EEG {n}-Ref": n for n in alone}


def test_no_table_leaves_every_region_unknown():
    found, notes = table(["LA1", "LA2"], None)
    assert found["region"].tolist() == ["unknown", "unknown"] and not notes
    with pytest.raises(BrainalignError, match=r"data.region='aal' has no effect"):
        table(["LA1"], None, region="aal")


def test_a_table_without_regions_says_so():
    found, notes = table(["LA1"], pd.DataFrame({"name": ["LA1"], "x": ["-50"], "y": ["1"], "z": ["2"]}))
    assert found["region"].tolist() == ["unknown"] and any(
        "no column that says where electrodes lie" in n for n in notes
    )


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1.0), ("cm", 0.1), ("um", 1000.0)])
def test_the_unit_is_told_by_the_size_of_the_coordinates(unit, scale):
    notes = []
    assert in_millimetres(PLACES * scale, None, "el.tsv", notes) == pytest.approx(PLACES)
    assert f"taken as {unit}" in notes[0]
    assert in_millimetres(PLACES * scale, unit, "el.tsv", []) == pytest.approx(PLACES)


def test_pixels_are_no_places_and_metres_are_refused():
    notes = []
    assert np.isnan(in_millimetres(PLACES * 12, None, "el.tsv", notes)).all() and "pixels?" in notes[0]
    assert np.isnan(in_millimetres(PLACES, "pixels", "el.tsv", notes)).all() and "pixels" in notes[1]
    for unit in (None, "mm"):
        with pytest.raises(BrainalignError, match="looks like metres"):
            in_millimetres(PLACES / 1000, unit, "el.tsv", [])
    assert in_millimetres(PLACES / 1000, "m", "el.tsv", []) == pytest.approx(PLACES)


def test_a_told_unit_that_cannot_be_is_said():
    notes = []
    in_millimetres(PLACES / 10, "mm", "el.tsv", notes)
    assert "really in mm" in notes[0]
    odd = np.vstack([PLACES, [999.0, 999.0, 999.0]])
    assert np.isnan(in_millimetres(odd, "mm", "el.tsv", notes)).all(axis=1).tolist() == [False, False, True]
    assert "1 of 3 electrodes lie more than 250 mm" in notes[1]


@pytest.mark.parametrize(
    ("space", "told"),
    [(s, True) for s in ("MNI152NLin2009aSym", "ScanRAS", "ACPC", "fsaverage")]
    + [(s, False) for s in ("n/a", "Other", "CTF", "individual")],
)
def test_x_tells_the_hemisphere_only_where_it_means_that(space, told):
    notes = []
    assert hemispheres(PLACES[:, 0], space, "el.tsv", notes).tolist() == (["L", "R"] if told else ["n/a"] * 2)
    assert len(notes) == 1


def test_a_number_with_a_decimal_comma_is_refused():
    with pytest.raises(BrainalignError, match="x='-50,5' is no number"):
        table(["LA1"], pd.DataFrame({"name": ["LA1"], "x": ["-50,5"], "y": ["1"], "z": ["2"]}))


def test_an_unknown_hemisphere_is_said():
    found, notes = table(["A", "B"], pd.DataFrame({"name": ["A", "B"], "hemisphere": ["Left", "medial"]}))
    assert found["hemisphere"].tolist() == ["L", "n/a"] and any("medial" in n for n in notes)


def test_one_word_for_bad_in_all_writings():
    assert marked_bad(pd.Series(["BAD", "Bad ", "bad", "Good", "n/a", ""]), "f").tolist() == [True] * 3 + [False] * 3
    with pytest.raises(BrainalignError, match="status='noisy' is unknown"):
        marked_bad(pd.Series(["noisy"]), "f")
    found, _ = table(["A", "B"], pd.DataFrame({"name": ["A", "B"], "status": ["BAD", "good"]}))
    assert found["status"].tolist() == ["bad", "good"]


@pytest.fixture(scope="module")
def spaces(tmp_path_factory):
    """Electrodes in MNI and, in pixels, on a photograph."""
    root = bids(tmp_path_factory.mktemp("spaces"))
    electrodes = next(root.rglob("*_electrodes.tsv"))
    known = pd.read_csv(electrodes, sep="\t", dtype=str, keep_default_na=False)
    for file in (electrodes, next(root.rglob("*_coordsystem.json"))):
        file.unlink()
    folder = electrodes.parent
    for space, scale, unit, system in (("MNI152Lin", 1000.0, "mm", "MNI152Lin"), ("photo", 7.0, "pixels", "Pixels")):
        own = known.assign(**{a: (known[a].astype(float) * scale).astype(str) for a in "xyz"}).drop(
            columns="hemisphere"
        )
        tsv(own, folder / f"sub-01_space-{space}_electrodes.tsv")
        (folder / f"sub-01_space-{space}_coordsystem.json").write_text(
            json.dumps({"iEEGCoordinateSystem": system, "iEEGCoordinateUnits": unit})
        )
    return root


def test_of_two_spaces_one_is_chosen_by_a_key(spaces):
    with pytest.raises(
        BrainalignError,
        match=r"MNI152Lin_electrodes.tsv and sub-01_space-photo_electrodes.tsv; choose one by data.elec",
    ):
        read_bids(spaces, S)
    data = read_bids(spaces, S, electrodes_file="sub-{subject}/ieeg/sub-{subject}_space-MNI152Lin_electrodes.tsv")
    assert "unknown" not in set(data.channels["region"]) and set(data.channels["hemisphere"]) == {"L"}
    assert np.isfinite(data.channels["x"]).all()
    pixels = read_bids(spaces, S, electrodes_file="sub-{subject}/ieeg/*_space-photo_electrodes.tsv")
    assert np.isnan(pixels.channels["x"]).all() and set(pixels.channels["hemisphere"]) == {"n/a"}
    assert pixels.channels["region"].tolist() == data.channels["region"].tolist()
    assert any("pixels" in n for n in pixels.recordings[0].notes)
    with pytest.raises(BrainalignError, match="0 files fit data.electrodes_file"):
        read_bids(spaces, S, electrodes_file="*_space-Talairach_electrodes.tsv")
