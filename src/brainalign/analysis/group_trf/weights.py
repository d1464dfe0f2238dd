"""Weights of each participant at each place: of few features as they come, of many the response to their principal components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.group_trf.places import Places
from brainalign.errors import BrainalignError
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.study.bands import band_weights, fit_bands
from brainalign.study.layer_selection import layers_of
from brainalign.study.study import Study

Array = NDArray[np.float64]
Frames = Mapping[str, NDArray[np.floating[Any]]]

STRENGTH = "strength"
"""Ends the name of a wide layer's weights that have no sign."""


@dataclass(frozen=True)
class GroupWeights:
    """Weights of participants under one name.

    Attributes:
        name: Of the model, or of the difference of two.
        features: What each of the k curves is of.
        weights: (participants, k, places, lags), in standard deviations of the response per one of the feature.
        signed: (k,) whether 0 is what is expected where there is nothing; a strength has no sign.
        said: What the features are, in words; empty where they are the model's dimensions.
        difference: Whether they are of two models.
    """

    name: str
    features: list[str]
    weights: Array
    signed: list[bool]
    said: str = ""
    difference: bool = False

    def kept(self, places: NDArray[np.bool_]) -> GroupWeights:
        """At some of the places alone.

        Args:
            places: Which ones.
        """
        return replace(self, weights=self.weights[:, :, places])

    def less(self, other: GroupWeights) -> GroupWeights:
        """The difference of two models' weights, feature by feature.

        Args:
            other: As many features, of the same participants and places.
        """
        names = [a if a == b else f"{a} - {b}" for a, b in zip(self.features, other.features, strict=True)]
        return GroupWeights(
            f"{self.name} - {other.name}", names, self.weights - other.weights, self.signed, difference=True
        )


def group_weights(study: Study, model: Representation, layer: int, components: int, places: Places) -> GroupWeights:
    """Fit a layer and bring its weights to the places.

    Args:
        study: Data, window and folds.
        model: A model, or several feature sets joined.
        layer: One of its layers.
        components: Dimensions up to which each has a curve; of more, as many principal components and the strength of all.
        places: Where participants are averaged.

    Raises:
        BrainalignError: The bands of a joined model have several layers, which folds choose anew.
    """
    blocks, folds = _fitted(study, model, layer)
    mean, known = np.zeros(folds[0].shape), np.zeros(folds[0].shape[-1])
    for weights in folds:  # (lags, d, C)
        fine = np.isfinite(weights).all(axis=(0, 1))
        mean[..., fine] += weights[..., fine]
        known += fine
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = mean / known / study.design.deviation
    features, signed, curves, said, at = list[str](), list[bool](), list[Array](), list[str](), 0
    for name, frames in blocks:
        width = next(iter(frames.values())).shape[1]
        own = mean[:, at : at + width]
        at += width
        labels, loadings, share = directions(name, frames, components)
        curves += list(np.einsum("ldc,dk->klc", own, loadings[:, : len(labels)], optimize=True))
        features, signed = features + labels, signed + [True] * len(labels)
        if width > components:
            curves.append(np.linalg.norm(np.einsum("ldc,dk->lkc", own, loadings, optimize=True), axis=1))
            features.append(f"{name} {STRENGTH}")
            signed.append(False)
            said.append(
                f"the first {len(labels)} principal components of {name} hold {share:.0%} of its standardised variance"
            )
    stacked = np.stack(curves)  # (k, lags, C)
    return GroupWeights(
        model.name, features, np.moveaxis(places.of(stacked.transpose(2, 0, 1)), 2, 1), signed, "; ".join(said)
    )


def directions(name: str, frames: Frames, components: int) -> tuple[list[str], Array, float]:
    """What the weights of a feature set are shown of: responses to changes of its features by one standard deviation.

    Few dimensions are shown as they come. Of many, principal component k of the z-scored features moves them by a_k sqrt(l_k) when it
    changes by one standard deviation, so that the response to that is w'a_k sqrt(l_k). Components are of the stimuli alone, the
    same for all participants, and each sign is that of its largest entry. Over all components, the root of the sum of squares is the
    standard deviation of what a lag adds to the prediction: the strength, which knows no sign.

    Args:
        name: Of the features.
        frames: Stimulus -> (T, d).
        components: How many at most.

    Returns:
        Labels (k); (d, d) or, of few dimensions, (d, k) loadings; and the share of the variance that the labelled ones hold.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels, loadings, share = directions("mel", {"a": rng.normal(size=(500, 1)) * np.array([[1.0, 2.0, 3.0, 4.0]])}, 2)
        >>> labels, loadings[:, 0].round(3).tolist(), round(share, 3)
        (['mel PC1', 'mel PC2'], [1.0, 1.0, 1.0, 1.0], 1.0)
    """
    width = next(iter(frames.values())).shape[1]
    if width <= components:
        return [name] if width == 1 else [f"{name} {i}" for i in range(width)], np.eye(width), 1.0
    rows = np.vstack(list(frames.values())).astype(np.float64)
    sd = rows.std(axis=0)
    z = (rows - rows.mean(axis=0)) / np.where(sd > 0, sd, 1.0)
    values, axes = np.linalg.eigh(z.T @ z / len(z))
    values, axes = values[::-1].clip(min=0), axes[:, ::-1]
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0))
    labels = [f"{name} PC{k + 1}" for k in range(components)]
    return labels, axes * np.sqrt(values), float(values[:components].sum() / values.sum())


def _fitted(
    study: Study, model: Representation, layer: int
) -> tuple[list[tuple[str, Frames]], Sequence[NDArray[np.float32]]]:
    """Features by band, and (lags, d, C) weights of each fold on standardised features."""
    if not isinstance(model, JoinedRepresentation):
        frames = study.frames(model, layer)
        width = next(iter(frames.values())).shape[1]
        return [(model.name, frames)], study.fit(frames, width, model.name, keep_weights=True).weights
    layers = layers_of(study, model.bands)
    if len(set(layers)) > 1:
        raise BrainalignError(
            f"analysis.kind=group_trf: the outer folds choose different layers of the bands of {model.name}, whose weights have no mean; "
            "give each band of model.of one layer (layers)."
        )
    fitted = fit_bands(study, model.bands, layers, model.ratios, model.name, keep_weights=True)
    weights = band_weights(study, model.bands, layers, fitted.scores)["weights"]
    return [(b.name, study.frames(b.representation, n)) for b, n in zip(model.bands, layers[0], strict=True)], list(
        weights
    )
