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


def lag_curve(template: NDArray[np.float64], signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson correlation of a template with each stretch of its length of a signal.

        r(k) = sum_j (e_j - e) (s_{k+j} - s_k) / (n sd(e) sd(s_k)),    s_k, sd(s_k) over the stretch k

    The template's linear trend is taken out first, so a slow drift of the signal correlates with nothing.

    Args:
        template: (n,).
        signal: (m,) finite, m >= n.

    Returns:
        (m - n + 1,); 0 where the stretch, or the template, is constant.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> template = rng.normal(size=50)
        >>> signal = np.concatenate([rng.normal(size=30), template, rng.normal(size=20)])
        >>> int(lag_curve(template, signal).argmax())
        30
    """
    from scipy.signal import correlate, detrend

    n = len(template)
    e, s = detrend(template), signal - signal.mean()
    sums, squares = (np.cumsum(np.concatenate([[0.0], x])) for x in (s, s**2))
    mean = (sums[n:] - sums[:-n]) / n
    variance = (squares[n:] - squares[:-n]) / n - mean**2
    scale = n * np.sqrt(np.maximum(variance, 0.0)) * e.std()
    least = 1e-9 * n * e.std() * s.std()
    return np.asarray(np.divide(correlate(s, e, "valid"), scale, out=np.zeros(len(scale)), where=scale > least))


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
