"""Names that break things, through whole runs: regions, electrodes, participants, stimuli and columns called as nobody would."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainalign import assembly, experiment
from brainalign.config import composed
from brainalign.data.electrodes.reserved_names import PREFIX, RESERVED
from brainalign.data.readers.simulated import Simulated
from brainalign.data.simulated import simulate
from brainalign.data.types import CHANNEL_COLUMNS, Dataset
from brainalign.tracking import load_run

REGIONS = ("all", "A+", "A?", "$x_{$", "..", "/", "", "r2/mean", "x" * 300, "<b>^\\frac", "model", "耳")
SMALL = (
    "data=simulated_small", "encoding.outer_folds=3", "encoding.alphas=[10,1000]", "window.tmax=0.02", "stats.permutations=0",
    "tracking.uri=offline", "ceiling.draws=100",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    data = simulate(
        subjects=2, electrodes=12, sentences=9, repeated=2, repeats=3, seed=1, cache_dir=tmp_path_factory.mktemp("c")
    )
    people = []
    for n, r in enumerate(data.recordings):
        table = r.channels.assign(
            subject=("group", "a/../$b_{$")[n], region=[None if n and not x else x for x in REGIONS],
            electrode=[f"{x} {i}" for i, x in enumerate(REGIONS)],
            **{name: np.arange(12) * 1.5 + n for name in sorted(RESERVED)},
        )  # fmt: skip
        table["lab"] = "text" if n else 3  # numbers here, text there
        told = [replace(p, stimulus=f"../{p.stimulus}/$^{{$") for p in r.presentations]
        people.append(replace(r, subject=table["subject"].iloc[0], channels=table, presentations=told))
    stimuli = {f"../{s}/$^{{$": replace(v, id=f"../{s}/$^{{$") for s, v in data.stimuli.items()}
    latents = {k: {f"../{s}/$^{{$": v for s, v in found.items()} for k, found in data.latents.items()}
    return Dataset("<i>$n_{$ | x", stimuli, people, latents=latents, vectors=data.vectors)


KINDS = {
    "encoding": ("model=envelope", "model.name='$m_{$ <a> | b'", "save.predictions=true"),
    "ceiling": (),
    "latency": ("model=envelope",),
    "hierarchy": ("model=planted_language", "model.layers=[0,1]"),
    "describe": (),
    "similarity": ("model=envelope", "model@partner=word_rate"),
    "variance_partition": (
        "model=envelope",
        "model@partner=word_rate",
        "~model@baseline",
        "analysis.sets=2",
        "analysis.ratios=[1]",
    ),
    "cca": ("model=mel", "model@partner=planted_speech", "partner.name='mel shared'", "analysis.k=1"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_breaks_a_run_or_takes_anothers_place(hostile, monkeypatch, tmp_path, kind):
    monkeypatch.setattr(Simulated, "read", lambda *_: hostile)
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    config = composed([*SMALL, f"paths.output={place}/o", f"analysis={kind}", *KINDS[kind]])
    folder = place / "run"
    result = experiment.run(config, folder)
    left = load_run(folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert len(metrics) == len(result.metrics)  # none became another
    channels = {
        *CHANNEL_COLUMNS,
        "lab",
        *(c for c in hostile.channels if c not in RESERVED),
        *(PREFIX + c for c in RESERVED),
    }
    for name in left.tables:
        table = left.tables[name]
        if "electrode" in table and f"{PREFIX}r" in table:
            assert set(table.columns) - channels <= RESERVED, (
                name
            )  # a new column of ours has to be told to data/electrodes/reserved_names.py
            for column in RESERVED:
                who = table["subject"].map({"group (participant)": 0, "a/../$b_{$": 1})
                given = who + 1.5 * table["electrode"].str.split().str[-1].astype(int)
                assert np.allclose(table[PREFIX + column].astype(float), given), (name, column)
    page = (folder / "report.html").read_text()
    assert "<b>^" not in page and "<a> |" not in page
    if "regions" in left.tables and "rule" in left.tables["regions"]:  # that of scores; hierarchy has one of its own
        table = left.tables["regions"].query("rule == 'nested'")
        whole = table[table["region"] == "all"]
        assert list(whole["n"]) == [24] * len(whole) and (table["region"] == "all (region)").sum() == len(whole)
    assert list(tmp_path.iterdir()) == [place]  # nothing was written beside it


def test_equal_names_are_told_apart_or_refused(monkeypatch, tmp_path):
    data = simulate(subjects=1, electrodes=3, sentences=6, repeated=0, cache_dir=tmp_path)
    monkeypatch.setattr(Simulated, "read", lambda *_: data)

    def models(*words):
        config = composed(["data=simulated_small", "encoding.outer_folds=3", f"paths.output={tmp_path}", *words])
        study = assembly.open_study(config, assembly.open_dataset(config))
        return assembly.open_models(config, study), study

    named, study = models("model=envelope", "model.name=mel")
    assert [m.name for m in named] == ["mel", "mel (baseline)"]
    assert any("mel (baseline)" in note for note in study.notes)
    itself, study = models("model=mel", "model.name=mine")
    assert itself.baseline is None and any("is the model itself" in note for note in study.notes)
    apart, study = models("model=mel", "model@baseline=mel", "baseline.n_mels=8")
    assert [m.name for m in apart] == ["mel", "mel (baseline)"]
    selections = {id(study.layer_selection(m)) for m in apart}
    assert len(selections) == 2
    assert (
        study.layer_selection(apart.model) is study.layer_selection(models("model=mel")[0].model)
        or len(study._selections) == 2
    )


@pytest.mark.parametrize("region", [None, float("nan"), "", " ", "n/a"])
def test_a_region_without_a_name_is_unknown(region):
    from brainalign.data.electrodes.reserved_names import rename_reserved_columns

    data = simulate(subjects=1, electrodes=2, sentences=6, repeated=0)
    (r,) = data.recordings
    table = r.channels.assign(region=pd.Series([region, "STG"], dtype=object))
    fitted = rename_reserved_columns(replace(data, recordings=[replace(r, channels=table)]))
    assert fitted.channels["region"].tolist() == ["unknown", "STG"]


def test_no_region_takes_the_name_of_a_row_of_geometry():
    from brainalign.data.electrodes.reserved_names import rename_reserved_labels

    data = simulate(subjects=1, electrodes=3, sentences=6, repeated=0)
    (r,) = data.recordings
    named = replace(
        data, recordings=[replace(r, channels=r.channels.assign(region=["all electrodes", "between models", "STG"]))]
    )
    fitted = rename_reserved_labels(named)
    assert fitted.channels["region"].tolist() == ["all electrodes (region)", "between models (region)", "STG"]
    assert sum("a name of geometry" in note for note in fitted.notes) == 2
