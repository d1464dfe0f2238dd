"""What a run keeps for the next one, and for its reader, through the command line."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import brainalign as package
from brainalign.tools.cache import entries
from brainalign.tracking.files import file_name

ROOT = Path(__file__).resolve().parents[2]

SMALL = (
    "data=simulated_small",
    "data.subjects=2",
    "data.electrodes=6",
    "data.sentences=30",
    "data.repeated=2",
    "data.repeats=3",
    "model=planted_language",
    "encoding.outer_folds=3",
    "encoding.alphas=[10,1000,100000]",
    "window.tmax=0.1",
)

TINY = [o.replace("planted_language", "tiny_gpt2") for o in SMALL]


def start(folder, *arguments):
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finished(folder):
    """The folders of runs that came to their end, the oldest first."""
    found = (p.parent for p in folder.rglob("metrics.json") if "artifacts" not in p.parts)
    return sorted(found, key=lambda p: p.stat().st_mtime)


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture
def killed(tmp_path):
    """A run that SIGKILL ended when it had kept its first layers; gives the file of its state."""
    process = start(tmp_path, *SMALL)
    fits, end = tmp_path / "outputs" / "cache" / "fits", time.monotonic() + 120
    while not (found := list(fits.glob("*.safetensors"))):
        assert process.poll() is None and time.monotonic() < end, "the run kept nothing"
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert not finished(tmp_path)
    return found[0]


def test_a_run_that_was_killed_goes_on_and_ends_like_one_that_was_not(brainalign, tmp_path, killed):
    again = brainalign(*SMALL)
    assert again.returncode == 0, again.stderr
    said = re.search(r"resumed: (\d) of 5 layers of planted_language from outputs/cache/fits", again.stderr)
    done = int(said[1])
    assert 1 <= done <= 5
    assert len(re.findall(r"planted_language layer \d: mean r", again.stderr)) == 5 - done
    assert any(
        said[0] in page.read_text() for page in (tmp_path / "outputs").glob("*/*/report.html")
    )  # among the notes
    whole = brainalign(*SMALL, "paths.cache=elsewhere", "tracking.resume=false")
    assert "resumed" not in whole.stderr
    resumed, uninterrupted = finished(tmp_path)
    assert metrics(resumed) == metrics(uninterrupted)
    a, b = (pd.read_parquet(f / "tables" / "scores.parquet") for f in (resumed, uninterrupted))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_a_damaged_state_is_said_and_what_it_held_fitted_again(brainalign, tmp_path, killed):
    content = bytearray(killed.read_bytes())
    content[-20] ^= 1
    killed.write_bytes(bytes(content))
    again = brainalign(*SMALL)
    assert again.returncode == 0, again.stderr
    assert f"cache file {killed} is not usable (its checksum is wrong); it is fitted again" in again.stderr
    assert "resumed" not in again.stderr and len(re.findall(r"planted_language layer \d: mean r", again.stderr)) == 5
    assert all(e.sound for e in entries(tmp_path / "outputs" / "cache", check=True))


def test_two_runs_at_once_share_the_work_and_corrupt_nothing(tmp_path):
    both = [start(tmp_path, *SMALL, f"paths.output={name}", "paths.cache=cache") for name in ("a", "b")]
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    for layer in range(5):
        assert sum(f"planted_language layer {layer}: mean r" in text for text in said) == 1
    first, second = finished(tmp_path)
    assert metrics(first) == metrics(second)
    found = entries(tmp_path / "cache", check=True)
    assert all(e.sound for e in found) and "5 of 5 layers of planted_language" in {e.what for e in found}


@pytest.mark.parametrize(
    "analysis", [["analysis=encoding"], ["analysis=cca", "analysis.k=3", "partner.layers=[1]"]], ids=["encoding", "cca"]
)
def test_predictions_and_weights_are_kept_where_asked_for(brainalign, tmp_path, analysis):
    done = brainalign(*TINY, *analysis, "model.layers=[1,3]", "save.predictions=true", "save.weights=true")
    assert done.returncode == 0, done.stderr
    assert re.search(r"keeping predictions of mel: \d+ MB, and as much in MLflow", done.stderr)
    (folder,) = finished(tmp_path)
    run = package.load_run(folder)
    models = {"tiny_gpt2 untrained", "mel"} | ({"tiny_wav2vec2 untrained"} if "analysis=cca" in analysis else set())
    assert set(run.predictions) == set(run.weights) == models
    saved, weights = run.predictions["tiny_gpt2 untrained"], run.weights["tiny_gpt2 untrained"]
    assert len(saved) == 30 and len(saved.channels) == 12
    assert weights.layer in (1, 3) and weights.weights.shape == (3, 6, 96, 12)
    assert np.isfinite(weights.weights).all() and np.abs(weights.weights).max() > 0
    stored = {p.name for p in (tmp_path / "outputs").rglob("artifacts/predictions/*.npz")}
    assert stored == {f"{file_name(m)}.npz" for m in models}


def test_what_predicts_nothing_has_nothing_to_keep(brainalign, tmp_path):
    refused = brainalign(*SMALL, "analysis=extract", "save.weights=true")
    assert refused.returncode == 1
    assert (
        "save.weights=true, but analysis=extract fits no TRF of the models to keep; it must be false." in refused.stderr
    )


def test_a_plan_leaves_no_folder_of_results(brainalign, tmp_path):
    done = brainalign(*SMALL, "plan=true", "paths.cache=cache")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "outputs").exists()
    earlier = tmp_path / "mine" / "metrics.json"
    earlier.parent.mkdir()
    earlier.write_text("{}")
    assert brainalign(*SMALL, "plan=true", "hydra.run.dir=mine").returncode == 0
    assert earlier.exists()
