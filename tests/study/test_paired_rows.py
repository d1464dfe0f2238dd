"""Rows of CCA: which belong to training, which lie in words, and what silence is after the projection."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from brainalign.data.simulated import simulate
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.words.vectors import WordVectors
from brainalign.study.cross_fitting import crossfit, space_scores
from brainalign.study.paired_rows import inside_words, marks_of, row_kind
from brainalign.study.study import Study


@given(
    st.lists(st.tuples(st.floats(0.01, 1), st.floats(0, 0.5)), min_size=1, max_size=8),
    st.lists(st.floats(-1, 12), max_size=20),
)
def test_inside_words_equals_asking_each_word(lengths, times):
    at, rows = 0.0, []
    for length, pause in lengths:
        rows.append((at + pause, at + pause + length))
        at += pause + length
    words = pd.DataFrame(rows, columns=["onset", "offset"])
    times = np.array(times)
    literal = [any(a <= t < b for a, b in rows) for t in times]
    assert inside_words(words, times).tolist() == literal


def world(tmp_path):
    data = simulate(subjects=1, electrodes=5, sentences=15, repeated=3, repeats=2, cache_dir=tmp_path)
    study = Study(data, 0.0, 0.1, "seconds", 50.0, [10.0, 1000.0], 3)
    cache = FeatureCache(tmp_path)
    models = [
        Representation(e, data.stimuli, data.stimuli_digest, cache)
        for e in (WordVectors(data.vectors, "glove"), Mel(12))
    ]
    return data, study, *models


def test_training_and_test_rows_never_meet_and_words_go_where_their_stimulus_goes(tmp_path):
    data, study, _, _ = world(tmp_path)
    for kind, voiced in (("words", True), ("frames", True), ("frames", False)):
        for fold in range(3):
            train = marks_of(study, frozenset(study.split.training(fold)), kind, voiced)
            test = marks_of(study, study.split.folds[fold].test, kind, voiced)
            for s in train:
                assert not (train[s] & test[s]).any()
                rows = len(data.stimuli[s].words) if kind == "words" else study.responses.grids[s].n
                assert len(train[s]) == rows
                if not voiced or kind == "words":
                    assert train[s].all() or test[s].all()


def test_rows_are_words_as_soon_as_one_model_has_a_vector_a_word(tmp_path):
    _, _, glove, mel = world(tmp_path)
    assert row_kind("auto", glove, mel) == row_kind("auto", mel, glove) == "words"
    assert row_kind("auto", mel, mel) == "frames" and row_kind("frames", glove, mel) == "frames"


def test_projected_models_are_zero_in_silence_and_the_same_words_stand_where_they_stood(tmp_path):
    data, study, glove, mel = world(tmp_path)
    fits = crossfit(study, glove, mel, "words", None, fit="cross_fitted", k=3, variance=0.99, ridge=0.0)
    seen = {}
    for model, side in ((glove, "x"), (mel, "y")):
        frames = {}
        original = study.frames

        def spy(representation, layer, project=None, original=original, frames=frames):
            out = original(representation, layer, project)
            if project is not None:
                frames.update(out)
            return out

        study.frames = spy
        space_scores(study, model, side, "shared", fits)
        study.frames = original
        seen[model.name] = frames
    for s, grid in study.responses.grids.items():
        silent = ~inside_words(data.stimuli[s].words, grid.times)
        assert silent.any()
        for frames in seen.values():
            assert (frames[s][silent] == 0).all() and (frames[s][~silent] != 0).any()


def test_a_slow_frame_is_the_sum_of_its_projected_words(tmp_path):
    data, study, glove, mel = world(tmp_path)
    fits = crossfit(study, glove, mel, "words", None, fit="cross_fitted", k=3, variance=0.99, ridge=0.0)
    space = fits.spaces[0]
    from brainalign.data.frames.grid import FrameGrid

    stimulus = next(iter(data.stimuli))
    slow = {stimulus: FrameGrid(start=0.5, rate=1.0, n=2)}
    found = glove.features(0, slow, project=lambda _, rows: space.transform(rows.values, "x", "shared")).values[
        stimulus
    ]
    words = data.stimuli[stimulus].words
    projected = space.transform(glove.word_rows(0)[stimulus], "x", "shared")
    for row, (begin, end) in enumerate(((0.0, 1.0), (1.0, 2.0))):
        inside = (words["onset"] >= begin) & (words["onset"] < end)
        np.testing.assert_allclose(found[row], projected[inside.to_numpy()].sum(axis=0), atol=1e-6)
