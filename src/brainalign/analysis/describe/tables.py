"""analysis=describe: what is in a data set, what is missing, and what can be done with it; nothing is fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainalign.analysis.describe.feasibility import allowed
from brainalign.counts import count, several
from brainalign.data.electrodes.responsive import BEFORE
from brainalign.data.types import Dataset
from brainalign.figures import data_overview
from brainalign.notes import limits
from brainalign.progress import duration
from brainalign.study.problem import noun_of
from brainalign.study.result import AnalysisResult

FIRST = ("participants", "regions", "stimuli", "repeats", "words")
"""What stands in the short table, beside the electrodes and what the data allow."""

LATE = 0.1
"""Seconds of a stimulus that a response may lack at its end before that is told."""


def describe(dataset: Dataset) -> AnalysisResult:
    """Count and measure a data set.

    Args:
        dataset: As read.

    Returns:
        Tables participants, electrodes (by participant, region and hemisphere), stimuli, and allowed (which models and analyses the data
        allow, and why not); a figure of all of them.
    """
    result = AnalysisResult()
    people, stimuli = participants(dataset), stimuli_table(dataset)
    channels, noun = dataset.channels, noun_of(dataset, float(people["rate"].iloc[0]))
    counts = channels.groupby(["subject", "region", "hemisphere"], sort=False).size().rename("electrodes").reset_index()
    can = allowed(dataset)
    result.tables |= {"participants": people, "electrodes": counts, "stimuli": stimuli, "allowed": can}
    repeated = stimuli[stimuli["most_repeats"] > 1]
    seconds = float(stimuli["duration"].sum())
    spoken = stimuli[stimuli["words"] > 0]
    result.metrics |= {
        "describe/participants": float(len(people)),
        "describe/electrodes": float(len(channels)),
        "describe/regions": float(channels["region"].nunique()),
        "describe/stimuli": float(len(stimuli)),
        "describe/stimuli_repeated": float(len(repeated)),
        "describe/presentations": float(people["presentations"].sum()),
        "describe/minutes_of_stimuli": seconds / 60,
        "describe/words": float(stimuli["words"].sum()),
        "describe/missing_share": float(np.average(people["missing"], weights=people["minutes"] + 1e-12)),
    }
    regions = ", ".join(f"{name} {n}" for name, n in channels["region"].value_counts(sort=False).items())
    rates = ", ".join(f"{rate:g} Hz" for rate in sorted(set(people["rate"])))
    placed = int(np.isfinite(channels[["x", "y", "z"]].to_numpy(dtype=float)).all(axis=1).sum())
    vocabulary = {w for s in dataset.stimuli.values() for w in s.words["word"]}
    long, each, recorded, pace = dataset.extent, " sentences each", "", ""
    if dataset.timed:
        long, each = duration(seconds), " s each"
        recorded = f" ({duration(60 * float(people['minutes'].sum()))} of recording)"
        pace = f", {_mean(spoken['words_a_minute']):.0f} a minute; {_mean(spoken['covered']):.0%} of the time is covered by words"
    rows: list[tuple[str, str]] = [
        ("participants", f"{len(people)}: {_some(people['subject'].tolist())}"),
        (several(noun), f"{len(channels)} ({_range(people['electrodes'])} a participant), {placed} with coordinates"),
        ("regions", regions if channels["region"].nunique() <= 20 else f"{channels['region'].nunique()}"),
        ("sampled at", rates if dataset.timed else "one response a sentence"),
        (
            "stimuli",
            f"{len(stimuli)}, {long} in all, {stimuli['duration'].min():.3g} to {stimuli['duration'].max():.3g}{each}",
        ),
        (
            "presentations",
            f"{int(people['presentations'].sum())}{recorded}",
        ),
        (
            "repeats",
            f"{len(repeated)} stimuli heard more than once by a participant, up to {int(stimuli['most_repeats'].max())} times"
            if len(repeated)
            else "none: no noise ceiling from repeats",
        ),
        ("sound", f"{int(stimuli['sound'].sum())} of {len(stimuli)} stimuli"),
        (
            "words",
            f"{int(stimuli['words'].sum())} in {len(spoken)} of {len(stimuli)} stimuli, {len(vocabulary)} different ones{pace}",
        ),
        ("phones", f"in {int((stimuli['phones'] > 0).sum())} of {len(stimuli)} stimuli"),
        ("missing samples", f"{result.metrics['describe/missing_share']:.2%}"),
        ("digest", dataset.digest[:12]),
    ]
    for what, value in rows:
        if what in (*FIRST, several(noun)):
            result.summary.append((what, value))
        else:
            result.tell("More of the data", what, value)
    of = f"{count(len(people), 'participant')} with {count(len(channels), noun)} in {count(channels['region'].nunique(), 'region')}"
    result.found = (
        f"The data are of {of}, recorded during {count(len(stimuli), 'stimulus', 'stimuli')} ({long}), {len(repeated)} of which a "
        "participant heard more than once."
    )
    for kind, many in (("model", "models"), ("analysis", "analyses")):
        own = can[can["kind"] == kind]
        result.summary.append((f"{many} that these data allow", ", ".join(own.loc[own["allowed"], "name"]) or "none"))
    result.warnings += [
        limits(f"{row.name_}: {row.reason}")
        for row in can.rename(columns={"name": "name_"}).itertuples()
        if not row.allowed
    ]
    result.warnings += missing_pieces(dataset, stimuli)
    result.figures["data"] = data_overview(counts, people, stimuli, noun=noun)
    return result


def participants(dataset: Dataset) -> pd.DataFrame:
    """One row a participant.

    Returns:
        subject, electrodes, regions, presentations, stimuli, repeated (stimuli heard more than once), minutes, rate,
        before (s of recording before
        each onset, the least), missing (share of samples that are NaN).
    """
    rows = []
    for r in dataset.recordings:
        heard = pd.Series([p.stimulus for p in r.presentations]).value_counts()
        samples = sum(p.response.size for p in r.presentations)
        lost = sum(int(np.isnan(p.response).sum()) for p in r.presentations)
        rows.append(
            {
                "subject": r.subject,
                "electrodes": len(r.channels),
                "regions": r.channels["region"].nunique(),
                "presentations": len(r.presentations),
                "stimuli": len(heard),
                "repeated": int((heard > 1).sum()),
                "minutes": sum(len(p.response) / p.rate for p in r.presentations) / 60,
                "rate": r.presentations[0].rate if r.presentations else np.nan,
                "before": max(0.0, -max((p.start for p in r.presentations), default=0.0)),
                "missing": lost / samples if samples else np.nan,
            }
        )
    return pd.DataFrame(rows)


def stimuli_table(dataset: Dataset) -> pd.DataFrame:
    """One row a stimulus.

    Returns:
        stimulus, duration, sound, words, covered (share of its time that words cover), words_a_minute, phones, participants (who heard it),
        presentations, most_repeats (by one participant).
    """
    heard: dict[str, list[int]] = {s: [] for s in dataset.stimuli}
    for r in dataset.recordings:
        for s, n in pd.Series([p.stimulus for p in r.presentations]).value_counts().items():
            heard[str(s)].append(int(n))
    rows = []
    for s, stimulus in dataset.stimuli.items():
        words = stimulus.timed_words
        covered = float((words["offset"] - words["onset"]).sum()) / stimulus.duration if len(words) else 0.0
        rows.append(
            {
                "stimulus": s,
                "duration": stimulus.duration,
                "sound": stimulus.audio is not None,
                "words": len(words),
                "covered": covered,
                "words_a_minute": 60 * len(words) / stimulus.duration,
                "phones": len(stimulus.phones),
                "participants": len(heard[s]),
                "presentations": sum(heard[s]),
                "most_repeats": max(heard[s], default=0),
            }
        )
    return pd.DataFrame(rows)


def missing_pieces(dataset: Dataset, stimuli: pd.DataFrame) -> list[str]:
    """Sentences on what a data set lacks in places."""
    out = []
    n = len(dataset.recordings)
    partly = stimuli[stimuli["participants"] < n]
    if len(partly):
        out.append(
            f"{len(partly)} of {len(stimuli)} stimuli were not heard by all {n} participants ({_some(partly['stimulus'].tolist(), 5)})."
        )
    for what, without in (("sound", stimuli[~stimuli["sound"]]), ("words", stimuli[stimuli["words"] == 0])):
        said = f"{len(without)} of {len(stimuli)} stimuli have no {what}"
        if 0 < len(without) < len(stimuli) and not any(note.startswith(said) for note in dataset.notes):
            out.append(f"{said} ({_some(without['stimulus'].tolist(), 5)}).")
    for r in dataset.recordings:
        if r.presentations and r.presentations[0].rate >= 5:
            short = [
                p.stimulus
                for p in r.presentations
                if p.start + len(p.response) / p.rate < dataset.stimuli[p.stimulus].duration - LATE
            ]
            if short:
                out.append(
                    f"participant {r.subject}: {len(short)} presentations end before their stimulus ({_some(short, 5)})."
                )
            late = sum(p.start > BEFORE[0] + 1e-6 for p in r.presentations)
            if 0 < late < len(r.presentations):
                out.append(
                    f"participant {r.subject}: {late} of {len(r.presentations)} presentations have no recording from 0.2 s "
                    f"before their onset on."
                )
        if r.channels[["x", "y", "z"]].isna().all(axis=None):
            out.append(
                f"participant {r.subject}: no electrode has coordinates; brain figures leave the participant out."
            )
    return out


def _some(names: list[str], most: int = 12) -> str:
    return ", ".join(map(str, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")


def _range(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"


def _mean(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else 0.0
