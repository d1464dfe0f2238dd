"""Simulated listeners of known truth through the whole pipeline: what was planted comes back, what was not does not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from brainalign.analysis.cca.run import cca
from brainalign.analysis.encoding.run import encoding
from brainalign.data.simulated import simulate
from brainalign.encoding.nested import fit_outer
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.cache import FeatureCache
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech
from brainalign.features.representation import Representation
from brainalign.features.words.vectors import WordVectors
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.stats.compare import TESTS
from brainalign.study.roles import Models
from brainalign.study.study import Study

ALPHAS = np.logspace(0, 6, 7).tolist()


def study(dataset, **changes):
    options = {"tmin": 0.0, "tmax": 0.38, "lag_unit": "seconds", "rate": 50.0, "alphas": ALPHAS, "outer_folds": 5}
    return Study(dataset, **{**options, "arithmetic": Arithmetic("cpu", "float32"), **changes})


def represent(extractor, dataset, folder):
    return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, FeatureCache(folder))


def test_lexical_cortex_is_fully_explained_by_the_word_vectors_and_silence_by_nothing(tmp_path):
    data = simulate(mixture={"lexical": 1.0}, cache_dir=tmp_path)
    model = represent(WordVectors(data.vectors, "glove"), data, tmp_path)
    result = encoding(study(data), Models(model))
    nested = result.tables["scores"].query("rule == 'nested'")
    clear = nested[nested["rho_true"] >= 0.2]
    assert len(clear) > 100
    assert (clear["r2"] / clear["rho_true"]).mean() == pytest.approx(1.0, abs=0.05)
    silent = nested[nested["rho_true"] == 0]
    assert len(silent) == 20
    assert stats.ttest_1samp(silent["r"], 0).pvalue > 0.001
    assert result.metrics["r2/mean"] == pytest.approx(nested["r2"].mean())


def test_all_latents_together_explain_everything_as_data_grow(tmp_path):
    ratio = {}
    for sentences in (100, 600):
        data = simulate(subjects=3, electrodes=30, sentences=sentences, repeated=0, cache_dir=tmp_path)
        it = study(data)
        frames = {s: np.hstack([data.latents[k][s] for k in data.latents]) for s in it.responses.grids}
        found = fit_outer(it.design, frames, it.lags, it.alphas, it.arithmetic)
        rho = it.channels["rho_true"].to_numpy()
        ratio[sentences] = (found.r2.mean(axis=0) / np.where(rho > 0, rho, 1))[rho >= 0.2].mean()
    assert ratio[600] == pytest.approx(1.0, abs=0.05)
    assert ratio[100] < ratio[600]  # the cost of estimating 880 weights from less


def test_cca_finds_the_shared_lexical_space_and_credits_it_to_the_lexical_cortex(tmp_path):
    data = simulate(subjects=2, electrodes=20, sentences=150, repeated=0, mixture={"lexical": 1.0}, cache_dir=tmp_path)
    language = represent(PlantedLanguage(data, layers=[3]), data, tmp_path)
    speech = represent(PlantedSpeech(data, layers=[3]), data, tmp_path)
    result = cca(
        study(data, alphas=[1e2, 1e3, 1e4]), Models(language, speech), fit="cross_fitted", k=12, variance=0.99, ridge=0.0,
        rows="words", layers=None,
    )  # fmt: skip
    held_out = result.tables["canonical"].groupby("component")["held_out"].mean()
    assert (held_out.iloc[:10] > 0.6).all() and held_out.iloc[14:].abs().mean() < 0.1
    shared = next(iter(data.latents["lexical"].values())).shape[1]
    assert shared == 12 and f"the {shared} dimensions that both hold" in result.figures["canonical_correlations"][1]
    scores = result.tables["scores"].query("rule == 'nested' and model == 'planted_language' and rho_true >= 0.2")
    by_space = scores.groupby("space")["r2"].mean()
    assert by_space["shared"] > 0.8 * by_space["full"]
    assert by_space["rest"] < 0.25 * by_space["shared"]
    tests = result.tables["tests"].query("contrast == 'planted_language shared - planted_language rest'")
    assert (tests["t"] > 0).all() and set(tests["family_size"]) == {7 * 5} and set(tests["test"]) == set(TESTS)


def test_a_wrong_stimulus_order_destroys_the_score(tmp_path):
    data = simulate(subjects=2, electrodes=10, sentences=60, repeated=0, mixture={"acoustic": 1.0}, cache_dir=tmp_path)
    model = represent(Mel(20), data, tmp_path)
    it = study(data)
    right = fit_outer(it.design, it.frames(model, 0), it.lags, it.alphas, it.arithmetic)
    frames = it.frames(model, 0)
    names = sorted(frames)
    length = max(len(v) for v in frames.values())
    wrong = {
        a: np.resize(frames[b], (length, 20))[: len(frames[a])]
        for a, b in zip(names, names[1:] + names[:1], strict=True)
    }
    shuffled = fit_outer(it.design, wrong, it.lags, it.alphas, it.arithmetic)
    hears = it.channels["rho_true"].to_numpy() > 0.2
    assert right.r.mean(axis=0)[hears].mean() > 5 * abs(shuffled.r.mean(axis=0)[hears].mean())


def test_splitting_presentations_inflates_the_score_of_nonsense(tmp_path):
    """Features unrelated to the brain, unique to each sentence: repeats in training give its response away."""
    data = simulate(
        subjects=1, electrodes=10, sentences=12, repeated=12, repeats=6, rho_min=0.4, rho_max=0.5, cache_dir=tmp_path
    )
    rng = np.random.default_rng(0)
    score = {}
    for kind in ("stimulus", "presentation"):
        it = study(data, split_kind=kind, outer_folds=3)
        noise = {s: rng.normal(size=(g.n, 30)) for s, g in it.responses.grids.items()}
        found = fit_outer(it.design, noise, it.lags, it.alphas, it.arithmetic)
        score[kind] = found.r.mean(axis=0)[it.channels["rho_true"] > 0].mean()
        assert any("LEAKY" in note for note in it.notes) == (kind == "presentation")
    assert score["presentation"] > 0.2 and abs(score["stimulus"]) < 0.1


def test_what_cannot_be_studied_is_refused(tmp_path):
    data = simulate(subjects=1, electrodes=5, sentences=6, repeated=0, cache_dir=tmp_path)
    with pytest.raises(BrainalignError, match="is longer than stimulus"):
        study(data, tmax=20.0).check()
    with pytest.raises(BrainalignError, match="outer_folds=9, but the data have 6 stimuli"):
        study(data, outer_folds=9).check()
    with pytest.raises(BrainalignError, match="encoding.gap=2 frames is shorter than the window of 20"):
        study(data, split_kind="blocks", gap=2).check()


def test_two_runs_give_the_same_bits(tmp_path):
    data = simulate(subjects=1, electrodes=6, sentences=12, repeated=0, cache_dir=tmp_path)
    tables = [
        encoding(study(data, outer_folds=3), Models(represent(Mel(8), data, tmp_path))).tables["scores"]
        for _ in range(2)
    ]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
