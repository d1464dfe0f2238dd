"""Transcripts as archives have them: each format read, words kept as written and as aligned, each fault one sentence."""

import json

import numpy as np
import pytest

from brainalign.data.formats import TranscriptFormat
from brainalign.data.transcripts import read_transcript
from brainalign.data.transcripts.intervals import check_intervals, clip_overlaps
from brainalign.data.transcripts.table import read_table
from brainalign.errors import BrainalignError


def read(path, label="word", duration=None, **form):
    notes = []
    table, errors = read_transcript(path, label, TranscriptFormat(**form), duration, notes)
    return table, errors, notes


def test_timit_counts_samples_of_16_khz(tmp_path):
    path = tmp_path / "SA1.WRD"
    path.write_text("9640 11240 she\n11240 15072 had\n")
    table, errors, _ = read(path)
    assert not errors and table["word"].tolist() == ["she", "had"]
    np.testing.assert_allclose(table["onset"], [0.6025, 0.7025])
    np.testing.assert_allclose(table["offset"], [0.7025, 0.942])
    phones = tmp_path / "SA1.PHN"
    phones.write_text("0 9640 h#\n9640 11240 sh\n11240 12783 iy\n12783 14078 epi\n14078 15000 d\n")
    table, errors, _ = read(phones, "phone")
    assert not errors and table["phone"].tolist() == ["sh", "iy", "d"]
    path.write_text("9640 11240 she\n0.7 0.9 had\n")
    with pytest.raises(BrainalignError, match=r"SA1.WRD, line 2: '0.7 0.9 had' is not TIMIT's 'begin end label'"):
        read(path)


def test_writing_and_aligned_form_are_kept_apart(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        'word,start,end\n"Oh,",0.1,0.3\nDon’t!,0.3,0.6\n[sp],0.6,0.7\n<sil>,0.7,0.9\n"“Well-known”",0.9,1.2\n'
    )
    table, errors, _ = read(path)
    assert not errors
    assert table["word"].tolist() == ["oh", "don't", "well-known"]
    assert table["text"].tolist() == ["Oh,", "Don’t!", "“Well-known”"]
    assert read(path, brackets="words")[0]["text"].tolist() == ["Oh,", "Don’t!", "[sp]", "<sil>", "“Well-known”"]
    assert read(path, brackets="words", silences=["[sp]"])[0]["word"].tolist() == ["oh", "don't", "sil", "well-known"]
    path.write_text("word,start,end\noh,0.1,0.3\n")
    assert "text" not in read(path)[0]


WHISPER = {
    "text": " Oh, no.",
    "segments": [
        {"words": [{"word": " Oh,", "start": 0.1, "end": 0.3}]},
        {"words": [{"word": " no.", "start": 0.3, "end": 0.5}]},
    ],
}
GENTLE = {
    "transcript": "Oh, no well",
    "words": [
        {
            "word": "Oh",
            "alignedWord": "oh",
            "case": "success",
            "start": 0.1,
            "end": 0.3,
            "phones": [{"phone": "ow_S", "duration": 0.2}],
        },
        {
            "word": "no",
            "alignedWord": "no",
            "case": "success",
            "start": 0.3,
            "end": 0.5,
            "phones": [{"phone": "n_B", "duration": 0.1}, {"phone": "ow_E", "duration": 0.1}],
        },
        {"word": "well", "case": "not-found-in-audio"},
    ],
}
MFA = {
    "start": 0,
    "end": 1,
    "tiers": {
        "speaker - words": {"type": "interval", "entries": [[0, 0.1, ""], [0.1, 0.3, "oh"], [0.3, 0.5, "no"]]},
        "speaker - phones": {
            "type": "interval",
            "entries": [[0.1, 0.3, "OW1"], [0.3, 0.4, "N"], [0.4, 0.5, "OW1"], [0.5, 0.6, "spn"]],
        },
    },
}


@pytest.mark.parametrize("content", [WHISPER, GENTLE, MFA], ids=["whisper", "gentle", "mfa"])
def test_aligners_json(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(content).encode())
    table, errors, notes = read(path)
    times = [[0.1, 0.3], [0.3, 0.5]]
    assert not errors and not notes and table["word"].tolist() == ["oh", "no", "well"][: len(table)]
    if content is GENTLE:  # it did not find the last word, which was said none the less
        times.append([np.nan, np.nan])
    np.testing.assert_allclose(table[["onset", "offset"]].astype(float), times)
    if content is not WHISPER:
        phones, errors, _ = read(path, "phone")
        assert not errors and [p.lower().rstrip("1") for p in phones["phone"]] == ["ow", "n", "ow"]


