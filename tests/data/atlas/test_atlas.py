"""Regions by an atlas: each voxel, vertex and electrode gets the name at its place, whatever grid and kind of file, or one sentence."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nibabel.gifti import GiftiDataArray, GiftiImage, GiftiLabel, GiftiLabelTable

from brainalign.config import composed
from brainalign.data.atlas.names import read_names
from brainalign.data.atlas.regions import with_atlas
from brainalign.data.fmri.images import read_surfaces, read_volumes
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError
from brainalign.tools import main

AFFINE = np.array([[-3.0, 0, 0, 9], [0, 3.0, 0, -20], [0, 0, 4.0, 5], [0, 0, 0, 1]])
SHAPE = (6, 4, 3)


def dataset(scans):
    played = [Presentation("s", n, run, 1.0) for n, run in enumerate(scans.runs)]
    return Dataset("it", {"s": Stimulus("s", 9.0)}, [Recording("p1", scans.channels, played, geometry=scans.geometry)])


def save(path, labels, affine=AFFINE, names="index\tname\n0\tBackground\n1\tSTG\n2\tIFG\n"):
    nib.save(nib.Nifti1Image(labels.astype(np.int16), affine), path)
    if names:
        path.with_name(path.name.split(".")[0] + ".tsv").write_text(names)
    return str(path)


def gifti(path, values, names=None):
    arrays = [GiftiDataArray(v.astype(np.float32), datatype="NIFTI_TYPE_FLOAT32") for v in values]
    image = GiftiImage(darrays=arrays)
    if names is not None:
        image = GiftiImage(
            darrays=[GiftiDataArray(values.astype(np.int32), intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32")]
        )
        table = GiftiLabelTable()
        for key, name in names.items():
            label = GiftiLabel(key)
            label.label = name
            table.labels.append(label)
        image.labeltable = table
    nib.save(image, path)
    return path


@pytest.fixture
def voxels(tmp_path):
    run = np.random.default_rng(0).normal(size=(*SHAPE, 7)).astype(np.float32)
    nib.save(nib.Nifti1Image(run, AFFINE), tmp_path / "run.nii.gz")
    return dataset(read_volumes("p1", [tmp_path / "run.nii.gz"]))


@pytest.fixture
def mesh(tmp_path):
    rng = np.random.default_rng(1)
    files = {side: gifti(tmp_path / f"{side}.func.gii", rng.normal(size=(6, n))) for side, n in (("L", 8), ("R", 5))}
    return dataset(read_surfaces("p1", [files]))


def test_a_voxel_has_the_name_of_its_label_on_the_same_grid_and_on_a_finer_one(voxels, tmp_path):
    labels = np.random.default_rng(2).integers(0, 3, SHAPE)
    found = with_atlas(voxels, save(tmp_path / "atlas.nii.gz", labels)).channels
    want = np.array(["unknown", "STG", "IFG"])
    assert found["region"].tolist() == [want[labels[r.i, r.j, r.k]] for r in found.itertuples()]
    # the same labels, each voxel cut into 2 x 2 x 2, the first axis turned round: other numbers of voxels, the same millimetres
    fine = np.repeat(np.repeat(np.repeat(labels, 2, 0), 2, 1), 2, 2)[::-1]
    affine = AFFINE @ np.array([[-0.5, 0, 0, 5.25], [0, 0.5, 0, -0.25], [0, 0, 0.5, -0.25], [0, 0, 0, 1]])
    again = with_atlas(voxels, save(tmp_path / "fine.nii", fine, affine))
    assert again.channels["region"].tolist() == found["region"].tolist()
    n = int((labels == 0).sum())
    assert f"{n} of 72 voxels lie in no region of the atlas fine.nii" in again.recordings[0].notes[-1]


def test_an_electrode_has_the_region_at_its_millimetres(voxels, tmp_path):
    channels = pd.DataFrame(
        {"subject": "p1", "electrode": list("abcd"), "region": "old", "hemisphere": "L",
         "x": [9.0, 6.4, 300.0, np.nan], "y": [-20.0, -17.2, 0, 0], "z": [5.0, 5.1, 0, 0]}
    )  # fmt: skip
    recording = Recording("p1", channels, [Presentation("s", 0, np.zeros((4, 4)), 1.0)])
    labels = np.zeros(SHAPE, int)
    labels[0, 0, 0], labels[1, 1, 0] = 1, 2
    found = with_atlas(Dataset("it", voxels.stimuli, [recording]), save(tmp_path / "a.nii", labels))
    assert found.channels["region"].tolist() == ["STG", "IFG", "unknown", "unknown"]


def test_a_vertex_has_the_name_in_its_own_hemisphere(mesh, tmp_path):
    labels = {"lh": np.array([0, 1, 2, 1, 0, 2, 2, 1]), "rh": np.array([1, 1, 2, 0, 2])}
    for side, values in labels.items():  # label 1 means another region on the right
        gifti(tmp_path / f"{side}.label.gii", values, {0: "???", 1: f"{side}-A", 2: "B"})
    found = with_atlas(mesh, "{hemi}.label.gii", root=tmp_path).channels
    every = [["unknown", "lh-A", "B"][v] for v in labels["lh"]] + [["unknown", "rh-A", "B"][v] for v in labels["rh"]]
    assert found["region"].tolist() == every
    for side, values in labels.items():
        table = np.array([[1, 2, 3, 0, 66], [4, 5, 6, 0, 77], [7, 8, 9, 0, 88]])
        nib.freesurfer.write_annot(
            tmp_path / f"{side}.x.annot", values - 1, table, ["first", "second", "third"], fill_ctab=True
        )
    found = with_atlas(mesh, "{hemi}.x.annot", root=tmp_path).channels
    assert found["region"].tolist()[:4] == ["unknown", "first", "second", "first"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.csv", "Index,Name,color\n1,STG,red\n2,IFG,blue\n"),
        ("a.json", '{"1": "STG", "2": "IFG"}'),
        ("a.json", '{"STG": 1, "IFG": 2}'),
        ("a.json", '[{"index": 1, "name": "STG"}, {"index": 2, "name": "IFG"}]'),
        ("a.txt", "# No. Label R G B A\n1 STG 1 2 3 0\n2 IFG 4 5 6 0\n"),
        ("a.tsv", "value\tregion\n1.0\tSTG\n2.0\tIFG\n"),
    ],
)
def test_names_are_read_from_every_usual_table(file, text, tmp_path):
    (tmp_path / file).write_text(text)
    assert read_names(tmp_path / file) == {1: "STG", 2: "IFG"}


def test_one_hemispheres_atlas_does_not_name_the_other(tmp_path):
    values = np.random.default_rng(3).normal(size=(6, 8))
    sides = {side: gifti(tmp_path / f"{side}.func.gii", values) for side in "LR"}
    gifti(tmp_path / "lh.label.gii", np.ones(8), {1: "A"})
    with pytest.raises(
        BrainalignError, match=r"lh.label.gii is one file, but participant p1 has the hemispheres L and R; \{hemi\}"
    ):
        with_atlas(dataset(read_surfaces("p1", [sides])), "lh.label.gii", root=tmp_path)
    left = dataset(read_surfaces("p1", [{"L": sides["L"]}]))
    assert set(with_atlas(left, "lh.label.gii", root=tmp_path).channels["region"]) == {"A"}


def test_what_does_not_fit_is_one_sentence(voxels, mesh, tmp_path):
    ones = np.ones(SHAPE)
    far = AFFINE.copy()
    far[:3, 3] += 1000
    lost = Dataset(
        "it", voxels.stimuli, [Recording("p1", voxels.channels.assign(x=np.nan), voxels.recordings[0].presentations)]
    )
    turned = nib.Nifti1Image(np.ones((5, 5, 5), np.int16), None)
    nib.save(turned, tmp_path / "turned.nii")
    (tmp_path / "turned.tsv").write_text("index\tname\n1\tSTG\n")
    (tmp_path / "bad.tsv").write_text("a\tb\n1\tSTG\n")
    (tmp_path / "two.tsv").write_text("index\tname\n1\tSTG\n1\tIFG\n")
    small = gifti(tmp_path / "small.label.gii", np.ones(4), {1: "A"})
    atlas = save(tmp_path / "a.nii", ones)
    for data, given, table, said in (
        (voxels, save(tmp_path / "seven.nii", ones * 7), None, r"seven.nii has the label 7 \(72 voxels of .*, which is none of the 3"),
        (voxels, save(tmp_path / "far.nii", ones, far), None, "none of the 72 voxels of participant p1 lies in a region of far.nii"),
        (voxels, save(tmp_path / "four.nii", np.ones((*SHAPE, 2))), None, r"shape \(6, 4, 3, 2\); an atlas has one label a voxel"),
        (voxels, save(tmp_path / "bare.nii", ones, names=""), None, r"labels without names: a table of the same name .*bare.tsv"),
        (voxels, str(tmp_path / "turned.nii"), None, "does not say where its voxels lie"),
        (voxels, "gone.nii", None, "data.atlas=gone.nii is no file, .* no atlas that nilearn has: aal, .*yeo_2011"),
        (voxels, "{run}.nii", None, "the field {run} is unknown"),
        (voxels, str(tmp_path / "a.tsv"), None, "is no atlas; it must end in .nii.gz"),
        (voxels, atlas, str(tmp_path / "gone.tsv"), "data.atlas_labels=.*gone.tsv is no file"),
        (voxels, atlas, str(tmp_path / "bad.tsv"), r"no column of labels \(index\); its columns are 'a', 'b'"),
        (voxels, atlas, str(tmp_path / "two.tsv"), "label 1 is both 'STG' and 'IFG'"),
        (voxels, str(small), None, "is of surfaces, but participant p1 has voxels"),
        (lost, atlas, None, "has no channel with coordinates"),
        (mesh, str(small), None, "has 4 vertices, but hemisphere L of participant p1 has 8; an atlas of the same mesh"),
        (mesh, atlas, None, "is a volume, but participant p1 has surfaces"),
    ):  # fmt: skip
        with pytest.raises(BrainalignError, match=said) as caught:
            with_atlas(data, given, table)
        assert "\n" not in str(caught.value) and "data.atlas" in str(caught.value)


def test_a_published_atlas_is_read_from_nilearns_folder_and_never_fetched(voxels, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NILEARN_DATA", str(tmp_path / "nilearn"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(
        BrainalignError, match=r"harvard_oxford is not among .*brainalign-tools fetch harvard_oxford --to FOLDER"
    ):
        with_atlas(voxels, "harvard_oxford")
    folder = tmp_path / "nilearn" / "fsl" / "data" / "atlases"
    (folder / "HarvardOxford").mkdir(parents=True)
    with pytest.raises(BrainalignError, match="nothing is fetched unless asked"):
        with_atlas(voxels, "harvard_oxford:cort-maxprob-thr0-2mm")
    labels = np.random.default_rng(3).integers(0, 3, SHAPE)
    save(folder / "HarvardOxford" / "HarvardOxford-cort-maxprob-thr25-2mm.nii.gz", labels, names="")
    (folder / "HarvardOxford-Cortical.xml").write_text(
        '<atlas><data><label index="0">Frontal Pole</label><label index="1">Heschl\'s Gyrus</label></data></atlas>'
    )
    found = with_atlas(voxels, "harvard_oxford").channels
    want = ["unknown", "Frontal Pole", "Heschl's Gyrus"]
    assert found["region"].tolist() == [want[labels[r.i, r.j, r.k]] for r in found.itertuples()]
    # fetched when asked, from a folder that nilearn finds complete: image and table for anybody's use
    main(["fetch", "harvard_oxford", "--to", str(tmp_path / "nilearn")])
    said = capsys.readouterr().out.strip()
    assert said == f"there: data.atlas={tmp_path / 'nilearn' / 'harvard_oxford.nii.gz'}"
    assert with_atlas(voxels, said.split("=")[1]).channels["region"].tolist() == found["region"].tolist()


def test_a_run_groups_and_reports_by_the_atlas(tmp_path):
    rng, lines = np.random.default_rng(0), ["stimulus\ttr\twords"]
    for story in "abc":
        counts = rng.integers(0, 5, 30)
        lines += [f"{story}\t{t}\t{' '.join(['w'] * n)}" for t, n in enumerate(counts)]
        for who in ("p1", "p2"):
            (tmp_path / who).mkdir(exist_ok=True)
            run = nib.Nifti1Image(rng.normal(size=(*SHAPE, 30)).astype(np.float32), AFFINE)
            run.header.set_zooms((3, 3, 4, 2.0))
            nib.save(run, tmp_path / who / f"{story}.nii.gz")
    (tmp_path / "words.tsv").write_text("\n".join(lines))
    labels = np.zeros(SHAPE, int)
    labels[:3], labels[3:5] = 1, 2
    save(tmp_path / "atlas.nii.gz", labels)
    asked = ["data=story_fmri", f"data.root={tmp_path}", "data.files='{subject}/{stimulus}.nii.gz'",
             "data.words_file=words.tsv", "data.atlas=atlas.nii.gz", "electrodes.regions={language: [STG, IFG]}",
             "analysis=describe"]  # fmt: skip
    from brainalign.assembly import open_dataset

    config = composed(asked)
    data = open_dataset(config)
    assert set(data.channels["region"]) == {"language"} and len(data.channels) == 2 * 60
    assert "12 of 72 voxels lie in no region of the atlas atlas.nii.gz" in " ".join(data.recordings[0].notes)
    assert "Regions are those of the atlas atlas.nii.gz" in config.data.methods(data)
    with pytest.raises(BrainalignError, match="data.atlas_labels=x.tsv does nothing without data.atlas"):
        composed([*asked, "data.atlas=null", "data.atlas_labels=x.tsv"])
