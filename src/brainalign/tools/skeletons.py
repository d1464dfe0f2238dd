"""``brainalign-tools new model|reader|analysis NAME``: a package of one's own that begins from one that works."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from string import Template

from brainalign.errors import BrainalignError
from brainalign.registry import ENTRY_POINTS, kinds


@dataclass(frozen=True)
class Skeleton:
    """What is written for one kind of thing.

    Attributes:
        group: Of ``conf/``.
        code: The class.
        options: Its YAML.
        test: That runs it.
    """

    group: str
    code: str
    options: str
    test: str


PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "0.1"
dependencies = ["brainalign"]

[project.entry-points."$points"]
$name = "$name.$name:$made"

[tool.hatch.build.targets.wheel]
packages = ["$name"]
"""

MODEL = '''\
"""The length of each word in letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from brainalign.features.base import ReceptiveField
from brainalign.features.words.timed import needs_words, word_rows
from brainalign.models import Model


@dataclass
class $made(Model):
    """Letters of each word, to a power.

    Its fields are the keys of ``conf/model/$name.yaml``; each may be set on the command line: ``model.power=0.5``.

    Attributes:
        power: Of the number of letters.
    """

    power: float

    bounds: ClassVar = {"power": (0.1, 3)}
    family: ClassVar = "$name"
    needs: ClassVar = ("words",)

    def extractor(self, settings, dataset):
        """What turns stimuli into features."""
        return Letters(self.name, self.power)


class Letters:
    """One row a word, of one number, held until the next word.

    Args:
        name: As it stands in tables and figures.
        power: Of the number of letters.
    """

    unit, placement, layers, version = "words", "hold", (0,), 1

    def __init__(self, name, power):
        self.name, self.power, self.receptive_field = name, power, ReceptiveField(0, 0, "words")

    def identity(self):
        """What determines the rows beside the stimuli: rows are kept, and found again by it."""
        return {"kind": "$name", "power": self.power}

    def describe(self):
        """A phrase for the methods paragraph."""
        return f"letters of each word to the power of {self.power:g}"

    def check(self, stimulus):
        """Refuse a stimulus that lacks what is needed."""
        needs_words(stimulus, self.name)

    def extract(self, stimuli):
        """Rows of each stimulus, as (id, {layer: rows})."""
        for stimulus in stimuli:
            letters = np.array([[len(word) ** self.power] for word in stimulus.words["word"]], dtype=float)
            yield stimulus.id, {0: word_rows(stimulus, letters.reshape(-1, 1))}
'''

READER = '''\
"""Recordings of one table of numbers a participant: ROOT/PARTICIPANT.csv, a column an electrode, a row a sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from brainalign.data.readers import Reader
from brainalign.errors import BrainalignError


@dataclass
class $made(Reader):
    """Four presentations of two words; put your own stimuli in their place.

    Its fields are the keys of ``conf/data/$name.yaml``; each may be set on the command line: ``data.rate=200``.

    Attributes:
        root: Folder of the tables.
        rate: Samples a second.
    """

    root: str
    rate: float

    bounds: ClassVar = {"rate": (1, 10_000)}

    def read(self, settings):
        """Read all participants."""
        import numpy as np
        import pandas as pd

        from brainalign.data.types import Dataset, Presentation, Recording, Stimulus

        files = sorted(Path(self.root).expanduser().glob("*.csv"))
        if not files:
            raise BrainalignError(f"data.root={self.root}: no PARTICIPANT.csv is there.")
        words = pd.DataFrame({"word": ["first", "second"], "onset": [0.1, 0.9], "offset": [0.5, 1.4]})
        stimuli = {name: Stimulus(name, 2.0, words) for name in ("s1", "s2", "s3", "s4")}
        recordings = []
        for file in files:
            values = np.loadtxt(file, delimiter=",", ndmin=2)
            names = [f"E{n}" for n in range(values.shape[1])]
            channels = pd.DataFrame({"subject": file.stem, "electrode": names, "region": "unknown", "hemisphere": "L",
                                     "x": np.nan, "y": np.nan, "z": np.nan})
            length = len(values) // len(stimuli)
            cut = [values[n * length : (n + 1) * length] for n in range(len(stimuli))]
            shown = [Presentation(name, 0, part, self.rate) for name, part in zip(stimuli, cut, strict=True)]
            recordings.append(Recording(file.stem, channels, shown))
        return Dataset("$name", stimuli, recordings)
'''

ANALYSIS = '''\
"""How strong the responses are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brainalign.analysis import Analysis, Needs


@dataclass
class $made(Analysis):
    """The mean of the absolute response to a power, by electrode.

    Its fields are the keys of ``conf/analysis/$name.yaml``; each may be set on the command line: ``analysis.power=1``.

    Attributes:
        power: Of the absolute response.
    """

    power: float

    bounds: ClassVar = {"power": (0.5, 4)}
    needs: ClassVar = Needs(models=False, baseline=False, folds=False, fits=False)
    compared_by: ClassVar = ""

    def question(self, asked):
        """What a run asks."""
        return f"How strong are the responses of {asked.people} to {asked.heard}?"

    def run(self, study, models):
        """The table ``strength``, a row an electrode, and its mean."""
        import numpy as np

        from brainalign.study.result import AnalysisResult

        responses = np.concatenate(study.responses.values)
        table = study.channels[["subject", "electrode", "region"]].reset_index(drop=True)
        table["strength"] = np.nanmean(np.abs(responses) ** self.power, axis=0)
        mean = float(table["strength"].mean())
        return AnalysisResult({"strength/mean": mean}, {"strength": table}, summary=[("strength", f"{mean:.3f}")])

    def own_methods(self, config, study, models):
        """What was done, as paragraphs after that on the responses."""
        return [("Strength", f"The strength of an electrode is the mean of its absolute response to the power of {self.power:g}.")]
'''

