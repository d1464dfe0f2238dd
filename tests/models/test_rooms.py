"""A kind of model is its own room: one is added from a folder outside the package, and none is spelled outside its room."""

import ast
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

import brainalign
from brainalign.config import composed, conf_folder
from brainalign.data.simulated import simulate
from brainalign.data.types import empty_intervals
from brainalign.errors import BrainalignError
from brainalign.models import CheckpointModel, Model, lacking, model_kind
from brainalign.registry import kinds

PACKAGE = Path(brainalign.__file__).parent
KINDS = kinds("model")
WORDS = {
    "auto",
    "embedding",
    "envelope",
    "features",
    "joined",
    "language",
    "mel",
    "speech",
    "surprisal",
    "vectors",
    "intensity",
    "pitch",
}
"""Kinds whose names are also plain words of the code."""
CONTROLS = {"oasm", "sentence_position", "shuffled_words", "word_rate"}
"""Kinds that analysis=controls offers by name."""

MODEL = (Path(__file__).parents[1] / "letters_model.py").read_text(encoding="utf-8")
SMALL = ("data=simulated_small", "data.subjects=2", "data.electrodes=4", "data.sentences=12", "encoding.outer_folds=3",
         "encoding.alphas=[100]", "window.tmax=0.04", "stats.permutations=0", "~model@baseline", "tracking.uri=offline")  # fmt: skip


@pytest.fixture
def lab(installed, tmp_path):
    """The options of a run with an installed package that offers a model."""
    files = {"letters.py": MODEL, "conf/model/letters.yaml": "kind: letters\nname: letters\nlayers: all\npower: 1.0\n"}
    installed("ourmodels", files, models={"letters": "ourmodels.letters:Letters"})
    return ["hydra.searchpath=[pkg://ourmodels.conf]", "model=letters", *SMALL, f"paths.output={tmp_path / 'out'}"]


def test_an_installed_model_is_among_those_that_data_allow(lab, installed):
    installed("brokenlab", models={"nowhere": "brokenlab.nowhere:Model"})
    found = lacking(simulate(subjects=1, electrodes=2, sentences=5, repeated=0))
    assert found["word length"] == "" and found["nowhere"].startswith(
        "model=nowhere: brokenlab.nowhere:Model cannot be imported"
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("model.power=9", "model.power=9 is impossible; it must be between 0.1 and 3."),
        ("model.power=much", "model.power='much'"),
        ("++model.powre=3", "did you mean 'power'?"),
    ],
)
def test_its_options_are_checked_like_ours(lab, word, said):
    with pytest.raises(BrainalignError) as caught:
        composed([*lab, word])
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_class_that_is_no_model_is_refused(lab, installed):
    for value in ("brainalign.bounds:Bounds", "brainalign.data.types:Stimulus"):
        installed("ourmodels", models={"letters": value})
        with pytest.raises(BrainalignError, match=r"must be a dataclass that inherits from brainalign\.models\.Model"):
            composed(lab)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_an_option_and_says_all_of_itself(kind):
    model = model_kind(kind)
    named = [f.stem for f in (conf_folder() / "model").glob("*.yaml") if f"\nkind: {kind}\n" in "\n" + f.read_text()]
    assert named and model.__doc__
    assert [f.name for f in fields(model)[:3]] == ["kind", "name", "layers"]
    assert set(model.bounds) <= {f.name for f in fields(model)} and set(model.needs) <= {"sound", "words", "phones"}
    assert model.partner is None or (conf_folder() / "model" / f"{model.partner}.yaml").exists()
    made = model.extractor is not Model.extractor or model.represent is not Model.represent
    assert made != model.automatic
    assert not issubclass(model, CheckpointModel) or model.needs


def test_what_data_lack_is_what_a_kind_needs():
    data = simulate(subjects=1, electrodes=2, sentences=5, repeated=0)
    assert not any(lacking(data).values())
    first, second, *_ = data.stimuli
    wordless = empty_intervals(("word", "onset", "offset"))
    fewer = {first: replace(data.stimuli[first], audio=None), second: replace(data.stimuli[second], words=wordless)}
    found = lacking(replace(data, stimuli=data.stimuli | fewer))
    assert found["speech models"] == found["decoders that hear"] == "1 of 5 stimuli have no sound."
    assert (
        found["language models"] == found["surprisal"] == "1 of 5 stimuli have no words." and not found["articulation"]
    )


def spelled(path):
    """Lines on which a module names a kind of model as a string of its own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and node.value in set(KINDS) - WORDS - CONTROLS:
            yield node.lineno


def test_no_kind_of_model_is_named_outside_its_room():
    rooms = [PACKAGE / "models", PACKAGE / "features", PACKAGE / "analysis" / "validation"]
    found = {}
    for path in PACKAGE.rglob("*.py"):
        if not any(room in path.parents for room in rooms):
            found |= {f"{path.relative_to(PACKAGE)}:{n}": n for n in spelled(path)}
    assert found == {}


def test_options_are_checked_without_the_libraries_of_the_models():
    heavy = "{'torch', 'transformers', 'scipy', 'pandas', 'h5py'}"
    code = (
        "import sys; from brainalign.models import model_kind; from brainalign.registry import kinds; "
        f"[model_kind(k) for k in kinds('model')]; print({heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
