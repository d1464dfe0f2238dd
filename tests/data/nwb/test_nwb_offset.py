"""NWB's numbers: volts = data * conversion * channel_conversion + offset, the offset in the unit (NWB schema, ElectricalSeries)."""

from datetime import UTC, datetime

import numpy as np
import soundfile
from pynwb import NWBHDF5IO, NWBFile
from pynwb.ecephys import ElectricalSeries

from brainalign.assembly import open_dataset
from brainalign.config import composed


def test_the_offset_is_added_after_both_conversions(tmp_path):
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(800, 2))
    file = NWBFile("t", "id", datetime(2026, 1, 1, tzinfo=UTC))
    group = file.create_electrode_group("A", description="g", location="l", device=file.create_device("d"))
    for _ in range(2):
        file.add_electrode(location="STG", group=group)
    electrodes = file.create_electrode_table_region([0, 1], "all")
    file.add_acquisition(
        ElectricalSeries(
            name="e",
            data=raw,
            electrodes=electrodes,
            rate=100.0,
            conversion=0.5,
            offset=3.0,
            channel_conversion=[4.0, 1.0],
        )
    )
    file.add_trial_column("stimulus", "what was played")
    file.add_trial(start_time=2.0, stop_time=5.0, stimulus="s1")
    with NWBHDF5IO(tmp_path / "sub-01.nwb", "w") as io:
        io.write(file)
    (tmp_path / "stimuli").mkdir()
    soundfile.write(tmp_path / "stimuli" / "s1.wav", 0.1 * rng.standard_normal(48_000), 16_000)
    words = ["data=nwb", f"data.root={tmp_path}", "data.files='sub-{subject}.nwb'", "data.preprocessing=null"]
    data = open_dataset(composed([*words, f"paths.output={tmp_path}/out"]))
    presentation = data.recordings[0].presentations[0]
    first = round((2 + presentation.start) * 100)
    np.testing.assert_allclose(presentation.response[:50], raw[first : first + 50] * [2.0, 0.5] + 3.0, rtol=1e-5)
