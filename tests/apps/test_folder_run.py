"""A lab's own data in the plain layout, from files to a finished run; and what a fault in them says."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

import brainalign as package
from brainalign.data.folder import read_folder
from brainalign.data.simulated import simulate

FAST = ("encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1")


@pytest.fixture
def lab(tmp_path):
    """Simulated recordings written as a lab would have them: 44.1 kHz audio, 100 Hz responses, one run."""
    data = simulate(subjects=2, electrodes=5, sentences=12, repeated=2, repeats=3, cache_dir=tmp_path)
    root = tmp_path / "lab"
    (root / "stimuli").mkdir(parents=True)
    for s in data.stimuli.values():
        sound = np.interp(
            np.arange(int(s.duration * 44100)) / 44100, np.arange(len(s.audio.samples)) / 16000, s.audio.samples
        )
        soundfile.write(root / "stimuli" / f"{s.id}.wav", sound, 44100, subtype="PCM_24")
        s.words.to_csv(root / "stimuli" / f"{s.id}_words.tsv", sep="\t", index=False)
    for recording in data.recordings:
        folder = root / f"sub-{recording.subject}"
        folder.mkdir()
        channels = recording.channels.rename(columns={"electrode": "name"})[
            ["name", "region", "hemisphere", "x", "y", "z"]
        ]
        channels.to_csv(folder / "channels.tsv", sep="\t", index=False)
        pieces, events, at = [], [], 0.0
        for p in recording.presentations:
            times = np.arange(0, len(p.response) / p.rate, 0.01)
            own = np.arange(len(p.response)) / p.rate
            pieces.append(np.column_stack([np.interp(times, own, column) for column in p.response.T]))
            events.append(
                {"onset": at - p.start, "duration": data.stimuli[p.stimulus].duration, "stimulus": p.stimulus}
            )
            at += len(times) / 100
        np.save(folder / "run-1_responses.npy", np.vstack(pieces).astype(np.float32))
        (folder / "run-1_responses.json").write_text(json.dumps({"SamplingFrequency": 100, "Units": "z"}))
        pd.DataFrame(events).to_csv(folder / "events.tsv", sep="\t", index=False)
    return root


def test_a_labs_own_folder_runs_whole(brainalign, tmp_path, lab):
    done = brainalign("data=folder", f"data.root={lab}", "model=mel", "model@baseline=word_rate", *FAST)
    assert done.returncode == 0, done.stderr
    assert "resampled from 44100 Hz to 16000 Hz" in done.stderr
    (folder,) = (p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json"))
    scores = package.load_run(folder).tables["scores"]
    assert len(scores.query("rule == 'nested' and model == 'mel'")) == 10
    assert scores.query("rule == 'nested' and model == 'mel'")["r"].mean() > 0.03
    assert "Simulated data" not in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda lab: (lab / "sub-sim01" / "channels.tsv").unlink(), "channels.tsv"),
        (lambda lab: soundfile.write(lab / "stimuli" / "sentence000.wav", np.zeros(0), 16000), "sentence000.wav"),
        (
            lambda lab: (lab / "stimuli" / "sentence001_words.tsv").write_text(
                "word\tonset\toffset\na\t0.5\t0.7\nb\t0.2\t0.4\n"
            ),
            "sentence001_words.tsv",
        ),
        (lambda lab: np.save(lab / "sub-sim02" / "run-1_responses.npy", np.zeros((50, 5))), "sub-sim02"),
    ],
)
def test_a_fault_in_the_files_is_named_and_nothing_is_logged(brainalign, tmp_path, lab, spoil, sentence):
    spoil(lab)
    done = brainalign("data=folder", f"data.root={lab}", "model=mel", *FAST)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "outputs" / "mlflow.db").exists()


def test_sounds_that_nobody_heard(tmp_path, brainalign):
    """A folder of sounds and phones: layers are described and phones told apart; what needs responses says so in a sentence."""
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        tones = [np.sin(2 * np.pi * f * np.arange(3200) / 16_000) for f in (300, 1200, 300, 1200, 300, 1200)]
        sound = np.concatenate(tones) + 0.01 * rng.standard_normal(6 * 3200)
        soundfile.write(tmp_path / f"{name}.wav", 0.3 * sound, 16_000)
        phones = pd.DataFrame({"phone": ["a", "b"] * 3, "onset": 0.2 * np.arange(6), "offset": 0.2 * np.arange(1, 7)})
        phones.to_csv(tmp_path / f"{name}_phones.tsv", sep="\t", index=False)
    data = read_folder(tmp_path, responses=False)
    assert sorted(data.stimuli) == ["one", "two"] and not data.recordings and data.channels.empty
    found = brainalign("data=folder", f"data.root={tmp_path}", "analysis=abx", "model=mel", "paths.output=out")
    assert found.returncode == 0 and "mel accuracy 1.000" in " ".join(found.stdout.split()), found.stderr
    found = brainalign("data=folder", f"data.root={tmp_path}", "analysis=extract", "model=mel", "paths.output=out")
    assert found.returncode == 0 and "2 stimuli" in found.stdout, found.stderr
    found = brainalign("data=folder", f"data.root={tmp_path}", "model=mel", "paths.output=out")
    assert found.returncode == 1 and "holds no sub-XX/; each participant needs a folder of that kind" in found.stderr
