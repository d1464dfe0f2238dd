"""What the simulator states is true: ceilings, the generating model, shares, and what the latents say of each other."""

import numpy as np
import pytest

from brainalign.data.simulated import LATENTS, simulate
from brainalign.data.simulated.grammar import sentences
from brainalign.data.simulated.latents import Context
from brainalign.data.simulated.responses import Signals, bumps, noise
from brainalign.data.simulated.vectors import own_part, word_vectors
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.study.study import Study


def on_frames(recording):
    """Stimulus -> (repeats, T, channels), without the baseline."""
    found = {}
    for p in recording.presentations:
        found.setdefault(p.stimulus, []).append(p.response[25:])
    return {s: np.stack(v) for s, v in found.items()}


def lagged(values, lags=20):
    """(T, lags * d) by the book: zeros before the first frame."""
    out = np.zeros((len(values), lags, values.shape[1]))
    for k in range(lags):
        out[k:, k] = values[: len(values) - k]
    return out.reshape(len(values), -1)


def ridge_r2(x, y, groups, alpha):
    """Cross-validated R2, folds of whole groups, mean over columns."""
    scale = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(scale > 0, scale, 1)
    error = total = 0
    for fold in range(5):
        train = groups % 5 != fold
        mean = y[train].mean(axis=0)
        gram = x[train].T @ x[train] + alpha * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, x[train].T @ (y[train] - mean))
        error = error + ((y[~train] - mean - x[~train] @ weights) ** 2).sum(axis=0)
        total = total + ((y[~train] - mean) ** 2).sum(axis=0)
    return float(np.mean(1 - error / total))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return simulate(subjects=1, electrodes=5, repeated=0, cache_dir=tmp_path_factory.mktemp("vectors"))


def test_stated_ceilings_are_those_of_sahani_and_linden(tmp_path):
    """Every sentence repeated, so that the stated variance over distinct sentences is the one that repeats measure."""
    n = 8
    data = simulate(subjects=6, electrodes=20, sentences=60, repeated=60, repeats=n, cache_dir=tmp_path)
    bias = []
    for recording in data.recordings:
        repeats = np.concatenate(list(on_frames(recording).values()), axis=1)
        power = (n * repeats.mean(axis=0).var(axis=0) - repeats.var(axis=1).mean(axis=0)) / (n - 1)
        found = power / repeats.var(axis=1).mean(axis=0)
        bias.append(found - recording.channels["rho_true"].to_numpy())
        truth = recording.channels["rho_true"]
        assert np.corrcoef(found, truth)[0, 1] > 0.95
    bias = np.concatenate(bias)
    assert abs(bias.mean()) < 3.3 * bias.std() / np.sqrt(len(bias)) + 0.002
    assert bias.std() < 0.04


def test_a_trf_on_all_latents_is_the_generating_model(tmp_path):
    """Nearly no noise: least squares on the literal lagged matrix of all latents leaves nothing over."""
    data = simulate(
        subjects=1, electrodes=5, sentences=60, repeated=0, silent_fraction=0, rho_min=1 - 1e-6, rho_max=1 - 1e-6,
        cache_dir=tmp_path,
    )  # fmt: skip
    signals = on_frames(data.recordings[0])
    x = np.concatenate([lagged(np.hstack([data.latents[n][s] for n in LATENTS])) for s in signals])
    y = np.concatenate([v[0] for v in signals.values()])
    x = np.column_stack([x, np.ones(len(x))])
    assert len(x) > 4 * x.shape[1]
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert (residual.var(axis=0) / y.var(axis=0)).max() < 2e-6
    short = np.concatenate([lagged(np.hstack([data.latents[n][s] for n in LATENTS]), lags=10) for s in signals])
    residual = y - y.mean(axis=0) - short @ np.linalg.lstsq(short, y - y.mean(axis=0), rcond=None)[0]
    assert (residual.var(axis=0) / y.var(axis=0)).min() > 1e-3  # and 20 lags are needed


