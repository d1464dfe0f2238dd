"""model=joined on the command line: several feature sets in one run, one of them somebody's own."""

import json

import numpy as np
import pandas as pd

from brainalign.assembly import open_dataset
from brainalign.config import composed

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=4", "data.sentences=20", "data.repeated=2", "data.repeats=2",
    "encoding.outer_folds=3", "encoding.alphas=[100,10000]", "window.tmax=0.1", "stats.permutations=0", "~model@baseline",
)  # fmt: skip


def test_one_run_fits_bands_of_which_one_is_ones_own_and_divides_what_they_explain(brainalign_in, tmp_path):
    dataset = open_dataset(composed([*SMALL, f"paths.output={tmp_path / 'made'}"]))
    np.savez(tmp_path / "own.npz", rate=50.0, start=0.0125, **dataset.latents["contextual"])
    of = "model.of={sound: {option: mel, n_mels: 8, tmax: 0.06}, words: word_rate, own: {option: features, path: own.npz}, env: envelope}"
    done = brainalign_in(tmp_path, *SMALL, "model=joined", of, "analysis=variance_partition", "analysis.ratios=[1]")
    assert done.returncode == 0, done.stderr
    folder = next((tmp_path / "outputs").rglob("metrics.json")).parent
    found = json.loads((folder / "metrics.json").read_text())
    parts = {p: found[f"partition/Shapley {p}/mean"] for p in ("sound", "words", "own", "env")}
    fits = pd.read_parquet(folder / "tables" / "fits.parquet")
    whole = fits.loc[fits["model"] == "sound + words + own + env", "r2"].mean()
    assert np.isclose(sum(parts.values()), whole, atol=1e-8)
    report = (folder / "report.html").read_text()
    assert "4 bands of features" in report and "tmax 0.06" in report
