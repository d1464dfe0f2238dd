"""Whole runs of story fMRI whose words are known and whose sound is not."""

import h5py
import numpy as np
import pytest

from brainalign import experiment
from brainalign.config import composed
from brainalign.errors import BrainalignError

STORIES, ROWS = [f"story{i}" for i in range(6)], 60


@pytest.fixture
def run(tmp_path):
    """Simulated voxels: three follow the number of words two and three volumes before, two are noise."""
    rng, lines = np.random.default_rng(0), ["story\ttr\twords"]
    (tmp_path / "UTS01").mkdir()
    for story in STORIES:
        counts = rng.integers(0, 7, ROWS)
        lines += [f"{story}\t{t}\t{' '.join(['word'] * n)}" for t, n in enumerate(counts)]
        driven = np.convolve(counts, [0, 0, 1, 0.5])[:ROWS, None] + 0.5 * rng.normal(size=(ROWS, 3))
        with h5py.File(tmp_path / "UTS01" / f"{story}.h5", "w") as file:
            file["data"] = np.hstack([driven, rng.normal(size=(ROWS, 2))])
    (tmp_path / "words.tsv").write_text("\n".join(lines) + "\n")

    def start(*words):
        asked = [
            "data=story_fmri", f"data.root={tmp_path}", "data.words_file=words.tsv", "window=fir_tr", "stats.permutations=0",
            "encoding.outer_folds=3", "encoding.alphas=[1,100]", "tracking.uri=offline", f"paths.output={tmp_path / 'out'}",
            f"paths.cache={tmp_path / 'cache'}", "analysis=encoding", "~model@baseline", *words,
        ]  # fmt: skip
        return experiment.run(composed(asked), tmp_path / "run", asked)

    return start


def test_the_words_alone_predict_the_voxels_that_follow_them(run):
    result = run("model=word_rate")
    scores = result.tables["scores"]
    r = scores[scores["space"] == "full"].groupby("electrode")["r"].mean().to_numpy()
    assert len(r) == 5 and r[:3].min() > 0.9 and np.abs(r[3:]).max() < 0.2


def test_a_model_of_sound_is_refused_in_one_sentence(run):
    with pytest.raises(BrainalignError, match="needs audio, but stimulus 'story0' has none") as caught:
        run("model=envelope")
    assert "\n" not in str(caught.value)
