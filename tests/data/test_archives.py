"""Each named public data set, on small simulated files of exactly the archive's structure and columns, quirks included."""

import gzip
import io
import json
import os
from pathlib import Path

import h5py
import mne
import nibabel
import numpy as np
import pytest
import scipy.io
import soundfile

from brainalign.assembly import open_dataset
from brainalign.config import composed
from brainalign.errors import BrainalignError

RNG = np.random.default_rng(0)


def opened(name, root, *overrides):
    return open_dataset(composed([f"data={name}", f"data.root={root}", f"paths.output={root}/out", *overrides]))


def put(path, text, bom=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8-sig" if bom else "utf-8")


def sound(path, seconds, rate=16_000, form=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * RNG.standard_normal(int(seconds * rate)), rate, format=form)


def raw(names, rate, seconds, kind="ecog", stim=()):
    """Noise, with a trigger channel of (seconds, value) where there are pulses."""
    info = mne.create_info(names, rate, kind, verbose="error")
    made = mne.io.RawArray(1e-5 * RNG.standard_normal((len(names), int(seconds * rate))), info, verbose="error")
    if stim:
        pulses = np.zeros((1, made.n_times))
        for when, value in stim:
            pulses[0, int(when * rate) : int((when + 0.05) * rate)] = value
        made.add_channels(
            [mne.io.RawArray(pulses, mne.create_info(["STI 014"], rate, "stim", verbose="error"), verbose="error")]
        )
    return made


def words_of(data, stimulus):
    return data.stimuli[stimulus].words["word"].tolist()


def podcast(root, transcript):
    """sub-03 and sub-09: high gamma as FIF in the derivative, electrodes in the raw data set, in metres."""
    for s in ("03", "09"):
        place = root / "derivatives" / "ecogprep" / f"sub-{s}" / "ieeg"
        place.mkdir(parents=True)
        raw(["LG-1", "LG-2", "PST_3"], 128.0, 12.0).save(
            place / f"sub-{s}_task-podcast_desc-highgamma_ieeg.fif", verbose="error"
        )
        own = root / f"sub-{s}" / "ieeg"
        put(
            own / f"sub-{s}_space-MNI152NLin2009aSym_electrodes.tsv",
            "name\tx\ty\tz\tsize\nLG-1\t-0.05\t0.01\t0.02\tn/a\nLG-2\t0.06\t0.01\t0.02\tn/a\nPST_3\t-0.04\t0\t0\tn/a\n",
        )
        put(
            own / f"sub-{s}_space-MNI152NLin2009aSym_coordsystem.json",
            json.dumps({"iEEGCoordinateSystem": "MNI152NLin2009aSym", "iEEGCoordinateUnits": "m"}),
        )
    put(root / "dataset_description.json", json.dumps({"Name": "Podcast", "BIDSVersion": "1.8.0"}))
    sound(root / "stimuli" / "podcast.wav", 10.0)
    put(root / "stimuli" / "spectral" / "transcript.tsv", transcript)


TRANSCRIPT = "\tword_idx\tword\tstart\tend\n0\t0\tAct\t3.71\t3.79\n1\t1\tone,\t4.1\t4.4\n2\t2\tmonkey\t3.99\t4.2\n"


def test_podcast(tmp_path):
    podcast(tmp_path, TRANSCRIPT)
    data = opened("podcast_ecog", tmp_path)
    assert [r.subject for r in data.recordings] == ["sub-03", "sub-09"]
    assert data.channels["x"].tolist()[:3] == pytest.approx([-50.0, 60.0, -40.0])
    assert data.channels["hemisphere"].tolist()[:3] == ["L", "R", "L"]
    assert words_of(data, "podcast") == ["act", "monkey", "one"]
    assert data.stimuli["podcast"].words["text"].tolist() == ["Act", "monkey", "one,"]
    (one,) = data.recordings[0].presentations
    assert (one.rate, one.start) == (100.0, 0.0) and len(one.response) == 1001
    assert "transcript.tsv: 1 word(s) stood out of order and were sorted." in data.notes


def test_the_podcasts_real_transcript(tmp_path):
    root = os.environ.get("BRAINALIGN_TEST_DATA")
    if not root:
        pytest.skip("BRAINALIGN_TEST_DATA is not set: the podcast's transcript is not there")
    podcast(tmp_path, (Path(root) / "podcast" / "spectral.tsv").read_text())
    sound(tmp_path / "stimuli" / "podcast.wav", 1800.0, 8000)
    with pytest.raises(
        BrainalignError, match="was played from 0.000 s to 1800.000 s, but the recording .* runs from 0.000 s to 12"
    ):
        opened("podcast_ecog", tmp_path)
    from brainalign.data.files.read_errors import ReadErrors
    from brainalign.data.formats import StimuliFormat, StimulusPatterns, TranscriptFormat
    from brainalign.data.stimuli.files import open_stimuli

    form = StimuliFormat(
        patterns=StimulusPatterns("podcast.wav", "spectral/transcript.tsv", id="podcast"),
        transcripts=TranscriptFormat(repair=True),
    )
    errors, notes = ReadErrors(), []
    words = open_stimuli(form, tmp_path)[1]("podcast", errors, notes).words
    assert not errors.sentences and len(words) == 5136
    assert notes == [
        "transcript.tsv: 19 word(s) stood out of order and were sorted.",
        f"transcript.tsv: {int(notes[1].split()[1])} word(s) ended after the next one began and were cut there.",
    ]


def test_single_word_production_dutch(tmp_path):
    from datetime import UTC, datetime

    from pynwb import NWBHDF5IO, NWBFile, TimeSeries

    place = tmp_path / "sub-01" / "ieeg"
    file = NWBFile("single words", "sub-01", datetime(2020, 1, 1, tzinfo=UTC))
    seconds = 13
    said = np.repeat(["helft", "", "9", "", "`s"], [2048, 1024, 2048, 1024, seconds * 1024 - 6144])
    file.add_acquisition(
        TimeSeries(name="iEEG", data=1e-5 * RNG.standard_normal((seconds * 1024, 3)), unit="uV", rate=1024.0)
    )
    microphone = RNG.integers(-99, 99, seconds * 4800)
    for begin in (1.35, 7.4, 10.5):  # nobody says "9"
        microphone[int(begin * 4800) : int((begin + 0.8) * 4800)] *= 50
    file.add_acquisition(TimeSeries(name="Audio", data=microphone, unit="n/a", rate=4800.0))
    file.add_acquisition(TimeSeries(name="Stimulus", data=said.astype(object), unit="n/a", rate=1024.0))
    place.mkdir(parents=True)
    with NWBHDF5IO(place / "sub-01_task-wordProduction_ieeg.nwb", "w") as io_:
        io_.write(file)
    events = [
        (1.0, 1.999, "word", "helft"),
        (3.0, 1.004, "fixation", "+"),
        (4.003, 1.993, "word", "9"),
        (6.0, 1.0, "fixation", "+"),
        (7.0, 2.0, "word", "`s"),
        (10.0, 2.0, "word", "helft"),
    ]
    put(
        place / "sub-01_task-wordProduction_events.tsv",
        "onset\tduration\ttrial_type\tvalue\tsample\n"
        + "".join(f"{a}\t{b}\t{c}\t{d}\t{int(a * 1024)}\n" for a, b, c, d in events),
    )
    put(
        place / "sub-01_task-wordProduction_channels.tsv",
        "name\ttype\tunits\tsampling_frequency\nLA1\tSEEG\tuV\t1024\nLA2\tSEEG\tuV\t1024\nLB'1\tSEEG\tuV\t1024\n",
        bom=True,
    )
    data = opened("single_word_production_dutch", tmp_path)
    (one,) = data.recordings
    assert [(p.stimulus, p.repeat) for p in one.presentations] == [("helft", 0), ("`s", 0), ("helft", 1)]
    assert one.channels["electrode"].tolist() == ["LA1", "LA2", "LB'1"] and one.presentations[0].rate == 100.0
    assert words_of(data, "helft") == ["helft"] and data.stimuli["helft"].duration == 2.0
    assert one.quality is not None and set(one.quality.spectra["stage"]) == {"before", "after"}
    assert any("2 of 6 rows are no presentation" in n for n in data.notes)
    assert any("in 1 of 4 trials nobody speaks" in n for n in one.notes)
    (raw_one,) = opened("single_word_production_dutch", tmp_path, "data.preprocessing=null").recordings
    with h5py.File(place / "sub-01_task-wordProduction_ieeg.nwb") as f:
        whole = f["acquisition/iEEG/data"][:]
    for p, begin in zip(raw_one.presentations, (1.35, 7.4, 10.5), strict=True):  # aligned to speech, not to the cue
        first = int(np.flatnonzero((whole == p.response[0]).all(axis=1))[0])
        assert first / 1024 - p.start == pytest.approx(begin, abs=0.02) and -0.5 <= p.start < -0.49
    (cued,) = opened("single_word_production_dutch", tmp_path, "data.events.align=onset").recordings
    assert len(cued.presentations) == 4


def narratives(root):
    """Surfaces of two hemispheres; the story begins where its event says; Gentle's table has no header and unaligned words."""
    for s in ("001", "002"):
        for side, n in (("L", 5), ("R", 4)):
            arrays = [nibabel.gifti.GiftiDataArray(RNG.standard_normal(n).astype(np.float32)) for _ in range(12)]
            path = (
                root
                / "derivatives"
                / "afni-smooth"
                / f"sub-{s}"
                / "func"
                / f"sub-{s}_task-pieman_space-fsaverage6_hemi-{side}_desc-clean.func.gii"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            nibabel.save(nibabel.GiftiImage(darrays=arrays), path)
        put(
            root / f"sub-{s}" / "func" / f"sub-{s}_task-pieman_events.tsv",
            "onset\tduration\ttrial_type\tstim_file\n0.0\t3.0\tmusic\tpieman_audio.wav\n3.0\t15.0\tstory\tpieman_audio.wav\n",
        )
    sound(root / "stimuli" / "pieman_audio.wav", 18.0)
    put(
        root / "stimuli" / "gentle" / "pieman" / "align.csv",
        "I,i,0.5,0.7\nbegan,began,0.7,1.2\nPie-man,<unk>,,\nmy,my,1.5,1.7\n",
    )


def test_narratives(tmp_path):
    narratives(tmp_path)
    data = opened("narratives_fmri", tmp_path)
    assert [r.subject for r in data.recordings] == ["001", "002"]
    assert len(data.recordings[0].channels) == 9 and data.recordings[0].geometry.vertices == {"L": 5, "R": 4}
    (one,) = data.recordings[0].presentations
    assert (one.rate, one.start) == (pytest.approx(1 / 1.5), 0.75)  # the sound began with the music
    np.testing.assert_allclose(one.response.std(axis=0), 1, rtol=1e-5)
    assert words_of(data, "pieman") == ["i", "began", "pie-man", "my"]  # the text has the word that Gentle did not find
    assert data.stimuli["pieman"].timed_words["word"].tolist() == ["i", "began", "my"]


def test_petit_prince(tmp_path):
    """Runs count from 15 in one participant and from 9 in the other; one table has the words of all sections."""
    for s, first in (("EN057", 15), ("EN058", 9)):
        for run in range(first, first + 9):
            path = (
                tmp_path
                / "derivatives"
                / f"sub-{s}"
                / "func"
                / f"sub-{s}_task-lppEN_run-{run:02d}_space-MNIColin27_desc-preproc_bold.nii.gz"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            image = nibabel.Nifti1Image(
                RNG.standard_normal((2, 2, 2, 40)).astype(np.float32) + run, np.diag([2.0, 2, 2, 1])
            )
            image.header.set_zooms((2, 2, 2, 2.0))
            nibabel.save(image, path)
    rows = "".join(f"{w},{w},{t},{t + 0.3},{n}\n" for n in range(1, 10) for t, w in ((0.1, "Once"), (0.5, "when")))
    put(tmp_path / "annotation" / "EN" / "lppEN_word_information.csv", "word,lemma,onset,offset,section\n" + rows)
    for n in range(1, 10):
        sound(tmp_path / "stimuli" / f"task-lppEN_section_{n}.wav", 60.0, 8000)
    data = opened("petit_prince_fmri", tmp_path)
    assert sorted(data.stimuli) == list("123456789") and words_of(data, "3") == ["once", "when"]
    for r in data.recordings:
        assert [p.stimulus for p in r.presentations] == list("123456789") and r.geometry.shape == (2, 2, 2)
    next(tmp_path.rglob("*EN058*run-12*")).unlink()
    with pytest.raises(
        BrainalignError,
        match="participant EN058 has 8 runs, but data.order names 9 stories; which is missing cannot be told",
    ):
        opened("petit_prince_fmri", tmp_path)


def test_meg_masc(tmp_path):
    """FIF stands in for KIT's files; the events are Python dictionaries, words among them."""
    from mne_bids import BIDSPath, write_raw_bids

    made = raw(["MEG 001", "MEG 002"], 200.0, 14.0, "mag")
    made.info["line_freq"] = 60
    path = BIDSPath(subject="01", session="0", task="0", root=tmp_path, datatype="meg")
    write_raw_bids(made, path, format="FIF", allow_preload=True, verbose="error")
    rows = [(2.0, 4.0, {"kind": "sound", "story": "lw1", "sound": "stimuli/audio/lw1_0.wav", "sound_id": 0.0})]
    rows += [
        (2.0 + t, 0.4, {"kind": "word", "story": "lw1", "word": w, "sound": "stimuli/audio/lw1_0.wav"})
        for t, w in ((0.1, "Tara"), (0.6, "stood"))
    ]
    rows += [(2.1, 0.1, {"kind": "phoneme", "phoneme": "t_B", "sound": "stimuli/audio/lw1_0.wav"})]
    rows += [(7.0, 4.0, {"kind": "sound", "story": "lw1", "sound": "stimuli/audio/LW1_1.wav".lower(), "sound_id": 1.0})]
    rows += [(7.5, 0.4, {"kind": "word", "story": "lw1", "word": "still,", "sound": "stimuli/audio/lw1_1.wav"})]
    put(
        path.copy().update(suffix="events", extension=".tsv").fpath,
        "onset\tduration\ttrial_type\tvalue\tsample\n"
        + "".join(f"{a}\t{b}\t{c}\t1\t{int(a * 200)}\n" for a, b, c in rows),
    )
    for n in (0, 1):
        sound(tmp_path / "stimuli" / "audio" / f"lw1_{n}.wav", 4.0)
    data = opened("meg_masc", tmp_path)
    assert [p.stimulus for p in data.recordings[0].presentations] == ["lw1_0", "lw1_1"]
    words = data.stimuli["lw1_0"].words
    assert words["word"].tolist() == ["tara", "stood"] and words["onset"].tolist() == pytest.approx([0.1, 0.6])
    assert data.stimuli["lw1_1"].words["text"].tolist() == ["still,"]
    assert (
        data.channels["region"].tolist() == ["unknown", "unknown"] and data.recordings[0].presentations[0].rate == 100.0
    )


def test_brain_treebank(tmp_path):
    """Electrodes are data sets of their own; the movie was paused once; labels bear marks; one electrode is corrupted."""
    rate, seconds = 2048, 24
    with h5py.File(tmp_path / "sub_1_trial000.h5", "w") as file:
        for n in range(4):  # one more than there are labels
            file[f"data/electrode_{n}"] = RNG.standard_normal(rate * seconds)
    put(tmp_path / "electrode_labels" / "sub_1" / "electrode_labels.json", json.dumps(["*LT1a1", "LT1a_2", "DC4"]))
    put(tmp_path / "corrupted_elec.json", json.dumps({"sub_1": []}))
    put(
        tmp_path / "localization" / "sub_1" / "depth-wm.csv",
        "ID,Electrode,L,I,P,DesikanKilliany\n1,LT1a1,1,2,3,ctx-lh-superiortemporal\n2,LT1a2,1,2,3,ctx-lh-insula\n",
    )
    put(
        tmp_path / "subject_metadata" / "sub_1_trial000_metadata.json",
        json.dumps({"title": "A movie", "filename": "a-movie_2010"}),
    )
    movie = np.arange(0, 18, 0.5)
    index = rate * (movie + 2.0) + np.where(movie > 8.2, rate * 3.0, 0)  # paused for 3 s after 8.2 s
    put(
        tmp_path / "subject_timings" / "sub_1_trial000_timings.csv",
        "type,movie_time,index\n" + "".join(f"trigger,{t},{i}\n" for t, i in zip(movie, index, strict=True)),
    )
    rows = [
        ("Hello", 1.0, 1.4, 1),
        ("there.", 1.5, 1.9, 0),
        ("A", 8.0, 8.1, 1),
        ("pause", 8.3, 9.0, 0),
        ("Go", 12.0, 12.2, 1),
        ("on", 12.3, 12.6, 0),
        ("late", 30.0, 30.5, 1),
        ("", "", "", 0),
    ]
    put(
        tmp_path / "transcripts" / "a-movie_2010" / "features.csv",
        ",text,start,end,is_onset\n" + "".join(f"{n},{w},{a},{b},{o}\n" for n, (w, a, b, o) in enumerate(rows)),
    )
    data = opened("brain_treebank", tmp_path, "data.preprocessing=null")
    assert sorted(data.stimuli) == ["a-movie_2010_0001", "a-movie_2010_0003"] and words_of(
        data, "a-movie_2010_0001"
    ) == ["hello", "there"]
    (one,) = data.recordings
    assert one.channels[["electrode", "region"]].to_numpy().tolist() == [
        ["LT1a1", "ctx-lh-superiortemporal"],
        ["LT1a2", "ctx-lh-insula"],
    ]
    with h5py.File(tmp_path / "sub_1_trial000.h5") as file:
        own = file["data/electrode_0"][:]
    first, second = one.presentations
    np.testing.assert_array_equal(
        first.response[:, 0], own[round(2.5 * rate) : round(2.5 * rate) + len(first.response)]
    )
    onset = round((12.0 + 2.0 + 3.0 - 0.5) * rate)  # after the pause
    np.testing.assert_array_equal(second.response[:, 0], own[onset : onset + len(second.response)])
    assert any("2 of 4 sentences were paused in, or not reached" in n for n in data.notes)
    assert "LT1a1" in one.channels["electrode"].tolist() and any("DC4 (marked bad)" in n for n in one.notes)


def test_alice_eeg(tmp_path):
    """Triggers 1 and 2 begin the segments; one CSV has the words of all; its first segment was started anew."""
    for s in ("S01", "S18"):
        path = tmp_path / "eeg" / s / f"{s}_alice-raw.fif"
        path.parent.mkdir(parents=True)
        raw(["1", "2", "VEOG"], 200.0, 12.0, ["eeg", "eeg", "eog"], stim=[(1.0, 1), (6.0, 2)]).save(
            path, verbose="error"
        )
    for n in (1, 2):
        sound(tmp_path / "stimuli" / f"{n}.wav", 4.0)
    put(
        tmp_path / "stimuli" / "AliceChapterOne-EEG.csv",
        "Word,Segment,onset,offset,Order,LogFreq\nAlice,1,0.05,0.5,1,8.6\nwas,1,0.5,0.7,2,11\nThere,2,0.1,0.4,3,10\n",
    )
    data = opened("alice_eeg", tmp_path)
    assert [r.subject for r in data.recordings] == ["S01", "S18"]
    assert words_of(data, "1") == ["alice", "was"] and words_of(data, "2") == ["there"]
    assert [p.stimulus for p in data.recordings[0].presentations] == ["1", "2"]
    assert data.recordings[0].channels["electrode"].tolist() == ["1", "2"]


def test_sparrkulee(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, audio=RNG.standard_normal(48_000 * 5), fs=48_000)
    path = tmp_path / "stimuli" / "eeg" / "podcast_1.npz.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(buffer.getvalue()))
    place = tmp_path / "derivatives" / "preprocessed_eeg" / "sub-001" / "ses-shortstories01"
    place.mkdir(parents=True)
    x = RNG.standard_normal((3, 64 * 5))
    np.save(place / "sub-001_ses-shortstories01_task-listeningActive_run-02_desc-preproc-audio-podcast_1_eeg.npy", x)
    data = opened("sparrkulee", tmp_path)
    (one,) = data.recordings[0].presentations
    assert (one.stimulus, one.rate, data.stimuli["podcast_1"].duration) == ("podcast_1", 64.0, 5.0)
    np.testing.assert_array_equal(one.response, x.T)
    assert len(data.stimuli["podcast_1"].audio.load()) == 16_000 * 5


def test_timit_high_gamma(tmp_path):
    """NIST SPHERE in capitals; a MATLAB structure array, whose repeats are a third axis where there are any."""
    for name in ("SA1", "SI648"):
        stem = tmp_path / "TIMIT" / "TRAIN" / "DR1" / "FCJF0" / name
        sound(stem.with_suffix(".WAV"), 2.0, form="NIST")
        put(stem.with_suffix(".WRD"), "1600 8000 she\n8000 24000 had\n")
        put(stem.with_suffix(".PHN"), "0 1600 h#\n1600 4000 sh\n4000 8000 iy\n8000 24000 hh\n24000 32000 h#\n")
    one, two = RNG.standard_normal((3, 300, 2)), RNG.standard_normal((3, 300))
    out = np.zeros((1, 2), dtype=[("name", "O"), ("resp", "O"), ("dataf", "O"), ("befaft", "O"), ("duration", "O")])
    for n, (name, resp) in enumerate((("fcjf0_sa1", one), ("fcjf0_si648", two))):
        out[0, n] = (name, resp, 100.0, np.array([[0.5, 0.5]]), 2.0)
    scipy.io.savemat(tmp_path / "EC01_HilbAA_70to150_8band_out_resp_log.mat", {"out": out})
    data = opened("timit_high_gamma", tmp_path)
    (person,) = data.recordings
    assert person.subject == "EC01" and [(p.stimulus, p.repeat) for p in person.presentations] == [
        ("fcjf0_sa1", 0),
        ("fcjf0_sa1", 1),
        ("fcjf0_si648", 0),
    ]
    assert all((p.rate, p.start) == (100.0, -0.5) for p in person.presentations)
    np.testing.assert_array_equal(person.presentations[1].response, one[:, :251, 1].T)
    stimulus = data.stimuli["fcjf0_sa1"]
    assert stimulus.words["onset"].tolist() == [0.1, 0.5] and stimulus.phones["phone"].tolist() == ["sh", "iy", "hh"]
