"""One playing of a stimulus, as an events table tells it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan


@dataclass(frozen=True)
class Event:
    """One playing of a stimulus.

    Attributes:
        where: File and line, for sentences.
        stimulus: The stimulus's id.
        onset: Seconds on the clock of the run.
        duration: Seconds; NaN: the stimulus's own length.
        run: The run in which it was played.
        first: The earliest time of the run that belongs to it, in seconds (epoched data).
        last: The latest.
        assumed: Whether nobody said where in its stretch the stimulus begins, so that it is taken to begin with it.
        across: Seconds that its array would last were its channels samples and its samples channels (arrays); NaN: not known.
        folder: Where the events table says that the stimulus lies: one id from two folders is two stimuli.
        stopped: Whether the recording may end, at ``last``, before the stimulus does; what follows is missing.
    """

    where: str
    stimulus: str
    onset: float
    duration: float
    run: str
    first: float = -inf
    last: float = inf
    assumed: bool = False
    across: float = nan
    folder: str = ""
    stopped: bool = False
