"""One small recording of known content, written in every format that there is a reader for."""

import json

import h5py
import mne
import numpy as np
import pandas as pd
import scipy.io
import soundfile

RATE = 200.0
NAMES = ["LA1", "LA2", "LB1", "LB2"]
REGIONS = ["STG", "STG", "MTG", "IFG"]
XYZ = np.array([[-60.0, -20.0, 5.0], [-58.0, -18.0, 6.0], [-55.0, -40.0, 0.0], [-50.0, 20.0, 10.0]])
EVENTS = pd.DataFrame({"onset": [1.0, 4.0, 7.5], "duration": [2.0, 2.0, 2.0], "stimulus": ["s1", "s2", "s1"]})
SECONDS = 11.0


def values(seed=0):
    """(T, 4) volts; multiples of 2^-33 V (0.1 nV), so that single precision holds them exactly."""
    rng = np.random.default_rng(seed)
    return rng.integers(-(2**20), 2**20, (int(SECONDS * RATE), len(NAMES))) * 2.0**-33


def stimuli(root):
    """Two sentences of 2 s with words."""
    folder = root / "stimuli"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for s in ("s1", "s2"):
        soundfile.write(folder / f"{s}.wav", 0.1 * rng.standard_normal(2 * 16_000), 16_000)
        table = pd.DataFrame({"word": ["hello", s], "onset": [0.2, 0.9], "offset": [0.8, 1.7]})
        table.to_csv(folder / f"{s}_words.tsv", sep="\t", index=False)
    return root


def channels(**more):
    table = pd.DataFrame({"name": NAMES, "region": REGIONS, "hemisphere": "L"})
    table[["x", "y", "z"]] = XYZ
    return table.assign(**more)


def tsv(table, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False, na_rep="n/a")


def raw(x=None):
    info = mne.create_info(NAMES, RATE, "ecog", verbose="error")
    return mne.io.RawArray((values() if x is None else x).T, info, verbose="error")


def folder(root):
    stimuli(root)
    place = root / "sub-01"
    tsv(channels(), place / "channels.tsv")
    tsv(EVENTS, place / "events.tsv")
    np.save(place / "run-1_responses.npy", values())
    (place / "run-1_responses.json").write_text(json.dumps({"SamplingFrequency": RATE}))
    return root


CONTENT = {"responses": values(), "rate": RATE, "onset": EVENTS["onset"].to_numpy(), "x": XYZ}
TEXTS = {"stimulus": EVENTS["stimulus"].tolist(), "electrode": NAMES, "region": REGIONS, "hemisphere": ["L"] * 4}


def npz(root):
    stimuli(root)
    np.savez(root / "sub-01.npz", **CONTENT, **{k: np.array(v) for k, v in TEXTS.items()})
    return root


def hdf5(root):
    stimuli(root)
    with h5py.File(root / "sub-01.h5", "w") as file:
        for name, content in CONTENT.items():
            file[name] = content
        for name, content in TEXTS.items():
            file[name] = content  # variable-length UTF-8
    return root


def mat5(root):
    stimuli(root)
    texts = {k: np.array(v, dtype=object) for k, v in TEXTS.items()}  # cells of strings
    scipy.io.savemat(root / "sub-01.mat", {**CONTENT, **texts})
    return root


def mat73(root):
    """As MATLAB's ``save -v7.3`` lays it out: axes reversed, characters as uint16, cells as references."""
    stimuli(root)
    with h5py.File(root / "sub-01.mat", "w", userblock_size=512) as file:
        for name, content in CONTENT.items():
            data = file.create_dataset(name, data=np.atleast_2d(np.asarray(content, dtype=np.float64)).T)
            data.attrs["MATLAB_class"] = np.bytes_("double")
        refs = file.create_group("#refs#")
        for name, content in TEXTS.items():
            cell = file.create_dataset(name, (1, len(content)), dtype=h5py.ref_dtype)
            cell.attrs["MATLAB_class"] = np.bytes_("cell")
            for n, text in enumerate(content):
                char = refs.create_dataset(f"{name}{n}", data=np.array([[ord(c)] for c in text], dtype=np.uint16))
                char.attrs["MATLAB_class"] = np.bytes_("char")
                char.attrs["MATLAB_int_decode"] = np.int32(2)
                cell[0, n] = char.ref
    with (root / "sub-01.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM")
    return root


