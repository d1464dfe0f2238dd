"""CCA against closed forms, planted truths and what chance gives in-sample."""

import numpy as np
import pytest
from scipy.linalg import eigh, sqrtm, subspace_angles

from brainalign.errors import BrainalignError
from brainalign.linalg.cca import CCA


def test_correlations_equal_the_generalised_eigenproblem():
    rng = np.random.default_rng(0)
    s = rng.normal(size=(400, 3))
    x = np.hstack([s, rng.normal(size=(400, 2))]) @ rng.normal(size=(5, 5))
    y = np.hstack([s + rng.normal(size=s.shape), rng.normal(size=(400, 3))]) @ rng.normal(size=(6, 6))
    fit = CCA.fit(x, y)
    xc, yc = x - x.mean(0), y - y.mean(0)
    sxx, syy, sxy = xc.T @ xc, yc.T @ yc, xc.T @ yc
    squared = eigh(sxy @ np.linalg.solve(syy, sxy.T), sxx, eigvals_only=True)[::-1]
    np.testing.assert_allclose(fit.rho, np.sqrt(squared[:5]), atol=1e-8)
    np.testing.assert_allclose(fit.correlations(x, y), fit.rho, atol=1e-8)


def test_independent_gaussians_reach_073_in_sample_and_nothing_held_out():
    rng = np.random.default_rng(1)
    n, p, q = 3575, 462, 705
    fit = CCA.fit(rng.normal(size=(n, p)), rng.normal(size=(n, q)))
    assert fit.rho[0] == pytest.approx(0.73, abs=0.02)
    held_out = fit.correlations(rng.normal(size=(2000, p)), rng.normal(size=(2000, q)))
    # 3.3 standard errors of the mean of independent correlations: chance exceeds it in less than 1 of 1000
    assert abs(held_out[:50].mean()) < 3.3 / np.sqrt(50 * 2000)


def test_a_planted_shared_space_is_found_within_five_degrees():
    rng = np.random.default_rng(2)
    n, shared, private, noise = 4000, 10, 40, 0.3
    s = rng.normal(size=(n, shared))
    sides, weights, covariances = [], [], []
    for _ in range(2):
        mix = rng.normal(size=(shared + private, shared + private))
        z = np.hstack([s + noise * rng.normal(size=s.shape), rng.normal(size=(n, private))])
        sides.append(z @ mix)
        scale = np.diag(np.r_[np.full(shared, 1 + noise**2), np.ones(private)])
        covariances.append(mix.T @ scale @ mix)
        weights.append(np.linalg.inv(mix)[:, :shared])  # population weights of the shared variates
    assert 1 / (1 + noise**2) >= 0.9
    fit = CCA.fit(*sides)
    found = fit.x.basis / fit.x.sd[:, None] @ fit.p[:, :shared]
    metric = np.real(sqrtm(covariances[0]))
    angle = np.degrees(subspace_angles(metric @ found, metric @ weights[0]).max())
    assert angle < 5
    assert fit.rho[shared - 1] > 0.85 and fit.rho[shared] < 0.35


def test_more_dimensions_than_rows_cannot_look_like_a_finding_held_out():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 80)), rng.normal(size=(60, 90))
    fit = CCA.fit(x, y)
    assert fit.rho[0] == pytest.approx(1.0)  # in-sample it must be 1, which the analysis warns about
    held_out = fit.correlations(rng.normal(size=(3000, 80)), rng.normal(size=(3000, 90)))
    assert np.abs(held_out[0]) < 4 / np.sqrt(3000)


def test_truncation_keeps_the_asked_variance_and_drops_constants():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(500, 6)) @ np.diag([1, 1, 1, 1, 1, 0.0]) + 3.0
    fit = CCA.fit(x, rng.normal(size=(500, 4)), variance=0.75)
    assert fit.x.basis.shape[1] == 4 and 0.75 <= fit.x.variance < 0.85
    full = CCA.fit(x, rng.normal(size=(500, 4)))
    assert full.x.basis.shape[1] == 5
    np.testing.assert_allclose(np.cov(full.x.transform(x).T, bias=True), np.eye(5), atol=1e-10)


def test_unpaired_rows_are_refused():
    with pytest.raises(BrainalignError, match="10 rows on one side and 9"):
        CCA.fit(np.zeros((10, 2)), np.zeros((9, 2)))
    with pytest.raises(BrainalignError, match="none of which varies"):
        CCA.fit(np.zeros((10, 2)), np.zeros((10, 2)))
