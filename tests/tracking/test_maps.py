"""Maps: the value of a channel stands at its voxel or vertex, and nowhere else."""

import dataclasses

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from brainalign.data.electrodes.selection import choose_electrodes
from brainalign.data.fmri.geometry import Surface, Volume
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.linalg.lags import lag_matrix
from brainalign.study.study import Study
from brainalign.tracking.maps import same_places, write_maps

AFFINE = np.array([[-3.0, 0, 0, 9], [0, 3.0, 0, -20], [0, 0, 4.0, 5], [0, 0, 0, 1]])


def recording(geometry, places, subject="sub-01"):
    channels = pd.DataFrame(places).assign(subject=subject, region="brain", x=np.nan, y=np.nan, z=np.nan)
    channels["electrode"] = [f"c{i}" for i in range(len(channels))]
    if "hemisphere" not in channels:
        channels["hemisphere"] = "L"
    response = np.random.default_rng(0).normal(size=(9, len(channels)))
    return Recording(subject, channels, [Presentation("story", 0, response, 0.5)], geometry=geometry)


def scores(one, **columns):
    return one.channels.assign(model="gpt2 shared", **columns).sample(frac=1, random_state=0)  # in any order


@pytest.fixture
def volume():
    places = np.random.default_rng(0).choice(60, size=7, replace=False)
    i, j, k = np.unravel_index(places, (5, 4, 3))
    return recording(Volume(AFFINE, (5, 4, 3)), {"i": i, "j": j, "k": k})


def test_a_volume_comes_back_with_each_value_at_its_voxel(volume, tmp_path):
    r2 = np.random.default_rng(1).normal(size=7)
    table = scores(volume, r2=r2, layer=np.arange(7), p_fdr=np.nan)
    written = write_maps(tmp_path / "maps", table, [volume], ["r2", "layer", "p_fdr"])
    assert [p.name.split("-")[0] for p in written] == ["sub", "sub"] and len(written) == 2  # nothing to show of p_fdr
    for path, values in zip(written, (r2, np.arange(7)), strict=True):
        image = nib.load(path)
        np.testing.assert_array_equal(image.affine, AFFINE)
        found = image.get_fdata()
        at = [(row.i, row.j, row.k) for row in volume.channels.itertuples()]
        np.testing.assert_allclose([found[place] for place in at], values, atol=1e-6)
        assert np.isfinite(found).sum() == 7
    before = [p.read_bytes() for p in written]
    assert [p.read_bytes() for p in write_maps(tmp_path / "again", table, [volume], ["r2", "layer"])] == before


def test_surfaces_come_back_hemisphere_by_hemisphere(tmp_path):
    places = {"vertex": [4, 0, 7, 2], "hemisphere": ["L", "L", "R", "R"]}
    one = recording(Surface({"L": 5, "R": 9}), places)
    left, right = write_maps(tmp_path, scores(one, r=[0.1, 0.2, 0.3, 0.4]), [one], ["r"])
    assert left.name.endswith("_hemi-L.func.gii") and right.name.endswith("_hemi-R.func.gii")
    for path, expected in ((left, {4: 0.1, 0: 0.2}), (right, {7: 0.3, 2: 0.4})):
        found = nib.load(path).agg_data()
        assert len(found) == {left: 5, right: 9}[path]
        assert {i: pytest.approx(float(v)) for i, v in enumerate(found) if np.isfinite(v)} == expected
    assert nib.load(right).meta["AnatomicalStructurePrimary"] == "CortexRight"


def test_who_has_no_geometry_gets_no_map_and_makes_no_folder(volume, tmp_path):
    plain = dataclasses.replace(volume, geometry=None)
    assert write_maps(tmp_path / "maps", scores(plain, r2=1.0), [plain], ["r2"]) == []
    assert not (tmp_path / "maps").exists()


def test_scores_of_a_study_lie_where_the_signal_was_planted(tmp_path):
    rng = np.random.default_rng(3)
    x = {f"story{n}": rng.normal(size=(60, 2)) for n in range(4)}
    places = np.argwhere(np.ones((3, 2, 2)))
    planted = 5
    channels = pd.DataFrame(places, columns=["i", "j", "k"]).assign(
        subject="sub-01", electrode=[f"v{c}" for c in range(12)], region="brain", hemisphere="L", x=0.0, y=0.0, z=0.0
    )
    played = []
    for name, values in x.items():
        y = rng.normal(size=(60, 12)).astype(np.float32)
        y[:, planted] += lag_matrix(values, np.arange(3)) @ np.ones(6)
        y[:, 2] = 1.0  # is dropped
        played.append(Presentation(name, 0, y, 0.5))
    stories = {name: Stimulus(name, 120.0) for name in x}
    geometry = Volume(np.eye(4), (3, 2, 2))
    data = choose_electrodes(
        Dataset("it", stories, [Recording("sub-01", channels, played, geometry=geometry)]), regions={"all": ["brain"]}
    )
    study = Study(data, 0, 2, "samples", None, [1.0, 100.0], 4)
    fit = study.fit(x, 2, "it")
    table = study.table(fit, np.zeros(fit.r.shape, dtype=np.int64), model="it", space="full", rule="nested")
    (path,) = write_maps(tmp_path, study.shown(table), data.recordings, ["r2"])
    found = nib.load(path).get_fdata()
    assert np.unravel_index(np.nanargmax(found), found.shape) == tuple(places[planted])
    assert np.isfinite(found).sum() == 11 and np.isnan(found[tuple(places[2])]) and np.nanmax(found) > 0.5


def test_places_are_the_same_only_where_image_and_voxels_are():
    volume = Volume(AFFINE, (5, 4, 3))
    places = {"i": [0, 1], "j": [0, 1], "k": [2, 2]}
    one, two = recording(volume, places), recording(volume, places, "sub-02")
    assert same_places([one, two])
    assert not same_places([one, recording(volume, {**places, "i": [0, 2]}, "sub-02")])
    assert not same_places([one, recording(Volume(AFFINE, (6, 4, 3)), places, "sub-02")])
    assert not same_places([one, recording(Volume(2 * AFFINE, (5, 4, 3)), places, "sub-02")])
    assert not same_places([one, recording(None, places, "sub-02")])
    mesh = {"vertex": [0, 3], "hemisphere": ["L", "R"]}
    left = recording(Surface({"L": 5, "R": 9}), mesh)
    assert same_places([left, left]) and not same_places([left, recording(Surface({"L": 6, "R": 9}), mesh)])
    assert not same_places([left, one])
