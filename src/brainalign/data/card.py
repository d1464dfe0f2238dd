"""Cards: what a published data set is, whom to cite for it, and what of it is missing in the files that were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.electrodes.names import listed
from brainalign.notes import Note, changes

if TYPE_CHECKING:
    from brainalign.data.types import Dataset

FEWER = 0.9
"""Share of the published hours below which that is told; words end before their sound does."""


@dataclass
class Place:
    """A public bucket of files that anybody may list and read, as Amazon's S3 serves them.

    Attributes:
        url: Of the bucket.
        prefix: What the names of the set's files begin with in it.
        files: Patterns of those that the reader needs, below the prefix, as in ``data.files``; ``{subject}`` is the participant.
    """

    url: str
    prefix: str
    files: list[str]


@dataclass
class DataCard:
    """What a published data set is.

    Attributes:
        reference: The paper.
        doi: Of the paper; None where it has none.
        licence: Of the data, as their publisher names it.
        home: Where they are.
        subjects: Participants that were published; None = not known, as in all counts.
        stimuli: Stimuli that a reader finds.
        hours: Of stimuli, each counted once.
        bad: Runs that the authors leave out, each a participant and a stimulus or ``all``: ``021 pieman``, ``001 pieman_run-1``.
        source: Where this was looked up, and what was not.
        places: Where ``brainalign-tools fetch`` gets them; None = not by it.
        labels: Of the participants, as ``data.subjects`` has them; None = not known.
    """

    reference: str
    doi: str | None
    licence: str
    home: str
    subjects: int | None
    stimuli: int | None
    hours: float | None
    source: str
    bad: list[str] | None = None
    places: list[Place] | None = None
    labels: list[str] | None = None

    bounds: ClassVar[Bounds] = {"subjects": (1, 1_000_000), "stimuli": (1, 1_000_000), "hours": (0.01, 100_000)}

    @property
    def short(self) -> str:
        """How a text cites it: ``Zada et al. 2025``."""
        return self.reference.split(",")[0]

    @property
    def methods(self) -> str:
        """Whose data were used, as a sentence of a methods section."""
        doi = f", doi:{self.doi}" if self.doi else ""
        return f"The data are those of {self.reference}{doi}; licence: {self.licence}."

    @property
    def counts(self) -> str:
        """What was published, in words.

        Example:
            >>> DataCard("Roe et al. 2020, A set", None, "CC0", "example.org", 9, None, 0.5, "").counts
            '9 participants, 0.5 h of stimuli'
        """
        stimuli = "stimulus" if self.stimuli == 1 else "stimuli"
        known = {"participants": self.subjects, stimuli: self.stimuli, "h of stimuli": self.hours}
        return ", ".join(f"{n:g} {what}" for what, n in known.items() if n is not None) or "not checked"


def against_card(dataset: Dataset, card: DataCard, subjects: Sequence[str] | None) -> list[Note]:
    """The sentences on a named set that has not what was published, or has what its authors leave out.

    Args:
        dataset: As read.
        card: Of the set.
        subjects: Those that were asked for; None for all.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> card = DataCard("Roe et al. 2020, A set", None, "CC0", "example.org", 9, None, None, "")
        >>> against_card(simulate(subjects=2, electrodes=2, sentences=5, repeated=0), card, None)
        ['the published set has 9 participants, here are 2: a part of it, or another version?']
    """
    missing = _missing(dataset, card) if subjects is None else ""
    found = {"participants": len(dataset.recordings), "stimuli": len(dataset.stimuli)}
    published = {"participants": None if subjects is not None else card.subjects, "stimuli": card.stimuli}
    out = [
        Note(
            f"the published set has {n} {what}, here {'is' if found[what] == 1 else 'are'} {found[what]}"
            f"{missing if what == 'participants' else ''}: a part of it, or another version?"
        )
        for what, n in published.items()
        if n is not None and found[what] != n
    ]
    hours = sum(s.duration for s in dataset.stimuli.values()) / 3600
    if card.hours is not None and hours < FEWER * card.hours and found["stimuli"] == (card.stimuli or found["stimuli"]):
        out.append(
            Note(
                f"the published set has {card.hours:g} h of stimuli, here are {hours:.2g} h: a part of it, or cut short?"
            )
        )
    return out + _left_out(dataset, card)


def _missing(dataset: Dataset, card: DataCard) -> str:
    """Who is not there of those whom the card names, in brackets; empty where it names none, or nobody is missing."""
    here = {r.subject.removeprefix("sub-") for r in dataset.recordings}
    names = [label for label in card.labels or () if label not in here]
    return f" (missing: {listed(names)})" if names else ""


def _left_out(dataset: Dataset, card: DataCard) -> list[Note]:
    """Runs among the data that the authors of the set leave out."""
    heard = {r.subject.removeprefix("sub-"): {p.stimulus for p in r.presentations} for r in dataset.recordings}
    known = []
    for run in card.bad or ():
        who, what = run.split(" ", 1)
        if who in heard and (what == "all" or what.split("_run-")[0] in heard[who]):
            known.append(run)
    if not known:
        return []
    return [
        changes(
            f"{len(known)} run{'s' * (len(known) > 1)} among the data that {card.short} leave out: {listed(known)}. They are not left "
            "out here; choose by data.subjects."
        )
    ]
