"""The simulated data set as a whole: sizes, seeds, silent electrodes, what is refused."""

import os
import subprocess
import sys

import numpy as np
import pytest

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.frames.responses import responses_on_frames
from brainalign.data.simulated import LATENTS, simulate
from brainalign.errors import BrainalignError

SMALL = {"subjects": 2, "electrodes": 10, "sentences": 12, "repeated": 3, "repeats": 4}
SHARES = [f"share_{name}" for name in LATENTS]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return simulate(**SMALL, cache_dir=tmp_path_factory.mktemp("vectors"))


def test_sizes_are_those_asked_for(data):
    assert data.name == "simulated" and "simulated" in data.notes[0]
    assert len(data.stimuli) == 12 and len(data.recordings) == 2 and len(data.channels) == 20
    for recording in data.recordings:
        assert len(recording.presentations) == 9 + 3 * 4
        heard = [(p.stimulus, p.repeat) for p in recording.presentations]
        assert len(set(heard)) == len(heard)
        assert sorted(r for _, r in heard) == sorted([0] * 12 + [1, 2, 3] * 3)
    orders = [[p.stimulus for p in r.presentations] for r in data.recordings]
    assert sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]


def test_defaults_are_the_documented_size(tmp_path):
    data = simulate(cache_dir=tmp_path)
    assert len(data.stimuli) == 150 and len(data.recordings) == 10
    assert {len(r.presentations) for r in data.recordings} == {240}
    assert {len(r.channels) for r in data.recordings} == {20}
    assert (data.channels["rho_true"] == 0).sum() == 20
    assert 1.9 <= np.mean([s.duration for s in data.stimuli.values()]) <= 2.2


def test_responses_lie_on_the_speech_frames_after_half_a_second_of_noise(data):
    frames = responses_on_frames(data, 50.0)
    for p in data.recordings[0].presentations:
        grid = FrameGrid.speech(data.stimuli[p.stimulus].duration)
        times = p.start + np.arange(len(p.response)) / p.rate
        np.testing.assert_allclose(times[25:], grid.times, atol=1e-12)
        assert p.rate == 50.0 and p.start == pytest.approx(0.0125 - 0.5)
        found = frames.values[frames.presentations.index((p.stimulus, p.repeat))][:, :10]
        np.testing.assert_allclose(found, p.response[25:], atol=1e-9)


def test_the_same_seed_gives_the_same_bits_and_another_one_other_data(data, tmp_path):
    again, other = simulate(**SMALL, cache_dir=tmp_path), simulate(**SMALL, seed=1, cache_dir=tmp_path)
    assert again.digest == data.digest and other.digest != data.digest
    assert other.stimuli_digest != data.stimuli_digest
    for name in LATENTS:
        for stimulus, values in data.latents[name].items():
            assert values.tobytes() == again.latents[name][stimulus].tobytes()


def test_stimuli_do_not_depend_on_who_listens(data, tmp_path):
    fewer = simulate(**{**SMALL, "subjects": 1, "repeats": 2}, cache_dir=tmp_path)
    assert fewer.stimuli_digest == data.stimuli_digest


def test_channels_have_places_and_truth(tmp_path):
    channels = simulate(
        subjects=5, electrodes=20, sentences=8, repeated=0, rho_min=0.1, rho_max=0.3, cache_dir=tmp_path
    ).channels
    assert channels.groupby(["subject", "region", "hemisphere"]).size().eq(2).all()
    assert set(channels["region"]) == {"A1", "STG", "MTG", "SMC", "SMG"}
    assert ((channels["x"] < 0) == (channels["hemisphere"] == "L")).all()
    assert channels[["x", "y", "z"]].abs().max().max() < 85
    assert not channels.duplicated(["subject", "electrode"]).any()
    live = channels[channels["rho_true"] > 0]
    assert live["rho_true"].between(0.1, 0.3).all()
    np.testing.assert_allclose(live[SHARES].sum(axis=1), 1, atol=1e-12)
    mean = live.groupby("region")[SHARES].mean()
    assert mean.loc["A1"].idxmax() == "share_acoustic" and mean.loc["MTG"].idxmax() == "share_contextual"