def nwb(root, inside=False):
    from datetime import UTC, datetime

    from pynwb import NWBHDF5IO, NWBFile, TimeSeries
    from pynwb.ecephys import ElectricalSeries

    file = NWBFile("a test", "id", datetime(2026, 1, 1, tzinfo=UTC))
    device = file.create_device("grid")
    group = file.create_electrode_group("A", description="a grid", location="left", device=device)
    file.add_electrode_column("electrode_name", "name")
    for name, region, (x, y, z) in zip(NAMES, REGIONS, XYZ, strict=True):
        file.add_electrode(x=x, y=y, z=z, location=region, group=group, electrode_name=name)
    table = file.create_electrode_table_region([0, 1, 2, 3], "all")
    file.add_acquisition(
        ElectricalSeries(name="ieeg", data=values() * 1e6, electrodes=table, rate=RATE, conversion=1e-6)
    )
    file.add_trial_column("stimulus", "what was played")
    for row in EVENTS.itertuples():
        file.add_trial(start_time=row.onset, stop_time=row.onset + row.duration, stimulus=row.stimulus)
    stimuli(root)
    if inside:
        for s in ("s1", "s2"):
            sound, rate = soundfile.read(root / "stimuli" / f"{s}.wav")
            file.add_stimulus(TimeSeries(name=s, data=sound, unit="n/a", rate=float(rate)))
    with NWBHDF5IO(root / "sub-01.nwb", "w") as io:
        io.write(file)
    return root


def fif(root):
    stimuli(root)
    raw().save(root / "sub-01_run-1_raw.fif", fmt="double", verbose="error")
    tsv(EVENTS, root / "sub-01_run-1_events.tsv")
    tsv(channels(), root / "electrodes.tsv")
    return root


def epochs(root):
    """Epochs from 0.5 s before each onset to 2 s after it."""
    stimuli(root)
    samples = (EVENTS["onset"].to_numpy() * RATE).astype(int)
    codes = {"s1": 1, "s2": 2}
    events = np.c_[samples, np.zeros(3, int), [codes[s] for s in EVENTS["stimulus"]]]
    made = mne.Epochs(raw(), events, codes, tmin=-0.5, tmax=2.0, baseline=None, preload=True, verbose="error")
    made.save(root / "sub-01_run-1-epo.fif", fmt="double", verbose="error")
    tsv(channels(), root / "electrodes.tsv")
    return root


def bids(root, form="BrainVision", x=None):
    """An iEEG data set as mne-bids writes it, with the events' stimuli and the electrodes' regions."""
    from mne_bids import BIDSPath, write_raw_bids

    stimuli(root)
    made = raw(x)
    made.info["line_freq"] = 60
    place = dict(zip(NAMES, XYZ / 1000, strict=True))
    made.set_montage(mne.channels.make_dig_montage(place, coord_frame="mni_tal"), verbose="error")
    path = BIDSPath(subject="01", task="listen", run="02", root=root, datatype="ieeg")
    write_raw_bids(made, path, format=form, allow_preload=True, overwrite=True, verbose="error")
    tsv(EVENTS, path.copy().update(suffix="events", extension=".tsv").fpath)
    electrodes = next(root.rglob("*_electrodes.tsv"))
    table = pd.read_csv(electrodes, sep="\t", dtype=str, keep_default_na=False)
    tsv(table.assign(region=REGIONS, hemisphere="L"), electrodes)
    return root
