"""model=features on the command line: somebody's own layers score as the model that they were taken from; a wrong rate is refused."""

import numpy as np
import pandas as pd

from brainalign.assembly import open_dataset, represent
from brainalign.config import composed

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=2",
    "encoding.outer_folds=3", "encoding.alphas=[100,10000]", "window.tmax=0.1", "stats.permutations=0", "~model@baseline",
)  # fmt: skip


def scores(folder):
    found = max(folder.rglob("scores.parquet"), key=lambda p: p.stat().st_mtime)
    return pd.read_parquet(found).sort_values(["subject", "electrode"])


def test_own_layers_score_as_the_planted_model_that_they_are_of(brainalign_in, tmp_path):
    config = composed([*SMALL, "model=planted_language", f"paths.output={tmp_path / 'made'}"])
    dataset = open_dataset(config)
    planted = represent(config, config.model, dataset)
    own = {s: np.stack([planted.rows(n)[s].values for n in planted.layers]) for s in dataset.stimuli}
    np.savez(tmp_path / "own.npz", **own)
    grid = ("model.rate=50", "model.start=0.0125")

    done = brainalign_in(tmp_path, *SMALL, "model=features", "model.path=own.npz", "model.name=mine", *grid)
    assert done.returncode == 0, done.stderr
    report = next((tmp_path / "outputs").rglob("report.html")).read_text()
    assert "features computed elsewhere, from own.npz" in report and "50 frames per second" in report
    mine = scores(tmp_path / "outputs")
    assert brainalign_in(tmp_path, *SMALL, "model=planted_language").returncode == 0
    theirs = scores(tmp_path / "outputs")
    assert np.allclose(mine["r2"], theirs["r2"], atol=1e-6) and set(mine["model"]) == {"mine"}

    wrong = brainalign_in(tmp_path, *SMALL, "model=features", "model.path=own.npz", "model.rate=100")
    assert wrong.returncode == 1 and "Traceback" not in wrong.stderr
    assert "at 100 per second, which end at" in wrong.stderr and "would fit" in wrong.stderr
