"""Whose clock a time is on: gaps, samples beside onsets, shifts and units, vectors of times, sound that begins elsewhere."""

import mne
import numpy as np
import pytest
import soundfile

from brainalign.data.arrays import read_arrays
from brainalign.data.arrays.source import first_time
from brainalign.data.events.times import onsets_of
from brainalign.data.fmri.stories import read_story_fmri
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.data.nwb.dataset import read_nwb
from brainalign.data.raw.dataset import read_raw_files
from brainalign.errors import BrainalignError

RATE = 100.0
S = StimuliFormat()
RNG = np.random.default_rng(0)


def sounds(root, *names, seconds=2.0):
    (root / "stimuli").mkdir(exist_ok=True)
    for s in names:
        soundfile.write(root / "stimuli" / f"{s}.wav", 0.1 * RNG.standard_normal(int(16_000 * seconds)), 16_000)


def presented(data, rate=RATE):
    """(stimulus, onset) of each presentation, by the samples that the first channel counts."""
    return [(p.stimulus, round(float(p.response[0, 0]) / rate - p.start, 3)) for p in data.recordings[0].presentations]


def counting(n=3000):
    return np.c_[np.arange(float(n)), np.sin(np.arange(n))]


def discontinuous(path, onsets, values, annotations=()):
    """EDF+D or BDF+D by its ending: records of 1 s at 100 Hz, each at its own time; annotations are (time, text)."""
    width = 3 if path.suffix == ".bdf" else 2
    label, top = (b"BDF", 2**23 - 1) if width == 3 else (b"EDF", 2**15 - 1)
    rows = [("A", "uV", -top, top, 100), ("B", "uV", -top, top, 100), (f"{label.decode()} Annotations", "", -1, 1, 60)]
    fields = [
        [name.ljust(16) for name, *_ in rows], [" " * 80] * 3, [unit.ljust(8) for _, unit, *_ in rows],
        [f"{low:<8d}" for _, _, low, _, _ in rows], [f"{high:<8d}" for *_, high, _ in rows],
        [f"{-top - 1:<8d}"] * 3, [f"{top:<8d}"] * 3, [" " * 80] * 3, [f"{n:<8d}" for *_, n in rows], [" " * 32] * 3,
    ]  # fmt: skip
    head = b"\xffBIOSEMI" if width == 3 else b"0".ljust(8)
    head += b"X X X X".ljust(80) + b"Startdate 01-JAN-2026 X X X".ljust(80) + b"01.01.2600.00.00" + b"1024".ljust(8)
    head += (label + b"+D").ljust(44) + f"{len(onsets):<8d}".encode() + b"1".ljust(8) + b"3".ljust(4)
    body = b""
    for n, onset in enumerate(onsets):
        for c in range(2):
            body += b"".join(int(v).to_bytes(width, "little", signed=True) for v in values[100 * n : 100 * n + 100, c])
        tals = f"+{onset:g}\x14\x14\x00".encode()
        tals += b"".join(f"+{t:g}\x14{text}\x14\x00".encode() for t, text in annotations if onset <= t < onset + 1)
        body += tals.ljust(60 * width, b"\x00")
    path.write_bytes(head + "".join("".join(part) for part in fields).encode() + body)


@pytest.mark.parametrize("ending", [".edf", ".bdf"])
@pytest.mark.parametrize("inside", [True, False])
def test_gaps_stay_and_the_files_clock_holds(tmp_path, ending, inside):
    """MNE puts the records one after the other, and drops annotations behind the sum of their lengths."""
    sounds(tmp_path, "s1", "s2")
    onsets = [*range(10), *range(30, 40)]  # a gap of 20 s
    events = ((5.0, "s1"), (32.0, "s2"))
    discontinuous(tmp_path / f"01{ending}", onsets, counting(2000), events if inside else ())
    (tmp_path / "ev.tsv").write_text("onset\tstimulus\n5\ts1\n32\ts2\n")
    data = read_raw_files(tmp_path, f"{{subject}}{ending}", S, None if inside else "ev.tsv", baseline=0.0)
    first, second = data.recordings[0].presentations
    count = np.rint(np.array([first.response[0, 0], second.response[0, 0]]) * 1e6)
    assert ((first.stimulus, second.stimulus), tuple(count)) == (("s1", "s2"), (500, 1200))
    assert any("1 gap(s) are kept as missing samples (20 s from 10 s on)" in n for n in data.recordings[0].notes)