def test_the_evoked_level_changes_no_score_and_no_ceiling(tmp_path):
    """It is constant over all frames that are analysed: the intercept takes it, and variances do not see it."""
    options = {"subjects": 2, "electrodes": 5, "sentences": 12, "repeated": 4, "repeats": 3, "cache_dir": tmp_path}
    found = []
    for evoked in (0.0, 1.0, 30.0):
        data = simulate(**options, evoked=evoked)
        study = Study(
            data, tmin=0.0, tmax=0.1, lag_unit="seconds", rate=50.0, alphas=[1.0, 100.0, 1e4], outer_folds=3,
            arithmetic=Arithmetic(dtype="float64"),
        )  # fmt: skip
        features = {s: v for s, v in data.latents["acoustic"].items()}
        width = next(iter(features.values())).shape[1]
        scores = study.fit(features, width, "acoustic")
        power = []
        for recording in data.recordings:
            repeats = np.concatenate([v for v in on_frames(recording).values() if len(v) == 3], axis=1)
            own = repeats.var(axis=1).mean(axis=0)
            power.append((3 * repeats.mean(axis=0).var(axis=0) - own) / 2 / own)
        found.append((scores.r, scores.r2, scores.alpha, np.concatenate(power)))
    assert np.nanmax(found[0][0]) > 0.1  # there is a score to change
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def test_repeats_have_one_signal_and_new_noise(tmp_path):
    options = {
        "subjects": 1,
        "electrodes": 5,
        "sentences": 8,
        "repeated": 8,
        "repeats": 3,
        "silent_fraction": 0,
    }
    quiet = simulate(**options, rho_min=1 - 1e-6, rho_max=1 - 1e-6, cache_dir=tmp_path)
    loud = simulate(**options, rho_min=1e-6, rho_max=1e-6, cache_dir=tmp_path)
    for stimulus, repeats in on_frames(quiet.recordings[0]).items():
        assert np.abs(repeats - repeats[0]).max() < 0.02 < repeats.std()
        noisy = on_frames(loud.recordings[0])[stimulus]
        assert np.abs(noisy[0] - noisy[1]).mean() > 0.3
    for p in quiet.recordings[0].presentations:
        assert np.abs(p.response[:25]).max() < 0.01  # before the sentence there is noise alone


def test_shares_are_exact_and_components_uncorrelated(data):
    signals = Signals(data.latents)
    shares = {"acoustic": 0.1, "phonetic": 0.2, "lexical": 0.3, "contextual": 0.4}
    weights = signals.weights(shares, np.random.default_rng(0))
    rows = np.concatenate(list(signals.filtered.values()))
    parts = np.stack([rows[:, signals.parts[n]] @ weights[signals.parts[n]] for n in LATENTS])
    np.testing.assert_allclose(np.cov(parts, bias=True), np.diag(list(shares.values())), atol=1e-9)


def test_kernels_are_smooth_and_end_within_the_window():
    basis = bumps()
    assert basis.shape == (20, 7) and np.abs(basis[-1]).max() < 1e-6
    assert np.abs(np.diff(basis, axis=0)).max() < 0.4
    assert np.linalg.matrix_rank(basis) == 7


def test_an_impulse_comes_back_as_the_bumps_later_and_never_before():
    latents = {name: {"s": np.zeros((50, 3))} for name in LATENTS}
    latents["lexical"]["s"][12, 1] = 1.0
    signals = Signals(latents)
    found = signals.filtered["s"][:, signals.parts["lexical"]].reshape(50, 3, 7)
    np.testing.assert_allclose(found[12:32, 1], bumps(), atol=1e-12)
    assert not found[:12].any() and not found[32:].any() and not found[:, [0, 2]].any()


def test_sound_is_answered_before_context(data):
    """Centre of gravity of the kernels' power, in seconds."""
    signals, rng, centre = Signals(data.latents), np.random.default_rng(0), {}
    for name in LATENTS:
        pure = {n: float(n == name) for n in LATENTS}
        weights = np.stack([signals.weights(pure, rng)[signals.parts[name]] for _ in range(50)])
        kernels = weights.reshape(-1, 7) @ bumps().T
        centre[name] = 0.02 * np.average(np.arange(20), weights=(kernels**2).mean(axis=0))
    assert list(centre) == sorted(centre, key=centre.get)
    assert centre["acoustic"] < 0.12 and centre["contextual"] > 0.18


