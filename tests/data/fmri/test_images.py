"""fMRI runs from NIfTI and GIFTI: the value of every voxel and vertex at its place, and what is wrong with files in one sentence."""

import nibabel as nib
import numpy as np
import pytest
from nibabel.gifti import GiftiDataArray, GiftiImage

from brainalign.data.fmri.geometry import Surface, Volume
from brainalign.data.fmri.images import read_surfaces, read_volumes
from brainalign.data.fmri.mesh import FSAVERAGE5, fsaverage5
from brainalign.data.fmri.stories import read_story_fmri
from brainalign.data.formats import ArrayKeys
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError

AFFINE = np.array([[-3.0, 0, 0, 9], [0, 3.0, 0, -20], [0, 0, 4.0, 5], [0, 0, 0, 1]])
SHAPE = (6, 4, 3)


def nifti(path, values, affine=AFFINE, tr=1.5, unit="sec"):
    image = nib.Nifti1Image(values.astype(np.float32), affine)
    if values.ndim == 4:
        image.header.set_zooms((3, 3, 4, tr))
        image.header.set_xyzt_units("mm", unit)
    nib.save(image, path)
    return path


def gifti(path, values, step="1500"):
    meta = {} if step is None else {"TimeStep": step}
    arrays = [GiftiDataArray(v.astype(np.float32), datatype="NIFTI_TYPE_FLOAT32", meta=meta) for v in values]
    nib.save(GiftiImage(darrays=arrays), path)
    return path


@pytest.fixture
def volumes(tmp_path):
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(*SHAPE, t)) for t in (7, 5)]
    data[1][2, 1, 0] = 4.0  # does not vary in the second run
    mask = rng.random(SHAPE) < 0.5
    mask[2, 1, 0] = mask[0, 0, 0] = True
    runs = [nifti(tmp_path / f"run{i}.nii.gz", d, tr=1500, unit="msec") for i, d in enumerate(data)]
    return data, mask, runs, nifti(tmp_path / "mask.nii", mask)


def test_every_voxel_of_the_mask_is_a_channel_with_its_place(volumes):
    data, mask, runs, path = volumes
    scans = read_volumes("sub-01", runs, path)
    assert len(scans.channels) == mask.sum() - 1 and scans.dropped == 1 and scans.tr == pytest.approx(1.5)
    assert isinstance(scans.geometry, Volume) and scans.geometry.shape == SHAPE
    for values, run in zip(scans.runs, data, strict=True):
        assert values.dtype == np.float32
        for c, row in scans.channels.iterrows():
            assert mask[row.i, row.j, row.k]
            np.testing.assert_allclose(values[:, c], run[row.i, row.j, row.k], atol=1e-6)
    first = scans.channels.iloc[0]
    np.testing.assert_allclose([first.x, first.y, first.z], [9 - 3 * first.i, 3 * first.j - 20, 4 * first.k + 5])
    assert set(scans.channels.loc[scans.channels.x < 0, "hemisphere"]) == {"L"}
    whole = read_volumes("sub-01", runs)
    assert len(whole.channels) == np.prod(SHAPE) - 1  # no mask: all that varies


def test_float32_runs_become_a_recording_and_stay_float32(volumes):
    from brainalign.data.frames.responses import responses_on_frames

    scans = read_volumes("sub-01", volumes[2], volumes[3])
    stories = [Stimulus(f"story{i}", 12.0) for i in range(2)]
    played = [Presentation(s.id, 0, v, 1 / scans.tr) for s, v in zip(stories, scans.runs, strict=True)]
    recording = Recording("sub-01", scans.channels, played, geometry=scans.geometry)
    responses = responses_on_frames(Dataset("it", {s.id: s for s in stories}, [recording]), rate=None)
    assert {v.dtype for v in responses.values} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(responses.values[0], scans.runs[0])


