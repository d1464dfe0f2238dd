"""analysis=power: components of known truth, prediction against whole simulated studies, and what cannot be asked."""

from dataclasses import replace

import numpy as np
import pytest

from brainalign.analysis.models import Models
from brainalign.analysis.power import power
from brainalign.analysis.power.pilot import Values, estimate
from brainalign.analysis.reading import Reading
from brainalign.analysis.study import Study
from brainalign.data.simulated import simulate
from brainalign.errors import BrainalignError

OPTIONS = {
    "difference": 0.02, "shared": None, "participant_sd": 0.02, "electrode_sd": 0.01, "participants": [3, 12], "sentences": [],
    "level": 0.05, "tests": 1, "draws": 400, "sets": 2, "check": 0,
}  # fmt: skip


def study(folder, **changes):
    options = {
        "subjects": 6,
        "electrodes": 5,
        "sentences": 20,
        "repeated": 0,
        "rho_min": 0.2,
        "rho_max": 0.4,
        "silent_fraction": 0.0,
    }
    data = simulate(**{**options, **changes}, cache_dir=folder)
    return Study(data, 0.0, 0.1, "seconds", 50.0, [100.0, 10_000.0], 3, reading=Reading(permutations=0, draws=100))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    it = study(tmp_path_factory.mktemp("power"))
    return power(it, Models(None), **{**OPTIONS, "shared": 0.05, "check": 12})


def test_components_of_pilots_are_those_that_made_them():
    rng = np.random.default_rng(0)

    def pilot():
        values = 0.3 + rng.normal(0, 0.5) + rng.normal(0, 2, (10, 1)) + rng.normal(0, 1, (10, 8))
        return Values(values, rng.uniform(0.1, 0.5, (10, 8)))

    parts = estimate([pilot() for _ in range(60)], biased=True)
    assert parts.electrode == pytest.approx(1.0, rel=0.03)
    assert parts.components.between == pytest.approx(2.0, rel=0.1)
    assert parts.components.bias == pytest.approx(0.3, abs=0.4)
    assert parts.components.gain.mean() == pytest.approx(1.0) and abs(parts.components.residual.mean()) < 1e-12
    assert np.sqrt(np.mean(parts.components.residual**2)) == pytest.approx(parts.electrode)
    assert parts.between_sets < 1.2
    assert estimate([pilot() for _ in range(3)], biased=False).components.bias == 0


def test_one_electrode_a_participant_has_one_component():
    rng = np.random.default_rng(1)
    parts = estimate([Values(rng.normal(0, 2, (200, 1)), np.ones((200, 1))) for _ in range(3)], biased=False)
    assert parts.electrode == pytest.approx(2.0, rel=0.1) and parts.components.between == 0


def test_what_is_predicted_is_what_whole_studies_find(found):
    check = found.tables["power_check"]
    assert set(check["effect"]) == {"difference", "shared"} and set(check["participants"]) == {2, 4, 6}
    assert check["agrees"].all() and (check["data_sets"] == 12).all()
    assert not any("check disagrees" in w for w in found.warnings)


def test_the_table_has_both_sizes_of_every_design_and_the_metrics_are_its_own(found):
    table = found.tables["power"]
    assert len(table) == 2 * 2 * 3 * 3  # effects, sizes, participants, tests
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
    assert len(figure.axes) == 2 and "With 6 participants and 20 sentences, a difference of 0.02" in caption


def test_the_level_is_shared_by_the_family(tmp_path):
    both = [power(study(tmp_path), Models(None), **{**OPTIONS, "tests": n}).tables["power"]["power"] for n in (1, 10)]
    assert both[1].sum() < both[0].sum() and (both[1] <= both[0]).all()


def test_two_runs_give_the_same_bits(tmp_path):
    tables = [power(study(tmp_path), Models(None), **OPTIONS).tables["power"] for _ in range(2)]
    assert tables[0].equals(tables[1])


def test_what_cannot_be_reckoned_is_refused(tmp_path):
    it = study(tmp_path)
    with pytest.raises(BrainalignError, match=r"data set 'mine' is not simulated; use data=simulated"):
        power(replace(it, dataset=replace(it.dataset, name="mine", settings=None), notes=[]), Models(None), **OPTIONS)
    with pytest.raises(BrainalignError, match=r"data.subjects=1 leaves no power"):
        power(study(tmp_path, subjects=1), Models(None), **OPTIONS)
    with pytest.raises(BrainalignError, match=r"analysis.sentences=\[10\] holds 10, but data.repeated"):
        power(study(tmp_path, repeated=12, repeats=2), Models(None), **{**OPTIONS, "sentences": [10]})
