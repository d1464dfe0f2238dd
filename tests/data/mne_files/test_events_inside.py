"""Events that stand inside a recording: annotations among marks of software, and pulses of a trigger channel."""

import mne
import numpy as np
import pytest
import soundfile

from brainalign.data.events.software_marks import is_software_mark
from brainalign.data.formats import EventFormat, StimuliFormat
from brainalign.data.raw.dataset import read_raw_files
from brainalign.errors import BrainalignError

RATE = 100.0


def made(root, stim=None, stimuli=("s1", "s2"), annotations=None, first=0, date=None):
    """A FIF file of 30 s whose channel A counts samples, in a folder with sounds of 2 s."""
    x = np.vstack([np.arange(3000.0), np.sin(np.arange(3000.0)), np.zeros(3000) if stim is None else stim])
    raw = mne.io.RawArray(
        x, mne.create_info(["A", "B", "STI"], RATE, ["eeg", "eeg", "stim"], verbose="error"), verbose="error"
    )
    raw.set_meas_date(date)
    if annotations is not None:
        raw.set_annotations(mne.Annotations(*zip(*annotations, strict=True)))
    if first:
        raw.crop(first)
    raw.save(root / "01_raw.fif", fmt="double", verbose="error")
    (root / "stimuli").mkdir()
    for s in stimuli:
        soundfile.write(root / "stimuli" / f"{s}.wav", 0.1 * np.random.default_rng(0).standard_normal(32_000), 16_000)
    return root


def opened(root, **options):
    return read_raw_files(root, "{subject}_raw.fif", StimuliFormat(), baseline=0.0, **options)


def presented(data):
    """(stimulus, onset in seconds of the uncut recording) of each presentation, by the samples that channel A counts."""
    return [(p.stimulus, round(float(p.response[0, 0]) / RATE - p.start, 3)) for p in data.recordings[0].presentations]


def pulses(**codes):
    """A trigger channel: ``_10=(1, 5)`` is code 1 from sample 10 on, for 5 samples."""
    out = np.zeros(3000)
    for at, (code, length) in codes.items():
        out[int(at[1:]) : int(at[1:]) + length] = code
    return out


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (pulses(_500=(1, 1), _1500=(2, 1)), [("1", 5.0), ("2", 15.0)]),  # one sample each
        (pulses(_500=(1, 1), _501=(2, 1)), [("1", 5.0), ("2", 5.01)]),  # two adjacent ones
        (pulses(_500=(2, 400), _900=(1, 400)), [("2", 5.0), ("1", 9.0)]),  # no zero between, downwards
        (pulses(_500=(3, 400), _900=(1, 400)), [("3", 5.0), ("1", 9.0)]),  # the bits of 1 stand in 3
        (pulses(_0=(1, 5), _1500=(2, 5)), [("1", 0.0), ("2", 15.0)]),  # on at the first sample
        (pulses(_0=(1, 1), _1=(2, 1)), [("1", 0.0), ("2", 0.01)]),
        (pulses(_500=(1, 5), _2700=(2, 300)), [("1", 5.0), ("2", 27.0)]),  # on until the end
    ],
)
def test_pulses(tmp_path, channel, expected):
    data = opened(made(tmp_path, channel, ("1", "2", "3")))
    assert presented(data) == expected
    assert any("without a zero" in n for n in data.notes) == bool(
        ((channel[1:] > 0) & (channel[:-1] > 0) & (channel[1:] != channel[:-1])).any()
    )


def test_a_state_that_the_channel_begins_in_is_no_event(tmp_path):
    """BioSemi's status channel begins with bit 16 set."""
    data = opened(made(tmp_path, pulses(_0=(65536, 1), _500=(1, 5)), ("1", "2")))
    assert presented(data) == [("1", 5.0)]
    assert any("at 65536 at its first sample" in n for n in data.notes)


MARKS = ["BAD_muscle", "bad", "BAD boundary", "EDGE boundary", "EDGE", "BAD_ACQ_SKIP", "New Segment/", "boundary", "Recording starts",
         "Recording ends", "SyncStatus/Sync On"]  # fmt: skip


@pytest.mark.parametrize("date", [None, 0])
def test_marks_among_annotated_events_are_passed_over_and_named(tmp_path, date):
    marks = [(22.0 + 0.5 * n, 0.1, text) for n, text in enumerate(MARKS)]
    root = made(
        tmp_path, annotations=[(0.0, 0.0, "New Segment/"), (5.0, 0, "s1"), (12.0, 0, "s2"), *marks], first=2, date=date
    )
    data = opened(root)
    assert presented(data) == [("s1", 5.0), ("s2", 12.0)]
    (note,) = [n for n in data.notes if "marks of the recording's software" in n]
    assert all(repr(mark) in note for mark in MARKS) and "11 of 13" in note


def test_a_misspelt_stimulus_is_no_mark(tmp_path):
    with pytest.raises(BrainalignError, match=r"stimulus 's3' is not among the 2 stimuli"):
        opened(made(tmp_path, annotations=[(5.0, 0, "s1"), (12.0, 0, "s3")]))


def test_pulses_are_read_where_annotations_only_mark_spans(tmp_path):
    root = made(tmp_path, pulses(_500=(1, 5)), ("1", "2"), annotations=[(20.0, 1.0, "BAD_muscle")])
    assert presented(opened(root)) == [("1", 5.0)]


def test_words_are_no_marks(tmp_path):
    """Where each event is a word, ``bad`` is one."""
    assert [is_software_mark(w, None) for w in ("bad", "edge", "boundary", "badge", "BAD_1", "EDGE boundary")] == [
        False
    ] * 4 + [True] * 2
    root = made(tmp_path, annotations=[(5.0, 0, "bad"), (8.0, 0, "BAD_x"), (12.0, 0, "edge")])
    data = read_raw_files(root, "{subject}_raw.fif", StimuliFormat(seconds=1.0), baseline=0.0)
    assert presented(data) == [("bad", 5.0), ("edge", 12.0)]


@pytest.mark.parametrize("date", [None, 0])
def test_spans_that_are_marked_bad_are_missing_where_they_stand(tmp_path, date):
    """In a cropped FIF with and without a date; a stimulus whose name begins with bad marks nothing."""
    from brainalign.data.continuous.processed import Processing
    from brainalign.data.preprocessing.settings import Preprocessing

    settings = Preprocessing(
        line_frequency=None,
        signal="as_is",
        low=None,
        high=None,
        noisy=None,
        artefact=None,
        reference="none",
        rate=None,
        zscore=False,
    )
    root = made(
        tmp_path,
        stimuli=("bad apple",),
        annotations=[(12.0, 2.0, "bad apple"), (12.5, 0.5, "BAD_x")],
        first=10,
        date=date,
    )
    data = opened(root, processing=Processing(settings, tmp_path / "cache"))
    missing = np.flatnonzero(np.isnan(data.recordings[0].presentations[0].response[:, 0]))
    assert (missing[0], missing[-1]) == (50, 99)


def test_a_table_is_not_read_where_none_is(tmp_path):
    root = made(tmp_path, stimuli=("s1",))
    data = opened(root, events=EventFormat(whole="s1", shift=3.0))
    assert presented(data) == [("s1", 3.0)]
    with pytest.raises(BrainalignError, match=r"data\.events\.unit=milliseconds does nothing here"):
        opened(root, events=EventFormat(whole="s1", unit="milliseconds"))
