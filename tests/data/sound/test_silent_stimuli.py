"""Stimuli of which there is neither sound nor a transcript."""

import json

import numpy as np
import pandas as pd
import pytest

from brainalign.data.arrays import read_arrays
from brainalign.data.folder import read_folder
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.errors import BrainalignError
from brainalign.features.align import to_grid
from brainalign.features.base import Rows
from brainalign.study.study import Study


def exported(root, durations=(2.0, 3.0, 2.5, 2.0), subjects=("sub-01", "sub-02")):
    """An EEG export in the plain layout, without a folder of stimuli."""
    rng = np.random.default_rng(0)
    for subject in subjects:
        folder = root / subject
        folder.mkdir(parents=True)
        pd.DataFrame({"name": ["Fz", "Cz"], "region": "EEG"}).to_csv(folder / "channels.tsv", sep="\t", index=False)
        onsets = 1.0 + 4.0 * np.arange(len(durations))
        events = pd.DataFrame(
            {"onset": onsets, "duration": durations, "stimulus": [f"s{k}" for k in range(len(durations))]}
        )
        events.to_csv(folder / "events.tsv", sep="\t", index=False)
        np.save(folder / "run-1_responses.npy", rng.standard_normal((64 * 20, 2)))
        (folder / "run-1_responses.json").write_text(json.dumps({"SamplingFrequency": 64.0}))
    return root


def test_stimuli_without_a_folder_last_as_long_as_their_events(tmp_path):
    data = read_folder(exported(tmp_path))
    assert {s: found.duration for s, found in data.stimuli.items()} == {"s0": 2.0, "s1": 3.0, "s2": 2.5, "s3": 2.0}
    assert all(s.audio is None and s.words.empty for s in data.stimuli.values())
    assert any("4 stimuli have neither sound nor transcripts" in note for note in data.notes)


@pytest.mark.parametrize("rate", [50.0, None])
def test_a_series_of_ones_own_is_fitted_without_any_sound(tmp_path, rate):
    """An envelope at 64 Hz drives the channels; a TRF on it foretells them, at 50 Hz and on the recording's own samples."""
    root = exported(tmp_path, subjects=("sub-01",))
    rng = np.random.default_rng(1)
    path = root / "sub-01" / "run-1_responses.npy"
    response = 0.01 * rng.standard_normal((64 * 20, 2))
    series = {}
    for k, duration in enumerate((2.0, 3.0, 2.5, 2.0)):
        slow = np.interp(
            np.arange(int(64 * duration)),
            np.arange(0, 64 * duration + 8, 8),
            rng.standard_normal(int(8 * duration) + 1),
        )
        series[f"s{k}"] = slow[:, None]
        first = int(64 * (1.0 + 4.0 * k))
        response[first : first + len(slow)] += slow[:, None] * [1.0, -0.5]
    np.save(path, response)
    data = read_folder(root, baseline=0.0)
    study = Study(data, tmin=0.0, tmax=0.1, lag_unit="seconds", rate=rate, alphas=[1e-2, 1.0], outer_folds=4)
    study.check()
    frames = {}
    for name, values in series.items():
        times = np.arange(len(values)) / 64.0
        frames[name] = to_grid(Rows(values, times, times + 1 / 64.0), "frames", study.responses.grids[name])
    assert study.fit(frames, 1, "envelope").r.min() > 0.95


def test_a_stimulus_of_unknown_length_is_a_fault(tmp_path):
    root = exported(tmp_path, durations=(2.0, "n/a", 2.0, 2.0))
    with pytest.raises(
        BrainalignError, match=r"events.tsv, line 3: stimulus 's1' has neither sound nor words, and no event says"
    ):
        read_folder(root)


def test_events_that_differ_in_length_are_told(tmp_path):
    root = exported(tmp_path, subjects=("sub-01", "sub-02"))
    path = root / "sub-02" / "events.tsv"
    path.write_text(path.read_text().replace("\t3.0\t", "\t2.25\t"))
    data = read_folder(root)
    assert data.stimuli["s1"].duration == 2.25
    assert any("the shortest counts: s1 2.25 to 3 s" in note for note in data.notes)


def test_epochs_say_their_length_and_a_named_folder_must_be_there(tmp_path):
    np.savez(
        tmp_path / "01.npz", responses=np.random.default_rng(0).standard_normal((3, 100, 2)), names=["a", "b", "c"]
    )
    keys = ArrayKeys(responses="responses", stimulus="names", rate=50.0, start=-0.5)
    options = {"keys": keys, "axes": ["trial", "time", "channel"], "events": EventFormat()}
    data = read_arrays(tmp_path, "{subject}.npz", stimuli=StimuliFormat(), **options)
    assert {s.duration for s in data.stimuli.values()} == {1.5}
    with pytest.raises(BrainalignError, match="sounds holds no stimulus"):
        read_arrays(tmp_path, "{subject}.npz", stimuli=StimuliFormat(root="sounds"), **options)
