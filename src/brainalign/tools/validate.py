"""``brainalign-tools validate``: every fault of a data set at once, with file and line."""

from __future__ import annotations

import argparse
import logging

from brainalign.counts import count
from brainalign.errors import BrainalignError
from brainalign.tools.stdout import write_line


def validate(overrides: list[str]) -> list[str]:
    """Open a data set as a run would, and tell its faults.

    Args:
        overrides: Words of a run's command line: ``data=folder data.root=PATH``.

    Returns:
        The faults, a sentence each; none where the data set can be used. What was found is said.

    Raises:
        BrainalignError: The words themselves are wrong.
    """
    from brainalign.assembly import open_dataset
    from brainalign.config import composed

    config = composed(overrides)
    logging.getLogger("brainalign").setLevel(logging.ERROR)  # notes are told below
    try:
        dataset = open_dataset(config)
    except BrainalignError as error:
        return str(error).splitlines()
    for note in (*dataset.notes, *(n for r in dataset.recordings for n in r.notes)):
        write_line(f"note: {note}")
    without = {
        "sound": [s.id for s in dataset.stimuli.values() if s.audio is None],
        "words": [s.id for s in dataset.stimuli.values() if s.words.empty],
    }
    for what, ids in without.items():
        if ids:
            some = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
            write_line(
                f"note: {len(ids)} of {len(dataset.stimuli)} stimuli have no {what} ({some}): "
                f"no model that needs {what} can be compared on them"
            )
    presentations = sum(len(r.presentations) for r in dataset.recordings)
    write_line(
        f"{dataset.name}: no faults; {count(len(dataset.recordings), 'participant')}, {count(len(dataset.channels), 'electrode')}, "
        f"{count(len(dataset.stimuli), 'stimulus', 'stimuli')}, {count(presentations, 'presentation')}, digest {dataset.digest[:12]}"
    )
    return []


def _validate(arguments: argparse.Namespace) -> None:
    faults = validate(arguments.words)
    if faults:
        raise BrainalignError("\n".join([*faults, f"{len(faults)} fault{'s' * (len(faults) > 1)}"]))


def add_validate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``validate``.

    Args:
        commands: Of the command line.
    """
    parser = commands.add_parser(
        "validate", help="every fault of a data set at once: validate data=folder data.root=PATH"
    )
    parser.add_argument("words", nargs="+", metavar="KEY=VALUE", help="as on a run's command line")
    parser.set_defaults(do=_validate)
