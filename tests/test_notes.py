"""Notes for the reader: each once, alike ones together, the severe ones first, through cache and secrets."""

import json

from brainalign.notes import Note, Severity, changes, grouped, limits, more_like, packed, unpacked
from brainalign.secrets import hide_secrets


def test_alike_notes_stand_once_and_are_counted():
    files = [f"p{n % 3 + 1}: 'run-{n}.wav' was resampled from {44.1 + n} to 16.0 kHz" for n in range(48)]
    (own,) = grouped(files * 2, ["p1", "p2", "p3"]).values()
    (alike,) = own
    assert alike.first == files[0] and len(alike.others) == 47 and more_like(alike) == " (and 47 more like it)"


def test_a_participants_name_within_a_word_is_no_name():
    found = grouped(["sp1ke found", "spike found"], ["p1"])
    assert [a.first for a in found[Severity.INFORMS]] == ["sp1ke found", "spike found"]


def test_what_a_note_is_about_makes_no_other_note():
    found = grouped(
        ["gpt2 (shared): alpha is on the edge in 4 of 9", "mel: alpha is on the edge in 2 of 9", "mel: alpha is lost"]
    )
    assert [(a.first, len(a.others)) for a in found[Severity.INFORMS]] == [
        ("gpt2 (shared): alpha is on the edge in 4 of 9", 1),
        ("mel: alpha is lost", 0),
    ]


def test_severe_notes_come_first():
    found = grouped(["told", limits("limited", "that"), changes("changed"), "told"])
    assert [(s.value, [a.first for a in own]) for s, own in found.items()] == [
        ("changes the result", ["changed"]),
        ("limits what can be concluded", ["limited"]),
        ("for information", ["told"]),
    ]


def test_severity_survives_a_cache_and_hidden_secrets():
    note = limits("see https://TOKEN@host", "that it holds")
    (back,) = unpacked(json.loads(json.dumps(packed([note]))))
    kept = back.map(hide_secrets)
    assert (str(kept), kept.severity, kept.cannot) == ("see https://***@host", Severity.LIMITS, "that it holds")
    assert Note(kept).severity is Severity.LIMITS and kept == "see https://***@host"
