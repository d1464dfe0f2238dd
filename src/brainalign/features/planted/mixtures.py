"""Simulated representations of known content: stated mixtures of the latents that drive the simulated electrodes.

    F(layer) = sum_l sqrt(m_l) Z_l A_l  +  sqrt(v) P B  +  sqrt(u) e

``Z_l`` is latent l (frames, dims), ``A_l`` a random map scaled so that each of its columns has variance 1 over the
frames, and ``m_l`` its part of the variance; ``P`` are private dimensions, smooth noise that no brain and no other
model has, the same in all layers; ``e`` is white noise of each layer's own. m, v and u sum to 1.

Depth: layer 0 holds the shallowest latent alone (speech: acoustic; language: lexical), layer 3 the stated mixture,
layers 1 and 2 lie on the line between, and layer 4 goes back to where layer 2 was. Noise is least in layer 3. So a
model's mean score over electrodes that hear all latents is best in layer 3 by construction.

The two models share the lexical latent and nothing else: 12 canonical correlations are high, the others are chance,
as acoustic, phonetic and contextual have (almost) nothing in common with what the other model holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated import LATENTS, full_mixture
from brainalign.data.types import Dataset, Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit
from brainalign.features.checkpoints.forward import asked_layers

DEPTH = (0.0, 0.1, 0.3, 1.0, 0.3)
"""How far each layer has come from its shallowest latent to the stated mixture."""
_NOISE = (8.0, 5.0, 3.0, 1.0, 4.0)
"""Each layer's noise, in units of ``noise``."""
_PRIVATE_AR = 0.9

Array = NDArray[np.float64]


