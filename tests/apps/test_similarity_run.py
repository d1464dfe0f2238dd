"""analysis=similarity through the command line."""

import json

import pandas as pd
import pytest


def test_similarity_leaves_its_table_tests_and_figure(brainalign, tmp_path):
    done = brainalign(
        "data=simulated_small", "data.subjects=2", "data.electrodes=5", "data.sentences=18", "data.repeated=2",
        "data.repeats=2", "encoding.outer_folds=3", "encoding.alphas=[10,1000]", "window.tmax=0.06", "model=tiny_gpt2",
        "model.layers=[0]", "partner.layers=[0]", "analysis=similarity",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "tiny_gpt2 untrained x tiny_wav2vec2 untrained: shared variance" in done.stdout
    (folder,) = (p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json"))
    table = pd.read_parquet(folder / "tables" / "similarity.parquet")
    pairs = [
        "tiny_gpt2 untrained x tiny_wav2vec2 untrained",
        "tiny_gpt2 untrained x mel",
        "tiny_wav2vec2 untrained x mel",
    ]
    assert list(dict.fromkeys(table["model"])) == pairs and len(table) == 30
    assert table[["similarity", "similarity_partial"]].stack().between(0, 1).all()
    metrics = json.loads((folder / "metrics.json").read_text())
    for score in ("similarity", "similarity_partial"):
        assert metrics[f"{score}/{pairs[0]}/mean"] == pytest.approx(table.loc[table["model"] == pairs[0], score].mean())
    assert metrics[f"region/STG/similarity/{pairs[1]}/mean"] > 0
    tests = pd.read_parquet(folder / "tables" / "tests.parquet")
    assert set(tests["a"]) == {pairs[0]} and set(tests["b"]) == set(pairs[1:]) and len(tests) == 3 * 2 * 2 * 5
    assert (folder / "figures" / "similarity.png").exists()
    page = (folder / "report.html").read_text()
    assert "imulated data" in page and "shared variance of predictions" in page
