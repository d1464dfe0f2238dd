"""Responses' lengths against their stimuli: matrices that lie on their side, and times that look wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brainalign.data.types import Dataset, Stimulus


def swapped_axes(
    parts: Sequence[tuple[str, float, float]],
    stimuli: Mapping[str, Stimulus],
    name: str,
    step: float,
    loose: float = 0.005,
) -> list[str]:
    """The sentence on matrices of which another axis is as long as the stimulus than the one that is taken for time.

    Args:
        parts: For each matrix its stimulus, the seconds that it lasts, and those that it would last were its channels samples.
        stimuli: By id.
        name: Of the run or participant.
        step: Seconds a sample; lengths agree within two, or within the share ``loose``.
        loose: Share of the stimulus's length.

    Example:
        >>> import pandas as pd
        >>> words = pd.DataFrame({"word": ["a"], "onset": [0.0], "offset": [600.0]})
        >>> story = {"s1": Stimulus("s1", 600.0, words)}
        >>> swapped_axes([("s1", 1000.0, 600.0)], story, "participant 01", 2.0)  # doctest: +NORMALIZE_WHITESPACE
        ["participant 01: the 500 samples along the axis that is taken for time last 1000 s, but stimulus 's1' lasts 600 s, as the 300
        channels would; the same in 1 of 1 arrays. Are time and channel swapped (data.axes)?"]
    """
    known = [(s, along, across, stimuli[s].duration) for s, along, across in parts if s in stimuli]
    odd = [one for one in known if _fits(one[2], one[3], step, loose) and not _fits(one[1], one[3], step, loose)]
    if not odd or len(odd) < len(known):
        return []
    stimulus, along, across, duration = odd[0]
    return [
        f"{name}: the {round(along / step)} samples along the axis that is taken for time last {along:g} s, but stimulus {stimulus!r} "
        f"lasts {duration:.4g} s, as the {round(across / step)} channels would; the same in {len(odd)} of {len(known)} arrays. Are time "
        "and channel swapped (data.axes)?"
    ]


def _fits(seconds: float, duration: float, step: float, loose: float) -> bool:
    return abs(seconds - duration) <= max(2 * step, loose * duration)


def stories_of_other_length(dataset: Dataset, tr: float) -> list[str]:
    """The sentences on stories whose volumes last much longer or shorter than their words or sound; on those that lie on their side first.

    Args:
        dataset: Of fMRI.
        tr: Seconds between volumes.
    """
    out = []
    for recording in dataset.recordings:
        name = f"participant {recording.subject}"
        parts = [
            (p.stimulus, len(p.response) * tr, p.response.shape[1] * tr)
            for p in recording.presentations
            if p.stimulus in dataset.stimuli
        ]
        said = swapped_axes(parts, dataset.stimuli, name, tr, 0.05)
        far = [
            (s, n)
            for s, n, _ in parts
            if not _fits(n, dataset.stimuli[s].duration, 10 * tr, 0.25)
            and (
                n < dataset.stimuli[s].duration or dataset.stimuli[s].audio is not None
            )  # silence may follow the last word
        ]
        if far and not said:
            story, seconds = far[0]
            said = [
                f"{name}: {len(far)} of {len(parts)} stories do not last as long as their volumes: {story!r} "
                f"{dataset.stimuli[story].duration:.4g} s, its {round(seconds / tr)} volumes {seconds:g} s."
            ]
        out += said
    return out
