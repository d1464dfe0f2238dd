"""Ridge paths by every solver, from Gram blocks and from predictions, against the literal lagged matrix."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.errors import BrainalignError
from brainalign.linalg import arithmetic as arithmetic_module
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.held_out import HalfGram, HeldOut
from brainalign.linalg.lags import lag_matrix
from brainalign.linalg.method import choose_method
from brainalign.linalg.moments import moments, total
from brainalign.linalg.ridge import Problem, path_scores, solve_chosen
from brainalign.linalg.stack import Segment

ALPHAS = [0.5, 3.0, 100.0]
SOLVERS = ("cholesky", "eigh", "dual")


def segments(lengths, d, c, rng, shift=1.5):
    out = []
    for length in lengths:
        weight = rng.integers(0, 3, size=length).astype(float)
        each = [rng.normal(size=(length, c)) * (weight > k)[:, None] for k in range(2)]  # up to two presentations
        power = sum((e**2).sum(axis=0) for e in each)
        out.append(Segment(rng.normal(size=(length, d)) + shift, weight, each[0] + each[1], power))
    return out


def chosen_weights(problem, alphas, how=Arithmetic()):
    """The one solution of all electrodes."""
    found = []
    solve_chosen(problem, alphas, lambda mine, solution: found.append((mine, solution)), how)
    ((everyone, solution),) = found
    np.testing.assert_array_equal(everyone, np.arange(len(alphas)))
    return solution


def literal(parts, mean, sd, lags):
    x = np.vstack([lag_matrix((s.values - mean) / sd, lags) for s in parts])
    return x, np.concatenate([s.weight for s in parts]), np.vstack([s.response for s in parts])


def expected(train, test, mean, sd, lags, a0):
    """Held-out R2 for every alpha, with SSE summed over the repeats of each row."""
    x, w, y = literal(train, mean, sd, lags)
    xt, wt, yt = literal(test, mean, sd, lags)
    n, s = w.sum() + a0, w @ x
    gram, cross = x.T @ (w[:, None] * x) - np.outer(s, s) / n, x.T @ y - np.outer(s, y.sum(0) / n)
    yy, center = sum(p.power for p in test), y.sum(0) / w.sum()
    out = []
    for alpha in ALPHAS:
        coef = np.linalg.solve(gram + alpha * np.eye(len(gram)), cross)
        guess = xt @ coef + (y.sum(0) - s @ coef) / n
        sse = yy - 2 * (guess * yt).sum(0) + (wt[:, None] * guess**2).sum(0)
        out.append(1 - sse / (yy - 2 * center * yt.sum(0) + wt.sum() * center**2))
    return np.array(out)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 25), min_size=1, max_size=5), st.integers(1, 4), st.integers(1, 3),
    st.integers(-6, 5), st.integers(1, 7), st.sampled_from([0.0, 3.0]), st.integers(0, 10**6),
)  # fmt: skip
def test_every_solver_gives_the_literal_scores_and_predictions(lengths, d, c, first, n_lags, a0, seed):
    rng, lags = np.random.default_rng(seed), np.arange(first, first + n_lags)
    train, test = segments([*lengths, 12], d, c, rng), segments([9, 20], d, c, rng)
    data = moments(train, lags)
    problem = Problem(data, *data.scale(), a0)
    mean, sd = problem.mean.numpy(), problem.sd.numpy()
    right = expected(train, test, mean, sd, lags, a0)
    chosen = np.array(ALPHAS)[rng.integers(0, 3, size=c)]
    for solver in SOLVERS:
        how = Arithmetic(solver=solver)
        found = path_scores(problem, [HeldOut(moments(test, lags)), HeldOut(data)], ALPHAS, how)
        np.testing.assert_allclose(found[0], right, atol=1e-9, err_msg=solver)
        weights = [chosen_weights(problem, np.full(c, a), how).predict(test[1].values, lags) for a in chosen]
        mixed = chosen_weights(problem, chosen, how).predict(test[1].values, lags)
        for e in range(c):
            np.testing.assert_allclose(mixed[:, e], weights[e][:, e], atol=1e-9)


def test_a_path_ends_where_there_is_enough():
    rng, lags = np.random.default_rng(3), np.arange(4)
    data, test = moments(segments([40, 50], 3, 5, rng), lags), moments(segments([30], 3, 5, rng), lags)
    problem, down, seen = Problem(data, *data.scale()), sorted(ALPHAS, reverse=True), []
    how = Arithmetic(solver="cholesky")

    def enough(scores):
        seen.append(scores.copy())
        return scores.shape[1] == 2

    found = path_scores(problem, [HeldOut(test)], down, how, enough)
    np.testing.assert_array_equal(found, path_scores(problem, [HeldOut(test)], down, how)[:, :2])
    assert [s.shape for s in seen] == [(1, 1, 5), (1, 2, 5)]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("at_once", [1, 2, 64])
def test_electrodes_in_blocks_score_as_all_at_once(solver, at_once, monkeypatch):
    rng, lags = np.random.default_rng(0), np.arange(4)
    data, test = moments(segments([40, 50], 3, 5, rng), lags), moments(segments([30], 3, 5, rng), lags)
    problem = Problem(data, *data.scale())
    whole = path_scores(problem, [HeldOut(test)], ALPHAS, Arithmetic(solver=solver))
    monkeypatch.setattr(arithmetic_module, "AT_ONCE", at_once)
    np.testing.assert_allclose(
        path_scores(problem, [HeldOut(test)], ALPHAS, Arithmetic(solver=solver)), whole, atol=1e-12
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "voxels", [9, 200]
)  # 200: one eigendecomposition, written or turned; 9: a factor for each alpha
def test_voxels_that_stream_are_scored_and_solved_as_if_they_were_held(solver, voxels, monkeypatch):
    rng, lags = np.random.default_rng(voxels), np.arange(4)
    train, test = [segments(lengths, 3, voxels, rng) for lengths in ([40, 50], [30])]
    chosen = np.array(ALPHAS)[rng.integers(0, 3, size=voxels)]

    def fit():
        data = [moments([s], lags) for s in train]
        problem = Problem(total(data), *total(data).scale())
        whole, how = np.full((4, 4, voxels), np.nan), Arithmetic(solver=solver)
        sizes = []

        def take(mine, solution):
            whole[:, :, mine] = solution.coef.numpy()
            sizes.append(len(mine))

        solve_chosen(problem, chosen, take, how)
        return path_scores(problem, [HeldOut(moments(test, lags))], ALPHAS, how), whole, problem, sizes

    held = fit()
    monkeypatch.setattr(arithmetic_module, "AT_ONCE", 4)
    monkeypatch.setattr(arithmetic_module, "HELD", 4)
    streamed = fit()
    assert held[2].train.cross is not None and streamed[2].train.cross is None
    assert held[3] == [voxels] and max(streamed[3]) <= 4 and sum(streamed[3]) == voxels
    np.testing.assert_allclose(streamed[0], held[0], atol=1e-11)
    np.testing.assert_allclose(streamed[1], held[1], atol=1e-11)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 50), st.integers(1, 4), st.integers(0, 10**6))
def test_squares_from_half_a_gram_matrix(lags, width, c, seed):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(5, lags * width)), rng.normal(size=(lags * width, c))
    upper = x.T @ x
    for lag in range(lags):  # below the blocks on the diagonal is anything
        upper[(lag + 1) * width :, lag * width : (lag + 1) * width] = 1e9
    found = HalfGram(torch.from_numpy(upper), width).squares(torch.from_numpy(w))
    np.testing.assert_allclose(found, ((x @ w) ** 2).sum(0), rtol=1e-9)


def safe_loss(method):
    return arithmetic_module.SAFE_LOSS_EIGH if method.eigh else arithmetic_module.SAFE_LOSS


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_scores_agree_with_float64_to_1e_4_up_to_the_limit_of_safety(solver):
    rng, lags = np.random.default_rng(3), np.arange(8)
    mix = rng.normal(size=(20, 20)) * np.logspace(0, -4, 20)[:, None]  # strongly correlated features with an offset

    def part(lengths):
        return [
            Segment(v, np.ones(len(v)), y, (y**2).sum(0))
            for v in (rng.normal(size=(n, 20)) @ mix + 30 for n in lengths)
            for y in [np.roll(v, 2, axis=0)[:, :6] + 0.01 * rng.normal(size=(len(v), 6))]
        ]

    data, test = moments(part([200] * 5), lags), HeldOut(moments(part([200] * 2), lags))
    problem = Problem(data, *data.scale())
    method = problem.method([test], 25, solver)
    _, largest = problem.system(method).upper(torch.float64)
    limit = float(torch.finfo(torch.float32).eps) * largest / safe_loss(method)
    alphas = (1.1 * limit * np.logspace(0, 6, 25)).tolist()
    low, high = (path_scores(problem, [test], alphas, Arithmetic("cpu", t, solver)) for t in ("float32", "float64"))
    assert np.abs(low - high).max() > 0  # float32 was used
    np.testing.assert_allclose(low, high, atol=1e-4)


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_scores_agree_with_float64_to_5e_4_where_the_signal_is_the_difference_of_near_twins(solver):
    """The worst case: all of the signal lies along the direction that is determined worst."""
    rng, lags = np.random.default_rng(4), np.arange(3)

    def part(lengths):
        out = []
        for n in lengths:
            x, own = rng.normal(size=(n, 6)), rng.normal(size=(n, 6))
            y = own[:, :4] + 0.3 * rng.normal(size=(n, 4))
            out.append(Segment(np.hstack([x, x + 0.02 * own]), np.ones(n), y, (y**2).sum(0)))
        return out

    data, test = moments(part([200] * 5), lags), HeldOut(moments(part([200] * 2), lags))
    problem = Problem(data, *data.scale())
    method = problem.method([test], 25, solver)
    _, largest = problem.system(method).upper(torch.float64)
    limit = float(torch.finfo(torch.float32).eps) * largest / safe_loss(method)
    alphas = (1.1 * limit * np.logspace(0, 4, 25)).tolist()
    low, high = (path_scores(problem, [test], alphas, Arithmetic("cpu", t, solver)) for t in ("float32", "float64"))
    assert np.abs(low - high).max() > 0  # float32 was used
    np.testing.assert_allclose(low, high, atol=5e-4)


def test_a_penalty_that_rounding_drowns_is_refused_by_every_solver():
    rng, lags = np.random.default_rng(5), np.arange(2)
    train = [
        Segment(v, np.ones(90), v[:, :2], (v[:, :2] ** 2).sum(0))
        for v in (rng.normal(size=(90, 4)) + 1e9 for _ in range(3))
    ]
    data = moments(train, lags)
    problem = Problem(data, torch.zeros(4).double(), torch.ones(4).double())  # as they came: nothing is taken off
    for solver in SOLVERS:
        with pytest.raises(BrainalignError, match="too small for these features.*take each feature's mean off"):
            chosen_weights(problem, np.ones(2), Arithmetic(solver=solver))


@pytest.mark.parametrize("alpha", [1e-8, 1e-3, 1e12])
@pytest.mark.parametrize(("solver", "width"), [("cholesky", 4), ("eigh", 4), ("dual", 60)])  # dual: p > rows
def test_duplicate_and_constant_columns_are_solved_with_a_small_backward_error(alpha, solver, width):
    rng, lags = np.random.default_rng(1), np.arange(3)
    train = segments([60, 70], width, 3, rng)
    train = [
        Segment(np.c_[s.values, s.values[:, 0], np.full(len(s.values), 7.0)], s.weight, s.response, s.power)
        for s in train
    ]
    data = moments(train, lags)
    problem = Problem(data, *data.scale())
    x, w, y = literal(train, problem.mean.numpy(), problem.sd.numpy(), lags)
    center, ysum = w @ x, y.sum(0)
    gram, cross = (
        x.T @ (w[:, None] * x) - np.outer(center, center) / w.sum(),
        x.T @ y - np.outer(center, ysum) / w.sum(),
    )
    found = chosen_weights(problem, np.full(3, alpha), Arithmetic(solver=solver)).coef[:, :-1]
    coef = (found * problem.sd[None, :, None]).reshape(len(gram), -1).numpy()
    residual = gram @ coef + alpha * coef - cross
    scale = (np.linalg.norm(gram) + alpha) * np.linalg.norm(coef) + np.linalg.norm(cross)
    assert np.linalg.norm(residual) / scale < 1e-13


def test_an_alpha_below_what_the_precision_can_tell_from_zero_is_refused():
    rng, lags = np.random.default_rng(1), np.arange(3)
    values = rng.normal(size=(80, 1)) @ np.ones((1, 6)) * 1e3
    data = moments([Segment(values, np.ones(80), rng.normal(size=(80, 2)), np.ones(2))], lags)
    same = Problem(data, data.hsum * 0, data.hsum * 0 + 1)
    with pytest.raises(BrainalignError, match="1e-12, too small for these features"):
        chosen_weights(same, np.full(2, 1e-12), Arithmetic(solver="cholesky"))


def test_the_method_is_the_one_with_the_fewest_counted_operations():
    few = choose_method(features=1920, rows=14400, test_rows=[3600], electrodes=100, alphas=10)
    assert (few.dual, few.eigh, few.by_gram, few.size) == (False, False, True, 1920)
    assert few.flops == pytest.approx(
        10 * (1920**3 / 3 + 2 * 1920**2 * 100 + 1920**2 * 100)
    )  # the last: half of a Gram matrix
    assert choose_method(features=1920, rows=14400, test_rows=[3600], electrodes=100, alphas=100).eigh
    many = choose_method(features=3072, rows=2880, test_rows=[720], electrodes=100_000, alphas=20)
    assert many.dual and many.eigh and not many.by_gram
    voxels = choose_method(features=2000, rows=2880, test_rows=[720], electrodes=100_000, alphas=20)
    assert voxels.eigh and not voxels.dual and not voxels.by_gram
    assert choose_method(features=15360, rows=300, test_rows=[70], electrodes=6, alphas=7).dual
    paper = choose_method(features=15360, rows=47_000, test_rows=[11_800], electrodes=822, alphas=10)
    assert not (paper.dual or paper.eigh or paper.by_gram)  # predictions are cheaper than a Gram matrix of few rows
    decoder = choose_method(features=8192, rows=184_000, test_rows=[46_000], electrodes=1, alphas=10)
    assert not decoder.by_gram  # it would save a thousandth of the factors, for two matrices more
    turned = choose_method(features=10, rows=100, test_rows=[4, 3], electrodes=3, alphas=4, solver="eigh")
    counted = 12.5 * 10**3 + 2 * 10**2 * 3 + 2 * 7 * 10**2 + 4 * (2 * 7 * 10 * 3)  # turned once, scored for each alpha
    assert not turned.by_gram and turned.flops == turned.cost == pytest.approx(counted)


def test_a_full_device_is_tried_with_fewer_electrodes_then_left_once(monkeypatch, caplog):
    """The order of retreat alone: the error is raised by the job, where a device's allocator would raise it."""
    tried = []

    def job(device, at_once):
        tried.append((device.type, at_once))
        if device.type == "cuda":
            raise torch.OutOfMemoryError("full")
        return at_once

    how = Arithmetic("auto")
    monkeypatch.setattr(Arithmetic, "torch_device", lambda self: torch.device("cuda"))
    monkeypatch.setattr(arithmetic_module, "_said", set())
    assert how.run(job, 1000) == 1000 and how.run(job, 1000) == 1000
    assert tried[:4] == [("cuda", 1000), ("cuda", 250), ("cuda", 64), ("cpu", 1000)]
    assert sum("solved on the CPU" in r.message for r in caplog.records) == 1


