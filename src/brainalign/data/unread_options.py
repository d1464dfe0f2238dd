"""Settings that a reader does not look at: who sets one believes that it does something."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.errors import BrainalignError

PLACES = ("electrode", "region", "hemisphere", "x", "y", "z")
"""Of :class:`~brainalign.data.formats.Keys`, those of the channels."""


def refuse_unread(key: str, given: Any, read: Collection[str], where: str, why: str) -> None:
    """Refuse settings that differ from their default and are not read.

    Args:
        key: Of the group in the config: ``data.keys``.
        given: The group, a dataclass.
        read: Names of the fields that count.
        where: The file or format, for the sentence.
        why: What is the reason that the others do not.

    Raises:
        BrainalignError: One is set.

    Example:
        >>> refuse_unread("data.keys", ArrayKeys(region="atlas"), (), "s1.nii.gz", "an image has no keys")
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: s1.nii.gz: data.keys.region=atlas does nothing here, because an image has no keys; leave it out.
    """
    usual = type(given)()
    for one in fields(given):
        value = getattr(given, one.name)
        if one.name not in read and value != getattr(usual, one.name):
            counts = f" (of {key} these count: {', '.join(sorted(read))})" if read else ""
            raise BrainalignError(
                f"{where}: {key}.{one.name}={value} does nothing here, because {why}; leave it out{counts}."
            )


def refuse_option(key: str, value: Any, why: str) -> None:
    """Refuse one option that is set (not None) though it does nothing."""
    if value is not None:
        raise BrainalignError(f"{key}={value} does nothing here, because {why}; leave it out (null).")


def refuse_keys(
    keys: ArrayKeys, where: str, axes: Collection[str], apart: bool, table: str | None, channels: bool
) -> None:
    """Refuse keys of arrays that a layout does not read.

    Args:
        keys: Of the config.
        where: The file.
        axes: Of the responses.
        apart: Whether presentations are arrays of their own.
        table: What says when stimuli were played in place of the keys, or None.
        channels: Whether a table of channels is read in place of the keys.
    """
    read = {"responses", "rate", "start", "sound", "sound_rate"}
    why = []
    if apart:
        read |= {"repeats"}
        why.append("each array is a presentation of its own")
        if "trial" in axes or keys.fields():
            read |= {"stimulus"}
    elif table is None:
        read |= {"stimulus", "onset", "duration"}
    else:
        why.append(f"{table} says what was played when")
    if channels:
        why.append("data.channels_file tells of the channels")
    else:
        read |= set(PLACES)
    refuse_unread("data.keys", keys, read, where, " and ".join(why) or "the recording goes on")


def refuse_image_keys(keys: ArrayKeys, where: str) -> None:
    """Refuse all keys, where files are images."""
    bare = replace(keys, responses="responses") if keys.responses == "data" else keys  # story_fmri's own default
    refuse_unread("data.keys", bare, (), where, "an image has no keys")


def refuse_words(form: EventFormat, where: str) -> None:
    """Refuse ``data.events.words``, which the readers of raw and BIDS recordings alone look for among the events."""
    read = {one.name for one in fields(form)} - {"words", "word", "silences", "clock"}
    refuse_unread(
        "data.events",
        form,
        read,
        where,
        "words among the events, and a device's clock, are read with data=bids and data=raw alone",
    )


def refuse_transcripts(form: StimuliFormat, endings: Collection[str]) -> None:
    """Refuse settings of transcripts that none of the files is read with.

    Args:
        form: Of the config.
        endings: Of the transcripts that there are, lower case.
    """
    if form.seconds is not None:
        refuse_unread(
            "data.stimuli",
            form,
            ("seconds",),
            "stimuli",
            "with data.stimuli.seconds each event is a word and no file is read",
        )
    tables = set(endings) - {".textgrid", ".json", ".wrd", ".phn"}
    tiers = set(endings) & {".textgrid", ".json"}
    rest = {one.name for one in fields(form.transcripts)} - {
        "columns",
        "header",
        "unit",
        "stimulus",
        "tier",
        "phone_tier",
    }
    if endings and not tables:
        refuse_unread(
            "data.stimuli.transcripts",
            form.transcripts,
            rest | {"tier", "phone_tier"},
            "stimuli",
            "no transcript is a table",
        )
    if endings and not tiers:
        refuse_unread(
            "data.stimuli.transcripts",
            form.transcripts,
            rest | {"columns", "header", "unit", "stimulus"},
            "stimuli",
            "no transcript has tiers",
        )
