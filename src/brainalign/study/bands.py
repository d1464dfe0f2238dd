"""Fits of several feature sets, each a band with a penalty of its own, and its own window if it has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.banded_nested import BandedScores
from brainalign.encoding.nested import Frames
from brainalign.errors import BrainalignError
from brainalign.features.joined import Band
from brainalign.linalg.lags import lag_matrix, lags_of
from brainalign.study.fitting import Fitting


def fit_bands(
    study: Fitting, bands: Sequence[Band], layers: Sequence[tuple[int, ...]], ratios: Sequence[float], name: str
) -> BandedScores:
    """Nested banded ridge of some bands.

    Where a band has a window of its own, all bands are lagged before the fit and standardised by lag: the fit then has one lag.

    Args:
        study: Data, window, folds and penalties.
        bands: What is fitted together.
        layers: Outer fold -> layer of each band.
        ratios: Penalties that every later band chooses from, in units of the first's.
        name: Of the features, for the log.
    """
    lags = own_lags(study, bands)

    def frames(n: int, layer: int) -> Frames:
        return lagged(study.frames(bands[n].representation, layer), lags, n)

    def batches() -> Iterator[tuple[list[Frames], list[int]]]:
        for pick in dict.fromkeys(layers):
            yield [frames(n, layer) for n, layer in enumerate(pick)], [f for f, p in enumerate(layers) if p == pick]

    dims = [widest(band, {pick[n] for pick in layers}) * (len(lags[n]) if lags else 1) for n, band in enumerate(bands)]
    return study.fit_banded(batches(), dims, ratios, name, lags=None if lags is None else np.array([0]))


def widest(band: Band, layers: set[int]) -> int:
    """Dimensions of a band, the most of some layers.

    Args:
        band: The band.
        layers: Of its layers.
    """
    return max(int(next(iter(band.representation.rows(n).values())).values.shape[1]) for n in layers)


def own_lags(study: Fitting, bands: Sequence[Band]) -> list[NDArray[np.int64]] | None:
    """Each band's lags in frames; None where all have those of the study.

    Args:
        study: Whose window holds all of theirs.
        bands: Of which some may have windows of their own.

    Raises:
        BrainalignError: A band's window reaches beyond the study's.
    """
    rate = study.frame_rate if study.lag_unit == "seconds" else 1.0
    found = []
    for band in bands:
        low, high = (study.tmin if band.tmin is None else band.tmin), (study.tmax if band.tmax is None else band.tmax)
        if high < low:
            raise BrainalignError(
                f"model.of.{band.name}: tmax={high:g} lies before tmin={low:g}; tmax must not be smaller."
            )
        lags = lags_of(low, high, rate)
        if lags[0] < study.lags[0] or lags[-1] > study.lags[-1]:
            raise BrainalignError(
                f"model.of.{band.name}: its window from {low:g} to {high:g} reaches beyond the run's, window.tmin={study.tmin:g} to "
                f"window.tmax={study.tmax:g}; widen that one, which keeps folds apart."
            )
        found.append(lags)
    return None if all(np.array_equal(lags, study.lags) for lags in found) else found


def lagged(frames: Frames, lags: Sequence[NDArray[np.int64]] | None, n: int) -> Frames:
    """Features with their lags side by side; as they are where no band has a window of its own.

    Args:
        frames: Stimulus -> (T, d) of band n.
        lags: Of every band, or None.
        n: Which band.
    """
    return frames if lags is None else {s: lag_matrix(v, lags[n]).astype(np.float32) for s, v in frames.items()}
