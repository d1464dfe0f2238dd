"""Word vectors: every line is parsed, the first bad one is named; words are looked up, unknown ones counted."""

import logging

import numpy as np
import pandas as pd
import pytest

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.vectors import WordVectors, read_vectors


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
    assert rows.values.dtype == np.float32
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
        ("2446 50\nthe 1 2\n", 1, "word2vec header"),
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
