"""data=kul_attention, on files of the published structure (simulated): trials shorter than their sounds, repetitions, both filters."""

import h5py
import numpy as np
import pytest
import scipy.io
import soundfile

from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.config import composed
from brainalign.data.frames.responses import responses_on_frames
from brainalign.errors import BrainalignError

RNG = np.random.default_rng(0)
RATE, SOUND, TRIAL, SHORT = 128, 12.0, 11.0, 4.0
CHANNELS = ("Fp1", "Cz", "T7", "T8")


def talker(path):
    """Noise under a slow envelope of its own; returns that envelope at the rate of the EEG."""
    knots = RNG.random(int(SOUND * 4) + 1)

    def level(rate):
        return np.interp(np.arange(int(SOUND * rate)) / rate, np.arange(len(knots)) / 4, knots) ** 2

    soundfile.write(path, level(16_000) * RNG.uniform(-0.5, 0.5, int(SOUND * 16_000)), 16_000)
    return level(RATE)


def trial(attended, ignored, ear, seconds, form, labels, levels):
    """A struct of the published cell array; the EEG follows what was attended, 60 ms later."""
    n = int(seconds * RATE)
    brain = 20 * np.outer(np.roll(levels[attended], 8)[:n], [1, 2, -1, 0.5]) + RNG.standard_normal((n, 4))
    again = "rep_" if seconds == SHORT else ""
    names = [f"{again}{story}_{form}.wav" for story in ((attended, ignored) if ear == "L" else (ignored, attended))]
    header = {"SampleRate": float(RATE)} | ({"Channels": labels} if labels is not None else {})
    return {
        "RawData": {"Channels": np.arange(1.0, 5.0), "EegData": brain.astype(np.float32)},
        "FileHeader": header,
        "attended_ear": ear,
        "stimuli": np.array([[name] for name in names], dtype=object),
        "condition": form.upper() if form == "hrtf" else form,
        "repetition": again != "",
    }


def save(path, trials):
    cell = np.empty((1, len(trials)), dtype=object)
    cell[0] = trials
    scipy.io.savemat(path, {"trials": cell}, do_compression=True)


def put(file, parent, name, value):
    """What MATLAB's format 7.3 makes of a value: groups, cells as references, texts as numbers, arrays on their side."""
    if isinstance(value, dict):
        made = parent.create_group(name)
        for key, inner in value.items():
            put(file, made, key, inner)
        kind = "struct"
    elif isinstance(value, list):
        cells = file.require_group("#refs#")
        names = [f"{len(cells)}_{k}" for k in range(len(value))]
        refs = [put(file, cells, own, inner).ref for own, inner in zip(names, value, strict=True)]
        made = parent.create_dataset(name, data=np.array(refs, dtype=h5py.ref_dtype).reshape(-1, 1))
        kind = "cell"
    elif isinstance(value, str):
        made = parent.create_dataset(name, data=np.array([[ord(c)] for c in value], dtype=np.uint16))
        kind = "char"
    else:
        made = parent.create_dataset(name, data=np.atleast_2d(np.asarray(value, dtype=np.float64)).T)
        kind = "double"
    made.attrs["MATLAB_class"] = np.bytes_(kind)
    return made


@pytest.fixture(scope="module")
def party(tmp_path_factory):
    """Two participants: each story of a pair is listened to once, then the first one's begin three times more."""
    root = tmp_path_factory.mktemp("kul")
    (root / "stimuli").mkdir()
    levels = {
        story: talker(root / "stimuli" / f"{story}_dry.wav")
        for story in [f"part{p}_track{t}" for p in (1, 2) for t in (1, 2)]
    }
    labels = np.zeros((1, 4), dtype=[("Label", "O")])
    labels["Label"][0] = CHANNELS
    heard = [("part1_track1", "part1_track2"), ("part2_track1", "part2_track2")]
    for subject, ears in (("S2", "LR"), ("S10", "RL")):
        trials = [trial(*pair, ear, TRIAL, "dry", labels, levels) for pair, ear in zip(heard, ears, strict=True)]
        trials += [
            trial(*pair[::-1], ear, TRIAL, "hrtf", labels, levels) for pair, ear in zip(heard, ears, strict=True)
        ]
        trials += [trial(*heard[0], ear, SHORT, "hrtf", labels, levels) for ear in "LRL"]
        save(root / f"{subject}.mat", trials)
    return root


def config(root, *overrides):
    return composed(
        ["data=kul_attention", f"data.root={root}", f"paths.output={root}/out", f"paths.cache={root}/cache", *overrides]
    )


def test_what_was_listened_to_is_the_stimulus_and_what_was_not_recorded_is_missing(party):
    data = open_dataset(config(party, "data.preprocessing=null"))
    assert sorted(data.stimuli) == [f"part{p}_track{t}" for p in (1, 2) for t in (1, 2)]
    story = data.stimuli["part1_track2"]
    assert (story.audio.path.name, story.ignored.path.name) == ("part1_track2_dry.wav", "part1_track1_dry.wav")
    one, two = data.recordings
    assert (one.subject, two.subject) == ("S2", "S10") and set(one.channels["sensor"]) == {"eeg"}
    assert tuple(one.channels["electrode"]) == CHANNELS
    assert [(p.stimulus, p.repeat) for p in one.presentations] == [
        ("part1_track1", 0), ("part2_track1", 0), ("part1_track2", 0), ("part2_track2", 0), *(("part1_track1", n) for n in (1, 2, 3)),
    ]  # fmt: skip
    written = scipy.io.loadmat(party / "S2.mat", squeeze_me=True, struct_as_record=False)["trials"]
    for made, p in zip(written, one.presentations, strict=True):
        eeg = made.RawData.EegData
        assert p.start == 0 and len(p.response) == SOUND * RATE
        np.testing.assert_array_equal(p.response[: len(eeg)], eeg)
        assert np.isnan(p.response[len(eeg) :]).all()
    assert any("16 participants, here are 2" in note for note in data.notes)
    alone = open_dataset(config(party, "data.preprocessing=null", "data.repetitions=false", "data.subjects=[S10]"))
    assert [p.repeat for p in alone.recordings[0].presentations] == [0] * 4


