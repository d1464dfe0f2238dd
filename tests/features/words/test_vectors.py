"""Word vectors: every line is parsed, the first bad one is named; words are looked up, unknown ones counted."""

import logging

import numpy as np
import pandas as pd
import pytest

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.words.vector_files import read_vectors
from brainalign.features.words.vectors import WordFrequency, WordVectors


def said(*words, name="s1"):
    n = len(words)
    return Stimulus(
        name, n + 1.0, pd.DataFrame({"word": words, "onset": np.arange(n) * 1.0, "offset": np.arange(n) + 0.5})
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.txt"
    path.write_text("the 0.5 1\ncat -1e-2 2\nAlice 3 4\nalice 5 6\n", encoding="utf-8")
    return path


def test_words_are_found_as_written_then_in_lower_case(file):
    rows = dict(WordVectors(file).extract([said("The", "cat ", "Alice", "ALICE")]))["s1"][0]
    assert rows.values.dtype == np.float64  # few columns: measures; the cache rounds them where nothing is lost
    assert np.allclose(rows.values, [[0.5, 1], [-0.01, 2], [3, 4], [5, 6]])
    assert rows.onset.tolist() == [0, 1, 2, 3] and rows.offset.tolist() == [0.5, 1.5, 2.5, 3.5]


def test_unknown_words_are_zero_named_and_counted(file, caplog):
    with caplog.at_level(logging.WARNING):
        rows = dict(WordVectors(file).extract([said("the", "snark"), said("snark", "boojum", name="s2")]))
    assert rows["s1"][0].values.tolist() == [[0.5, 1.0], [0.0, 0.0]]
    assert not rows["s2"][0].values.any()
    assert "3 of 4 words have no vector" in caplog.text and "2 distinct" in caplog.text and "'snark'" in caplog.text


def test_no_known_word_at_all_is_refused(file):
    with pytest.raises(BrainalignError, match=r"none of the 2 words.*'der'"):
        list(WordVectors(file).extract([said("der", "hund")]))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("the 1 2\ncat 1 x\n", 2, "'x'"),
        ("the 1 2\ncat 1\n", 2, "1 numbers where line 1 has 2"),
        ("the 1 2\ncat 1 2 3\n", 2, "3 numbers where line 1 has 2"),
        ("the 1 2\n\ncat 1 2\n", 2, "no word followed by numbers"),
        ("the 1 2\ncat 1 nan\n", 2, "'nan'"),
        ("the 1 2\ncat inf 1\n", 2, "'inf'"),
        ("the 1 2\nlast  1\n", 2, "''"),
        ("2446 50\nthe 1 2\n", 2, "2 numbers where the header says 50"),
        ("2 2\nthe 1 2\ncat 1 2 3\n", 3, "3 numbers where the header says 2"),
        ("the\n", 1, "no word followed by numbers"),
    ],
)
def test_the_first_bad_line_is_named(tmp_path, text, line, what):
    path = tmp_path / "bad.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BrainalignError) as caught:
        WordVectors(path).check(said("the"))
    assert f"{path}, line {line}: " in str(caught.value) and what in str(caught.value)


def test_bytes_that_are_no_utf8_are_named(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"the 1 2\ncaf\xe9 1 2\n")
    with pytest.raises(BrainalignError, match=r"line 2: byte 4 is not UTF-8"):
        read_vectors(path)


def test_words_with_spaces_and_odd_line_ends_are_read(tmp_path):
    path = tmp_path / "odd.txt"
    path.write_bytes("the 1 2 \r\n. . . 3 4\nat name@x.org 5 6\n\x85 7 8\nthe 9 9".encode())
    found = read_vectors(path)
    assert {k: v.tolist() for k, v in found.items()} == {
        "the": [1, 2],
        ". . .": [3, 4],
        "at name@x.org": [5, 6],
        "\x85": [7, 8],
    }


def test_missing_and_empty_files_are_named(tmp_path):
    with pytest.raises(BrainalignError, match=r"model.path=.*nowhere.txt is no file"):
        WordVectors(tmp_path / "nowhere.txt")
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(BrainalignError, match=r"empty.txt is empty"):
        read_vectors(tmp_path / "empty.txt")


def test_identity_is_the_content_not_the_place(file, tmp_path):
    copy = tmp_path / "copy.txt"
    copy.write_bytes(file.read_bytes())
    assert WordVectors(file).identity() == WordVectors(copy, "other").identity()
    copy.write_text("the 0.5 1.1\n")
    assert WordVectors(file).identity() != WordVectors(copy).identity()


