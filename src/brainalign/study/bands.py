"""Fits of several feature sets, each a band with a penalty of its own, and its own window if it has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.banded_nested import BandedScores
from brainalign.encoding.nested import Frames, OuterScores
from brainalign.errors import BrainalignError
from brainalign.features.joined import Band
from brainalign.linalg.lags import lag_matrix, lags_of
from brainalign.spaces.variances import about
from brainalign.study.fitting import Fitting, Reduction


def fit_bands(
    study: Fitting,
    bands: Sequence[Band],
    layers: Sequence[tuple[int, ...]],
    ratios: Sequence[float],
    name: str,
    keep_weights: bool = False,
    components: float | None = None,
) -> BandedScores:
    """Nested banded ridge of some bands.

    Where a band has a window of its own, all bands are lagged before the fit and standardised by lag: the fit then has one lag.

    Args:
        study: Data, window, folds and penalties.
        bands: What is fitted together.
        layers: Outer fold -> layer of each band.
        ratios: Penalties that every later band chooses from, in units of the first's.
        name: Of the features, for the log.
        keep_weights: Hand over the weights of every outer fold, see :func:`band_weights`.
        components: Principal components of each band, when not the study's.
    """
    components = study.components if components is None else components
    lags = own_lags(study, bands)

    def frames(n: int, layer: int) -> Frames:
        return lagged(study.frames(bands[n].representation, layer), lags, n)

    def batches() -> Iterator[tuple[list[Frames], list[int]]]:
        for pick in dict.fromkeys(layers):
            yield [frames(n, layer) for n, layer in enumerate(pick)], [f for f, p in enumerate(layers) if p == pick]

    widths = _widths(bands, layers)
    copies = [len(lags[n]) if lags else 1 for n in range(len(bands))]
    dims = [width * n for width, n in zip(widths, copies, strict=True)]
    reduction = None
    if components is not None:
        kept = [about(study.frames(b.representation, layers[0][n]), components) for n, b in enumerate(bands)]
        reduction = Reduction(components, copies, [q * n for q, n in zip(kept, copies, strict=True)])
    return study.fit_banded(
        batches(), dims, ratios, name, None if lags is None else np.array([0]), keep_weights, reduction
    )


def band_weights(
    study: Fitting, bands: Sequence[Band], layers: Sequence[tuple[int, ...]], fitted: OuterScores
) -> dict[str, NDArray[Any]]:
    """Weights of :func:`fit_bands` on the lags of the study, as those of a model without bands.

    A band with a window of its own was lagged before it was standardised. Its weights are given on the features before that: weight 0
    at lags outside its window, ``mean`` 0, and as ``sd`` the root mean square of those at its lags.

    Args:
        study: Data, window and folds.
        bands: What was fitted together.
        layers: Outer fold -> layer of each band.
        fitted: Scores with weights.

    Returns:
        ``weights`` (folds, lags, d, C), ``intercept`` (folds, C), ``mean`` and ``sd`` (folds, groups, d), of all bands side by side;
        ``band`` (d,) which one each dimension belongs to; ``band_layers`` (folds, bands). NaN where a fold's layer of a band has
        fewer dimensions than another fold's.
    """
    lags, widths, folds, channels = own_lags(study, bands), _widths(bands, layers), len(layers), study.design.n_channels
    ends = np.cumsum([0, *widths])
    weights = np.full((folds, len(study.lags), ends[-1], channels), np.nan, dtype=np.float32)
    mean, sd = (np.full((folds, len(study.design.groups), ends[-1]), np.nan) for _ in range(2))
    intercept = np.stack(fitted.intercepts)
    for fold, pick in enumerate(layers):
        at = 0
        for n, band in enumerate(bands):
            width, count = widest(band, {pick[n]}), len(lags[n]) if lags else 1
            here, there = slice(at, at := at + width * count), slice(ends[n], ends[n] + width)
            w, scale = fitted.weights[fold][:, here], fitted.scales[fold][:, :, here]
            if lags is None:
                weights[fold, :, there], mean[fold, :, there], sd[fold, :, there] = w, scale[:, 0], scale[:, 1]
                continue
            own = scale[:, 1].reshape(-1, count, width)
            mean[fold, :, there], sd[fold, :, there] = 0.0, np.sqrt((own**2).mean(axis=1))
            for g, group in enumerate(study.design.groups):
                raw = w[0][:, group.channels] / scale[g, 1][:, None]
                intercept[fold, group.channels] -= scale[g, 0] @ raw
                on_lags = np.zeros((len(study.lags), width, len(group.channels)))
                on_lags[np.searchsorted(study.lags, lags[n])] = raw.reshape(count, width, -1)
                weights[fold, :, there, group.channels] = np.moveaxis(on_lags * sd[fold, g, there][:, None], -1, 0)
    names = np.repeat([band.name for band in bands], widths)
    return {
        "weights": weights, "intercept": intercept, "mean": mean, "sd": sd, "band": names, "band_layers": np.array(layers),
    }  # fmt: skip


def _widths(bands: Sequence[Band], layers: Sequence[tuple[int, ...]]) -> list[int]:
    """Dimensions of each band, the most of the layers that the folds take."""
    return [widest(band, {pick[n] for pick in layers}) for n, band in enumerate(bands)]


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