def test_surfaces_of_both_hemispheres_stand_side_by_side(tmp_path):
    rng = np.random.default_rng(1)
    left, right = [rng.normal(size=(t, 10)) for t in (6, 4)], [rng.normal(size=(t, 8)) for t in (6, 4)]
    left[0][:, 3] = np.nan  # medial wall
    left[1][:, 3] = 0.0
    runs = [
        {"L": gifti(tmp_path / f"{i}L.func.gii", left[i]), "R": gifti(tmp_path / f"{i}R.func.gii", right[i])}
        for i in range(2)
    ]
    scans = read_surfaces("sub-02", runs)
    assert scans.geometry == Surface({"L": 10, "R": 8}) and scans.dropped == 1 and scans.tr == pytest.approx(1.5)
    assert len(scans.channels) == 17 and "L3" not in set(scans.channels["electrode"])
    for i in range(2):
        for c, row in scans.channels.iterrows():
            source = {"L": left, "R": right}[row.hemisphere][i]
            np.testing.assert_allclose(scans.runs[i][:, c], source[:, row.vertex], atol=1e-6)
    assert read_surfaces("s", [{"L": gifti(tmp_path / "x.gii", left[1], step=None)}]).tr is None


def test_vertices_of_fsaverage5_lie_where_its_mesh_has_them_and_those_of_other_meshes_nowhere(tmp_path):
    values = np.random.default_rng(2).normal(size=(3, FSAVERAGE5))
    sides = {side: gifti(tmp_path / f"{side}.func.gii", values) for side in "LR"}
    table = read_surfaces("s", [sides]).channels
    for side, half in (("L", table.x < 0), ("R", table.x > 0)):
        mine = table[table.hemisphere == side]
        assert half[mine.index].all()
        np.testing.assert_array_equal(mine[["y", "z"]], fsaverage5()[side].coordinates[mine.vertex, 1:])
    for person in ("p1", "p2"):
        (tmp_path / person).mkdir()
        gifti(tmp_path / person / "story.func.gii", values)
    (tmp_path / "stimuli").mkdir()
    (tmp_path / "stimuli" / "story_words.tsv").write_text("word\tonset\toffset\none\t0.5\t1.0\ntwo\t2.0\t2.5\n")
    read = read_story_fmri(tmp_path, "{subject}/{stimulus}.func.gii", ArrayKeys(responses="data"), 1.5)
    assert len([note for note in read.notes if "are taken for fsaverage5, by their number alone" in note]) == 1
    sides["R"] = gifti(tmp_path / "small.func.gii", values[:, :9])
    assert read_surfaces("s", [sides]).channels[["x", "y", "z"]].isna().all(axis=None)


def test_what_does_not_fit_is_said_in_one_sentence(volumes, tmp_path):
    data, _, runs, path = volumes
    other = nifti(tmp_path / "other.nii.gz", data[1], affine=np.diag([2.0, 2, 2, 1]))
    slow = nifti(tmp_path / "slow.nii.gz", data[1], tr=2.0)
    outside = nifti(tmp_path / "none.nii", np.zeros(SHAPE))
    (tmp_path / "text.nii").write_text("no image")
    for files, given, said in (
        ([runs[0], other], None, "other.nii.gz has another grid"),
        ([runs[0], slow], None, r"slow.nii.gz has a TR of 2.0 s, .* one of 1.5 s"),
        ([runs[0], path], None, "4 dimensions are needed"),
        (runs, outside, "no voxel of .* varies inside the mask"),
        (runs, runs[0], "3 dimensions are needed"),
        ([tmp_path / "text.nii"], None, "text.nii cannot be read as a NIfTI file"),
        ([tmp_path / "gone.nii"], None, "gone.nii does not exist; it must be a NIfTI file"),
        ([], None, "no run to read"),
    ):
        with pytest.raises(BrainalignError, match=said):
            read_volumes("s", files, given)
    a, b = (gifti(tmp_path / f"{n}.gii", np.random.default_rng(n).normal(size=(5, n))) for n in (4, 6))
    short = gifti(tmp_path / "short.gii", np.random.default_rng(0).normal(size=(3, 4)))
    for files, said in (
        ([{"L": a}, {"L": b}], "6.gii has 5 scans of 6 vertices"),
        ([{"L": a, "R": short}], "short.gii has 3 scans"),
        ([{"L": a}, {"R": b}], r"hemispheres \['R'\], the first one \['L'\]"),
        ([{"L": runs[0]}], "cannot be read as a GIFTI file"),
    ):
        with pytest.raises(BrainalignError, match=said):
            read_surfaces("s", files)
