"""An impulse at each phone's onset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class PhoneOnsets(Model):
    """An impulse at each phone's onset."""

    family: ClassVar[str] = "phone onsets"
    needs: ClassVar[tuple[str, ...]] = ("phones",)

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.phones.articulation import PhoneOnsets as Extracted
        from brainalign.features.phones.inventories import inventory_if_known

        return Extracted(self.name, inventory_if_known(dataset.phones))
