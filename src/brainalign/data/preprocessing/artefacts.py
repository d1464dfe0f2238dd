"""Samples to leave out: those far outside what a channel does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.signal.gaps import near


def artefacts(
    pieces: Sequence[NDArray[np.floating[Any]]], rate: float, settings: Preprocessing
) -> list[NDArray[np.bool_]]:
    """Samples whose robust z exceeds the limit, and their surroundings.

        z(t) = (x(t) - median) / (1.4826 median |x - median|)

    Where x is an amplitude (``signal=high_gamma``), its logarithm takes its place: amplitudes are skewed, and a
    disconnected channel lies as far below as an artefact above.

    Args:
        pieces: (T_i, c) each, NaN where nothing valid was recorded; those samples count as rejected. The surroundings of a sample end
            with its piece.
        rate: Samples per second.
        settings: ``artefact`` is the limit.

    Returns:
        (T_i, c) each.
    """
    values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
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
    margin = 0 if settings.artefact is None else round(settings.artefact_margin * rate)
    parts = np.split(out, np.cumsum([len(p) for p in pieces])[:-1])
    return [np.asarray(near(part.T, margin).T) if margin else part for part in parts]
