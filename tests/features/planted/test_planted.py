"""Planted representations: their shares, their layers, what they have in common, and their identity."""

from dataclasses import replace

import numpy as np
import pytest

from brainalign.data.simulated import LATENTS, simulate
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech
from brainalign.linalg.cca import CCA, column_correlations

MODELS = [PlantedSpeech, PlantedLanguage]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return simulate(subjects=1, electrodes=5, sentences=80, repeated=0, cache_dir=tmp_path_factory.mktemp("vectors"))


def frames_of(model, data, layer):
    rows = dict(model.extract(list(data.stimuli.values())))
    return {s: r[layer].values.astype(np.float64) for s, r in rows.items()}


def stacked(model, data, layer):
    return np.concatenate(list(frames_of(model, data, layer).values()))


def explained(x, y):
    """R2 of least squares, by column of y."""
    x = x - x.mean(axis=0)
    y = y - y.mean(axis=0)
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return 1 - residual.var(axis=0) / y.var(axis=0)


@pytest.mark.parametrize("kind", MODELS)
def test_rows_lie_on_the_frames(kind, data):
    model = kind(data)
    assert model.unit == "frames" and list(model.layers) == [0, 1, 2, 3, 4] and "simulated" in model.describe()
    for stimulus, layers in model.extract(list(data.stimuli.values())[:3]):
        assert sorted(layers) == [0, 1, 2, 3, 4]
        times = 0.0125 + 0.02 * np.arange(len(data.latents["lexical"][stimulus]))
        for rows in layers.values():
            assert rows.values.shape == (len(times), 96)
            np.testing.assert_allclose(rows.onset, times, atol=1e-12)
            np.testing.assert_array_equal(rows.onset, rows.offset)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("layer", [0, 1, 3])
def test_variance_is_shared_out_as_stated(kind, layer, data):
    """What the latents explain of the features is their share; latents that are not in the mixture are not in it."""
    model = kind(data, dims=200)
    shares = model.shares(layer)
    assert sum(shares.values()) == pytest.approx(1)
    features = stacked(model, data, layer)
    assert features.var(axis=0).mean() == pytest.approx(1, abs=0.1)
    inside = [n for n in LATENTS if shares[n] > 0]
    x = np.hstack([np.concatenate(list(data.latents[n].values())) for n in inside])
    content = sum(shares[n] for n in inside)
    assert explained(x, features).mean() == pytest.approx(content, abs=0.04)
    for name in inside:
        others = [n for n in inside if n != name]
        if others:
            less = np.hstack([np.concatenate(list(data.latents[n].values())) for n in others])
            assert explained(x, features).mean() > explained(less, features).mean() + 0.5 * shares[name]


def test_without_noise_and_private_part_the_best_layer_spans_all_latents(data):
    model = PlantedSpeech(data, mixture=dict.fromkeys(LATENTS, 1.0), private_dims=0, noise=0.0)
    features = stacked(model, data, model.best_layer)
    latents = np.hstack([np.concatenate(list(data.latents[n].values())) for n in LATENTS])
    assert explained(features, latents).min() > 1 - 1e-5


def test_the_lexical_latent_is_what_the_two_models_share(data):
    """12 held-out canonical correlations are high, all others are chance."""
    speech, language = (frames_of(m(data), data, 3) for m in MODELS)
    names = list(data.stimuli)
    fit, test = names[:50], names[50:]
    cca = CCA.fit(*(np.concatenate([m[s] for s in fit]) for m in (speech, language)), 1.0)
    variates = cca.variates(*(np.concatenate([m[s] for s in test]) for m in (speech, language)))
    found = column_correlations(*variates)
    assert found[:12].min() > 0.4 and np.abs(found[12:]).max() < 0.3 and abs(found[12:].mean()) < 0.05


@pytest.mark.parametrize("kind", MODELS)
def test_private_dimensions_are_smooth_and_common_to_all_layers(kind, data):
    bare = kind(data, noise=0.0, dims=60, private=0.5)
    latents = np.hstack([np.concatenate(list(data.latents[n].values())) for n in LATENTS])
    left = []
    for layer in (1, 3):
        features = stacked(bare, data, layer)
        left.append(features - latents @ np.linalg.lstsq(latents, features, rcond=None)[0])
    assert np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(left[0].T, left[1].T, strict=True)]) > 0.99
    assert np.linalg.matrix_rank(left[1], tol=1e-3 * np.linalg.norm(left[1], 2)) == 16
    assert np.mean([np.corrcoef(v[1:], v[:-1])[0, 1] for v in left[1].T]) > 0.8


