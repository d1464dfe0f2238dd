"""The layers that drive the regions of data=simulated_fmri."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from brainalign.errors import BrainalignError, one_of
from brainalign.models._base import Model, Settings
from brainalign.models._planted import PlantedModel

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class PlantedCascade(PlantedModel):
    """The layers that drive the regions of data=simulated_fmri, or (``untrained``) the first of them alone."""

    weights: str

    partner: ClassVar[str | None] = "planted_speech"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("model.weights", self.weights, ("trained", "untrained"))

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.planted.cascade import PlantedCascade as Extracted

        return Extracted(dataset, layers=self.chosen_layers, weights=self.weights, seed=self.seed, name=self.name)

    def regime(self, name: str, weights: str) -> Model:
        """Trained or untrained; there are no checkpoints of it."""
        if weights in ("trained", "untrained", "rerandomized"):
            return replace(self, name=name, weights=weights)
        raise BrainalignError(
            f"analysis.regimes.{name}={weights!r}: {self.name} has no checkpoints; it must be trained or untrained."
        )

    def untrained(self) -> str:
        """How the weights came about, where not by training."""
        return "its weights are untrained, drawn at random" if self.weights == "untrained" else ""

    @property
    def weights_word(self) -> str:
        """What the weights are, where not trained."""
        return "untrained" if self.weights == "untrained" else ""
