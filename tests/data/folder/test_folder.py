"""The plain layout: what is written is read back, and each bad input is one sentence."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from brainalign.data.folder import read_folder
from brainalign.data.frames.responses import responses_on_frames
from brainalign.errors import BrainalignError

RATE = 100.0
ONSETS = {"run-1": [1.0, 4.0], "run-2": [0.5]}
"""Of s1 and s2 in run 1, and of s1 again in run 2."""


def tsv(path, **columns):
    pd.DataFrame(columns).to_csv(path, sep="\t", index=False)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def root(tmp_path):
    """Two participants, two runs each, two sentences of 2 s, one of them played twice."""
    rng = np.random.default_rng(0)
    root = tmp_path / "mydata"
    (root / "stimuli").mkdir(parents=True)
    for s in ("s1", "s2"):
        soundfile.write(root / "stimuli" / f"{s}.wav", 0.1 * rng.standard_normal((2 * 22_050, 2)), 22_050)
        tsv(root / "stimuli" / f"{s}_words.tsv", word=["hello", "world"], onset=[0.2, 0.9], offset=[0.8, 1.7])
    tsv(root / "stimuli" / "s1_phones.tsv", phone=["HH", "AH"], onset=[0.2, 0.3], duration=[0.1, 0.1])
    for subject in ("sub-01", "sub-02"):
        folder = root / subject
        folder.mkdir()
        tsv(
            folder / "channels.tsv",
            name=["E1", "E2", "E3"], region=["STG", "STG", "MTG"], hemisphere=["L", "R", "L"],
            x=[-60.5, 61.0, "n/a"], y=[1, 2, 3], z=[4, 5, 6], snr=[0.1, 0.2, "n/a"],
        )  # fmt: skip
        tsv(
            folder / "events.tsv",
            onset=[1.0, 4.0, 6.5, 0.5], duration=[2.0, 2.0, 0.1, "n/a"],
            stim_file=["s1.wav", "s2.wav", "n/a", "s1.wav"], run=["run-1", "run-1", "run-1", "run-2"],
        )  # fmt: skip
        for run, length in (("run-1", 700), ("run-2", 260)):
            np.save(folder / f"{run}_responses.npy", rng.standard_normal((length, 3)).astype(np.float32))
            sidecar = {
                "SamplingFrequency": RATE,
                "RecordingDuration": length / RATE,
                "Columns": ["E1", "E2", "E3"],
            }
            (folder / f"{run}_responses.json").write_text(json.dumps(sidecar))
    return root


def sentences(root, **options):
    with pytest.raises(BrainalignError) as error:
        read_folder(root, **options)
    return str(error.value).splitlines()


def test_what_is_written_is_read_back(root):
    data = read_folder(root)
    assert data.name == "mydata" and [r.subject for r in data.recordings] == ["sub-01", "sub-02"]
    assert list(data.stimuli) == ["s1", "s2"]
    stimulus = data.stimuli["s1"]
    assert stimulus.duration == 2.0 and stimulus.audio.samples is None and len(stimulus.audio.load()) == 32_000
    assert stimulus.words.to_dict("list") == {
        "word": ["hello", "world"],
        "onset": [0.2, 0.9],
        "offset": [0.8, 1.7],
    }
    np.testing.assert_allclose(stimulus.phones["offset"], [0.3, 0.4])
    assert data.stimuli["s2"].phones.empty
    channels = data.channels
    assert channels["electrode"].tolist() == ["E1", "E2", "E3"] * 2
    assert channels["region"].tolist()[:3] == ["STG", "STG", "MTG"]
    np.testing.assert_array_equal(channels["x"][:3], [-60.5, 61.0, np.nan])
    np.testing.assert_array_equal(channels["snr"][:3], [0.1, 0.2, np.nan])
    passed = [f"{s}: 1 of 4 events name no stimulus and were passed over." for s in ("sub-01", "sub-02")]
    assert list(data.notes[:2]) == passed and "channels that are not the same" in data.notes[2] and len(data.notes) == 3
    for recording in data.recordings:
        parts = [(p.stimulus, p.repeat) for p in recording.presentations]
        assert parts == [("s1", 0), ("s2", 0), ("s1", 1)]
        for p, (run, onset) in zip(recording.presentations, [(r, t) for r in ONSETS for t in ONSETS[r]], strict=True):
            whole = np.load(root / recording.subject / f"{run}_responses.npy")
            first = round((onset - 0.5) * RATE)
            assert p.rate == RATE and p.start == pytest.approx(-0.5) and p.response.dtype == np.float64
            np.testing.assert_array_equal(p.response, whole[first : first + 251])


def test_the_digest_covers_everything_a_result_hangs_on(root):
    digests = {read_folder(root).digest}
    assert read_folder(root).digest in digests
    values = np.load(root / "sub-02" / "run-2_responses.npy")
    values[100, 2] += 1e-3
    np.save(root / "sub-02" / "run-2_responses.npy", values)
    digests.add(read_folder(root).digest)
    edit(root / "sub-01" / "channels.tsv", "MTG", "SMG")
    digests.add(read_folder(root).digest)
    edit(root / "stimuli" / "s1_words.tsv", "hello", "hullo")
    digests.add(read_folder(root).digest)
    edit(root / "stimuli" / "s1_phones.tsv", "HH", "H")
    digests.add(read_folder(root).digest)
    soundfile.write(root / "stimuli" / "s2.wav", np.zeros(44_100), 22_050)
    digests.add(read_folder(root).digest)
    edit(root / "sub-01" / "events.tsv", "0.5\t", "0.51\t")
    digests.add(read_folder(root).digest)
    assert len(digests) == 7


def test_a_clock_that_starts_earlier_and_a_neighbour_close_before(root):
    edit(root / "sub-01" / "run-1_responses.json", "{", '{"StartTime": -0.4, ')
    edit(root / "sub-01" / "events.tsv", "4.0\t2.0", "3.2\t2.0")
    first, second, _ = read_folder(root).recordings[0].presentations
    whole = np.load(root / "sub-01" / "run-1_responses.npy")
    np.testing.assert_array_equal(first.response, whole[90:341])
    assert first.start == pytest.approx(-0.5)
    assert second.start == pytest.approx(-0.2)  # s1 ended at 3.0 s
    np.testing.assert_array_equal(second.response, whole[340:561])


def test_it_goes_to_the_frames(root):
    responses = responses_on_frames(read_folder(root), 50.0)
    assert responses.presentations == [("s1", 0), ("s1", 1), ("s2", 0)]
    assert all(v.shape == (99, 6) and np.isfinite(v).all() for v in responses.values)


def test_some_participants_with_or_without_prefix(root):
    assert [r.subject for r in read_folder(root, ["02"]).recordings] == ["sub-02"]
    assert [r.subject for r in read_folder(root, ["sub-02", "01"]).recordings] == ["sub-02", "sub-01"]
    assert sentences(root, subjects=["sub-03"])[0].startswith("data.subjects: participant 'sub-03' is not in")
    assert "did you mean 'sub-0" in sentences(root, subjects=["sub-03"])[0]


def test_words_alone_make_a_stimulus_that_lasts_until_the_last_word(root):
    for s in ("s1", "s2"):
        (root / "stimuli" / f"{s}.wav").unlink()
    data = read_folder(root)
    assert data.stimuli["s1"].duration == 1.7 and data.stimuli["s1"].audio is None


def test_dead_and_bad_channels_are_named_dropped_and_counted(root):
    for run in ONSETS:
        values = np.load(root / "sub-01" / f"{run}_responses.npy")
        values[:, 0], values[:, 1] = np.nan, 4.0
        np.save(root / "sub-01" / f"{run}_responses.npy", values)
    edit(root / "sub-02" / "channels.tsv", "snr\n", "snr\tstatus\n")
    edit(root / "sub-02" / "channels.tsv", "5\t0.2\n", "5\t0.2\tbad\n")
    one, two = read_folder(root).recordings
    assert one.notes == ("participant sub-01: 2 of 3 channels are left out: E1 (no valid sample), E2 (constant).",)
    assert two.notes == ("participant sub-02: 1 of 3 channels is left out: E2 (marked bad).",)
    assert one.channels["electrode"].tolist() == ["E3"]
    whole = np.load(root / "sub-01" / "run-1_responses.npy")
    np.testing.assert_array_equal(one.presentations[0].response, whole[50:301, 2:])


def test_a_participant_without_any_live_channel_is_left_out_by_name(root):
    for run in ONSETS:
        path = root / "sub-01" / f"{run}_responses.npy"
        np.save(path, np.zeros_like(np.load(path)))
    data = read_folder(root)
    assert [r.subject for r in data.recordings] == ["sub-02"]
    assert any(n.startswith("participant sub-01 is left out:") and "E1 (constant)" in n for n in data.notes)
    assert (
        "participant sub-01 is left out: 3 of 3 channels are left out: E1 (constant)"
        in sentences(root, subjects=["01"])[0]
    )


def bad_rate(root):
    edit(root / "sub-01" / "run-1_responses.json", "100.0", '"fast"')


def no_rate(root):
    edit(root / "sub-01" / "run-1_responses.json", "SamplingFrequency", "Rate")


def other_duration(root):
    edit(root / "sub-01" / "run-1_responses.json", "7.0", "9.0")


def other_columns(root):
    edit(root / "sub-01" / "run-1_responses.json", '"E2", "E3"', '"E3", "E2"')


def transposed(root):
    path = root / "sub-01" / "run-1_responses.npy"
    np.save(path, np.load(path).T)


def strings(root):
    np.save(root / "sub-01" / "run-1_responses.npy", np.full((700, 3), "a"))


def not_numpy(root):
    (root / "sub-01" / "run-1_responses.npy").write_text("1 2 3")


def no_sidecar(root):
    (root / "sub-01" / "run-1_responses.json").unlink()


def broken_sidecar(root):
    (root / "sub-01" / "run-1_responses.json").write_text("{")


def too_short(root):
    path = root / "sub-01" / "run-2_responses.npy"
    np.save(path, np.load(path)[:200])
    edit(root / "sub-01" / "run-2_responses.json", "2.6", "2.0")


def unknown_stimulus(root):
    edit(root / "sub-01" / "events.tsv", "s2.wav", "s22.wav")


def unknown_run(root):
    edit(root / "sub-01" / "events.tsv", "run-2", "run2")


def bad_onset(root):
    edit(root / "sub-01" / "events.tsv", "4.0\t2.0", "late\t2.0")


def other_length(root):
    edit(root / "sub-01" / "events.tsv", "4.0\t2.0", "4.0\t1.5")


def no_run_column(root):
    edit(root / "sub-01" / "events.tsv", "stim_file\trun", "stim_file\tblock")


def no_events(root):
    (root / "sub-01" / "events.tsv").unlink()


def no_runs(root):
    for run in ONSETS:
        (root / "sub-01" / f"{run}_responses.npy").unlink()


def no_channels(root):
    (root / "sub-01" / "channels.tsv").unlink()


def no_region(root):
    edit(root / "sub-01" / "channels.tsv", "region", "area")


def twice(root):
    edit(root / "sub-01" / "channels.tsv", "E2", "E1")


def side(root):
    edit(root / "sub-01" / "channels.tsv", "61.0", "right")


def hemisphere(root):
    edit(root / "sub-01" / "channels.tsv", "STG\tR", "STG\tRight")


def empty_channels(root):
    edit(root / "sub-01" / "channels.tsv", (root / "sub-01" / "channels.tsv").read_text(), "name\tregion\n")


def empty_audio(root):
    soundfile.write(root / "stimuli" / "s1.wav", np.zeros(0), 16_000)


def no_audio(root):
    (root / "stimuli" / "s1.wav").write_text("not a sound")


def backwards(root):
    edit(root / "stimuli" / "s1_words.tsv", "0.9\t1.7", "0.1\t0.15")


def past_the_end(root):
    edit(root / "stimuli" / "s1_words.tsv", "0.9\t1.7", "0.9\t2.7")


def two_sounds(root):
    soundfile.write(root / "stimuli" / "s1.flac", np.zeros(32_000), 16_000)


def phones_alone(root):
    (root / "stimuli" / "s1.wav").unlink()
    (root / "stimuli" / "s1_words.tsv").unlink()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (bad_rate, "run-1_responses.json: SamplingFrequency='fast' is no finite number."),
        (
            no_rate,
            "run-1_responses.json lacks SamplingFrequency; its keys are 'Rate', 'RecordingDuration', 'Columns'.",
        ),
        (
            other_duration,
            "RecordingDuration=9 s contradicts the array, whose 700 samples at SamplingFrequency=100 Hz last 7 s.",
        ),
        (
            other_columns,
            "Columns are not the electrodes of channels.tsv in their order (column 1 is 'E3', not 'E2').",
        ),
        (transposed, "has 700 columns, but channels.tsv has 3 rows; they must agree; it looks transposed."),
        (strings, "real numbers of shape (time, 3) are needed."),
        (not_numpy, "run-1_responses.npy cannot be read as a numpy array"),
        (no_sidecar, "run-1_responses.json does not exist; it must give the SamplingFrequency"),
        (broken_sidecar, "run-1_responses.json cannot be read as JSON"),
        (
            too_short,
            "stimulus 's1' was played from 0.500 s to 2.500 s, but the recording run-2 runs from 0.000 s to 2.000 s.",
        ),
        (
            unknown_stimulus,
            "events.tsv, line 3: stimulus 's22' is not in the folder stimuli; did you mean 's2'?",
        ),
        (unknown_run, "events.tsv, line 5: run 'run2' has no run2_responses.npy; did you mean 'run-2'?"),
        (bad_onset, "events.tsv, line 3: onset='late' is no number of seconds."),
        (other_length, "duration=1.5 s, but stimulus 's2' lasts 2.000 s; they must agree to 0.1 s"),
        (
            no_run_column,
            "events.tsv lacks the column 'run'; its columns are 'onset', 'duration', 'stim_file', 'block'.",
        ),
        (no_events, "events.tsv does not exist"),
        (no_runs, "holds no <run>_responses.npy"),
        (no_channels, "channels.tsv does not exist"),
        (no_region, "lacks the column 'region'; its columns are 'name', 'area'"),
        (twice, "channels.tsv, line 3: electrode 'E1' is named twice; names must differ."),
        (side, "channels.tsv, line 3: x='right' is no number of millimetres."),
        (hemisphere, "channels.tsv, line 3: hemisphere='Right' is unknown; valid: L, R, n/a"),
        (empty_channels, "channels.tsv has no row; each column of the responses needs one."),
        (empty_audio, "s1.wav is empty (0 samples)"),
        (no_audio, "s1.wav cannot be read"),
        (
            backwards,
            "s1_words.tsv, line 3: 'world' begins at 0.1 s, before 'hello' above it at 0.2 s; onsets must rise",
        ),
        (past_the_end, "s1_words.tsv, line 3: 'world' ends at 2.7 s, past the end of the audio at 2 s"),
        (two_sounds, "stimulus 's1' has its audio twice, in s1.flac and s1.wav; keep one of them."),
        (phones_alone, "stimulus 's1' has neither sound nor words, so its length is not known."),
    ],
)
def test_each_bad_input_is_one_sentence(root, spoil, sentence):
    spoil(root)
    found = sentences(root)
    assert len(found) == 1 and sentence in found[0], found


def test_faults_are_told_together(root):
    for spoil in (bad_rate, unknown_stimulus, past_the_end, twice):
        spoil(root)
    soundfile.write(root / "stimuli" / "s2.wav", np.zeros(0), 16_000)
    text = "\n".join(sentences(root))
    for part in ("'s22'", "past the end", "named twice", "s2.wav is empty"):
        assert part in text


def test_folders_that_are_not_there(root, tmp_path):
    assert sentences(tmp_path / "none")[0].endswith(
        "does not exist; it must hold stimuli/ and one sub-XX/ for each participant."
    )
    assert "holds no sub-XX/" in sentences(root / "stimuli")[0]
    for path in (root / "stimuli").iterdir():
        path.unlink()
    assert "holds no stimulus" in sentences(root)[0]


def test_unheard_stimuli_are_left_out_and_counted(root):
    soundfile.write(root / "stimuli" / "s9.flac", np.zeros(0), 16_000)
    data = read_folder(root)
    assert "s9" not in data.stimuli
    assert "1 of 3 stimuli were heard by nobody and are left out." in data.notes


def test_the_example_in_the_documentation_runs(tmp_path, monkeypatch, capsys):
    text = (Path(__file__).parents[3] / "docs" / "folder-layout.md").read_text()
    monkeypatch.chdir(tmp_path)
    write, read = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(write, {})
    exec(read, {})
    assert "sub-02" in capsys.readouterr().out