def test_a_presentation_over_a_gap_misses_its_samples(tmp_path):
    sounds(tmp_path, "s1", seconds=10.0)
    discontinuous(tmp_path / "01.edf", [0, 1, 2, 5, 6, 7, 8, 9, 10, 11], counting(1000))
    (tmp_path / "ev.tsv").write_text("onset\tstimulus\n1\ts1\n")
    (one,) = read_raw_files(tmp_path, "{subject}.edf", S, "ev.tsv", baseline=0.0).recordings[0].presentations
    assert np.flatnonzero(np.isnan(one.response[:, 0])).tolist() == list(range(200, 400))


def test_a_file_that_says_discontinuous_and_has_no_gap(tmp_path):
    sounds(tmp_path, "s1")
    discontinuous(tmp_path / "01.edf", [0.5 + n for n in range(10)], counting(1000))
    (tmp_path / "ev.tsv").write_text("onset\tstimulus\n5\ts1\n")
    data = read_raw_files(tmp_path, "{subject}.edf", S, "ev.tsv", baseline=0.0)
    assert np.rint(data.recordings[0].presentations[0].response[0, 0] * 1e6) == 500
    assert not any("gap" in n for n in data.recordings[0].notes)


def test_records_without_times_and_that_overlap(tmp_path):
    sounds(tmp_path, "s1")
    (tmp_path / "ev.tsv").write_text("onset\tstimulus\n5\ts1\n")
    discontinuous(tmp_path / "01.edf", [0, 1, 2, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5], counting(900))
    with pytest.raises(BrainalignError, match=r"record 4 begins at 2\.5 s, before record 3 ends at 3 s"):
        read_raw_files(tmp_path, "{subject}.edf", S, "ev.tsv")
    damaged = (tmp_path / "01.edf").read_bytes().replace(b"+3.5\x14\x14", b"?3.5\x14\x14")
    (tmp_path / "01.edf").write_bytes(damaged)
    with pytest.raises(BrainalignError, match="its record 5 of 9 tells no time"):
        read_raw_files(tmp_path, "{subject}.edf", S, "ev.tsv")


@pytest.mark.parametrize(
    ("onsets", "samples", "expected", "said"),
    [
        (["5", "9"], ["2710", "4400"], [5.42, 8.8], "is rounded (by up to 0.42 s)"),
        (["5.4", "8.8"], ["2710", "4402"], [5.42, 8.804], "is rounded (by up to 0.02 s)"),
        (["5.0e0", "9"], ["2510", "4400"], [5.02, 8.8], "is rounded"),
        (["5.42", "8.804"], ["2710", "4402"], [5.42, 8.804], None),
        (["5.42", "8.804"], ["2711", "4403"], [5.42, 8.804], None),  # counted from 1
        (["5.42", "8.804"], ["1355", "2201"], [5.42, 8.804], "disagree in 2 of 2 events, by up to 4.4 s"),  # of 250 Hz
        (["5", "9"], ["n/a", "4400"], [5.0, 8.8], "is rounded"),
    ],
)
def test_samples_beside_onsets(onsets, samples, expected, said):
    import pandas as pd

    notes = []
    table = pd.DataFrame({"onset": onsets, "sample": samples})
    np.testing.assert_allclose(onsets_of(table, "e.tsv", 500.0, EventFormat(), 0.0, notes), expected)
    assert (notes == []) if said is None else (said in notes[0] and len(notes) == 1)


def arrays(root, x, axes=("time", "channel"), keys=None, files="{subject}.npz", events_file=None, **events):
    np.savez(root / "01.npz", responses=x, rate=RATE, onset=np.array([5.0]), stimulus=np.array(["s1"]), **(keys or {}))
    sounds(root, "s1")
    table = "whole" in events or events_file is not None
    said = {} if table else {"stimulus": "stimulus"} if "trial" in axes else {"stimulus": "stimulus", "onset": "onset"}
    keys = ArrayKeys(rate="rate", start="time" if keys else 0.0, **said)
    return read_arrays(root, files, keys, S, axes, events=EventFormat(**events), events_file=events_file, baseline=0.0)


