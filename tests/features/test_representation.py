"""Representation: one pass for all missing layers, fresh equals reused, what is left out is told."""

import logging
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from brainalign import own_code
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features import representation as module
from brainalign.features.align import to_grid
from brainalign.features.base import ReceptiveField, Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.clip import ClippedExtractor
from brainalign.features.representation import Representation


def stimuli(n=4):
    table = pd.DataFrame({"word": ["so", "it", "goes"], "onset": [0.1, 0.3, 0.505], "offset": [0.3, 0.5, 0.51]})
    return {f"s{i}": Stimulus(f"s{i}", 1.0 + i / 10, table) for i in range(n)}


class Counting:
    """An extractor with known rows that counts its passes; one of ours, so that its version is its identity and not its code."""

    __module__ = "brainalign.features.counting"

    placement = "hold"
    version = 1
    receptive_field = ReceptiveField(0.1, 0)

    def __init__(self, unit="frames", layers=(0, 1, 2), scale=1.0, stop_after=None, bad=None):
        self.name, self.unit, self.layers, self.scale = "counting", unit, layers, scale
        self.stop_after, self.bad = stop_after, bad
        self.extracted, self.passes, self.checked = [], 0, []

    def identity(self):
        return {"kind": "counting", "scale": self.scale, "unit": self.unit}

    def describe(self):
        return "it counts"

    def check(self, stimulus):
        self.checked.append(stimulus.id)
        if stimulus.id == self.bad:
            raise BrainalignError(f"stimulus {stimulus.id} lacks it")

    def rows(self, stimulus, layer):
        rng = np.random.default_rng([int(stimulus.id[1:]), layer])
        if self.unit == "words":
            values = rng.normal(size=(len(stimulus.words), 2 + layer)) * self.scale
            return Rows(values, *(stimulus.words[c].to_numpy() for c in ("onset", "offset")))
        times = FrameGrid.speech(stimulus.duration).times
        return Rows(rng.normal(size=(len(times), 2 + layer)) * self.scale, times, times)

    def extract(self, wanted):
        self.passes += 1
        for number, stimulus in enumerate(wanted):
            if number == self.stop_after:
                raise KeyboardInterrupt
            self.extracted.append(stimulus.id)
            yield stimulus.id, {n: self.rows(stimulus, n) for n in self.layers}


def represent(extractor, folder, digest="digest", n=4):
    return Representation(extractor, stimuli(n), digest, FeatureCache(folder))


def test_one_pass_for_all_layers_and_none_for_a_second_run(tmp_path, caplog):
    first = Counting()
    with caplog.at_level(logging.INFO):
        fresh = represent(first, tmp_path)
        assert first.passes == 0 and first.checked == list(stimuli())
        values = {n: fresh.rows(n) for n in fresh.layers}
    assert first.passes == 1 and first.extracted == list(stimuli())
    assert "3 layer(s) of 4 stimuli extracted" in caplog.text and "reused" not in caplog.text
    caplog.clear()
    second = Counting()
    with caplog.at_level(logging.INFO):
        reused = represent(second, tmp_path)
        for layer, rows in values.items():
            for stimulus, r in reused.rows(layer).items():
                expected = first.rows(stimuli()[stimulus], layer)
                assert r.values.dtype == np.float32
                assert np.array_equal(r.values, rows[stimulus].values)
                assert np.array_equal(r.values, expected.values.astype(np.float32))
                assert np.array_equal(r.onset, expected.onset)
    assert second.passes == 0 and second.checked == []
    assert "3 of 3 layer(s) reused" in caplog.text


def test_only_missing_layers_are_kept_and_only_a_damaged_one_is_rebuilt(tmp_path):
    represent(Counting(layers=(1,)), tmp_path).rows(1)
    more = Counting()
    whole = represent(more, tmp_path)
    before = {n: {s: r.values.tobytes() for s, r in whole.rows(n).items()} for n in whole.layers}
    assert more.passes == 1
    files = sorted((tmp_path / "features").iterdir())
    assert len(files) == 3
    content = files[0].read_bytes()
    files[0].write_bytes(content[:-3] + b"xyz")
    kept = [f.stat().st_mtime_ns for f in files[1:]]
    last = Counting()
    again = represent(last, tmp_path)
    assert {n: {s: r.values.tobytes() for s, r in again.rows(n).items()} for n in again.layers} == before
    assert last.passes == 1
    assert [f.stat().st_mtime_ns for f in files[1:]] == kept


