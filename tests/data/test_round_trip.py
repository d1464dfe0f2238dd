"""The same recording in every format gives the same responses, and the same digest where the format keeps the numbers."""

import numpy as np
import pytest

from brainalign.data.arrays import read_arrays
from brainalign.data.bids.dataset import read_bids
from brainalign.data.folder import read_folder
from brainalign.data.formats import ArrayKeys, StimuliFormat
from brainalign.data.nwb.dataset import read_nwb
from brainalign.data.raw.dataset import read_raw_files
from tests.data import recordings

KEYS = ArrayKeys(
    stimulus="stimulus",
    onset="onset",
    rate="rate",
    electrode="electrode",
    region="region",
    hemisphere="hemisphere",
    x="x",
)
RAW = {"events_file": "{subject}_run-{run}_events.tsv", "electrodes_file": "electrodes.tsv"}
S = StimuliFormat()

FORMATS = {
    "npz": lambda root: read_arrays(recordings.npz(root), "{subject}.npz", KEYS, S),
    "hdf5": lambda root: read_arrays(recordings.hdf5(root), "{subject}.h5", KEYS, S),
    "mat5": lambda root: read_arrays(recordings.mat5(root), "{subject}.mat", KEYS, S),
    "mat73": lambda root: read_arrays(recordings.mat73(root), "{subject}.mat", KEYS, S),
    "nwb": lambda root: read_nwb(recordings.nwb(root), "{subject}.nwb", S),
    "nwb_inside": lambda root: read_nwb(recordings.nwb(root, inside=True), "{subject}.nwb", None),
    "fif": lambda root: read_raw_files(recordings.fif(root), "{subject}_run-{run}_raw.fif", S, **RAW),
    "brainvision": lambda root: read_bids(recordings.bids(root), S),
}
LOSSLESS = ("npz", "hdf5", "mat5", "mat73", "nwb", "fif")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return read_folder(recordings.folder(tmp_path_factory.mktemp("folder")))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_responses(plain, tmp_path, name):
    data = FORMATS[name](tmp_path)
    (one,), (other,) = plain.recordings, data.recordings
    assert other.subject == one.subject == "sub-01"
    known = ["subject", "electrode", "region", "hemisphere"]
    assert other.channels[known].to_numpy().tolist() == one.channels[known].to_numpy().tolist()
    np.testing.assert_allclose(other.channels[["x", "y", "z"]], recordings.XYZ, atol=1e-4)
    assert [(p.stimulus, p.repeat) for p in other.presentations] == [("s1", 0), ("s2", 0), ("s1", 1)]
    for a, b in zip(one.presentations, other.presentations, strict=True):
        assert (a.rate, a.start) == pytest.approx((b.rate, b.start)) == (200.0, -0.5)
        np.testing.assert_allclose(b.response, a.response, rtol=1e-12 if name in LOSSLESS else 1e-6)
    assert np.ptp(one.presentations[0].response) > 1e-4
    assert data.stimuli["s1"].duration == 2.0
    if name != "nwb_inside":
        assert data.stimuli_digest == plain.stimuli_digest
    assert (data.digest == plain.digest) == (name in LOSSLESS)


def test_edf_keeps_16_bits(plain, tmp_path):
    data = read_bids(recordings.bids(tmp_path, "EDF"), S)
    step = np.ptp(recordings.values(), axis=0).max() / 2**16
    for a, b in zip(plain.recordings[0].presentations, data.recordings[0].presentations, strict=True):
        assert 0 < np.abs(a.response - b.response).max() < 1.5 * step


def test_epochs_are_presentations(plain, tmp_path):
    root = recordings.epochs(tmp_path)
    (one,) = read_raw_files(root, "{subject}_run-{run}-epo.fif", S, electrodes_file="electrodes.tsv").recordings
    for a, b in zip(plain.recordings[0].presentations, one.presentations, strict=True):
        assert (a.stimulus, a.repeat, a.start) == (b.stimulus, b.repeat, pytest.approx(b.start))
        np.testing.assert_allclose(b.response, a.response, rtol=1e-12)


@pytest.mark.parametrize("turned", [False, True], ids=["trial x time x channel", "channel x time x trial"])
def test_epoched_arrays_are_presentations(plain, tmp_path, turned):
    recordings.stimuli(tmp_path)
    parts = [p.response for p in plain.recordings[0].presentations]
    stack = np.stack(parts)
    np.savez(
        tmp_path / "sub-01.npz", responses=stack.transpose(2, 1, 0) if turned else stack, rate=200.0, start=-0.5,
        stimulus=np.array(["s1", "s2", "s1"]), electrode=np.array(recordings.NAMES), region=np.array(recordings.REGIONS),
    )  # fmt: skip
    keys = ArrayKeys(stimulus="stimulus", rate="rate", start="start", electrode="electrode", region="region")
    axes = ["channel", "time", "trial"] if turned else ["trial", "time", "channel"]
    (one,) = read_arrays(tmp_path, "{subject}.npz", keys, S, axes=axes).recordings
    for a, b in zip(plain.recordings[0].presentations, one.presentations, strict=True):
        assert (a.stimulus, a.repeat, a.start) == (b.stimulus, b.repeat, pytest.approx(b.start))
        np.testing.assert_array_equal(b.response, a.response)
