"""A choice that is made when the other models and the data are known: for ``model@baseline``, ``model@partner``, ``model@contextual``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Model

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class Auto(Model):
    """A choice that is made when the model and the data are known: see ``conf/model/auto.yaml``."""

    automatic: ClassVar[bool] = True

    @staticmethod
    def baseline(dataset: Dataset) -> str | None:
        """The option that ``model@baseline=auto`` stands for: mel where the data have audio, else word rate; None where there is neither.

        Args:
            dataset: As read.
        """
        stimuli = dataset.stimuli.values()
        if all(s.audio is not None for s in stimuli):
            return "mel"
        return None if all(s.words.empty for s in stimuli) else "word_rate"
