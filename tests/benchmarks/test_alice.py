"""The Alice page says what its tables say."""

import os

import numpy as np
import pandas as pd
import pytest

from benchmarks.alice import DATA, LABELS, PAGE, PAIRS, RUNS, conclusions, contrasts_of, page
from brainalign.config import composed, settle


def scores(gains, seed=0):
    """Seventeen participants, two regions; a model's mean r in the first one."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(17):
        common = rng.normal(scale=0.01, size=2)  # participants differ more than models do
        for model, gain in gains.items():
            for place, region in enumerate(("LPTL", "LIFG")):
                r = common[place] + (gain if place == 0 else 0.0) + rng.normal(scale=0.01)
                rows.append({"model": model, "subject": f"s{person}", "electrode": region, "region": region, "r": r})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("llama", [0.05, 0.4])
def test_tables_and_sentences_agree_with_what_was_planted(llama):
    gains = {"word rate": 0.2, "GloVe": 0.2, "Llama": llama, "Llama, untrained": 0.0}
    table = scores(gains)
    alone, pairs = contrasts_of(table)
    assert len(alone) == 2 * len(RUNS) and len(pairs) == 2 * len(PAIRS)
    means = table.groupby(["model", "region"])["r"].agg(["mean", "sem"])
    for row in alone.itertuples():
        mean, sem = means.loc[(row.a, row.region)]
        assert row.mean == pytest.approx(mean) and row.t == pytest.approx(mean / sem)
    said = conclusions(alone, pairs)
    assert "- Llama predicts 1 of 2 regions (LPTL) above chance" in "\n".join(said)
    assert "- Llama, untrained predicts none of 2 regions above chance" in "\n".join(said)
    better = any("passes it in LPTL" in line for line in said)
    nowhere = any("passes it nowhere" in line for line in said)
    assert (better, nowhere) == ((True, False) if llama == 0.4 else (False, True))
    assert not any("untrained twin" in line for line in said)  # training shows in LPTL
    text = page(alone, pairs)
    assert f"| LPTL | **{means.loc[('word rate', 'LPTL'), 'mean']:.3f} (t " in text


@pytest.mark.parametrize("name", RUNS)
def test_the_page_knows_each_run_by_the_name_that_its_tables_have(name, test_data, monkeypatch):
    monkeypatch.setenv("BRAINALIGN_TEST_DATA", str(test_data))
    config = settle(composed(list(map(os.path.expandvars, (*DATA, *RUNS[name])))))
    assert LABELS[config.model.label] == name


def test_the_page_in_the_docs_is_the_commands_own():
    text = PAGE.read_text(encoding="utf-8")
    assert text.startswith("# Alice") and "python -m benchmarks.alice --write" in text
    assert text.count("| LATL |") == 2 and "model.weights=untrained" in text
