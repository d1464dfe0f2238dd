"""analysis=latency and analysis=variance_partition as a whole say the same in any unit of each electrode and of each feature."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brainalign.analysis.latency.run import latency
from brainalign.analysis.variance_partition.run import variance_partition
from brainalign.data.simulated import simulate
from brainalign.data.types import Dataset, Presentation, Recording
from brainalign.features.base import ReceptiveField, Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.study.roles import Models
from brainalign.study.study import Study

C, D, PEOPLE = 3, 2, 3
units = st.lists(st.floats(-15, 15), min_size=1, max_size=4).map(lambda e: 10.0 ** np.array(e))


class Sized:
    """Two of a stimulus's four latents by hand, in units of their own."""

    unit, placement, version, layers, receptive_field = "frames", "hold", 1, (0,), ReceptiveField(0.0, 0.0)

    def __init__(self, name, frames, grids):
        self.name, self.frames, self.grids = name, frames, grids

    def identity(self):
        return {"kind": self.name, "values": [float(v) for v in next(iter(self.frames.values()))[0]]}

    def describe(self):
        return self.name

    def check(self, stimulus):
        pass

    def extract(self, stimuli):
        for s in stimuli:
            times = self.grids[s.id].times
            yield s.id, {0: Rows(self.frames[s.id], times, times)}


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    base = simulate(subjects=PEOPLE, electrodes=C, sentences=12, repeated=0, cache_dir=folder)
    rng = np.random.default_rng(0)
    grids = Study(base, 0.0, 0.02, "seconds", 50.0, [1.0], 3).responses.grids
    x = {s: rng.normal(size=(g.n, 2 * D)) for s, g in grids.items()}
    kernel = rng.normal(size=(2 * D, C))
    made = []
    for r in base.recordings:
        ps = []
        for p in r.presentations:
            response = 1.5 * rng.normal(size=p.response.shape)
            start = len(response) - len(x[p.stimulus])
            response[start + 1 :] += (x[p.stimulus] @ kernel)[:-1]
            ps.append(Presentation(p.stimulus, p.repeat, response, p.rate, p.start))
        made.append(Recording(r.subject, r.channels, ps))
    return folder, base.stimuli, made, grids, x


def tables(heard, unit, size):
    """All tables and metrics of both analyses, with electrodes and features in these units."""
    folder, stimuli, made, grids, x = heard
    electrode, feature = np.resize(unit, C), np.resize(size, 2 * D)
    recordings = [
        replace(r, presentations=[replace(p, response=p.response * electrode) for p in r.presentations]) for r in made
    ]
    data = Dataset("units", stimuli, recordings)
    study = Study(data, 0.0, 0.06, "seconds", 50.0, [1e3, 1.0, 30.0], 3, arithmetic=Arithmetic("cpu", "float32"))
    cache = FeatureCache(folder)
    sides = []
    for name, part in (("a", slice(0, D)), ("b", slice(D, None))):
        extractor = Sized(name, {s: (v * feature)[:, part] for s, v in x.items()}, grids)
        sides.append(Representation(extractor, stimuli, data.stimuli_digest, cache))
    found = {
        "latency": latency(study, Models(sides[0]), layer=0),
        "sets": variance_partition(study, Models(*sides), sets=2, components=None, ratios=[0.1, 10.0]),
        "components": variance_partition(study, Models(*sides), sets=2, components=1, ratios=[1.0]),
    }
    return {f"{name} {table}": t for name, result in found.items() for table, t in result.tables.items()} | {
        f"{name} metrics": pd.DataFrame([result.metrics]) for name, result in found.items()
    }


@pytest.fixture(scope="module")
def known(heard):
    return tables(heard, np.ones(1), np.ones(1))


@settings(max_examples=2, deadline=None)
@given(units, units)
@example(np.array([1e-15, 1.0, 1e15]), np.array([1e15, 1e-15]))
def test_no_table_and_no_metric_of_either_analysis_changes_with_units(heard, known, unit, size):
    found = tables(heard, unit, size)
    assert set(found) == set(known) and {"latency latency", "sets partition", "components tests"} <= set(found)
    for name, table in found.items():
        pd.testing.assert_frame_equal(table, known[name], atol=2e-5, rtol=1e-4, obj=name)
