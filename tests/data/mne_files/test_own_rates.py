"""Channels of EDF and BDF that are slower than others of their file."""

import numpy as np
import pytest
import soundfile

from brainalign.data.continuous.processed import Processing
from brainalign.data.formats import EventFormat, StimuliFormat
from brainalign.data.mne_files.channels import own_rates
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.raw.dataset import read_raw_files
from brainalign.errors import BrainalignError

edfio = pytest.importorskip("edfio")
BAND = Preprocessing("band", 1.0, 20.0, 60, "none", noisy=None, artefact=None, rate=100.0)
HIGH_GAMMA = Preprocessing(noisy=None)


@pytest.fixture(params=[".edf", ".bdf"])
def folder(request, tmp_path):
    """make(parts): an EDF or BDF of (labels, rate, type); returns what reads it."""

    def make(*parts, **options):
        rng = np.random.default_rng(0)
        kind, signal = (edfio.Edf, edfio.EdfSignal) if request.param == ".edf" else (edfio.Bdf, edfio.BdfSignal)
        signals = []
        for labels, rate, _ in parts:
            t = np.arange(30 * rate) / rate
            for n, label in enumerate(labels):
                x = 20 * np.sin(2 * np.pi * 8 * t + n) + rng.normal(size=len(t))
                signals.append(signal(x, rate, label=label, physical_dimension="uV"))
        kind(signals).write(tmp_path / f"01{request.param}")
        rows = [f"{label}\t{own}" for labels, _, own in parts for label in labels]
        (tmp_path / "channels.tsv").write_text("name\ttype\n" + "\n".join(rows) + "\n")
        (tmp_path / "ev.tsv").write_text("onset\tduration\tstimulus\n5\tn/a\ts1\n")
        (tmp_path / "stimuli").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "stimuli/s1.wav", 0.1 * rng.normal(size=160_000), 16_000)

        def read(settings):
            processing = None if settings is None else Processing(settings, tmp_path / "cache")
            return read_raw_files(tmp_path, f"{{subject}}{request.param}", StimuliFormat(), "ev.tsv", EventFormat(), "channels.tsv",
                                  processing=processing, **options)  # fmt: skip

        return read

    return make


def test_slow_channels_beside_sound_keep_their_own_rate(folder):
    read = folder((["LA1", "LA2"], 128, "SEEG"), (["AUDIO"], 1024, "AUDIO"), sound_channel="AUDIO")
    with pytest.raises(BrainalignError, match="low=70 Hz is not below half of the 128 Hz"):
        read(HIGH_GAMMA)
    assert read(None).recordings[0].presentations[0].rate == 128.0
    data = read(BAND)
    told = "2 of 2 channels (LA1, LA2) were recorded at 128 Hz, others of the file at up to 1024 Hz"
    assert any(told in n for n in data.recordings[0].notes)
    p = data.recordings[0].presentations[0]
    times = p.start + np.arange(len(p.response)) / p.rate + 5
    assert np.corrcoef(p.response[:, 0], np.sin(2 * np.pi * 8 * times))[0, 1] > 0.98


def test_brain_channels_of_two_rates(folder):
    read = folder((["LA1", "LA2"], 256, "SEEG"), (["LB1", "LB2"], 512, "SEEG"))
    with pytest.raises(
        BrainalignError, match=r"high=150 Hz is not below half of the 256 Hz at which channel 'LA1' of 01"
    ):
        read(HIGH_GAMMA)
    assert read(BAND).channels["electrode"].tolist() == ["LA1", "LA2", "LB1", "LB2"]


def test_one_rate_says_nothing(folder, tmp_path):
    data = folder((["LA1", "LA2"], 512, "SEEG"), (["EKG"], 512, "ECG"))(HIGH_GAMMA)
    assert not any("own rate" in n for n in data.recordings[0].notes)
    assert own_rates(tmp_path / "x.fif", ["LA1"]) == {}
