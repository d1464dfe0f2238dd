"""What is a word, what silence, what a remark; what was spoken and not identified; and that all of it is told."""

import pytest

from brainalign.data.formats import TranscriptFormat
from brainalign.data.stimuli.summary import stimuli_notes
from brainalign.data.transcripts.form import Tally, spoken
from brainalign.data.transcripts.labels import SILENCES, label_kind
from brainalign.data.transcripts.read import read_transcript
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError


@pytest.mark.parametrize("form", ["tiers", "timit", "table"])
def test_brackets_are_remarks_in_every_format(form):
    for label in ("[Music]", "(laughter)", "<noise>", "{laugh}", "[ Silence ]", "*coughs*", "[applause and laughter]"):
        assert label_kind(label, form) == "remark", label
        assert label_kind(label, form, brackets="words") == "word"
    for label in ("<unk>", "[UNK]", "<spn>", "(inaudible)", "[unintelligible]", "(())", "<cutoff-hel>"):
        assert label_kind(label, form) == "unknown", label
    for label in ("", " ", "...", "♪", "-", "—"):
        assert label_kind(label, form) == "silence", label
    for label in ("well-known", "(un)known", "don't", "&", "%", "3.5", "¿qué?", "你好", "a[b]"):
        assert label_kind(label, form) == "word", label


def test_bare_labels_are_silence_where_an_aligner_wrote_them_alone():
    assert label_kind("SP", "tiers") == label_kind("sil", "tiers") == label_kind("{NS}", "tiers") == "silence"
    assert label_kind("spn", "tiers") == "unknown"
    for word in ("pau", "sil", "sp", "epi", "spn", "br"):
        assert label_kind(word, "table") == "word"
    assert label_kind("pau", "tiers") == label_kind("epi", "timit") == "word"
    assert {label_kind(p, "phones") for p in ("h#", "pau", "epi", "sil", "spn", "", "<p:>", "<usb>")} == {
        "silence",
        "remark",
    }
    assert {label_kind(p, "phones") for p in ("@", "6", "?", "{", "a:", "ʔ", "~")} == {"word"}  # SAMPA and IPA


def test_an_own_list_takes_the_place_of_the_formats_with_or_without_brackets():
    own = ["sentence_start", "br"]
    assert [label_kind(w, "tiers", own) for w in ("{BR}", "br", "sp", "sentence_start")] == [
        "silence",
        "silence",
        "word",
        "silence",
    ]
    assert label_kind("{br}", "tiers", own, "words") == "silence"
    with pytest.raises(BrainalignError, match="data.stimuli.transcripts.brackets='keep'"):
        TranscriptFormat(brackets="keep")


def test_a_word_of_unknown_identity_has_an_onset_and_no_text():
    import pandas as pd

    tally = Tally()
    table = pd.DataFrame(
        {"word": ["The", "<unk>", "[Music]", "sat."], "onset": [0.1, 0.5, 0.9, 1.4], "offset": [0.5, 0.9, 1.4, 1.8]}
    )
    out = spoken(table, "tiers", tally=tally)
    assert out["word"].tolist() == ["the", "<unk>", "sat"] and out["text"].tolist() == ["The", "", "sat."]
    assert out["onset"].tolist() == [0.1, 0.5, 1.4]
    assert tally == {("unknown", "<unk>"): 1, ("remark", "[Music]"): 1}


def test_what_was_left_out_is_told_once_for_all_stimuli():
    stimuli = {s: Stimulus(s, 1.0, tally=Tally({("silence", "sp"): 2, ("unknown", "<unk>"): 1})) for s in "ab"}
    silence, unknown = stimuli_notes(stimuli)
    assert silence.startswith(
        "4 label(s) were taken for silence or noise and left out: 'sp' 4; data.stimuli.transcripts.silences"
    )
    assert unknown.startswith("2 spoken word(s) are of unknown identity: '<unk>' 2")
    assert "data.stimuli" not in " ".join(stimuli_notes(stimuli, keys=False))


def test_turkish_and_portuguese_words_in_a_table(tmp_path):
    path = tmp_path / "s_words.tsv"
    path.write_text("word\tonset\toffset\npau\t0.1\t0.4\nsil\t0.5\t0.9\n<sil>\t0.9\t1.0\n")
    tally = Tally()
    table, errors = read_transcript(path, "word", TranscriptFormat(), 2.0, [], tally=tally)
    assert not errors and table["word"].tolist() == ["pau", "sil"] and tally == {("remark", "<sil>"): 1}


def test_every_format_has_a_list():
    assert set(SILENCES) == {"tiers", "timit", "table", "phones"} and SILENCES["table"] == ()
