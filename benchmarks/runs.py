"""The repeats of one competitor, and its row of the table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.child import Answer

HEADER = ["competitor", "seconds", "slowest", "x time", "MiB", "x memory", "same alpha", "score diff"]
LEGEND = (
    "seconds: the fastest repeat; MiB: peak resident memory above the inputs (Linux VmHWM); x: ratio to brainalign; same alpha: "
    "share of electrodes with brainalign's alpha; score diff: largest difference of a mean R2 (alphas x electrodes)."
)


@dataclass
class Competitor:
    """What its processes answered.

    Attributes:
        name: As on the command line.
        answers: One a repeat.
        fault: Why there is none.
    """

    name: str
    answers: list[Answer] = field(default_factory=list)
    fault: str = ""

    def add(self, answer: Answer) -> None:
        """Keep an answer, or the reason why there is none."""
        self.fault = answer.fault
        if not answer.fault:
            self.answers.append(answer)

    @property
    def times(self) -> list[float]:
        """Seconds of each repeat."""
        return [a.facts["seconds"] for a in self.answers]

    @property
    def seconds(self) -> float:
        """The least."""
        return min(self.times)

    @property
    def bytes(self) -> float:
        """Least peak above the inputs; NaN where the system does not tell."""
        found = [a.facts["bytes"] for a in self.answers]
        return float("nan") if None in found else min(found)

    @property
    def card_bytes(self) -> int | None:
        """Peak on the graphics card, where one was used."""
        return self.answers[0].facts["card_bytes"]

    @property
    def note(self) -> str:
        """What a reader must know."""
        return self.answers[0].facts["note"]


def ratios_of(competitors: list[Competitor]) -> dict[str, list[float]]:
    """Peer -> its time over brainalign's, the first competitor's, in each repeat that both did.

    Args:
        competitors: brainalign first.
    """
    ours, *peers = competitors
    return {c.name: [a / b for a, b in zip(c.times, ours.times, strict=False)] for c in peers if c.answers}


def cells(competitor: Competitor, ours: Competitor) -> list[str]:
    """A row under ``HEADER``; dashes where there is nothing to say."""
    if not competitor.answers:
        return [competitor.name, "not run", *["-"] * (len(HEADER) - 2)]
    same, differ = agreement(competitor.answers[0], ours.answers[0])
    return [
        competitor.name,
        _three(competitor.seconds),
        _three(max(competitor.times)),
        _three(competitor.seconds / ours.seconds),
        f"{competitor.bytes / 2**20:.1f}",
        _three(competitor.bytes / ours.bytes),
        "-" if same is None else f"{100 * same:.1f} %",
        "-" if differ is None else f"{differ:.1e}",
    ]


def _three(value: float) -> str:
    """Three digits, without powers of ten where the number is large."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def agreement(theirs: Answer, ours: Answer) -> tuple[float | None, float | None]:
    """(share of electrodes with the same alpha, largest difference of a mean R2); None where the peer has none.

    Electrodes that a peer did not fit (NaN) do not count.
    """
    same = differ = None
    if "alpha" in theirs.arrays:
        a, b = theirs.arrays["alpha"], ours.arrays["alpha"]
        fitted = np.isfinite(a)
        same = float(np.isclose(a, b)[fitted].mean())
    if "scores" in theirs.arrays:
        differ = float(np.abs(theirs.arrays["scores"] - ours.arrays["scores"]).max())
    return same, differ
