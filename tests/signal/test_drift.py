"""The cosine high-pass is a least-squares regression on SPM's set."""

import numpy as np
import pytest

from brainalign.signal.drift import cosine_highpass


def spm_dctmtx(n, k):
    """The orthonormal set as SPM writes it: n rows, k columns, the first one constant."""
    basis = np.zeros((n, k))
    basis[:, 0] = 1 / np.sqrt(n)
    for j in range(1, k):
        basis[:, j] = np.sqrt(2 / n) * np.cos(np.pi * (2 * np.arange(n) + 1) * j / (2 * n))
    return basis


@pytest.mark.parametrize(("n", "tr", "cutoff"), [(362, 2.0, 128.0), (200, 0.72, 90.0), (50, 2.0, 500.0)])
def test_residuals_equal_a_literal_regression(n, tr, cutoff):
    y = np.random.default_rng(0).normal(size=(n, 3)).cumsum(axis=0) + 100
    order = int(2 * n * tr / cutoff + 1)
    basis = spm_dctmtx(n, order)
    np.testing.assert_allclose(cosine_highpass(y, tr, cutoff), y - basis @ (basis.T @ y), atol=1e-9)


def test_missing_rows_take_no_part():
    y = np.random.default_rng(1).normal(size=(362, 2)).cumsum(axis=0)
    y[40:60, 1] = np.nan
    out = cosine_highpass(y, 2.0)
    rows = np.isfinite(y[:, 1])
    basis = spm_dctmtx(362, 12)[rows]
    literal = y[rows, 1] - basis @ np.linalg.lstsq(basis, y[rows, 1], rcond=None)[0]
    np.testing.assert_allclose(out[rows, 1], literal, atol=1e-9)
    assert np.isnan(out[~rows, 1]).all()
    np.testing.assert_allclose(out[:, 0], cosine_highpass(y[:, :1], 2.0)[:, 0])


def test_a_column_without_enough_rows_is_nan_and_never_zero():
    y = np.full((362, 1), np.nan)
    y[:10] = 1.0
    assert np.isnan(cosine_highpass(y, 2.0)).all()
