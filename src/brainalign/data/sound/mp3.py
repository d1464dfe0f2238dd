"""The frames of an mp3: where a file does not count them itself, decoders guess its length from the first.

Header and side information: ISO/IEC 11172-3 and 13818-3 (layer III); the count of frames: Xing's header, as LAME writes it.
"""

from __future__ import annotations

from dataclasses import dataclass

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # MPEG 1, 2, 2.5
_KBPS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)


@dataclass(frozen=True)
class Mp3Frames:
    """The frames of sound.

    Attributes:
        first: Where the first begins, in bytes.
        count: How many there are.
        seconds: Their length.
        stated: Whether a frame before them counts them.
    """

    first: int
    count: int
    seconds: float
    stated: bool


def frames_of_mp3(content: bytes) -> Mp3Frames | None:
    """Walk through a file; None where it is no plain layer III from its first frame on."""
    at = 0
    if content[:3] == b"ID3" and len(content) > 10:
        size = content[6:10]
        at = 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    while at < len(content) and content[at] == 0:
        at += 1  # padding behind a tag
    found = _frame(content, at)
    if found is None:
        return None
    stated = _counts(content, at)
    if stated:
        at += found[0]  # holds the count, and no sound
    first, count, seconds = at, 0, 0.0
    while (frame := _frame(content, at)) is not None and at + frame[0] <= len(content):
        count, seconds, at = count + 1, seconds + frame[1], at + frame[0]
    return Mp3Frames(first, count, seconds, stated) if count else None


def counted_mp3(content: bytes, frames: Mp3Frames) -> bytes:
    """The same sound behind a frame that counts it."""
    head = bytearray(content[frames.first : frames.first + 4])
    head[1] |= 1  # no checksum
    head[2] = 0x50 | (head[2] & 0x0F)  # of a bit rate with room for the count
    found = _frame(head, 0)
    assert found is not None
    head += bytes(found[0] - 4)
    place = 4 + _side(content, frames.first)
    head[place : place + 12] = b"Xing" + (1).to_bytes(4, "big") + frames.count.to_bytes(4, "big")
    return bytes(head) + content[frames.first :]


def _side(content: bytes, at: int) -> int:
    """Bytes of side information behind the header."""
    version, mono = content[at + 1] >> 3 & 3, content[at + 3] >> 6 == 3
    return (17 if mono else 32) if version == 3 else (9 if mono else 17)


def _counts(content: bytes, at: int) -> bool:
    place = at + 4 + _side(content, at)
    return content[place : place + 4] in (b"Xing", b"Info") or content[at + 36 : at + 40] == b"VBRI"


def _frame(content: bytes | bytearray, at: int) -> tuple[int, float] | None:
    """Bytes and seconds of the frame at a place; None where there is none."""
    if at + 4 > len(content) or content[at] != 0xFF or content[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = content[at + 1] >> 3 & 3, content[at + 1] >> 1 & 3
    rate, kbps = content[at + 2] >> 2 & 3, content[at + 2] >> 4
    if version == 1 or layer != 1 or rate == 3 or kbps in (0, 15):
        return None
    hertz, samples = _RATES[version][rate], 1152 if version == 3 else 576
    size = samples // 8 * 1000 * _KBPS[version != 3][kbps] // hertz + (content[at + 2] >> 1 & 1)
    return (size, samples / hertz) if size > 20 else None
