"""analysis=power: components of known truth, prediction against whole simulated studies, and what cannot be asked."""

from dataclasses import replace

import numpy as np
import pytest

from brainalign.analysis.power.pilot import components_of, spread_of
from brainalign.analysis.power.run import power
from brainalign.data.simulated import simulate
from brainalign.errors import BrainalignError
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study

OPTIONS = {
    "difference": 0.02, "shared": None, "participant_sd": 0.02, "electrode_sd": 0.01, "participants": [3, 12], "sentences": [],
    "level": 0.05, "tests": 1, "draws": 400, "sets": 3, "check": 0,
}  # fmt: skip


def study(folder, **changes):
    options = {
        "subjects": 6,
        "electrodes": 5,
        "sentences": 12,
        "repeated": 0,
        "rho_min": 0.6,
        "rho_max": 0.9,
        "silent_fraction": 0.0,
    }
    data = simulate(**{**options, **changes}, cache_dir=folder)
    return Study(data, 0.0, 0.1, "seconds", 50.0, [100.0, 10_000.0], 3, outcome=Outcome(permutations=0, draws=100))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return study(tmp_path_factory.mktemp("power"))


@pytest.fixture(scope="module")
def found(world):
    return power(world, Models(None), **{**OPTIONS, "check": 8})


def pilots(n, effect=0.0, gain_sd=0.0, seed=0):
    """Values of known components: data sets .5, participants 2, electrodes 1, a bias of .3."""
    rng = np.random.default_rng(seed)
    shape = (10, 8)
    return [
        0.3
        + rng.normal(0, 0.5)
        + rng.normal(0, 2, (10, 1))
        + rng.normal(0, 1, shape)
        + effect * (1 + gain_sd * rng.normal(0, 1, shape))
        for _ in range(n)
    ]


def test_components_of_pilots_are_those_that_made_them():
    null, planted = spread_of(pilots(80)), spread_of(pilots(80, effect=3.0, gain_sd=0.5, seed=1))
    assert null.electrode == pytest.approx(1.0, rel=0.03) and null.participant == pytest.approx(2.0, rel=0.1)
    assert 0.1 < null.data_set < 0.9
    assert np.sqrt(np.mean(null.residual**2)) == pytest.approx(null.electrode)
    parts = components_of(null, planted, biased=True)
    assert parts.bias == pytest.approx(0.3, abs=0.4) and parts.between == null.participant
    assert parts.gain.mean() == pytest.approx(1.0) and parts.gain.std() == pytest.approx(0.5, rel=0.15)
    assert components_of(null, planted, biased=False).bias == 0
    assert components_of(null, spread_of(pilots(5, effect=-0.3)), biased=True).gain.tolist() == [
        1.0
    ]  # too small to tell


def test_one_electrode_a_participant_has_one_component():
    rng = np.random.default_rng(1)
    found = spread_of([rng.normal(0, 2, (200, 1)) for _ in range(3)])
    assert found.electrode == pytest.approx(2.0, rel=0.1) and found.participant == 0


def test_what_is_predicted_is_what_whole_studies_find(found):
    check = found.tables["power_check"]
    assert len(check) == 2 * 3 and set(check["participants"]) == {3, 6}
    assert check["agrees"].all() and (check["data_sets"] == 8).all()
    assert check["predicted"].between(0.1, 0.9).any()  # else any prediction would agree
    assert not any("check disagrees" in w for w in found.warnings)


def test_the_table_has_both_sizes_of_every_design_and_the_metrics_are_its_own(found):
    table = found.tables["power"]
    assert len(table) == 2 * 3 * 3  # sizes, participants, tests
    assert table["power"].between(table["low"], table["high"]).all()
    here = table.query("effect == 'difference' and size > 0 and participants == 6 and test == 'mixed'")
    assert found.metrics["power/difference/mixed"] == here["power"].iloc[0]
    curve = dict(found.metrics["power/difference/mixed/participants"])
    assert curve[12] > curve[3]
    lines = dict(found.summary)
    assert lines["power, difference"].startswith("With 6 participants of 5 electrodes (0 % silent, the others")
    assert (
        "a difference of 0.02 (SD 0.02 between participants, 0.01 between electrodes) is found at 0.05 in "
        in lines["power, difference"]
    )
    assert any("Sign-flip over 3 participants cannot reach 0.05" in w for w in found.warnings)
    assert any("t-test over pooled electrodes calls" in w and "no evidence" in w for w in found.warnings)
    figure, caption = found.figures["power_curves"]
    figure.draw_without_rendering()
    assert (
        len(figure.axes) == 1
        and "Highest with 6 participants and 12 sentences: a difference of 0.02: sign-flip" in caption
    )


def test_the_level_is_shared_by_the_family_and_the_pilots_are_the_same_bits(world, found):
    strict = power(world, Models(None), **{**OPTIONS, "tests": 10})
    one, ten = (r.tables["power"]["power"] for r in (found, strict))
    assert (ten <= one).all() and ten.sum() < one.sum()
    assert strict.tables["components"].equals(found.tables["components"])


def test_shared_variance_and_sentences_have_their_own_curves(world):
    both = power(
        world,
        Models(None),
        **{**OPTIONS, "difference": None, "shared": 0.3, "sentences": [16], "draws": 100, "sets": 2},
    )
    table = both.tables["power"]
    assert set(table["effect"]) == {"shared"} and set(table["sentences"]) == {12, 16}
    assert table.query("size > 0 and participants == 12 and test == 'mixed'")["power"].min() > 0.9
    assert set(both.tables["components"]["pilots"]) == {"null", "planted"}
    both.figures["power_curves"][0].draw_without_rendering()
    assert len(both.figures["power_curves"][0].axes) == 2


def test_what_cannot_be_reckoned_is_refused(world, tmp_path):
    with pytest.raises(BrainalignError, match=r"data set 'mine' is not simulated; use data=simulated"):
        power(
            replace(world, dataset=replace(world.dataset, name="mine", settings=None), notes=[]),
            Models(None),
            **OPTIONS,
        )
    with pytest.raises(BrainalignError, match=r"data.subjects=1 leaves no power"):
        power(study(tmp_path, subjects=1), Models(None), **OPTIONS)
    with pytest.raises(BrainalignError, match=r"analysis.sentences=\[10\] holds 10, but data.repeated"):
        power(study(tmp_path, repeated=12, repeats=2), Models(None), **{**OPTIONS, "sentences": [10]})
