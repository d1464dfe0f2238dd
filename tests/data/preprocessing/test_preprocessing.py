"""Preprocessing: each step against MNE, a closed form or a planted truth; the cache hands out the same bits."""

import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import mne
import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from numpy.testing import assert_allclose, assert_array_equal
from omegaconf import OmegaConf

from brainalign.config.check import _typed
from brainalign.config.location import conf_folder
from brainalign.data.preprocessing import cached
from brainalign.data.preprocessing.cached import preprocessed
from brainalign.data.preprocessing.process import preprocess
from brainalign.data.preprocessing.quality import combined
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.errors import BrainalignError

RATE = 500.0
PLAIN = Preprocessing(
    signal="as_is",
    low=None,
    high=None,
    line_frequency=None,
    reference="none",
    noisy=None,
    artefact=None,
    rate=None,
    zscore=False,
)
WIDE = replace(PLAIN, signal="band", low=None, high=200.0)


def recording(data, names=None, rate=RATE):
    """MNE's raw of (c, T) data, and its channels table."""
    names = names or [f"E{i + 1}" for i in range(len(data))]
    raw = mne.io.RawArray(np.array(data, dtype=float), mne.create_info(names, rate, "ecog"), verbose="error")
    table = pd.DataFrame({"subject": "s1", "electrode": names, "region": "STG", "hemisphere": "L"})
    return raw, table.assign(x=np.arange(len(names), dtype=float), y=0.0, z=0.0)


def noise(channels=10, seconds=20.0, rate=RATE, seed=0):
    return np.random.default_rng(seed).normal(size=(channels, round(seconds * rate)))


