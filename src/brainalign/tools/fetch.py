"""``brainalign-tools fetch``: a public data set from its archive, only what its reader needs; or an atlas by nilearn."""

from __future__ import annotations

import argparse
import errno
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from brainalign.counts import count
from brainalign.errors import BrainalignError, nearest
from brainalign.tools.stdout import as_size, write_line

if TYPE_CHECKING:
    from brainalign.data.archives.listing import RemoteFile
    from brainalign.data.card import DataCard

CITATION = "CITATION.bib"
SPARE = 2**28
"""Bytes of the disk that are left free."""


def fetch(name: str, folder: Path, participants: str | None = None, plan: bool = False) -> None:
    """Fetch a public data set; say first what it is, under which licence, and how large.

    Args:
        name: An option of ``conf/data`` whose card has places.
        folder: Where it goes: ``data.root``. What is there already is checked and kept.
        participants: How many, or which by comma; None = all.
        plan: Whether only to list.

    Raises:
        BrainalignError: It cannot be fetched; one sentence.
    """
    from brainalign.data.archives.download import download
    from brainalign.data.archives.listing import needed
    from brainalign.progress import track

    card = _card(name)
    files = needed(name, card, participants)
    missing = _missing(files, folder)
    people = sorted({f.subject for f in files if f.subject is not None})
    some = ", ".join(people[:5]) + (", ..." if len(people) > 5 else "")
    unchecked = sum(f.checksum is None for f in files)
    size, todo = as_size(sum(f.size for f in files)), as_size(sum(f.size for f in missing))
    write_line(f"{name}: {card.reference}")
    write_line(f"licence: {card.licence} (as its card says; the terms stand at {card.home})")
    write_line(f"{len(files)} file(s) of {count(len(people), 'participant')} ({some}), {size} in all")
    write_line(f"to fetch into {folder}: {len(missing)} file(s), {todo}")
    if unchecked:
        write_line(f"of {unchecked} file(s) the archive gives no checksum: their size is checked")
    if plan:
        for file in files:
            write_line(f"{as_size(file.size):>9}  {file.name}{'' if file in missing else '  (there)'}")
        return
    _check_space(missing, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _cite(card, folder)
        for file in track(missing, f"fetching {name}"):
            download(file, folder)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        todo = "make room and give the same command again: what was fetched is kept" if full else "choose another --to"
        raise BrainalignError(f"--to={folder} cannot be written ({error.strerror or error}); {todo}.") from error
    write_line(
        f"all there; cite {card.short} ({folder / CITATION}). Look at it: brainalign-tools validate data={name} data.root={folder}"
    )


def _card(name: str) -> DataCard:
    """The card of a set that can be fetched."""
    from brainalign.config.cards import data_cards

    cards = data_cards()
    can = [known for known, card in cards.items() if card.places]
    if name not in cards:
        raise BrainalignError(f"{name!r} is no public data set that brainalign knows; {nearest(name, can)}")
    if not cards[name].places:
        raise BrainalignError(
            f"{name} is not fetched by brainalign: get it from its home, {cards[name].home} (licence: {cards[name].licence}). "
            f"Those that are fetched: {', '.join(can)}."
        )
    return cards[name]


def _missing(files: Sequence[RemoteFile], folder: Path) -> list[RemoteFile]:
    """Those that are not there; one that is there with another content is somebody's, and nothing is written over it."""
    import pooch

    out = []
    for file in files:
        there = folder / file.name
        if not there.exists():
            if there.is_symlink():
                raise BrainalignError(
                    f"{there} is a link to nothing, as git-annex leaves it; get it there, or choose another --to."
                )
            out.append(file)
            continue
        same = there.is_file() and there.stat().st_size == file.size
        if same and file.checksum is not None:
            same = pooch.file_hash(str(there), alg="md5") == file.checksum.removeprefix("md5:")
        if not same:
            raise BrainalignError(
                f"{there} is not the file of the archive ({file.url}, {file.size} bytes); move it away, or choose another --to: "
                "nothing is written over it."
            )
    return out


def _check_space(missing: Sequence[RemoteFile], folder: Path) -> None:
    """Refuse to begin what the disk cannot hold."""
    place = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    parts = [folder / f"{file.name}.part" for file in missing]
    need = sum(f.size for f in missing) - sum(p.stat().st_size for p in parts if p.exists())
    free = shutil.disk_usage(place).free
    if need + SPARE > free:
        raise BrainalignError(
            f"--to={folder}: {as_size(need)} are to be fetched, and {as_size(free)} are free there; make room, choose another "
            "place, or fewer --participants."
        )


def _cite(card: DataCard, folder: Path) -> None:
    """Leave the paper's entry beside the data."""
    from brainalign.citations import write_references

    if not (folder / CITATION).exists():
        write_references(folder / CITATION, [card.reference])


def _fetch(arguments: argparse.Namespace) -> None:
    from brainalign.data.atlas.published import fetch_atlas, is_published

    if is_published(arguments.name):
        arguments.to.mkdir(parents=True, exist_ok=True)
        write_line(f"there: data.atlas={fetch_atlas(arguments.name, arguments.to)}")
        return
    fetch(arguments.name, arguments.to, arguments.participants, arguments.plan)


def add_fetch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``fetch``.

    Args:
        commands: Of the command line.
    """
    parser = commands.add_parser("fetch", help="a public data set from its archive: fetch podcast_ecog --to FOLDER")
    parser.add_argument(
        "name", help="as in data=NAME; brainalign-tools data lists them; or an atlas, as in data.atlas=NAME"
    )
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where it goes: data.root")
    parser.add_argument(
        "--participants", metavar="N|NAMES", help="how many (3), or which (sub-01,sub-07); by default all"
    )
    parser.add_argument("--plan", action="store_true", help="only list what would be fetched")
    parser.set_defaults(do=_fetch)
