"""Cholesky factors, triangular systems and products in their own memory: in one thread of a CPU by SciPy's LAPACK, else by torch.

Torch's own, in one thread, take up to twice as long as a matrix product of as many operations, and copy. SciPy's Python functions hold the
interpreter's lock while they solve, so that threads would wait for each other; the pointers that it hands to Cython do not. With several
threads torch keeps them all: those of two libraries that take turns wait for their next work in a loop, and slow each other.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def by_lapack(matrix: Tensor) -> bool:
    """Whether SciPy's LAPACK takes it: on a CPU, where torch has one thread.

    Args:
        matrix: To be factored.
    """
    import torch

    return matrix.device.type == "cpu" and torch.get_num_threads() == 1


def factor_(a: Tensor, upper: bool = False) -> bool:
    """Replace a positive definite matrix, of which one triangle is read, by its Cholesky factor there; LAPACK keeps the other.

    Args:
        a: (q, q), rows one after the other in memory; a part of a larger matrix will do.
        upper: ``A = U'U`` in the upper triangle, rather than ``A = LL'`` in the lower one.

    Returns:
        Whether there is a factor in this precision; where there is none, the triangle is undefined.

    Example:
        >>> import torch
        >>> a = torch.tensor([[4.0, 0.0], [2.0, 5.0]])
        >>> factor_(a), a.tolist()
        (True, [[2.0, 0.0], [1.0, 2.0]])
    """
    import torch

    if not by_lapack(a):
        found, fault = torch.linalg.cholesky_ex(a, upper=upper)
        a.copy_(found)
        return not int(fault)
    _check(a)
    info = ctypes.c_int(0)
    # rows here are columns there, so that what is above the diagonal is below it
    _routine("potrf", a.dtype.itemsize)(
        b"L" if upper else b"U", _int(len(a)), a.data_ptr(), _int(a.stride(0)), ctypes.byref(info)
    )
    return info.value == 0 and bool(a.diagonal().isfinite().all())  # OpenBLAS takes a pivot that is no number


def solve_(factor: Tensor, rhs: Tensor, upper: bool = False, transposed: bool = False) -> Tensor:
    """Replace right-hand sides b by the solutions x of ``T x = b``, T a triangle of a matrix.

    Args:
        factor: (q, q), the other triangle of which is not read.
        rhs: (q, c), rows one after the other in memory.
        upper: Which triangle T is.
        transposed: ``T' x = b`` instead.

    Returns:
        ``rhs``.

    Example:
        >>> import torch
        >>> solve_(torch.tensor([[2.0, 9.0], [1.0, 2.0]]), torch.tensor([[4.0], [4.0]])).tolist()
        [[2.0], [1.0]]
    """
    import torch

    if not by_lapack(rhs):
        triangle = factor.T if transposed else factor
        found: Tensor = rhs.copy_(torch.linalg.solve_triangular(triangle, rhs, upper=upper != transposed))
        return found
    return _by_blas("trsm", factor, rhs, upper, transposed)


def multiply_(triangle: Tensor, x: Tensor, upper: bool = False) -> Tensor:
    """Replace x by ``T x``, T a triangle of a matrix, in half the operations of a product with all of it.

    Args:
        triangle: (q, q), the other triangle of which is not read.
        x: (q, c), rows one after the other in memory, on a CPU.
        upper: Which triangle T is.

    Returns:
        ``x``.

    Example:
        >>> import torch
        >>> multiply_(torch.tensor([[2.0, 9.0], [1.0, 2.0]]), torch.tensor([[1.0], [1.0]])).tolist()
        [[2.0], [3.0]]
    """
    return _by_blas("trmm", triangle, x, upper, transposed=False)


def _by_blas(name: str, triangle: Tensor, x: Tensor, upper: bool, transposed: bool) -> Tensor:
    """Replace x by what a routine of BLAS makes of a triangle and it."""
    q, c = x.shape
    if not c:
        return x
    _check(triangle)
    _check(x)
    if triangle.dtype != x.dtype:
        raise ValueError(f"a triangle in {triangle.dtype} does not go with right-hand sides in {x.dtype}")
    one = (ctypes.c_float if x.dtype.itemsize == 4 else ctypes.c_double)(1)
    # rows here are columns there, where it is x' T'
    _routine(name, x.dtype.itemsize)(
        b"R", b"L" if upper else b"U", b"T" if transposed else b"N", b"N", _int(c), _int(q), ctypes.byref(one),
        triangle.data_ptr(), _int(triangle.stride(0)), x.data_ptr(), _int(x.stride(0)),
    )  # fmt: skip
    return x


def _check(matrix: Tensor) -> None:
    """LAPACK is handed an address: a matrix that lies otherwise than it takes for granted would give wrong numbers."""
    import torch

    if matrix.dtype not in (torch.float32, torch.float64) or (matrix.shape[1] > 1 and matrix.stride(1) != 1):
        raise ValueError(
            f"rows one after the other in memory, float32 or float64; not {matrix.dtype} with strides {matrix.stride()}"
        )


def _int(value: int) -> Any:
    return ctypes.byref(ctypes.c_int(value))


@cache
def _routine(name: str, itemsize: int) -> Any:
    """A function of LAPACK or BLAS as SciPy exports it (docs.scipy.org: scipy.linalg.cython_lapack), which runs without the lock."""
    from scipy.linalg import cython_blas, cython_lapack

    module, count = {"potrf": (cython_lapack, 5), "trsm": (cython_blas, 11), "trmm": (cython_blas, 11)}[name]
    capsule = module.__pyx_capi__[("s" if itemsize == 4 else "d") + name]
    of = ctypes.pythonapi
    of.PyCapsule_GetName.restype, of.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    of.PyCapsule_GetPointer.restype = ctypes.c_void_p
    of.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    address = of.PyCapsule_GetPointer(capsule, of.PyCapsule_GetName(capsule))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * count)(address)
