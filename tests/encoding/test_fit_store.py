"""The store of fits: what is read is what was written, damage is found, and only the same problem finds it."""

import logging
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from brainalign.data.splits.split import split_groups
from brainalign.encoding import fingerprint as fingerprints
from brainalign.encoding.design import Design
from brainalign.encoding.fingerprint import code_digest, fingerprint
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.inner import Search
from brainalign.encoding.layers import LayerSelection
from brainalign.encoding.nested import fit_outer
from brainalign.encoding.packing import pack, unpack

LAGS, ALPHAS = np.arange(3), [1.0, 100.0]


def world(seed=0):
    rng = np.random.default_rng(seed)
    names = [f"a/long name {i}" for i in range(8)]
    x = {s: rng.normal(size=(20 + i, 3)) for i, s in enumerate(names)}
    y = [x[s] @ rng.normal(size=(3, 4)) + rng.normal(size=(len(x[s]), 4)) for s in names]
    y[2][:5, 3] = np.nan
    return Design(names, y, split_groups(names, [len(v) for v in y], 4, 0, "stimulus")), x


def same(a, b):
    """Scores are the same, bit for bit, types and all."""
    a, b = pack(a), pack(b)
    assert list(a) == list(b) and {"r", "alpha", "n"} <= set(a)
    for name in a:
        assert a[name].dtype == b[name].dtype and np.array_equal(a[name], b[name], equal_nan=a[name].dtype != bool), (
            name
        )


@pytest.mark.parametrize("keep_weights", [False, True])
def test_a_fit_is_read_as_it_was_made(tmp_path, keep_weights):
    design, x = world()
    made = fit_outer(design, x, LAGS, ALPHAS, keep_weights=keep_weights)
    store = FitStore(tmp_path / "deep")
    store.write("k", pack(made), {"model": "m"})
    tensors, said = store.read("k")
    found = unpack(tensors)
    same(found, made)
    assert said == {"model": "m"} and len(found.weights) == 4 * keep_weights
    found.r[0] = 0  # in memory of its own: a selection writes into it
    assert [p.suffix for p in store.folder.iterdir()] == [".safetensors"]


def test_a_race_that_is_resumed_ends_like_one_that_was_not(tmp_path):
    design, x = world()
    rng = np.random.default_rng(1)
    fits = [{s: v + noise * rng.normal(size=v.shape) for s, v in x.items()} for noise in (1.0, 0.2, 0.5, 0.3)]
    whole, resumed, store = LayerSelection(), LayerSelection(), FitStore(tmp_path)
    for layer, frames in enumerate(fits, start=-1):
        whole.add(layer, fit_outer(design, frames, LAGS, ALPHAS))
        resumed.add(layer, fit_outer(design, frames, LAGS, ALPHAS))
        store.write("k", resumed.pack(), {})
        resumed = LayerSelection.unpack(store.read("k")[0])
    assert list(whole.layers) == list(resumed.layers) == [-1, 0, 1, 2]
    (a, chosen_a), (b, chosen_b) = whole.nested, resumed.nested
    same(a, b)
    np.testing.assert_array_equal(chosen_a, chosen_b)
    assert len(np.unique(chosen_a)) > 1  # the selection was one
    for number in whole.layers:
        same(whole.layers[number], resumed.layers[number])
    same(whole.optimum()[0], resumed.optimum()[0])
    assert whole.best_layer == max(whole.layers, key=lambda n: np.nanmean(whole.layers[n].inner))


def test_every_part_of_the_problem_is_in_the_key(tmp_path):
    store, (design, _), (other, _) = FitStore(tmp_path), world(), world(1)
    keys = [
        store.key(design=d, alphas=a, lags=lags, search=search, device=device)
        for d, a, lags, search, device in (
            (design, ALPHAS, LAGS, Search(), "cpu"),
            (other, ALPHAS, LAGS, Search(), "cpu"),
            (design, [1.0, 101.0], LAGS, Search(), "cpu"),
            (design, ALPHAS, LAGS + 1, Search(), "cpu"),
            (design, ALPHAS, LAGS, Search(2), "cpu"),
            (design, ALPHAS, LAGS, Search(), "cuda"),
        )
    ]
    assert len(set(keys)) == 6
    again, _ = world()
    assert keys[0] == store.key(device="cpu", search=Search(), lags=LAGS.copy(), alphas=ALPHAS, design=again)
    seeded = Design(
        design.stimuli,
        design.responses,
        split_groups(design.stimuli, [len(v) for v in design.responses], 4, 1, "stimulus"),
    )
    seeded.center = design.center
    assert fingerprint(seeded) != fingerprint(design)
    assert fingerprint(replace(design.split, kind="presentation")) != fingerprint(design.split)


