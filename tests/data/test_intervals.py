"""Words in time: what is read, what is refused in which words, what is clipped."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.intervals import check_intervals, clip_overlaps, read_intervals
from brainalign.errors import BrainalignError


def words(*rows):
    return pd.DataFrame(rows, columns=["word", "onset", "offset"])


@st.composite
def tables(draw):
    """Intervals that touch, or leave pauses, each at least 2 ms long."""
    lengths = draw(st.lists(st.tuples(st.integers(2, 500), st.sampled_from([0, 0, 1, 250])), min_size=1, max_size=12))
    rows, now = [], 0
    for k, (length, pause) in enumerate(lengths):
        rows.append((f"w{k}", now / 1000, (now + length) / 1000))
        now += length + pause
    return words(*rows)


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from([-0.0009, -1e-12, 0.0, 1e-12, 0.0002, 0.0009]))
def test_true_intervals_pass_and_rounding_is_clipped(table, wobble):
    length = float(table["offset"].max())
    table["offset"] = table["offset"] + wobble
    assert check_intervals(table, length, "x.tsv") == []
    out, clipped = clip_overlaps(table)
    assert (out["offset"] > out["onset"]).all()
    assert (out["offset"][:-1].to_numpy() <= out["onset"][1:].to_numpy()).all()
    overlaps = np.sum(table["offset"][:-1].to_numpy() - table["onset"][1:].to_numpy() > 1e-9)
    assert clipped == overlaps
    assert np.abs(out["offset"] - table["offset"]).max() <= max(wobble, 0) + 1e-12


@settings(max_examples=60, deadline=None)
@given(tables(), st.data())
def test_each_fault_is_found_where_it_is(table, data):
    i = data.draw(st.integers(0, len(table) - 1))
    kind = data.draw(st.sampled_from(["length", "number", "empty", "end", "overlap"]))
    if kind == "length":
        table.loc[i, "offset"] = table.loc[i, "onset"]
    elif kind == "number":
        table.loc[i, "offset"] = np.nan
    elif kind == "empty":
        table.loc[i, "word"] = " "
    elif kind == "end":
        i = len(table) - 1
    elif i + 1 < len(table):
        table.loc[i, "offset"] = table.loc[i + 1, "onset"] + 0.0015
        i += 1
    else:
        return
    end = table["offset"].max() - (0.0015 if kind == "end" else -1)
    found = check_intervals(table, end, "x.tsv")
    text = {
        "length": "not after",
        "number": "no number",
        "empty": "is empty",
        "end": "past the end",
        "overlap": "overlap",
    }
    assert len(found) == 1
    assert found[0].startswith(f"x.tsv, row {i}: ") and text[kind] in found[0]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            words(("a", 1.5, 1.7), ("b", 1.2, 1.4)),
            "x, row 1: 'b' begins at 1.2 s, before 'a' above it at 1.5 s; onsets must rise.",
        ),
        (
            words(("a", 0.0, 0.5), ("b", 0.498, 0.9)),
            "x, row 1: 'b' begins at 0.498 s, before 'a' ends at 0.5 s; words must not overlap.",
        ),
        (words(("a", 0.0, 3.5)), "x, row 0: 'a' ends at 3.5 s, past the end of the audio at 3 s."),
        (words(("a", 0.5, 0.2)), "x, row 0: 'a' ends at 0.2 s, not after its onset at 0.5 s."),
        (words(("a", -0.1, 0.2)), "x, row 0: 'a' begins at -0.1 s, before the stimulus does."),
        (words(("a", "soon", 0.2)), "x, row 0: the onset 'soon' of 'a' is no number."),
        (
            words(("", 0.0, 0.2), ("", 0.3, 0.4), ("n/a", 0.5, 0.6)),
            "x, row 0: the word is empty; name it or take the row out (2 more such rows).",
        ),
    ],
)
def test_sentences(table, sentence):
    assert check_intervals(table, 3.0, "x") == [sentence]


def test_all_kinds_are_told_at_once():
    table = words(("a", 0.0, 0.0), ("", 0.2, 0.4), ("c", 0.1, 9.0))
    assert len(check_intervals(table, 3.0, "x")) == 4


def test_equal_onsets_are_an_overlap_however_short():
    assert "overlap" in check_intervals(words(("a", 0.1, 0.1004), ("b", 0.1, 0.3)), 1.0, "x")[0]


def test_an_overlap_from_rounding_ends_at_the_next_onset():
    out, clipped = clip_overlaps(words((" a ", 0.0, 0.5004), ("b", 0.5, 0.9 + 1e-12), ("c", 0.9, 1.0)))
    assert out.to_dict("list") == {
        "word": ["a", "b", "c"],
        "onset": [0.0, 0.5, 0.9],
        "offset": [0.5, 0.9, 1.0],
    }
    assert clipped == 1  # the other is the arithmetic of floats


def test_no_words_at_all_is_fine():
    assert check_intervals(words(), 1.0, "x") == []
    assert len(clip_overlaps(words())[0]) == 0


def test_bids_duration_and_byte_order_mark(tmp_path):
    path = tmp_path / "s_words.tsv"
    path.write_bytes("\ufeffonset\tduration\tword\r\n0.1\t0.2\tcafé\r\n\r\n0.3\t0.4\tnull\r\n".encode())
    table = read_intervals(path, "word")
    assert list(table.index) == [2, 4]  # lines of the file, the blank one counted
    out, clipped = clip_overlaps(table)
    assert clipped == 0 and out["word"].tolist() == ["café", "null"]
    np.testing.assert_allclose(out[["onset", "offset"]], [[0.1, 0.3], [0.3, 0.7]])


def test_lines_of_the_file_are_named(tmp_path):
    path = tmp_path / "s_phones.tsv"
    path.write_text("phone\tonset\tduration\nAA\t0.1\t0.2\nB\t0.4\tlong\n")
    (sentence,) = check_intervals(read_intervals(path, "phone"), None, "s_phones.tsv")
    assert sentence == "s_phones.tsv, line 3: the end 'long' of 'B' is no number."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "word,onset\na,1\n",
            "lacks the columns 'word', 'onset', 'offset' or 'duration'; its columns are 'word,onset'.",
        ),
        ("word\tonset\na\t1\n", "lacks the column 'offset' or 'duration'; its columns are 'word', 'onset'."),
        ("word\tonset\toffset\na\t1\t2\t3\n", "line 2 has 4 cells, but there are 3 columns."),
        ("word\tonset\tonset\toffset\n", "has the column 'onset' twice"),
    ],
)
def test_tables_that_are_none(tmp_path, text, sentence):
    path = tmp_path / "s_words.tsv"
    path.write_text(text)
    with pytest.raises(BrainalignError) as error:
        read_intervals(path, "word")
    assert sentence in str(error.value) and str(path) in str(error.value)


def test_a_missing_file_and_bytes_that_are_no_text(tmp_path):
    with pytest.raises(BrainalignError, match="does not exist"):
        read_intervals(tmp_path / "none.tsv", "word")
    (tmp_path / "x.tsv").write_bytes(b"\xff\x00\x81word")
    with pytest.raises(BrainalignError, match="UTF-8"):
        read_intervals(tmp_path / "x.tsv", "word")
