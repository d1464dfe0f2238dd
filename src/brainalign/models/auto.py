"""A choice that is made when the other models and the data are known: for ``model@baseline``, ``model@partner``, ``model@contextual``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Model

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


CHOICES = {
    (True, True): "sound and words: try model=gpt2, model=wav2vec2 or model=mel",
    (True, False): "sound and no words: try model=wav2vec2, model=whisper_base or model=mel",
    (False, True): "words and no sound: try model=gpt2, model=bert or model=word_rate",
    (False, False): "neither sound nor words: your own features are read by model=features model.path=FILE",
}
"""Whether all stimuli have sound, and words -> what is said of them, and what to begin with."""


@dataclass
class Auto(Model):
    """A choice that is made when the model and the data are known: see ``conf/model/auto.yaml``."""

    automatic: ClassVar[bool] = True
    on_simulated: ClassVar[str] = "tiny_gpt2"
    """What ``model=auto`` stands for where the data are simulated."""

    @property
    def settled_name(self) -> str:
        """Of that model: its own, unless the user gave another."""
        return self.on_simulated if self.name == self.kind else self.name

    @staticmethod
    def unnamed(dataset: Dataset) -> str:
        """That no model is named, and three that these data allow.

        Args:
            dataset: As read.
        """
        stimuli = dataset.stimuli.values()
        has = all(s.audio is not None for s in stimuli), not any(s.words.empty for s in stimuli)
        return f"no model is named; the stimuli of {dataset.name} have {CHOICES[has]}."

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