def test_other_code_is_another_key(tmp_path, monkeypatch):
    before = FitStore(tmp_path).key(a=1)
    assert before == FitStore(tmp_path / "elsewhere").key(a=1)
    monkeypatch.setattr(fingerprints, "version", lambda name: "0.0")
    code_digest.cache_clear()
    try:
        assert FitStore(tmp_path).key(a=1) != before
    finally:
        code_digest.cache_clear()


def test_a_fingerprint_tells_types_shapes_and_bits_apart():
    values = [
        0, 0.0, -0.0, False, None, "0", [], {}, (), frozenset(), [0], [[0]], {"a": 0}, {"a": 1}, {"a", "b"}, ["a", "b"], ["ab"],
        np.zeros(2), np.zeros((2, 1)), np.zeros(2, dtype=np.float32), np.float64(0), {"a": [1], "b": []}, {"a": [], "b": [1]},
    ]  # fmt: skip
    assert len({fingerprint(v) for v in values}) == len(values)
    assert fingerprint(np.arange(6).reshape(2, 3).T) == fingerprint(np.ascontiguousarray(np.arange(6).reshape(2, 3).T))
    with pytest.raises(TypeError, match="function has no content"):
        fingerprint({"a": [lambda: 0]})


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other"])
def test_a_damaged_fit_is_named_and_made_again(tmp_path, damage, caplog):
    design, x = world()
    store, made = FitStore(tmp_path), fit_outer(design, x, LAGS, ALPHAS)
    store.write("k", pack(made), {})
    file = store.path("k")
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[-9] ^= 1
    elif damage == "other":
        store.write("j", pack(made), {})
        content = store.path("j").read_bytes()
    else:
        content = content[:-7] if damage == "cut" else b""
    file.write_bytes(bytes(content))
    calls = []
    with caplog.at_level(logging.WARNING):
        found = store.fit("k", "mel", lambda: calls.append(1) or fit_outer(design, x, LAGS, ALPHAS))
    assert calls and str(file) in caplog.text and "fitted again" in caplog.text
    same(found, made)


def test_what_is_quicker_made_than_kept_is_not_kept(tmp_path):
    store = FitStore(tmp_path)
    million = {"a": np.zeros(25_000_000, dtype=np.float32)}  # 100 MB: half a second
    assert store.worth(million, 6.0) and not store.worth(million, 4.0)


def test_of_two_processes_one_fits_and_the_other_waits_for_it(tmp_path):
    code = """
import sys, time, logging; from pathlib import Path
from brainalign.encoding.fit_store import FitStore; from brainalign.encoding.nested import OuterScores
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
def make():
    print("fitting", flush=True); sys.stdin.readline(); time.sleep(0.05); return OuterScores.empty(5, 2)
FitStore(Path(sys.argv[1])).fit("k", "mel", make)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    first, second = (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    )
    said = {first: first.stdout.readline(), second: second.stdout.readline()}
    fitting, waiting = sorted(said, key=lambda process: "waiting" in said[process])
    assert said[fitting] == "fitting\n" and "mel: another run is fitting it; waiting" in said[waiting]
    fitting.communicate("go\n", timeout=60)
    rest, _ = waiting.communicate(timeout=60)
    assert fitting.returncode == waiting.returncode == 0
    assert rest.startswith("reused: mel from")


def test_a_cache_that_may_only_be_read_is_read_and_what_it_lacks_is_fitted(tmp_path, monkeypatch, caplog):
    design, x = world()
    made = fit_outer(design, x, LAGS, ALPHAS)
    FitStore(tmp_path).write("k", pack(made), {})
    before = {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*")}
    monkeypatch.setattr("os.access", lambda *_: False)
    store = FitStore(tmp_path)
    with caplog.at_level(logging.WARNING):
        same(store.fit("k", "m", lambda: 1 / 0), made)
        same(store.fit("other", "m", lambda: made), made)
        store.write("third", pack(made), {})
    assert {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*")} == before
    assert caplog.text.count("may only be read") == 1
