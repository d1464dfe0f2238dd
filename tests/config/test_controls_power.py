"""Options of analysis=controls and analysis=power: what is impossible gets one sentence."""

import pytest

from brainalign.analysis.controls import CONTROLS, ControlsAnalysis
from brainalign.analysis.power import PowerAnalysis
from brainalign.errors import BrainalignError

POWER = {
    "kind": "power", "difference": 0.02, "shared": None, "participant_sd": 0.01, "electrode_sd": 0.02, "participants": [5], "sentences": [],
    "level": 0.05, "tests": 1, "draws": 1000, "sets": 4, "check": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"difference": 2.0}, "analysis.difference=2 is impossible; it must lie between 0 and 1, or be null."),
        ({"shared": 0.0}, "analysis.shared=0 is impossible; it must lie between 0 and 1, or be null."),
        (
            {"difference": None},
            "analysis.difference and analysis.shared are both null; at least one must be a number such as 0.02.",
        ),
        ({"participants": [1, 5]}, "analysis.participants=[1, 5] must be a list of whole numbers of at least 2."),
        ({"sentences": [3]}, "analysis.sentences=[3] must be a list of whole numbers of at least 10."),
        ({"participant_sd": -1.0}, "analysis.participant_sd=-1 is impossible; it must be at least 0."),
        ({"level": 0.0}, "analysis.level=0 is impossible; it must be between 1e-06 and 0.5."),
        ({"tests": 0}, "analysis.tests=0 is impossible; it must be at least 1."),
        ({"draws": 10}, "analysis.draws=10 is impossible; it must be at least 100."),
        ({"sets": 1}, "analysis.sets=1 is impossible; it must be at least 2."),
    ],
)
def test_what_power_cannot_be_asked(changes, sentence):
    with pytest.raises(BrainalignError) as refused:
        PowerAnalysis(**{**POWER, **changes})
    assert str(refused.value) == sentence


def test_controls_are_named_ones():
    assert ControlsAnalysis("controls", list(CONTROLS)).controls[0] == "untrained"
    with pytest.raises(
        BrainalignError, match=r"analysis.controls=\[\] holds nothing; name one or more of untrained, rerandomized"
    ):
        ControlsAnalysis("controls", [])
    with pytest.raises(BrainalignError, match=r"analysis.controls='shufled' is unknown; did you mean 'shuffled'"):
        ControlsAnalysis("controls", ["shufled"])
