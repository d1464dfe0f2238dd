"""brainalign-tools: the cache is listed, measured and pruned; the table of models is up to date."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from brainalign.config import conf_folder
from brainalign.config.cards import models_table
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.nested import OuterScores
from brainalign.encoding.packing import pack
from brainalign.features.base import Rows
from brainalign.features.cache import FeatureCache
from brainalign.tools import main
from brainalign.tools.cache import entries

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def cache(tmp_path):
    """Two layers of one model, one of another, one damaged, and an extraction that did not end."""
    made = FeatureCache(tmp_path)
    rows = {s: Rows(np.ones((3, 4)), np.arange(3.0), np.arange(3.0)) for s in ("a", "b")}
    for model, layer in (("gpt2", 0), ("gpt2", 1), ("hubert", 7), ("damaged", 0)):
        made.write(made.key("d", {"m": model}, 1, layer), rows, {"model": model, "layer": layer})
    broken = made.path(made.key("d", {"m": "damaged"}, 1, 0))
    broken.write_bytes(broken.read_bytes()[:-5])
    made.unfinished(["k"]).add({0: rows})
    return made


def run(cache, *arguments):
    main(["cache", *arguments, "--cache", str(cache.folder.parent)])


def test_list_names_model_layer_stimuli_and_what_is_wrong(cache, capsys):
    run(cache, "list")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert any("2 stimuli  hubert layer 7" in line for line in lines)
    assert sum("gpt2 layer" in line for line in lines) == 2
    assert sum("damaged" in line for line in lines) == sum("unfinished extraction" in line for line in lines) == 1


def test_checksums_are_compared_where_asked(cache):
    file = cache.path(cache.key("d", {"m": "hubert"}, 1, 7))
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    folder = cache.folder.parent
    assert [sum(not e.sound for e in entries(folder, check=c)) for c in (False, True)] == [1, 2]


def test_size(cache, capsys):
    run(cache, "size")
    out = capsys.readouterr().out
    total = sum(f.stat().st_size for f in cache.folder.rglob("*") if f.is_file())
    assert f"{total / 1000:.3g} kB" in out and "5 file(s)  in all" in out and "2 file(s)  gpt2" in out


def left(cache):
    return sorted(e.what.split(":")[0] for e in entries(cache.folder.parent))


def test_prune_removes_what_is_named_and_nothing_else(cache, capsys):
    before = left(cache)
    run(cache, "prune", "--model", "gpt2", "--dry-run")
    assert left(cache) == before and "would remove gpt2 layer 0" in capsys.readouterr().out
    run(cache, "prune", "--model", "gpt2")
    assert left(cache) == ["damaged", "hubert layer 7", "unfinished extraction"]
    run(cache, "prune", "--damaged")
    assert left(cache) == ["hubert layer 7", "unfinished extraction"]
    old = cache.path(cache.key("d", {"m": "hubert"}, 1, 7))
    os.utime(old, (time.time() - 10 * 86_400,) * 2)
    run(cache, "prune", "--older-than", "9", "--model", "gpt2")
    assert old.exists()
    run(cache, "prune", "--older-than", "9")
    assert left(cache) == ["unfinished extraction"]
    run(cache, "prune", "--all")
    assert left(cache) == []


def test_faults_are_one_sentence(cache, capsys):
    for arguments, said in (
        (["cache", "list", "--cache", "nowhere/at/all"], "--cache=nowhere/at/all is no folder"),
        (["cache", "prune", "--cache", str(cache.folder.parent)], "needs --model, --older-than or --damaged, or --all"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 1 and said in capsys.readouterr().err
    assert len(left(cache)) == 5


def test_the_table_of_models_is_up_to_date(capsys):
    main(["models"])
    assert capsys.readouterr().out == (DOCS / "models.md").read_text()


def test_every_named_speech_model_has_a_row():
    table = models_table()
    for name in ("wav2vec2", "wav2vec2_large", "xlsr_300m", "hubert", "wavlm", "data2vec_audio", "whisper_base"):
        assert f"| `{name}` |" in table and (conf_folder() / "model" / f"{name}.yaml").is_file()


def test_fits_are_listed_and_pruned_like_features(cache, capsys):
    store, scores = FitStore(cache.folder.parent), OuterScores.empty(3, 2)
    scores.predictions[0] = {"a": np.zeros((4, 2), dtype=np.float32), "b/c": np.zeros((4, 2), dtype=np.float32)}
    store.write("k", pack(scores, "best/"), {"model": "gpt2", "what": "7 of 13 layers of gpt2"})
    run(cache, "list", "--check")
    assert "2 stimuli  7 of 13 layers of gpt2" in capsys.readouterr().out
    run(cache, "size")
    assert "3 file(s)  gpt2" in capsys.readouterr().out
    content = bytearray(store.path("k").read_bytes())
    content[-1] ^= 1
    store.path("k").write_bytes(bytes(content))
    run(cache, "list", "--check")
    assert "damaged: its checksum is wrong" in capsys.readouterr().out
    run(cache, "prune", "--damaged")
    assert not store.path("k").exists() and "hubert layer 7" in left(cache)
