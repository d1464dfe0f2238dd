"""Sound of several channels: which one is heard, and whether it matters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError

SIDES = {"left": 1, "right": 2}
"""The names of the first two channels."""

UNLIKE = 0.01
"""Share of the sound's level by which channels may differ (dither, lossy coding) and still be one recording."""


def one_channel(samples: NDArray[np.float64], channel: str, name: str) -> NDArray[np.float64]:
    """Sound of one channel.

    Args:
        samples: (n,) or (n, channels).
        channel: ``mean``, ``left``, ``right``, or a channel's number from 1.
        name: Of the file, for sentences.

    Returns:
        (n,).

    Raises:
        BrainalignError: There is no such channel.

    Example:
        >>> one_channel(np.array([[1.0, -1.0], [2.0, 4.0]]), "right", "a.wav").tolist()
        [-1.0, 4.0]
    """
    samples = samples[:, None] if samples.ndim == 1 else samples
    if channel == "mean":
        return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    number = SIDES.get(channel) or int(channel)
    check_channel(channel, samples.shape[1], name)
    return samples[:, number - 1]


def check_channel(channel: str, channels: int, name: str) -> None:
    """Refuse a channel that a file does not have.

    Raises:
        BrainalignError: Its number is beyond the file's.
    """
    if channel != "mean" and (SIDES.get(channel) or int(channel)) > channels:
        raise BrainalignError(
            f"audio file {name} has {channels} channel(s), so there is no data.stimuli.channel={channel}; it must be mean, left "
            f"or a number up to {channels}."
        )


def channel_difference(samples: NDArray[np.float64]) -> str | None:
    """How the channels differ, in words; None where they are one recording.

    Args:
        samples: (n, channels).

    Example:
        >>> sound = np.random.default_rng(0).standard_normal(1000)
        >>> channel_difference(np.c_[sound, sound]), channel_difference(np.c_[sound, -sound])
        (None, 'are of opposite phase: their mean is 0% of their level')
    """
    level = np.sqrt((samples**2).mean(axis=0))
    if samples.ndim < 2 or samples.shape[1] < 2 or level.max() == 0:
        return None
    apart = np.sqrt(((samples - samples[:, :1]) ** 2).mean(axis=0)).max()
    if apart <= UNLIKE * level.max():
        return None
    silent = np.flatnonzero(level <= UNLIKE * level.max())
    if len(silent):
        return f"differ: number {silent[0] + 1} is silent"
    kept = float(np.sqrt((samples.mean(axis=1) ** 2).mean()) / np.sqrt((level**2).mean()))
    r = float(np.min(np.atleast_2d(np.corrcoef(samples.T))[0, 1:]))
    return f"are of opposite phase: their mean is {kept:.0%} of their level" if r < -0.5 else f"differ: r = {r:.2f}"
