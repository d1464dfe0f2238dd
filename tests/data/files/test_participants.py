"""Whose recording a file is, and which run, in all readers: nobody is merged, no run is lost, no stimulus is cut."""

from pathlib import Path

import h5py
import mne
import numpy as np
import pytest
import scipy.io

from brainalign.data.arrays import read_arrays
from brainalign.data.arrays.tree import open_tree, texts
from brainalign.data.bids.dataset import read_bids
from brainalign.data.events.table import stimulus_id
from brainalign.data.files.participants import compare_ids, participants, plain_label
from brainalign.data.files.patterns import MatchedFile, Names, find
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.data.nwb.dataset import read_nwb
from brainalign.data.raw.dataset import read_raw_files
from brainalign.errors import BrainalignError
from tests.data import recordings

S = StimuliFormat()
RNG = np.random.default_rng(0)


def fif(path, person=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = recordings.raw()
    raw.info["subject_info"] = None if person is None else {"his_id": person}
    raw.save(path, verbose="error")


def nwb(path, person=None, series=("e",), stop=4.0):
    from datetime import UTC, datetime

    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ecephys import LFP, ElectricalSeries
    from pynwb.file import Subject

    path.parent.mkdir(parents=True, exist_ok=True)
    subject = None if person is None else Subject(subject_id=person)
    file = NWBFile("t", "id", datetime(2026, 1, 1, tzinfo=UTC), subject=subject)
    group = file.create_electrode_group("A", description="g", location="l", device=file.create_device("d"))
    for _ in range(2):
        file.add_electrode(location="STG", group=group)
    for n, name in enumerate(series):
        table = file.create_electrode_table_region([0, 1], f"t{n}")
        made = ElectricalSeries(name=name, data=RNG.standard_normal((2000, 2)), electrodes=table, rate=100.0 * (n + 1))
        if n:
            lfp = LFP()
            file.create_processing_module("ecephys", "x").add(lfp)
            lfp.add_electrical_series(made)
        else:
            file.add_acquisition(made)
    file.add_trial_column("stimulus", "what was played")
    file.add_trial(start_time=2.0, stop_time=stop, stimulus="s1")
    with NWBHDF5IO(path, "w") as io:
        io.write(file)


def events(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("onset\tduration\tstimulus\n3\tn/a\ts1\n")


def refused(read, *args, **more):
    with pytest.raises(BrainalignError) as error:
        read(*args, **more)
    return str(error.value)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{subject}_{run}_raw.fif", "lab_01_1_raw.fif"),
        ("*{subject}*.nwb", "sub-01.nwb"),
        ("sub-{subject}_*.nwb", "sub-lab_01_x.nwb"),
        ("{subject}[_{run}].npz", "a_b.npz"),
        ("*{x}*", "aba"),  # the shortest and the longest reading agree, the one between them does not
    ],
)
def test_a_name_that_can_be_read_in_two_ways_is_refused(pattern, name):
    with pytest.raises(BrainalignError, match="in more than one way"):
        Names(pattern, "data.files").fields(name)


@pytest.mark.parametrize(
    ("pattern", "name", "fields"),
    [
        ("sub-{subject}_*.nwb", "sub-01_ses-2_ecephys.nwb", {"subject": "01"}),
        ("{subject}_run-{run}.npz", "lab_01_run-2.npz", {"subject": "lab_01", "run": "2"}),
        ("sub-{subject}_task-{story}[_run-{run}]_bold.gii", "sub-1_task-x_run-3_bold.gii", {"subject": "1", "story": "x", "run": "3"}),
        ("sub-{subject}_task-{story}[_run-{run}]_bold.gii", "sub-1_task-x_bold.gii", {"subject": "1", "story": "x"}),
        ("{subject}/{subject}_raw.fif", "S1/S1_raw.fif", {"subject": "S1"}),
    ],
)  # fmt: skip
def test_every_field_counts(pattern, name, fields):
    assert Names(pattern, "data.files").fields(name) == fields


def test_fields_that_are_known_are_taken_as_written(tmp_path):
    for name in ("a[1]_ev.tsv", "a1_ev.tsv", "a_ev.tsv"):
        (tmp_path / name).touch()
    assert [f.path.name for f in find(tmp_path, "{subject}_ev.tsv", "k", {"subject": "a[1]"})] == ["a[1]_ev.tsv"]
    assert [f.path.name for f in find(tmp_path, "{subject}[{run}]_ev.tsv", "k", {"subject": "a"})] == ["a_ev.tsv"]


def test_sessions_of_one_run_number_are_two_runs(tmp_path):
    recordings.stimuli(tmp_path)
    for session in "AB":
        fif(tmp_path / session / "01_1_raw.fif")
        events(tmp_path / session / "01_1_ev.tsv")
    files, table = "{session}/{subject}_{run}_raw.fif", "{session}/{subject}_{run}_ev.tsv"
    (one,) = read_raw_files(tmp_path, files, S, table).recordings
    assert len(one.presentations) == 2
    said = refused(read_raw_files, tmp_path, "*/{subject}_{run}_raw.fif", S, table)
    assert "B/01_1_raw.fif and " in said and "A/01_1_raw.fif are the same run of participant '01'" in said


