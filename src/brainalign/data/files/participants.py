"""Whose recording a file is, and which run: by its name, held against what the file itself says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from brainalign.data.files.patterns import MatchedFile, fields_of
from brainalign.data.files.read_errors import ReadErrors

_ENTITY = re.compile(r"(?:^|[_/])([A-Za-z]+)-([A-Za-z0-9+]+)(?=[_./]|$)")
_NOBODY = {
    "",
    "x",
    "na",
    "none",
    "nan",
    "unknown",
    "anonymous",
    "anonymized",
    "anonymised",
    "anon",
    "mneanonymize",
    "subject",
    "patient",
}
"""What stands in a header where nobody wrote an id, or it was taken out."""

OwnId = Callable[[Path], str | None]
"""A file -> the id of the participant that stands in it, or None."""


def participants(
    root: Path,
    found: Sequence[MatchedFile],
    pattern: str,
    errors: ReadErrors,
    notes: list[str],
    asked: Sequence[str] | None = None,
    own: OwnId | None = None,
) -> dict[str, dict[str, MatchedFile]]:
    """The files of each participant by the names of their runs.

    A participant's label is the pattern's ``{subject}``; where it has none, ``sub-`` in the file's path, or else the id in the
    file. One file without all of these, or several that other fields tell apart, are participant ``01``. A run is named by all
    other fields; where there is none, by the path of the file.

    Args:
        root: The data set's folder.
        found: The files.
        pattern: ``data.files``, by which they were found.
        errors: Gets the sentences on files that are one run by their names, two participants by their ids, or nobody's.
        notes: Gets the sentence on ids that are not the labels.
        asked: ``data.subjects``: files that are surely of others are not looked at; None: all are asked for.
        own: Reads the id in a file; None: the format has none.

    Returns:
        Label -> name of the run -> file.

    Example:
        >>> files = [MatchedFile(Path(f"{s}/01_1_raw.fif"), {"session": s, "subject": "01", "run": "1"}) for s in "AB"]
        >>> found = participants(Path("."), files, "{session}/{subject}_{run}_raw.fif", ReadErrors(), [])
        >>> {label: list(runs) for label, runs in found.items()}
        {'01': ['session-A_run-1', 'session-B_run-1']}
    """
    named = {one.path: _by_name(root, one) for one in found}
    wanted = None if asked is None else {str(a).removeprefix("sub-") for a in asked}
    others = {
        p for p, label in named.items() if label is not None and wanted and label.removeprefix("sub-") not in wanted
    }
    ids = {} if own is None else ids_in([one.path for one in found if one.path not in others], own, errors)
    labels = {path: label or ids.get(path) for path, label in named.items()}
    people: dict[str, dict[str, MatchedFile]] = {}
    nameless = [one for one in found if labels[one.path] is None]
    if nameless and len(found) > 1 and (len(nameless) < len(found) or not fields_of(pattern)):
        errors.add(
            [
                f"nothing says whose recording {nameless[0].path} is ({len(nameless)} of {len(found)} files): "
                f"data.files={pattern!r} has no {{subject}}, and neither 'sub-' in its name nor an id in the file tells it; write "
                "{subject} where a participant's label stands, or {run} where all are runs of one."
            ]
        )
    whose = {path: label or "01" for path, label in labels.items()}
    for one in found:
        label, name = whose[one.path], run_name(root, one)
        runs = people.setdefault(label, {})
        if name in runs and one.path not in others:
            errors.add(
                [
                    f"{one.path} and {runs[name].path} are the same run of participant {label!r} by data.files={pattern!r}; write a field, "
                    "such as {session} or {run}, where their names differ, or leave one of them out."
                ]
            )
        runs.setdefault(name, one)
    compare_ids(whose, ids, errors, notes, settled=False)
    return people


def ids_in(paths: Iterable[Path], own: OwnId, errors: ReadErrors) -> dict[Path, str]:
    """The ids that stand in files, without those that name nobody; a file that cannot be read is a fault."""
    ids = {}
    for path in paths:
        with errors.collected():
            said = own(path)
            if said and plain_label(said) not in _NOBODY:
                ids[path] = said.strip()
    return ids


def run_name(root: Path, one: MatchedFile) -> str:
    """What tells a file from the others of its participant: the run, or all fields of its name, or its path without ending."""
    fields = {k: v for k, v in one.fields.items() if k != "subject"}
    if set(fields) == {"run"}:
        return fields["run"]
    return "_".join(f"{k}-{v}" for k, v in fields.items()) or one.path.relative_to(root).with_suffix("").as_posix()


def compare_ids(
    labels: Mapping[Path, str], ids: Mapping[Path, str], errors: ReadErrors, notes: list[str], settled: bool
) -> None:
    """Hold the ids that stand in files against the participants that their names tell.

    Args:
        labels: File -> the participant by its name.
        ids: File -> the id in it, where there is one.
        errors: Gets the sentence on a participant whose files have different ids.
        notes: Gets the sentences on all else.
        settled: Whether a standard settles whose a file is (BIDS does, by its folders), so that different ids are a note.
    """
    of_label: dict[str, dict[str, Path]] = {}
    of_id: dict[str, dict[str, Path]] = {}
    for path, said in ids.items():
        of_label.setdefault(labels[path], {}).setdefault(plain_label(said), path)
        of_id.setdefault(plain_label(said), {}).setdefault(labels[path], path)
    for label, paths in of_label.items():
        if len(paths) > 1:
            told = " and ".join(f"{path} {ids[path]!r}" for path in list(paths.values())[:3])
            told = f"participant {label!r} has files of {len(paths)} people by the ids in them ({told})"
            if settled:
                notes.append(f"{told}; the names are believed.")
            else:
                errors.add([f"{told}; let data.files tell them apart by {{subject}}, or mend the ids."])
    for paths in of_id.values():
        if len(paths) > 1 and len(of_id) > 1:  # one id everywhere is a placeholder
            said = ids[next(iter(paths.values()))]
            told = " and ".join(map(repr, paths))
            notes.append(f"participants {told} have one id, {said!r}, in their files: is it one person?")
    other = {labels[path]: said for path, said in ids.items() if plain_label(said) != plain_label(labels[path])}
    if other and (len(of_id) > 1 or len(set(labels.values())) == 1):
        some = ", ".join(f"{label} is {said!r}" for label, said in list(other.items())[:5])
        more = f" and {len(other) - 5} more" if len(other) > 5 else ""
        notes.append(f"by the ids in the files, {some}{more}; the labels of the files' names are used.")


def plain_label(label: str) -> str:
    """A label as it is compared: without ``sub-``, capitals, signs, and zeros before a number.

    Example:
        >>> plain_label("sub-01"), plain_label("Sub_1"), plain_label("EC-183")
        ('1', '1', 'ec183')
    """
    text = re.sub(r"[\W_]+", "", re.sub(r"^sub(ject)?[-_ ]?(?=\w)", "", label.strip().lower()))
    return re.sub(r"(?<!\d)0+(?=\d)", "", text)


def _by_name(root: Path, one: MatchedFile) -> str | None:
    """The participant of a file by the pattern's field, or else by ``sub-`` in its path."""
    entities = {m[1].lower(): m[2] for m in _ENTITY.finditer(one.path.relative_to(root).as_posix())}
    return one.fields.get("subject") or entities.get("sub")
