"""Models that look words up in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from brainalign.errors import BrainalignError
from brainalign.models._base import Model

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class VectorsModel(Model):
    """A file of word vectors or frequencies; None = the vectors that belong to the data set."""

    path: str | None

    family: ClassVar[str] = "word vectors"
    needs: ClassVar[tuple[str, ...]] = ("words",)

    def file(self, dataset: Dataset) -> Path:
        """The file that is asked for, or the data set's own.

        Args:
            dataset: Whose stimuli it is for.

        Raises:
            BrainalignError: Neither is there.
        """
        path = self.path or dataset.vectors
        if path is None:
            raise BrainalignError(
                f"model.path is not set: data set {dataset.name} has no word vectors of its own; give a file of them."
            )
        return Path(path)
