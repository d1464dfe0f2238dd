"""Articulatory features of phones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.errors import BrainalignError, one_of
from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Articulation(Model):
    """Articulatory features of phones."""

    inventory: str

    family: ClassVar[str] = "articulation"
    needs: ClassVar[tuple[str, ...]] = ("phones",)

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("model.inventory", self.inventory, ("auto", "cmu39", "timit61", "mfa_ipa"))

    @classmethod
    def lacks(cls, dataset: Dataset) -> str:
        """Stimuli without phones, or phones of no known inventory."""
        from brainalign.features.phones.inventories import inventory_of

        if lacking := super().lacks(dataset):
            return lacking
        try:
            inventory_of(dataset.phones)
        except BrainalignError as error:
            return str(error)
        return ""

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.phones.articulation import Articulation as Extracted
        from brainalign.features.phones.inventories import inventory_of

        return Extracted(self.name, inventory_of(dataset.phones, self.inventory))
