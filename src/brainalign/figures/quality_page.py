"""One page on the quality of a participant's recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from brainalign.data.preprocessing.quality import Quality
from brainalign.data.sync.result import Sync
from brainalign.data.types import Recording
from brainalign.figures.quality import offsets, onset_responses, spectra
from brainalign.figures.style import stamp
from brainalign.pages import cell, picture, render, write_page
from brainalign.stats.onset_response import onset_response

ROWS = 12
"""Channels of which the rejected share is shown."""


def write_quality(
    path: Path,
    recording: Recording,
    quality: Quality | None = None,
    found: Sequence[Sync] = (),
    *,
    simulated: bool = False,
) -> Path:
    """Write the page: spectra before and after, response at onsets, events against sound, channels dropped and why.

    Args:
        path: The HTML file; it appears whole or not at all, and loads nothing from anywhere.
        recording: Of the participant.
        quality: The record of its preprocessing; by default the recording's own, and None where there was none.
        found: The sync checks of its runs.
        simulated: Whether the responses are simulated; the page and its figures then say so.

    Returns:
        The path.
    """
    quality = quality if quality is not None else recording.quality
    drawn = []
    if quality is not None and len(quality.spectra):
        drawn.append(spectra(quality.spectra))
    response = onset_response(recording)
    if len(response):
        drawn.append(onset_responses(response))
    pieces = [s for s in found if len(s.pieces)]
    for source in dict.fromkeys(s.source for s in pieces):
        own = pd.concat([s.pieces for s in pieces if s.source == source], ignore_index=True)
        drawn.append(offsets(own, source=source))
    if simulated:
        for figure, _ in drawn:
            stamp(figure, "Simulated data")
    dropped = pd.DataFrame(columns=["run", "electrode", "region", "why"])
    rejected = pd.DataFrame(columns=["run", "electrode", "rejected"])
    if quality is not None:
        dropped = quality.channels[quality.channels["status"] == "bad"][list(dropped.columns)]
        rejected = quality.rejected[quality.rejected["rejected"] > 0].nlargest(ROWS, "rejected")[list(rejected.columns)]
    warnings = [*dict.fromkeys([*(w for s in found for w in s.warnings), *recording.notes])]
    sections = {"summary": True, "warnings": warnings, "figures": drawn, "channels": True, "rejected": len(rejected)}
    page = render(
        "quality.html.j2",
        title=f"Recording of {recording.subject}",
        question="Is the recording fit to be analysed: its spectra, its channels, its responses, its events?",
        simulated=simulated,
        contents=[(name, name.capitalize()) for name, present in sections.items() if present],
        summary=_summary(recording, quality, dropped, found),
        warnings=warnings,
        figures=[picture(*figure) for figure in drawn],
        channels=_table(dropped),
        rejected=_table(rejected),
    )
    return write_page(path, page)


def _summary(
    recording: Recording, quality: Quality | None, dropped: pd.DataFrame, found: Sequence[Sync]
) -> list[tuple[str, str]]:
    """The page's first lines."""
    regions = recording.channels["region"].value_counts(sort=False)
    minutes = sum(len(p.response) / p.rate for p in recording.presentations) / 60
    rows = [
        ("channels", f"{len(recording.channels)}: {', '.join(f'{n} {name}' for name, n in regions.items())}"),
        (
            "presentations",
            f"{len(recording.presentations)} of {len({p.stimulus for p in recording.presentations})} stimuli",
        ),
        (
            "length",
            f"{minutes:.1f} min of responses at {recording.presentations[0].rate:g} Hz"
            if recording.presentations
            else "none",
        ),
    ]
    if quality is not None:
        rows.append(("channels left out", f"{dropped['electrode'].nunique()}"))
        rows.append(("samples rejected", f"{100 * quality.rejected_share:.2g} %"))
    for s in found:
        told = "cannot be told" if pd.isna(s.offset) else f"{s.offset:+.3f} s (mean r = {s.r:.2f})".replace("-", "−")
        name = s.pieces["run"].iloc[0] if len(s.pieces) else "no piece to check"
        rows.append((f"{s.source} less events, {name}", told))
    return rows


def _table(table: pd.DataFrame) -> dict[str, Any]:
    """What the template needs of a table."""
    return {
        "columns": [{"name": c, "numeric": pd.api.types.is_numeric_dtype(table[c].dtype)} for c in table.columns],
        "rows": [[cell(value) for value in row] for row in table.itertuples(index=False)],
    }
