"""One file over HTTP: gone on with where it was cut, its size and checksum held against the archive's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.data.archives.http import TRIES, answer, cause_of
from brainalign.errors import BrainalignError
from brainalign.progress import track

if TYPE_CHECKING:
    from brainalign.data.archives.listing import RemoteFile

PIECE = 2**20
"""Bytes that are written at a time: a step of the progress bar."""


def download(file: RemoteFile, folder: Path) -> None:
    """Fetch a file into a folder. What was fetched of it before it was cut is kept beside it (``.part``) and gone on with.

    Args:
        file: Of an archive.
        folder: Of the data set.

    Raises:
        BrainalignError: It cannot be had, or is not what the archive lists.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # the bar says what is being fetched

    def go_on(url: str, made: str, _: Any) -> None:
        part = folder / f"{file.name}.part"
        _complete(url, part, file)
        part.replace(made)

    store = pooch.create(folder, base_url="", registry={file.name: file.checksum}, urls={file.name: file.url})
    try:
        store.fetch(file.name, downloader=go_on)
    except BrainalignError:
        raise
    except ValueError as error:  # pooch's word for another checksum
        raise BrainalignError(
            f"{file.url}: the checksum of what came is not the archive's ({file.checksum}), so it was not kept: give the command again."
        ) from error


def _complete(url: str, part: Path, file: RemoteFile) -> None:
    """Fetch what is missing of a file."""
    import requests

    if part.exists() and part.stat().st_size > file.size:
        part.unlink()  # of another version
    for n in range(TRIES):
        have = part.stat().st_size if part.exists() else 0
        if part.exists() and have >= file.size:
            break
        found = answer(url, stream=True, headers={"Range": f"bytes={have}-"} if have else {})
        mode = "ab" if found.status_code == 206 else "wb"  # a server that knows no ranges sends the whole
        pieces = found.iter_content(PIECE)
        try:
            with part.open(mode) as out, found:
                for piece in track(pieces, f"{Path(file.name).name} (MiB)", -(-(file.size - have) // PIECE)):
                    out.write(piece)
        except requests.RequestException as error:
            if n == TRIES - 1:
                raise BrainalignError(
                    f"{url} was cut after {part.stat().st_size} of {file.size} bytes ({cause_of(error)}), which are kept: give the same "
                    "command again, and it goes on."
                ) from error
            time.sleep(n)
    size = part.stat().st_size
    if size != file.size:
        part.unlink()
        raise BrainalignError(
            f"{url}: {size} bytes came, the archive lists {file.size}; they were not kept. Give the same command again."
        )