def test_a_file_of_format_7_3_says_the_same(party, tmp_path):
    (tmp_path / "stimuli").symlink_to(party / "stimuli")
    trials = scipy.io.loadmat(party / "S2.mat", squeeze_me=True, simplify_cells=True)["trials"]
    with h5py.File(tmp_path / "S2.mat", "w", userblock_size=512) as file:
        told = [{k: list(v) if k == "stimuli" else v for k, v in one.items()} for one in trials]
        for one in told:
            labels = [channel["Label"] for channel in one["FileHeader"]["Channels"]]
            one["FileHeader"] = {"SampleRate": 128.0, "Channels": {"Label": labels}}
        put(file, file, "trials", told)
    with (tmp_path / "S2.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    new, old = (
        open_dataset(config(root, "data.preprocessing=null", "data.subjects=[S2]")) for root in (tmp_path, party)
    )
    assert new.digest == old.digest


def test_the_talker_who_was_listened_to_is_told(party):
    given = config(
        party, "model=envelope", "analysis=decoding", "analysis.rival=ignored", "analysis.segment=2", "window.tmax=0.2",
        "encoding.outer_folds=4",
    )  # fmt: skip
    study = open_study(given, open_dataset(given))
    told = given.analysis.run(study, open_models(given, study)).tables["attention"]
    assert (told["n"] > 20).all() and (told["accuracy"] > 0.85).all() and (told["p"] < 0.01).all()


def test_channels_without_labels_are_those_of_a_biosemi_cap(tmp_path):
    (tmp_path / "stimuli").mkdir()
    levels = {s: talker(tmp_path / "stimuli" / f"{s}_dry.wav") for s in ("part1_track1", "part1_track2")}
    made = trial("part1_track1", "part1_track2", "L", TRIAL, "dry", None, levels)
    made["RawData"]["EegData"] = RNG.standard_normal((int(TRIAL * RATE), 64))
    save(tmp_path / "S1.mat", [made, made])
    channels = open_dataset(config(tmp_path, "data.preprocessing=null")).recordings[0].channels
    assert channels["electrode"].iloc[[0, 47, 63]].tolist() == ["Fp1", "Cz", "O2"]
    made["RawData"]["EegData"] = np.ones((100, 9))
    save(tmp_path / "S1.mat", [made, made])
    with pytest.raises(BrainalignError, match="9 channels without labels; 64"):
        open_dataset(config(tmp_path, "data.preprocessing=null"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attended_ear": "both"}, "attended_ear='both' is unknown; valid: L, R"),
        ({"stimuli": np.array([["story.wav"], ["part1_track2_dry.wav"]], dtype=object)}, "'story.wav' is no name of a story"),
        ({"stimuli": np.array([["part3_track1_dry.wav"], ["part1_track2_dry.wav"]], dtype=object)}, "part3_track1_dry.wav does not exist"),
        ({"stimuli": np.array([["part1_track1_dry.wav"], ["part2_track2_dry.wav"]], dtype=object)}, "can have one ignored sound"),
        ({"stimuli": np.array([["part1_track1_dry.wav"]], dtype=object)}, r"stimuli has 1 name\(s\) of sounds; it must have two"),
        ({"attended_ear": np.array([["L"], ["R"]], dtype=object)}, "attended_ear='L R' is unknown; valid: L, R"),
        ({"FileHeader": {"SampleRate": 64.0}}, r"trials/1: the SampleRate is 128\.0, but 64\.0 in trials/0"),
        ({"RawData": {"EegData": np.ones((100, 3))}}, "trials/1: the number of channels is 4, but 3 in trials/0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(party, tmp_path, change, said):
    (tmp_path / "stimuli").symlink_to(party / "stimuli")
    made = scipy.io.loadmat(party / "S2.mat", squeeze_me=True, simplify_cells=True)["trials"]
    save(tmp_path / "S1.mat", [dict(made[0]) | change, dict(made[0])])
    with pytest.raises(BrainalignError, match=said):
        open_dataset(config(tmp_path, "data.preprocessing=null"))


def test_trials_of_an_odd_number_of_samples_share_the_frames_at_50_hz(tmp_path):
    """After 1407 samples at 128 Hz the next trial begins between two samples at 64 Hz: resampled ones cannot be taken as they are."""
    (tmp_path / "stimuli").mkdir()
    pair = ("part1_track1", "part1_track2")
    levels = {s: talker(tmp_path / "stimuli" / f"{s}_dry.wav") for s in pair}
    labels = np.zeros((1, 4), dtype=[("Label", "O")])
    labels["Label"][0] = CHANNELS
    made = trial(*pair, "L", 1407 / RATE, "dry", labels, levels)
    save(tmp_path / "S1.mat", [made, made])
    given = config(tmp_path, "model=envelope", "window.rate=null")
    dataset = open_dataset(given)
    with pytest.raises(BrainalignError, match=r"do not coincide at 64 Hz.*; window\.rate=50 resamples each to common"):
        open_study(given, dataset)
    first, second = responses_on_frames(dataset, 50.0).values
    assert np.corrcoef(first[20:500, 1], second[20:500, 1])[0, 1] > 0.98  # the same EEG, wherever its samples lie


def test_another_folder_is_told(tmp_path):
    with pytest.raises(BrainalignError, match=r"holds no S1\.mat"):
        open_dataset(config(tmp_path))
