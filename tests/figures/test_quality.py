"""Figures and page on a recording's quality: the tables' numbers, nothing cut, everything that was found is said."""

import re
from dataclasses import replace

import mne
import numpy as np
import pandas as pd
import pytest

from brainalign.data.preprocessing.process import preprocess
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.simulated import simulate
from brainalign.data.sync.result import Sync
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError
from brainalign.figures import offsets, onset_responses, spectra, write_quality
from brainalign.figures.text import number
from brainalign.stats import mean_ci
from brainalign.stats.onset_response import onset_response
from tests.figures.test_figures_layout import REGIONS, assert_nothing_cut


@pytest.fixture(scope="module")
def listener():
    """A simulated participant, with the record of preprocessing of 8 simulated channels."""
    data = simulate(subjects=1, electrodes=8, sentences=20, repeated=0, evoked=2.0)
    values = np.random.default_rng(0).normal(size=(8, 8000))
    values += 20 * np.sin(2 * np.pi * 50 * np.arange(8000) / 400)
    values[5] = 0
    values[2, 4000:4010] += 500
    names = [f"E{i}" for i in range(8)]
    raw = mne.io.RawArray(values, mne.create_info(names, 400.0, "ecog"), verbose="error")
    table = data.recordings[0].channels.assign(electrode=names, region=["A1", "STG"] * 4)
    quality = preprocess(raw, Preprocessing(line_frequency=50, noisy=None), table, "run <1>").quality
    return replace(data.recordings[0], quality=quality, notes=("a note & more.",))


@pytest.fixture
def checked():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"run": "run 1", "stimulus": "s", "time": np.arange(40) * 9.0, "offset": 1.5 + rng.normal(0, 0.01, 40)}
    )
    table = table.assign(r=0.9, margin=0.5, trusted=np.arange(40) != 7, agrees=np.arange(40) != 7)
    table.loc[7, "offset"] = -2.0
    return Sync(
        table, "sound", 1.5, 0.9, 1e-9, np.nan, (np.nan, np.nan), ("run 1: the recording's sound is 1.50 s later.",)
    )


def test_spectra_are_the_tables_and_the_caption_names_what_went(listener, artist):
    table = listener.quality.spectra
    figure, caption = spectra(table)
    assert_nothing_cut(figure)
    for stage, own in table.groupby("stage"):
        np.testing.assert_allclose(artist(figure, f"spectrum {stage}").get_ydata(), own["median"])
    lost = re.findall(r"(\d+) Hz \((\d+) dB\)", caption)
    assert lost[0][0] == "50" and int(lost[0][1]) > 20
    own = table[table["stage"] == "before"]
    assert "Lost" not in spectra(pd.concat([own, own.assign(stage="after")]))[1]
    with pytest.raises(BrainalignError, match="the spectra table has no column 'stage'"):
        spectra(table.drop(columns="stage"))


def test_the_onset_response_is_the_mean_over_presentations(listener, artist):
    table = onset_response(listener)
    region = listener.channels.region.iloc[0]
    columns = (listener.channels.region == region).to_numpy()
    at = 0.3
    by_hand = []
    for p in listener.presentations:
        times = p.start + np.arange(len(p.response)) / p.rate
        by_hand.append(np.interp(at, times, p.response[:, columns].mean(axis=1)))
    row = table[(table.region == region) & np.isclose(table.time, at)].iloc[0]
    expected = mean_ci(by_hand)
    assert row.n == 20 and row.channels == columns.sum()
    assert (row["mean"], row.low, row.high) == pytest.approx(expected[:3], abs=0.15)
    late, early = table[table.time > 0.3]["mean"].mean(), table[table.time < 0]["mean"].mean()
    assert late > early + 1
    figure, caption = onset_responses(table)
    assert_nothing_cut(figure)
    np.testing.assert_allclose(
        artist(figure, f"onset response {region}").get_ydata(), table[table.region == region]["mean"]
    )
    assert "over 20 presentations by region" in caption
    assert onset_response(replace(listener, presentations=[])).empty


def test_offsets_are_dots_and_the_caption_counts_who_agrees(checked, artist):
    figure, caption = offsets(checked.pieces)
    assert_nothing_cut(figure)
    filled, open_ = artist(figure, "trusted run 1"), artist(figure, "doubtful run 1")
    assert len(filled.get_offsets()) == 39 and open_.get_offsets().tolist() == [[63 / 60, -2.0]]
    assert f"39 of 40 agree, median {number(checked.pieces.offset[checked.pieces.agrees].median())} s" in caption


def test_nothing_is_cut_with_many_regions_and_runs_of_long_names(listener, checked):
    one = onset_response(listener)
    one = one[one["region"] == one["region"].iloc[0]]
    assert_nothing_cut(onset_responses(pd.concat([one.assign(region=r) for r in REGIONS]))[0])
    runs = [f"sub-01_ses-0{i}_task-listening_run-0{i}" for i in range(8)]
    assert_nothing_cut(offsets(pd.concat([checked.pieces.assign(run=r) for r in runs]))[0])


def test_the_page_has_everything_and_loads_nothing(listener, checked, tmp_path):
    page = write_quality(tmp_path / "new" / "page.html", listener, None, [checked], simulated=True).read_text("utf-8")
    assert page.count("<figure>") == 3 and "Simulated data" in page
    for said in ("1.50 s later", "a note &amp; more.", "run &lt;1&gt;", "constant", "39 of 40 agree", "+1.500 s", "E2"):
        assert said in page, said
    assert not re.search(r"(src|href)=\"(?!data:|#)", page) and "://" not in page
    plain = write_quality(tmp_path / "plain.html", replace(listener, quality=None)).read_text("utf-8")
    assert plain.count("<figure>") == 1 and "Simulated" not in plain and "Channels left out" in plain


def test_the_record_is_no_part_of_the_digest(listener):
    data = simulate(subjects=1, electrodes=8, sentences=20, repeated=0, evoked=2.0)
    with_record, without = (Dataset("d", data.stimuli, [r]).digest for r in (listener, replace(listener, quality=None)))
    assert with_record == without