def test_bids_runs_that_differ_by_any_entity_are_kept(tmp_path):
    import shutil

    root = recordings.bids(tmp_path, "EDF")
    first = next(root.rglob("*_ieeg.edf"))
    for path in list(first.parent.glob("*task-listen*")):
        for more in ("acq-a", "acq-b"):
            entities, suffix = path.name.split("_run-", 1)
            shutil.copy(path, path.with_name(f"{entities}_{more}_run-{suffix}"))
    count = sum(1 for _ in first.parent.glob("*_ieeg.edf"))
    (one,) = read_bids(root, S).recordings
    assert len(one.presentations) == count * len(recordings.EVENTS) and count >= 3
    (one,) = read_bids(root, S, entities={"acquisition": "a"}).recordings
    assert len(one.presentations) == count // 3 * len(recordings.EVENTS)
    shutil.copy(first, first.with_name(first.name.replace("_ieeg", "_desc-clean_ieeg")))
    assert "are one recording by the rest of their names; choose one by data.entities" in refused(read_bids, root, S)


def test_nwb_by_default_takes_each_participant_and_session(tmp_path):
    recordings.stimuli(tmp_path)
    for name in ("sub-01", "sub-11/sub-11_ses-1_ecephys", "sub-11/sub-11_ses-2_ecephys"):
        nwb(tmp_path / f"{name}.nwb")
    nwb(tmp_path / "a.nwb", "EC2")
    found = read_nwb(tmp_path, "**/*.nwb", S).recordings
    assert {r.subject: len(r.presentations) for r in found} == {"01": 1, "11": 2, "EC2": 1}
    nwb(tmp_path / "b.nwb")
    assert "nothing says whose recording" in refused(read_nwb, tmp_path, "**/*.nwb", S)


def test_ids_in_the_files_are_held_against_the_names(tmp_path):
    recordings.stimuli(tmp_path)
    for run, person in (("1", "EC2"), ("2", "EC3")):
        fif(tmp_path / f"01_{run}_raw.fif", person)
        events(tmp_path / f"01_{run}_ev.tsv")
    read = lambda: read_raw_files(tmp_path, "{subject}_{run}_raw.fif", S, "{subject}_{run}_ev.tsv")  # noqa: E731
    said = refused(read)
    assert "participant '01' has files of 2 people" in said and "01_1_raw.fif 'EC2'" in said
    (tmp_path / "01_2_raw.fif").rename(tmp_path / "02_1_raw.fif")
    (tmp_path / "01_2_ev.tsv").rename(tmp_path / "02_1_ev.tsv")
    assert any("01 is 'EC2', 02 is 'EC3'" in note for note in read().notes)


def test_ids_that_agree_or_name_nobody_are_not_told():
    for ids in (("sub-01", "2"), ("X", "X"), ("lab", "lab")):
        files = {Path("a"): ids[0], Path("b"): ids[1]}
        errors, notes = ReadErrors(), []
        compare_ids({Path("a"): "01", Path("b"): "02"}, files, errors, notes, settled=False)
        assert not errors.sentences and not [n for n in notes if ids[0] != "X"]
    assert plain_label("Subject_007") == plain_label("sub-7") == "7" and plain_label("EC10") != plain_label("EC1")


def test_one_id_in_two_participants_is_told():
    labels = {Path("a"): "01", Path("b"): "02", Path("c"): "03"}
    notes = []
    compare_ids(labels, {Path("a"): "P", Path("b"): "P", Path("c"): "Q"}, ReadErrors(), notes, settled=False)
    assert any("participants '01' and '02' have one id, 'P'" in note for note in notes)


def test_files_without_a_participant_are_refused(tmp_path):
    files = [MatchedFile(tmp_path / f"{s}.mat", {}) for s in ("S1", "S2")]
    errors = ReadErrors()
    participants(tmp_path, files, "*.mat", errors, [])
    assert "write {subject}" in errors.sentences[0]
    assert list(participants(tmp_path, files[:1], "*.mat", ReadErrors(), [])) == ["01"]


def test_two_series_of_one_name_need_their_place(tmp_path):
    recordings.stimuli(tmp_path)
    nwb(tmp_path / "sub-01.nwb", series=("ElectricalSeries", "ElectricalSeries"))
    for series in (None, "ElectricalSeries"):
        said = refused(read_nwb, tmp_path, "**/*.nwb", S, series=series)
        assert "acquisition/ElectricalSeries, processing/ecephys/LFP/ElectricalSeries" in said
    places = {"acquisition/ElectricalSeries": 100.0, "processing/ecephys/LFP/ElectricalSeries": 200.0}
    for place, rate in places.items():
        (one,) = read_nwb(tmp_path, "**/*.nwb", S, series=place).recordings
        assert one.presentations[0].rate == rate


def test_a_trial_whose_end_nobody_knows_is_as_long_as_its_stimulus(tmp_path):
    recordings.stimuli(tmp_path)
    nwb(tmp_path / "sub-01.nwb", stop=float("nan"))
    (one,) = read_nwb(tmp_path, "**/*.nwb", S).recordings
    assert len(one.presentations) == 1