def power(values, rate, frequency):
    """Amplitude of a frequency in the middle half of (T, c) values, by regression."""
    middle = values[len(values) // 4 : -len(values) // 4]
    t = np.arange(len(middle)) / rate
    waves = np.column_stack([np.cos(2 * np.pi * frequency * t), np.sin(2 * np.pi * frequency * t)])
    return np.hypot(*np.linalg.lstsq(waves, middle, rcond=None)[0])


def test_the_notch_removes_line_noise_and_its_harmonics_and_leaves_the_rest():
    t = np.arange(round(20 * RATE)) / RATE
    lines = sum(30 * np.sin(2 * np.pi * f * t + f) for f in (50, 100, 150))
    kept = np.sin(2 * np.pi * 70 * t)
    raw, table = recording(noise(3) + lines + kept)
    before = preprocess(raw, WIDE, table)
    after = preprocess(raw, replace(WIDE, line_frequency=50), table)
    for f in (50, 100, 150):
        assert (power(before.values, RATE, f) > 25).all()
        assert (power(after.values, RATE, f) < 0.1).all()
    assert_allclose(power(after.values, RATE, 70), power(before.values, RATE, 70), rtol=0.01)
    assert_array_equal(raw.get_data(), noise(3) + lines + kept)  # what was given is left as it was
    spectra = after.quality.spectra.set_index(["stage", "frequency"])["median"]
    assert spectra["before", 50.0] > 1e4 * spectra["after", 50.0]


def test_the_average_reference_is_mnes_and_leaves_bad_channels_out():
    data = noise(5)
    data[2] *= 1000
    raw, table = recording(data)
    table["status"] = ["good", "good", "bad", "good", "n/a"]
    found = preprocess(raw, replace(WIDE, reference="average"), table)
    raw.info["bads"] = ["E3"]
    by_mne = mne.set_eeg_reference(raw, "average", ch_type="ecog", verbose="error")[0]
    assert_allclose(found.values, preprocess(by_mne, WIDE, table).values, atol=1e-5)
    assert_allclose(found.values.mean(axis=1), 0, atol=1e-6)
    assert found.channels.electrode.tolist() == ["E1", "E2", "E4", "E5"]
    assert found.notes == ("recording: 1 of 5 channels is left out: E3 (marked bad).",)


def test_bipolar_pairs_are_neighbours_by_name():
    data = noise(6)
    names = ["LA2", "LA1", "LA3", "LA5", "B1", "REF"]
    raw, table = recording(data, names)
    table["region"] = ["STG", "STG", "MTG", "A1", "A1", "A1"]
    found = preprocess(raw, replace(WIDE, reference="bipolar"), table)
    plain = preprocess(raw, WIDE, table).values
    assert found.channels.electrode.tolist() == ["LA1-LA2", "LA2-LA3"]
    assert found.channels.region.tolist() == ["STG", "STG/MTG"]
    assert found.channels.x.tolist() == [0.5, 1.0]
    assert_allclose(found.values, plain[:, [1, 0]] - plain[:, [0, 2]], atol=1e-5)
    with pytest.raises(BrainalignError, match="no two of the 2 channels of run 1 are neighbours by name"):
        preprocess(raw, replace(WIDE, reference="bipolar"), table.iloc[[3, 4]], "run 1")


def test_bad_channels_are_found_and_named():
    data = noise(12)
    data[3] = 7.0
    data[5] *= 30
    data[6] /= 30
    raw, table = recording(data)
    found = preprocess(raw, replace(WIDE, noisy=5.0, bad_channels=["E1"]), table)
    why = found.quality.channels.set_index("electrode")["why"]
    assert why[why != ""].index.tolist() == ["E1", "E4", "E6", "E7"]
    assert (
        why["E4"] == "constant"
        and re.fullmatch(r"variance \d{3}\S* times the median", why["E6"])
        and why["E1"] == "data.preprocessing.bad_channels"
    )
    assert found.values.shape[1] == len(found.channels) == 8
    assert set(found.quality.channels.status) == {"good", "bad"} and found.channels.status.eq("good").all()
    with pytest.raises(BrainalignError, match="there is no channel 'E99'; did you mean"):
        preprocess(raw, replace(WIDE, bad_channels=["E99"]), table)


def test_sensors_of_different_units_are_judged_apart_and_have_no_reference():
    data = noise(20)
    data[10:] *= 1e-3
    data[12] *= 30
    raw, table = recording(data)
    raw.set_channel_types({f"E{i}": "grad" if i <= 10 else "mag" for i in range(1, 21)}, verbose="error")
    found = preprocess(raw, replace(WIDE, noisy=5.0), table)
    assert found.quality.channels.query("why != ''").electrode.tolist() == ["E13"]
    with pytest.raises(BrainalignError, match="reference=average: recording has magnetic sensors, .* must be none"):
        preprocess(raw, replace(WIDE, reference="average"), table)


def test_neither_an_artefact_nor_a_drift_makes_a_channel_bad():
    data = noise(10)
    data[0, 4000:4010] += 1000
    data[1] += np.linspace(0, 20, data.shape[1])
    raw, table = recording(data)
    assert preprocess(raw, replace(WIDE, noisy=5.0), table).values.shape[1] == 10


def test_noise_alone_makes_no_channel_bad_and_no_artefact():
    """Of 200 channels of pink noise; variances over 20 s differ by little."""
    data = np.cumsum(noise(200, 20.0, 400.0), axis=1)
    data -= np.linspace(0, 1, data.shape[1]) * data[:, -1:]
    raw, table = recording(noise(200, 20.0, 400.0) * 3 + data * 0.1, rate=400.0)
    found = preprocess(raw, Preprocessing(noisy=5.0), table)
    assert found.quality.channels.why.eq("").all() and np.isfinite(found.values).all() and found.notes == ()


def test_artefacts_become_missing_with_their_margin():
    data = noise(8, 30.0)
    data[2, 5000:5010] += 300.0
    data[:, 10_000:10_005] += 300.0
    raw, table = recording(data)
    settings = Preprocessing(reference="none", noisy=None, rate=100.0)
    found = preprocess(raw, settings, table)
    lost = np.isnan(found.values)
    t = np.arange(len(lost)) / found.rate
    assert lost[np.abs(t - 10.01) < 0.1, 2].all() and lost[np.abs(t - 20.005) < 0.1].all()
    assert not lost[np.abs(t - 10.01) < 1][:, np.arange(8) != 2].any()
    assert not lost[(np.abs(t - 10.01) > 0.5) & (np.abs(t - 20.005) > 0.5)].any()
    shares = found.quality.rejected.set_index("electrode")["rejected"]
    assert_allclose(shares, lost.mean(axis=0))
    assert shares["E3"] == shares.max() > shares["E1"] > 0
    assert found.notes[0].endswith("% of the samples are left out as artefacts or as marked bad.")


def test_where_many_channels_have_an_artefact_all_are_left_out():
    data = noise(8, 30.0)
    data[:3, 5000:5010] += 300.0
    raw, table = recording(data)
    settings = Preprocessing(reference="none", noisy=None)
    at = slice(995, 1010)
    assert np.isnan(preprocess(raw, settings, table).values[at]).all()
    some = preprocess(raw, replace(settings, artefact_share=0.5), table).values[at]
    assert np.isnan(some[:, :3]).all() and np.isfinite(some[:, 3:]).all()


def test_stretches_that_mne_marks_bad_are_missing_and_nothing_of_them_leaks():
    data = noise(4, 20.0)
    raw, table = recording(data)
    settings = Preprocessing(line_frequency=None, reference="none", noisy=None, artefact=None)
    clean = preprocess(raw, replace(settings, zscore=False), table).values
    data[:, 5000:5250] = 1e6
    raw, table = recording(data)
    raw.set_annotations(mne.Annotations(9.99, 0.53, "BAD_movement"))
    found = preprocess(raw, replace(settings, zscore=False), table).values
    t = np.arange(len(found)) / 100
    lost = np.isnan(found)
    assert lost[(t > 9.8) & (t < 10.7)].all() and not lost[(t < 9.7) | (t > 10.8)].any()
    for margin, bound in ((0.2, 0.05), (0.35, 1e-4)):  # the resampler has one side alone beside the gap
        known = ~lost.any(axis=1) & ((t < 9.99 - margin) | (t > 10.52 + margin))
        assert_allclose(found[known], clean[known], atol=bound * clean.mean())


def test_resampling_keeps_5_hz_and_removes_40_hz():
    t = np.arange(2000) / 100
    raw, table = recording(np.stack([np.sin(2 * np.pi * 5 * t), np.sin(2 * np.pi * 40 * t)]), rate=100.0)
    found = preprocess(raw, replace(PLAIN, rate=50.0), table)
    at = np.arange(len(found.values)) / 50
    middle = slice(15, -15)
    assert found.rate == 50 and len(at) == 1000
    assert np.abs(found.values[:, 0] - np.sin(2 * np.pi * 5 * at))[middle].max() < 1e-3
    assert np.abs(found.values[middle, 1]).max() < 1e-3


def test_band_and_z_score():
    t = np.arange(round(40 * RATE)) / RATE
    raw, table = recording([5 + 10 * np.sin(2 * np.pi * 4 * t) + 50 * np.sin(2 * np.pi * 30 * t) + 0.02 * t * RATE] * 2)
    settings = replace(PLAIN, signal="band", low=1.0, high=8.0, rate=100.0)
    found = preprocess(raw, settings, table)
    assert_allclose(power(found.values, 100.0, 4), 10, rtol=0.01)
    assert (power(found.values, 100.0, 30) < 0.1).all() and np.abs(found.values[1000:-1000].mean()) < 0.05
    scored = preprocess(raw, replace(settings, zscore=True), table).values
    assert_allclose(scored.mean(axis=0), 0, atol=1e-5)
    assert_allclose(scored.std(axis=0), 1, atol=1e-5)


def test_channels_come_in_the_order_of_the_table():
    data = noise(4)
    raw, table = recording(data)
    found = preprocess(raw, PLAIN, table.iloc[[2, 0, 3]])
    assert_array_equal(found.values, data[[2, 0, 3]].T.astype(np.float32))
    with pytest.raises(BrainalignError, match="run 2: the recording has no channel 'E9'"):
        preprocess(raw, PLAIN, table.assign(electrode=["E1", "E2", "E3", "E9"]), "run 2")


def test_a_hit_is_the_miss_bit_for_bit_and_a_changed_setting_misses(tmp_path):
    raw, table = recording(noise(6))
    table.loc[1, "x"] = 0.1 + 0.2  # a number that text cuts
    file = tmp_path / "data.edf"
    file.write_bytes(b"samples")
    opened = []

    def run(settings=WIDE, channels=table, cache=tmp_path / "cache", name="run 1"):
        return preprocessed([file], lambda: opened.append(1) or raw, settings, channels, cache, name)

    settings = replace(WIDE, bad_channels=["E2"])
    plain = preprocess(raw, settings, table, "run 1")
    miss, hit = run(settings), run(settings)
    assert len(opened) == 1
    for one in (miss, hit):
        assert_array_equal(np.asarray(one.values), plain.values)
        pd.testing.assert_frame_equal(one.channels, plain.channels, check_exact=True)
        for name in ("spectra", "channels", "rejected"):
            pd.testing.assert_frame_equal(getattr(one.quality, name), getattr(plain.quality, name), check_exact=True)
        assert (one.rate, one.start, one.notes) == (plain.rate, plain.start, plain.notes)
    assert run(settings, name="run 2").notes[0].startswith("run 2: 1 of 6 channels is left out") and len(opened) == 1
    changes = [
        lambda: run(replace(settings, zscore=True)),
        lambda: run(settings, table.assign(region="MTG")),
        lambda: file.write_bytes(b"samplez") and run(settings),
    ]
    for n, change in enumerate(changes, start=2):
        change()
        assert len(opened) == n
    assert [p.suffix for p in (tmp_path / "cache" / "signals").iterdir()] == [".safetensors"] * 4


@pytest.mark.parametrize("where", ["samples", "rate"])
def test_a_damaged_file_is_named_and_made_again(tmp_path, caplog, where):
    raw, table = recording(noise(2))
    file = tmp_path / "data.edf"
    file.write_bytes(b"samples")
    first = np.array(preprocessed([file], lambda: raw, PLAIN, table, tmp_path).values)
    (kept,) = (tmp_path / "signals").iterdir()
    content = bytearray(kept.read_bytes())
    content[-20 if where == "samples" else re.search(rb"rate\W+\d", content).end() - 1] ^= 1
    kept.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        again = preprocessed([file], lambda: raw, PLAIN, table, tmp_path)
    assert_array_equal(np.asarray(again.values), first)
    assert str(kept) in caplog.text and "checksum" in caplog.text


def test_children_of_a_sweep_make_it_once(tmp_path):
    raw, table = recording(noise(6))
    file = tmp_path / "data.edf"
    file.write_bytes(b"samples")
    opened = []

    def child(_):
        return preprocessed([file], lambda: opened.append(1) or raw, WIDE, table, tmp_path).values.sum()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(child, range(4)))) == 1
    assert len(opened) == 1


