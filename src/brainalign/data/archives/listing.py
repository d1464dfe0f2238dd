"""Files of a public bucket, as Amazon's S3 lists them, and those of them that a reader needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from brainalign.data.archives.http import answer
from brainalign.data.card import DataCard, Place
from brainalign.data.files.patterns import Names
from brainalign.errors import BrainalignError, nearest

MD5 = re.compile(r"[0-9a-f]{32}")
"""What S3 calls the ETag is the file's MD5, unless the file was put there in parts (then it ends in their number)."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of an archive.

    Attributes:
        name: Below the data set's folder, with ``/``.
        url: Where it is.
        size: Bytes.
        checksum: ``md5:...``; None where the archive gives none.
        subject: Whose it is; None where it is of the whole set.
    """

    name: str
    url: str
    size: int
    checksum: str | None
    subject: str | None


def needed(name: str, card: DataCard, participants: str | None = None) -> list[RemoteFile]:
    """The files of a set that its reader needs.

    Args:
        name: Of the set.
        card: Of the set; it has places.
        participants: How many, the first ones (``3``), or which, by comma (``sub-01,sub-07``); None = all.

    Raises:
        BrainalignError: The archive does not answer, has not what the card names, or a participant is none of it.
    """
    files = [file for place in card.places or () for file in _matching(place)]
    everyone = sorted({file.subject for file in files if file.subject is not None})
    if not everyone:
        urls = " or ".join(f"{place.url}/{place.prefix}" for place in card.places or ())
        raise BrainalignError(
            f"{name}: nothing in {urls} has the names of card.places in conf/data/{name}.yaml; the archive has changed: see {card.home}."
        )
    chosen = everyone if participants is None else _chosen(name, participants, everyone)
    return [file for file in files if file.subject is None or file.subject in chosen]


def _chosen(name: str, participants: str, everyone: Sequence[str]) -> list[str]:
    """Those of the participants that were asked for."""
    if re.fullmatch(r"[1-9]\d*", participants):
        if int(participants) > len(everyone):
            raise BrainalignError(f"--participants={participants}: {name} has {len(everyone)}.")
        return list(everyone[: int(participants)])
    asked = [who.strip().removeprefix("sub-") for who in participants.split(",")]
    for who in asked:
        if who not in everyone:
            raise BrainalignError(
                f"--participants={participants}: {who!r} is no participant of {name}; {nearest(who, everyone)}. A number is how many, "
                "names are separated by commas (sub-01,sub-07)."
            )
    return asked


def _matching(place: Place) -> list[RemoteFile]:
    """The files of a place that fit its patterns."""
    patterns = [Names(pattern, "card.places.files") for pattern in place.files]
    starts = {re.split(r"[{*?\[]", pattern)[0] for pattern in place.files}
    shortest = [s for s in starts if not any(s != other and s.startswith(other) for other in starts)]
    out = []
    for start in sorted(shortest):
        for key, size, tag in _listed(place.url, place.prefix + start):
            name = key.removeprefix(place.prefix)
            fields = next((f for pattern in patterns if (f := pattern.fields(name)) is not None), None)
            if fields is not None:
                checksum = f"md5:{tag}" if MD5.fullmatch(tag) else None
                url = f"{place.url}/{quote(key)}"
                out.append(RemoteFile(_inside(name), url, size, checksum, fields.get("subject")))
    return out


def _inside(name: str) -> str:
    """A name that stays below the folder that it is put in."""
    if name.startswith("/") or ".." in name.split("/"):
        raise BrainalignError(
            f"the archive lists a file {name!r}, which would be written outside of the data set's folder."
        )
    return name


def _listed(url: str, prefix: str) -> Iterator[tuple[str, int, str]]:
    """Name, bytes and ETag of each file whose name begins so, a page of the listing at a time."""
    after: dict[str, str] = {}
    while True:
        asked = f"{url}?{urlencode({'list-type': 2, 'prefix': prefix, **after})}"
        try:
            page = ElementTree.fromstring(answer(asked).content)
        except ElementTree.ParseError as error:
            raise BrainalignError(f"{asked} did not answer with a list of files ({error}).") from error
        for entry in page.iterfind("{*}Contents"):
            key, size = entry.findtext("{*}Key", ""), int(entry.findtext("{*}Size", "0"))
            if not key.endswith("/"):
                yield key, size, entry.findtext("{*}ETag", "").strip('"')
        token = page.findtext("{*}NextContinuationToken")
        if not token:
            return
        after = {"continuation-token": token}
