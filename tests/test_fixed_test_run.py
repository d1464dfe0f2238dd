"""Whole runs: a fixed test set under every analysis that encodes, and Whisper's decoder on words with sound."""

import numpy as np
import pandas as pd
import pytest

from brainalign import experiment
from brainalign.assembly import open_dataset
from brainalign.config import composed

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=14", "data.repeated=3", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000]", "window.tmax=0.04", "stats.permutations=0", "tracking.uri=offline",
    "ceiling.draws=100",
)  # fmt: skip


@pytest.fixture
def run(tmp_path):
    def start(*words):
        paths = (f"paths.output={tmp_path}", f"paths.cache={tmp_path / 'cache'}")
        config = composed([*SMALL, *paths, *words])
        return experiment.run(config, tmp_path / "run", list(words))

    return start


@pytest.fixture(scope="module")
def held():
    """Names of the three stimuli that are repeated, which are the natural test set."""
    heard = open_dataset(composed(list(SMALL))).recordings[0].presentations
    times = pd.Series([p.stimulus for p in heard]).value_counts()
    return sorted(times.index[times > 1])


ANALYSES = {
    "encoding": ("model=planted_language", "model.layers=[1]"),
    "latency": ("model=envelope",),
    "controls": ("model=tiny_gpt2", "model.layers=[2]", "analysis.controls=[word_rate,untrained,shuffled_words]"),
    "hierarchy": ("model=planted_language",),
    "variance_partition": ("model=envelope", "model@partner=word_rate", "~model@baseline", "analysis.ratios=[1]"),
}


@pytest.mark.parametrize("kind", ANALYSES)
def test_each_analysis_scores_the_test_set_alone(run, held, kind):
    """Every score is of the test stimuli in the mean of their presentations: so many frames, and no others."""
    result = run(f"analysis={kind}", *ANALYSES[kind], f"encoding.test=[{','.join(held)}]")
    assert result is not None and result.metrics
    assert all(np.isfinite(v) for k, v in result.metrics.items() if k.startswith("r/mean"))
    if "scores" in result.tables and "n_frames" in result.tables["scores"]:
        dataset = open_dataset(composed(list(SMALL)))
        frames = sum(round(50 * dataset.stimuli[s].duration) for s in held)
        assert (result.tables["scores"]["n_frames"] - frames).abs().max() <= len(held) * 3


def test_all_parts_of_convergence_score_the_test_set_alone(run, held, monkeypatch):
    """The paper's whole path; its figures, which have tests of their own, are not drawn."""
    monkeypatch.setattr("brainalign.analysis.convergence.run.paper_figures", lambda *_: {})
    monkeypatch.setattr(experiment, "write_outputs", lambda *_, **__: None)
    result = run(
        "analysis=convergence", "model=planted_language", "model@partner=planted_speech", "~model@baseline", "model.layers=[1]",
        "partner.layers=[1]", "data.electrodes=3", "analysis.sets=2", "analysis.ratios=[1]", "analysis.components=3",
        "analysis.geometry=false",
        f"encoding.test=[{','.join(held)}]",
    )  # fmt: skip
    stimuli = open_dataset(composed(list(SMALL))).stimuli
    frames = sum(round(50 * stimuli[s].duration) for s in held)
    assert not [w for w in result.warnings if "could not be done" in w]
    assert {"ceilings", "similarity", "canonical", "decomposition", "partition"} <= set(result.tables)
    for name in ("scores", "similarity", "fits"):
        assert (result.tables[name]["n_frames"] - frames).abs().max() <= 3 * len(held), name


def test_whispers_decoder_through_encoding(run, trained):
    words = (
        "model=whisper_decoder",
        f"model.path={trained / 'whisper_tiny_en'}",
        "model.layers=[0,4]",
        "analysis=encoding",
    )
    result = run(*words, "data.sentences=9", "data.repeated=2")
    scores = result.tables["scores"]
    assert {"whisper_decoder"} <= set(scores["model"]) and set(scores["layer"].dropna()) >= {0, 4}
    assert np.isfinite(scores.loc[scores["model"] == "whisper_decoder", "r"]).all()
    outliers = result.tables["outliers"].set_index(["model", "layer"])
    assert set(outliers.loc["whisper_decoder"].index) == {0, 4}
    assert any("outliers" in label for label, _ in result.rows)
