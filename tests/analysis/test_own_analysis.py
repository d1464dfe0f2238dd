"""A kind of analysis is its own room: one is added by an installed package, and none is spelled outside its room."""

import ast
import json
from pathlib import Path

import pytest
from hydra.errors import ConfigCompositionException

import brainalign
from brainalign import experiment, own_code
from brainalign.analysis import Analysis
from brainalign.config import composed, conf_folder
from brainalign.config.sentences import sentence
from brainalign.errors import BrainalignError
from brainalign.registry import kind_of, kinds
from brainalign.tracking import CODE

PACKAGE = Path(brainalign.__file__).parent
KINDS = set(kinds("analysis"))
WORDS = {
    "ceiling",
    "compare",
    "controls",
    "decoding",
    "decomposition",
    "encoding",
    "geometry",
    "group_trf",
    "latency",
    "power",
    "reconstruction",
    "regimes",
    "similarity",
    "variance_partition",
}
"""Kinds whose names are also those of tables, columns, figures, groups or floors."""

ANALYSIS = '''
"""How strong responses are."""

from dataclasses import dataclass
from typing import ClassVar

from brainalign.analysis import Analysis, Needs
from brainalign.errors import one_of


@dataclass
class Strength(Analysis):
    """Mean power of the responses, by electrode."""

    exponent: float
    over: str

    bounds: ClassVar = {"exponent": (0.5, 4)}
    needs: ClassVar = Needs(models=False, baseline=False, folds=False, fits=False)
    compared_by: ClassVar = ""

    def __post_init__(self):
        one_of("analysis.over", self.over, ("electrodes", "participants"))

    def question(self, asked):
        return f"How strong are the responses of {asked.people} to {asked.heard}?"

    def run(self, study, models):
        import numpy as np

        from brainalign.study.result import AnalysisResult

        values = np.concatenate([np.abs(r[np.isfinite(r).all(1)]) ** self.exponent for r in study.responses.values])
        table = study.channels[["subject", "electrode"]].assign(strength=values.mean(axis=0))
        result = AnalysisResult(metrics={"strength/mean": float(table["strength"].mean())}, tables={"strength": table})
        result.summary.append(("strength", f"{table['strength'].mean():.3f}"))
        return result

    def own_stages(self, study, models, fitted):
        from brainalign.study.plan import Stage

        return [Stage("strength of responses", f"{len(study.channels)} electrodes", 0.0)]

    @classmethod
    def lacks(cls, facts):
        return "" if facts.participants > 2 else "strength wants more than 2 participants."
'''
SMALL = ("data=simulated_small", "data.subjects=2", "data.electrodes=4", "data.sentences=12", "encoding.outer_folds=3",
         "window.tmax=0.04", "model=word_rate")  # fmt: skip


@pytest.fixture
def lab(installed, tmp_path):
    """The options of a run with an installed package that offers an analysis."""
    files = {
        "strength.py": ANALYSIS,
        "conf/analysis/strength.yaml": "kind: strength\nexponent: 2.0\nover: electrodes\n",
    }
    installed("ouranalyses", files, analyses={"strength": "ouranalyses.strength:Strength"})
    return ["hydra.searchpath=[pkg://ouranalyses.conf]", *SMALL, f"paths.output={tmp_path / 'out'}"]


def test_its_stages_are_planned_and_nothing_is_done(lab, tmp_path, capsys):
    assert experiment.run(composed([*lab, "analysis=strength", "plan=true"]), tmp_path / "run") is None
    assert "strength of responses" in capsys.readouterr().out and not (tmp_path / "run").exists()