def test_a_very_large_file_is_known_by_its_ends_size_and_time(tmp_path, monkeypatch):
    monkeypatch.setattr(cached, "LARGE", 10)
    monkeypatch.setattr(cached, "_ENDS", 4)
    file = tmp_path / "data.edf"

    def key(content, when=1):
        file.write_bytes(content)
        os.utime(file, ns=(when, when))
        return cached._content(file)

    first = key(b"0123456789abcdef")
    assert key(b"0123....89abcdef") == first
    assert (
        len(
            {
                first,
                key(b"X123456789abcdef"),
                key(b"0123456789abcdeX"),
                key(b"0123456789abcdef0"),
                key(b"0123456789abcdef", 2),
            }
        )
        == 5
    )


def test_records_of_runs_are_joined():
    raw, table = recording(noise(3))
    both = combined([preprocess(raw, PLAIN, table, name).quality for name in ("a", "b")])
    assert both.channels.groupby("run").size().to_dict() == {"a": 3, "b": 3} and both.rejected_share == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"line_frequency": 55}, "data.preprocessing.line_frequency=55 is unknown; valid: 50, 60, None"),
        ({"signal": "highgamma"}, "data.preprocessing.signal='highgamma' is unknown; did you mean 'high_gamma'"),
        ({"reference": "car"}, "data.preprocessing.reference='car' is unknown"),
        (
            {"low": 150.0, "high": 70.0},
            "low=150.0 and data.preprocessing.high=70.0 hold no band; low must be below high",
        ),
        ({"low": None}, "must both be given for signal=high_gamma"),
        ({"signal": "band", "low": 1.0, "high": 40.0}, "keeps frequencies up to 30 Hz alone, .* at least rate=133.3"),
        ({"signal": "band", "low": None, "high": None}, "must not both be null for signal=band"),
        ({"signal": "as_is"}, "signal=as_is only resamples and z-scores"),
        ({"artefact_share": 1.5}, "data.preprocessing.artefact_share=1.5 is impossible; it must be between 0 and 1"),
        ({"rate": 0.0}, "data.preprocessing.rate=0 is impossible"),
    ],
)
def test_impossible_settings_are_one_sentence(change, sentence):
    with pytest.raises(BrainalignError, match=sentence) as caught:
        replace(Preprocessing(), **change)
    assert "\n" not in str(caught.value)


