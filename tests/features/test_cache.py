"""The cache: whole or not there, damage found and named, identity of what determines the rows."""

import logging
import mmap
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.words.vectors import WordVectors
from brainalign.storage import tensors


def some_rows(seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: Rows(rng.normal(size=(n, 3)).astype(np.float32), np.sort(rng.random(n)), rng.random(n) + 1)
        for name, n in (("b/long name", 5), ("a", 1), ("c/values", 0))
    }


def same(a, b):
    assert set(a) == set(b)
    for name in a:
        for part in ("values", "onset", "offset"):
            x, y = getattr(a[name], part), getattr(b[name], part)
            assert x.dtype == y.dtype and np.array_equal(x, y), (name, part)


def test_what_is_written_is_read(tmp_path):
    cache = FeatureCache(tmp_path / "deep" / "cache")
    assert cache.read("k") is None and not cache.has("k")
    cache.write("k", some_rows())
    assert cache.has("k")
    same(cache.read("k"), some_rows())
    assert [p.suffix for p in cache.folder.iterdir()] == [".safetensors"]  # no temporary file is left


def test_float64_is_kept_as_float32(tmp_path):
    cache = FeatureCache(tmp_path)
    cache.write("k", {"a": Rows(np.array([[np.pi]]), np.array([np.pi]), np.array([4.0]))})
    rows = cache.read("k")["a"]
    assert rows.values.dtype == np.float32 and rows.onset[0] == np.pi


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "other"])
def test_damage_is_found_and_named(tmp_path, damage, caplog):
    cache = FeatureCache(tmp_path)
    cache.write("k", some_rows())
    (file,) = cache.folder.iterdir()
    content = bytearray(file.read_bytes())
    if damage == "cut":
        content = content[:-9]
    elif damage == "flip":
        content[-5] ^= 1
    elif damage == "empty":
        content = b""
    elif damage == "text":
        content = b"not a cache file at all"
    if damage == "other":
        cache.write("other key", some_rows(1))
        (other,) = set(cache.folder.iterdir()) - {file}
        content = other.read_bytes()
    file.write_bytes(bytes(content))
    with caplog.at_level(logging.WARNING):
        assert cache.read("k") is None
    assert str(file) in caplog.text and "extracted again" in caplog.text
    cache.write("k", some_rows())
    same(cache.read("k"), some_rows())


def test_the_key_is_what_determines_the_rows(tmp_path):
    cache = FeatureCache(tmp_path)
    base = ("digest", {"a": 1, "b": [1, 2]}, 1, 0)
    keys = {
        cache.key(*base),
        cache.key("other", *base[1:]),
        cache.key("digest", {"a": 2, "b": [1, 2]}, 1, 0),
        cache.key("digest", {"a": 1, "b": [1, 2]}, 2, 0),
        cache.key("digest", {"a": 1, "b": [1, 2]}, 1, 1),
    }
    assert len(keys) == 5
    assert cache.key("digest", {"b": [1, 2], "a": 1}, 1, 0) == cache.key(*base)
    assert FeatureCache(tmp_path / "elsewhere").key(*base) == cache.key(*base)


def test_unfinished_chunks_are_collected_and_discarded(tmp_path, caplog):
    cache = FeatureCache(tmp_path)
    aside = cache.unfinished(["k0", "k1"])
    assert aside.read(0) == {}
    rows = some_rows()
    aside.add({0: {"a": rows["a"]}, 1: {"a": rows["b/long name"]}})
    aside.add({0: {"b": rows["c/values"]}, 1: {"b": rows["a"]}})
    again = cache.unfinished(["k0", "k1"])
    same(again.read(0), {"a": rows["a"], "b": rows["c/values"]})
    same(again.read(1), {"a": rows["b/long name"], "b": rows["a"]})
    assert cache.unfinished(["k0"]).read(0) == {}
    for file in sorted(aside.folder.iterdir())[:1]:
        file.write_bytes(b"broken")
    with caplog.at_level(logging.WARNING):
        assert len(again.read(0)) == 1
    assert "not usable" in caplog.text
    again.discard()
    assert aside.read(0) == {} and list(cache.folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "features").write_text("a file where a folder should be")
    with pytest.raises(BrainalignError, match=r"cannot be written .* paths.cache"):
        FeatureCache(tmp_path).write("k", some_rows())