def test_describe_says_whether_the_data_allow_it(lab, tmp_path):
    found = experiment.run(composed([*lab, "analysis=describe", "tracking.uri=offline"]), tmp_path / "run")
    row = found.tables["allowed"].set_index("name").loc["strength"]
    assert (row["kind"], row["allowed"], row["reason"]) == (
        "analysis",
        False,
        "strength wants more than 2 participants.",
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("analysis.exponent=9", "analysis.exponent=9 is impossible; it must be between 0.5 and 4."),
        ("analysis.exponent=much", "analysis.exponent='much'"),
        ("analysis.over=electrode", "analysis.over='electrode' is unknown; did you mean 'electrodes'?"),
        ("++analysis.exponnet=3", "did you mean 'exponent'?"),
        ("save.weights=true", "save.weights=true, but analysis=strength fits no TRF of the models to keep"),
    ],
)
def test_its_options_are_checked_like_ours(lab, word, said):
    with pytest.raises(BrainalignError) as caught:
        composed([*lab, "analysis=strength", word])
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_class_that_is_no_analysis_is_refused(lab, installed):
    for value in ("brainalign.bounds:check_bounds", "brainalign.data.types:Stimulus", "brainalign.models:Model"):
        installed("ouranalyses", analyses={"strength": value})
        with pytest.raises(
            BrainalignError, match="must be a dataclass that inherits from brainalign.analysis.Analysis"
        ):
            composed([*lab, "analysis=strength"])
    installed("ouranalyses", analyses={"strength": "ouranalyses.nowhere:Strength"})
    with pytest.raises(BrainalignError, match=r"analysis=strength: ouranalyses.nowhere:Strength cannot be imported"):
        composed([*lab, "analysis=strength"])


def test_an_edited_analysis_is_another_run(lab, tmp_path):
    def tags(n):
        own_code._source.cache_clear()
        experiment.run(composed([*lab, "analysis=strength", "tracking.uri=offline"]), tmp_path / n)
        return json.loads((tmp_path / n / "tracking.json").read_text())["tags"]

    first, again = tags("one"), tags("two")
    with (tmp_path / "site" / "ouranalyses" / "strength.py").open("a") as file:
        file.write("# edited\n")
    edited = tags("three")
    assert all(first[tag] == again[tag] for tag in CODE.values())
    assert [first[tag] == edited[tag] for tag in CODE.values()] == [False, False, True]  # "any": any code at all
    facts = json.loads((tmp_path / "three" / "provenance.json").read_text())
    assert len(facts["checkpoints"]["code of ouranalyses"]) == 64


def docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def spelled(source):
    """Lines on which code names a kind of analysis: as a string of its own, in a comparison with a kind, or as ``analysis=KIND``."""
    tree = ast.parse(source)
    told = {id(node) for node in docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            named = {word.strip(",.;:)") for word in node.value.split() if word.startswith("analysis=")}
            if node.value in KINDS - WORDS or named & {f"analysis={kind}" for kind in KINDS}:
                yield node.lineno
        if isinstance(node, ast.Compare | ast.Match):
            subject = node.left if isinstance(node, ast.Compare) else node.subject
            asks = ast.unparse(subject).endswith((".kind", "analysis", "analysis']"))
            inner = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
            if asks and inner & KINDS:
                yield node.lineno


def test_no_kind_of_analysis_is_named_outside_its_room():
    others = {("analysis", "geometry"): {"cca"}, ("analysis", "validation"): KINDS}
    """Rooms in which a name is something else: a measure of similarity; the analyses that are validated."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).parts
        own = others.get(place[:2], set()) | ({place[1]} if place[0] == "analysis" else set())
        lines = path.read_text().splitlines()
        for n in spelled(path.read_text()):
            if not any(f'"{kind}"' in lines[n - 1] or f"analysis={kind}" in lines[n - 1] for kind in own):
                found.append(f"{path.relative_to(PACKAGE)}:{n}")
    assert found == []


def test_the_search_for_names_finds_them():
    source = (
        'if kind == "abx":\n    pass\nif config.analysis.kind in ("latency", "power"):\n    pass\n"""analysis=cca"""\n'
        'raise ValueError("not so; use analysis=encoding.")\ntable["latency"]\nmatch analysis.kind:\n    case "regimes":\n        pass\n'
    )
    assert sorted(spelled(source)) == [1, 3, 6, 8]


def test_analyses_that_take_a_partner_are_found_in_their_options():
    told = sentence(ConfigCompositionException("Could not override 'model@partner'."), [])
    named = told.split("analysis=")[1].rstrip(".").split(", ")
    assert {
        "abx",
        "cca",
        "convergence",
        "decoding",
        "decomposition",
        "geometry",
        "group_trf",
        "similarity",
        "variance_partition",
    } == set(named)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_has_its_option_and_says_all_of_itself(kind):
    analysis = kind_of("analysis", kind)
    text = (conf_folder() / "analysis" / f"{kind}.yaml").read_text()
    assert f"kind: {kind}\n" in text and analysis.__doc__
    alone = not analysis.needs.study
    assert (analysis.run_alone if alone else analysis.run) is not (Analysis.run_alone if alone else Analysis.run)
    assert alone or analysis.question is not Analysis.question
