"""Singular values that are always found."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class SVD(NamedTuple):
    """x = u diag(s) vt.

    Attributes:
        u, s, vt: As numpy's.
    """

    u: NDArray[np.floating[Any]]
    s: NDArray[np.floating[Any]]
    vt: NDArray[np.floating[Any]]


def svd(x: NDArray[np.floating[Any]], *, full_matrices: bool = False) -> SVD:
    """Singular value decomposition.

    LAPACK's divide and conquer (gesdd) gives up on some matrices of low rank, such as the cross-moments of two models over fewer words
    than they have dimensions; its slower QR iteration (gesvd) then finds them.

    Args:
        x: (n, p), finite.
        full_matrices: As for numpy.

    Example:
        >>> svd(np.diag([3.0, 1.0])).s.tolist()
        [3.0, 1.0]
    """
    try:
        return SVD(*np.linalg.svd(x, full_matrices=full_matrices))
    except np.linalg.LinAlgError:
        from scipy import linalg

        return SVD(*linalg.svd(x, full_matrices=full_matrices, lapack_driver="gesvd"))
