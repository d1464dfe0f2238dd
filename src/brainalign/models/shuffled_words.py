"""Another model option, reading the words in a random order: a control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import SEED, Bounds
from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class ShuffledWords(Model):
    """Another model option, reading the words in a random order: a control."""

    of: str
    path: str | None
    seed: int

    bounds: ClassVar[Bounds] = {"seed": SEED}

    needs: ClassVar[tuple[str, ...]] = ("words",)

    def check_options(self, option: Callable[..., Model]) -> None:
        """Refuse a model that is none."""
        option(self.of, **({} if self.path is None else {"path": self.path}))

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        changes = {"layers": self.layers} | ({} if self.path is None else {"path": self.path})
        return settings.option(self.of, **changes).shuffled(settings, dataset, self.seed, self.name)