def test_shift_and_unit_of_arrays(tmp_path):
    assert presented(arrays(tmp_path, counting(), shift=1.5)) == [("s1", 6.5)]
    assert presented(arrays(tmp_path, counting(), whole="s1", shift=2.0)) == [("s1", 2.0)]
    trials = arrays(tmp_path, counting(500)[None], ("trial", "time", "channel"), shift=0.5)
    assert presented(trials) == [("s1", 0.5)]
    with pytest.raises(BrainalignError, match=r"data\.events\.unit=samples does nothing here"):
        arrays(tmp_path, counting(500)[None], ("trial", "time", "channel"), unit="samples")
    (tmp_path / "ev.tsv").write_text("onset\tstimulus\n500\ts1\n")
    time = {"time": 100.0 + np.arange(3000) / RATE}  # sample 500 is sample 500, whatever the clock says
    assert presented(arrays(tmp_path, counting(), keys=time, events_file="ev.tsv", unit="samples")) == [("s1", 5.0)]


@pytest.mark.parametrize("first", [-0.5, 0.0, 0.1, 3.0])
def test_a_vector_of_times_keeps_its_sign(tmp_path, first):
    time = {"time": np.round(first + np.arange(3000) / RATE, 4)}
    (p,) = arrays(tmp_path, counting(), keys=time).recordings[0].presentations
    assert float(p.response[0, 0]) / RATE + first - p.start == pytest.approx(5.0)


def test_before_and_after_a_number_and_other_units():
    assert first_time(np.array([0.5, 2.0]), RATE, "befaft") == first_time(np.array([-0.5, 2.0]), RATE, "x") == -0.5
    assert first_time(np.array([0.3]), RATE, "x") == 0.3
    with pytest.raises(BrainalignError, match=r"steps of 10, but .* steps of 0\.01 s; it looks like milliseconds"):
        first_time(np.arange(-500.0, 500.0, 10.0), RATE, "x")


def test_shift_of_epochs(tmp_path):
    sounds(tmp_path, "s1")
    info = mne.create_info(["A", "B"], RATE, "eeg", verbose="error")
    made = mne.EpochsArray(counting(500).T[None], info, np.array([[50, 0, 1]]), -0.5, {"s1": 1}, verbose="error")
    made.save(tmp_path / "01-epo.fif", fmt="double", verbose="error")
    data = read_raw_files(tmp_path, "{subject}-epo.fif", S, events=EventFormat(shift=0.25), baseline=0.0)
    assert presented(data) == [("s1", 0.75)]


def nwb(root, start=0.0, sound=None, trial=5.0):
    from datetime import UTC, datetime

    from pynwb import NWBHDF5IO, NWBFile, TimeSeries

    file = NWBFile("t", "id", datetime(2026, 1, 1, tzinfo=UTC))
    file.add_acquisition(TimeSeries(name="e", data=counting(), unit="V", rate=RATE, starting_time=start))
    if sound is not None:
        file.add_acquisition(TimeSeries(name="mic", data=sound[1], unit="n/a", rate=1000.0, starting_time=sound[0]))
    file.add_trial_column("stimulus", "played")
    for n in range(3):
        file.add_trial(start_time=trial + 6.0 * n, stop_time=trial + 6.0 * n + 3.0, stimulus="s1")
    with NWBHDF5IO(root / "01.nwb", "w") as io:
        io.write(file)
    sounds(root, "s1", seconds=1.0)


def test_shift_and_samples_of_nwb(tmp_path):
    nwb(tmp_path, start=10.0, trial=500.0)
    (tmp_path / "ev.tsv").write_text("onset\tstimulus\n500\ts1\n")
    options = {"series": "e", "baseline": 0.0}
    data = read_nwb(
        tmp_path, "{subject}.nwb", S, EventFormat(unit="samples", shift=0.5), events_file="ev.tsv", **options
    )
    assert presented(data) == [("s1", 5.5)]
    data = read_nwb(tmp_path, "{subject}.nwb", S, EventFormat(whole="s1", shift=12.0), **options)
    assert presented(data) == [("s1", 2.0)]


