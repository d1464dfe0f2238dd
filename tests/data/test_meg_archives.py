"""The named MEG sets and the film's iEEG, on small simulated files of exactly the archive's structure and columns."""

import json

import h5py
import mne
import numpy as np
import pytest
import soundfile

from brainalign.assembly import open_dataset
from brainalign.config import composed
from brainalign.errors import BrainalignError
from brainalign.study.study import Study

from .ctf import GAIN, MEG, REFERENCE, TRIGGER, write_ctf

RNG = np.random.default_rng(0)


def opened(name, root, *overrides):
    return open_dataset(composed([f"data={name}", f"data.root={root}", f"paths.output={root}/out", *overrides]))


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def sound(path, seconds, rate=8_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * RNG.standard_normal(int(seconds * rate)), rate)


LIBRIBRAIN = (
    "idx\tkind\tsegment\tsentenceidx\twordidx\ttimechapter\ttimemeg\tduration\n"
    "0\tsilence\tsil\t0\t0\t0.0\t0.0\t2.0\n"
    "1\tword\tMister\t0\t0\t1.9\t2.0\t0.4\n"
    "2\tphoneme\tm_B\t0\t0\t1.9\t2.0\t0.1\n"
    "3\tword\tSherlock\t0\t1\t2.3\t2.4\t0.5\n"
    "4\tword\tHolmes\t0\t2\t2.9\t\t0.3\n"
    "5\tword\twas\t0\t3\t3.4\t3.5\t0.5\n"
)


def serialised(root, session, run, rate=250.0, **left_out):
    """pnpl's HDF5 of one session, and the table of events of the derivative."""
    name = f"sub-0_ses-{session}_task-Sherlock1_run-{run}"
    path = root / "Sherlock1" / "derivatives" / "serialised" / f"{name}_proc-bads+headpos+sss+notch+bp+ds_meg.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = (1e-12 * RNG.standard_normal((3, int(8 * rate)))).astype(np.float32)
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=values, chunks=(3, 50))
        file.create_dataset("times", data=(np.arange(values.shape[1]) / rate).astype(np.float32))
        said = {
            "sample_frequency": rate,
            "highpass_cutoff": 0.1,
            "lowpass_cutoff": 125.0,
            "channel_names": "MEG0113, MEG0112, MEG0111",
            "channel_types": "grad, grad, mag",
        }
        for key, value in said.items():
            if key not in left_out:
                file.attrs[key] = value
    put(root / "Sherlock1" / "derivatives" / "events" / f"{name}_events.tsv", LIBRIBRAIN)
    return values


def test_libribrain_serialised(tmp_path):
    """Sessions are stimuli, from the first word on, on the recording's clock; a word without a time is not among them."""
    values = serialised(tmp_path, 1, 1)
    serialised(tmp_path, 11, 2)
    data = opened("libribrain", tmp_path, "data.preprocessing=null")
    assert sorted(data.stimuli) == ["Sherlock1_ses-1", "Sherlock1_ses-11"]
    words = data.stimuli["Sherlock1_ses-1"].words
    assert words["word"].tolist() == ["mister", "sherlock", "was"]
    assert words["onset"].tolist() == pytest.approx([0.0, 0.4, 1.5]) and data.stimuli[
        "Sherlock1_ses-1"
    ].duration == pytest.approx(2.0)
    (one,) = data.recordings
    assert one.subject == "0" and one.channels["electrode"].tolist() == ["MEG0113", "MEG0112", "MEG0111"]
    first = next(p for p in one.presentations if p.stimulus == "Sherlock1_ses-1")
    assert (first.rate, first.start) == (250.0, -0.5)
    np.testing.assert_array_equal(first.response, values[:, 375:1001].T.astype(float))  # 1.5 s to 4 s
    assert any("50 h of stimuli" in note for note in data.notes)  # the card
    assert opened("libribrain", tmp_path).recordings[0].presentations[0].rate == 100.0


