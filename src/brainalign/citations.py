"""The papers that a run's methods name, as a BibTeX file beside its report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

FILE = "references.bib"
"""Of every run, and of the package, whose entries are all that can be cited."""


@cache
def library() -> Mapping[str, str]:
    """Citation as it stands in a text, such as ``Sahani and Linden 2003``, to its BibTeX entry.

    Example:
        >>> "Holm 1979" in library(), "Crosse et al. 2016" in library()
        (True, True)
    """
    text = files("brainalign").joinpath(FILE).read_text(encoding="utf-8")
    return {citation(entry): entry.strip() for entry in re.split(r"\n(?=@)", text)}


def citation(entry: str) -> str:
    r"""How a text cites an entry: one or two family names, or the first one et al., and the year.

    Args:
        entry: In BibTeX, a field a line.

    Example:
        >>> citation("@misc{x,\n  author = {Roe, Jane and Doe, John},\n  year = {2001}\n}")
        'Roe and Doe 2001'
    """
    authors, year = _field(entry, "author"), _field(entry, "year")
    names = [name.split(",")[0].strip("{} ") for name in authors.split(" and ")]
    who = names[0] + (" et al." if len(names) > 2 or names[-1] == "others" else "".join(f" and {n}" for n in names[1:]))
    return f"{who} {year}"


def cited(texts: Iterable[str]) -> list[str]:
    """The entries that texts cite, each once, in the order of the package's file.

    Args:
        texts: Such as a run's methods.

    Example:
        >>> len(cited(["corrected by Holm's procedure (Holm 1979)", "nothing (Holm 1979)"]))
        1
    """
    whole = "\n".join(texts)
    return [entry for key, entry in library().items() if re.search(rf"(?<!\w){re.escape(key)}(?!\w)", whole)]


def write_references(path: Path, texts: Iterable[str]) -> None:
    """Write the entries that texts cite.

    Args:
        path: Of the file.
        texts: Such as a run's methods.
    """
    path.write_text("\n\n".join(cited(texts)) + "\n", encoding="utf-8")


def _field(entry: str, name: str) -> str:
    found = re.search(rf"^\s*{name} = \{{(.*)\}},?$", entry, re.MULTILINE)
    if found is None:
        raise ValueError(f"{FILE}: an entry has no {name}: {entry.splitlines()[0]}")
    return found[1]