@pytest.mark.parametrize("begins", [-2.0, 0.0, 1.5, 7.0])
def test_recorded_sound_that_begins_before_or_after_the_responses(tmp_path, begins):
    """Somebody speaks 1 s after each cue, in 5, 11 and 17 s; the sound has a clock of its own."""
    times = begins + np.arange(30_000) / 1000
    loud = sum((np.abs(times - t - 0.4) < 0.4) for t in (6.0, 12.0, 18.0))
    nwb(tmp_path, sound=(begins, RNG.standard_normal(len(times)) * (0.01 + loud)))
    data = read_nwb(
        tmp_path,
        "{subject}.nwb",
        StimuliFormat(seconds=1.0),
        EventFormat(align="speech"),
        "e",
        sound="mic",
        baseline=0.0,
    )
    expected = [6.0, 12.0, 18.0] if begins < 7 else [12.0, 18.0]
    np.testing.assert_allclose([t for _, t in presented(data)], expected, atol=0.03)


def story(root, table, **events):
    sounds(root, "s1", seconds=60.0)
    (root / "stimuli" / "s1_words.tsv").write_text("word\tonset\toffset\none\t1\t2\n")
    np.savez(root / "01.npz", data=RNG.standard_normal((40, 5)))
    (root / "ev.tsv").write_text(table)
    options = {
        "files": "{subject}.npz",
        "keys": ArrayKeys(responses="data"),
        "tr": 2.0,
        "stories": None,
        "order": ["s1"],
    }
    return read_story_fmri(root, stimuli=S, events_file="ev.tsv", events=EventFormat(**events), **options)


@pytest.mark.parametrize(
    ("rows", "events", "start"),
    [
        ("8000\tstory\ts1.wav\n", {"unit": "milliseconds"}, -7.0),
        ("4\tstory\ts1.wav\n", {"unit": "samples"}, -7.0),  # of the recording: volumes
        ("8\tstory\ts1.wav\n", {"shift": 1.5}, -8.5),
        (
            "0\tmusic\ts1.wav\n8\tstory\ts1.wav\n",
            {"where": {"type": ["story"]}},
            1.0,
        ),  # one file: the sound began with the music
        ("0\tmusic\tintro.wav\n8\tstory\ts1.wav\n", {"where": {"type": ["story"]}}, -7.0),
        ("0\tmusic\tn/a\n8\tstory\tn/a\n", {"where": {"type": ["story"]}}, -7.0),
        ("8\tstory\ts1.wav\n70\tmusic\ts1.wav\n", {"where": {"type": ["story"]}}, -7.0),
    ],
)
def test_when_a_story_begins(tmp_path, rows, events, start):
    data = story(tmp_path, f"onset\ttype\tstim_file\n{rows}", **events)
    assert data.recordings[0].presentations[0].start == start
    assert any("began 8 s before the story" in n for n in data.notes) == (start == 1.0)


def test_settings_of_stories_that_would_do_nothing(tmp_path):
    with pytest.raises(BrainalignError, match=r"data\.events\.whole=s1 does nothing here"):
        story(tmp_path, "onset\n8\n", whole="s1")
    with pytest.raises(BrainalignError, match=r"line 2: onset='soon' is no number of seconds"):
        story(tmp_path, "onset\tstimulus\nsoon\ts1\n")


@pytest.mark.parametrize(
    ("rate", "counts", "onset", "said"),
    [
        (16_000, (16_000, 24_000), 1.0, None),
        (8_000, (8_000, 12_000), 1.0, "read at the sound's 8000 Hz"),
        (44_100, (44_100, 66_150), 1.0, "read at the sound's 44100 Hz"),
        (
            8_000,
            (16_000, 24_000),
            1.0,
            "read at TIMIT's 16000 Hz, because at the sound's 8000 Hz its last word would end at 3.00 s",
        ),
        (None, (16_000, 24_000), 1.0, None),
    ],
)
def test_whose_samples_timit_counts(tmp_path, rate, counts, onset, said):
    from brainalign.data.files.read_errors import ReadErrors
    from brainalign.data.stimuli.files import open_stimuli

    (tmp_path / "stimuli").mkdir()
    if rate is not None:
        soundfile.write(tmp_path / "stimuli" / "s1.wav", RNG.standard_normal(2 * rate) * 0.1, rate)
    (tmp_path / "stimuli" / "s1.WRD").write_text(f"{counts[0]} {counts[1]} she\n")
    notes = []
    words = open_stimuli(S, tmp_path)[1]("s1", ReadErrors(), notes).words
    assert (words["onset"].tolist(), words["offset"].tolist()) == ([onset], [1.5 * onset])
    assert (notes == []) if said is None else (said in notes[0])
