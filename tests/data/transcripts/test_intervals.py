"""Words in time: what is read, what is refused in which words, what is clipped."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.transcripts.intervals import check_intervals, clip_overlaps, repaired


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


@settings(max_examples=60, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_a_shuffled_table_is_put_in_order_again_and_counted(table, random):
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = table.iloc[order]
    out, said = repaired(shuffled, float(table["offset"].max()))
    pd.testing.assert_frame_equal(out.reset_index(drop=True), table)
    assert bool(said) == (order != sorted(order))


def test_overlaps_empty_words_and_what_lies_beyond_the_sound_are_repaired_and_counted():
    table = words(("a", 0.0, 0.6), ("b", 0.5, 0.9), ("c", 0.9, 0.9), ("d", 0.95, 1.2), ("e", 1.5, 1.6))
    out, said = repaired(table, 1.0)
    assert out.to_numpy().tolist() == [["a", 0.0, 0.5], ["b", 0.5, 0.9], ["d", 0.95, 1.0]]
    assert said == [
        "1 word(s) ended after the next one began and were cut there",
        "1 word(s) ended after the sound and were cut at its end",
        "1 word(s) beyond the end of the sound were left out",
        "1 word(s) of no length have no time: they stay in the text",
    ]
    assert check_intervals(out, 1.0, "x") == []
    broken = words(("a", 0.0, "late"))
    assert repaired(broken, 1.0)[0] is broken  # left to the checks, which name it
