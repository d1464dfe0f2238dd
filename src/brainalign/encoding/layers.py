"""Layer choice: nested (inner folds choose, the outer fold scores) and the optimistic maximum beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.nested import OuterScores
from brainalign.encoding.packing import Tensors, pack, unpack
from brainalign.encoding.scores import over_folds


@dataclass
class LayerSelection:
    """Takes the layers one by one and keeps the best of each electrode.

    Best by inner score is the sound choice; best by outer score is the optimistic one.

    Attributes:
        layers: Layer number -> its OuterScores, without predictions.
    """

    layers: dict[int, OuterScores] = field(default_factory=dict)
    _best: OuterScores | None = None
    _choice: NDArray[np.int64] | None = None

    def add(self, layer: int, scores: OuterScores) -> None:
        """Enter one layer; its predictions are kept only where it leads on the inner folds.

        Args:
            layer: Its number.
            scores: Of all outer folds.
        """
        if self._best is None or self._choice is None:
            self._best = OuterScores(
                scores.r.copy(), scores.r2.copy(), scores.inner.copy(), scores.alpha.copy(), scores.constant.copy(),
                scores.n, scores.flat, scores.components.copy(), [{s: p.copy() for s, p in fold.items()} for fold in scores.predictions],
            )  # fmt: skip
            self._choice = np.full(scores.r.shape, layer)
        else:
            wins = np.nan_to_num(scores.inner, nan=-np.inf) > np.nan_to_num(self._best.inner, nan=-np.inf)
            for name in ("r", "r2", "inner", "alpha", "constant", "components"):
                getattr(self._best, name)[wins] = getattr(scores, name)[wins]
            self._choice[wins] = layer
            for f, fold in enumerate(scores.predictions):
                for stimulus, predicted in fold.items():
                    self._best.predictions[f][stimulus][:, wins[f]] = predicted[:, wins[f]]
        scores.predictions = []
        self.layers[layer] = scores

    @property
    def nested(self) -> tuple[OuterScores, NDArray[np.int64]]:
        """Scores with the layer chosen on inner folds, and (folds, C) the layer of each choice."""
        assert self._best is not None and self._choice is not None, "no layer has been added"
        return self._best, self._choice

    @property
    def best_layer(self) -> int:
        """The layer with the best inner score, averaged over folds and electrodes."""
        inner = {n: float(np.nanmean(s.inner)) for n, s in self.layers.items()}
        return max(inner, key=lambda n: inner[n])

    def pack(self) -> dict[str, NDArray[Any]]:
        """All that the selection must know to go on, as named arrays."""
        best, choice = self.nested
        found = {"choice": choice, **pack(best, "best/")}
        for number, scores in self.layers.items():
            found |= pack(scores, f"layer{number}/")
        return found

    @classmethod
    def unpack(cls, tensors: Tensors) -> LayerSelection:
        """The selection that :meth:`pack` was called on.

        Args:
            tensors: Name -> array.
        """
        numbers = sorted({int(n.split("/")[0].removeprefix("layer")) for n in tensors if n.startswith("layer")})
        layers = {n: unpack(tensors, f"layer{n}/") for n in numbers}
        return cls(layers, unpack(tensors, "best/"), tensors["choice"].copy())

    def optimum(self) -> tuple[OuterScores, NDArray[np.int64]]:
        """The published reading: the layer with the best mean score *on the scored folds*; it is biased upwards.

        Returns:
            Its scores (no predictions), and (folds, C) the layer, equal in all folds.
        """
        numbers = sorted(self.layers)
        stack = np.stack([over_folds(self.layers[n].r) for n in numbers])
        winner = np.argmax(np.nan_to_num(stack, nan=-np.inf), axis=0)
        first = self.layers[numbers[0]]
        out = OuterScores.empty(*first.r.shape)
        out.n, out.flat = first.n, first.flat
        for place, number in enumerate(numbers):
            mine, source = winner == place, self.layers[number]
            for name in ("r", "r2", "inner", "alpha", "constant", "components"):
                getattr(out, name)[:, mine] = getattr(source, name)[:, mine]
        choice = np.broadcast_to(np.array(numbers)[winner], first.r.shape)
        return out, np.array(choice)
