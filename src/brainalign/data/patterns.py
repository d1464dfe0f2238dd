"""File names with fields: ``sub-{subject}/run-{run}.npz`` finds the files, and says of which participant and run each is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from brainalign.errors import BrainalignError

_TOKEN = re.compile(r"\{(\w+)\}|(\*\*/)|(\*)|(\?)|([^{}*?]+)")


@dataclass(frozen=True)
class Found:
    """A file that fits a pattern.

    Attributes:
        path: The file.
        fields: Field -> what stands in its place.
    """

    path: Path
    fields: dict[str, str]


def find(root: Path, pattern: str, key: str) -> list[Found]:
    """The files (or folders) under a root that fit a pattern, in the order of their names.

    A field ``{name}`` stands for any characters but ``/``, as few as fit; the same field twice must hold the same.
    ``*`` and ``?`` are as in a
    shell, and ``**/`` is any depth of folders. Capitals do not matter, because archives differ in them (``SA1.WAV``).

    Args:
        root: Where the pattern begins.
        pattern: With ``/`` between folders.
        key: The config's key that holds the pattern, for sentences.

    Raises:
        BrainalignError: The pattern does not parse.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> (root / "sub-01").mkdir()
        >>> (root / "sub-01" / "run-2.npz").touch()
        >>> [f.fields for f in find(root, "sub-{subject}/run-{run}.npz", "data.files")]
        [{'subject': '01', 'run': '2'}]
    """
    regex = compiled(pattern, key)
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
        match = regex.fullmatch(path.relative_to(root).as_posix())
        if match:
            found.append(Found(path, {k: v for k, v in match.groupdict().items() if v is not None}))
    return found


def compiled(pattern: str, key: str) -> re.Pattern[str]:
    """A pattern as a regular expression.

    Raises:
        BrainalignError: It holds a brace that belongs to no field.
    """
    out, seen, at = "", set[str](), 0
    for token in _TOKEN.finditer(pattern):
        if token.start() != at:
            break
        at = token.end()
        field, deep, star, one, text = token.groups()
        if field:
            out += f"(?P={field})" if field in seen else f"(?P<{field}>[^/]+?)"
            seen.add(field)
        else:
            out += r"(?:.*/)?" if deep else "[^/]*" if star else "[^/]" if one else re.escape(text)
    if at != len(pattern) or not pattern:
        raise BrainalignError(
            f"{key}={pattern!r} is no pattern of file names; fields are written {{name}}, as in sub-{{subject}}/run-{{run}}.npz."
        )
    return re.compile(out, re.IGNORECASE)


def filled(pattern: str, fields: dict[str, str]) -> str:
    """A pattern with its fields filled in; those that are not given stay as ``*``.

    Example:
        >>> filled("sub-{subject}_run-{run}_events.tsv", {"subject": "01"})
        'sub-01_run-*_events.tsv'
    """
    return re.sub(r"\{(\w+)\}", lambda m: fields.get(m[1], "*"), pattern)


def fields_of(pattern: str) -> list[str]:
    """Names of a pattern's fields.

    Example:
        >>> fields_of("{split}/{stimulus}/resp")
        ['split', 'stimulus']
    """
    return list(dict.fromkeys(re.findall(r"\{(\w+)\}", pattern)))


def _literal_start(pattern: str) -> list[str]:
    parts = pattern.split("/")
    for n, part in enumerate(parts):
        if re.search(r"[{*?]", part):
            return parts[:n]
    return parts
