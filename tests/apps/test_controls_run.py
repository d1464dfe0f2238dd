"""analysis=controls and analysis=power through the command line."""

import json

import pandas as pd
import pytest

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=5", "data.sentences=18", "data.repeated=3", "data.repeats=2",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000]", "window.tmax=0.06", "stats.permutations=0", "ceiling.draws=100",
)  # fmt: skip


def left(tmp_path):
    (folder,) = (p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json"))
    return folder, json.loads((folder / "metrics.json").read_text()), (folder / "report.html").read_text()


def test_controls_leave_table_figure_and_a_sentence_for_the_paper(brainalign, tmp_path):
    names = "[untrained,rerandomized,word_rate,presentation]"
    done = brainalign(*SMALL, "model=tiny_gpt2", "model.layers=[0]", "analysis=controls", f"analysis.controls={names}")
    assert done.returncode == 0, done.stderr
    folder, metrics, page = left(tmp_path)
    assert "limitations, in words" in page
    table = pd.read_parquet(folder / "tables" / "controls.parquet")
    assert list(table["control"].unique()) == ["tiny_gpt2 untrained", "untrained", "word_rate", "split presentation"]
    assert len(table) == 4 * 6 and (folder / "figures" / "control_shares.svg").exists()
    row = table.query("control == 'word_rate' and region == 'all'").iloc[0]
    assert metrics["controls/word_rate/mean"] == pytest.approx(row["mean"])
    assert (
        "The control &#39;rerandomized&#39; is left out, the rest stands: model tiny_gpt2 has no trained weights"
        in page
    )
    assert "is reached without what the model is said to have?" in page and "Each control (untrained" in page


def test_power_says_what_the_design_finds(brainalign, tmp_path):
    done = brainalign(*SMALL, "analysis=power", "analysis.shared=null", "analysis.draws=200", "analysis.sets=2")
    assert done.returncode == 0, done.stderr
    assert "With 2 participants of 5 electrodes (10 % silent" in done.stdout
    _, metrics, page = left(tmp_path)
    assert 0 <= metrics["power/difference/mixed/false_positives"] <= 1 and "how likely is an effect" in page
    assert "stimuli count as fixed" in page
