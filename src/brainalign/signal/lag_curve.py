"""How a short template correlates with a long signal at every lag, and where that peaks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Peak(NamedTuple):
    """The highest point of a curve.

    Attributes:
        at: Its place in samples, between them by a parabola through three.
        height: Its value.
        margin: How much higher it is than the highest point outside its surroundings; NaN where there is none.
    """

    at: float
    height: float
    margin: float


def lag_curve(
    template: NDArray[np.float64], signal: NDArray[np.float64], least: int | None = None
) -> NDArray[np.float64]:
    """Pearson correlation of a template with each stretch of its length of a signal, over the samples that are known.

        r(k) = sum_j m_{k+j} (e_j - e_k) (s_{k+j} - s_k) / (n_k sd(e)_k sd(s)_k)

    m is 1 where the signal is finite, n_k their number in the stretch, and e_k, s_k and the deviations are over them (masked
    normalised cross-correlation: Padfield 2012, IEEE Transactions on Image Processing 21, 2706-2718). Nothing is put in place of what
    is missing, so a gap correlates with nothing. The template's linear trend is taken out first, and so does a slow drift.

    Args:
        template: (n,).
        signal: (m,), m >= n; not finite where nothing valid was recorded.
        least: Known samples that a stretch must have; None: all of them.

    Returns:
        (m - n + 1,); 0 where the stretch, or the template, is constant; NaN where fewer than ``least`` samples are known.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> template = rng.normal(size=50)
        >>> signal = np.concatenate([rng.normal(size=30), template, rng.normal(size=20)])
        >>> signal[35:45] = np.nan
        >>> int(np.nanargmax(lag_curve(template, signal, least=30)))
        30
    """
    from scipy.signal import correlate, detrend

    length, known = len(template), np.isfinite(signal)
    if not known.any():
        return np.full(len(signal) - length + 1, np.nan)
    e = detrend(template)
    s = np.where(known, signal - signal[known].mean(), 0.0)
    mask = known.astype(np.float64)
    n, sums, squares = (_running(x, length) for x in (mask, s, s**2))
    if known.all():
        own, own_squares = np.zeros(len(n)), np.full(len(n), float(e @ e))
    else:
        own, own_squares = correlate(mask, e, "valid"), correlate(mask, e**2, "valid")
    least = length if least is None else least
    enough = n >= max(least, 2) - 0.5
    n = np.where(enough, n, 1.0)
    above = correlate(s, e, "valid") - sums * own / n
    scale = np.sqrt(np.maximum(squares - sums**2 / n, 0.0) * np.maximum(own_squares - own**2 / n, 0.0))
    smallest = 1e-9 * length * e.std() * s[known].std()
    return np.where(enough, np.divide(above, scale, out=np.zeros(len(scale)), where=scale > smallest), np.nan)


def _running(x: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    sums = np.cumsum(np.concatenate([[0.0], x]))
    return np.asarray(sums[length:] - sums[:-length])


def peak(curve: NDArray[np.float64], surroundings: int) -> Peak:
    """The highest point of a curve, and how far it stands out.

    Args:
        curve: (m,), NaN where it is not known; at least one value is.
        surroundings: Samples on either side that belong to the peak.

    Example:
        >>> peak(np.array([0.0, 0.2, 0.9, 0.9, 0.2, 0.0, 0.5]), 2)
        Peak(at=2.5, height=0.9, margin=0.4)
    """
    known = np.where(np.isfinite(curve), curve, -np.inf)
    top = int(known.argmax())
    others = np.concatenate([known[: max(top - surroundings, 0)], known[top + surroundings + 1 :]])
    margin = float(known[top] - others.max(initial=-np.inf))
    shift = 0.0
    if 0 < top < len(known) - 1 and np.isfinite(known[[top - 1, top + 1]]).all():
        left, middle, right = known[top - 1 : top + 2]
        bend = left - 2 * middle + right
        shift = 0.5 * float((left - right) / bend) if bend < 0 else 0.0
    return Peak(top + shift, float(known[top]), margin if np.isfinite(margin) else np.nan)
