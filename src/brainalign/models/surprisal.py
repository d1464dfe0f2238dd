"""Surprisal and entropy of each word under a causal language model, in bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from brainalign.errors import BrainalignError, one_of
from brainalign.models._base import Settings
from brainalign.models._checkpoint import CheckpointModel
from brainalign.models._hidden_states import language_options

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Surprisal(CheckpointModel):
    """Surprisal and entropy of each word under a causal language model, in bits."""

    outputs: list[str] = field(default_factory=lambda: ["surprisal"])

    family: ClassVar[str] = "surprisal"
    needs: ClassVar[tuple[str, ...]] = ("words",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.outputs:
            raise BrainalignError("model.outputs=[] holds nothing; name surprisal, entropy or both.")
        for output in self.outputs:
            one_of("model.outputs", output, ("surprisal", "entropy"))

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.language.surprisal import Surprisal as Extracted

        options = language_options(self, settings)
        begin = "auto" if options["begin"] == "none" else options["begin"]  # else nothing would predict the first word
        kept = {"device": options["device"], "context": options["context"], "begin": begin}
        return Extracted.from_folder(*self.place(settings), outputs=self.outputs, **kept)
