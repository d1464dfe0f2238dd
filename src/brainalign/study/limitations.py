"""What data of this shape cannot show, whatever is computed from them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from brainalign.notes import limits as limit

NO_SHARE = "how much of what could be predicted is predicted, as there is no noise ceiling"


def limits(channels: pd.DataFrame, stimuli: Sequence[str], noun: str = "electrode") -> list[str]:
    """Sentences on one participant, regions of one electrode, and stimuli without repeats.

    Args:
        channels: The channels table of all participants.
        stimuli: The stimulus of each presentation.
        noun: What a channel is called.

    Example:
        >>> channels = pd.DataFrame({"subject": ["p1"] * 3, "region": ["STG", "STG", "A1"]})
        >>> for sentence in limits(channels, ["s1", "s2", "s1"]):
        ...     print(sentence)
        There is one participant (p1): results generalise to this participant's electrodes only, and no test over participants can be made.
        1 region has a single electrode (A1): its mean has no interval, and no test over electrodes can be made there.
    """
    found: list[str] = []
    people = list(dict.fromkeys(channels["subject"]))
    if len(people) == 1:
        found.append(
            limit(
                f"There is one participant ({people[0]}): results generalise to this participant's {noun}s only, and no test over "
                "participants can be made.",
                "that other people would show the same, as there is one participant",
            )
        )
    counts = channels["region"].value_counts(sort=False)
    single = [str(region) for region, n in counts.items() if n == 1]
    if single:
        one = len(single) == 1
        found.append(
            limit(
                f"{len(single)} {'region has' if one else 'regions have'} a single {noun} ({', '.join(single)}): "
                f"{'its' if one else 'their'} mean has no interval, and no test over {noun}s can be made there."
            )
        )
    if len(set(stimuli)) == len(stimuli):
        found.append(
            limit(
                "No stimulus was presented more than once: no noise ceiling can be estimated from repeats, so raw scores tell models "
                "apart, but not how much of what can be predicted is.",
                NO_SHARE,
            )
        )
    return found
