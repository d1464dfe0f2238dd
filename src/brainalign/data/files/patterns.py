"""File names with fields: ``sub-{subject}/run-{run}.npz`` finds the files, and says of which participant and run each is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from brainalign.errors import BrainalignError

_TOKEN = re.compile(r"\{(\w+)\}|(\*\*/)|(\*)|(\?)|(\[)|(\])|([^{}*?\[\]]+)")
_ENTITIES = re.compile(r"([A-Za-z]+-[^_]+_)+[^_]*")
"""A name of BIDS's form: ``sub-01_ses-2_ecephys.nwb``."""


@dataclass(frozen=True)
class MatchedFile:
    """A file that fits a pattern.

    Attributes:
        path: The file.
        fields: Field -> what stands in its place.
    """

    path: Path
    fields: dict[str, str]


def files_under(root: str | Path, files: str, what: str) -> tuple[Path, list[MatchedFile]]:
    """The folder ``data.root``, and its files that fit ``data.files``.

    Args:
        root: As the config has it.
        files: Pattern of the files.
        what: What lies in the folder, for the sentence.

    Raises:
        BrainalignError: There is no such folder, or no file fits.
    """
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise BrainalignError(f"data.root={folder} does not exist; it must be the folder of {what}.")
    if not (found := find(folder, files, "data.files")):
        raise BrainalignError(f"data.root={folder}: no file fits data.files={files!r}.")
    return folder, found


def find(root: Path, pattern: str, key: str, known: Mapping[str, str] | None = None) -> list[MatchedFile]:
    """The files (or folders) under a root that fit a pattern, in the order of their names.

    A field ``{name}`` stands for any characters but ``/``; the same field twice must hold the same. ``*`` and ``?`` are as in a shell,
    ``**/`` is any depth of folders, and what stands in ``[ ]`` may be missing. Capitals do not matter, because archives differ in them
    (``SA1.WAV``).

    Args:
        root: Where the pattern begins.
        pattern: With ``/`` between folders.
        key: The config's key that holds the pattern, for sentences.
        known: Fields whose value is given, taken as it is written; a part in ``[ ]`` whose field is not among them is left out, any
            other field is ``*``.

    Raises:
        BrainalignError: The pattern does not parse, or a name fits it in more than one way.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> (root / "sub-01").mkdir()
        >>> (root / "sub-01" / "run-2.npz").touch()
        >>> [f.fields for f in find(root, "sub-{subject}/run-{run}.npz", "data.files")]
        [{'subject': '01', 'run': '2'}]
    """
    pattern = pattern if known is None else _without_missing(pattern, known)
    names = Names(pattern, key, known)
    literal = Path(*_literal_start(pattern))
    top = root / literal
    if not top.exists():
        return []
    deep = "**/" in pattern
    depth = pattern.count("/") + 1 - len(literal.parts)
    # a folder may hold hundreds of thousands of files: only as deep as the pattern is looked
    paths = top.rglob("*") if deep else top.glob("/".join(["*"] * depth)) if depth else [top]
    found = []
    for path in sorted(paths):
        fields = names.fields(path.relative_to(root).as_posix())
        if fields is not None:
            found.append(MatchedFile(path, fields))
    return found


class Names:
    """Names that fit a pattern, and what its fields hold in them.

    A name is read in one way, or refused: ``{subject}_{run}`` cannot tell of ``lab_01_1`` where the participant ends. Where a name is of
    BIDS's form, ``key-value_key-value_suffix``, a field that could be longer ends at the next ``_``.

    Args:
        pattern: As :func:`find` takes it.
        key: For sentences.
        known: As above.

    Raises:
        BrainalignError: The pattern holds a brace or bracket that has no partner.

    Example:
        >>> Names("{subject}_run-{run}.npz", "data.files").fields("lab_01_run-2.npz")
        {'subject': 'lab_01', 'run': '2'}
        >>> Names("{subject}_{run}.npz", "data.files").fields("lab_01_2.npz")  # doctest: +NORMALIZE_WHITESPACE
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: data.files='{subject}_{run}.npz' fits 'lab_01_2.npz' in more than one way (subject='lab',
        run='01_2', or subject='lab_01', run='2'); write more of the name, or a field for each of its parts, so that one way is left.
    """

    def __init__(self, pattern: str, key: str, known: Mapping[str, str] | None = None) -> None:
        self.pattern, self.key = pattern, key
        own = fields_of(pattern) if known is None else []
        self._plain = _Readings(_regex(pattern, key, known, r"[^/\0]"), own)
        self._entities = _Readings(_regex(pattern, key, known, r"[^/_\0]"), own)

    def fields(self, name: str) -> dict[str, str] | None:
        """What the fields hold; None where the name does not fit.

        Raises:
            BrainalignError: It fits in more than one way.
        """
        ways = self._plain.of(name)
        if len(ways) > 1 and _ENTITIES.fullmatch(name.rsplit("/", 1)[-1]):
            ways = self._entities.of(name) or ways
        if len(ways) > 1:
            told = ", or ".join(", ".join(f"{k}={v!r}" for k, v in way.items()) for way in ways)
            raise BrainalignError(
                f"{self.key}={self.pattern!r} fits {name!r} in more than one way ({told}); write more of the name, or a field for each of "
                "its parts, so that one way is left."
            )
        return ways[0] if ways else None


