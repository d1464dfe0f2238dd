"""Sound files whose headers say another length than they hold."""

import struct

import numpy as np
import pytest
import soundfile

from brainalign.data.sound.audio import Audio
from brainalign.data.sound.file import sound_length
from brainalign.data.sound.mp3 import frames_of_mp3

RATE, SECONDS, CLICK = 16_000, 12, 8


def noise():
    x = 0.02 * np.random.default_rng(0).standard_normal(RATE * SECONDS)
    x[: RATE * 6] = 0  # a decoder that guesses from the first frames of a variable bit rate is far off
    x[RATE * CLICK : RATE * CLICK + 60] += 0.8
    return x


FORMATS = {
    "wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"), "aiff": ("AIFF", "PCM_16"), "w64": ("W64", "PCM_16"),
}  # fmt: skip


def written(folder, ending, **options):
    path = folder / f"s.{ending}"
    soundfile.write(path, noise(), RATE, format=FORMATS[ending][0], subtype=FORMATS[ending][1], **options)
    return path


@pytest.mark.parametrize("ending", FORMATS)
def test_whole_files_say_nothing_and_hold_what_they_say(tmp_path, ending):
    audio = Audio(path=written(tmp_path, ending))
    assert Audio(str(audio.path)) == audio  # a notebook gives strings
    assert audio.header_note is None
    assert audio.duration == pytest.approx(SECONDS, abs=0.01) and audio.native_rate == RATE
    x = audio.load()
    assert len(x) / RATE == pytest.approx(audio.duration, abs=1e-4)
    assert np.abs(x).argmax() / RATE == pytest.approx(CLICK, abs=0.01)


@pytest.mark.parametrize("ending", FORMATS)
def test_cut_files_are_as_long_as_what_is_read(tmp_path, ending):
    path = written(tmp_path, ending)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    audio = Audio(path=path)
    assert 2 < audio.duration < SECONDS - 1
    assert len(audio.load()) / RATE == pytest.approx(audio.duration, abs=1e-4)
    if ending in ("wav", "flac", "mp3"):  # libsndfile tells the others by what is there
        assert audio.header_note.startswith(f"s.{ending}: its header says 12.0")


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
def test_an_mp3_that_does_not_count_its_frames(tmp_path, mode):
    path = written(tmp_path, "mp3", bitrate_mode=mode, compression_level=0.5)
    content = path.read_bytes()
    found = frames_of_mp3(content)
    assert found.stated and found.seconds == pytest.approx(SECONDS, abs=0.15)
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
    path.write_bytes(tag + content[found.first :])
    guessed = soundfile.info(path)
    audio = Audio(path=path)
    assert audio.duration == pytest.approx(found.seconds, abs=0.05) and len(audio.load()) / RATE == pytest.approx(
        audio.duration, abs=1e-4
    )
    assert np.abs(audio.load()).argmax() / RATE == pytest.approx(CLICK, abs=0.1)
    far = abs(guessed.frames / RATE - SECONDS) > 0.5
    assert far == (mode == "VARIABLE") == (audio.header_note is not None)


@pytest.mark.parametrize("size", [0, 1000, 0xFFFFFFFF, 0x7FFFF024])
def test_a_wav_of_a_stream_or_a_crash(tmp_path, size):
    """A recorder that was killed, or ffmpeg into a pipe: the size of the data is not what follows."""
    path = written(tmp_path, "wav")
    content = bytearray(path.read_bytes())
    at = content.find(b"data") + 4
    content[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(bytes(content))
    audio = Audio(path=path)
    assert audio.duration == SECONDS == len(audio.load()) / RATE
    assert (audio.header_note is not None) == (size == 1000)


def test_chunks_behind_the_samples_are_no_sound(tmp_path):
    path = written(tmp_path, "wav")
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 2000) + b"INFO" + bytes(1996))
    assert sound_length(path).frames == RATE * SECONDS and sound_length(path).note("s") is None


@pytest.mark.parametrize("told", [0, 60])
def test_a_flac_that_does_not_know_its_length(tmp_path, told):
    path = written(tmp_path, "flac")
    content = bytearray(path.read_bytes())
    info = int.from_bytes(content[18:26], "big") >> 36 << 36 | told * RATE
    content[18:26] = info.to_bytes(8, "big")
    path.write_bytes(bytes(content))
    audio = Audio(path=path)
    assert audio.duration == pytest.approx(SECONDS, abs=0.02) == len(audio.load()) / RATE
    assert (audio.header_note is not None) == (told == 60)
