"""Passes over audio that is too long for one: overlapping windows, and the frames that each of them gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Window:
    """One pass: samples [start, stop) of the audio, of which frames [first, last) of the whole are taken.

    Attributes:
        start: First sample; a multiple of the hop, so that frames of all windows lie on one raster.
        stop: The sample after the last.
        first: First frame taken, counted from the beginning of the audio.
        last: The frame after the last that is taken.
    """

    start: int
    stop: int
    first: int
    last: int


def central(samples: int, frames: int, longest: int, hop: int, centre: float) -> list[Window]:
    """Cut audio into windows that overlap by a third of their length; each frame is taken where it is most central.

    A frame then has at least a sixth of the window's length on either side of it, or all there is.

    Args:
        samples: Length of the audio.
        frames: Of the whole audio; each belongs to exactly one window.
        longest: Samples of a window.
        hop: Samples from frame to frame.
        centre: Of frame 0, in samples.

    Example:
        >>> [(w.start, w.stop, w.first, w.last) for w in central(5000, 50, longest=3000, hop=100, centre=50.0)]
        [(0, 3000, 0, 24), (2000, 5000, 24, 50)]
    """
    if samples <= longest:
        return [Window(0, samples, 0, frames)]
    final = -(-(samples - longest) // hop) * hop
    starts = [*range(0, final, max(hop, (longest - longest // 3) // hop * hop)), final]
    between = [round(((a + longest + b) / 2 - centre) / hop) for a, b in pairwise(starts)]
    edges = pairwise([0, *between, frames])
    return [
        Window(start, min(start + longest, samples), first, last)
        for start, (first, last) in zip(starts, edges, strict=True)
    ]


def trailing(samples: int, frames_of: Callable[[int], int], longest: int, hop: int) -> list[Window]:
    """Windows that end a sixth of their length later each time; a frame is taken from the first that holds it.

    A frame then has at least five sixths of a window before it, or all there is, and at most a sixth after it: the
    first windows are short, so that no frame sees further ahead.

    Args:
        samples: Length of the audio.
        frames_of: From samples to frames.
        longest: Samples of a window.
        hop: Samples from frame to frame.

    Example:
        >>> found = trailing(1000, lambda n: n // 100, longest=600, hop=100)
        >>> [(w.start, w.stop, w.first, w.last) for w in found[4:8]]
        [(0, 500, 4, 5), (0, 600, 5, 6), (100, 700, 6, 7), (200, 800, 7, 8)]
    """
    step = max(hop, longest // 6 // hop * hop)
    stops = [stop for stop in range(step, samples, step) if frames_of(stop)] + [samples]
    starts = [max(0, -(-(stop - longest) // hop) * hop) for stop in stops]
    edges = pairwise([0, *(frames_of(stop) for stop in stops)])
    return [
        Window(start, stop, first, last)
        for start, stop, (first, last) in zip(starts, stops, edges, strict=True)
        if last > first
    ]