def test_stimulus_ids_are_not_cut():
    for word in ("and/or", "U.S", "e.g", "24/7", "v1.0", "a\\b"):
        assert stimulus_id(word, None) == word
        assert stimulus_id(word, ["x", word]) == word
    assert stimulus_id("stimuli/s1.wav", ["s1"]) == stimulus_id("s1.WAV", ["s1"]) == "s1"
    assert stimulus_id("a/s1.wav", ["a/s1", "s1"]) == "a/s1"


def test_one_id_from_two_folders_is_refused(tmp_path):
    recordings.stimuli(tmp_path)
    fif(tmp_path / "01_raw.fif")
    (tmp_path / "ev.tsv").write_text("onset\tduration\tstim_file\n3\tn/a\tdutch/s1.wav\n6\tn/a\tenglish/s1.wav\n")
    said = refused(read_raw_files, tmp_path, "{subject}_raw.fif", S, "ev.tsv")
    assert "stimulus 's1' lies in 'english', but in 'dutch'" in said


def test_names_that_are_no_text_are_refused():
    for value in ([None, None], [{}], [np.zeros(3)], [float("nan")]):
        with pytest.raises(BrainalignError, match="names holds"):
            texts(value, "names")
    assert texts([1.0, "a", b"b", 2], "names") == ["1", "a", "b", "2"]


def mat73(path, **content):
    """As MATLAB lays it out: axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in content.items():
            file.create_dataset(name, data=np.asarray(value).T).attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM")


@pytest.mark.parametrize("version", ["5", "7.3"])
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (["time", "channel"], (500, 1)),
        (["channel", "time"], (1, 500)),
        (["trial", "time", "channel"], (1, 500, 3)),
        (["trial", "channel", "time"], (2, 1, 500)),
        (["trial", "channel", "time"], (1, 1, 500)),
        (["time", "channel", "trial"], (500, 3)),  # MATLAB drops a last axis of one
        (["time", "channel", "repeat"], (500, 1, 4)),
    ],
)
def test_matlab_with_axes_of_one(tmp_path, version, axes, shape):
    recordings.stimuli(tmp_path)
    values = RNG.standard_normal(shape)
    whole = values.reshape(*shape, *(1,) * (len(axes) - len(shape)))
    size = dict(zip(axes, whole.shape, strict=True))
    if version == "5":
        scipy.io.savemat(tmp_path / "01.mat", {"resp": values})
    else:
        mat73(tmp_path / "01.mat", resp=values)
    with open_tree(tmp_path / "01.mat") as tree:
        assert np.array_equal(tree.with_axes("resp", len(axes)), whole)
    if "trial" not in axes and "repeat" not in axes:
        form = EventFormat(whole="s1")
        (one,) = read_arrays(
            tmp_path, "{subject}.mat", ArrayKeys(responses="resp", rate=100), S, axes, events=form
        ).recordings
        turned = whole if axes[0] == "time" else whole.T
        assert len(one.channels) == size["channel"] and np.allclose(one.presentations[0].response, turned[:201])


def test_a_struct_array_of_one_entry(tmp_path):
    recordings.stimuli(tmp_path)
    out = np.zeros((1, 1), dtype=[("name", object), ("resp", object), ("dataf", object)])
    out[0, 0] = ("s1", RNG.standard_normal((3, 220)), 100.0)
    scipy.io.savemat(tmp_path / "01.mat", {"out": out})
    keys = ArrayKeys(responses="out/resp/{n}", stimulus="out/name/{n}", rate="out/dataf/{n}")
    (one,) = read_arrays(tmp_path, "{subject}.mat", keys, S, ["channel", "time"]).recordings
    assert [p.stimulus for p in one.presentations] == ["s1"] and len(one.channels) == 3


def test_edf_tells_its_patient(tmp_path):
    from brainalign.data.mne_files.opening import own_id

    raw = recordings.raw()
    raw.info["subject_info"] = {"his_id": "EC7", "sex": 0}
    raw.set_meas_date(1_500_000_000)
    mne.export.export_raw(tmp_path / "a.edf", raw, verbose="error")
    assert own_id(tmp_path / "a.edf") == "EC7"


def test_two_sounds_of_one_name_in_nwb_files_are_refused(tmp_path):
    from pynwb import NWBHDF5IO, TimeSeries

    for n in (1, 2):
        nwb(tmp_path / f"sub-01_run-{n}.nwb")
        with NWBHDF5IO(tmp_path / f"sub-01_run-{n}.nwb", "a") as io:
            file = io.read()
            sound = np.random.default_rng(n).uniform(-0.5, 0.5, 32_000)
            file.add_stimulus(TimeSeries(name="s1", data=sound, rate=16_000.0, unit="a.u."))
            io.write(file)
    said = refused(read_nwb, tmp_path, "sub-{subject}_run-{run}.nwb", None)
    assert "run-2.nwb and " in said and "hold different sounds of one name, 's1'" in said
