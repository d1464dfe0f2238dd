"""TextGrids: what Praat writes is read as Praat reads it; tiers, encodings, and errors told by interval."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.formats import TranscriptFormat
from brainalign.data.transcripts.form import spoken
from brainalign.data.transcripts.intervals import check_intervals, clip_overlaps
from brainalign.data.transcripts.textgrid import TextGrid
from brainalign.errors import BrainalignError


def textgrid(*tiers, **named):
    """A long TextGrid as Praat writes it; tiers are (name, intervals)."""
    tiers = [*tiers, *named.items()]
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        "xmax = 9",
        "tiers? <exists>",
    ]
    lines += [f"size = {len(tiers)}", "item []:"]
    for n, (name, entries) in enumerate(tiers, start=1):
        lines += [f"    item [{n}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += ["        xmin = 0", "        xmax = 9", f"        intervals: size = {len(entries)}"]
        for k, (onset, offset, text) in enumerate(entries, start=1):
            lines += [
                f"        intervals [{k}]:",
                f"            xmin = {onset}",
                f"            xmax = {offset}",
            ]
            lines += [f'            text = "{text}"']
    return "\n".join(lines) + "\n"


def short(*tiers):
    """The short form, without a newline at its end."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "9", "<exists>", str(len(tiers))]
    for name, entries in tiers:
        lines += ['"IntervalTier"', f'"{name}"', "0", "9", str(len(entries))]
        lines += [cell for onset, offset, text in entries for cell in (str(onset), str(offset), f'"{text}"')]
    return "\n".join(lines)


SAID = [(0, 0.4, "sp"), (0.4, 1, " naïve "), (1, 1.2, ""), (1.2, 1.5, "n't"), (1.5, 9, "{SL}")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("form", [textgrid, short])
def test_pauses_are_left_out_and_labels_stripped(tmp_path, encoding, form):
    path = tmp_path / "s.TextGrid"
    path.write_text(form(("anything", SAID)), encoding=encoding)
    table = spoken(TextGrid(path).intervals("word"), "tiers")
    assert table["word"].tolist() == ["naïve", "n't"]
    assert list(table.index) == [2, 4] and table["onset"].tolist() == [0.4, 1.2]
    assert TextGrid(path).latin == (encoding == "cp1252")
    own = spoken(TextGrid(path).intervals("word"), "tiers", TranscriptFormat(silences=["naïve"], brackets="words"))
    assert own["word"].tolist() == ["sp", "n't", "sl"] and own["text"].tolist() == ["sp", "n't", "{SL}"]


@pytest.mark.parametrize(
    "change",
    [str, lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("\n", "\r"), lambda t: t.replace(" = ", "=").rstrip()],
    ids=["as it is", "crlf", "cr", "no blanks, no last newline"],
)
@pytest.mark.parametrize("form", [textgrid, short])
def test_numbers_quotes_and_what_looks_like_the_format(tmp_path, form, change):
    words = [("-0.5", "1e-05", 'say ""hi""'), ("1E-5", "+2", "item [3]: xmin = 7 ! 5"), (2, 9, '""IntervalTier""')]
    path = tmp_path / "s.TextGrid"
    path.write_bytes(change(form(("a = 1", words))).encode())
    ((name, intervals),) = TextGrid(path).tiers
    assert name == "a = 1" if "=1" not in change("a = 1") else "a=1"
    assert [i[:2] for i in intervals] == [(-0.5, 1e-05), (1e-05, 2), (2, 9)]
    assert intervals[0][2] == 'say "hi"' and intervals[2][2] == '"IntervalTier"' and "7 ! 5" in intervals[1][2]


LABELS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cf", "Co", "Cn"]), max_size=8
)


