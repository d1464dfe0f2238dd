"""An installed package of a lab adds a model, a reader, an analysis and a figure, and one run has all four; no file of ours changes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import brainalign
from brainalign import experiment
from brainalign.config import composed

READER = '''
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from brainalign.data.readers import Reader


@dataclass
class Taps(Reader):
    """Responses to four stimuli of two words each, a table a participant."""

    root: str
    rate: float

    bounds: ClassVar = {"rate": (1, 1000)}

    def read(self, settings):
        import numpy as np
        import pandas as pd

        from brainalign.data.types import Dataset, Presentation, Recording, Stimulus

        words = pd.DataFrame({"word": ["to", "listen"], "onset": [0.0, 1.0], "offset": [1.0, 2.0]})
        stimuli = {s: Stimulus(s, 2.0, words) for s in ("s1", "s2", "s3", "s4")}
        recordings = []
        for file in sorted(Path(self.root).glob("*.csv")):
            values = np.loadtxt(file, delimiter=",", ndmin=2)
            table = pd.DataFrame({"subject": file.stem, "electrode": ["E1", "E2"], "region": "STG", "hemisphere": "L",
                                  "x": np.nan, "y": np.nan, "z": np.nan})
            recordings.append(Recording(file.stem, table, [Presentation(s, 0, values, self.rate) for s in stimuli]))
        return Dataset("taps", stimuli, recordings)
'''

MODEL = (Path(__file__).parent / "letters_model.py").read_text(encoding="utf-8")

ANALYSIS = '''
from dataclasses import dataclass
from typing import ClassVar

from brainalign.analysis import Analysis, Needs


@dataclass
class Slope(Analysis):
    """The slope of each electrode's response on the feature."""

    scale: float

    needs: ClassVar = Needs(baseline=False, folds=False, fits=False)
    compared_by: ClassVar = ""

    def question(self, asked):
        return f"By how much do responses of {asked.people} rise with the feature?"

    def run(self, study, models):
        import numpy as np

        from brainalign.study.result import AnalysisResult

        x = np.concatenate([study.frames(models.model, models.model.layers[0])[s] for s in study.stimuli])[:, 0]
        y = np.concatenate(study.responses.values)
        table = study.channels[["subject", "electrode"]].assign(slope=self.scale * np.polyfit(x, y, 1)[0])
        return AnalysisResult(metrics={"slope/mean": float(table["slope"].mean())}, tables={"slopes": table})
'''

FIGURE = """
def bars(result):
    from matplotlib.figure import Figure

    figure, table = Figure((3, 2)), result.tables["slopes"]
    figure.subplots().bar(table["subject"] + " " + table["electrode"], table["slope"])
    return figure, f"Slopes of {len(table)} electrodes."
"""

FILES = {
    "taps.py": READER, "letters.py": MODEL, "slope.py": ANALYSIS, "figures.py": FIGURE,
    "conf/data/taps.yaml": "kind: taps\nroot: ???\nrate: 50.0\n",
    "conf/model/letters.yaml": "kind: letters\nname: letters\nlayers: all\npower: 1.0\n",
    "conf/analysis/slope.yaml": "kind: slope\nscale: 1.0\n",
}  # fmt: skip


def test_one_of_each_of_an_installed_package_runs_together(installed, tmp_path):
    package = Path(brainalign.__file__).parent
    before = {file: file.stat().st_mtime_ns for file in package.rglob("*.py")}
    installed("wholelab", FILES, readers={"taps": "wholelab.taps:Taps"}, models={"letters": "wholelab.letters:Letters"},
              analyses={"slope": "wholelab.slope:Slope"}, figures={"slope_bars": "wholelab.figures:bars"})  # fmt: skip
    for gain, name in ((0.5, "anna"), (2.0, "ben")):
        held = np.repeat([2.0, 6.0], 50) ** 2  # letters of "to" and "listen", squared
        np.savetxt(tmp_path / f"{name}.csv", np.stack([gain * held, 3 - gain * held], axis=1), delimiter=",")
    words = ["hydra.searchpath=[pkg://wholelab.conf]", "data=taps", f"data.root={tmp_path}", "model=letters", "model.power=2",
             "analysis=slope", "analysis.scale=10", "figures.own=[slope_bars]", "~model@baseline", "window.tmax=0.04",
             f"paths.output={tmp_path / 'out'}", "tracking.uri=offline"]  # fmt: skip
    experiment.run(composed(words), tmp_path / "run")
    table = pd.read_parquet(tmp_path / "run" / "tables" / "slopes.parquet")
    assert table["subject"].tolist() == ["anna", "anna", "ben", "ben"]
    found = dict(zip(table["subject"] + table["electrode"], table["slope"], strict=True))
    assert found == pytest.approx({"annaE1": 5.0, "annaE2": -5.0, "benE1": 20.0, "benE2": -20.0}, rel=0.05)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["slope/mean"] == pytest.approx(0, abs=1e-6)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "responses of 2 participants rise with the feature" in page and "Slopes of 4 electrodes." in page
    assert (
        "letters of each word to the power of 2" in page and "ridge regression" not in page
    )  # nothing of what was not done
    assert (tmp_path / "run" / "figures" / "slope_bars.png").exists()
    assert before == {file: file.stat().st_mtime_ns for file in package.rglob("*.py")}
