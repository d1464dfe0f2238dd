"""What preprocessing did, in sentences that a methods section can take over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from brainalign.data.preprocessing.line_noise import settled_frequencies
from brainalign.data.preprocessing.settings import Preprocessing

if TYPE_CHECKING:
    from brainalign.data.types import Recording

REFERENCE = {
    "average": "The average of the channels kept, each kind of channel by itself, was subtracted as the reference.",
    "bipolar": "Each contact was referenced to the next one on its shank (bipolar).",
    "none": "The reference of the recording was kept.",
}


def preprocessing_methods(steps: Preprocessing, recordings: Sequence[Recording]) -> str:
    """Channels, notch, reference, signal, artefacts, rate and z-score, in the order in which they were done.

    Args:
        steps: Settings, ``line_frequency`` maybe still ``auto``.
        recordings: With what was found (``quality``) and said.
    """
    parts = [_bad_channels(recordings)]
    if steps.signal == "as_is":
        parts.append("The signal was taken as the files have it, without filter or reference.")
    else:
        parts += [_notch(steps, recordings), REFERENCE[steps.reference], _signal(steps)]
    if steps.artefact is not None:
        parts.append(
            f"Samples beyond a robust z of {steps.artefact:g} over their channel were rejected with {steps.artefact_margin:g} s on either "
            f"side, in all channels where more than {steps.artefact_share:.0%} were beyond it."
        )
    rejected = [r.quality.rejected["rejected"] for r in recordings if r.quality is not None]
    if rejected:
        share = 100 * float(pd.concat(rejected).mean())
        parts.append(f"In all, {share:.2g} % of the samples were left out." if share else "No sample was left out.")
    if steps.rate is not None:
        parts.append(f"Signals were resampled, anti-aliased, to {steps.rate:g} Hz.")
    if steps.zscore:
        parts.append("Each channel was z-scored over the run.")
    return " ".join(part for part in parts if part)


def _bad_channels(recordings: Sequence[Recording]) -> str:
    """How many of how many channels were left out, in each participant and in all; one that is bad in any run counts."""
    counts = []
    for recording in recordings:
        if recording.quality is not None:
            table = recording.quality.channels
            bad = table.loc[table["status"] == "bad", "electrode"].nunique()
            counts.append((recording.subject, bad, table["electrode"].nunique()))
    if not counts:
        return ""
    bad, everything = sum(n for _, n, _ in counts), sum(n for _, _, n in counts)
    if bad == 0:
        return f"None of the {everything} channels was bad."
    each = ", ".join(f"{subject}: {n} of {of}" for subject, n, of in counts)
    return f"Bad channels were left out, {bad} of {everything} ({each})."


def _notch(steps: Preprocessing, recordings: Sequence[Recording]) -> str:
    """The frequency that was notched; a recording too slow to hold it was not."""
    if steps.line_frequency is None:
        return "The mains was not filtered out."
    settled = settled_frequencies([note for r in recordings for note in r.notes])
    lines = [steps.line_frequency] if steps.line_frequency != "auto" else settled
    highest = max(
        (float(r.quality.spectra["frequency"].max()) for r in recordings if r.quality is not None), default=None
    )
    if highest is not None and lines and min(lines) >= highest:
        return ""
    which = " or ".join(f"{line} Hz" for line in lines) if lines else "the mains frequency that each recording gives"
    own = " (as its recording gives it)" if len(lines) > 1 else ""
    return f"A notch filter of zero phase took out {which}{own} and its harmonics."


def _signal(steps: Preprocessing) -> str:
    if steps.signal == "high_gamma":
        from brainalign.signal.high_gamma import filter_bank

        assert steps.low is not None and steps.high is not None, "checked by Preprocessing"
        centres, _ = filter_bank(steps.low, steps.high)
        return (
            f"High gamma was the mean Hilbert amplitude of {len(centres)} Gaussian bands with centres from {centres[0]:.1f} to "
            f"{centres[-1]:.1f} Hz ({', '.join(f'{c:.1f}' for c in centres)} Hz)."
        )
    ends = [f"above {steps.low:g} Hz"] if steps.low is not None else []
    ends += [f"below {steps.high:g} Hz"] if steps.high is not None else []
    return f"Signals were filtered at zero phase (FIR) to what lies {' and '.join(ends)}."