def test_libribrain_raw_fif_of_each_book(tmp_path):
    place = tmp_path / "Sherlock1" / "sub-0" / "ses-1" / "meg" / "sub-0_ses-1_task-Sherlock1_run-1"
    info = mne.create_info(["MEG0111", "MEG0121"], 500.0, "mag", verbose="error")
    made = mne.io.RawArray(1e-12 * RNG.standard_normal((2, 4000)), info, first_samp=7000, verbose="error")
    place.parent.mkdir(parents=True)
    made.save(f"{place}_meg.fif", verbose="error")
    put(place.with_name(f"{place.name}_events.tsv"), LIBRIBRAIN)
    data = opened("libribrain_bids", tmp_path, "data.preprocessing=null")
    (first,) = data.recordings[0].presentations
    assert first.stimulus == "Sherlock1_ses-1"
    np.testing.assert_allclose(
        first.response, made.get_data(start=750, stop=2001).T, rtol=1e-6
    )  # FIF holds single precision


def test_hdf5_that_is_not_pnpls_is_refused_in_a_sentence(tmp_path):
    serialised(tmp_path, 1, 1, sample_frequency=None)
    with pytest.raises(
        BrainalignError, match="_meg.h5: lacks the attribute 'sample_frequency', which MEG has that pnpl"
    ):
        opened("libribrain", tmp_path)


@pytest.mark.parametrize(("name", "task"), [("petit_prince_meg", "listen"), ("petit_prince_meg_reading", "read")])
def test_petit_prince_meg(tmp_path, name, task):
    """Active shielding is told; onsets count on the device's clock; each run is a stimulus from its first word on."""
    info = mne.create_info(["MEG0111", "MEG0112", "STI008"], 200.0, ["mag", "grad", "stim"], verbose="error")
    made = {}
    for run, late in ((1, 0.0), (2, 0.03)):
        place = tmp_path / "sub-26" / "ses-01" / "meg" / f"sub-26_ses-01_task-{task}_run-0{run}"
        place.parent.mkdir(parents=True, exist_ok=True)
        one = made[run] = mne.io.RawArray(
            1e-12 * RNG.standard_normal((3, 2400)), info.copy(), first_samp=6000, verbose="error"
        )
        with one.info._unlock():
            one.info["maxshield"] = True
        one.save(f"{place}_meg.fif", verbose="error")
        rows = [(32.0, 0.3, "Lorsque"), (32.4 + late, 0.1, "j"), (32.5 + late, 0.4, "avais")]
        put(
            place.with_name(f"{place.name}_events.tsv"),
            "onset\tduration\ttrial_type\tstimulus\n0.0\t30.0\tBAD_ACQ_SKIP\tn/a\n"
            + "".join(f"{a}\t{b}\tWord\t{w}\n" for a, b, w in rows),
        )
        put(
            place.with_name(f"{place.name}_channels.tsv"),
            "name\ttype\nMEG0111\tMEGMAG\nMEG0112\tMEGGRADPLANAR\nSTI008\tTRIG\n",
        )
    data = opened(name, tmp_path, "data.preprocessing=null")
    assert sorted(data.stimuli) == ["run-01", "run-02"]
    assert data.stimuli["run-01"].words["word"].tolist() == ["lorsque", "j", "avais"]
    first = data.recordings[0].presentations[0]
    assert first.start == -0.5
    np.testing.assert_allclose(
        first.response, made[1].get_data(start=300, stop=581)[:2].T, rtol=1e-6
    )  # 1.5 s after the first sample
    assert any("active shielding (MaxShield)" in note for note in data.recordings[0].notes)
    with pytest.raises(BrainalignError, match="was played from 32.000 s to 32.900 s, but the recording"):
        opened(name, tmp_path, "data.preprocessing=null", "data.events.clock=recording")


