"""Options that do nothing are refused; lengths that fit the other axis, units and counts that look wrong are told."""

import re
from dataclasses import fields, replace

import nibabel
import numpy as np
import pandas as pd
import pytest

from brainalign.data.arrays import read_arrays
from brainalign.data.card import DataCard, against_card
from brainalign.data.fmri.stories import read_story_fmri
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat, TranscriptFormat
from brainalign.data.nwb.dataset import read_nwb
from brainalign.data.plausibility import swapped_axes
from brainalign.data.raw.dataset import read_raw_files
from brainalign.data.readers.story_fmri import StoryFmri
from brainalign.data.types import Stimulus
from brainalign.data.unread_options import refuse_transcripts
from brainalign.errors import BrainalignError
from brainalign.notes import Severity
from tests.data import recordings

S = StimuliFormat()
DURING = {"onset": "onset", "stimulus": "stimulus", "rate": "rate"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("unused")
    recordings.stimuli(root)
    x = np.random.default_rng(0).normal(size=(3000, 3))
    trials = {"trials": x.reshape(3, 1000, 3), "names": ["s1", "s2", "s1"]}
    np.savez(root / "01.npz", responses=x, rate=100.0, onset=[5.0], stimulus=["s1"], e=list("abc"), **trials)
    (root / "ev.tsv").write_text("onset\tduration\tstimulus\n5\tn/a\ts1\n")
    (root / "ch.tsv").write_text("name\tregion\nA\tSTG\nB\tSTG\nC\tIFG\n")
    return root


def arrays(root, keys, events=None, **options):
    return read_arrays(root, "{subject}.npz", ArrayKeys(**keys), S, events=EventFormat(**(events or {})), **options)


@pytest.mark.parametrize(
    ("keys", "events", "options", "sentence"),
    [
        (DURING | {"duration": "rate"}, {}, {"events_file": "ev.tsv"}, "data.keys.stimulus=stimulus does nothing here, because data.ev"),
        ({"rate": "rate", "onset": "onset"}, {"whole": "s1"}, {}, "data.keys.onset=onset does nothing here, because data.events.whole"),
        (DURING | {"electrode": "e"}, {}, {"channels_file": "ch.tsv"}, "data.keys.electrode=e does nothing here, because data.ch"),
        (DURING | {"repeats": "x"}, {}, {}, "data.keys.repeats=x does nothing"),
        ({"responses": "trials", "stimulus": "names", "rate": "rate", "onset": "onset"}, {}, {"axes": ["trial", "time", "channel"]},
         "data.keys.onset=onset does nothing here, because each array is a presentation"),
        ({"responses": "trials", "stimulus": "names", "rate": "rate"}, {"where": {"a": ["b"]}}, {"axes": ["trial", "time", "channel"]},
         "data.events.where=.* does nothing"),
        ({"responses": "trials", "stimulus": "names", "rate": "rate"}, {}, {"axes": ["trial", "time", "channel"], "events_file": "ev.tsv"},
         "data.events_file=.*ev.tsv does nothing"),
        (DURING, {"duration": "length"}, {}, "data.events.duration=length does nothing here, because no table"),
        ({"rate": "rate"}, {"words": {"kind": ["word"]}}, {"events_file": "ev.tsv"}, "data.events.words=.* does nothing"),
        (DURING, {}, {"region": "aal"}, "data.region='aal' has no effect"),
    ],
)  # fmt: skip
def test_what_arrays_do_not_read_is_refused(folder, keys, events, options, sentence):
    with pytest.raises(BrainalignError, match=sentence):
        arrays(folder, keys, events, **options)


def test_what_arrays_read_is_not_refused(folder):
    assert arrays(folder, DURING | {"electrode": "e"}).channels["electrode"].tolist() == ["a", "b", "c"]
    assert arrays(
        folder, {"rate": "rate"}, {"unit": "milliseconds", "onset": "onset", "shift": 5.0}, events_file="ev.tsv"
    )


def test_what_images_and_stories_do_not_read_is_refused(tmp_path):
    image = nibabel.Nifti1Image(
        np.random.default_rng(0).normal(size=(2, 2, 2, 9)).astype("f4"), np.diag([2.0, 2, 2, 1])
    )
    nibabel.save(image, tmp_path / "s1.nii.gz")
    np.savez(tmp_path / "s1.npz", data=np.ones((9, 2)))

    def read(ending, **options):
        options.setdefault("keys", ArrayKeys("data"))
        return read_story_fmri(tmp_path, f"{{stimulus}}.{ending}", options.pop("keys"), 2.0, S, **options)

    for options, sentence in (
        (
            {"keys": ArrayKeys("data", region="atlas")},
            "data.keys.region=atlas does nothing here, because an image has no keys",
        ),
        ({"axes": ["channel", "time"]}, r"data.axes=\['channel', 'time'\] does nothing"),
        (
            {"events": EventFormat(shift=1.0)},
            "data.events.shift=1.0 does nothing here, because data.events_file is not given",
        ),
        (
            {"start": 3.0, "events_file": "{stimulus}.tsv"},
            "data.events_file={stimulus}.tsv does nothing here, because data.start=3",
        ),
    ):
        with pytest.raises(BrainalignError, match=sentence):
            read("nii.gz", **options)
    with pytest.raises(BrainalignError, match="data.mask=m.nii does nothing"):
        read("npz", mask="m.nii")
    with pytest.raises(BrainalignError, match="data.keys.onset=o does nothing"):
        read("npz", keys=ArrayKeys("data", onset="o"))


def test_what_recordings_do_not_read_is_refused(tmp_path):
    root = recordings.fif(tmp_path)
    files = "sub-{subject}_run-{run}_raw.fif"
    table = {"events_file": "sub-{subject}_run-{run}_events.tsv"}
    with pytest.raises(BrainalignError, match="data.unit=cm does nothing"):
        read_raw_files(root, files, S, **table, unit="cm")
    with pytest.raises(BrainalignError, match="data.region=aal does nothing"):
        read_raw_files(root, files, S, **table, region="aal")
    with pytest.raises(BrainalignError, match="data.events_file=.* does nothing here, because data.events.whole"):
        read_raw_files(root, files, S, **table, events=EventFormat(whole="s1"))
    with pytest.raises(BrainalignError, match="data.events.words=.* does nothing"):
        read_nwb(recordings.nwb(tmp_path / "nwb"), "sub-{subject}.nwb", S, EventFormat(words={"k": ["word"]}))


def test_settings_of_transcripts_count_for_their_kind_alone():
    tables, tiers = (
        StimuliFormat(transcripts=TranscriptFormat(unit="milliseconds")),
        StimuliFormat(transcripts=TranscriptFormat(tier="w")),
    )
    refuse_transcripts(tables, {".tsv", ".textgrid"})
    refuse_transcripts(tiers, {".textgrid"})
    with pytest.raises(
        BrainalignError,
        match="data.stimuli.transcripts.unit=milliseconds does nothing here, because no tran",
    ):
        refuse_transcripts(tables, {".textgrid"})
    with pytest.raises(BrainalignError, match="data.stimuli.transcripts.tier=w does nothing here, because no tran"):
        refuse_transcripts(tiers, {".tsv"})
    with pytest.raises(BrainalignError, match="data.stimuli.root=x does nothing"):
        refuse_transcripts(StimuliFormat(root="x", seconds=2.0), ())


def stimulus(seconds):
    return Stimulus("s", seconds, pd.DataFrame({"word": ["a"], "onset": [0.0], "offset": [seconds]}))


def test_a_matrix_on_its_side_is_named():
    known = {"a": stimulus(2.0), "b": stimulus(3.0)}
    (said,) = swapped_axes([("a", 2.56, 2.0)], known, "participant 01", 0.01)
    assert "256 samples" in said and "200 channels" in said and "data.axes" in said
    assert swapped_axes([("a", 2.0, 2.0)], known, "p", 0.01) == []
    assert swapped_axes([("a", 2.5, 2.0), ("b", 3.5, 2.0)], known, "p", 0.01) == []  # one of them by chance


def test_stories_on_their_side_and_of_other_lengths(tmp_path):
    recordings.stimuli(tmp_path)
    (tmp_path / "stimuli/s9_words.tsv").write_text(
        "word\tonset\toffset\n" + "".join(f"w\t{t}\t{t + 1}\n" for t in range(0, 600, 2))
    )
    rng = np.random.default_rng(0)
    for shape, told in (((500, 300), "the 500 samples .* last 1000 s, but stimulus 's9' lasts 599 s, as the 300 channels would"),
                        ((100, 7), "'s9' 599 s, its 100 volumes 200 s"), ((300, 500), None)):  # fmt: skip
        np.savez(tmp_path / "s9.npz", data=rng.normal(size=shape))
        data = read_story_fmri(tmp_path, "{stimulus}.npz", ArrayKeys("data"), 2.0, S)
        found = [n for n in data.notes if "participant 01" in n]
        assert found == [] if told is None else (len(found) == 1 and re.search(told, found[0]))


def test_times_in_milliseconds_are_recognised(folder, tmp_path):
    (folder / "ms.tsv").write_text("onset\tduration\tstimulus\n5000\tn/a\ts1\n")
    with pytest.raises(
        BrainalignError, match="It looks like milliseconds: data.events.unit=milliseconds, or for data=folder seconds"
    ):
        arrays(folder, {"rate": "rate"}, events_file="ms.tsv")
    keys = dict.fromkeys(field.name for field in fields(StoryFmri))
    with pytest.raises(
        BrainalignError, match="data.tr=2000 looks like milliseconds; it must be the seconds between volumes"
    ):
        StoryFmri(**{**keys, "tr": 2000.0})


def test_a_set_of_another_size_than_published_is_told(folder):
    data = arrays(folder, DURING)
    card = DataCard("Roe et al. 2020, A set", None, "CC0", "example.org", 9, 1, 0.5, "")
    (people, hours) = against_card(data, card, None)
    assert "has 9 participants, here is 1" in people and "has 0.5 h of stimuli, here are" in hours
    assert against_card(data, card, ["01"]) == [hours]
    named = replace(card, labels=["01", "02", "07"])
    assert "here is 1 (missing: 02, 07): a part" in against_card(data, named, None)[0]
    many = replace(named, subjects=345, labels=[f"{n:03d}" for n in range(345)])
    assert len(against_card(data, many, None)[0]) < 200 and "and 340 more" in against_card(data, many, None)[0]
    assert against_card(data, named, ["01"]) == [hours]
    assert against_card(data, replace(card, subjects=None, hours=None), None) == []


def test_runs_that_the_authors_leave_out_change_the_result(folder):
    data = arrays(folder, DURING)
    (who,) = [r.subject for r in data.recordings]
    bad = [f"{who} s1_run-2", f"{who} elsewhere", "another all"]
    (note,) = against_card(data, DataCard("Roe et al. 2020, A set", None, "CC0", "x", 1, 1, None, "", bad), None)
    assert note.startswith(f"1 run among the data that Roe et al. 2020 leave out: {who} s1_run-2.")
    assert note.severity is Severity.CHANGES