def test_settings_stimuli_and_version_are_part_of_the_identity(tmp_path):
    base = represent(Counting(), tmp_path)
    base.rows(0)
    scaled, other = Counting(scale=2.0), Counting()
    assert not np.array_equal(represent(scaled, tmp_path).rows(0)["s0"].values, base.rows(0)["s0"].values)
    represent(other, tmp_path, digest="other stimuli").rows(0)
    newer = Counting()
    newer.version = 2
    changed = represent(newer, tmp_path)
    changed.rows(0)
    assert scaled.passes == other.passes == newer.passes == 1
    assert len({base.digest, changed.digest, represent(scaled, tmp_path).digest}) == 3
    assert base.digest == represent(Counting(layers=(2,)), tmp_path).digest


def test_an_extractor_of_a_lab_is_told_by_its_code_also_inside_another_one(tmp_path, monkeypatch):
    file = tmp_path / "site" / "labs_extractor.py"
    file.parent.mkdir()
    monkeypatch.syspath_prepend(str(file.parent))

    def keys(text):
        file.write_text(f"class Own(Counting):\n    {text}\n")
        own_code._source.cache_clear()
        monkeypatch.delitem(sys.modules, "labs_extractor", raising=False)
        monkeypatch.setitem(sys.modules, "labs_extractor", module := ModuleType("labs_extractor"))
        module.__file__, module.Counting = str(file), Counting
        exec(file.read_text(), vars(module))
        own = module.Own()
        return [represent(e, tmp_path / "cache").key(0) for e in (own, ClippedExtractor(own, 5.0), Counting())]

    first, again, edited = keys("a = 1"), keys("a = 1"), keys("a = 2")
    assert first == again
    assert [a == b for a, b in zip(first, edited, strict=True)] == [False, False, True]


def test_a_killed_run_goes_on_where_it_was(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "CHUNK", 1)
    killed = represent(Counting(stop_after=3), tmp_path, n=5)
    with pytest.raises(KeyboardInterrupt):
        killed.rows(0)
    resumed = Counting()
    with caplog.at_level(logging.INFO):
        rows = represent(resumed, tmp_path, n=5).rows(2)
    assert resumed.extracted == ["s3", "s4"] and "3 of 5 stimuli were extracted by an earlier run" in caplog.text
    assert set(rows) == set(stimuli(5))
    for name, r in rows.items():
        assert np.array_equal(r.values, resumed.rows(stimuli(5)[name], 2).values.astype(np.float32))
    assert not list((tmp_path / "features").glob("*.unfinished"))


def test_a_run_killed_without_warning_goes_on_and_ends_as_an_uninterrupted_one(tmp_path):
    """SIGKILL in the middle: what was set aside is kept, what was half written is not, the lock is free."""
    script = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_representation import Counting, module, represent
module.CHUNK = 1
class Slow(Counting):
    def extract(self, wanted):
        for number, found in enumerate(super().extract(wanted)):
            if number == 3:
                print("three", flush=True)
                time.sleep(600)
            yield found