def test_berezutskaya_film(tmp_path):
    """BrainVision, a table of events without the entity acquisition; the film begins with its first block, not with the task."""
    place = tmp_path / "sub-01" / "ses-iemu" / "ieeg"
    place.mkdir(parents=True)
    rate, values = 256, np.round(1e3 * RNG.standard_normal((3, 256 * 20)))
    for acquisition in ("clinical", "HDgrid"):
        stem = f"sub-01_ses-iemu_task-film_acq-{acquisition}_run-1_ieeg"
        values.T.astype("<i2").tofile(place / f"{stem}.eeg")
        put(
            place / f"{stem}.vhdr",
            f"Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile={stem}.eeg\nMarkerFile={stem}.vmrk\n"
            f"DataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=3\nSamplingInterval={1e6 / rate}\n"
            "[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n"
            + "".join(f"Ch{n + 1}={c},,0.5,µV\n" for n, c in enumerate(("P01", "P02", "ECG+"))),
        )
        put(
            place / f"{stem}.vmrk",
            f"Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nDataFile={stem}.eeg\n[Marker Infos]\n",
        )
        put(
            place / f"{stem.removesuffix('_ieeg')}_channels.tsv",
            "name\ttype\tstatus\tstatus_description\nP01\tSEEG\tgood\tn/a\nP02\tSEEG\tgood\tn/a\nECG+\tECG\tgood\tn/a\n",
        )
    put(
        place / "sub-01_ses-iemu_task-film_run-1_events.tsv",
        "onset\tduration\ttrial_type\tvalue\n1.0\t0\tstart task\t9\n4.0\t6.0\tmusic\t2\n10.0\t6.0\tspeech\t1\n16.0\t0\tend task\t4\n",
    )
    put(
        place / "sub-01_ses-iemu_electrodes.tsv",
        "name\tx\ty\tz\tDestrieux_label_text\nP01\t-40\t-20\t5\tG_temp_sup\nP02\t-42\t-22\t6\tS_temporal_sup\n",
    )
    put(
        place / "sub-01_ses-iemu_coordsystem.json",
        json.dumps({"iEEGCoordinateSystem": "Other", "iEEGCoordinateUnits": "mm"}),
    )
    put(tmp_path / "stimuli" / "annotations" / "sound" / "sound_annotation_sentences.tsv", "sentence\tonset\toffset\n")
    data = opened("berezutskaya_film", tmp_path, "data.preprocessing=null")
    assert list(data.stimuli) == ["film"] and data.stimuli["film"].duration == 12.0
    (one,) = data.recordings
    assert one.channels["electrode"].tolist() == ["P01", "P02"]
    np.testing.assert_allclose(one.presentations[0].response, values[:2, 896:4097].T * 0.5e-6)  # 3.5 s to 16 s
    assert any("features of one's own are all" in note for note in data.notes)


def ctf(path, seconds=12, rate=1200):
    """Two gradiometers, a reference and a trigger channel; names with the system's number, as CTF writes them."""
    names = ["BG1-4408", "MLC11-4408", "MRT57-4408", "UPPT001"]
    values = RNG.integers(-9000, 9000, (4, seconds * rate))
    values[3] = 0
    write_ctf(path, names, [REFERENCE, MEG, MEG, TRIGGER], values, float(rate))
    put(
        path.with_name(path.name.replace("_meg.ds", "_channels.tsv")),
        "name\ttype\tunits\n"
        + "".join(
            f"{n}\t{t}\tT\n" for n, t in zip(names, ("MEGREFMAG", "MEGGRADAXIAL", "MEGGRADAXIAL", "TRIG"), strict=True)
        ),
    )
    return values


