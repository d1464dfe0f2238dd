"""Methods tell how data were read and prepared: whole paragraphs, with what was found and nothing that was not done."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from brainalign.config import check, conf_folder
from brainalign.data.preprocessing.line_noise import settled_frequencies, with_line_frequency
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.readers._base import ReadSettings
from brainalign.data.types import CHANNEL_COLUMNS, Dataset, Presentation, Recording, Stimulus
from tests.data import recordings


@pytest.fixture
def config(tmp_path):
    def make(*overrides):
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            return check(compose("config", overrides=[*overrides, "model=word_rate", f"paths.output={tmp_path}"]))

    return make


@pytest.fixture
def told(config, tmp_path):
    """The paragraph of a reader on what it read."""

    def make(*overrides):
        data = config(*overrides).data
        return data.methods(data.read(ReadSettings(tmp_path / "cache")))

    return make


def test_bids_to_high_gamma(told, tmp_path):
    recordings.bids(tmp_path / "set")
    steps = {"low": 60, "high": 90, "bad_channels": "[LB2]", "noisy": "null"}
    words = [f"data.preprocessing.{key}={value}" for key, value in steps.items()]
    assert told("data=bids", f"data.root={tmp_path / 'set'}", *words) == (
        "Data were recordings of 1 participant, 3 presentations of 2 stimuli: intracranial EEG in BIDS (Gorgolewski et al. 2016), read "
        "with MNE-BIDS (Appelhoff et al. 2019) (data set set). Bad "
        "channels were left out, 1 of 4 (sub-01: 1 of 4). A notch filter of zero phase took out 60 Hz and its harmonics. The "
        "average of the channels kept, each kind of channel by itself, was subtracted as the reference. High gamma was the mean"
        " Hilbert amplitude of 4 Gaussian bands with centres from 65.2 to 87.8 Hz (65.2, 72.0, 79.5, 87.8 Hz). Samples beyond a"
        " robust z of 10 over their channel were rejected with 0.1 s on either side, in all channels where more than 25% were "
        "beyond it. No sample was left out. Signals were resampled, anti-aliased, to 100 Hz. Each channel was z-scored over the"
        " run. Presentations were cut by their events, with up to 0.5 s before each onset."
    )


def test_what_was_not_done_is_not_told(told, tmp_path):
    recordings.bids(tmp_path / "set")
    root = f"data.root={tmp_path / 'set'}"
    plain = told("data=bids", root, "data/preprocessing=as_is", "data.preprocessing.zscore=false")
    assert "without filter or reference" in plain
    for word in ("notch", "High gamma", "z-scored", "Samples beyond", "average"):
        assert word not in plain
    band = told("data=bids", root, "data/preprocessing=band", "data.preprocessing.reference=bipolar",
                "data.preprocessing.line_frequency=null", "data.preprocessing.artefact=null")  # fmt: skip
    assert (
        "to what lies above 1 Hz and below 8 Hz" in band and "bipolar" in band and "mains was not filtered out" in band
    )
    assert "High gamma" not in band and "Samples beyond" not in band
    untouched = told("data=bids", root, "data.preprocessing=null")
    assert "Nothing was filtered or referenced" in untouched


def test_a_notch_of_each_frequency_that_recordings_gave():
    notes = [with_line_frequency(Preprocessing(), said, "run")[1][0] for said in (60, None, 50, 17)]
    assert settled_frequencies(notes) == [50, 60] and settled_frequencies(["50 Hz is nothing"]) == []


def test_fmri(config):
    channels = pd.DataFrame({c: ["v1"] for c in CHANNEL_COLUMNS}).assign(subject="UTS01")
    heard = Recording("UTS01", channels, [Presentation("souls", 0, np.zeros((4, 1)), 0.5)])
    dataset = Dataset("stories", {"souls": Stimulus("souls", 8.0)}, [heard])
    data = config("data=lebel_fmri", "data.root=here").data
    begin = (
        "Data were recordings of 1 participant, 1 presentation of 1 stimulus: Preprocessed fMRI of stories (data set stories). "
        "The repetition time was 2 s. "
    )
    cited = (
        " The data are those of LeBel et al. 2023, A natural language fMRI dataset for voxelwise encoding models (Scientific Data 10, "
        "555), doi:10.1038/s41597-023-02437-z; licence: CC0."
    )
    data = dataclasses.replace(data, highpass=None, zscore=False)
    assert data.methods(dataset) == begin + "Slow drifts were left as they were." + cited
    data = dataclasses.replace(data, highpass=120.0, zscore=True)
    assert data.methods(dataset) == begin + (
        "Drifts slower than 120 s were regressed out of each story by discrete cosines. Each voxel was z-scored within each story."
        + cited
    )


def test_simulated_is_called_so(config):
    data = config("data=simulated_small", "data.subjects=2").data
    stimuli = {"s": Stimulus("s", 1.0)}
    paragraph = data.methods(Dataset("simulated", stimuli, []))
    assert paragraph.startswith("Stimuli and responses were simulated, not recorded (simulated: subjects 2, ")
    assert "notch" not in paragraph and "read" not in paragraph.split()
