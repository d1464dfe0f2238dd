"""Stimuli with words and no sound, in each format, through whole runs: models of words are fitted, those of sound refused."""

import numpy as np
import pandas as pd
import pytest

from brainalign import experiment
from brainalign.assembly import open_dataset
from brainalign.config import composed
from brainalign.errors import BrainalignError
from tests.data import recordings

SPOKEN = ("once upon a time", "there was a king", "who had no sound", "but many words", "and they were", "all timed")


@pytest.fixture
def six(monkeypatch):
    """Six stimuli of 2 s, each heard once."""
    onset = 1.0 + 3.0 * np.arange(6)
    events = pd.DataFrame({"onset": onset, "duration": 2.0, "stimulus": [f"s{k + 1}" for k in range(6)]})
    monkeypatch.setattr(recordings, "EVENTS", events)
    monkeypatch.setattr(recordings, "SECONDS", 20.0)
    texts, content = {**recordings.TEXTS, "stimulus": events["stimulus"].tolist()}, dict(recordings.CONTENT)
    monkeypatch.setattr(recordings, "TEXTS", texts)
    monkeypatch.setattr(recordings, "CONTENT", content | {"responses": recordings.values(), "onset": onset})


def silent(root):
    """No sound; as many words as there are."""
    for sound in (root / "stimuli").glob("*.wav"):
        sound.unlink()
    for k, spoken in enumerate(SPOKEN):
        words = spoken.split()
        onset = 0.1 + 0.4 * np.arange(len(words))
        table = pd.DataFrame({"word": words, "onset": onset, "offset": onset + 0.3})
        table.to_csv(root / "stimuli" / f"s{k + 1}_words.tsv", sep="\t", index=False)


FORMATS = {
    "folder": (recordings.folder, ()),
    "bids": (recordings.bids, ("data.preprocessing=null",)),
    "raw": (recordings.fif, ("data.files='{subject}_run-{run}_raw.fif'", "data.events_file='{subject}_run-{run}_events.tsv'",
                             "data.electrodes_file=electrodes.tsv", "data.preprocessing=null")),
    "nwb": (recordings.nwb, ("data.files='{subject}.nwb'", "data.preprocessing=null")),
}  # fmt: skip
FAST = (
    "analysis=encoding", "encoding.outer_folds=3", "encoding.inner_folds=1", "encoding.alphas=[10,1000]", "window.tmax=0.04",
    "stats.permutations=0", "tracking.uri=offline", "ceiling.draws=100",
)  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_words_without_sound(kind, six, tmp_path):
    write, own = FORMATS[kind]
    write(tmp_path)
    silent(tmp_path)
    paths = (f"data={kind}", f"data.root={tmp_path}", f"paths.cache={tmp_path / 'cache'}", f"paths.output={tmp_path}")
    config = composed([*paths, *own, *FAST, "model=tiny_gpt2", "model.layers=[2]"])
    assert all(s.audio is None and len(s.words) > 1 for s in open_dataset(config).stimuli.values())
    result = experiment.run(config, tmp_path / "run")
    scores = result.tables["scores"]
    assert set(scores["model"]) == {"tiny_gpt2 untrained", "word_rate"} and np.isfinite(scores["r"]).all()
    for model in ("mel", "tiny_wav2vec2"):
        with pytest.raises(BrainalignError, match=f"{model} needs audio, but stimulus 's[1-6]' has none"):
            experiment.run(composed([*paths, *own, *FAST, f"model={model}"]), tmp_path / model)
        assert not (tmp_path / model / "metrics.json").exists()