def test_latents_are_standardised_and_silent_in_silence(data):
    for name in LATENTS:
        frames = np.concatenate(list(data.latents[name].values()))
        np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(frames.std(axis=0), 1, atol=1e-9)
    for name in ("phonetic", "lexical", "contextual"):
        first = np.stack([v[0] for v in data.latents[name].values()])  # no word begins before 40 ms
        assert not first.any()


def test_what_latents_say_of_each_other_is_as_documented(data):
    signals = Signals(data.latents)
    rows = {n: np.concatenate([v[:, p] for v in signals.filtered.values()]) for n, p in signals.parts.items()}
    groups = np.concatenate([np.full(len(v), i) for i, v in enumerate(signals.filtered.values())])
    rng = np.random.default_rng(0)
    for target in LATENTS:
        pure = {n: float(n == target) for n in LATENTS}
        weights = np.stack([signals.weights(pure, rng)[signals.parts[target]] for _ in range(10)], axis=1)
        y = rows[target] @ weights
        for source in LATENTS:
            r2 = ridge_r2(rows[source], y, groups, alpha=300.0)
            if source == target:
                assert r2 > 0.95
            elif {source, target} == {"acoustic", "phonetic"}:
                assert 0.2 < r2 < 0.5
            else:
                assert r2 < 0.05, (source, target, r2)


def test_context_is_not_linear_in_the_words(data):
    """A ridge on this word and the four before it explains nothing of the latent."""
    words, context, groups = [], [], []
    for i, stimulus in enumerate(data.stimuli.values()):
        times = (stimulus.words["onset"] + stimulus.words["offset"]) / 2
        frames = np.round((times.to_numpy() - 0.0125) * 50).astype(int)
        words.append(lagged(data.latents["lexical"][stimulus.id][frames], lags=5))
        context.append(data.latents["contextual"][stimulus.id][frames])
        groups.append(np.full(len(frames), i))
    words, context, groups = map(np.concatenate, (words, context, groups))
    assert max(ridge_r2(words, context, groups, a) for a in (10.0, 100.0, 1000.0)) < 0.05


def test_context_is_a_function_of_products_of_words():
    """Given sentences enough, no linear function of words finds it, and one of their products finds most of it."""
    vectors = word_vectors(0)
    memory = Context(own_part(vectors), seed=0)
    words, pairs, context, groups = [], [], [], []
    for i, sentence in enumerate(sentences(3000, np.random.default_rng(0))):
        u = np.stack([vectors[w] for w in sentence])
        own = np.stack([memory.own[w] for w in sentence])
        words.append(lagged(u, lags=5)[1:])
        pairs.append((own[1:] @ memory.p) * (own[:-1] @ memory.q))
        context.append(memory(sentence)[1:])
        groups.append(np.full(len(u) - 1, i))
    words, pairs, context, groups = map(np.concatenate, (words, pairs, context, groups))
    assert ridge_r2(words, context, groups, 100.0) < 0.05
    assert ridge_r2(pairs, context, groups, 1.0) > 0.5


def test_context_knows_the_past_alone_and_starts_from_nothing():
    memory = Context(own_part(word_vectors(0)), seed=0)
    one, other = memory(["the", "dog", "saw", "anna", "today"]), memory(["the", "dog", "saw", "ben", "once"])
    assert not one[0].any()
    np.testing.assert_array_equal(one[:3], other[:3])
    assert np.abs(one[3:] - other[3:]).mean() > 0.1
    assert np.abs(memory(["every", "dog", "saw", "anna", "today"])[3:] - one[3:]).mean() > 0.01  # and remembers it


@pytest.mark.parametrize("ar", [0.0, 0.9])
def test_noise_is_stationary_with_the_stated_correlation(ar):
    drawn = noise((120, 4000), ar, np.random.default_rng(0))
    for t in (0, 1, 60, 119):
        assert drawn[t].var() == pytest.approx(1, abs=0.1)
    for lag in (1, 5):
        found = np.mean(drawn[60] * drawn[60 - lag])
        assert found == pytest.approx(ar**lag, abs=0.08)
