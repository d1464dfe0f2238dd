"""What is reconstructed: the dimensions of a layer, or the first principal components of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError

Frames = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Targets:
    """From a layer's features to what is decoded.

    Principal components are of the stimuli alone: the target of a decoder is no predictor, has to be the same in every fold, and no
    response enters it.

    Attributes:
        mean: (d,) taken off.
        axes: (d, k) what the rest is multiplied by; None where dimensions are decoded as they come.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64] | None

    @classmethod
    def of(cls, frames: Frames, components: int | None) -> Targets:
        """Principal components of the z-scored dimensions, where there are more than asked for; each sign is that of its largest entry.

        Args:
            frames: Stimulus -> (T, d).
            components: How many; None = the dimensions themselves.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> layer = {"a": rng.normal(size=(50, 1)) @ np.array([[1.0, 2.0, -3.0]])}
            >>> found = Targets.of(layer, 1)(layer)["a"]
            >>> found.shape, bool(abs(abs(np.corrcoef(found[:, 0], layer["a"][:, 0])[0, 1]) - 1) < 1e-9)
            ((50, 1), True)
        """
        rows = np.vstack(list(frames.values())).astype(np.float64)
        mean, sd = rows.mean(axis=0), rows.std(axis=0)
        if components is None or rows.shape[1] <= components:
            return cls(mean, None)
        unit = np.where(sd > 0, sd, 1.0)
        z = (rows - mean) / unit
        axes = np.linalg.eigh(z.T @ z)[1][:, : -components - 1 : -1]
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
        return cls(mean, axes * np.sign(largest) / unit[:, None])

    def __call__(self, frames: Frames) -> dict[str, NDArray[np.float64]]:
        """Stimulus -> (T, k) what is decoded.

        Args:
            frames: Stimulus -> (T, d).

        Raises:
            BrainalignError: Their width is another.
        """
        width = next(iter(frames.values())).shape[1]
        if width != len(self.mean):
            raise BrainalignError(
                f"analysis.rival holds reconstructions against the other stream's features, which have {width} dimensions in place of "
                f"{len(self.mean)}; both streams need the same features."
            )
        if self.axes is None:
            return {s: np.asarray(v, dtype=np.float64) for s, v in frames.items()}
        return {s: (v - self.mean) @ self.axes for s, v in frames.items()}
