"""A run on channels that have a place in an image leaves maps, and the values in them are those of its table."""

import dataclasses

import nibabel as nib
import numpy as np
import pandas as pd
from hydra import compose, initialize_config_dir

from brainalign import experiment
from brainalign.assembly import open_dataset
from brainalign.config import check, conf_folder
from brainalign.data.geometry import Volume

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=5", "data.sentences=20", "data.repeated=2", "data.repeats=3",
    "model=mel", "encoding.outer_folds=3", "encoding.alphas=[100,10000]", "window.tmax=0.06", "stats.permutations=19",
)  # fmt: skip


def as_voxels(config):
    """The simulated listeners, their electrodes put into a small volume (the second participant's into none)."""
    data = open_dataset(config)
    one, two = data.recordings
    place = np.arange(len(one.channels))
    channels = one.channels.assign(i=place % 3, j=place // 3, k=0)
    mapped = dataclasses.replace(one, channels=channels, geometry=Volume(np.diag([2.0, 2, 2, 1]), (3, 2, 2)))
    return dataclasses.replace(data, recordings=[mapped, two])


def test_maps_of_a_run_hold_its_scores(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "open_dataset", as_voxels)
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = check(compose("config", overrides=[*SMALL, f"paths.output={tmp_path / 'out'}"]))
    folder = tmp_path / "run"
    folder.mkdir()
    result = experiment.run(config, folder)
    table = result.tables["scores"]
    person = table["subject"].iloc[0]
    mine = table[(table["subject"] == person) & (table["rule"] == "nested") & (table["model"] == "mel")]
    names = sorted(p.name for p in (folder / "maps").iterdir())
    assert names == sorted(f"{person}_mel_{c}.nii.gz" for c in ("r2", "layer", "ceiling", "p_fdr"))
    saved = pd.read_parquet(folder / "tables" / "scores.parquet")
    assert {"i", "j", "k"} <= set(saved.columns)
    for column in ("r2", "layer", "ceiling", "p_fdr"):
        found = nib.load(folder / "maps" / f"{person}_mel_{column}.nii.gz").get_fdata()
        for row in mine.itertuples():
            np.testing.assert_allclose(found[int(row.i), int(row.j), int(row.k)], getattr(row, column), rtol=1e-6)
        assert np.isnan(found[:, :, 1]).all()
