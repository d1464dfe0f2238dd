"""Small models of the real architectures; nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from brainalign.bounds import SEED, Bounds
from brainalign.models._base import Model


@dataclass
class TinyModel(Model):
    """A small model with seeded untrained weights; nothing is downloaded."""

    seed: int

    bounds: ClassVar[Bounds] = {"seed": SEED}

    @property
    def identity(self) -> dict[str, Any]:
        """What determines the weights."""
        return {"kind": self.kind, "seed": self.seed}

    def reweighted(self, control: str) -> Model:
        """Untrained itself: the same architecture by another draw."""
        return (
            replace(self, name=control, seed=self.seed + 1) if control == "untrained" else super().reweighted(control)
        )

    def untrained(self) -> str:
        """How the weights came about."""
        return f"its weights are untrained, drawn at random (seed {self.seed})"

    @property
    def weights_word(self) -> str:
        """What the weights are."""
        return "untrained"
