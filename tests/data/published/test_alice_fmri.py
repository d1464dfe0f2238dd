"""The Alice fMRI set: real where it is at hand, and a small copy of its shape for what can go wrong."""

import numpy as np
import pytest

from brainalign.data.published.alice_fmri import REGIONS, read_alice_fmri
from brainalign.errors import BrainalignError

TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
60
<exists>
1
"IntervalTier"
"word"
0
60
3
0
20.1
"sp"
20.1
20.5
"Alice "
20.5
60
"'s"
"""


@pytest.fixture
def simulated(tmp_path):
    """Simulated numbers in the set's shape: s01 fine, s02 all zero, s03 with one flat region."""
    folder = tmp_path / "alice_fmri"
    (folder / "6mm").mkdir(parents=True)
    (folder / "alice_ch1.TextGrid").write_text(TEXTGRID)
    rng = np.random.default_rng(0)
    for n in (1, 2, 3):
        values = 100 + rng.normal(size=(362, 6)).cumsum(axis=0)
        if n == 2:
            values[:] = 0
        if n == 3:
            values[:, 4] = 7.0
        np.savetxt(folder / "6mm" / f"s0{n}-timecourses.txt", values)
    return folder


def test_who_is_all_zero_is_left_out_by_name(simulated):
    data = read_alice_fmri(simulated.parent)
    assert [r.subject for r in data.recordings] == ["s01", "s03"]
    assert data.notes[:1] == ("participant s02 is left out: all of s02-timecourses.txt (6mm) is zero.",)
    assert data.recordings[1].channels["electrode"].tolist() == [r for r in REGIONS if r != "LPreM"]
    assert data.recordings[1].notes == ("participant s03: 1 of 6 channels is left out: LPreM (constant).",)
    words = data.stimuli["alice_ch1"].words
    assert words["word"].tolist() == ["alice", "'s"] and words["text"].tolist() == ["Alice", "'s"]


def test_time_courses_are_without_drift_and_of_unit_variance(simulated):
    presentation = read_alice_fmri(simulated).recordings[0].presentations[0]
    assert (presentation.start, presentation.rate) == (20.0, 0.5)
    y = presentation.response
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(y.std(axis=0), 1)
    slow = np.cos(np.pi * np.outer(np.arange(12), np.arange(362) + 0.5) / 362)
    assert np.abs(slow @ y).max() < 1e-6
    assert np.abs(np.cos(np.pi * 12 * (np.arange(362) + 0.5) / 362) @ y).max() > 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"subjects": ["s02"]},
            "data.subjects=['s02']: nobody is left; participant s02 is left out: all of s02-timecourses.txt",
        ),
        ({"subjects": ["s04"]}, "data.subjects: participant 's04' is not in"),
        ({"radius": "10mm"}, "must hold alice_ch1.TextGrid and 10mm/sNN-timecourses.txt."),
    ],
)
def test_choices_that_cannot_be(simulated, options, sentence):
    with pytest.raises(BrainalignError) as error:
        read_alice_fmri(simulated, **options)
    assert sentence in str(error.value)


def test_files_that_are_not_what_they_should_be(simulated, tmp_path):
    with pytest.raises(BrainalignError, match=r"data\.root=.*nowhere is not the Alice fMRI set"):
        read_alice_fmri(tmp_path / "nowhere")
    path = simulated / "6mm" / "s01-timecourses.txt"
    np.savetxt(path, np.ones((361, 6)))
    (simulated / "6mm" / "s03-timecourses.txt").write_text("a b c\n")
    with pytest.raises(BrainalignError) as error:
        read_alice_fmri(simulated)
    first, second = str(error.value).splitlines()
    assert first.endswith(
        "has 361 rows and 6 columns; 362 rows (volumes) and 6 columns (LATL RATL LPTL LIPL LPreM LIFG) are needed."
    )
    assert "s03-timecourses.txt cannot be read as a table of numbers" in second


@pytest.mark.parametrize("radius", ["6mm", "10mm"])
def test_the_real_set(test_data, radius):
    data = read_alice_fmri(test_data, radius)
    assert len(data.recordings) == 17 and "s33" not in {r.subject for r in data.recordings}
    assert data.notes == (
        f"participant s33 is left out: all of s33-timecourses.txt ({radius}) is zero.",
        "290 label(s) were taken for silence or noise and left out: 'sp' 290.",
    )
    words = data.stimuli["alice_ch1"].words
    assert len(words) == 2127
    assert words["onset"].iloc[0] == pytest.approx(20.0589, abs=1e-4)
    assert data.stimuli["alice_ch1"].duration == pytest.approx(743.3351, abs=1e-4)
    assert (words["word"] == words["word"].str.strip()).all() and (words["word"] == "'s").any()
    assert data.channels["region"].tolist() == list(REGIONS) * 17
    assert data.channels["hemisphere"].tolist() == ["L", "R", "L", "L", "L", "L"] * 17
    assert all(p.response.shape == (362, 6) for r in data.recordings for p in r.presentations)


def test_the_real_clock_is_that_of_the_published_word_rate(test_data):
    """A double-gamma response to the words, at the times of the rows, is the published word-rate regressor."""
    from scipy.stats import gamma

    data = read_alice_fmri(test_data, subjects=["s18"])
    p = data.recordings[0].presentations[0]
    t = np.arange(0, 32, 0.1)
    hrf = gamma.pdf(t, 6) - gamma.pdf(t, 16) / 6
    spikes = np.histogram(data.stimuli[p.stimulus].words["offset"], np.arange(0, 760, 0.1))[0]
    rows = p.start + np.arange(len(p.response)) / p.rate
    rate = np.convolve(spikes, hrf)[np.round(rows * 10).astype(int)]
    published = np.loadtxt(test_data / "alice_fmri" / "word_rate" / "s18-rate.txt")
    assert np.corrcoef(rate, published)[0, 1] > 0.98
