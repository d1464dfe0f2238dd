"""Choosing electrodes: columns stay with their rows, what is left out is said, and nothing else changes."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from brainalign.data.electrodes.selection import choose_electrodes
from brainalign.data.simulated import simulate
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError

REGIONS = ("A1", "STG", "MTG", "")


def marked(places):
    """Participants whose channel k answers with its own number; ``places``: (region, hemisphere) by participant."""
    recordings, number = [], 0
    for s, own in enumerate(places):
        names = [f"e{number + i}" for i in range(len(own))]
        channels = pd.DataFrame({"subject": f"p{s}", "electrode": names, "region": [r for r, _ in own]})
        channels["hemisphere"] = [h for _, h in own]
        channels[["x", "y", "z"]] = 0.0
        shown = [
            Presentation("s", k, np.tile(np.arange(number, number + len(own)) + 0.5, (4 + k, 1)), 50.0)
            for k in range(2)
        ]
        recordings.append(Recording(f"p{s}", channels, shown))
        number += len(own)
    return Dataset("marked", {"s": Stimulus("s", 1.0)}, recordings)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return simulate(
        subjects=5, electrodes=20, sentences=60, repeated=5, repeats=5, silent_fraction=0.4,
        cache_dir=tmp_path_factory.mktemp("vectors"),
    )  # fmt: skip


place = st.tuples(st.sampled_from(REGIONS), st.sampled_from(["L", "R", "n/a"]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(place, min_size=1, max_size=6), min_size=1, max_size=4),
    st.sets(st.sampled_from(REGIONS), min_size=1),
    st.booleans(),
)
def test_every_column_of_a_response_stays_with_its_row_of_the_table(places, named, apart):
    whole = marked(places)
    named = sorted(named & set(whole.channels["region"]))
    if not named:
        return
    chosen = choose_electrodes(whole, regions={"group": named}, hemispheres="apart" if apart else "together")
    before = whole.channels[whole.channels["region"].isin(named)]
    assert chosen.channels["electrode"].tolist() == before["electrode"].tolist()
    assert [r.subject for r in chosen.recordings] == list(dict.fromkeys(before["subject"]))
    for recording in chosen.recordings:
        assert [p.repeat for p in recording.presentations] == [0, 1]
        for p in recording.presentations:
            assert [f"e{int(v)}" for v in p.response[0]] == recording.channels["electrode"].tolist()
            assert recording.channels.index.tolist() == list(range(p.response.shape[1]))
    sides = [f"group {h}" if apart and h != "n/a" else "group" for h in before["hemisphere"]]
    assert chosen.channels["region"].tolist() == sides
    gone = {r.subject for r in whole.recordings} - set(before["subject"])
    assert all(any(f"participant {s}" in n and "the participant is left out" in n for n in chosen.notes) for s in gone)


def test_electrodes_with_signal_are_found_and_silent_ones_are_not(data):
    chosen = choose_electrodes(data, "responsive")
    key = ["subject", "electrode"]
    kept = data.channels.merge(chosen.channels[key], on=key, how="left", indicator=True)["_merge"] == "both"
    silent = data.channels["rho_true"] == 0
    assert silent.sum() == 40 and kept[~silent].mean() > 0.9
    assert kept[silent].sum() <= binom.ppf(0.999, 40, 0.01 / 20)
    assert (chosen.channels["responsive_p"] < 0.01 / 20).all() and (chosen.channels["responsive_t"] > 0).all()
    for recording in chosen.recordings:
        n = len(recording.channels)
        assert f"participant {recording.subject}: {n} of 20 electrodes are speech-responsive" in recording.notes[-1]
        assert "80 presentations, p < 0.01/20" in recording.notes[-1]
        whole = next(r for r in data.recordings if r.subject == recording.subject)
        columns = whole.channels["electrode"].isin(recording.channels["electrode"]).to_numpy()
        for p, q in zip(recording.presentations, whole.presentations, strict=True):
            np.testing.assert_array_equal(p.response, q.response[:, columns])


def test_the_level_is_that_of_the_test_and_silent_electrodes_pass_it_as_often_as_it_says(tmp_path):
    data = simulate(subjects=20, electrodes=20, sentences=30, repeated=0, silent_fraction=1.0, cache_dir=tmp_path)
    chosen = choose_electrodes(data, "responsive", level=1.0)  # 1/20 for each electrode
    assert binom.ppf(0.0005, 400, 0.05) <= len(chosen.channels) <= binom.ppf(0.9995, 400, 0.05)


def test_what_is_chosen_has_a_digest_of_its_own_and_the_whole_keeps_its(data):
    assert choose_electrodes(data) is data
    ways = [
        choose_electrodes(data, "responsive"), choose_electrodes(data, "responsive", level=1.0),
        choose_electrodes(data, hemispheres="apart"), choose_electrodes(data, regions={"STG": ["STG"]}),
        choose_electrodes(data, regions={"temporal": ["STG", "A1", "MTG", "SMC", "SMG"]}),
    ]  # fmt: skip
    assert len({data.digest, *(w.digest for w in ways)}) == 6
    assert all(w.stimuli_digest == data.stimuli_digest for w in ways)


def test_hemispheres_apart_are_regions_of_their_own_and_unknown_sides_are_counted():
    chosen = choose_electrodes(
        marked([[("STG", "L"), ("STG", "R"), ("STG", "n/a")], [("STG", "L")]]), hemispheres="apart"
    )
    assert chosen.channels["region"].tolist() == ["STG L", "STG R", "STG", "STG L"]
    assert "p0: 1 of 3 channels have no hemisphere (L or R)" in chosen.recordings[0].notes[0]
    assert chosen.recordings[1].notes == ()


def test_channels_of_regions_not_named_are_counted_and_named():
    chosen = choose_electrodes(
        marked([[("STG", "L"), ("A1", "L"), ("MTG", "R")]]), regions={"temporal": ["STG", "MTG"]}
    )
    assert chosen.channels["region"].tolist() == ["temporal", "temporal"]
    assert chosen.recordings[0].notes == (
        "participant p0: 1 of 3 channels lies in regions that electrodes.regions does not name (A1) and is left out.",
    )


@pytest.mark.parametrize(
    ("regions", "sentence"),
    [
        (
            {"temporal": ["STG", "MTGG"]},
            r"regions\.temporal names the region 'MTGG', which these data do not have; did you mean 'MTG'",
        ),
        ({"a": ["STG"], "b": ["A1", "STG"]}, r"region 'STG' stands in the groups 'a' and 'b'"),
        ({"a": []}, r"electrodes\.regions\.a names no region"),
        ({}, r"electrodes\.regions=\{\} names no group; null keeps all regions"),
    ],
)
def test_groups_that_cannot_be_are_refused(regions, sentence, data):
    with pytest.raises(BrainalignError, match=sentence):
        choose_electrodes(data, regions=regions)


def test_a_participant_without_responsive_electrodes_drops_out_and_nobody_is_refused(data):
    deaf = [
        dataclasses.replace(p, response=np.random.default_rng(i).normal(size=p.response.shape))
        for i, p in enumerate(data.recordings[1].presentations)
    ]
    first = [data.recordings[0], dataclasses.replace(data.recordings[1], presentations=deaf)]
    chosen = choose_electrodes(dataclasses.replace(data, recordings=first), "responsive")
    assert [r.subject for r in chosen.recordings] == ["sim01"]
    assert any("sim02: 0 of 20" in n and n.endswith("; the participant is left out.") for n in chosen.notes)
    with pytest.raises(BrainalignError, match=r"no electrode of any participant .* \(electrodes\.level=0\.01\)"):
        choose_electrodes(dataclasses.replace(data, recordings=first[1:]), "responsive")