BEGIN = '''\
"""$made runs, and its options are checked; `pip install -e .` comes first."""

import pytest

from brainalign import experiment
from brainalign.config import composed
from brainalign.errors import BrainalignError

OWN = ("hydra.searchpath=[pkg://$name.conf]", "tracking.uri=offline")
'''

SIMULATED = """\
SMALL = ("data=simulated_small", "data.subjects=2", "data.electrodes=3", "data.sentences=12", "encoding.outer_folds=3",
         "encoding.alphas=[100]", "window.tmax=0.04", "stats.permutations=0", "~model@baseline")
"""

MODEL_TEST = (
    BEGIN
    + SIMULATED
    + """

def test_it_runs(tmp_path):
    config = composed([*OWN, *SMALL, "model=$name", f"paths.output={tmp_path}"])
    scores = experiment.run(config, tmp_path / "run").tables["scores"]
    assert set(scores["model"]) == {"$name"} and scores["r2"].notna().all()


def test_an_impossible_option_is_refused():
    with pytest.raises(BrainalignError, match="model.power=9 is impossible"):
        composed([*OWN, *SMALL, "model=$name", "model.power=9"])
"""
)

READER_TEST = (
    BEGIN
    + """

def test_it_reads(tmp_path):
    for name in ("anna", "ben"):
        lines = [f"{n % 7},{n % 5}" for n in range(800)]
        (tmp_path / f"{name}.csv").write_text("\\n".join(lines))
    words = ["data=$name", f"data.root={tmp_path}", "analysis=describe", "model=word_rate", f"paths.output={tmp_path / 'out'}"]
    tables = experiment.run(composed([*OWN, *words]), tmp_path / "run").tables
    assert tables["participants"]["subject"].tolist() == ["anna", "ben"]


def test_an_impossible_option_is_refused(tmp_path):
    with pytest.raises(BrainalignError, match="data.rate=0 is impossible"):
        composed([*OWN, "data=$name", f"data.root={tmp_path}", "data.rate=0"])
"""
)

ANALYSIS_TEST = (
    BEGIN
    + SIMULATED
    + """

def test_it_runs(tmp_path):
    config = composed([*OWN, *SMALL, "model=word_rate", "analysis=$name", f"paths.output={tmp_path}"])
    result = experiment.run(config, tmp_path / "run")
    assert len(result.tables["strength"]) == 6 and result.metrics["strength/mean"] > 0


def test_an_impossible_option_is_refused():
    with pytest.raises(BrainalignError, match="analysis.power=9 is impossible"):
        composed([*OWN, *SMALL, "analysis=$name", "analysis.power=9"])
"""
)

SKELETONS = {
    "model": Skeleton(
        "model", MODEL, "kind: $name\nname: $name\nlayers: all\npower: 1.0 # of the number of letters\n", MODEL_TEST
    ),
    "reader": Skeleton(
        "data",
        READER,
        "kind: $name\nroot: ??? # of PARTICIPANT.csv\nrate: 100.0 # samples a second\n",
        READER_TEST,
    ),
    "analysis": Skeleton("analysis", ANALYSIS, "kind: $name\npower: 2.0 # of the absolute response\n", ANALYSIS_TEST),
}
"""What the command calls it -> what is written."""


def new_package(what: str, name: str, folder: Path) -> Path:
    """Write a package with a class, its options, its entry point and a test.

    Args:
        what: ``model``, ``reader`` or ``analysis``.
        name: Of the package, and of the kind that it adds.
        folder: Where the package's folder is made.

    Returns:
        The package's folder.

    Raises:
        BrainalignError: The name is none, or is taken, or there is such a folder.
    """
    skeleton = SKELETONS[what]
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise BrainalignError(
            f"{name!r} cannot name a Python package; use small letters, digits and _, and begin with a letter."
        )
    if name in kinds(skeleton.group):
        raise BrainalignError(f"{skeleton.group}={name} is there already; choose another name.")
    if find_spec(name) is not None:
        raise BrainalignError(f"a Python module {name} is installed already; choose another name.")
    root = folder / name
    if root.exists() or root.is_symlink():
        raise BrainalignError(f"{root} is there already; choose another name, or edit it.")
    made = "".join(part.capitalize() for part in name.split("_"))
    words = {"name": name, "made": made, "points": ENTRY_POINTS[skeleton.group]}
    files = {
        "pyproject.toml": PROJECT,
        f"{name}/__init__.py": "",
        f"{name}/{name}.py": skeleton.code,
        f"{name}/conf/__init__.py": "",
        f"{name}/conf/{skeleton.group}/{name}.yaml": skeleton.options,
        f"tests/test_{name}.py": skeleton.test,
    }
    for place, text in files.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(Template(text).substitute(words), encoding="utf-8")
    return root
