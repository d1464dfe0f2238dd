"""What a run keeps by choice beside tables and figures: held-out predictions and weights of each compared model."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.study.bands import band_weights, fit_bands
from brainalign.study.layer_selection import layers_of
from brainalign.study.roles import Models
from brainalign.study.study import Study

Arrays = dict[str, NDArray[Any]]

log = logging.getLogger(__name__)


def kept_predictions(study: Study, models: Models) -> Iterator[tuple[str, Arrays]]:
    """Held-out predictions of each compared model, layers chosen on inner folds; one model in memory at a time.

    Args:
        study: Data and folds.
        models: Model, partner and baseline.

    Yields:
        Name and arrays: ``predictions/<stimulus>`` (T, C) float32 in the responses' units, NaN where nothing was held out;
        ``times/<stimulus>`` (T,) s; ``subject`` and ``electrode`` (C,). A split that leaks holds a stimulus out in several folds:
        each fold's prediction is then under ``<stimulus>/fold<n>``.
    """
    design = study.design
    size = sum(grid.n for grid in study.responses.grids.values()) * design.n_channels * 4
    for model in models.compared:
        log.info("keeping predictions of %s: %.0f MB, and as much in MLflow", model.name, size / 1e6)
        scores, _ = study.layer_selection(model).nested
        yield model.name, {**_channels(study), **_held_out(study, scores.predictions)}


def _held_out(study: Study, predictions: list[dict[str, NDArray[np.float32]]]) -> Arrays:
    """Predictions and times of the rows that each fold scores, by stimulus."""
    design = study.design
    parts: dict[str, dict[int, NDArray[np.bool_]]] = {}
    for fold in range(len(design.split.folds)):
        for i, mask in design.test_rows(fold):
            folds = parts.setdefault(design.stimuli[i], {})
            folds[fold] = folds[fold] | mask if fold in folds else mask
    found: Arrays = {}
    for stimulus, folds in parts.items():
        twice = np.sum(list(folds.values()), axis=0).max() > 1
        for fold, rows in folds.items():
            name = f"{stimulus}/fold{fold}" if twice else stimulus
            shape = len(rows), design.n_channels
            whole = found.setdefault(f"predictions/{name}", np.full(shape, np.nan, dtype=np.float32))
            if stimulus in predictions[fold]:
                whole[rows] = predictions[fold][stimulus][rows] * design.unit + design.center
            found[f"times/{name}"] = study.responses.grids[stimulus].times
    return found


def kept_weights(study: Study, models: Models) -> Iterator[tuple[str, Arrays]]:
    """Weights of each compared model's best layer; one model in memory at a time.

    In fold f the prediction of electrode c at frame t is, with h zero outside the stimulus *after* standardisation,

        intercept[f, c] + sum over k, j of weights[f, k, j, c] * (h[t - lags[k], j] - mean[f, g, j]) / sd[f, g, j],  g = group[c]

    Args:
        study: Data and folds.
        models: Model, partner and baseline.

    Yields:
        Name and arrays: ``weights`` (folds, lags, d, C) float32, NaN where there is no fit; ``intercept`` (folds, C); ``mean`` and
        ``sd`` (folds, groups, d) of the training frames; ``group`` (C,), electrodes with the same valid frames; ``lags`` (lags,) in
        frames and ``lags_s`` in seconds; ``layer``; ``subject`` and ``electrode`` (C,). Of joined models also ``band`` and
        ``band_layers``, see :func:`brainalign.study.bands.band_weights`.
    """
    design, unit = study.design, study.design.unit
    rate = next(iter(study.responses.grids.values())).rate
    group = np.empty(design.n_channels, dtype=np.int64)
    for number, mine in enumerate(design.groups):
        group[mine.channels] = number
    for model in models.compared:
        layer = study.layer_selection(model).best_layer
        found = _of_bands(study, model) if isinstance(model, JoinedRepresentation) else _of_layer(study, model, layer)
        size = found["weights"].nbytes
        log.info("keeping weights of %s, layer %s: %.0f MB, and as much in MLflow", model.name, layer, size / 1e6)
        yield (
            model.name,
            {
                **found,
                "weights": found["weights"] * unit.astype(np.float32),
                "intercept": found["intercept"] * unit + design.center,
                "group": group,
                "lags": study.lags,
                "lags_s": study.lags / rate,
                "layer": np.array(layer),
                **_channels(study),
            },
        )


def _of_layer(study: Study, model: Representation, layer: int) -> Arrays:
    """Weights of one layer in the units of the fit, with what features were standardised by."""
    frames = study.frames(model, layer)
    scores = study.fit(frames, next(iter(frames.values())).shape[1], model.name, keep_weights=True)
    scale = np.stack(scores.scales)
    return {
        "weights": np.stack(scores.weights), "intercept": np.stack(scores.intercepts), "mean": scale[:, :, 0], "sd": scale[:, :, 1],
    }  # fmt: skip


def _of_bands(study: Study, model: JoinedRepresentation) -> Arrays:
    """The same of all bands together, with their names; each fold has the layers that it chose."""
    layers = layers_of(study, model.bands)
    fitted = fit_bands(study, model.bands, layers, model.ratios, model.name, keep_weights=True)
    return band_weights(study, model.bands, layers, fitted.scores)


def _channels(study: Study) -> Arrays:
    """Who the columns are, as text without Python objects."""
    return {name: study.channels[name].to_numpy(dtype=str) for name in ("subject", "electrode")}