represent(Slow(), {str(tmp_path / "killed")!r}, n=5).rows(0)
"""
    running = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "three\n"
    running.kill()
    running.wait()
    assert list((tmp_path / "killed").rglob("*.unfinished/chunk-*"))
    resumed, whole = Counting(), Counting()
    found, expected = represent(resumed, tmp_path / "killed", n=5), represent(whole, tmp_path / "whole", n=5)
    for layer in expected.layers:
        for stimulus, rows in expected.rows(layer).items():
            assert np.array_equal(found.rows(layer)[stimulus].values, rows.values)
    assert resumed.extracted == ["s3", "s4"] and len(whole.extracted) == 5


def test_of_two_runs_at_once_one_extracts(tmp_path):
    """The second waits for the first and then finds everything there."""
    first, second = Counting(), Counting()
    begun, go_on = threading.Event(), threading.Event()

    def slowly(wanted, extract=first.extract):
        begun.set()
        assert go_on.wait(60)
        yield from extract(wanted)

    first.extract = slowly
    one, two = represent(first, tmp_path), represent(second, tmp_path)
    with ThreadPoolExecutor(2) as pool:
        mine = pool.submit(one.rows, 1)
        assert begun.wait(60)
        theirs = pool.submit(two.rows, 1)
        time.sleep(0.2)
        assert not theirs.done()
        go_on.set()
        for stimulus, rows in mine.result(60).items():
            assert np.array_equal(theirs.result(60)[stimulus].values, rows.values)
    assert (first.passes, second.passes) == (1, 0)


def test_half_precision_is_noted_and_fresh_is_reused(tmp_path):
    fresh = Representation(Counting(), stimuli(), "digest", FeatureCache(tmp_path, "float16"))
    values = {s: r.values.copy() for s, r in fresh.rows(1).items()}
    assert fresh.notes == ["counting: values are kept in float16, rounded to 11 bits (0.05 % of a value)."]
    second = Counting()
    again = Representation(second, stimuli(), "digest", FeatureCache(tmp_path, "float16")).rows(1)
    assert second.passes == 0 and all(np.array_equal(again[s].values, v) for s, v in values.items())
    whole = represent(Counting(), tmp_path).rows(1)
    loss = max(np.abs(whole[s].values - v).max() / np.abs(whole[s].values).max() for s, v in values.items())
    assert 0 < loss < 5e-4


def test_a_stimulus_that_lacks_something_is_refused_before_any_work(tmp_path):
    extractor = Counting(bad="s2")
    with pytest.raises(BrainalignError, match="s2 lacks it"):
        represent(extractor, tmp_path)
    assert extractor.passes == 0


def test_values_that_are_no_numbers_are_refused(tmp_path):
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(BrainalignError, match=r"no finite numbers for stimulus 's0' in layer 0"),
    ):
        represent(Counting(scale=np.inf), tmp_path).rows(0)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_features_are_the_rows_on_the_grids(tmp_path):
    heard = represent(Counting(), tmp_path)
    grids = {s: FrameGrid.speech(stimuli()[s].duration) for s in ("s1", "s3")}
    features = heard.features(2, grids)
    assert features.name == "counting/2" and features.dims == 4 and set(features.values) == {"s1", "s3"}
    for s, values in features.values.items():
        assert np.array_equal(values, heard.rows(2)[s].values)
    slow = heard.features(2, {"s1": FrameGrid(0.5, 1.0, 1)}).values["s1"]
    assert np.allclose(slow, to_grid(heard.rows(2)["s1"], "frames", FrameGrid(0.5, 1.0, 1)))


def test_words_without_a_frame_and_without_a_vector_are_told_once(tmp_path, caplog):
    extractor = Counting(unit="words")
    extractor.rows = lambda stimulus, layer: Rows(
        np.array([[1.0], [0.0], [2.0]]), *(stimulus.words[c].to_numpy() for c in ("onset", "offset"))
    )
    said = represent(extractor, tmp_path)
    grids = {s: FrameGrid.speech(v.duration) for s, v in stimuli().items()}
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            for layer in said.layers:
                said.features(layer, grids)
    assert said.notes == [
        "counting: 4 of 12 words have no vector and are zero.",
        "counting: 4 of 12 words fall into no frame and are left out.",
    ]
    assert len(caplog.records) == 2


def test_word_rows(tmp_path):
    spoken = represent(Counting(), tmp_path)
    for s, values in spoken.word_rows(1).items():
        assert values.shape == (3, 3)
        times, rows = spoken.rows(1)[s].onset, spoken.rows(1)[s].values
        assert np.allclose(values[0], rows[(times >= 0.1) & (times < 0.3)].mean(axis=0), atol=1e-6)
    written = represent(Counting(unit="words"), tmp_path)
    assert all(np.array_equal(v, written.rows(1)[s].values) for s, v in written.word_rows(1).items())


def test_it_describes_itself(tmp_path):
    heard = represent(Counting(), tmp_path)
    assert (heard.name, heard.unit, list(heard.layers)) == ("counting", "frames", [0, 1, 2])
    assert heard.describe() == "counting: it counts; a row has seen 100 ms before its centre and 0 ms after"