class Planted:
    """What both planted models are; use PlantedSpeech and PlantedLanguage.

    Args:
        dataset: Simulated; its latents are what is mixed.
        mixture: Latent -> its share of what is not private and not noise in layer 3; the model's own by default.
        dims: Width of the representation.
        private_dims: Number of private dimensions; 0 = none.
        private: Share of the variance that they have.
        noise: Share of the variance that noise has in layer 3.
        layers: Out of 0..4; None = all.
        seed: Of the maps, the private dimensions and the noise.
        name: As it stands in tables and figures.

    Raises:
        BrainalignError: The data set is not simulated, or a setting is impossible.
    """

    unit: Unit = "frames"
    receptive_field = ReceptiveField(float("inf"), float("inf"))  # the latents are smoothed over time
    placement: Placement = "hold"
    version = 1
    best_layer = 3
    kind: ClassVar[str]
    stated: ClassVar[Mapping[str, float]]
    shallow: ClassVar[str]

    def __init__(
        self,
        dataset: Dataset,
        *,
        mixture: Mapping[str, float] | None = None,
        dims: int = 96,
        private_dims: int = 16,
        private: float = 0.2,
        noise: float = 0.05,
        layers: list[int] | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        if dataset.latents is None:
            raise BrainalignError(
                f"model={self.kind} is made of simulated latents, which data set {dataset.name!r} does not have; "
                "use data=simulated."
            )
        self.name = self.kind if name is None else name
        self.layers: Sequence[int] = asked_layers(layers, len(DEPTH) - 1, self.name)
        self.private = private if private_dims else 0.0
        room = 1 - self.private - noise * max(_NOISE)
        if dims < 1 or private_dims < 0 or min(private, noise) < 0 or room <= 0:
            raise BrainalignError(
                f"{self.kind} cannot have dims={dims}, private_dims={private_dims}, private={private:g}, "
                f"noise={noise:g}: dims must be 1 or more, none may be negative, "
                f"and private + {max(_NOISE):g} noise must stay below 1."
            )
        self.latents = dataset.latents
        self.mixture = full_mixture(self.stated if mixture is None else mixture, "model.mixture")
        self.dims, self.private_dims, self.noise, self.seed = dims, private_dims, noise, seed
        self._maps = self._draw_maps()

    @property
    def carries(self) -> frozenset[str]:
        """The latents that the best layer holds."""
        return frozenset(name for name, share in self.mixture.items() if share > 0)

    def shares(self, layer: int) -> dict[str, float]:
        """Part of the layer's variance by source: the four latents, ``private`` and ``noise``; they sum to 1."""
        noise = self.noise * _NOISE[layer]
        content = 1 - self.private - noise
        depth = DEPTH[layer]
        mixed = {n: depth * self.mixture[n] + (1 - depth) * (n == self.shallow) for n in LATENTS}
        return {n: content * m for n, m in mixed.items()} | {"private": self.private, "noise": noise}

    def identity(self) -> dict[str, Any]:
        """Settings, seed and a digest of the latents."""
        state = hashlib.sha256()
        for name in LATENTS:
            for stimulus in sorted(self.latents[name]):
                state.update(f"{name}|{stimulus}".encode())
                state.update(np.ascontiguousarray(self.latents[name][stimulus], dtype=np.float64).tobytes())
        return {
            "kind": self.kind, "mixture": self.mixture, "dims": self.dims, "private_dims": self.private_dims,
            "private": self.private, "noise": self.noise, "seed": self.seed, "latents": state.hexdigest(),
        }  # fmt: skip

    def describe(self) -> str:
        """The model in a sentence."""
        parts = ", ".join(f"{n} {v:.2f}" for n, v in self.shares(self.best_layer).items() if v > 0)
        return f"simulated representation of known content, {self.dims} dimensions; layer {self.best_layer} is {parts}"

    def check(self, stimulus: Stimulus) -> None:
        """Refuse a stimulus that is not of the simulated data set."""
        known = self.latents[LATENTS[0]]
        if stimulus.id not in known:
            raise BrainalignError(
                f"model={self.kind} has no latents for stimulus {stimulus.id!r}; {nearest(stimulus.id, known)}."
            )

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """Yield (stimulus id, layer -> Rows of (frames, dims)); onset and offset are the frame's centre."""
        for stimulus in stimuli:
            times = FrameGrid.speech(stimulus.duration).times
            mapped = {n: self.latents[n][stimulus.id] @ self._maps[n] for n in LATENTS}
            # each source draws from a stream of its own, so that neither order nor choice of layers matters
            mapped["private"] = self._private(stimulus.id, len(times)) @ self._maps["private"]
            layers = {}
            for layer in self.layers:
                shares = self.shares(layer)
                values = np.sqrt(shares["noise"]) * self._stream(f"{layer}|{stimulus.id}").standard_normal(
                    (len(times), self.dims)
                )
                for source, part in mapped.items():
                    values += np.sqrt(shares[source]) * part
                layers[layer] = Rows(values.astype(np.float32), times, times)
            yield stimulus.id, layers

    def _stream(self, what: str) -> np.random.Generator:
        """Random numbers that depend on the model, its seed and ``what`` alone."""
        digest = hashlib.sha256(f"{self.kind}|{self.seed}|{what}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little"))

    def _draw_maps(self) -> dict[str, Array]:
        """Source -> (its dims, dims), each column of which gives variance 1."""
        maps = {}
        for name in LATENTS:
            frames = np.concatenate(list(self.latents[name].values()))
            drawn = self._stream(f"map of {name}").standard_normal((frames.shape[1], self.dims))
            maps[name] = drawn / (frames @ drawn).std(axis=0)
        private = self._stream("map of private").standard_normal((self.private_dims, self.dims))
        maps["private"] = private / np.maximum(np.linalg.norm(private, axis=0), 1e-12)
        return maps

    def _private(self, stimulus: str, frames: int) -> Array:
        """(frames, private_dims) stationary autoregressive noise of variance 1."""
        from scipy.signal import lfilter

        drawn = self._stream(f"private|{stimulus}").standard_normal((frames, self.private_dims))
        drawn[1:] *= np.sqrt(1 - _PRIVATE_AR**2)
        return np.asarray(lfilter([1.0], [1.0, -_PRIVATE_AR], drawn, axis=0))


class PlantedSpeech(Planted):
    """A simulated speech model: mostly acoustic and phonetic, something lexical, no context. See the module.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=5, sentences=6, repeated=0)
        >>> model = PlantedSpeech(data, layers=[3])
        >>> (stimulus, layers), *_ = model.extract(list(data.stimuli.values()))
        >>> layers[3].values.shape == (len(layers[3].onset), 96)
        True
    """

    kind = "planted_speech"
    stated: ClassVar[Mapping[str, float]] = {"acoustic": 0.5, "phonetic": 0.3, "lexical": 0.2}
    shallow = "acoustic"


class PlantedLanguage(Planted):
    """A simulated language model: lexical and contextual. See the module.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=5, sentences=6, repeated=0)
        >>> {k: round(v, 2) for k, v in PlantedLanguage(data).shares(3).items()}
        {'acoustic': 0.0, 'phonetic': 0.0, 'lexical': 0.3, 'contextual': 0.45, 'private': 0.2, 'noise': 0.05}
    """

    kind = "planted_language"
    stated: ClassVar[Mapping[str, float]] = {"lexical": 0.4, "contextual": 0.6}
    shallow = "lexical"
