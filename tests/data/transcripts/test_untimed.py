"""Words without times, without lengths, in pieces: they were said, so they stay."""

import json

import numpy as np
import pytest

from brainalign.data.formats import TranscriptFormat
from brainalign.data.transcripts.form import Tally
from brainalign.data.transcripts.read import read_transcript


def read(path, duration=10.0, **form):
    notes, tally = [], Tally()
    table, errors = read_transcript(path, "word", TranscriptFormat(**form), duration, notes, tally=tally)
    text = table["text" if "text" in table else "word"].tolist()
    return text, table["onset"].to_numpy(dtype=float), errors, notes, tally


def whisper(tmp_path, *segments, **more):
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"segments": list(segments), **more}))
    return path


def segment(*words, start=0.5, end=4.0, times=True):
    timed = [
        {"word": w, "start": start + 0.4 * i, "end": start + 0.3 + 0.4 * i} if times else {"word": w}
        for i, w in enumerate(words)
    ]
    return {"start": start, "end": end, "text": "".join(words), "words": timed}


def test_pieces_without_a_blank_go_on_with_the_word_before(tmp_path):
    path = whisper(
        tmp_path,
        segment(" a", " well", "-known", " man", " paid", " 3", ".5", "%"),
        segment(" so", start=4.5),
        language="en",
    )
    text, onset, errors, *_ = read(path)
    assert not errors and text == ["a", "well-known", "man", "paid", "3.5%", "so"]
    np.testing.assert_allclose(onset, [0.5, 0.9, 1.7, 2.1, 2.5, 4.5])


def test_pieces_of_a_language_without_blanks_and_words_without_blanks_stay_apart(tmp_path):
    assert read(whisper(tmp_path, segment(" 你", "好", "吗"), language="zh"))[0] == ["你", "好", "吗"]
    assert read(whisper(tmp_path, segment("well", "known", "man")))[0] == ["well", "known", "man"]  # whisperX


def test_words_without_times_stay_in_the_text(tmp_path):
    said = ["in", "2016", "he", "left", "$43,000", "behind"]
    words = [{"word": w, **({} if w[0] in "2$" else {"start": 0.5 + i, "end": 0.9 + i})} for i, w in enumerate(said)]
    path = whisper(tmp_path, {"start": 0.5, "end": 8, "text": " ".join(said), "words": words})
    text, onset, errors, _, tally = read(path)
    assert not errors and text == said
    np.testing.assert_array_equal(onset, [0.5, np.nan, 2.5, 3.5, np.nan, 5.5])
    assert tally == {("untimed", "2016"): 1, ("untimed", "$43,000"): 1}
    text, onset, errors, *_ = read(path, untimed="interpolate")
    assert text == said and not errors
    np.testing.assert_allclose(onset, [0.5, 0.9, 2.5, 3.5, 3.9, 5.5])


def test_segments_without_words_stay_in_the_text_and_are_counted(tmp_path):
    last = {"start": 5.0, "end": 8.0, "text": " a time there"}
    path = whisper(tmp_path, segment(" once", " upon"), last, segment(" was", start=9.0, end=9.5))
    text, onset, errors, notes, _ = read(path)
    assert text == ["once", "upon", "a", "time", "there", "was"] and not errors
    assert np.isnan(onset).tolist() == [False, False, True, True, True, False]
    assert "1 segment(s) with 3 word(s) have no times of words" in notes[0]
    np.testing.assert_allclose(read(path, untimed="interpolate")[1], [0.5, 0.9, 5, 6, 7, 9])
    assert "none of its 3 words has a time" in read(whisper(tmp_path, last))[2][0]


def test_a_segment_in_brackets_is_a_remark(tmp_path):
    text, _, _, _, tally = read(
        whisper(tmp_path, segment(" so"), segment(" (audience", " laughing)", start=5.0, end=6.0))
    )
    assert text == ["so"] and tally == {("remark", "(audience laughing)"): 1}