def test_real_glove(test_data):
    path = test_data / "glove" / "glove.6B.50d.top.txt"
    vectors = read_vectors(path)
    assert len(vectors) == 2446 and {v.shape for v in vectors.values()} == {(50,)}
    lines = path.read_text(encoding="utf-8").split("\n")
    for line in lines[:-1:97]:
        word, *numbers = line.split(" ")
        assert np.array_equal(vectors[word], np.array(numbers, dtype=np.float32))
    cosine = lambda a, b: vectors[a] @ vectors[b] / np.linalg.norm(vectors[a]) / np.linalg.norm(vectors[b])  # noqa: E731
    assert cosine("“", "”") > 0.98 > cosine("“", "the")


def test_a_header_is_read_and_the_same_vectors_come_from_all_formats(file, tmp_path):
    text = tmp_path / "v.vec"
    text.write_bytes(b"4 2\n" + file.read_bytes())
    binary = tmp_path / "v.bin"
    plain = read_vectors(file)
    binary.write_bytes(
        b"4 2\n" + b"".join(w.encode() + b" " + v.astype("<f4").tobytes() + b"\n" for w, v in plain.items())
    )
    for other in (text, binary):
        found = read_vectors(other)
        assert list(found) == list(plain) and all(
            np.array_equal(*(v[w].astype(np.float32) for v in (found, plain))) for w in plain
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b[:-3], "ends inside word 2, but its header says 2 words of 2 numbers"),
        (lambda b: b + b"more", "goes on after the 2 words of 2 numbers"),
        (lambda b: b.replace(b"2 2", b"2 3"), "ends inside word 2.*2 words of 3 numbers"),
        (lambda b: b[:-8] + np.array([np.nan, 1], "<f4").tobytes(), "vector of 'cat'.*not finite"),
    ],
)
def test_a_binary_file_of_another_size_is_one_sentence(tmp_path, change, message):
    whole = b"2 2\n" + b"the " + np.array([0.1, 1], "<f4").tobytes() + b"cat " + np.array([0.3, 3], "<f4").tobytes()
    path = tmp_path / "v.bin"
    path.write_bytes(whole)
    assert read_vectors(path)["cat"].tolist() == pytest.approx([0.3, 3])
    path.write_bytes(change(whole))
    with pytest.raises(BrainalignError, match=message):
        read_vectors(path)


def test_gensims_own_binary_files_are_read(tmp_path):
    gensim = pytest.importorskip("gensim")
    kept = gensim.models.KeyedVectors(5)
    values = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    kept.add_vectors(["the", "New_York", "été"], values)
    kept.save_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    found = read_vectors(tmp_path / "v.bin")
    assert list(found) == ["the", "New_York", "été"] and np.array_equal(np.stack(list(found.values())), values)


def test_a_binary_fasttext_model_knows_words_it_has_not_seen(tmp_path):
    """Written by gensim in Facebook's format, read as vectors, compared with what gensim's own model says."""
    models = pytest.importorskip("gensim.models")
    fasttext = pytest.importorskip("gensim.models.fasttext")
    text = [["the", "cat", "sat"], ["the", "dog", "ran"], ["a", "cat", "ran"]] * 20
    model = models.FastText(text, vector_size=8, min_count=1, epochs=2, bucket=100, workers=1, seed=0)
    path = tmp_path / "v.bin"
    fasttext.save_facebook_model(model, str(path))
    rows = dict(WordVectors(path).extract([said("cat", "cats", "")]))["s1"][0].values
    assert np.allclose(rows[:2], [model.wv["cat"], model.wv["cats"]], atol=1e-5) and not rows[2].any()
    assert "cats" not in model.wv.key_to_index and rows[1].any()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BrainalignError, match="v.bin cannot be read as a binary fastText model"):
        read_vectors(path)


def test_frequency_is_the_logarithm_and_must_be_a_number(tmp_path):
    path = tmp_path / "counts.txt"
    path.write_text("the 1000\ncat 10\nnil 0\n")
    rows = dict(WordFrequency(path).extract([said("The", "cat", "snark")]))["s1"][0].values
    assert rows.ravel().tolist() == pytest.approx([3, 1, 0])
    with pytest.raises(BrainalignError, match=r"'nil' has \[0.0\]; one number above 0"):
        dict(WordFrequency(path).extract([said("nil")]))
