"""Samples to leave out: those far outside what a channel does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.signal.gaps import near


def artefacts(values: NDArray[np.floating[Any]], rate: float, settings: Preprocessing) -> NDArray[np.bool_]:
    """Samples whose robust z exceeds the limit, and their surroundings.

        z(t) = (x(t) - median) / (1.4826 median |x - median|)

    Where x is an amplitude (``signal=high_gamma``), its logarithm takes its place: amplitudes are skewed, and a
    disconnected channel lies as far below as an artefact above.

    Args:
        values: (T, c), NaN where nothing valid was recorded; those samples count as rejected.
        rate: Samples per second.
        settings: ``artefact`` is the limit.

    Returns:
        (T, c).
    """
    out: NDArray[np.bool_] = ~np.isfinite(values)
    if settings.artefact is not None:
        for c in range(values.shape[1]):
            x = values[:, c].astype(np.float64)
            if settings.signal == "high_gamma":
                x = np.log(np.maximum(x, 1e-12 * np.nanmax(x, initial=1e-300)))
            known = x[~out[:, c]]
            if known.size:
                apart = np.abs(x - np.median(known))
                scale = 1.4826 * float(np.median(apart[~out[:, c]]))
                out[:, c] |= (apart > settings.artefact * scale) & (scale > 0)
        out[out.mean(axis=1) > settings.artefact_share] = True
        out = np.asarray(near(out.T, round(settings.artefact_margin * rate)).T)
    return out
