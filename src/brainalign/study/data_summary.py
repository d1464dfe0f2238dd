"""What a study analysed, in words: participants, electrodes, stimuli, window, folds and their leak."""

from __future__ import annotations

import pandas as pd

from brainalign.data.splits.leakage import leaked_share
from brainalign.study.study import Study


def data_summary(study: Study, encodes: bool) -> list[tuple[str, str]]:
    """Rows of (what, value).

    Args:
        study: Data, window and folds.
        encodes: Whether responses were predicted, so that window and folds are part of it.
    """
    dataset = study.dataset
    if not dataset.recordings:
        return [
            ("data set", f"{dataset.name} (digest {dataset.digest[:12]})"),
            ("participants", "none"),
            ("stimuli", f"{len(dataset.stimuli)} ({dataset.extent})"),
        ]
    responses = study.responses
    heard = [s for s, _ in study.recorded.presentations]
    played = sum(len(r.presentations) for r in dataset.recordings)
    repeated = sum(heard.count(s) > 1 for s in dict.fromkeys(heard))
    frames = sum(len(v) for v in responses.values)
    counts = study.channels["region"].value_counts(sort=False)
    grid = next(iter(responses.grids.values()))
    chosen = " (speech-responsive ones alone)" if "responsive_p" in study.channels else ""
    of = f"frames at {grid.rate:g} Hz" if dataset.timed else "responses, one a sentence"
    rows = [
        ("data set", f"{dataset.name} (digest {dataset.digest[:12]})"),
        ("participants", ", ".join(r.subject for r in dataset.recordings)),
        ("electrodes by region", ", ".join(f"{region} {n}" for region, n in counts.items()) + chosen),
        (
            "stimuli",
            f"{len(dataset.stimuli)} ({dataset.extent}), {repeated} of them presented more than once",
        ),
        ("presentations", f"{played}; by stimulus and repeat {len(responses.presentations)}, {frames} {of}"),
    ]
    if not encodes:
        return rows
    return [
        *rows,
        ("window", f"{len(study.lags)} lags, {study.lags[0] / grid.rate:g} to {study.lags[-1] / grid.rate:g} s"),
        (
            "folds",
            f"{len(study.split.folds)} outer, by {study.split.kind}; test frames whose stimulus is in training: "
            f"{leak_in_words(study.leak)}",
        ),
    ]


def leak_in_words(audit: pd.DataFrame) -> str:
    """The leak audit in words: the share of test frames whose stimulus is also in training, and how near they come to it."""
    share, worst = leaked_share(audit), audit["leak"].max()
    if share == 0:
        return "none of them in any fold"
    near = int(audit["nearest_frames"].min())
    if near > 0:
        return f"{share:.0%}, with training frames no nearer than {near} frames (the gap between blocks)"
    return (
        f"{share:.0%} of all, {worst:.0%} in the worst fold (LEAKY: the same moments of the stimulus are in training)"
    )