@pytest.mark.parametrize(
    "content",
    [
        {
            "words": [{"word": "Oh,", "start": 0.1, "end": 0.3}, {"word": "no", "start": 0.3, "end": 0.5}],
            "segments": [{"text": "Oh, no"}],
        },
        {"chunks": [{"text": t, "timestamp": [a, a + 0.1]} for t, a in ((" Oh,", 0.1), (" n", 0.3), ("o", 0.4))]},
        {
            "transcription": [
                {"text": " Oh,", "offsets": {"from": 100, "to": 300}},
                {"text": " no", "offsets": {"from": 300, "to": 500}},
            ]
        },
        [{"text": "Oh,", "start": 0.1, "end": 0.3}, {"text": "no", "start": 0.3, "end": 0.5}],
        {"tiers": [{"name": "words", "class": "IntervalTier", "entries": [[0.1, 0.3, "Oh,"], [0.3, 0.5, "no"]]}]},
    ],
    ids=["API", "transformers", "whisper.cpp", "list", "praatio"],
)
def test_other_ways_to_write_the_same(tmp_path, content):
    path = tmp_path / "s.json"
    path.write_text(json.dumps(content))
    text, onset, errors, *_ = read(path)
    assert text == ["Oh,", "no"] and not errors
    np.testing.assert_allclose(onset, [0.1, 0.3])


def test_two_speakers_in_mfas_json(tmp_path):
    from brainalign.errors import BrainalignError

    path = tmp_path / "s.json"
    tiers = {"A - words": {"entries": [[0, 1, "hello"], [4, 5, "bye"]]}, "B - words": {"entries": [[2, 3, "good"]]}}
    path.write_text(json.dumps({"tiers": tiers}))
    with pytest.raises(BrainalignError, match="'A - words' .number 1. and 'B - words'"):
        read(path)
    assert read(path, tier="all")[0] == ["hello", "good", "bye"]
    assert read(path, tier="B - words")[0] == ["good"]


def test_a_table_with_missing_times_and_lengths(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("word,onset,duration\nin,0.5,0.2\n2016,,\nhe,1.0,n/a\nleft,1.2,0\nthere,5,NA\n")
    text, onset, errors, notes, _ = read(path, duration=5.2)
    assert not errors and text == ["in", "2016", "he", "left", "there"]
    np.testing.assert_array_equal(onset, [0.5, np.nan, 1.0, 1.2, 5.0])
    assert notes == ["s.csv: 3 word(s) of unknown length last until the next one, at most 0.5 s."]
    table, _ = read_transcript(path, "word", TranscriptFormat(), 5.2, [])
    np.testing.assert_allclose(table["offset"], [0.7, np.nan, 1.2, 1.7, 5.2])


def test_repair_keeps_the_text_of_words_that_have_no_room(tmp_path):
    path = tmp_path / "s.tsv"
    path.write_text("word\tonset\toffset\nlate\t2.0\t2.5\n3\t1.0\t1.0\npercent\t1.0\t1.5\nnever\t11\t12\n")
    text, onset, errors, notes, _ = read(path, repair=True)
    assert not errors and text == ["3", "percent", "late"]
    assert np.isnan(onset).sum() == 1 and any("beyond the end of the sound" in n for n in notes)


UNITS = [(1000, "seconds", "milliseconds"), (1, "milliseconds", "seconds"), (16000, "seconds", "milliseconds")]


@pytest.mark.parametrize(("scale", "unit", "looks"), UNITS)
def test_times_in_another_unit_are_refused_with_the_key(tmp_path, scale, unit, looks):
    path = tmp_path / "s.tsv"
    path.write_text(
        "word\tonset\toffset\n"
        + "".join(f"w{i}\t{scale * (0.5 * i + 0.1)}\t{scale * (0.5 * i + 0.4)}\n" for i in range(8))
    )
    (sentence,) = read(path, duration=5.0, unit=unit)[2]
    assert f"data.stimuli.transcripts.unit={looks}" in sentence and "s.tsv" in sentence


def test_lengths_in_milliseconds_beside_onsets_in_seconds_are_refused_in_a_long_story_too(tmp_path):
    path = tmp_path / "s.tsv"
    path.write_text("word\tonset\tduration\n" + "".join(f"w{i}\t{0.5 * i + 0.1}\t300\n" for i in range(8)))
    assert "half of its 8 words last 300 s or more and the sound 600 s" in read(path, duration=600.0, repair=True)[2][0]
