"""TextGrids: tiers, pauses, encodings, and faults told by interval."""

import pytest

from brainalign.data.intervals import check_intervals, clip_overlaps
from brainalign.data.textgrid import TextGrid
from brainalign.data.transcripts.form import without_silences
from brainalign.errors import BrainalignError


def textgrid(**tiers):
    """A long TextGrid as Praat writes it."""
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        "xmax = 9",
        "tiers? <exists>",
    ]
    lines += [f"size = {len(tiers)}", "item []:"]
    for n, (name, entries) in enumerate(tiers.items(), start=1):
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


SAID = [(0, 0.4, "sp"), (0.4, 1, " naïve "), (1, 1.2, ""), (1.2, 1.5, "n't"), (1.5, 9, "{SL}")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_pauses_are_left_out_and_labels_stripped(tmp_path, encoding):
    path = tmp_path / "s.TextGrid"
    path.write_text(textgrid(anything=SAID), encoding=encoding)
    table = without_silences(TextGrid(path).intervals("word"))
    assert table["word"].tolist() == ["naïve", "n't"]
    assert list(table.index) == [2, 4] and table["onset"].tolist() == [0.4, 1.2]
    own = without_silences(TextGrid(path).intervals("word"), ["naïve", ""])
    assert own["word"].tolist() == ["sp", "n't", "{SL}"]


def test_the_tier_is_found_by_its_name(tmp_path):
    path = tmp_path / "s.TextGrid"
    path.write_text(textgrid(Words=SAID, phones=[(0, 1, "AA")], notes=[(0, 9, "x")]))
    grid = TextGrid(path)
    assert len(grid.intervals("word")) == 5 and len(grid.intervals("phone")) == 1
    assert grid.intervals("word", tier="notes")["word"].tolist() == ["x"]
    with pytest.raises(BrainalignError, match="has no interval tier 'phonse'; did you mean 'phones'"):
        grid.intervals("phone", tier="phonse")


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


@pytest.mark.parametrize("text", ["", "nothing of the kind", '{"tiers": 3}', textgrid(words=SAID)[:300]])
def test_what_is_no_textgrid_is_one_sentence(tmp_path, text):
    path = tmp_path / "s.TextGrid"
    path.write_text(text)
    with pytest.raises(BrainalignError, match=r"s\.TextGrid"):
        TextGrid(path).intervals("word")
