"""What was read of all stimuli together, in a few sentences: labels, words without times, channels, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from brainalign.data.formats import TRANSCRIPTS
from brainalign.data.types import Stimulus

NAMED = 8
"""Labels, or stimuli, that a sentence names; of the others it tells the number."""

SILENT_END = 0.5
"""Share of a sound after its last word from which on that is told."""

RATES = (0.1, 8.0)
"""Words a second between which speech lies; of a stimulus with at least :data:`ENOUGH` words."""

ENOUGH = 10

KINDS = {
    "silence": ("{n} label(s) were taken for silence or noise and left out: {labels}", "{key}.silences says otherwise"),
    "remark": (
        "{n} label(s) in brackets were taken for an annotator's remarks and left out: {labels}",
        "{key}.brackets=words keeps them",
    ),
    "unknown": (
        "{n} spoken word(s) are of unknown identity: {labels}; they have an onset and count as words, but no language model reads them",
        "",
    ),
    "untimed": (
        "{n} word(s) without a time stay in the text that language models read, and have no onset: {labels}",
        "{key}.untimed=interpolate gives them one",
    ),
}


def stimuli_notes(stimuli: Mapping[str, Stimulus], keys: bool = True) -> list[str]:
    """Sentences on the stimuli, for the data set's notes.

    Args:
        stimuli: Those that were heard.
        keys: Whether the data set's reader has the keys ``data.stimuli``, so that a sentence may name them.

    Example:
        >>> stimuli_notes({"s": Stimulus("s", 1.0, tally=Counter({("silence", "sp"): 3, ("silence", "{NS}"): 1}))})[0]
        "4 label(s) were taken for silence or noise and left out: 'sp' 3, '{NS}' 1; data.stimuli.transcripts.silences says otherwise."
    """
    all_of_them = sum((s.tally for s in stimuli.values()), Counter[tuple[str, str]]())
    out = []
    for kind, (sentence, hint) in KINDS.items():
        labels = Counter({label: n for (k, label), n in all_of_them.items() if k == kind})
        if labels:
            named = ", ".join(f"{label!r} {n}" for label, n in labels.most_common(NAMED))
            more = f" and {len(labels) - NAMED} others" if len(labels) > NAMED else ""
            end = f"; {hint.format(key=TRANSCRIPTS)}." if hint and keys else "."
            out.append(sentence.format(n=labels.total(), labels=named + more) + end)
    return out + channel_notes(stimuli) + _lengths(stimuli) + _missing(stimuli)


def channel_notes(stimuli: Mapping[str, Stimulus]) -> list[str]:
    """How many sounds have channels that are not the same, and how the first of them differ.

    Args:
        stimuli: By id.
    """
    apart = {
        s: how
        for s, stimulus in stimuli.items()
        if stimulus.audio is not None and (how := stimulus.audio.unlike_channels())
    }
    if not apart:
        return []
    first, how = next(iter(apart.items()))
    channel = next(stimuli[s].audio.channel for s in apart)  # type: ignore[union-attr]
    taken = (
        "their mean is taken; data.stimuli.channel=left (right, or a number) takes one"
        if channel == "mean"
        else f"{channel} is taken"
    )
    return [
        f"{len(apart)} of {len(stimuli)} sounds have channels that are not the same (those of {first!r} {how}): {taken}."
    ]


def _lengths(stimuli: Mapping[str, Stimulus]) -> list[str]:
    """Words that end long before their sound, or come too fast or too slowly for speech."""
    spoken = {s: x for s, x in stimuli.items() if x.audio is not None and len(x.timed_words) > 1}
    early = [s for s, x in spoken.items() if x.timed_words["offset"].max() < SILENT_END * x.duration]
    rates = {
        s: len(x.timed_words) / max(x.timed_words["offset"].max() - x.timed_words["onset"].min(), 1e-9)
        for s, x in spoken.items()
    }
    odd = [s for s, r in rates.items() if len(spoken[s].timed_words) >= ENOUGH and not RATES[0] <= r <= RATES[1]]
    out = []
    if early:
        last = spoken[early[0]].timed_words["offset"].max()
        out.append(
            f"the words of {len(early)} of {len(stimuli)} stimuli end before the middle of their sound ({_some(early)}; the first at "
            f"{last:.1f} of {spoken[early[0]].duration:.1f} s): is the transcript whole, its unit right?"
        )
    if odd:
        out.append(
            f"{len(odd)} of {len(stimuli)} stimuli have {rates[odd[0]]:.3g} words a second or the like ({_some(odd)}), which is no speech."
        )
    return out


def _missing(stimuli: Mapping[str, Stimulus]) -> list[str]:
    out = []
    for what, without in (
        ("sound", [s for s, x in stimuli.items() if x.audio is None]),
        ("words", [s for s, x in stimuli.items() if x.words.empty]),
    ):
        if 0 < len(without) < len(stimuli):
            out.append(f"{len(without)} of {len(stimuli)} stimuli have no {what} ({_some(without)}).")
    return out


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