def test_a_column_map_other_units_and_no_header(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("100\t300\toh\n300\t500\tno\n")
    table, errors, _ = read(
        path,
        header=["from", "to", "said"],
        unit="milliseconds",
        columns={"label": "said", "onset": "from", "offset": "to"},
    )
    assert not errors and table.to_numpy().tolist() == [["oh", 0.1, 0.3], ["no", 0.3, 0.5]]
    with pytest.raises(
        BrainalignError,
        match=r"lacks the column 'till' \(data.stimuli.transcripts.columns.offset\); its columns are 'from', 'to', 'said'",
    ):
        read(path, header=["from", "to", "said"], columns={"label": "said", "onset": "from", "offset": "till"})
    with pytest.raises(BrainalignError, match="no columns for a word, its onset and its offset"):
        read(path, header=["from", "to", "said"])


def test_out_of_order_words_are_refused_or_repaired_by_choice(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("word\tstart\tend\nb\t0.5\t0.9\na\t0.1\t0.6\n")
    _, errors, _ = read(path)
    assert len(errors) == 1 and "onsets must rise" in errors[0]
    table, errors, notes = read(path, repair=True)
    assert not errors and table["word"].tolist() == ["a", "b"]
    assert notes == [
        "a.tsv: 1 word(s) stood out of order and were sorted.",
        "a.tsv: 1 word(s) ended after the next one began and were cut there.",
    ]


def test_files_that_are_no_transcript(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{")
    with pytest.raises(BrainalignError, match="cannot be read as JSON"):
        read(path)
    path.write_text('{"lines": []}')
    with pytest.raises(BrainalignError, match="is no transcript of Whisper .* its keys are 'lines'"):
        read(path)
    path.write_text(json.dumps({"tiers": {"phones": {"entries": []}}}))
    with pytest.raises(BrainalignError, match="has no interval tier 'words'; .*phones"):
        read(path)
    with pytest.raises(
        BrainalignError, match=r"a.docx is no transcript that can be read; its ending must be one of \.textgrid"
    ):
        read(tmp_path / "a.docx")


def test_bids_duration_and_byte_order_mark(tmp_path):
    path = tmp_path / "s_words.tsv"
    path.write_bytes("\ufeffonset\tduration\tword\r\n0.1\t0.2\tcafé\r\n\r\n0.3\t0.4\tnull\r\n".encode())
    table = read_table(path, "word", TranscriptFormat())
    assert list(table.index) == [2, 4]  # lines of the file, the blank one counted
    out, clipped = clip_overlaps(table)
    assert clipped == 0 and out["word"].tolist() == ["café", "null"]
    np.testing.assert_allclose(out[["onset", "offset"]], [[0.1, 0.3], [0.3, 0.7]])


def test_lines_of_the_file_are_named(tmp_path):
    path = tmp_path / "s_phones.tsv"
    path.write_text("phone\tonset\tduration\nAA\t0.1\t0.2\nB\t0.4\tlong\n")
    (sentence,) = check_intervals(read_table(path, "phone", TranscriptFormat()), None, "s_phones.tsv")
    assert sentence == "s_phones.tsv, line 3: the end 'long' of 'B' is no number."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "word,onset\na,1\n",
            "under the usual names; say which they are by data.stimuli.transcripts.columns; its columns are 'word,onset'.",
        ),
        ("word\tonset\na\t1\n", "a word, its onset and its offset (or duration) under the usual names"),
        ("word\tonset\toffset\na\t1\t2\t3\n", "line 2 has 4 cells, but there are 3 columns."),
        ("word\tonset\tonset\toffset\n", "has the column 'onset' twice"),
    ],
)
def test_tables_that_are_none(tmp_path, text, sentence):
    path = tmp_path / "s_words.tsv"
    path.write_text(text)
    with pytest.raises(BrainalignError) as error:
        read_table(path, "word", TranscriptFormat())
    assert sentence in str(error.value) and str(path) in str(error.value)


def test_a_missing_file_and_bytes_that_are_no_text(tmp_path):
    with pytest.raises(BrainalignError, match="does not exist"):
        read_table(tmp_path / "none.tsv", "word", TranscriptFormat())
    (tmp_path / "x.tsv").write_bytes(b"\xff\x00\x81word")
    with pytest.raises(BrainalignError, match="UTF-8"):
        read_table(tmp_path / "x.tsv", "word", TranscriptFormat())
