"""Labels that recording and analysis software writes among the events, and that name no stimulus."""

from __future__ import annotations

import re
from collections.abc import Collection

_MARK = re.compile(
    r"(BAD|EDGE)([ _:/-].*)?"  # MNE: spans to leave out, and where pieces were joined
    r"|(New Segment|SyncStatus)/.*"  # BrainVision
    r"|boundary"  # EEGLAB
    r"|(Recording|Acquisition) (starts?|started|ends?|ended|stops?|stopped|paused|resumed)|(Start|End|Stop) (of )?recording"  # EDF+
)


def is_software_mark(label: str, known: Collection[str] | None) -> bool:
    """Whether a label is such a mark; the name of a stimulus never is.

    Args:
        label: As the file has it.
        known: Ids of the stimuli that there are; None: any label may be one (single words), so only the software's own spelling counts.

    Example:
        >>> is_software_mark("BAD_muscle", ["s1"]), is_software_mark("bad apple", ["bad apple"]), is_software_mark("badge", None)
        (True, False, False)
        >>> is_software_mark("New Segment/", ["s1"]), is_software_mark("boundary", ["s1"]), is_software_mark("Recording starts", ["s1"])
        (True, True, True)
    """
    label = label.strip()
    if known is None:
        return _MARK.fullmatch(label) is not None and label != "boundary"
    return label not in known and re.fullmatch(_MARK.pattern, label, re.IGNORECASE) is not None
