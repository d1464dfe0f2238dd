"""The user's own features, from files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from brainalign.bounds import Bounds
from brainalign.errors import BrainalignError, one_of, within
from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor, Placement


@dataclass
class Features(Model):
    """The user's own features, from files; see ``docs/own-features.md``.

    Attributes:
        path: A file, or a pattern with ``{stimulus}``, ``{layer}`` or both.
        keys: Pattern of the arrays' names in a file; None = ``{stimulus}``.
        rows: What a row of an array is: ``frames``, ``words`` or ``sentences``.
        columns: Of a table that are features; None = all that say nothing else.
        rate: Frames per second; None = as the file says.
        start: Seconds of the first frame from the stimulus's begin; None = as the file says, else 0.
        placement: Whether a word's row is held over the word, or an impulse at its onset.
        causal: Whether a row knows nothing of what comes after it.
    """

    path: str
    keys: str | None
    rows: str
    columns: list[str] | None
    rate: float | None
    start: float | None
    placement: str
    causal: bool

    bounds: ClassVar[Bounds] = {"rate": (0.01, 1e5), "start": (-1e5, 1e5)}

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("model.rows", self.rows, ("frames", "words", "sentences"))
        one_of("model.placement", self.placement, ("hold", "impulse"))
        within("model.rate", self.rate, 0.01)
        if self.keys is not None and "{" not in self.keys and "{stimulus}" not in self.path:
            raise BrainalignError(
                f"model.keys={self.keys} names one array; with {{stimulus}} in it, it names one a stimulus, such as model.keys="
                f"{{stimulus}}/{self.keys}."
            )

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.own.extractor import OwnFeatures

        return OwnFeatures(
            self.path, dataset.stimuli, self.name, keys=self.keys, rows=self.rows, columns=self.columns, rate=self.rate, start=self.start,
            placement=cast("Placement", self.placement), causal=self.causal, layers=self.chosen_layers,
        )  # fmt: skip

    def shuffled(self, settings: Settings, dataset: Dataset, seed: int, name: str) -> Extractor:
        """Refused: what is in a file does not change with the order of words."""
        raise BrainalignError(
            f"model {self.name} is read from a file, which cannot be computed anew for words in another order."
        )
