"""Pieces that were joined are filtered each by itself; annotations and references are of the channels that they name."""

from dataclasses import replace
from types import SimpleNamespace

import mne
import numpy as np
import pandas as pd
import pytest
from mne.filter import notch_filter
from numpy.testing import assert_allclose
from scipy.signal import welch

from brainalign.data.arrays import read_arrays
from brainalign.data.continuous.processed import Processing
from brainalign.data.continuous.recording import events_over_boundaries, read_recording
from brainalign.data.continuous.run import Run
from brainalign.data.electrodes.table import channels_table
from brainalign.data.events.event import Event
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.data.preprocessing.line_noise import notch, other_line_frequency, with_line_frequency
from brainalign.data.preprocessing.process import preprocess
from brainalign.data.preprocessing.quality import powers, spectrum
from brainalign.data.preprocessing.segments import boundaries, valid_data
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.raw.dataset import read_raw_files
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from tests.data.recordings import stimuli

RATE = 500.0
PLAIN = Preprocessing(reference="none", noisy=None, artefact=None, zscore=False, line_frequency=60)


def recording(data, kinds="seeg", marks=(), rate=RATE):
    """A recording and its channels table; marks: (onset, duration, description, channels)."""
    names = [f"E{n + 1}" for n in range(len(data))]
    raw = mne.io.RawArray(data, mne.create_info(names, rate, kinds, verbose="error"), verbose="error")
    if marks:
        raw.set_annotations(mne.Annotations(*zip(*[m[:3] for m in marks], strict=True), ch_names=[m[3] for m in marks]))
    table = pd.DataFrame({"electrode": names, "region": "STG", "x": 0.0, "y": 0.0, "z": 0.0})
    return raw, table


def steps(rng, levels, seconds):
    """White noise, each piece at its own level, and the annotations of its boundaries."""
    n = round(seconds * RATE)
    data = np.concatenate([rng.normal(size=(4, n)) + level for level in levels], axis=1)
    return data, [(k * seconds, 0.0, "EDGE boundary", ()) for k in range(1, len(levels))]


@pytest.mark.parametrize(
    "settings", [PLAIN, replace(PLAIN, signal="band", low=1.0, high=20.0)], ids=["high_gamma", "band"]
)
def test_each_piece_is_filtered_by_itself(settings):
    rng = np.random.default_rng(0)
    data, marks = steps(rng, [0.0, 60.0, -40.0], 8.0)
    raw, table = recording(data, marks=marks)
    together = preprocess(raw, settings, table).values
    n = data.shape[1] // 3
    for k in range(3):
        alone = preprocess(recording(data[:, k * n : (k + 1) * n])[0], settings, table).values
        assert_allclose(together[k * 800 : k * 800 + len(alone)], alone, rtol=1e-4, atol=1e-4)
    smeared = preprocess(recording(data)[0], settings, table).values
    near = slice(795, 805)
    assert np.nanmean(np.abs(smeared[near])) > 2 * np.nanmean(np.abs(together[near]))


def test_pieces_need_not_begin_on_the_new_samples():
    rng = np.random.default_rng(1)
    data = rng.normal(size=(3, 5003))
    raw, table = recording(data, marks=[(1501 / RATE, 0.0, "boundary", ())])
    found = preprocess(raw, PLAIN, table)
    assert len(found.values) == 1001 and np.isfinite(found.values).mean() > 0.99


def test_joints_are_read_in_every_software_spelling():
    marks = [(t, 0.0, text, ()) for t, text in ((0.0, "New Segment/"), (2.0, "BAD boundary"), (2.0, "EDGE boundary"), (4.0, "boundary"),
                                                (6.0, "New Segment/"), (8.0, "BAD_muscle"))]  # fmt: skip
    raw, _ = recording(np.zeros((2, 5000)), marks=marks)
    assert boundaries(raw) == [1000, 2000, 3000]
    skipped, _ = recording(np.zeros((2, 5000)), marks=[(4.0, 1.0, "BAD_ACQ_SKIP", ())])
    assert boundaries(skipped) == [2000, 2500]


@pytest.mark.parametrize("first", [0, 700])
def test_an_annotation_of_one_channel_blanks_that_channel(first):
    rng = np.random.default_rng(0)
    info = mne.create_info(["E1", "E2", "E3"], 100.0, "seeg", verbose="error")
    raw = mne.io.RawArray(rng.normal(size=(3, 1000)), info, first_samp=first, verbose="error")
    raw.set_annotations(
        mne.Annotations([2.0, 6.0], [1.0, 0.5], ["BAD_x", "bad all"], ch_names=[["E2"], []]), verbose="error"
    )
    lost = np.isnan(valid_data(raw, ["E3", "E2", "E1"]))
    assert lost.sum(axis=1).tolist() == [50, 150, 50] and lost[1, 200:300].all() and lost[:, 600:650].all()
    table = pd.DataFrame({"electrode": ["E1", "E2", "E3"], "region": "STG", "x": 0.0, "y": 0.0, "z": 0.0})
    settings = Preprocessing("as_is", None, None, None, "none", noisy=None, artefact=None, rate=None)
    assert np.isnan(preprocess(raw, settings, table).values).sum(axis=0).tolist() == [50, 150, 50]