def test_a_frequency_that_the_recording_is_too_slow_for():
    raw, table = recording(noise(2, rate=256.0), rate=256.0)
    with pytest.raises(
        BrainalignError, match=r"high=150 Hz is not below half of the 256 Hz at which run 1 was recorded; .* under 128"
    ):
        preprocess(raw, Preprocessing(), table, "run 1")
    with pytest.raises(BrainalignError, match="rate=512 Hz is above the 256 Hz"):
        preprocess(raw, replace(PLAIN, rate=512.0), table)


@dataclass
class Source:
    """Options of a reader that has preprocessing."""

    kind: str
    preprocessing: Preprocessing


@pytest.mark.parametrize("name", ["high_gamma", "band", "as_is"])
def test_the_options_of_the_config_are_possible(name):
    with initialize_config_dir(str(conf_folder()), version_base=None):
        composed = compose("config", overrides=[f"+data/preprocessing={name}"])
    node = {"data": {"kind": "bids", "preprocessing": composed.data.preprocessing}}
    settings = _typed(OmegaConf.create(node), "data", Source).preprocessing
    assert isinstance(settings, Preprocessing) and settings.signal == name
    assert (settings == Preprocessing()) == (name == "high_gamma")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"low": "many"}, r"data.preprocessing.low='many': Value 'many' of type 'str' could not be converted to Float"),
        ({"lowe": 1.0}, r"data.preprocessing.lowe is no key of data; did you mean 'low'"),
        ({"line_frequency": 55}, r"data.preprocessing.line_frequency=55 is unknown"),
    ],
)
def test_a_wrong_setting_in_a_config_is_named(change, sentence):
    node = {"data": {"kind": "bids", "preprocessing": change}}
    with pytest.raises(BrainalignError, match=sentence):
        _typed(OmegaConf.create(node), "data", Source)
