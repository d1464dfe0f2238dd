"""Singular values that are always found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def svd(x: NDArray[np.floating[Any]], *, full_matrices: bool = False) -> tuple[Any, Any, Any]:
    """u, s and v' of x = u diag(s) v', as numpy gives them.

    LAPACK's divide and conquer (gesdd) gives up on some matrices of low rank, such as the cross-moments of two models over fewer words
    than they have dimensions; its slower QR iteration (gesvd) then finds them.

    Args:
        x: (n, p), finite.
        full_matrices: As for numpy.

    Example:
        >>> svd(np.diag([3.0, 1.0]))[1].tolist()
        [3.0, 1.0]
    """
    try:
        u, s, vt = np.linalg.svd(x, full_matrices=full_matrices)
    except np.linalg.LinAlgError:
        from scipy import linalg

        u, s, vt = linalg.svd(x, full_matrices=full_matrices, lapack_driver="gesvd")
    return u, s, vt