@pytest.mark.parametrize("solver", ["eigh", "dual"])
@pytest.mark.parametrize("fails_in", [{torch.float32}, {torch.float32, torch.float64}], ids=["float32", "both"])
def test_eigenvalues_that_are_not_found_cost_time_and_no_digit(solver, fails_in, monkeypatch, caplog):
    """float64, then a factor for each alpha, said once; the failure is raised where LAPACK would raise it."""
    rng, lags, alphas = np.random.default_rng(4), np.arange(4), np.logspace(1, 4, 40).tolist()
    data, new = moments(segments([40, 35], 3, 5, rng), lags), segments([30], 3, 5, rng)
    problem, tests, chosen = Problem(data, *data.scale()), [HeldOut(moments(new, lags))], np.array(alphas[::8])
    plain = Arithmetic(solver="cholesky", dtype="float64")
    scores, weights = path_scores(problem, tests, alphas, plain), chosen_weights(problem, chosen, plain)
    eigh = torch.linalg.eigh

    def fails(matrix, UPLO):
        if matrix.dtype in fails_in:
            raise torch.linalg.LinAlgError("did not converge")
        return eigh(matrix, UPLO=UPLO)

    monkeypatch.setattr(torch.linalg, "eigh", fails)
    monkeypatch.setattr(arithmetic_module, "_said", set())
    how = Arithmetic(solver=solver, dtype="float32")
    assert problem.method(tests, len(alphas), solver).eigh
    np.testing.assert_allclose(path_scores(problem, tests, alphas, how), scores, atol=1e-4)
    found = chosen_weights(problem, chosen, how)
    np.testing.assert_allclose(*(w.predict(new[0].values, lags) for w in (found, weights)), atol=1e-4)
    said = [r.message for r in caplog.records if "did not converge" in r.message]
    assert len(said) == len(fails_in) and "float64 is taken" in said[0]