def test_half_precision_rounds_fresh_and_reused_alike(tmp_path):
    whole, half = FeatureCache(tmp_path), FeatureCache(tmp_path, "float16")
    base = ("digest", {}, 1, 0)
    assert whole.key(*base) != half.key(*base)
    rows = some_rows()
    whole.write("w", rows)
    half.write("h", rows)
    found = half.read("h")
    for name, r in found.items():
        assert r.values.dtype == np.float32
        assert np.array_equal(r.values, rows[name].values.astype(np.float16).astype(np.float32))
        assert np.array_equal(r.onset, rows[name].onset)
    assert 0 < np.abs(found["a"].values - rows["a"].values).max() < 5e-4 * np.abs(rows["a"].values).max()
    with pytest.raises(BrainalignError, match="holds values up to 65504, but there is one of 70000"):
        half.write("x", {"a": Rows(np.array([[7e4]]), np.zeros(1), np.zeros(1))})
    with pytest.raises(BrainalignError, match="features.dtype='float15' is unknown; did you mean 'float16'"):
        FeatureCache(tmp_path, "float15")


def test_rows_are_views_into_the_file(tmp_path):
    """A layer that is larger than memory can be read; nobody can change the file through it."""
    cache = FeatureCache(tmp_path)
    cache.write("k", some_rows())
    values = cache.read("k")["a"].values
    root = values
    while isinstance(root, np.ndarray) and root.base is not None:
        root = root.base
    assert isinstance(root, mmap.mmap) and not values.flags.writeable


def test_the_checksum_is_compared_once_a_file(tmp_path, monkeypatch):
    FeatureCache(tmp_path).write("k", some_rows())
    compared = []
    real = tensors._checksum
    monkeypatch.setattr(tensors, "_checksum", lambda tensors: compared.append(1) or real(tensors))
    cache = FeatureCache(tmp_path)
    same(cache.read("k"), cache.read("k"))
    assert len(compared) == 1
    cache.write("k", some_rows(1))
    compared.clear()
    same(cache.read("k"), some_rows(1))
    assert len(compared) == 1


def test_a_file_of_an_earlier_checksum_is_read_and_its_damage_found(tmp_path, monkeypatch, caplog):
    cache = FeatureCache(tmp_path)
    with monkeypatch.context() as earlier:
        earlier.setattr(tensors, "_checksum", tensors._crc)
        cache.write("k", some_rows())
    same(FeatureCache(tmp_path).read("k"), some_rows())
    content = bytearray(cache.path("k").read_bytes())
    content[-5] ^= 1
    cache.path("k").write_bytes(content)
    assert FeatureCache(tmp_path).read("k") is None and "its checksum is wrong" in caplog.text


def test_safetensors_itself_reads_the_files(tmp_path):
    from safetensors.numpy import load_file

    cache = FeatureCache(tmp_path)
    cache.write("k", some_rows(), {"model": "mel", "layer": 0})
    (file,) = cache.folder.iterdir()
    assert np.array_equal(load_file(file)["a/values"], some_rows()["a"].values)
    assert tensors.about(file) == {"model": "mel", "layer": 0}


