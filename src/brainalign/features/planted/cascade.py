"""The simulated model whose layers drive the regions of ``data=simulated_fmri``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Dataset, Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit
from brainalign.features.checkpoints.forward import asked_layers


class PlantedCascade:
    """The layers of a simulated cascade, as they are; untrained, every layer is the first, in random coordinates of its own.

    So a trained one has in layer k what drives region k, and an untrained one what drives the first region alone.

    Args:
        dataset: From :func:`brainalign.data.simulated.simulate_fmri`.
        layers: Which; None = all.
        weights: ``trained`` or ``untrained``.
        seed: Of the coordinates of the untrained one.
        name: As it stands in tables and figures.

    Raises:
        BrainalignError: The data set has no cascade, or there is no such layer.

    Example:
        >>> from brainalign.data.simulated import simulate_fmri
        >>> data = simulate_fmri(subjects=1, voxels=1, stories=2, sentences=5)
        >>> (story, layers), *_ = PlantedCascade(data).extract(list(data.stimuli.values()))
        >>> sorted(layers), layers[0].values.shape[1]
        ([0, 1, 2, 3, 4], 12)
    """

    unit: Unit = "frames"
    receptive_field = ReceptiveField(0.0125, 0.0125)
    placement: Placement = "hold"
    version = 1

    def __init__(
        self,
        dataset: Dataset,
        *,
        layers: list[int] | None = None,
        weights: str = "trained",
        seed: int = 0,
        name: str = "planted_cascade",
    ) -> None:
        if dataset.latents is None or "layer0" not in dataset.latents:
            raise BrainalignError(
                f"model=planted_cascade is made of the simulated layers, which data set {dataset.name!r} does not have; "
                "use data=simulated_fmri."
            )
        self.name, self.latents, self.weights, self.seed = name, dataset.latents, weights, seed
        self.layers: Sequence[int] = asked_layers(layers, len(dataset.latents) - 1, name)

    def identity(self) -> dict[str, Any]:
        """Weights, seed and a digest of the layers."""
        state = hashlib.sha256()
        for layer in sorted(self.latents):
            for stimulus in sorted(self.latents[layer]):
                state.update(f"{layer}|{stimulus}".encode())
                state.update(np.ascontiguousarray(self.latents[layer][stimulus], dtype=np.float64).tobytes())
        return {"kind": "planted_cascade", "weights": self.weights, "seed": self.seed, "latents": state.hexdigest()}

    def describe(self) -> str:
        """The model in a sentence."""
        told = "each drives one region" if self.weights == "trained" else "all are the first, in random coordinates"
        return f"simulated cascade of {len(self.latents)} layers, of which {told}"

    def check(self, stimulus: Stimulus) -> None:
        """Refuse a stimulus that is not of the simulated data set."""
        known = self.latents["layer0"]
        if stimulus.id not in known:
            raise BrainalignError(
                f"model=planted_cascade has no layers for stimulus {stimulus.id!r}; {nearest(stimulus.id, known)}."
            )

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """Yield (stimulus id, layer -> Rows of (frames, dims)); onset and offset are the frame's centre."""
        for stimulus in stimuli:
            times = FrameGrid.speech(stimulus.duration).times
            layers = {}
            for layer in self.layers:
                values = self.latents[f"layer{layer if self.weights == 'trained' else 0}"][stimulus.id][: len(times)]
                if self.weights != "trained":
                    turn = np.random.default_rng([self.seed, layer]).standard_normal((values.shape[1], values.shape[1]))
                    values = values @ np.linalg.qr(turn)[0]
                layers[layer] = Rows(values.astype(np.float32), times, times)
            yield stimulus.id, layers
