"""Word length in letters."""

from dataclasses import dataclass
from typing import ClassVar

from brainalign.models import Model


@dataclass
class Letters(Model):
    """Letters of each word, to a power."""

    power: float

    bounds: ClassVar = {"power": (0.1, 3)}
    family: ClassVar[str] = "word length"
    needs: ClassVar = ("words",)

    def extractor(self, settings, dataset):
        return Extracted(self.name, self.power)


class Extracted:
    unit, placement, layers, version = "words", "hold", (0,), 1

    def __init__(self, name, power):
        from brainalign.features.base import ReceptiveField

        self.name, self.power, self.receptive_field = name, power, ReceptiveField(0, 0, "words")

    def identity(self):
        return {"kind": "letters", "power": self.power}

    def describe(self):
        return f"letters of each word to the power of {self.power:g}"

    def check(self, stimulus):
        from brainalign.features.words.timed import needs_words

        needs_words(stimulus, self.name)

    def extract(self, stimuli):
        import numpy as np

        from brainalign.features.words.timed import word_rows

        for s in stimuli:
            lengths = np.array([[len(w) ** self.power] for w in s.words["word"]], dtype=float)
            yield s.id, {0: word_rows(s, lengths)}
