"""analysis=describe: what is counted is what is there, what is missing is named, and what the data allow is said."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainalign.analysis.describe.feasibility import allowed
from brainalign.analysis.describe.tables import describe
from brainalign.data.simulated import simulate
from brainalign.data.types import empty_intervals


@pytest.fixture(scope="module")
def data():
    return simulate(subjects=2, electrodes=5, sentences=6, repeated=2, repeats=3)


def test_everything_is_counted(data):
    result = describe(data)
    people, stimuli = result.tables["participants"], result.tables["stimuli"]
    assert people["presentations"].tolist() == [10, 10] and people["repeated"].tolist() == [2, 2]
    assert result.metrics["describe/electrodes"] == 10 == result.tables["electrodes"]["electrodes"].sum()
    assert sorted(stimuli["most_repeats"]) == [1, 1, 1, 1, 3, 3] and (stimuli["participants"] == 2).all()
    for row in stimuli.itertuples():
        stimulus = data.stimuli[row.stimulus]
        assert (row.words, row.duration) == (len(stimulus.words), stimulus.duration)
        lengths = stimulus.words["offset"] - stimulus.words["onset"]
        assert row.covered == pytest.approx(lengths.sum() / stimulus.duration) and 0.5 < row.covered <= 1
    assert result.metrics["describe/minutes_of_stimuli"] == pytest.approx(
        sum(s.duration for s in data.stimuli.values()) / 60
    )
    assert dict(result.rows)["digest"] == data.digest[:12]
    assert result.tables["allowed"]["allowed"].sum() >= 12


def test_missing_pieces_are_named(data):
    first, second = data.recordings
    p = first.presentations
    cut = replace(p[0], response=p[0].response[:-20])
    hole = replace(p[1], response=np.where(np.arange(len(p[1].response))[:, None] < 10, np.nan, p[1].response))
    nowhere = second.channels.assign(x=np.nan, y=np.nan, z=np.nan)
    stimuli = dict(data.stimuli)
    quiet = next(iter(stimuli))
    stimuli[quiet] = replace(stimuli[quiet], audio=None, words=empty_intervals(("word", "onset", "offset")))
    fewer = [q for q in second.presentations if q.stimulus != p[2].stimulus]
    broken = replace(
        data,
        stimuli=stimuli,
        recordings=[
            replace(first, presentations=[cut, hole, *p[2:]]),
            replace(second, channels=nowhere, presentations=fewer),
        ],
    )
    result = describe(broken)
    text = "\n".join(result.warnings)
    for part in (
        f"participant sim01: 1 presentations end before their stimulus ({p[0].stimulus}).",
        f"1 of 6 stimuli were not heard by all 2 participants ({p[2].stimulus}).",
        f"1 of 6 stimuli have no sound ({quiet}).",
        "participant sim02: no electrode has coordinates",
        "language models: 1 of 6 stimuli have no words.",
        "speech models: 1 of 6 stimuli have no sound.",
        "with 2 participants a sign-flip test cannot fall below p = 0.5",
    ):
        assert part in text, text
    lost = result.tables["participants"]["missing"]
    assert lost[0] == pytest.approx(50 / sum(q.response.size for q in [cut, hole, *p[2:]])) and lost[1] == 0


def test_slow_data_and_single_stories(data):
    story = replace(
        data.recordings[0], presentations=[replace(data.recordings[0].presentations[0], rate=0.5, start=1.0)]
    )
    one = story.presentations[0].stimulus
    table = allowed(replace(data, stimuli={one: data.stimuli[one]}, recordings=[story])).set_index("name")
    assert not table["allowed"][
        ["encoding", "geometry", "latency", "ceiling", "electrodes=responsive", "window=w400ms"]
    ].any()
    slow = describe(replace(data, recordings=[story]))
    assert (
        "1 participants" not in slow.found
        and "5 channels in" in slow.found
        and "electrode" not in slow.figures["data"][1]
    )
    assert table["reason"]["window=w400ms"] == "the recording is slower than 50 Hz; use window=fir_tr."
    assert table["reason"]["geometry"].startswith("1 stimuli are fewer than the 10")
    assert "1 stimuli are too few for 3 folds" in table["reason"]["encoding"] and table["allowed"]["word rate"]


def test_nothing_is_changed(data):
    before = data.digest
    describe(data)
    assert replace(data).digest == before and isinstance(describe(data).tables["allowed"], pd.DataFrame)
