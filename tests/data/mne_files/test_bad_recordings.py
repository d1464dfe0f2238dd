"""What is wrong with recordings in the usual formats: one sentence each, all of them in one pass."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from brainalign.data.arrays import read_arrays
from brainalign.data.bids.dataset import read_bids
from brainalign.data.electrodes.channels import check_millimetres
from brainalign.data.files.placeholders import check_fetched
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.data.nwb.dataset import read_nwb
from brainalign.data.raw.dataset import read_raw_files
from brainalign.errors import BrainalignError
from tests.data import recordings

S = StimuliFormat()


def errors(read, *args, **options):
    with pytest.raises(BrainalignError) as error:
        read(*args, **options)
    return str(error.value).splitlines()


def edit(path, old, new):
    text = path.read_text()
    assert old in text, text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def bids(tmp_path):
    return recordings.bids(tmp_path, "EDF")


def one(root, pattern):
    (found,) = root.rglob(pattern)
    return found


def truncate(root):
    path = one(root, "*.edf")
    path.write_bytes(path.read_bytes()[:-3000])


def other_rate(root):
    edit(one(root, "*_ieeg.json"), '"SamplingFrequency": 200.0', '"SamplingFrequency": 512.0')


def other_length(root):
    edit(one(root, "*_ieeg.json"), '"RecordingDuration": ', '"RecordingDuration": 1')


def strange_channel(root):
    edit(one(root, "*_channels.tsv"), "LA2", "LX2")


def outside(root):
    edit(one(root, "*_events.tsv"), "7.5\t", "10.5\t")


def unknown_stimulus(root):
    edit(one(root, "*_events.tsv"), "s2", "s22")


def electrode_twice(root):
    edit(one(root, "*_electrodes.tsv"), "LA2", "LA1")


def metres(root):
    table = pd.read_csv(one(root, "*_electrodes.tsv"), sep="\t")
    table[["x", "y", "z"]] = recordings.XYZ / 1000
    recordings.tsv(table, one(root, "*_electrodes.tsv"))
    path = one(root, "*_coordsystem.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"iEEGCoordinateUnits": "mm"}))


def strange_unit(root):
    path = one(root, "*_coordsystem.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"iEEGCoordinateUnits": "inch"}))


def annex(root):
    one(root, "*.edf").unlink()
    (root / "sub-01" / "ieeg" / "sub-01_task-listen_run-02_ieeg.edf").symlink_to(
        "../../.git/annex/objects/ab/cd/SHA256E-s1.edf"
    )


def lfs(root):
    one(root, "s1.wav").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


def no_stimulus_column(root):
    edit(one(root, "*_events.tsv"), "stimulus", "item")


FAULTS = [
    (truncate, "ieeg.edf is truncated or damaged"),
    (other_rate, "SamplingFrequency=512 Hz contradicts sub-01_task-listen_run-02_ieeg.edf, whose header says 200 Hz."),
    (other_length, "contradicts sub-01_task-listen_run-02_ieeg.edf, which lasts 11 s; it may be truncated."),
    (
        strange_channel,
        "names the channel 'LX2', which sub-01_task-listen_run-02_ieeg.edf does not have; did you mean 'LB2'? (1 such)",
    ),
    (
        outside,
        "stimulus 's1' was played from 10.500 s to 12.500 s, but the recording task-listen_run-02 runs from 0.000 s to 11.000 s.",
    ),
    (unknown_stimulus, "events.tsv, line 3: stimulus 's22' is not among the 2 stimuli; did you mean 's2'?"),
    (electrode_twice, "electrodes.tsv, line 3: electrode 'LA1' is named twice; names must differ."),
    (metres, "electrodes.tsv: the largest coordinate is 0.06, which looks like metres; x, y and z must be millimetres"),
    (strange_unit, "iEEGCoordinateUnits='inch' is unknown; valid: cm, m, mm"),
    (annex, "which is not there: its content has not been fetched; `datalad get` or `git annex get` fetches it."),
    (lfs, "s1.wav is a Git LFS placeholder, its content has not been fetched; `git lfs pull` fetches it."),
    (
        no_stimulus_column,
        "events.tsv has none of the columns 'stimulus', 'stim_file' (data.events.stimulus); its columns are",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence"), FAULTS, ids=lambda v: getattr(v, "__name__", ""))
def test_each_fault_of_a_bids_data_set_is_one_sentence(bids, spoil, sentence):
    spoil(bids)
    found = errors(read_bids, bids, S)
    assert len(found) == 1 and sentence in found[0], found


def test_faults_of_several_participants_are_told_together(bids, tmp_path):
    import shutil

    for s in ("02", "03"):
        shutil.copytree(bids / "sub-01", bids / f"sub-{s}")
        for path in sorted((bids / f"sub-{s}").rglob("*sub-01*"), reverse=True):
            path.rename(path.with_name(path.name.replace("sub-01", f"sub-{s}")))
    edit(one(bids / "sub-01", "*_electrodes.tsv"), "LA2", "LA1")
    edit(one(bids / "sub-02", "*_events.tsv"), "7.5\t", "10.5\t")
    path = one(bids / "sub-03", "*.edf")
    path.write_bytes(path.read_bytes()[:-3000])
    lfs(bids)
    text = "\n".join(errors(read_bids, bids, S))
    for part in ("named twice", "truncated or damaged", "Git LFS placeholder"):
        assert part in text
    assert len(text.splitlines()) >= 3


def test_what_is_asked_for_and_is_not_there(bids):
    assert errors(read_bids, bids, S, recording="meg")[0].endswith("it holds ieeg; choose one by data.recording.")
    assert "task=rest: no sub-XX holds a recording" in errors(read_bids, bids, S, task="rest")[0]
    assert "participant '07' is not in" in errors(read_bids, bids, S, subjects=["07"])[0]
    assert "data.derivative=" in errors(read_bids, bids, S, derivative="derivatives/x")[0]
    assert (
        "has no channel 'mic' (data.sound_channel); valid: LA1, LA2, LB1, LB2"
        in errors(read_bids, bids, S, sound_channel="mic")[0]
    )
    assert "lacks the column 'area' (data.region)" in errors(read_bids, bids, S, region="area")[0]
    found = errors(read_bids, bids, S, EventFormat(where={"trial_type": ["sentence"]}))
    assert "events.tsv lacks the column 'trial_type'" in found[0]
    found = errors(read_bids, bids, S, EventFormat(where={"stimulus": ["s9"]}))
    assert "none of its 3 rows names a stimulus and has stimulus in ['s9'] (data.events.where)" in found[0]


def test_mixed_rates_in_one_participant(tmp_path):
    recordings.fif(tmp_path)
    recordings.raw().resample(100.0, verbose="error").save(tmp_path / "sub-01_run-2_raw.fif", verbose="error")
    recordings.tsv(recordings.EVENTS, tmp_path / "sub-01_run-2_events.tsv")
    found = errors(read_raw_files, tmp_path, "{subject}_run-{run}_raw.fif", S, "{subject}_run-{run}_events.tsv")
    assert found == [
        "participant sub-01: the recording 2 has 100 samples a second, but 1 has 200; all runs of a participant must have one rate "
        "(a preprocessing with data.preprocessing.rate brings them to one)."
    ]
    (tmp_path / "sub-01_run-2_events.tsv").unlink()
    found = errors(read_raw_files, tmp_path, "{subject}_run-{run}_raw.fif", S, "{subject}_run-{run}_events.tsv")
    assert "0 files fit data.events_file='sub-01_run-2_events.tsv'" in found[0]


def test_keys_that_are_not_there_are_told_with_those_that_are(tmp_path):
    recordings.hdf5(tmp_path)
    keys = {"stimulus": "stimulus", "onset": "onset", "rate": "rate"}
    read = lambda **more: errors(read_arrays, tmp_path, "{subject}.h5", ArrayKeys(**(keys | more)), S)  # noqa: E731
    (sentence,) = read(responses="response")
    assert "sub-01.h5 has no 'response'; did you mean 'responses'?" in sentence
    (sentence,) = read(electrode="names")
    assert "has no 'names'; valid: electrode, hemisphere, onset, rate, region, responses, stimulus, x" in sentence
    (sentence,) = read(rate=None)
    assert "data.keys.rate is not set; it must be a key of the file, or a number." in sentence
    (sentence,) = read(region="stimulus")
    assert "the keys of the channels have different lengths: {'name': 4, 'region': 3}" in sentence
    (sentence,) = read(onset=None)
    assert "nothing says when which stimulus was played" in sentence
    found = errors(read_arrays, tmp_path, "{subject}.h5", ArrayKeys(**keys), S, axes=["channel", "time"])
    assert len(found) == 3 and all("but the recording sub-01 runs from 0.000 s to 0.020 s." in f for f in found)
    assert (
        "no file fits data.files='{subject}.npz'" in errors(read_arrays, tmp_path, "{subject}.npz", ArrayKeys(), S)[0]
    )
    assert (
        "'times' is no axis; did you mean 'time'?"
        in errors(read_arrays, tmp_path, "{subject}.h5", ArrayKeys(), S, axes=["times"])[0]
    )
    assert "is no pattern of file names" in errors(read_arrays, tmp_path, "{subject.h5", ArrayKeys(), S)[0]
    path = tmp_path / "sub-01.h5"
    path.write_bytes(path.read_bytes()[:3000])
    assert "sub-01.h5 cannot be read" in read()[0]


def test_files_of_nwb(tmp_path):
    recordings.nwb(tmp_path)
    read = lambda **more: errors(read_nwb, tmp_path, "{subject}.nwb", S, **more)  # noqa: E731
    assert "has no series 'seeg' (data.series); did you mean 'ieeg'?" in read(series="seeg")[0]
    assert "has no table of intervals 'epochs' (data.trials); valid: trials" in read(trials="epochs")[0]
    assert "hold no stimulus; give data.stimuli.root" in errors(read_nwb, tmp_path, "{subject}.nwb", None)[0]
    path = tmp_path / "sub-01.nwb"
    path.write_bytes(path.read_bytes()[:3000])
    assert "sub-01.nwb cannot be read as NWB" in read()[0]


def test_placeholders_and_small_files_that_are_none(tmp_path):
    path = tmp_path / "a.nwb"
    path.write_text("../.git/annex/objects/Fk/3p/MD5E-s12.nwb/MD5E-s12.nwb")
    assert "is a git-annex placeholder" in errors(check_fetched, path)[0]
    for content in (b"", b"\x89HDF", b"a line\n/annex/objects/ is named in a text of two lines\n"):
        path.write_bytes(content)
        check_fetched(path)
    check_fetched(tmp_path / "none")
    check_millimetres(pd.DataFrame({"x": [np.nan, 0.0], "y": [np.nan, 0.1], "z": [np.nan, -40.0]}), "x")
    with h5py.File(tmp_path / "b.h5", "w"):
        pass
    check_fetched(tmp_path / "b.h5")
