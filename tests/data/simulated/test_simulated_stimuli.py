"""Sentences, timing, sound and word vectors of the simulator."""

import numpy as np
import pytest

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated import simulate
from brainalign.data.simulated.grammar import sentences
from brainalign.data.simulated.lexicon import CLASSES, PRONUNCIATION
from brainalign.data.simulated.phones import PHONES
from brainalign.data.simulated.vectors import word_vectors, write_vectors


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return simulate(subjects=1, electrodes=5, sentences=60, repeated=0, cache_dir=tmp_path_factory.mktemp("vectors"))


def test_the_lexicon_is_whole():
    assert 150 <= len(PRONUNCIATION) <= 250
    assert sum(len(c) for c in CLASSES.values()) == len(PRONUNCIATION)  # no word in two classes
    assert {p for word in PRONUNCIATION.values() for p in word} == set(PHONES)
    assert all(p.voicing > 0 or p.noise[2] > 0 for p in PHONES.values())
    vectors = [tuple(p.vector) for p in PHONES.values()]
    assert sum(sum(v) == 0 for v in vectors) == 0 and len(set(vectors)) > 25


def test_sentences_differ_and_have_five_to_nine_words():
    drawn = sentences(300, np.random.default_rng(0))
    assert len(set(drawn)) == 300
    assert {len(s) for s in drawn} == {5, 6, 7, 8, 9}
    assert len({w for s in drawn for w in s}) > 200


def test_phones_tile_words_and_words_follow_each_other(data):
    paused = 0
    for stimulus in data.stimuli.values():
        words, phones = stimulus.words, stimulus.phones
        for table in (words, phones):
            assert (table["onset"] < table["offset"]).all()
            assert (table["onset"].to_numpy()[1:] >= table["offset"].to_numpy()[:-1]).all()
        assert words["onset"].iloc[0] > 0 and words["offset"].iloc[-1] < stimulus.duration
        said = 0
        for word, onset, offset in words.itertuples(index=False):
            part = phones[(phones["onset"] >= onset) & (phones["offset"] <= offset)]
            said += len(part)
            assert tuple(part["phone"]) == PRONUNCIATION[word]
            edges = part[["onset", "offset"]].to_numpy()
            assert edges[0, 0] == onset and edges[-1, 1] == offset
            assert (edges[1:, 0] == edges[:-1, 1]).all()
        assert said == len(phones)
        paused += int((words["onset"].to_numpy()[1:] > words["offset"].to_numpy()[:-1]).any())
    assert 5 < paused < 55  # some sentences have a pause, others have none


def test_sound_is_finite_bounded_and_as_long_as_the_stimulus(data):
    for stimulus in data.stimuli.values():
        sound = stimulus.audio.load()
        assert np.isfinite(sound).all() and 0.5 < np.abs(sound).max() <= 1
        assert len(sound) == round(stimulus.duration * 16_000)
        assert stimulus.audio.duration == stimulus.duration
        assert data.latents["acoustic"][stimulus.id].shape == (FrameGrid.speech(stimulus.duration).n, 6)


def mean_spectrum(data, phone):
    """Power on 0..8 kHz of the middle 30 ms of each such phone."""
    total = np.zeros(241)
    for stimulus in data.stimuli.values():
        for name, onset, offset in stimulus.phones.itertuples(index=False):
            if name == phone:
                middle = round((onset + offset) / 2 * 16_000)
                part = stimulus.audio.samples[middle - 240 : middle + 240] * np.hanning(480)
                total += np.abs(np.fft.rfft(part)) ** 2 / (part**2).sum()
    assert total.any(), f"no {phone} in these sentences"
    return np.fft.rfftfreq(480, 1 / 16_000), total


def test_sound_carries_the_phones(data):
    """Formants where the table puts them, friction high up, silence quiet."""
    for high, low in (("IY", "AA"), ("IY", "ER")):  # F2 of IY is far above the others'
        frequency, front = mean_spectrum(data, high)
        _, back = mean_spectrum(data, low)
        band = (frequency > 1900) & (frequency < 2900)
        below = (frequency > 900) & (frequency < 1800)
        assert front[band].sum() / front[below].sum() > 3 * back[band].sum() / back[below].sum()
    frequency, friction = mean_spectrum(data, "S")
    assert friction[frequency > 4000].sum() > 0.8 * friction.sum()
    for stimulus in data.stimuli.values():
        sound = stimulus.audio.samples
        first = round(stimulus.words["onset"].iloc[0] * 16_000)
        assert sound[:first].std() < 0.05 * sound.std()


def test_the_vectors_file_is_gloves_format_and_holds_the_lexicon(data):
    lines = [line.split(" ") for line in open(data.vectors, encoding="utf-8").read().splitlines()]  # noqa: PTH123, SIM115
    assert "seed0" in data.vectors
    assert [line[0] for line in lines] == [w for c in CLASSES.values() for w in c]
    vectors = word_vectors(0)
    for word, *numbers in lines:
        assert np.array_equal(np.array(numbers, dtype=float), vectors[word])


def test_rewriting_the_vectors_leaves_no_other_file(tmp_path):
    paths = {
        simulate(subjects=1, electrodes=5, sentences=6, repeated=0, seed=s, cache_dir=tmp_path / "new").vectors
        for s in (0, 0, 3)
    }
    assert sorted(str(p) for p in (tmp_path / "new").iterdir()) == sorted(paths) and len(paths) == 2


def test_words_of_a_class_lie_together():
    vectors = word_vectors(0)
    stack = {c: np.stack([vectors[w] for w in words]) for c, words in CLASSES.items()}
    within = np.mean([v.var(axis=0, ddof=1).mean() for c, v in stack.items() if c != "conj"])
    assert within < 0.95 * np.concatenate(list(stack.values())).var(axis=0).mean()


def test_the_vectors_file_is_written_where_it_is_missing_or_says_something_else(tmp_path, monkeypatch):
    """A cache that holds it may be read-only."""
    path = write_vectors(word_vectors(0), 0, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-2])
    assert write_vectors(word_vectors(0), 0, tmp_path).read_bytes() == content
    made = path.stat()
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: pytest.fail("it is there already"))
    assert write_vectors(word_vectors(0), 0, tmp_path) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