@pytest.mark.parametrize("kind", MODELS)
def test_layer_three_predicts_the_brain_best(kind, tmp_path):
    """A ridge on a few lags and clean signals of an even mixture, fitted on 80 sentences, scored on 40 others."""
    data = simulate(
        subjects=2, electrodes=20, sentences=120, repeated=0, silent_fraction=0, rho_min=0.99, rho_max=0.99,
        mixture=dict.fromkeys(LATENTS, 1.0), cache_dir=tmp_path,
    )  # fmt: skip
    signals = {p.stimulus: [] for p in data.recordings[0].presentations}
    for recording in data.recordings:
        for p in recording.presentations:
            signals[p.stimulus].append(p.response[25:])
    names = list(data.stimuli)
    model = kind(data)
    rows = dict(model.extract(list(data.stimuli.values())))
    profile = []
    for layer in model.layers:

        def past(s, layer=layer):
            x = rows[s][layer].values.astype(float)
            return np.hstack([np.vstack([np.zeros((k, 96)), x[: len(x) - k]]) for k in (2, 5, 8, 11, 14)])

        x, y = (
            [np.concatenate([f(s) for s in part]) for part in (names[:80], names[80:])]
            for f in (past, lambda s: np.hstack(signals[s]))
        )
        w = np.linalg.solve(x[0].T @ x[0] + 300 * np.eye(x[0].shape[1]), x[0].T @ y[0])
        profile.append(column_correlations(x[1] @ w, y[1]).mean())
    assert np.argmax(profile) == model.best_layer and profile[0] == min(profile)
    assert profile[3] - np.sort(profile)[-2] > 0.005


def test_values_depend_on_seed_and_model_but_not_on_order_or_choice_of_layers(data):
    stimuli = list(data.stimuli.values())
    whole = dict(PlantedSpeech(data).extract(stimuli))
    part = dict(PlantedSpeech(data, layers=[2]).extract(stimuli[::-1][:5]))
    for stimulus, layers in part.items():
        assert layers[2].values.tobytes() == whole[stimulus][2].values.tobytes()
    other = dict(PlantedSpeech(data, seed=1).extract(stimuli[:1]))
    assert not np.allclose(other[stimuli[0].id][2].values, whole[stimuli[0].id][2].values)


def test_identity_is_settings_seed_and_latents(data):
    base = PlantedSpeech(data).identity()
    assert PlantedSpeech(data, name="mine", layers=[1]).identity() == base
    changed = [
        PlantedSpeech(data, seed=1), PlantedSpeech(data, dims=50), PlantedSpeech(data, private_dims=4),
        PlantedSpeech(data, private=0.1), PlantedSpeech(data, noise=0.01), PlantedSpeech(data, mixture={"lexical": 1}),
        PlantedLanguage(data),
    ]  # fmt: skip
    moved = {n: {s: v + (n == "lexical") for s, v in d.items()} for n, d in data.latents.items()}
    changed.append(PlantedSpeech(replace(data, latents=moved)))
    identities = [str(base), *(str(m.identity()) for m in changed)]
    assert len(set(identities)) == len(identities)


def test_what_cannot_be_is_refused_in_a_sentence(data):
    with pytest.raises(BrainalignError, match=r"planted_language .*'real'.* use data=simulated"):
        PlantedLanguage(replace(data, name="real", latents=None))
    with pytest.raises(BrainalignError, match="sentence999"):
        PlantedSpeech(data).check(Stimulus("sentence999", 2.0))
    with pytest.raises(BrainalignError, match="layers"):
        PlantedSpeech(data, layers=[5])
    with pytest.raises(BrainalignError, match=r"noise=0\.2.*below 1"):
        PlantedSpeech(data, noise=0.2)
    with pytest.raises(BrainalignError, match="lexcal"):
        PlantedSpeech(data, mixture={"lexcal": 1.0})
