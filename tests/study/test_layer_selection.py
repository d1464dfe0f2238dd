"""A selection of layers that is cut short goes on where it stopped, and ends as if nothing had happened."""

import logging

import numpy as np
import pandas as pd
import pytest

from brainalign.data.simulated import simulate
from brainalign.encoding import fit_store
from brainalign.encoding.fit_store import FitStore
from brainalign.features.cache import FeatureCache
from brainalign.features.planted.mixtures import PlantedLanguage
from brainalign.features.representation import Representation
from brainalign.study.study import Study


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return simulate(
        subjects=2, electrodes=5, sentences=15, repeated=1, repeats=3, cache_dir=tmp_path_factory.mktemp("d")
    )


@pytest.fixture
def begin(data, tmp_path, monkeypatch):
    """``begin(**changes)``: a new process's study and model, on the same cache; every layer is worth keeping."""
    monkeypatch.setattr(fit_store, "SHARE", 1e9)

    def make(store=True, **changes):
        options = {
            "tmin": 0.0,
            "tmax": 0.1,
            "lag_unit": "seconds",
            "rate": 50.0,
            "alphas": [10.0, 1e3],
            "outer_folds": 3,
        }
        study = Study(data, store=FitStore(tmp_path) if store else None, **{**options, **changes})
        cache = FeatureCache(tmp_path)
        return study, Representation(
            PlantedLanguage(data, layers=[1, 2, 3, 4]), data.stimuli, data.stimuli_digest, cache
        )

    return make


class Killed(BaseException):
    """Nothing in the program catches it."""


def cut_short(study, model, after):
    """Race until so many layers are done, then die."""
    fit, done = study.fit, []

    def dying(*arguments, **options):
        if len(done) == after:
            raise Killed
        done.append(1)
        return fit(*arguments, **options)

    study.fit = dying
    with pytest.raises(Killed):
        study.layer_selection(model)


def tables(study, model):
    return study.scores(model), study.layer_scores(model)


def test_a_killed_race_resumes_and_gives_the_same_bits(begin, caplog):
    whole = tables(*begin(store=False))
    cut_short(*begin(), after=2)
    study, model = begin()
    fits = []
    fit = study.fit
    study.fit = lambda *a, **o: fits.append(1) or fit(*a, **o)
    with caplog.at_level(logging.INFO):
        resumed = tables(study, model)
    assert len(fits) == 2  # of four
    said = f"resumed: 2 of 4 layers of {model.name} from {study.store}"
    assert said in caplog.text and said in study.notes
    for a, b in zip(whole, resumed, strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
    again, same = begin()
    again.fit = None  # nothing is left to fit
    pd.testing.assert_frame_equal(tables(again, same)[0], whole[0], check_exact=True)
    for f, fold in enumerate(study.layer_selection(model).nested[0].predictions):
        for stimulus, predicted in fold.items():
            assert np.array_equal(predicted, again.layer_selection(same).nested[0].predictions[f][stimulus])


def test_another_problem_is_fitted_anew(begin):
    study, model = begin()
    study.layer_selection(model)
    for change in ({"alphas": [10.0, 1e4]}, {"seed": 1}, {"tmax": 0.12}, {"outer_folds": 4}, {"align": "offset"}):
        other, model = begin(**change)
        other.layer_selection(model)
        assert not [n for n in other.notes if "resumed" in n], change
    assert len(list(study.store.folder.iterdir())) == 6


def test_what_was_noted_of_the_features_is_noted_again(begin):
    study, model = begin()
    model.notes.append("3 of 7 words fall into no frame.")
    study.layer_selection(model)
    other, again = begin()
    other.layer_selection(again)
    assert again.notes.count("3 of 7 words fall into no frame.") == 1


def test_a_damaged_state_is_said_and_fitted_again(begin, caplog):
    study, model = begin()
    whole = tables(study, model)
    (file,) = study.store.folder.iterdir()
    content = bytearray(file.read_bytes())
    content[-3] ^= 4
    file.write_bytes(bytes(content))
    again, same = begin()
    found = tables(again, same)
    assert f"cache file {file} is not usable" in caplog.text and not [n for n in again.notes if "resumed" in n]
    pd.testing.assert_frame_equal(found[0], whole[0], check_exact=True)


def test_a_fit_is_kept_by_what_its_features_are(begin):
    study, model = begin()
    frames = study.frames(model, 2)
    width = next(iter(frames.values())).shape[1]
    first = study.fit(frames, width, "a part", identity={"frames": frames})
    other, _ = begin()
    kept = other.fit(lambda fold: None, width, "a part", identity={"frames": frames})  # a fit would fail
    assert np.array_equal(first.r, kept.r)
    moved = {s: v + 1e-9 for s, v in frames.items()}
    with pytest.raises(AttributeError):
        other.fit(lambda fold: None, width, "a part", identity={"frames": moved})
