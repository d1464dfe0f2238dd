"""What the TRF estimators accept: lists of presentations or one plain pair of arrays; everything else in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array, validate_data

from brainalign.errors import BrainalignError

Array = NDArray[np.floating[Any]]
Given = Sequence[Array] | Array
"""(T_i, d) arrays, one a presentation; or one plain array."""


def as_presentations(estimator: Any | None, given: Given, fit: bool = False) -> tuple[list[Array], int]:
    """A list of arrays, and the dimensions of the one plain array that was given, 0 where it was a list.

    Args:
        estimator: The estimator whose features these are; None for responses.
        given: Lists or an array.
        fit: Whether the estimator learns its number of features from them.
    """
    if isinstance(given, (list, tuple)) and (len(given) == 0 or getattr(given[0], "ndim", 1) == 2):
        return [_floating(v) for v in given], 0
    if isinstance(given, np.ndarray) and given.ndim == 3:
        return [_floating(v) for v in given], 0
    if estimator is None:
        if given is None:
            raise BrainalignError("a TRF requires y to be passed, but the target y is None: give the responses.")
        plain = check_array(given, ensure_2d=False, ensure_all_finite="allow-nan", dtype=[np.float64, np.float32])
        return [plain[:, None] if plain.ndim == 1 else plain], plain.ndim
    return [validate_data(estimator, given, reset=fit, dtype=[np.float64, np.float32])], 2


def checked(
    features: list[Array], responses: list[Array], names: tuple[str, str] = ("features", "responses")
) -> tuple[list[Array], list[Array]]:
    """Both lists, or one sentence on what is wrong with them.

    Args:
        features: (T_i, d) for each presentation.
        responses: (T_i, c) for each presentation.
        names: What the user calls the two, for the sentence.

    Raises:
        BrainalignError: Empty lists, unequal lengths or widths, or infinite values.
    """
    given, wanted = names
    if len(features) == 0:
        raise BrainalignError(f"{given} is an empty list; at least one presentation is needed.")
    if len(features) != len(responses):
        raise BrainalignError(
            f"{given} has {len(features)} presentations, {wanted} {len(responses)}; they must be equal."
        )
    for i, (a, b) in enumerate(zip(features, responses, strict=True)):
        if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or len(a) == 0:
            raise BrainalignError(
                f"presentation {i}: {given} {a.shape} and {wanted} {b.shape} must be (T, d) and (T, c), T > 0."
            )
        if a.shape[1] != features[0].shape[1] or b.shape[1] != responses[0].shape[1]:
            raise BrainalignError(
                f"presentation {i} has {a.shape[1]} columns of {given} and {b.shape[1]} of {wanted}, presentation 0 has "
                f"{features[0].shape[1]} and {responses[0].shape[1]}; they must agree."
            )
        if not np.isfinite(a).all() or np.isinf(b).any():
            raise BrainalignError(
                f"presentation {i} holds infinite values, or NaN among its {given}; {given} must be finite, and only "
                f"{wanted} may hold NaN."
            )
    return features, responses


def _floating(values: Any) -> Array:
    """Float32 stays float32, everything else becomes float64."""
    array = np.asarray(values)
    return array if array.dtype == np.float32 else array.astype(np.float64, copy=False)
