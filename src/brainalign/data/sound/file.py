"""A sound file as it is, not as its header says: cut copies, streamed files and mp3 without a count tell another length than they hold."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.data.files.reading import reading
from brainalign.data.sound.mp3 import counted_mp3, frames_of_mp3
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    import soundfile

SLACK = 0.1
"""Seconds by which the length that is stated and what is there may differ unsaid: encoders of mp3 pad a beginning and an end."""

SOUND = "sound (wav, flac, ogg or mp3)"
RATES = range(1_000, 1_000_001)
"""Samples per second that a sound can have; others stand in damaged headers, and resampling from 2 GHz would fill the memory."""

_BLOCK = 256
"""Samples read at a time where a file is damaged; as many may be lost at its end."""
_STREAMED = 0x7FFFF000
"""Sizes of a WAV from here on are written by programs that cannot know them."""


@dataclass(frozen=True)
class SoundLength:
    """How long a sound file is.

    Attributes:
        frames: Samples a channel that can be read.
        rate: Samples per second.
        stated: Seconds that the header says; None where it says nothing.
    """

    frames: int
    rate: int
    stated: float | None

    @property
    def seconds(self) -> float:
        """Length of what can be read."""
        return self.frames / self.rate

    def note(self, name: str) -> str | None:
        """A sentence where the header is wrong, else None."""
        if self.stated is None or abs(self.stated - self.seconds) <= SLACK:
            return None
        return f"{name}: its header says {self.stated:.3f} s, but {self.seconds:.3f} s of sound were read; these count."


def sound_length(path: Path) -> SoundLength:
    """Length of a file; its end is read, and all of it where the header is wrong.

    Raises:
        BrainalignError: It cannot be read.
    """
    with reading(path, SOUND):
        state = path.stat()
    return _measured(path, state.st_mtime_ns, state.st_size)


def read_sound(path: Path) -> tuple[NDArray[np.float64], int]:
    """(n, channels) samples and their rate.

    Raises:
        BrainalignError: It cannot be read.
    """
    length = sound_length(path)
    with _opened(path) as file:
        if file.frames == length.frames:
            return file.read(dtype="float64", always_2d=True), file.samplerate
        blocks = list(_blocks(file))
        return np.concatenate(blocks) if blocks else np.zeros((0, file.channels)), file.samplerate


def check_rate(rate: int, path: Path) -> None:
    """Refuse a header's rate that no sound has.

    Raises:
        BrainalignError: It is such.
    """
    if rate not in RATES:
        raise BrainalignError(
            f"{path} says that it has {rate} samples a second; a sound has {RATES[0]} to {RATES[-1]}, so its header is damaged."
        )


@lru_cache(maxsize=4096)
def _measured(path: Path, changed: int, size: int) -> SoundLength:
    with _opened(path) as file:
        stated = _stated(path, file)
        if _ends(file):
            return SoundLength(file.frames, file.samplerate, stated)
    with _opened(path) as file:  # anew: a seek that failed leaves the decoder lost
        return SoundLength(sum(len(b) for b in _blocks(file)), file.samplerate, stated)


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    import soundfile

    with reading(path, SOUND), soundfile.SoundFile(_mended(path) or str(path)) as file:
        check_rate(file.samplerate, path)
        yield file


def _mended(path: Path) -> io.BytesIO | None:
    """The file with a header that says what it holds; None where the own one does, or nothing is known of the format."""
    ending = path.suffix.lower()
    if ending == ".mp3":
        content = path.read_bytes()
        found = frames_of_mp3(content)
        if found is None or (found.stated and abs(found.seconds - _seconds(path)) <= SLACK):
            return None
        return io.BytesIO(counted_mp3(content, found))
    if ending == ".wav" and (place := _wav_data(path)) is not None:
        at, size, rest, more = place
        if rest > size and not more:
            whole = path.read_bytes()
            return io.BytesIO(whole[: at - 4] + struct.pack("<I", min(rest, 0xFFFFFFFF)) + whole[at:])
    return None


def _seconds(path: Path) -> float:
    import soundfile

    info = soundfile.info(str(path))
    return float(info.frames / info.samplerate)


def _stated(path: Path, file: soundfile.SoundFile) -> float | None:
    """Seconds that the header itself says; libsndfile corrects some of them."""
    ending, seconds = path.suffix.lower(), float(file.frames / file.samplerate)
    if ending == ".mp3":
        return _seconds(path)
    if ending == ".wav" and (place := _wav_data(path)) is not None:
        _, size, rest, more = place
        if size == 0 or size >= _STREAMED or rest == 0:
            return None
        return seconds if more and size <= rest else seconds * size / rest  # more: what stands behind is no sound
    return seconds if file.frames < 1 << 48 else None


def _wav_data(path: Path) -> tuple[int, int, int, bool] | None:
    """Where a WAV's samples begin, the bytes that it says, those that follow, and whether other chunks stand behind what it says."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        while len(chunk := file.read(8)) == 8:
            size = struct.unpack("<I", chunk[4:])[0]
            if chunk[:4] == b"data":
                at = file.tell()
                rest = path.stat().st_size - at
                file.seek(at + size + size % 2)
                behind = file.read(8)
                more = rest - size < 2 or (
                    len(behind) == 8 and behind[:4].isascii() and behind[:4].decode().isprintable()
                )
                return at, size, rest, more and size > 0
            file.seek(size + size % 2, 1)
    return None


def _ends(file: soundfile.SoundFile) -> bool:
    """Whether the last sample that the header promises is there."""
    import soundfile

    if file.frames == 0:
        return True
    try:
        file.seek(file.frames - 1)
        return len(file.read(1)) == 1
    except soundfile.LibsndfileError:
        return False


def _blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float64]]:
    """What can be read, until the file ends or its rest is damaged."""
    import soundfile

    while True:
        try:
            block = file.read(_BLOCK, dtype="float64", always_2d=True)
        except soundfile.LibsndfileError:
            return
        if not len(block):
            return
        yield block
