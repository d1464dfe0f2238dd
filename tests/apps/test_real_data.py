"""The first hour with one's own data, through the command line: describe, validate, and a first run."""

import re
import subprocess
import sys

import pandas as pd

from brainalign import load_run
from tests.data import recordings


def tools(*arguments, **options):
    command = [sys.executable, "-c", "from brainalign.tools import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def only(tmp_path, pattern):
    (found,) = tmp_path.glob(pattern)
    return found


def test_describe_leaves_a_page_tables_and_pages_on_quality(brainalign, tmp_path):
    root = recordings.bids(tmp_path / "mydata")
    done = brainalign(
        "analysis=describe",
        "data=bids",
        f"data.root={root}",
        "data.preprocessing.high=80",
        "data.preprocessing.line_frequency=null",
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"participants +1: sub-01", done.stdout) and re.search(
        r"electrodes +4 \(4 a participant\), 4 with coordinates", done.stdout
    )
    folder = only(tmp_path, "outputs/20*/*")
    allowed = pd.read_parquet(folder / "tables" / "allowed.parquet").set_index("name")
    assert allowed["allowed"]["ceiling"] and not allowed["allowed"]["encoding"]
    page = (folder / "report.html").read_text()
    assert "2 stimuli are too few for 3 folds of whole stimuli" in page and "STG 2, MTG 1, IFG 1" in page
    quality = (folder / "quality" / "sub-01.html").read_text()
    assert "sub-01" in quality and "<img" in quality


def test_describe_needs_no_window_that_fits(brainalign, tmp_path):
    done = brainalign("analysis=describe", "data=simulated_small", "window=fir_tr", "data.subjects=1")
    assert done.returncode == 0, done.stderr
    assert "tests over participants: with 1 participant" in done.stdout


def test_validate_says_what_is_there_or_every_fault(tmp_path):
    root = recordings.folder(tmp_path / "mydata")
    good = tools("validate", "data=folder", f"data.root={root}")
    assert good.returncode == 0, good.stderr
    assert re.search(
        r"mydata: no faults; 1 participant, 4 electrodes, 2 stimuli, 3 presentations, digest \w{12}", good.stdout
    )
    sound = root / "stimuli" / "s2.wav"
    sound.rename(tmp_path / "s2.wav")
    quiet = tools("validate", "data=folder", f"data.root={root}")
    assert "note: 1 of 2 stimuli have no sound (s2): no model that needs sound" in quiet.stdout
    (tmp_path / "s2.wav").rename(sound)
    channels, events = root / "sub-01" / "channels.tsv", root / "sub-01" / "events.tsv"
    channels.write_text(channels.read_text().replace("LA2", "LA1"))
    events.write_text(events.read_text().replace("s2", "s3"))
    words = root / "stimuli" / "s1_words.tsv"
    words.write_text(words.read_text().replace("0.9", "0.1"))
    (root / "stimuli" / "s2.wav").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    bad = tools("validate", "data=folder", f"data.root={root}")
    lines = bad.stderr.splitlines()
    assert bad.returncode == 1 and bad.stdout == "" and lines[-1] == f"{len(lines) - 1} faults"
    for part in (
        "channels.tsv, line 3: electrode 'LA1' is named twice",
        "events.tsv, line 3: stimulus 's3'",
        "s1_words.tsv, line 3",
    ):
        assert part in bad.stderr
    strange = tools("validate", "data=floder")
    assert strange.returncode == 1 and "floder" in strange.stderr and "Traceback" not in strange.stderr


def test_one_value_a_trial_and_lags_on_both_sides_of_zero(brainalign, tmp_path):
    words = ["model=word_rate", "~model@baseline", "data=simulated_small", "data.subjects=2", "data.electrodes=4"]
    done = brainalign(*words, "window=trial", "paths.output=trial")
    assert done.returncode == 0, done.stderr
    scores = pd.read_parquet(only(tmp_path, "trial/20*/*/tables/scores.parquet"))
    assert len(scores) and (scores["n_frames"] == 80).all()  # 55 sentences once and 5 five times: a frame a trial
    done = brainalign(*words, "window=production", "paths.output=both", "save.weights=true")
    assert done.returncode == 0, done.stderr
    run = load_run(only(tmp_path, "both/20*/*"))
    weights = run.weights["word_rate"]
    assert weights.weights.shape[1] == 31 and weights.lags_s[0] == -0.3 and weights.lags_s[-1] == 0.3
    refused = brainalign(*words, "window=w400ms", "window.trial=[0,1]")
    assert refused.returncode == 1 and "with window.rate=null (window=trial has it so)" in refused.stderr
