"""Similarity of held-out predictions: planted agreement comes back, onsets that all share are taken out."""

import numpy as np
import pandas as pd
import pytest

from brainalign.analysis.similarity.onsets import onset_regressors
from brainalign.analysis.similarity.run import add_similarity, similarity, similarity_table
from brainalign.data.simulated import simulate
from brainalign.encoding.nested import OuterScores
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.words.vectors import WordVectors
from brainalign.study.outcome import Outcome
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    data = simulate(subjects=2, electrodes=10, sentences=24, repeated=4, repeats=3, cache_dir=folder)
    return data, folder


def study(data, **changes):
    return Study(data, 0.0, 0.1, "seconds", 50.0, [10.0, 1000.0], 3, **changes)


def planted(it, make):
    """A selection whose predictions of each test stimulus come from ``make(stimulus, frames)`` -> (T, C)."""
    out = OuterScores.empty(3, it.design.n_channels)
    out.r[:] = 0.1
    for fold in range(3):
        for i, _ in it.design.test_rows(fold):
            s = it.stimuli[i]
            out.predictions[fold][s] = make(s, it.responses.grids[s].n).astype(np.float32)
    return out


def noise(it, seed):
    rng = np.random.default_rng(seed)
    drawn = {s: rng.normal(size=(g.n, it.design.n_channels)) for s, g in it.responses.grids.items()}
    return lambda s, n: drawn[s]


def test_identical_is_one_independent_is_nothing_and_a_shared_onset_is_taken_out(world):
    it = study(world[0])
    a, b, c = (noise(it, seed) for seed in (1, 2, 3))
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3 * len(it.lags), it.design.n_channels))
    onset = {s: onset_regressors(it.dataset.stimuli[s], g, it.lags) @ kernel for s, g in it.responses.grids.items()}
    nested = {
        "a": planted(it, a),
        "same": planted(it, lambda s, n: 3 * a(s, n) + 1),
        "other": planted(it, b),
        "a onset": planted(it, lambda s, n: a(s, n) + 5 * onset[s]),
        "c onset": planted(it, lambda s, n: c(s, n) + 5 * onset[s]),
    }
    table = similarity_table(it, nested)
    assert len(table) == 10 * it.design.n_channels
    mean = table.groupby("model")[["similarity", "similarity_partial"]].mean()
    np.testing.assert_allclose(mean.loc["a x same"], 1.0, atol=1e-5)
    frames = sum(it.responses.grids[s].n for s in set(it.stimuli)) / 3
    floor = 1 / (frames - len(kernel))  # what independent noise shares, in the mean
    assert (mean.loc["a x other"] < 2 * floor).all()
    assert mean.loc["a onset x c onset", "similarity"] > 0.8
    assert mean.loc["a onset x c onset", "similarity_partial"] < 2 * floor
    assert mean.loc["a x a onset", "similarity"] < 0.2 and mean.loc["a x a onset", "similarity_partial"] > 0.99


def test_each_test_stimulus_counts_once_in_its_scored_frames(world):
    it = study(world[0])
    it.responses.values[0][5:20, 0] = np.nan  # one electrode misses frames of one presentation
    heard_once = [i for i, s in enumerate(it.stimuli) if it.stimuli.count(s) == 1]
    it.responses.values[heard_once[0]][5:20, 0] = np.nan
    nested = {"a": planted(it, noise(it, 1)), "b": planted(it, noise(it, 2))}
    table = similarity_table(it, nested)
    frames = sum(g.n for s, g in it.responses.grids.items() if s in set(it.stimuli))
    assert (table["n_frames"].iloc[1:] == frames).all()
    assert table["n_frames"].iloc[0] in (frames - 15, frames - 30)
    for channel in (0, 4):  # by hand
        found = []
        for fold in range(3):
            parts = {}
            for i, mask in it.design.test_rows(fold):
                kept = mask & np.isfinite(it.design.responses[i][:, channel])
                parts[it.stimuli[i]] = parts.get(it.stimuli[i], False) | kept
            a, b = (
                np.concatenate([r.predictions[fold][s][kept, channel] for s, kept in parts.items()])
                for r in nested.values()
            )
            found.append(np.corrcoef(a, b)[0, 1])
        assert table["r"].iloc[channel] == pytest.approx(np.mean(found), abs=1e-6)
        assert table["similarity"].iloc[channel] == pytest.approx(np.mean(np.square(found)), abs=1e-6)


def test_constant_predictions_are_missing_counted_and_told(world):
    it = study(world[0], outcome=Outcome(rule="max"))
    a = noise(it, 1)

    def partly(s, n):
        values = a(s, n).copy()
        values[:, 2] = 0.5
        return values

    words = {s: onset_regressors(it.dataset.stimuli[s], g, it.lags)[:, :1] for s, g in it.responses.grids.items()}
    nested = {
        "a": planted(it, a),
        "partly": planted(it, partly),
        "words": planted(it, lambda s, n: np.repeat(words[s], it.design.n_channels, axis=1)),
    }
    result = AnalysisResult()
    table, tests = add_similarity(result, it, nested)
    own = table[table["model"] == "a x partly"]
    assert np.isnan(own["similarity"].to_numpy()).nonzero()[0].tolist() == [2]
    assert own["folds_missing"].tolist() == [0, 0, 3] + [0] * (len(own) - 3)
    cases = 3 * len(own)
    assert any(w.startswith(f"a x partly: in 3 of {cases} cases") for w in result.warnings)
    assert any(f"a x words: in {cases} of {cases} cases" in w and "altogether" in w for w in result.warnings)
    assert any("nested" in w for w in result.warnings)
    assert result.metrics["similarity/a x partly/mean"] == pytest.approx(own["similarity"].mean())
    assert set(tests["score"]) == {"similarity", "similarity_partial"}
    assert set(tests["contrast"]) == {"a x partly - a x words", "a x partly - partly x words"}


def test_the_analysis_of_two_models_with_and_without_baseline(world):
    data, folder = world
    cache = FeatureCache(folder)
    glove, mel, coarse = (
        Representation(e, data.stimuli, data.stimuli_digest, cache)
        for e in (WordVectors(data.vectors, "glove"), Mel(12), Mel(6, name="coarse"))
    )
    it = study(data)
    result = similarity(it, Models(mel, coarse, glove))
    table, tests = result.tables["similarity"], result.tables["tests"]
    assert list(dict.fromkeys(table["model"])) == ["mel x coarse", "mel x glove", "coarse x glove"]
    mean = table.groupby("model")["similarity"].mean()
    assert mean["mel x coarse"] > mean["mel x glove"]  # two spectrograms predict the same
    assert (table["similarity"] >= table["r"] ** 2 - 1e-12).all()  # the mean square is at least the squared mean
    assert set(tests["contrast"]) == {"mel x coarse - mel x glove", "mel x coarse - coarse x glove"}
    assert len(tests) == 3 * 2 * 2 * len(it.regions)  # tests x contrasts x scores x regions
    figure, caption = result.figures["similarity"]
    figure.draw_without_rendering()
    assert caption.startswith("A. Actual response") and " C. Mean shared variance" in caption
    alone = similarity(it, Models(mel, coarse))
    assert "tests" not in alone.tables and any("no baseline" in w for w in alone.warnings)
    pd.testing.assert_frame_equal(
        alone.tables["similarity"], table[table["model"] == "mel x coarse"].reset_index(drop=True), check_exact=True
    )
