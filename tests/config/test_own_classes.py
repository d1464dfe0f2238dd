"""``kind: my_lab.models:Pitch``: a class of a package that is not installed, where the config allows its package."""

import subprocess
import sys

import pytest

from brainalign import experiment, own_code
from brainalign.config import composed
from brainalign.errors import BrainalignError
from brainalign.tools import reproduce

LAB = {
    "models": '''
from dataclasses import dataclass

from brainalign.models.mel import Mel


@dataclass
class Wide(Mel):
    """A spectrogram."""

    note: str = ""
''',
    "readers": '''
from dataclasses import dataclass

from brainalign.data.readers import Simulator


@dataclass
class Small(Simulator):
    """A simulator."""

    subjects: int = 2

    def read(self, settings):
        from brainalign.data.simulated import simulate

        return simulate(subjects=self.subjects, electrodes=3, sentences=6, repeated=0)
''',
    "analyses": '''
from dataclasses import dataclass

from brainalign.analysis import Analysis, Needs


@dataclass
class Count(Analysis):
    """How many electrodes."""

    needs = Needs(folds=False, fits=False, baseline=False)

    def question(self, asked):
        return "How many electrodes are there?"

    def run(self, study, models):
        from brainalign.study.result import AnalysisResult

        return AnalysisResult(metrics={"count": float(len(study.channels))})
''',
    "figures": """
def bar(result):
    from matplotlib.figure import Figure

    figure = Figure((2, 2))
    figure.subplots().bar(["electrodes"], [result.metrics["count"]])
    return figure, "How many."
""",
}
WORDS = ["model=mel", "analysis=describe", "data=simulated_small", "tracking.uri=offline"]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    package = tmp_path / "labs" / "my_lab"
    package.mkdir(parents=True)
    for name, text in LAB.items():
        (package / f"{name}.py").write_text(text)
    (package / "broken.py").write_text("import no_such_module_anywhere\n")
    (package / "__init__.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(str(tmp_path / "labs"))
    yield tmp_path
    own_code._source.cache_clear()
    for module in [name for name in sys.modules if name.split(".")[0] == "my_lab"]:
        del sys.modules[module]


def test_one_of_each_from_a_folder_runs(lab):
    config = composed(["model=mel", "model.kind=my_lab.models:Wide", "+model.note=ours", "~data", "+data.kind=my_lab.readers:Small",
                       "+data.subjects=3", "~analysis", "+analysis.kind=my_lab.analyses:Count", "allow=[my_lab]", "tracking.uri=offline",
                       "figures.own=[my_lab.figures:bar]", f"paths.output={lab / 'out'}"])  # fmt: skip
    assert config.model.note == "ours" and (lab / "imported").exists()
    assert experiment.run(config, lab / "run").metrics["count"] == 9
    assert (lab / "run" / "figures" / "bar.png").exists()


@pytest.mark.parametrize("key", ["model", "baseline", "data", "analysis"])
def test_what_is_not_allowed_is_refused_and_not_imported(lab, key):
    for allow in ("[]", "[my_la]", "[other,labs]"):
        with pytest.raises(BrainalignError) as caught:
            composed([*WORDS, f"{key}.kind=my_lab.models:Wide", f"allow={allow}"])
        assert str(caught.value) == (
            f"{key}.kind=my_lab.models:Wide is code of the package my_lab, which the config does not allow to be imported; "
            "'allow=[my_lab]' does."
        )
    assert not (lab / "imported").exists()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("my_lab.models:Nothing", "cannot be imported"),
        ("my_lab.broken:Wide", "cannot be imported (No module named 'no_such_module_anywhere')."),
        ("my_lab.nowhere:Wide", "cannot be imported (No module named 'my_lab.nowhere')."),
        ("my_lab.readers:Small", "must be a dataclass that inherits from brainalign.models.Model."),
        ("my_lab.models:", "is no class; it must be as my_lab.models:Pitch."),
        ("'my_lab/models.py:Wide'", "is no class; it must be as my_lab.models:Pitch."),
    ],
)
def test_what_is_no_class_of_ours_is_told(lab, kind, said):
    with pytest.raises(BrainalignError) as caught:
        composed([*WORDS, f'model.kind="{kind.strip(chr(39))}"', "allow=[my_lab]"])
    assert said in str(caught.value) and "\n" not in str(caught.value) and "model" in str(caught.value)


@pytest.mark.parametrize("allow", ["my_lab", "[3]", "['my lab']", "['*']"])
def test_a_list_of_packages_is_asked_for(allow):
    with pytest.raises(BrainalignError, match=r"must be a list of packages whose classes may be imported"):
        composed([*WORDS, f"allow={allow}"])


def test_the_repetition_of_a_run_allows_what_this_machine_does(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        subprocess, "run", lambda words, **_: asked.append(words) or subprocess.CompletedProcess(words, 0)
    )
    local = tmp_path / "default.yaml"
    for text, expected in ((None, "allow=[]"), ("seed: 1\n", "allow=[]"), ("allow: [my_lab]\n", "allow=[my_lab]")):
        if text:
            local.write_text(text)
        monkeypatch.setattr("brainalign.config.local_config", lambda found=local if text else None: found)
        reproduce.repeat(f"cd {tmp_path}\nbrainalign 'allow=[evil]' model.kind=evil.code:X\n", tmp_path)
        assert asked[-1][-1] == expected  # the last one counts
