"""Predictions and weights that are kept: scores come back from them by hand, and one from the other."""

from dataclasses import replace

import numpy as np
import pytest

from brainalign.data.simulated import simulate
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.base import ReceptiveField
from brainalign.features.cache import FeatureCache
from brainalign.features.joined import Band, JoinedRepresentation
from brainalign.features.planted.mixtures import PlantedLanguage
from brainalign.features.representation import Representation
from brainalign.linalg.lags import lag_matrix
from brainalign.study.roles import Models
from brainalign.study.saved_arrays import kept_predictions, kept_weights
from brainalign.study.study import Study
from brainalign.tracking import load_run, write_config
from brainalign.tracking.arrays import PREDICTIONS, WEIGHTS, write_arrays

OPTIONS = {
    "tmin": -0.04, "tmax": 0.1, "lag_unit": "seconds", "rate": 50.0, "alphas": [10.0, 1e3], "outer_folds": 3,
}  # fmt: skip


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
        study = Study(data, **{**OPTIONS, **changes})
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


class EachFoldItsOwn(Study):
    """Its folds take the first and the second layer of a model by turns, whatever the data say."""

    def best_layer(self, representation, fold):
        return representation.layers[fold % 2 if len(representation.layers) > 1 else 0]


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


class Columns:
    """A made-up model of two layers, of three and of two dimensions; the first follows the planted language, the other does not."""

    unit, placement, layers, version, name = "frames", "hold", (0, 1), 1, "own"
    receptive_field = ReceptiveField(0, 0)

    def __init__(self, language):
        self._of = language

    def identity(self):
        return {"kind": "columns"}

    def describe(self):
        return "columns"

    def check(self, stimulus):
        pass

    def extract(self, stimuli):
        for name, layers in self._of.extract(stimuli):
            rows = layers[2]
            noise = np.random.default_rng(len(rows.values)).normal(size=(len(rows.values), 2))
            yield name, {0: replace(rows, values=rows.values[:, :3]), 1: replace(rows, values=noise)}


@pytest.mark.parametrize(
    "windows", [({}, {}), ({"tmin": 0.0, "tmax": 0.04}, {}), ({"tmax": 0.02}, {"tmin": -0.04, "tmax": 0.0})]
)
def test_the_weights_of_bands_make_the_run_s_predictions(kept, tmp_path, windows):
    """Those of all bands side by side, on the run's lags, whatever their penalties, windows and the layers of each fold."""
    data = kept[0].dataset
    study, cache = EachFoldItsOwn(data, **OPTIONS), FeatureCache(tmp_path)
    mel, language = (
        Representation(e, data.stimuli, data.stimuli_digest, cache)
        for e in (Mel(n_mels=4), Columns(kept[1].model.extractor))
    )
    bands = [Band(mel, **windows[0]), Band(language, **windows[1])]
    joined = JoinedRepresentation(bands, "both", [0.01, 100.0])
    picks = [[0, language.layers[fold % 2]] for fold in range(3)]
    arrays = dict(kept_weights(study, Models(joined)))["both"]
    assert arrays["band_layers"].tolist() == picks
    predictions = dict(kept_predictions(study, Models(joined)))["both"]
    names = arrays["band"].tolist()
    assert names == ["mel"] * names.count("mel") + [language.name] * (len(names) - names.count("mel"))
    assert arrays["weights"].shape == (3, 8, len(names), len(study.channels))
    if windows[0].get("tmin") == 0:
        outside = (arrays["lags_s"] < -1e-9) | (arrays["lags_s"] > 0.0401)
        assert not arrays["weights"][:, outside][:, :, arrays["band"] == "mel"].any()
    for fold, pick in enumerate(picks):
        held = {study.stimuli[i] for i, _ in study.design.test_rows(fold)}
        layers = [study.frames(b.representation, n) for b, n in zip(bands, pick, strict=True)]
        for stimulus in sorted(held)[:3]:
            parts = [frames[stimulus] for frames in layers]
            columns = [
                np.flatnonzero(arrays["band"] == b.name)[: p.shape[1]] for b, p in zip(bands, parts, strict=True)
            ]
            h, here = np.hstack(parts), np.concatenate(columns)
            for c, g in enumerate(arrays["group"]):
                z = (h - arrays["mean"][fold, g, here]) / arrays["sd"][fold, g, here]
                guess = np.full(len(h), arrays["intercept"][fold, c])
                for k, lag in enumerate(arrays["lags"]):
                    seen = lag_matrix(z, np.array([lag]))
                    guess += seen @ arrays["weights"][fold, k, here, c].astype(np.float64)
                kept_ones = predictions[f"predictions/{stimulus}"][:, c]
                np.testing.assert_allclose(guess, kept_ones, atol=3e-5 * np.abs(kept_ones).max())
            rest = np.setdiff1d(np.arange(len(names)), here)
            assert np.isnan(arrays["weights"][fold][:, rest]).all() and len(rest) == fold % 2


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
