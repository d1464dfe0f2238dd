"""Phone onsets and articulatory features, from the phone tables of the stimuli."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.align import to_grid
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit
from brainalign.features.phones.inventories import INVENTORIES, Inventory, unknown_in

ARTICULATORY = (
    "vowel", "plosive", "fricative", "affricate", "nasal", "approximant", "voiced",
    "bilabial", "labiodental", "dental", "alveolar", "postalveolar", "palatal", "velar", "glottal",
    "high", "mid", "low", "front", "central", "back", "rounded", "tense", "rhotic",
    "fronting", "backing",
)  # fmt: skip
"""Manner, voicing and place of consonants; height, backness, rounding and tenseness of vowels (diphthongs: of
their begin, and where they go)."""

_TABLE = """
P  plosive bilabial                | B  plosive bilabial voiced     | T  plosive alveolar
D  plosive alveolar voiced         | K  plosive velar               | G  plosive velar voiced
CH affricate postalveolar          | JH affricate postalveolar voiced
F  fricative labiodental           | V  fricative labiodental voiced | TH fricative dental
DH fricative dental voiced         | S  fricative alveolar          | Z  fricative alveolar voiced
SH fricative postalveolar          | ZH fricative postalveolar voiced | HH fricative glottal
M  nasal bilabial voiced           | N  nasal alveolar voiced       | NG nasal velar voiced
L  approximant alveolar voiced     | R  approximant postalveolar voiced rhotic
W  approximant bilabial velar voiced | Y approximant palatal voiced
IY vowel voiced high front tense         | IH vowel voiced high front     | EH vowel voiced mid front
AE vowel voiced low front          | AA vowel voiced low back       | AO vowel voiced mid back rounded
AH vowel voiced mid central        | ER vowel voiced mid central rhotic    | UH vowel voiced high back rounded
UW vowel voiced high back rounded tense  | EY vowel voiced mid front tense fronting | OW vowel voiced mid back rounded tense backing
AY vowel voiced low central fronting | AW vowel voiced low central backing | OY vowel voiced mid back rounded fronting
"""
ARPABET = {cell.split()[0]: frozenset(cell.split()[1:]) for cell in re.split(r"[|\n]", _TABLE) if cell.strip()}
"""Phone, without stress -> its features: the 39 phones of the CMU pronouncing dictionary (Ladefoged & Johnson, A course
in phonetics, General American)."""
FEATURES = {**ARPABET, "DX": frozenset({"alveolar", "voiced"}), "Q": frozenset({"plosive", "glottal"})}
"""The same with the flap, which is no plosive (its closure is too short), and IPA's glottal stop."""


class Phones:
    """What both features of phones are; use PhoneOnsets and Articulation.

    Args:
        name: As it stands in tables.
        inventory: What the phones' symbols mean; None: every label that is no silence is a phone.
    """

    kind: str
    unit: Unit = "frames"
    placement: Placement = "hold"
    layers: Sequence[int] = (0,)
    version = 2

    def __init__(self, name: str, inventory: Inventory | None) -> None:
        self.name, self.inventory = name, inventory

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": self.kind, "inventory": self.inventory.name if self.inventory else None}

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have timed phones."""
        if stimulus.phones.empty:
            raise BrainalignError(
                f"model {self.name} needs timed phones, but stimulus {stimulus.id!r} has none; a table of phones is "
                "needed beside the words."
            )

    def folded(self, stimulus: Stimulus) -> list[str]:
        """Each phone in ARPAbet, empty where it is silence; as it stands where no inventory holds it."""
        known = self.inventory or INVENTORIES["cmu39"]
        return [str(p) if (f := known.folded(str(p))) is None else f for p in stimulus.phones["phone"]]

    def rows(self, stimulus: Stimulus, values: NDArray[np.float64], placement: Placement) -> Rows:
        """A value a phone, silences left out, on the speech frames."""
        spoken = np.array([folded != "" for folded in self.folded(stimulus)], dtype=bool)
        onset, offset = (stimulus.phones[c].to_numpy(dtype=np.float64)[spoken] for c in ("onset", "offset"))
        grid = FrameGrid.speech(stimulus.duration)
        placed = to_grid(Rows(values[spoken], onset, offset), "words", grid, placement=placement)
        return Rows(placed.astype(np.float32), grid.times, grid.times)


class PhoneOnsets(Phones):
    """An impulse on the speech frame in which a phone begins; of TIMIT's closures and bursts, the burst.

    Args:
        name: As it stands in tables.
        inventory: See :class:`Phones`; symbols that none holds are phones, too.
    """

    kind = "phone_onsets"
    receptive_field = ReceptiveField(0.02, 0)

    def __init__(self, name: str = "phone_onsets", inventory: Inventory | None = None) -> None:
        super().__init__(name, inventory)

    def describe(self) -> str:
        """The model in a sentence."""
        return "an impulse at each phone's onset, on frames every 20 ms"

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            yield stimulus.id, {0: self.rows(stimulus, np.ones((len(stimulus.phones), 1)), "impulse")}


class Articulation(Phones):
    """Articulatory features of the phone that is being said, zero in silence.

    A frame knows which phone it lies in, which a listener learns at the phone's end: ``receptive_field`` says the longest that a
    phone may be thought to last.

    Args:
        name: As it stands in tables.
        inventory: What the phones' symbols mean.

    Example:
        >>> import pandas as pd
        >>> phones = pd.DataFrame({"phone": ["B", "IY1"], "onset": [0.0, 0.1], "offset": [0.1, 0.3]})
        >>> said = Stimulus("s1", 0.4, phones=phones)
        >>> values = dict(Articulation().extract([said]))["s1"][0].values
        >>> [ARTICULATORY[i] for i in values[2].nonzero()[0]]
        ['plosive', 'voiced', 'bilabial']
    """

    kind = "articulation"
    receptive_field = ReceptiveField(0.3, 0.3)

    def __init__(self, name: str = "articulation", inventory: Inventory = INVENTORIES["cmu39"]) -> None:
        super().__init__(name, inventory)

    def describe(self) -> str:
        """The model in a sentence."""
        inventory = self.inventory.title if self.inventory else "none"
        return f"{len(ARTICULATORY)} articulatory features of the phone being said ({inventory}), on frames every 20 ms"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have timed phones, all of them of the inventory."""
        super().check(stimulus)
        assert self.inventory is not None
        unknown = unknown_in(stimulus.phones["phone"], self.inventory)
        if unknown:
            raise BrainalignError(
                f"stimulus {stimulus.id!r} has {unknown.total()} phones that are not in {self.inventory.title}, the first "
                f"{next(iter(unknown))!r}; model.inventory names another: {', '.join(INVENTORIES)}."
            )

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            features = [FEATURES.get(p, frozenset()) for p in self.folded(stimulus)]
            values = np.array([[f in mine for f in ARTICULATORY] for mine in features], dtype=np.float64)
            yield stimulus.id, {0: self.rows(stimulus, values, "hold")}
