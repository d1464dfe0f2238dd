"""The mean temporal receptive field as a picture: features by lag, as a spectrotemporal receptive field is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.figures.style import DOUBLE, new_figure, style
from brainalign.figures.text import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def mean_trf(
    weights: NDArray[np.floating], lags: NDArray[np.float64], model: str, *, n: int, noun: str = "electrode"
) -> tuple[Figure, str]:
    """Weights on standardised features, averaged over folds and electrodes.

    Args:
        weights: (lags, d).
        lags: (lags,) in seconds.
        model: Its name.
        n: Electrodes averaged.
        noun: What they are.

    Returns:
        The figure and its caption, which states the largest weight and where it is.

    Example:
        >>> import numpy as np
        >>> weights = np.eye(3)[:, :2] * [1.0, 2.0]
        >>> figure, caption = mean_trf(weights, np.array([0.0, 0.02, 0.04]), "mel", n=10)
        >>> print(caption[:60])
        Weights of mel on standardised features, averaged over folds
    """
    most = float(np.abs(weights).max())
    lag, dim = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    half = (lags[1] - lags[0]) / 2
    with style():
        figure, axes = new_figure(0.6 * DOUBLE, 2.8)
        extent = (lags[0] - half, lags[-1] + half, -0.5, weights.shape[1] - 0.5)
        picture = axes.imshow(
            weights.T,
            origin="lower",
            aspect="auto",
            extent=extent,
            cmap="RdBu_r",
            vmin=-most,
            vmax=most,
            gid="mean TRF",
        )
        axes.set_xlabel("lag (s)")
        axes.set_ylabel(f"dimension of {model}")
        figure.colorbar(picture, ax=axes, label="weight (per SD)")
    caption = (
        f"Weights of {model} on standardised features, averaged over folds and {n} {noun}s; the largest, "
        f"{number(float(weights[lag, dim]))}, is that of dimension {dim} at {1000 * lags[lag]:.0f} ms."
    )
    return figure, caption