def test_silent_electrodes_are_spread_evenly_and_hold_noise_alone(tmp_path):
    data = simulate(subjects=5, electrodes=20, sentences=40, repeated=40, repeats=6, noise_ar=0.5, cache_dir=tmp_path)
    channels = data.channels
    silent = channels["rho_true"] == 0
    assert channels[silent].groupby("subject").size().tolist() == [2] * 5
    assert channels[silent].groupby("region").size().tolist() == [2] * 5
    assert (channels.loc[silent, SHARES] == 0).all().all()
    averages = []
    for recording in data.recordings:
        repeats = {}
        for p in recording.presentations:
            repeats.setdefault(p.stimulus, []).append(p.response[25:])
        averages.append(np.concatenate([np.mean(r, axis=0) for r in repeats.values()]).var(axis=0))
    average = np.concatenate(averages)
    # an average of 6 white-ish noises has variance 1/6; signal would add rho on top
    assert np.all(np.abs(average[silent] - 1 / 6) < 0.03)
    excess = average[~silent] - (1 - channels.loc[~silent, "rho_true"]) / 6 - channels.loc[~silent, "rho_true"]
    assert abs(excess.mean()) < 0.01


def test_one_mixture_for_all(tmp_path):
    data = simulate(**SMALL, mixture={"lexical": 3, "acoustic": 1}, cache_dir=tmp_path)
    live = data.channels[data.channels["rho_true"] > 0]
    assert np.allclose(live[SHARES], [0.25, 0, 0.75, 0])


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"repeated": 13}, r"data\.repeated=13 is impossible; it must be between 0 and 12"),
        ({"rho_min": 0.4, "rho_max": 0.3}, r"data\.rho_max=0\.3 .* between 0\.4"),
        ({"noise_ar": 1.0}, r"data\.noise_ar=1 "),
        ({"silent_fraction": -0.1}, r"data\.silent_fraction=-0\.1"),
        ({"baseline": -1.0}, r"data\.baseline=-1 .* at least 0"),
        ({"mixture": {"lexcal": 1.0}}, r"'lexcal'.*did you mean 'lexical'"),
        ({"mixture": {"lexical": -1.0}}, r"data\.mixture\.lexical=-1"),
        ({"mixture": {"lexical": 0.0}}, r"no weight above 0"),
        ({"mixture": {}}, r"no weight above 0"),
        (
            {"mixture": {"STQ": {"lexical": 1}}},
            r"data\.mixture names the region 'STQ', which is unknown; did you mean 'STG'",
        ),
        (
            {"mixture": {"STG": {"lexical": 1}, "lexical": 1}},
            r"data\.mixture\.lexical=1 stands beside mixtures by region",
        ),
        ({"mixture": {"STG": {"lexcal": 1}}}, r"data\.mixture\.STG names the latent 'lexcal'"),
        ({"mixture": {"lexical": "much"}}, r"data\.mixture\.lexical=much must be a finite number"),
        ({"evoked": float("nan")}, r"data\.evoked=nan"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(option, sentence, tmp_path):
    with pytest.raises(BrainalignError, match=sentence):
        simulate(**(SMALL | option), cache_dir=tmp_path)


def test_mixtures_by_region_are_exact_where_named(tmp_path):
    regions = {"A1": {"acoustic": 1}, "MTG": {"contextual": 3, "lexical": 1}}
    data, own = simulate(**SMALL, mixture=regions, cache_dir=tmp_path), simulate(**SMALL, cache_dir=tmp_path)
    live = data.channels[data.channels["rho_true"] > 0].groupby("region")[SHARES]
    assert (live.get_group("A1") == [1, 0, 0, 0]).all().all()
    assert np.allclose(live.get_group("MTG"), [0, 0, 0.25, 0.75])
    others = ~data.channels["region"].isin(regions)
    assert data.channels.loc[others, SHARES].equals(own.channels.loc[others, SHARES])


def test_the_evoked_level_is_there_from_the_first_frame_on_and_nowhere_else(data, tmp_path):
    flat = simulate(**SMALL, evoked=0.0, cache_dir=tmp_path)
    for one, other in zip(data.recordings, flat.recordings, strict=True):
        heard = one.channels["rho_true"].to_numpy() > 0
        assert 0 < heard.sum() < len(heard) or one.subject == "sim02"
        for p, q in zip(one.presentations, other.presentations, strict=True):
            expected = np.zeros_like(p.response)
            expected[25:, heard] = 1.0
            np.testing.assert_allclose(p.response - q.response, expected, atol=1e-12)


def test_without_a_cache_one_folder_holds_the_vectors_and_goes_with_the_process(tmp_path):
    code = (
        "from brainalign.data.simulated import simulate, simulate_fmri\n"
        "a = simulate(subjects=1, electrodes=2, sentences=5, repeated=0)\n"
        "b = simulate_fmri(subjects=1, voxels=1, stories=1, sentences=5, repeats=1)\n"
        "print(open(a.vectors).read() == open(b.vectors).read() != '', a.vectors == b.vectors)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == ["True", "True"]
    assert not list(tmp_path.glob("brainalign-simulated-*"))