def test_every_flipped_bit_of_a_header_is_found(tmp_path):
    """Sampling rates stand in there: a rate of 128 that became 120 would shift every onset."""
    file = tmp_path / "f.safetensors"
    tensors.save_tensors(file, "k", {"": {"x": np.arange(3.0)}}, {"rate": 128.0, "notes": ["a"]}, what="x")
    content = file.read_bytes()
    size = int.from_bytes(content[:8], "little")
    for i in range(8 + len(content[8 : 8 + size].rstrip())):
        for bit in range(7):
            damaged = bytearray(content)
            damaged[i] ^= 1 << bit
            file.write_bytes(damaged)
            with pytest.raises(ValueError):  # of JSON, numpy or ours: each is read as damage
                tensors.load_tensors(file, "k")
                tensors.about(file)
    file.write_bytes(content)
    assert tensors.about(file)["rate"] == 128.0 and np.array_equal(tensors.load_tensors(file, "k")["x"], np.arange(3.0))


def test_a_foreign_safetensors_file_is_named(tmp_path, caplog):
    from safetensors.numpy import save_file

    cache = FeatureCache(tmp_path)
    cache.write("k", some_rows())
    (file,) = cache.folder.iterdir()
    save_file({"weight": np.ones(3, dtype=np.float32)}, file)
    assert cache.read("k") is None and str(file) in caplog.text
    with pytest.raises(ValueError, match="not written by brainalign"):
        tensors.about(file)


def test_a_lock_is_held_by_one_and_ends_with_its_process(tmp_path, caplog):
    hold = (
        "import sys, time; from pathlib import Path; from brainalign.features.cache import FeatureCache\n"
        "with FeatureCache(Path(sys.argv[1])).lock('n', 'm'): print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    threading.Timer(0.3, holder.kill).start()
    with caplog.at_level(logging.INFO), FeatureCache(tmp_path).lock("n", "gpt2"):
        assert holder.wait() != 0
    assert "gpt2: another run is extracting it" in caplog.text


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_time_stamp_keeps_its_digits_whatever_its_unit(tmp_path, unit):
    cache, stamps = (
        FeatureCache(tmp_path),
        unit * (1.7e9 + np.linspace(0, 60, 200)),
    )  # two float32 numbers span 128 s there
    plain = np.random.default_rng(0).normal(size=200)
    rows = {f"s{i}": Rows(np.c_[plain, stamps][100 * i :][:100], np.arange(100.0), np.arange(100.0)) for i in range(2)}
    aside = cache.unfinished(["k"])
    aside.add({0: rows})  # what an interrupted run set aside
    cache.write("k", aside.read(0))
    same(cache.read("k"), rows)
    cache.write("plain", {s: Rows(r.values[:, :1], r.onset, r.offset) for s, r in rows.items()})
    assert cache.read("plain")["s0"].values.dtype == np.float32


def test_float16_refuses_a_feature_whose_rows_it_cannot_tell_apart(tmp_path):
    cache = FeatureCache(tmp_path, "float16")
    values = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    cache.write("k", {"a": Rows(values + 30, np.arange(200.0), np.arange(200.0))})  # 0.4 % of a standard deviation
    with pytest.raises(BrainalignError, match=r"float16 rounds feature 1 .* by 0\.\d+ of its standard deviation"):
        cache.write("k", {"a": Rows(values + np.float32([0, 3000, 0]), np.arange(200.0), np.arange(200.0))})


def test_time_stamps_in_a_file_of_vectors_reach_the_frames_with_their_digits(tmp_path):
    words = [f"w{i}" for i in range(20)]
    stamps = 1.7e9 + 3.25 * np.arange(20)
    (tmp_path / "when.txt").write_text("".join(f"{w} {t!r}\n" for w, t in zip(words, stamps.tolist(), strict=True)))
    table = pd.DataFrame({"word": words, "onset": np.arange(20.0), "offset": np.arange(20.0) + 0.5})
    stimuli = {"s": Stimulus("s", 20.0, table)}
    found = Representation(WordVectors(tmp_path / "when.txt"), stimuli, "d", FeatureCache(tmp_path)).word_rows(0)["s"]
    assert np.array_equal(found[:, 0], stamps)