def test_the_average_is_of_one_kind():
    """Scalp 20 uV in common, grid and depth others: nothing of one kind's is in another's."""
    rng = np.random.default_rng(0)
    kinds = ["eeg"] * 3 + ["seeg"] * 4 + ["ecog"] * 5
    common = {"eeg": 20.0, "seeg": 80.0, "ecog": 5.0}
    waves = {k: scale * rng.normal(size=4000) for k, scale in common.items()}
    own = rng.normal(size=(12, 4000)) * 0.1
    data = np.array([waves[k] for k in kinds]) + own
    raw, table = recording(data, kinds)
    settings = Preprocessing("band", 0.5, None, None, "average", noisy=None, artefact=None, rate=None, zscore=False)
    found = preprocess(raw, settings, table).values.T
    want = np.concatenate([own[i:j] - own[i:j].mean(axis=0) for i, j in ((0, 3), (3, 7), (7, 12))])
    assert np.abs(found - want)[:, 500:-500].max() < 0.15 and found.std() < 0.15
    lone, table = recording(data[:4], kinds[:4])
    kept = preprocess(lone, settings, table)
    assert (
        kept.channels["electrode"].tolist() == ["E1", "E2", "E3"] and "only channel of its kind (seeg)" in kept.notes[0]
    )


def test_neighbours_are_of_one_kind():
    raw, table = recording(np.random.default_rng(0).normal(size=(3, 2000)), ["seeg", "seeg", "eeg"])
    assert preprocess(raw, replace(PLAIN, reference="bipolar"), table).channels["electrode"].tolist() == ["E1-E2"]


