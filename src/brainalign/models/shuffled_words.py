"""Another model option, reading the words in a random order: a control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

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
        self._other(option)

    def check_at_hand(self, option: Callable[..., Model]) -> None:
        """The other model's files."""
        self._other(option).check_at_hand(option)

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        return self._other(settings.option, layers=self.layers).shuffled(settings, dataset, self.seed, self.name)

    def _read_by(self, settings: Settings) -> Model:
        return self._other(settings.option)

    def _other(self, option: Callable[..., Model], **changes: Any) -> Model:
        return option(self.of, **changes | ({} if self.path is None else {"path": self.path}))
