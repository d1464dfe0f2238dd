"""No result changes with the unit of an electrode or of a feature: volts, tesla, timestamps; from 1e-15 to 1e15."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.splits.split import split_groups
from brainalign.encoding import BandedRidgeTRF, RidgeTRF
from brainalign.encoding.agreement import agreement
from brainalign.encoding.banded_nested import fit_banded
from brainalign.encoding.design import Design
from brainalign.encoding.inner import Search
from brainalign.encoding.nested import fit_outer
from brainalign.encoding.reconstruction import Reconstruction
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.cca import CCA
from brainalign.stats import compare
from brainalign.stats.abx import relate
from brainalign.stats.ceiling import noise_ceilings
from brainalign.study.repeats import Repeated
from brainalign.study.significance import electrode_p

LAGS, ALPHAS = np.arange(4), [1e3, 1.0, 30.0]
C, D = 4, 5
exponents = st.floats(-15, 15)
electrodes, features = (st.lists(exponents, min_size=n, max_size=n).map(lambda e: 10.0 ** np.array(e)) for n in (C, D))


def world():
    """Eight stimuli, the first three heard three times; the last electrode knows nothing of them, the third is off in a fold."""
    rng = np.random.default_rng(0)
    x = {f"s{i}": rng.normal(size=(70, D)) + 0.5 for i in range(8)}
    heard = [*x, *list(x)[:3] * 2]
    kernel = rng.normal(size=(D, C)) * [1, 0.5, 0.5, 0]
    y = [np.roll(x[s], 1, axis=0) @ kernel + 3 * rng.normal(size=(70, C)) for s in heard]
    split = split_groups(heard, [70] * len(heard), 4, 0, "stimulus")
    for response, segments in zip(y, split.segments, strict=True):
        if np.isin(segments, list(split.folds[1].test)).all():
            response[:, 2] = 0.7
    return x, heard, y, split


X, HEARD, Y, SPLIT = world()


def everything(unit, size, dtype, solver, rule):
    """All numbers of a fit, with responses and features in these units."""
    x, y = {s: (v * size).astype(dtype) for s, v in X.items()}, [(v * unit).astype(dtype) for v in Y]
    design = Design(HEARD, y, SPLIT)
    arithmetic, search = Arithmetic(dtype="float32", solver=solver), Search(rule=rule)
    scores = fit_outer(design, x, LAGS, ALPHAS, arithmetic, search)
    bands = [{s: v[:, :2] for s, v in x.items()}, {s: v[:, 2:] for s, v in x.items()}]
    banded = fit_banded(design, [(bands, range(4))], 2, [0.1, 10.0], LAGS, ALPHAS, arithmetic, search)
    ceilings = noise_ceilings(
        [np.stack([v for s, v in zip(HEARD, y, strict=True) if s == t]) for t in ("s0", "s1", "s2")], draws=50
    )
    again = Repeated(design).scores(scores, ceilings["signal_power"].to_numpy())
    p = electrode_p(design, scores, window=4, draws=99, seed=0)
    numbers = {"r": scores.r, "r2": scores.r2, "inner": scores.inner, "banded": banded.scores.r2, **again}
    numbers |= {
        c: ceilings[c].to_numpy() for c in ("ceiling", "ceiling_low", "ceiling_high", "split_half", "leave_one_out")
    }
    choices = {"alpha": scores.alpha, "ratio": banded.ratio, "p": p.p, "n": scores.n, "flat": scores.flat}
    return numbers, choices


@pytest.fixture(scope="module")
def known():
    return {
        (solver, rule): everything(np.ones(C), np.ones(D), np.float64, solver, rule)
        for solver, rule in (("auto", "local"), ("eigh", "shared"), ("dual", "local"))
    }


@settings(max_examples=6, deadline=None)
@given(
    electrodes,
    features,
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([("auto", "local"), ("eigh", "shared"), ("dual", "local")]),
)
def test_fits_choices_permutations_and_ceilings(known, unit, size, dtype, how):
    numbers, choices = everything(unit, size, dtype, *how)
    for name, value in numbers.items():
        np.testing.assert_allclose(value, known[how][0][name], atol=2e-5, err_msg=name)
    for name, value in choices.items():
        np.testing.assert_allclose(value, known[how][1][name], rtol=1e-9, err_msg=name)
    assert choices["flat"].tolist() == [0, 0, 1, 0]


@settings(max_examples=6, deadline=None)
@given(electrodes)
def test_estimators_predict_in_the_unit_they_were_given(unit):
    x, y = [X[s] for s in HEARD], [v * unit for v in Y]
    for make in (
        lambda: RidgeTRF(tmax=0.06, alphas=[1.0, 100.0], cv=3),
        lambda: BandedRidgeTRF([2, 3], tmax=0.06, alphas=[1.0, 100.0], cv=3),
    ):
        plain, other = make().fit(x, Y), make().fit(x, y)
        np.testing.assert_array_equal(plain.alpha_, other.alpha_)
        np.testing.assert_allclose(other.predict(x)[0] / unit, plain.predict(x)[0], atol=1e-4)
        np.testing.assert_allclose(other.score(x, y), plain.score(x, Y), atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(features, electrodes)
def test_canonical_correlations_agreement_relations_and_scores_along_trials(size, unit):
    x, y = np.vstack([X[s] for s in HEARD]), np.vstack(Y)
    np.testing.assert_allclose(CCA.fit(x * size, y * unit, 0.99).rho, CCA.fit(x, y, 0.99).rho, atol=1e-8)
    found = CCA.fit(x * size, y * unit).correlations(x[:99] * size, y[:99] * unit)
    np.testing.assert_allclose(found, CCA.fit(x, y).correlations(x[:99], y[:99]), atol=1e-8)
    np.testing.assert_allclose(
        agreement(y[:, :2] * unit[:2], y[:, 2:] * unit[2:]), agreement(y[:, :2], y[:, 2:]), atol=1e-8
    )
    strata = np.arange(len(y)) % 7
    a, b = (relate(y * u, x[:, 0] * s, strata, draws=20, permutations=49, seed=0) for u, s in ((1, 1), (unit, size[0])))
    pd.testing.assert_frame_equal(a, b)
    one, other = (
        Reconstruction(y * u, np.roll(y, 1, axis=1) * u, np.zeros_like(y)).along_trials() for u in (1, unit[:1])
    )
    for name in one:
        np.testing.assert_allclose(one[name], other[name], atol=1e-8)


@pytest.mark.parametrize("exponent", [-14.3, 0.75, 12.0])
def test_tests_of_scores(exponent):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(f"p{s}", f"e{e}", "A1", m, rng.normal() + (m == "a")) for s in range(5) for e in range(4) for m in "ab"],
        columns=["subject", "electrode", "region", "model", "r"],
    )
    p = [
        compare(table.assign(r=table.r * u), [("a", "b")], regions=["A1"], family="one")["p"].to_numpy()
        for u in (1.0, 10.0**exponent)
    ]
    np.testing.assert_allclose(*p, rtol=1e-5)


@pytest.mark.parametrize("solver", ["cholesky", "eigh", "dual"])
@pytest.mark.parametrize("far", [1e6, 1e9, -1e11])
def test_a_feature_far_from_zero_is_the_same_feature(solver, far):
    """Timestamps: a mean of many deviations; what is left of their digits is what they are worth."""
    design = Design(HEARD, Y, SPLIT)
    moved = {s: v + far * np.array([1, 0, 0, 0, 0]) for s, v in X.items()}
    plain, other = (fit_outer(design, x, LAGS, ALPHAS, Arithmetic(solver=solver)) for x in (X, moved))
    np.testing.assert_allclose(other.r2, plain.r2, atol=1e-3 if abs(far) > 1e10 else 1e-5)