class _Readings:
    """The ways in which a regular expression reads a name: the first, and another one if there is any."""

    def __init__(self, regex: str, fields: list[str]) -> None:
        same = "".join(rf"\0(?({f})(?P={f})|)" for f in fields)
        self._first = re.compile(regex, re.IGNORECASE)
        # behind the name stand the values of the first way: the engine goes back until a field holds another one
        self._other = re.compile(rf"{regex}(?!{same}\0\Z)\0[\s\S]*", re.IGNORECASE)
        self._fields = fields

    def of(self, name: str) -> list[dict[str, str]]:
        first = self._first.fullmatch(name)
        if first is None:
            return []
        values = "".join(f"\0{first[field] or ''}" for field in self._fields)
        other = self._other.fullmatch(f"{name}{values}\0") if self._fields else None
        ways = [match for match in (first, other) if match is not None]
        return [{k: v for k in self._fields if (v := match[k]) is not None} for match in ways]


def beside(root: Path, pattern: str | None, one: MatchedFile, key: str) -> Path | None:
    """The file that belongs to another one by the fields of its name; None where no pattern is given.

    Raises:
        BrainalignError: There is none, or more than one.
    """
    if pattern is None:
        return None
    fits = find(root, pattern, key, one.fields)
    if len(fits) != 1:
        told = "" if len(fits) < 2 else f" ({fits[0].path.name}, {fits[1].path.name})"
        raise BrainalignError(
            f"{one.path}: {len(fits)} files fit {key}={filled(pattern, one.fields)!r} under {root}{told}; one must."
        )
    return fits[0].path


def tables_beside(
    root: Path, one: MatchedFile, events: str | None, channels: str | None, electrodes: str | None
) -> tuple[Path | None, Path | None, Path | None]:
    """The tables of events, channels and electrodes that belong to a recording; None where no pattern is given.

    Raises:
        BrainalignError: Nothing, or more than one file, fits a pattern.
    """
    return (
        beside(root, events, one, "data.events_file"),
        beside(root, channels, one, "data.channels_file"),
        beside(root, electrodes, one, "data.electrodes_file"),
    )


def filled(pattern: str, fields: Mapping[str, str]) -> str:
    """A pattern with its fields filled in; those that are not given stay as ``*``, and a part in ``[ ]`` that needs one is left out.

    Example:
        >>> filled("sub-{subject}_run-{run}_events.tsv", {"subject": "01"})
        'sub-01_run-*_events.tsv'
        >>> filled("sub-{subject}[_run-{run}]_events.tsv", {"subject": "01"})
        'sub-01_events.tsv'
    """
    return re.sub(r"\{(\w+)\}", lambda m: fields.get(m[1], "*"), _without_missing(pattern, fields))


def fields_of(pattern: str) -> list[str]:
    """Names of a pattern's fields.

    Example:
        >>> fields_of("{split}/{stimulus}/resp")
        ['split', 'stimulus']
    """
    return list(dict.fromkeys(re.findall(r"\{(\w+)\}", pattern)))


def _regex(pattern: str, key: str, known: Mapping[str, str] | None, character: str) -> str:
    """A pattern as a regular expression, whose fields hold such characters."""
    out, seen, at, optional = "", set[str](), 0, False
    for field, start, text in _tokens(pattern):
        if start != at or (text in ("[", "]") and optional == (text == "[")):
            break
        at = start + len(text)
        if field and known is not None:
            out += re.escape(known[field]) if field in known else f"{character}*?"
        elif field and field in seen:
            out += f"(?P={field})"
        elif field:
            out += f"(?P<{field}>{character}+?)"
            seen.add(field)
        elif text in ("[", "]"):
            out, optional = out + ("(?:" if text == "[" else ")?"), text == "["
        else:
            out += {"**/": r"(?:[^\0]*/)?", "*": r"[^/\0]*?", "?": r"[^/\0]"}.get(text) or re.escape(text)
    if at != len(pattern) or not pattern or optional:
        raise BrainalignError(
            f"{key}={pattern!r} is no pattern of file names; fields are written {{name}}, as in sub-{{subject}}/run-{{run}}.npz, and what "
            "may be missing stands in [ ]."
        )
    return out


def _tokens(pattern: str) -> Iterator[tuple[str, int, str]]:
    for token in _TOKEN.finditer(pattern):
        yield token[1] or "", token.start(), token[0]


def _without_missing(pattern: str, fields: Mapping[str, str]) -> str:
    """Brackets are opened where their fields are given, and left out where they are not."""
    return re.sub(r"\[([^\[\]]*)\]", lambda m: m[1] if set(fields_of(m[1])) <= set(fields) else "", pattern)


def _literal_start(pattern: str) -> list[str]:
    parts = pattern.split("/")
    for n, part in enumerate(parts):
        if re.search(r"[{*?\[]", part):
            return parts[:n]
    return parts
