"""Predictions and weights that are kept: scores come back from them by hand, and one from the other."""

from dataclasses import replace

import numpy as np
import pytest

from brainalign.data.simulated import simulate
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.cache import FeatureCache
from brainalign.features.planted.mixtures import PlantedLanguage
from brainalign.features.representation import Representation
from brainalign.study.roles import Models
from brainalign.study.saved_arrays import kept_predictions, kept_weights
from brainalign.study.study import Study
from brainalign.tracking import load_run, write_config
from brainalign.tracking.arrays import PREDICTIONS, WEIGHTS, write_arrays


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A function from changes of the study to (study, models, what load_run gives); participant 2 missed some sentences."""
    folder = tmp_path_factory.mktemp("keep")
    data = simulate(subjects=2, electrodes=4, sentences=15, repeated=2, repeats=3, cache_dir=folder)
    second = data.recordings[1]
    heard = [p for p in second.presentations if p.stimulus not in sorted(data.stimuli)[:3]]
    data = replace(data, recordings=[data.recordings[0], replace(second, presentations=heard)])
    cache = FeatureCache(folder)

    def make(**changes):
        options = {
            "tmin": -0.04,
            "tmax": 0.1,
            "lag_unit": "seconds",
            "rate": 50.0,
            "alphas": [10.0, 1e3],
            "outer_folds": 3,
        }
        study = Study(data, **{**options, **changes})
        language, mel = PlantedLanguage(data, layers=[2, 3, 4]), Mel()
        models = Models(*(Representation(e, data.stimuli, data.stimuli_digest, cache) for e in (language,)),
                        baseline=Representation(mel, data.stimuli, data.stimuli_digest, cache))  # fmt: skip
        run = folder / f"run{len(list(folder.iterdir()))}"
        run.mkdir()
        write_config(run, {})
        for name, arrays in kept_predictions(study, models):
            write_arrays(run / PREDICTIONS, name, arrays)
        for name, arrays in kept_weights(study, models):
            write_arrays(run / WEIGHTS, name, arrays)
        return study, models, load_run(run)

    return make


@pytest.fixture(scope="module")
def kept(world):
    return world()


def test_r_of_the_scores_table_comes_back_from_the_predictions(kept):
    study, models, run = kept
    assert set(run.predictions) == {models.model.name, "mel"}
    for model in models.compared:
        saved = run.predictions[model.name]
        assert saved.channels == list(zip(study.channels["subject"], study.channels["electrode"], strict=True))
        table = study.scores(model).query("rule == 'nested'")
        for c in range(len(study.channels)):
            r = []
            for fold in range(3):
                rows = [i for i, segments in enumerate(study.split.segments) if segments[0] == fold]
                actual = np.concatenate([study.responses.values[i][:, c] for i in rows])
                guess = np.concatenate([saved[study.stimuli[i]][:, c] for i in rows])
                heard = np.isfinite(actual)
                r.append(np.corrcoef(actual[heard], guess[heard])[0, 1])
            assert np.mean(r) == pytest.approx(table["r"].iloc[c], abs=1e-5)


def test_predictions_are_in_the_units_of_the_responses_with_their_times(kept):
    study, _, run = kept
    saved = run.predictions["mel"]
    assert set(saved) == set(study.stimuli) and len(saved) == len(set(study.stimuli))
    for stimulus in saved:
        assert saved[stimulus].dtype == np.float32 and np.isfinite(saved[stimulus]).all()
        np.testing.assert_array_equal(saved.times(stimulus), study.responses.grids[stimulus].times)
    means = [np.nanmean(np.vstack(values), axis=0) for values in ([saved[s] for s in saved], study.responses.values)]
    np.testing.assert_allclose(*means, atol=0.1)


def test_the_weights_make_the_predictions(kept):
    study, models, run = kept
    for model in models.compared:
        w = run.weights[model.name]
        selection = study.layer_selection(model)
        means = {n: np.nanmean(s.inner) for n, s in selection.layers.items()}
        assert w.layer == max(means, key=means.get)
        assert w.weights.shape[:2] == (3, 8) and w.weights.dtype == np.float32
        np.testing.assert_allclose(w.lags_s, np.arange(-2, 6) * 0.02)
        assert len(set(w.group)) == 2  # one participant missed something
        frames = study.frames(model, w.layer)
        made = study.fit(frames, w.weights.shape[2], model.name)
        for fold in range(3):
            for stimulus, predicted in made.predictions[fold].items():
                t, c = predicted.shape
                guess = np.tile(w.intercept[fold], (t, 1))
                for e in range(c):
                    z = (frames[stimulus] - w.mean[fold, w.group[e]]) / w.sd[fold, w.group[e]]
                    for k, lag in enumerate(w.lags):
                        for row in range(max(0, lag), min(t, t + lag)):
                            guess[row, e] += z[row - lag] @ w.weights[fold, k, :, e].astype(np.float64)
                meant = predicted * study.design.unit + study.design.center
                np.testing.assert_allclose(guess, meant, atol=2e-5 * np.abs(meant).max())


def test_blocks_of_one_stimulus_meet_in_one_array_and_the_start_is_empty(world):
    study, _, run = world(split_kind="blocks")
    saved = run.predictions["mel"]
    for stimulus, segments in zip(study.stimuli, study.split.segments, strict=True):
        np.testing.assert_array_equal(np.isfinite(saved[stimulus]).all(axis=1), segments >= 0)
        assert np.isnan(saved[stimulus][: len(study.lags)]).all()


def test_a_leaky_split_keeps_every_folds_prediction(world):
    study, _, run = world(split_kind="presentation")
    saved = run.predictions["mel"]
    folds = {}
    for stimulus, segments in zip(study.stimuli, study.split.segments, strict=True):
        folds.setdefault(stimulus, set()).add(int(segments[0]))
    wanted = {s if len(f) == 1 else f"{s}/fold{n}" for s, f in folds.items() for n in f}
    assert set(saved) == wanted and any("/fold" in name for name in wanted)


def test_names_of_models_may_be_anything(tmp_path):
    write_config(tmp_path, {})
    names = ["a/b", "a-b", "../up", "Überflieger 模型", ".hidden", "x" * 300, "file", ""]
    for number, name in enumerate(names):
        write_arrays(
            tmp_path / PREDICTIONS, name, {"predictions/file": np.full((2, 1), number), "times/file": np.arange(2)}
        )
    files = sorted(p.name for p in (tmp_path / PREDICTIONS).iterdir())
    assert len(files) == len(names) and all(f.isascii() and len(f) < 120 and not f.startswith(".") for f in files)
    assert "a-b.npz" in files and not (tmp_path / "up.npz").exists()
    saved = load_run(tmp_path).predictions
    assert {name: saved[name]["file"][0, 0] for name in names} == {name: i for i, name in enumerate(names)}


def test_what_was_not_kept_is_said_with_the_nearest_name(kept, tmp_path):
    *_, run = kept
    with pytest.raises(KeyError, match="no predictions of 'meel'; did you mean 'mel'"):
        run.predictions["meel"]
    with pytest.raises(KeyError, match="no weights of 'meel'; did you mean 'mel'"):
        run.weights["meel"]
    stimulus = next(iter(run.predictions["mel"]))
    for wrong in (run.predictions["mel"].__getitem__, run.predictions["mel"].times):
        with pytest.raises(KeyError, match=f"no prediction of stimulus '{stimulus}x'; did you mean"):
            wrong(f"{stimulus}x")
    write_config(tmp_path, {})
    with pytest.raises(KeyError, match="no predictions of 'mel'; this run kept none"):
        load_run(tmp_path).predictions["mel"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file", b"text"])
def test_a_damaged_file_is_named_when_it_is_asked_for(tmp_path, damage):
    write_config(tmp_path, {})
    path = write_arrays(tmp_path / WEIGHTS, "mel", {})
    with pytest.raises(BrainalignError, match=r"mel.npz cannot be read"):
        load_run(tmp_path).weights["mel"]  # weights are missing in it
    path.write_bytes(damage)
    run = load_run(tmp_path)
    with pytest.raises(BrainalignError, match=r"mel.npz cannot be read"):
        run.weights["mel"]
