"""analysis=abx through the command line: made triplets, the same given back with answers, and a fault in one sentence."""

import json

import numpy as np
import pandas as pd

SMALL = (
    "data=simulated_small", "data.subjects=1", "data.electrodes=1", "data.sentences=8", "data.repeated=0",
    "model=mel", "model@partner=envelope", "analysis=abx", "stats.permutations=99", "ceiling.draws=100",
)  # fmt: skip


def test_triplets_are_made_and_given_back_with_answers(brainalign, tmp_path):
    done = brainalign(*SMALL, "analysis.n=150")
    assert done.returncode == 0, done.stderr
    assert "mel accuracy" in done.stdout and "mel - envelope" in done.stdout
    (first,) = (p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json"))
    assert "warping path" in (first / "report.html").read_text()
    found = json.loads((first / "metrics.json").read_text())
    assert found["abx/accuracy"] > found["envelope/abx/accuracy"] > 0.4
    triplets = pd.read_parquet(first / "tables" / "triplets.parquet")
    correct = np.random.default_rng(0).integers(0, 2, len(triplets))
    answers = pd.DataFrame({"triplet": triplets["triplet"], "group": "EN", "listener": "l1", "correct": correct})
    answers.to_csv(tmp_path / "answers.tsv", sep="\t", index=False)
    table = (
        "analysis.triplets=" + str(first / "tables" / "triplets.parquet"),
        "analysis.answers=" + str(tmp_path / "answers.tsv"),
    )
    done = brainalign(*SMALL, *table)
    assert done.returncode == 0, done.stderr
    (second,) = {p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json")} - {first}
    again = json.loads((second / "metrics.json").read_text())
    assert again["abx/accuracy"] == found["abx/accuracy"] and 0 < again["abx/answers/EN/p"] <= 1
    assert (second / "figures" / "abx_answers.png").exists()
    answers.assign(triplet="t").to_csv(tmp_path / "answers.tsv", sep="\t", index=False)
    done = brainalign(*SMALL, *table)
    assert done.returncode == 1 and "triplet 't' is not in the table of triplets" in done.stderr