@settings(deadline=None, max_examples=25)
@given(labels=st.lists(LABELS, min_size=1, max_size=6), seed=st.integers(0, 99))
def test_the_file_that_praat_itself_writes(tmp_path_factory, labels, seed):
    praat = pytest.importorskip("parselmouth").praat.call
    n = len(labels)
    draw = random.Random(seed)
    edges = [0.0, *sorted(draw.uniform(1e-7, 9) for _ in range(n - 1)), 9.0]
    grid = praat("Create TextGrid", 0.0, 9.0, "words points", "points")
    for edge in edges[1:-1]:
        praat(grid, "Insert boundary", 1, edge)
    for k, label in enumerate(labels, start=1):
        praat(grid, "Set interval text", 1, k, label)
    praat(grid, "Insert point", 2, 4.5, "x")
    folder = Path(tmp_path_factory.mktemp("praat"))
    for how in ("text file", "short text file"):
        praat(grid, f"Save as {how}", str(folder / "s.TextGrid"))
        (tier,) = TextGrid(folder / "s.TextGrid").tiers
        assert tier.name == "words" and [i[2] for i in tier.intervals] == [label.strip() for label in labels]
        assert [i[0] for i in tier.intervals] == pytest.approx(edges[:-1], abs=1e-12)


def test_the_tier_is_found_by_its_name(tmp_path):
    path = tmp_path / "s.TextGrid"
    path.write_text(textgrid(Words=SAID, phones=[(0, 1, "AA")], notes=[(0, 9, "x")]))
    grid = TextGrid(path)
    assert len(grid.intervals("word")) == 5 and len(grid.intervals("phone")) == 1
    assert grid.intervals("word", tier="notes")["word"].tolist() == ["x"]
    assert grid.intervals("word", tier="3")["word"].tolist() == ["x"]
    with pytest.raises(BrainalignError, match="has no interval tier 'phonse'; did you mean 'phones'"):
        grid.intervals("phone", tier="phonse")
    path.write_text(textgrid(("A - words", SAID), ("A - phones", [(0, 1, "AA")])))
    assert len(TextGrid(path).intervals("word")) == 5 and len(TextGrid(path).intervals("phone")) == 1


@pytest.mark.parametrize("names", [("words", "words"), ("A - words", "B - words"), ("words", "words_B")])
def test_two_speakers_are_told_and_taken_by_choice(tmp_path, names):
    path = tmp_path / "s.TextGrid"
    path.write_text(textgrid((names[0], [(0, 1, "hello"), (4, 5, "bye")]), (names[1], [(2, 3, "good")])))
    with pytest.raises(
        BrainalignError, match=rf"2 tiers of words, '{names[0]}' \(number 1\) and '{names[1]}' \(number 2\)"
    ):
        TextGrid(path).intervals("word")
    assert TextGrid(path).intervals("word", "all")["word"].tolist() == ["hello", "good", "bye"]
    assert TextGrid(path).intervals("word", "2")["word"].tolist() == ["good"]


def test_unclear_tiers_are_named(tmp_path):
    path = tmp_path / "s.TextGrid"
    path.write_text(textgrid(one=SAID, two=SAID))
    with pytest.raises(BrainalignError, match="has no interval tier 'words'; valid: one, two"):
        TextGrid(path).intervals("word")


def test_overlaps_are_told_by_interval_or_clipped(tmp_path):
    path = tmp_path / "s.TextGrid"
    path.write_text(textgrid(words=[(0, 1.0005, "a"), (1, 2, "b"), (1.5, 3, "c")]))
    table = TextGrid(path).intervals("word")
    (sentence,) = check_intervals(table, None, "s.TextGrid")
    assert sentence.startswith("s.TextGrid, interval 3: 'c' begins at 1.5 s, before 'b' ends at 2 s")
    out, clipped = clip_overlaps(table.iloc[:2])
    assert clipped == 1 and out["offset"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing of the kind",
        '{"tiers": 3}',
        textgrid(words=SAID)[:300],
        textgrid(words=SAID)[:-4],
        textgrid(words=SAID).replace("size = 5", "size = 4"),
        textgrid(words=SAID).replace("size = 5", "size = 6"),
        textgrid(words=[("nan", 1, "a")]),
        textgrid(words=[("0,5", 1, "a")]),
        "ooBinaryFile\x08TextGrid",
    ],
)
def test_what_is_no_textgrid_is_one_sentence(tmp_path, text):
    path = tmp_path / "s.TextGrid"
    path.write_text(text)
    with pytest.raises(BrainalignError, match=r"s\.TextGrid .*save it from Praat"):
        TextGrid(path).intervals("word")
