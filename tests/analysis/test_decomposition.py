"""The decomposition recovers what drives simulated electrodes, and nothing that it fits sees the test stimuli."""

from dataclasses import replace

import numpy as np
import pytest

from brainalign.analysis.decomposition.references import Competitors
from brainalign.analysis.decomposition.run import project
from brainalign.analysis.validation.listening import Bench
from brainalign.analysis.validation.mixtures import parts_of, recovered
from brainalign.data.simulated import simulate
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech
from brainalign.study.cross_fitting import crossfit
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study


@pytest.fixture
def bench(tmp_path):
    data = simulate(subjects=1, electrodes=5, sentences=6, repeated=0, cache_dir=tmp_path)
    options = {"tmin": 0.0, "tmax": 0.38, "lag_unit": "seconds", "rate": 50.0, "outer_folds": 3}
    bench = Bench(Study(data, alphas=np.logspace(0, 6, 7).tolist(), outcome=Outcome(permutations=0), **options))
    yield bench
    bench.close()


@pytest.mark.parametrize("seed", [0, 1])  # experiment=validation does 20
def test_all_six_orders_of_the_shares_are_recovered_and_context_alone_is_context(bench, seed):
    table = parts_of(seed, bench)
    assert recovered(table)
    alone = table[table["order"] == "order6"]
    assert alone["contextual"].mean() > 0.5
    for part in ("lexical", "acoustic"):
        error = alone[part].std(ddof=1) / np.sqrt(len(alone))
        assert (
            alone[part].mean() < 3.8 * error + 0.002
        )  # 14 degrees of freedom: chance exceeds it in less than 1 of 1000


class Swapped(PlantedLanguage):
    """The same model, with other values for stimuli that are held out."""

    held_out: frozenset = frozenset()

    def identity(self):
        return super().identity() | {"swapped": sorted(self.held_out)}

    def extract(self, stimuli):
        for name, layers in super().extract(stimuli):
            if name in self.held_out:
                layers = {n: replace(r, values=r.values[::-1] * 3 + 1) for n, r in layers.items()}
            yield name, layers


def test_swapping_test_stimuli_changes_nothing_that_is_fitted(tmp_path):
    data = simulate(subjects=1, electrodes=6, sentences=30, repeated=0, cache_dir=tmp_path)
    bench = Bench(
        Study(data, tmin=0.0, tmax=0.1, lag_unit="seconds", rate=50.0, alphas=[10.0, 1e3], outer_folds=3,
              outcome=Outcome(permutations=0))
    )  # fmt: skip
    study = bench.listen(data)
    test = {s for s, a in zip(study.stimuli, study.split.segments, strict=True) if a[0] in study.split.folds[0].test}
    fitted = []
    for held_out in (frozenset(), frozenset(test)):
        model = Swapped(data, layers=[3], name="m")
        model.held_out = held_out
        context = Swapped(data, layers=[3], name="c", seed=5)
        context.held_out = held_out
        embedding = PlantedLanguage(data, layers=[0], name="e", seed=5)
        models = Models(
            bench.represent(model, data), bench.represent(PlantedSpeech(data, layers=[3], name="p"), data),
            acoustic=bench.represent(Mel(20), data), contextual=bench.represent(context, data),
            embedding=bench.represent(embedding, data),
        )  # fmt: skip
        fits = crossfit(study, *models.pair, "words", None, fit="cross_fitted", k=8, variance=0.99, ridge=0.0)
        competitors = Competitors(study, models, None, 0, {})
        projections = project(study, models, fits, competitors, 0.99, 0)
        fitted.append(
            [fits.spaces[0].cca.rho, *(projections.spaces[n].cca.p for n in ("acoustic", "contextual"))]
            + [projections.spaces[n].held_out for n in ("acoustic", "contextual")]
            + [np.array([competitors.checks[0].before, competitors.checks[0].after])]
        )
    for before, after in zip(*fitted, strict=True):
        np.testing.assert_array_equal(before, after)
    bench.close()
