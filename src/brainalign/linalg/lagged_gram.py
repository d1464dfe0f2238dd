"""The Gram matrix of lagged features as a product, never as a matrix: a window is a convolution, taken by Fourier transform.

Rows are cut into blocks of the transform's length L that overlap by the window (overlap-save). At each of L/2 + 1 frequencies a block is
d numbers, so that m lags cost what about 3 would, and X'X w needs no more memory than the features themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.conjugate_gradients import Product, largest_eigenvalue
from brainalign.linalg.convolution import length_of
from brainalign.linalg.primal import Primal
from brainalign.linalg.stack import Stack

if TYPE_CHECKING:
    import torch
    from torch import Tensor

COLUMNS = 256
"""Features that are transformed at a time."""


@dataclass(frozen=True)
class _Blocks:
    """The rows of a stack.

    Attributes:
        spectra: (L/2 + 1, blocks, q) of the standardised features.
        weight: (L, blocks, 1) of the row that each place of a block predicts; 0 where it predicts none.
    """

    spectra: Tensor
    weight: Tensor


class LaggedGram:
    """``S = X'WX`` of a primal system, centred, as a product.

    Args:
        system: Whose matrix it is.
        dtype: Precision of the products.

    Example:
        >>> import torch
        >>> from brainalign.linalg.moments import moments
        >>> from brainalign.linalg.stack import Segment
        >>> x, y = np.random.default_rng(0).normal(size=(2, 50, 3))
        >>> train = moments([Segment(x, np.ones(50), y, (y**2).sum(axis=0))], np.arange(4))
        >>> system = Primal(train, *train.scale())
        >>> upper, _ = system.upper(torch.float64)
        >>> whole = torch.triu(upper) + torch.triu(upper, 1).T
        >>> w = system.rhs()
        >>> bool(torch.allclose(LaggedGram(system, torch.float64) @ w, whole @ w))
        True
    """

    def __init__(self, system: Primal, dtype: torch.dtype) -> None:
        self.system, self.dtype = system, dtype
        self._m, self._length = len(system.train.lags), length_of(len(system.train.lags))
        self._blocks = [self._cut(rows, system.train.lags) for rows in system.train.stacks]

    def __matmul__(self, w: Tensor) -> Tensor:
        """(p, c) ``S w`` of some w (p, c)."""
        import torch

        spectra = torch.fft.rfft(w.view(self._m, self.system.width, -1), n=self._length, dim=0)
        found = torch.zeros_like(spectra)
        for blocks in self._blocks:
            predicted = torch.fft.irfft(torch.bmm(blocks.spectra, spectra), n=self._length, dim=0) * blocks.weight
            turned = torch.fft.rfft(predicted, dim=0).conj().resolve_conj()
            found += torch.bmm(blocks.spectra.transpose(1, 2), turned)
        product: Tensor = torch.fft.irfft(found.conj(), n=self._length, dim=0)[: self._m].reshape(len(w), -1)
        offset = self.system.offset.to(w.dtype)
        return product.addr_(offset, offset @ w, alpha=-1 / self.system.weight)

    def scaled(self, factor: Tensor) -> Product:
        """The product with the matrix of columns that are multiplied by a factor (p, 1), or for each electrode by one of its own (p, c)."""
        factor = factor.to(self.dtype)
        return lambda w: (self @ (factor * w)).mul_(factor)

    @cached_property
    def largest(self) -> float:
        """The largest eigenvalue, about and rather too large."""
        return largest_eigenvalue(self.__matmul__, self.system.offset.to(self.dtype))

    def _cut(self, rows: Stack, lags: NDArray[np.int64]) -> _Blocks:
        import torch

        lo, hi = rows.inner
        hop, q = self._length - self._m + 1, self.system.width
        count = -(-(hi - lo) // hop)
        seen = rows.values[lo - int(lags[-1]) : lo - int(lags[-1]) + count * hop + self._m - 1].double()
        spectra = torch.empty(self._length // 2 + 1, count, q, dtype=self.dtype.to_complex(), device=seen.device)
        for at in range(0, q, COLUMNS):
            part = slice(at, min(at + COLUMNS, q))
            padded = seen.new_zeros(count * hop + self._m - 1, part.stop - at, dtype=self.dtype)
            padded[: len(seen)] = (seen @ self.system.change[:, part]).to(self.dtype)
            spectra[:, :, part] = torch.fft.rfft(padded.unfold(0, self._length, hop), dim=-1).permute(2, 0, 1)
        weight = spectra.new_zeros(self._length, count, 1, dtype=self.dtype)
        flat = seen.new_zeros(count * hop)
        flat[: hi - lo] = rows.weight[lo:hi]
        weight[self._m - 1 :, :, 0] = flat.view(count, hop).T
        return _Blocks(spectra, weight)
