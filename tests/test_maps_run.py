"""A run on channels that have a place in an image leaves maps, and the values in them are those of its table."""

import dataclasses

import nibabel as nib
import numpy as np
import pandas as pd
from hydra import compose, initialize_config_dir

from brainalign import experiment
from brainalign.assembly import open_dataset
from brainalign.config import check, conf_folder
from brainalign.data.fmri.geometry import Volume

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


def test_a_group_whose_voxels_are_the_same_places_has_maps_and_so_have_preferences(tmp_path, monkeypatch):
    def both(config):
        data = open_dataset(config)
        place = np.arange(len(data.recordings[0].channels))
        volume = Volume(np.diag([2.0, 2, 2, 1]), (3, 2, 2))
        names = [f"v{n}" for n in place]
        mapped = [
            dataclasses.replace(
                r, channels=r.channels.assign(electrode=names, i=place % 3, j=place // 3, k=0), geometry=volume
            )
            for r in data.recordings
        ]
        return dataclasses.replace(data, recordings=mapped)

    monkeypatch.setattr(experiment, "open_dataset", both)
    asked = [
        *SMALL,
        "analysis=hierarchy",
        "model=planted_speech",
        "ceiling.inter_subject=true",
        f"paths.output={tmp_path / 'out'}",
    ]
    asked.remove("model=mel")
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = check(compose("config", overrides=asked))
    folder = tmp_path / "run"
    folder.mkdir()
    group = experiment.run(config, folder).tables["group"]
    names = {p.name for p in (folder / "maps").iterdir()}
    assert "group_planted_speech_mean.nii.gz" in names
    assert any("best_layer" in n for n in names) and any("preferred_layer" in n for n in names)
    found = nib.load(folder / "maps" / "group_planted_speech_mean.nii.gz").get_fdata()
    for row in group.itertuples():
        np.testing.assert_allclose(found[int(row.i), int(row.j), int(row.k)], row.mean, rtol=1e-6)
    assert (group["n"] == 2).all()