def test_armeni_meg(tmp_path):
    """A part of a session is a stimulus; the sound between parts is none; sp is silence; cells stand in quotation marks."""
    place = tmp_path / "sub-001" / "ses-001" / "meg"
    place.mkdir(parents=True)
    values = ctf(place / "sub-001_ses-001_task-compr_meg.ds")
    rows = [
        ("wav_onset", "100", 0.5, "n/a"), ("wav_onset", "10", 1.0, "n/a"), ("word_onset_01", "sp", 1.0, 0.2),
        ("word_onset_01", "TO", 1.2, 0.3), ("phoneme_onset_01", "T", 1.2, 0.1), ("word_onset_01", "SHERLOCK", 1.5, 0.6),
        ("wav_onset", "20", 6.0, "n/a"), ("word_onset_02", "HOLMES", 6.4, 0.5),
    ]  # fmt: skip
    put(
        place / "sub-001_ses-001_task-compr_events.tsv",
        "onset\tduration\tsample\ttype\tvalue\n"
        + "".join(f'{t}\t{d}\t{int(t * 1200) + 1}\t{kind}\t"{value}"\n' for kind, value, t, d in rows),
    )
    for part in (1, 2):
        sound(tmp_path / "stimuli" / f"01_{part}.wav", 3.0)
        put(tmp_path / "stimuli" / f"01_{part}.txt", "To Sherlock Holmes she is always the woman.\n")
    data = opened("armeni_meg", tmp_path, "data.preprocessing=null")
    assert sorted(data.stimuli) == ["001_10", "001_20"] and data.stimuli["001_10"].duration == 3.0
    assert data.stimuli["001_10"].words["word"].tolist() == ["to", "sherlock"]
    assert data.stimuli["001_20"].words["onset"].tolist() == pytest.approx([0.4])
    (one,) = data.recordings
    assert one.channels["electrode"].tolist() == ["MLC11-4408", "MRT57-4408"]  # neither reference nor trigger
    assert Study(data, 0.0, 0.1, "seconds", 50.0, [10.0], 3).noun == "sensor"  # not an electrode
    np.testing.assert_allclose(one.presentations[0].response, values[1:3, 600:4801].T / GAIN)
    assert (one.presentations[0].rate, one.presentations[0].start) == (1200.0, -0.5)
    assert opened("armeni_meg", tmp_path).recordings[0].presentations[0].rate == 100.0


def test_mous_meg(tmp_path):
    """Each sound file is a stimulus; those who read are another task; words have no times, so there are none."""
    place = tmp_path / "sub-A2002" / "meg"
    place.mkdir(parents=True)
    values = ctf(place / "sub-A2002_task-auditory_meg.ds")
    (tmp_path / "sub-A2002" / "meg" / "sub-A2002_task-rest_meg.ds").mkdir()
    put(
        place / "sub-A2002_task-auditory_events.tsv",
        "onset\tduration\tsample\ttype\tvalue\n0\t10\t1\ttrial\tn/a\n1.0\tn/a\t1201\tNothing\tZINNEN\n"
        "2.0\tn/a\t2401\tSound\tStart File 186.wav\n"
        "2.01\tn/a\t2413\tNothing\tAudio onset\n2.0\tn/a\t2401\tUPPT001\t3\n5.0\tn/a\t6001\tNothing\tEnd of file\n"
        "6.0\tn/a\t7201\tSound\tStart File 032.wav\n",
    )
    for number in ("032", "186", "200"):
        sound(tmp_path / "stimuli" / "audio_files" / f"EQ_Ramp_Int2_Int1LPF{number}.wav", 3.0)
    put(tmp_path / "stimuli" / "stimuli.txt", "32 Het aandachtige publiek luistert.\n186 De oude man slaapt.\n")
    data = opened("mous_meg", tmp_path, "data.preprocessing=null")
    (one,) = data.recordings
    assert one.subject == "sub-A2002"
    assert [p.stimulus for p in one.presentations] == ["Start File 186", "Start File 032"]
    np.testing.assert_allclose(one.presentations[0].response, values[1:3, 1800:6001].T / GAIN)
    assert data.stimuli["Start File 186"].words.empty and data.stimuli["Start File 186"].audio is not None
    assert any("(missing: A2003, " in note for note in data.notes)


def test_what_makes_up_a_stimulus_must_be_there(tmp_path):
    serialised(tmp_path, 1, 1)
    with pytest.raises(
        BrainalignError,
        match=r"asks for 'chapter', which is neither a column of the table nor a part of the recording's name",
    ):
        opened("libribrain", tmp_path, "data.events.stimulus=['{book}_{chapter}']")
