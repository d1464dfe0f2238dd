"""cleaned: rows of any transcript made into words (or phones) in time; one road for files, events, NWB and fMRI's tables."""

from __future__ import annotations

import pandas as pd

from brainalign.data.formats import TRANSCRIPTS, TranscriptFormat
from brainalign.data.transcripts.form import Tally, spoken
from brainalign.data.transcripts.intervals import check_intervals, clip_overlaps, repaired
from brainalign.data.transcripts.units import implausible_times
from brainalign.data.transcripts.untimed import LASTS, put_back, set_aside, with_lengths


def cleaned(
    table: pd.DataFrame,
    kind: str,
    form: TranscriptFormat,
    duration: float | None,
    where: str,
    tally: Tally,
    said: list[str],
    unit: str = f"{TRANSCRIPTS}.unit",
) -> tuple[pd.DataFrame, list[str]]:
    """Leave out what is no word, order what has a time, keep in the text what has none.

    Args:
        table: Columns label (``word`` or ``phone``), onset, offset, and perhaps low and high; its index numbers the rows as a person would.
        kind: Of format, a key of :data:`~brainalign.data.transcripts.labels.SILENCES`.
        form: The settings.
        duration: Of the stimulus in seconds, or None where only the words tell it.
        where: The file, for sentences.
        tally: Gets the labels that are no words, and those that have no time.
        said: Gets what was repaired, a clause each.
        unit: The config's key of the unit of the times.

    Returns:
        Columns label, onset, offset (NaN: a word without a time), and ``text`` where writing differs, index 0..n-1; and the errors, a
        sentence each, in which case the table is of no use.

    Example:
        >>> said = pd.DataFrame({"word": ["in", "2016,", "<unk>"], "onset": [0.1, None, 0.9], "offset": [0.3, None, 1.2]})
        >>> table, errors = cleaned(said, "table", TranscriptFormat(), 2.0, "a.tsv", Tally(), [])
        >>> table["word"].tolist(), table["text"].tolist(), table["onset"].tolist()
        (['in', '2016', '<unk>'], ['in', '2016,', ''], [0.1, nan, 0.9])
    """
    label = str(table.columns[0])
    timed, untimed = set_aside(spoken(table, kind, form, tally), tally)
    timed, filled = with_lengths(timed, duration)
    if filled:
        said.append(f"{filled} {label}(s) of unknown length last until the next one, at most {LASTS:g} s")
    errors = implausible_times(timed, duration, where, unit)
    if timed.empty and len(untimed):
        errors.append(
            f"{where}: none of its {len(untimed)} {label}s has a time; {label}s with their onsets are needed."
        )
    if form.repair and not errors:
        whole = timed
        timed, done = repaired(timed, duration)
        said += done
        onset = pd.to_numeric(whole["onset"], errors="coerce")
        squeezed = whole[
            ~whole["place"].isin(timed["place"]) & (onset < (float("inf") if duration is None else duration))
        ]
        untimed = pd.concat([untimed, squeezed.assign(onset=float("nan"), offset=float("nan"))]).sort_values("place")
    errors = errors or check_intervals(
        timed, duration, where, f"{TRANSCRIPTS}.repair=true sorts and cuts, and counts it"
    )
    if errors:
        return timed, errors
    clean, clipped = clip_overlaps(timed)
    if clipped:
        said.append(f"{clipped} overlap(s) of {label}s by at most 1 ms were clipped")
    return put_back(clean, untimed if label == "word" else untimed[:0], duration, form.untimed == "interpolate"), []
