"""A kind of data is its own room: one is added from a folder outside the package, and none is spelled outside its room."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import brainalign
from brainalign.config import composed, conf_folder
from brainalign.data.readers import ArchiveReader, Simulator
from brainalign.errors import BrainalignError
from brainalign.registry import kind_of, kinds

PACKAGE = Path(brainalign.__file__).parent
KINDS = kinds("data")
WORDS = {"arrays", "folder", "raw", "simulated"}
"""Kinds whose names are also plain words of the code."""

READER = '''
"""Clicks that somebody heard, as one table of numbers for each participant."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from brainalign.data.readers import Reader
from brainalign.errors import BrainalignError


@dataclass
class Clicks(Reader):
    """Clicks, one file a participant."""

    root: str
    rate: float
    subjects: list[str] | None

    bounds: ClassVar = {"rate": (1, 1000)}

    def read(self, settings):
        import numpy as np
        import pandas as pd

        from brainalign.data.types import Dataset, Presentation, Recording, Stimulus

        files = sorted(Path(self.root).glob("*.csv"))
        if not files:
            raise BrainalignError(f"data.root={self.root}: no participant.csv is there.")
        words = pd.DataFrame({"word": ["click", "clack"], "onset": [0.1, 0.9], "offset": [0.3, 1.2]})
        stimuli = {s: Stimulus(s, 2.0, words) for s in ("s1", "s2", "s3", "s4")}
        recordings = []
        for file in files:
            values = np.loadtxt(file, delimiter=",", ndmin=2)
            table = pd.DataFrame({"subject": file.stem, "electrode": ["E1", "E2"], "region": "STG", "hemisphere": "L",
                                  "x": np.nan, "y": np.nan, "z": np.nan})
            recordings.append(Recording(file.stem, table, [Presentation(s, 0, values, self.rate) for s in stimuli]))
        return Dataset("clicks", stimuli, recordings)
'''


@pytest.fixture
def lab(installed, tmp_path):
    """The options of a run with an installed package that offers a reader."""
    files = {"clicks.py": READER, "conf/data/clicks.yaml": "kind: clicks\nroot: ???\nrate: 100.0\nsubjects: null\n"}
    installed("ourlab", files, readers={"clicks": "ourlab.clicks:Clicks"})
    data = tmp_path / "data"
    data.mkdir()
    for name in ("anna", "ben"):
        values = np.random.default_rng(len(name)).standard_normal((200, 2))
        np.savetxt(data / f"{name}.csv", values, delimiter=",")
    place = ["hydra.searchpath=[pkg://ourlab.conf]", f"paths.output={tmp_path / 'out'}"]
    return [*place, "data=clicks", f"data.root={data}"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("data.rate=0", "data.rate=0 is impossible; it must be at least 1."),
        ("data.rate=fast", "data.rate='fast'"),
        ("++data.raet=3", "did you mean 'rate'?"),
    ],
)
def test_its_options_are_checked_like_ours(lab, word, said):
    with pytest.raises(BrainalignError) as caught:
        composed([*lab, word])
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_number_out_of_bounds_is_told_before_what_depends_on_it():
    with pytest.raises(
        BrainalignError, match=r"data\.rho_min=2 is impossible"
    ):  # not rho_max, which must not be below it
        composed(["data=simulated", "data.rho_min=2"])


def test_one_name_for_two_kinds_is_refused(lab, installed):
    installed("ourlab", readers={"bids": "ourlab.clicks:Clicks"})
    with pytest.raises(BrainalignError, match="data=bids is offered by ourlab.clicks:Clicks and by brainalign"):
        kinds("data")


def test_what_is_not_installed_is_told_before_anything_is_read(tmp_path):
    class Far(ArchiveReader):
        requires = ("no_such_module_anywhere",)

    with pytest.raises(
        BrainalignError, match="needs the Python module no_such_module_anywhere, which is not installed"
    ):
        Far("far").read(None)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_an_option_a_reader_and_its_keys(kind):
    reader = kind_of("data", kind)
    assert issubclass(reader, ArchiveReader | Simulator) and reader.__doc__
    named = [f for f in (conf_folder() / "data").glob("*.yaml") if f"\nkind: {kind}\n" in "\n" + f.read_text()]
    assert [f.stem for f in named] == [kind]
    assert fields(reader)[0].name == "kind" and set(reader.bounds) <= {f.name for f in fields(reader)}
    assert reader.simulated == issubclass(reader, Simulator)


def spelled(path):
    """Lines on which a module names a kind of data as a string of its own, or asks which kind or what name the data have."""
    source = path.read_text()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in set(KINDS) - WORDS:
            yield node.lineno
    for n, line in enumerate(source.splitlines(), 1):
        asks = r"\bdata\.kind\b|startswith\(.simulated"
        if (
            re.search(asks, line.split("#")[0]) and 'f"' not in line and path.name != "search.py"
        ):  # runs of before the tag
            yield n


def test_no_kind_of_data_is_named_outside_its_room():
    rooms = [PACKAGE / "data" / "readers", PACKAGE / "data" / "simulated", PACKAGE / "data" / "published"]
    found = {}
    for path in PACKAGE.rglob("*.py"):
        if not any(room in path.parents for room in rooms):
            found |= {f"{path.relative_to(PACKAGE)}:{n}": n for n in spelled(path)}
    assert found == {}


def test_the_search_for_names_finds_them(tmp_path):
    file = tmp_path / "ladder.py"
    file.write_text(
        'if kind == "bids":\n    pass\nif config.data.kind == name:\n    pass\nopen("folder")\nname.startswith("simulated")\n'
    )
    assert sorted(spelled(file)) == [1, 3, 6]


def test_reading_starts_without_the_libraries_of_the_formats():
    import subprocess
    import sys

    heavy = "{'mne', 'nibabel', 'pynwb', 'h5py', 'pandas', 'scipy', 'torch'}"
    code = (
        "import sys; from brainalign.registry import kind_of, kinds; [kind_of('data', k) for k in kinds('data')]; "
        f"import brainalign.config; print({heavy} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