@pytest.mark.parametrize("seconds", [1.5, 3.0, 20.0])
def test_the_mains_is_taken_out_of_short_and_long_pieces(seconds):
    t = np.arange(round(seconds * RATE)) / RATE
    rng = np.random.default_rng(0)
    clean = rng.normal(size=(2, len(t)))
    line = sum(5 * np.sin(2 * np.pi * 50 * k * t + k) for k in (1, 2, 3))
    found = clean + line
    notch(RATE, 50)(found)
    middle = slice(len(t) // 4, -len(t) // 4)
    assert np.abs(found - clean)[:, middle].std() < 0.25


def test_which_mains_is_settled_and_said():
    auto = Preprocessing()
    assert (
        with_line_frequency(auto, 50, "r")[0].line_frequency == 50
        and "gives (PowerLineFrequency)" in with_line_frequency(auto, 50, "r")[1][0]
    )
    settled, notes = with_line_frequency(auto, None, "r")
    assert settled.line_frequency == 60 and "nothing says" in notes[0] and "60 Hz is assumed" in notes[0]
    assert "=0.0 is neither 50 nor 60" in with_line_frequency(auto, 0.0, "r")[1][0]
    settled, notes = with_line_frequency(replace(auto, line_frequency=60), 50.0, "r")
    assert settled.line_frequency == 60 and "contradicts the recording, which gives 50 Hz" in notes[0]
    assert with_line_frequency(replace(auto, line_frequency=None), 50.0, "r") == (
        replace(auto, line_frequency=None),
        [],
    )


def test_the_other_mains_in_the_spectrum_is_told():
    t = np.arange(20_000) / 1000
    data = np.random.default_rng(0).normal(size=(3, len(t))) + 3 * np.sin(2 * np.pi * 50 * t)
    whole = [slice(0, len(t))]
    table = spectrum(*powers(data, 1000.0, whole), "before")
    assert "is data.preprocessing.line_frequency=50 right?" in other_line_frequency(table, 60, "r")[0]
    assert other_line_frequency(table, 50, "r") == [] == other_line_frequency(table, None, "r")
    clean = spectrum(*powers(data - 3 * np.sin(2 * np.pi * 50 * t), 1000.0, whole), "before")
    assert other_line_frequency(clean, 60, "r") == []


def test_spectra_are_scipys():
    data = np.random.default_rng(0).normal(size=(2, 9000)) + 5
    pieces = [slice(0, 1500), slice(1500, 5500), slice(5500, 9000)]
    for rate in (500.0, 500.5):  # windows of an even and an odd number of samples
        frequencies, found = powers(data, rate, pieces)
        window = round(2 * rate)
        want = [welch(data[:, piece], rate, nperseg=window) for piece in pieces]
        assert_allclose(frequencies, want[0][0])
        lengths = [piece.stop - piece.start for piece in pieces]
        assert_allclose(found, np.average([p for _, p in want], axis=0, weights=lengths), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("samples", [3301, 15_000, 41_111])
def test_the_notch_is_mnes(samples):
    data = np.random.default_rng(0).normal(size=(2, samples)) + 3
    want = notch_filter(data, RATE, [50.0, 100.0, 150.0, 200.0], verbose="error")
    notch(RATE, 50)(data)
    assert_allclose(data, want, atol=1e-12)


def test_epochs_and_trials_have_the_same_high_gamma_at_their_ends(tmp_path):
    rng = np.random.default_rng(0)
    stimuli(tmp_path)
    x = rng.normal(size=(12, 4, 1500)) + 60 * rng.normal(size=(12, 4, 1))
    events = np.c_[np.arange(12) * 3000 + 1000, np.zeros(12, int), np.ones(12, int)]
    info = mne.create_info(["A", "B", "C", "D"], RATE, "seeg", verbose="error")
    made = mne.EpochsArray(x, info, events, tmin=-0.5, event_id={"s1": 1}, verbose="error")
    made.save(tmp_path / "01-epo.fif", verbose="error", fmt="double")
    np.savez(tmp_path / "01.npz", responses=x, rate=RATE, stimulus=np.array(["s1"] * 12))
    processing = Processing(PLAIN, tmp_path / "cache")
    epochs = read_raw_files(tmp_path, "{subject}-epo.fif", StimuliFormat(), processing=processing)
    keys = ArrayKeys(stimulus="stimulus", rate="rate", start=-0.5)
    trials = read_arrays(
        tmp_path, "{subject}.npz", keys, StimuliFormat(), ("trial", "channel", "time"), processing=processing
    )
    for data in (epochs, trials):
        r = np.stack([p.response for p in data.recordings[0].presentations])
        ratio = np.nanmean(r[1:-1, :15]) / np.nanmean(r[1:-1, 100:180])
        assert 0.8 < ratio < 1.25
    assert_allclose(
        epochs.recordings[0].presentations[3].response, trials.recordings[0].presentations[3].response, rtol=1e-5
    )


def test_a_presentation_over_a_joint_is_told():
    stimulus = {"s1": Stimulus("s1", 2.0, pd.DataFrame({"word": ["a"], "onset": [0.1], "offset": [1.9]}))}
    run = Run(np.zeros((1000, 1)), 100.0, 0.0, pd.DataFrame(), boundaries=(4.0,))
    events = [Event("e, line 2", "s1", 3.0, np.nan, "run-1"), Event("e, line 3", "s1", 6.0, np.nan, "run-1")]
    assert "1 of 2 presentations run over a joint" in events_over_boundaries(run, events, stimulus)[0]
    assert events_over_boundaries(run, events[1:], stimulus) == []
    epoch = [Event("epoch 1", "s1", 4.0, np.nan, "run-1", 4.0, 6.0)]
    assert events_over_boundaries(run, epoch, stimulus) == []


def test_the_baseline_goes_back_to_where_the_recording_of_the_last_stimulus_was_stopped():
    """The first stimulus of 4 s was stopped after 2; the second begins at 3 s, with the half second before it."""
    stimulus = {"s1": Stimulus("s1", 4.0, pd.DataFrame({"word": ["a"], "onset": [0.1], "offset": [3.9]}))}
    table = channels_table("01", ["E1"], where="r", notes=[])
    run = Run(np.random.default_rng(0).normal(size=(800, 1)), 100.0, 0.0, table)
    source = SimpleNamespace(subject="01", align="onset", open=lambda name: run)
    events = [
        Event("e, line 2", "s1", 0.0, np.nan, "run-1", 0.0, 2.0, stopped=True),
        Event("e, line 3", "s1", 3.0, np.nan, "run-1"),
    ]
    read = read_recording(source, events, stimulus, 0.5, ReadErrors())
    assert [p.start for p in read.presentations] == [0.0, -0.5]


def test_entries_of_several_rates_are_refused(tmp_path):
    stimuli(tmp_path)
    x = np.random.default_rng(0).normal(size=(400, 2))
    np.savez(tmp_path / "01.npz", **{"s1/r": x, "s2/r": x, "s1/f": 100.0, "s2/f": 200.0})
    with pytest.raises(BrainalignError, match="'s1/f' gives 100 samples a second, 's2/f' 200"):
        read_arrays(tmp_path, "{subject}.npz", ArrayKeys("{stimulus}/r", rate="{stimulus}/f"), StimuliFormat())
    np.savez(tmp_path / "01.npz", responses=x, rate=[100.0, 200.0])
    with pytest.raises(BrainalignError, match=r"data.keys.rate='rate' holds 2 different numbers \(100, 200\)"):
        read_arrays(tmp_path, "{subject}.npz", ArrayKeys(rate="rate"), StimuliFormat(), events=EventFormat(whole="s1"))


def test_two_arrays_of_one_file_are_not_one_in_the_cache(tmp_path):
    stimuli(tmp_path)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "01.npz", a=rng.normal(size=(6000, 3)), b=rng.normal(size=(6000, 3)), rate=RATE)
    processing = Processing(PLAIN, tmp_path / "cache")

    def read(key):
        keys = ArrayKeys(key, rate="rate")
        data = read_arrays(
            tmp_path, "{subject}.npz", keys, StimuliFormat(), events=EventFormat(whole="s1"), processing=processing
        )
        return data.recordings[0].presentations[0].response

    assert np.abs(read("a") - read("b")).max() > 0.1
