"""Audio of a stimulus: a file or samples, read when asked for, always handed out as 16 kHz mono."""

from __future__ import annotations

import hashlib
import io
import logging
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainalign.data.files.reading import reading
from brainalign.data.sound.channels import channel_difference, check_channel, one_channel
from brainalign.data.sound.file import check_rate, read_sound, sound_length
from brainalign.errors import BrainalignError

RATE = 16_000
"""Samples per second of every waveform handed to a feature extractor."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Audio:
    """A waveform, held in memory (``samples``) or on disk (``path``).

    Attributes:
        path: A file that libsndfile reads (wav, flac, ogg), or None; a string becomes a ``Path``.
        samples: (n,) mono waveform in [-1, 1] at ``rate``, or None.
        rate: Sampling rate of ``samples`` in Hz; a file's own rate is read from its header.
        channel: Of a file with several: ``mean``, ``left``, ``right``, or a number from 1.

    Example:
        >>> Audio(samples=np.zeros(32_000, dtype=np.float32)).duration
        2.0
    """

    path: Path | None = None
    samples: NDArray[np.float32] | None = None
    rate: int = RATE
    channel: str = "mean"

    def __post_init__(self) -> None:
        if self.path is not None:
            object.__setattr__(self, "path", Path(self.path))

    @property
    def duration(self) -> float:
        """Length in seconds of what can be read; a file's header is believed where its last sample is there."""
        if self.samples is not None:
            return len(self.samples) / self.rate
        if _is_array(self.path):
            values, rate = _array(self.path)
            return len(values) / rate
        assert self.path is not None
        return sound_length(self.path).seconds

    @property
    def native_rate(self) -> int:
        """Samples per second of the sound itself."""
        if self.samples is not None:
            return self.rate
        assert self.path is not None
        return _array(self.path)[1] if _is_array(self.path) else sound_length(self.path).rate

    @property
    def header_note(self) -> str | None:
        """A sentence where a file holds another length than its header says, else None."""
        if self.path is None or _is_array(self.path):
            return None
        return sound_length(self.path).note(self.path.name)

    def load(self) -> NDArray[np.float32]:
        """Read the waveform as 16 kHz mono; other rates are resampled (polyphase), of several channels ``channel`` is taken.

        Returns:
            (n,) float32 samples at 16 kHz.

        Raises:
            BrainalignError: The file is unreadable, empty or holds a value that is no number.
        """
        if self.samples is not None:
            samples, rate = np.asarray(self.samples, dtype=np.float64), self.rate
        elif _is_array(self.path):
            samples, rate = _array(self.path)
        else:
            assert self.path is not None
            samples, rate = read_sound(self.path)
        name = str(self.path) if self.path else "in memory"
        samples = one_channel(samples, self.channel, name)
        if len(samples) == 0:
            raise BrainalignError(f"audio {name} is empty (0 samples); a stimulus needs sound or no audio at all.")
        if not np.isfinite(samples).all():
            raise BrainalignError(f"audio {name} holds NaN or infinite samples; it must be finite.")
        if rate != RATE:
            from scipy.signal import resample_poly

            log.info("audio %s is resampled from %d Hz to %d Hz", name, rate, RATE)
            common = gcd(RATE, int(rate))
            samples = resample_poly(samples, RATE // common, int(rate) // common)
        return samples.astype(np.float32)

    def unlike_channels(self) -> str | None:
        """How the channels of a file differ, in words; None where there is one, or where all hold the same.

        Raises:
            BrainalignError: The file has no such ``channel``, or cannot be read.
        """
        if self.path is None:
            return None
        if _is_array(self.path):
            samples = _array(self.path)[0]
        else:
            import soundfile

            check_channel(self.channel, channels := soundfile.info(str(self.path)).channels, str(self.path))
            if channels == 1:
                return None
            samples = read_sound(self.path)[0]
        check_channel(self.channel, samples.shape[1] if samples.ndim > 1 else 1, str(self.path))
        return channel_difference(samples)

    def digest(self) -> str:
        """SHA-256 of the file's bytes (and of the channel that is chosen), or of the samples and their rate."""
        if self.path is not None:
            chosen = b"" if self.channel == "mean" else self.channel.encode()
            return hashlib.sha256(Path(self.path).read_bytes() + chosen).hexdigest()
        assert self.samples is not None
        data = np.ascontiguousarray(self.samples, dtype=np.float32).tobytes()
        return hashlib.sha256(str(self.rate).encode() + data).hexdigest()


ARRAYS = (".npz", ".npz.gz")
"""Endings of sound that is kept as arrays ``audio`` and ``fs`` (SparrKULee)."""


def _is_array(path: Path | None) -> bool:
    return path is not None and path.name.endswith(ARRAYS)


def _array(path: Path | None) -> tuple[NDArray[np.float64], int]:
    """(n, channels) sound and its samples per second."""
    assert path is not None
    import gzip

    with reading(path, "sound: arrays 'audio' and 'fs' are needed"):
        content = io.BytesIO(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
        with np.load(content, allow_pickle=False) as file:
            samples, rate = np.asarray(file["audio"], dtype=np.float64), int(file["fs"])
    check_rate(rate, path)
    if samples.ndim not in (1, 2):
        raise BrainalignError(
            f"audio file {path}: 'audio' has shape {samples.shape}; (samples,) or (samples, channels) is needed."
        )
    if samples.ndim == 2 and samples.shape[0] < samples.shape[1]:
        samples = samples.T
    return samples, rate
