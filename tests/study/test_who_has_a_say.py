"""Which rows and scores have a say in a choice, a ceiling, a score or a space: where a slip would leave plausible numbers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from brainalign.analysis.latency.run import _best_layer
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.splits.split import split_groups
from brainalign.encoding.design import Design
from brainalign.encoding.layers import LayerSelection
from brainalign.encoding.nested import OuterScores, fit_outer
from brainalign.stats.ceiling import noise_ceilings
from brainalign.study.paired_rows import inside_words, marks_of
from brainalign.study.repeats import Repeated, study_ceilings
from brainalign.study.study import Study


def scored(inner, outer):
    """Scores of two folds and three electrodes, all the same; the inner ones of each fold."""
    out = OuterScores.empty(2, 3)
    out.inner[:], out.r[:] = np.array(inner)[:, None], outer
    return out


@pytest.fixture
def selection():
    """Layer 0 is best on the inner folds of fold 0, layer 1 on those of fold 1, and layer 2 on all that is scored."""
    return LayerSelection({0: scored([0.5, 0.1], 0.2), 1: scored([0.2, 0.3], 0.1), 2: scored([0.1, 0.2], 0.9)})


def test_the_best_layer_is_chosen_on_inner_scores_of_its_own_fold_and_by_the_scored_ones_only_where_that_is_asked(
    selection,
):
    model = SimpleNamespace(layers=[0, 1, 2], name="m")
    study = SimpleNamespace(layer_selection=lambda _: selection, outcome=SimpleNamespace(rule="nested"))
    assert [Study.best_layer(study, model, fold) for fold in (0, 1)] == [0, 1]
    assert selection.best_layer == _best_layer(study, model) == 0
    study.outcome.rule = "max"
    assert [Study.best_layer(study, model, fold) for fold in (0, 1)] == [2, 2]


def test_ceilings_rest_on_scored_rows_alone():
    rng = np.random.default_rng(0)
    signal, edge = (
        rng.normal(size=(200, 1)),
        50.0 * rng.normal(size=(20, 1)),
    )  # what begins a run repeats itself perfectly
    values = [np.vstack([edge, signal + rng.normal(size=signal.shape)]) for _ in range(4)]
    segments = np.r_[np.full(20, -1), np.zeros(200, dtype=int)]
    channels = pd.DataFrame({"subject": ["p"], "electrode": ["e"], "region": ["A1"]})
    study = SimpleNamespace(
        stimuli=["s"] * 4, channels=channels, split=SimpleNamespace(segments=[segments] * 4), seed=0,
        recorded=SimpleNamespace(presentations=[("s", k) for k in range(4)], values=values), test=None,
        responses=SimpleNamespace(values=values), outcome=SimpleNamespace(draws=20, inter_subject=False),
    )  # fmt: skip
    found = study_ceilings(study)
    expected = noise_ceilings([np.stack([v[20:] for v in values])], draws=20)
    assert found["ceiling"][0] == expected["ceiling"][0] == pytest.approx(0.5, abs=0.1)


def test_repeated_scores_are_of_the_repeated_stimuli_alone():
    rng = np.random.default_rng(1)
    heard = ["a", "b", "c", "d", "a", "b"]
    responses = [rng.normal(size=(40, 2)) for _ in heard]
    design = Design(heard, responses, split_groups(heard, [40] * 6, 3, 0, "stimulus"))
    scores = fit_outer(design, {s: rng.normal(size=(40, 2)) for s in "abcd"}, np.arange(2), [1.0, 10.0])
    found = Repeated(design).scores(scores, np.ones(2))["r2_repeated"]
    sse, sst = np.zeros(2), np.zeros(2)
    for fold in range(3):
        for i, mask in design.test_rows(fold):
            if heard[i] in "ab":
                actual, guess = design.responses[i][mask], scores.predictions[fold][heard[i]][mask]
                sse += ((actual - guess) ** 2).sum(axis=0)
                sst += ((actual - design.training_mean(fold)) ** 2).sum(axis=0)
    np.testing.assert_allclose(found, 1 - sse / sst)


def test_a_frame_of_cca_is_a_words_from_its_onset_on_and_no_later_than_its_offset():
    words = pd.DataFrame({"word": ["a", "b"], "onset": [0.04, 0.20], "offset": [0.10, 0.26]})
    times = np.arange(15) * 0.02
    assert np.flatnonzero(inside_words(words, times)).tolist() == [2, 3, 4, 10, 11, 12]
    grid = FrameGrid(0.0, 50.0, 15)
    # segments change at frame 2 and frame 10, where the words begin
    segments = np.r_[np.zeros(2), np.ones(8), np.full(5, 2)].astype(int)
    study = SimpleNamespace(
        stimuli=["s"], split=SimpleNamespace(segments=[segments]), responses=SimpleNamespace(grids={"s": grid}),
        dataset=SimpleNamespace(stimuli={"s": SimpleNamespace(words=words, timed_words=words)}),
    )  # fmt: skip
    marks = {
        segment: marks_of(study, frozenset([segment]), "words", voiced=False)["s"].tolist() for segment in range(3)
    }
    assert marks == {0: [False, False], 1: [True, False], 2: [False, True]}
    voiced = marks_of(study, frozenset([1, 2]), "frames", voiced=True)["s"]
    assert np.flatnonzero(voiced).tolist() == [2, 3, 4, 10, 11, 12]


def test_the_ceilings_interval_is_widened_for_the_number_of_stimuli():
    """Percentiles beyond 2.5 and 97.5, by Student's quantile with n - 1 degrees of freedom (Hesterberg 2015)."""
    rng = np.random.default_rng(2)
    n, draws = 6, 400
    heard = [rng.normal(size=(30, 1)) + rng.normal(size=(3, 30, 1)) for _ in range(n)]
    found = noise_ceilings(heard, draws=draws, seed=5)
    drawn = np.random.default_rng(5).integers(n, size=(draws, n))
    again = [noise_ceilings([heard[i] for i in own], draws=2)["ceiling"][0] for own in drawn]
    tail = norm.cdf(-np.sqrt(n / (n - 1)) * t.ppf(0.975, n - 1))
    assert tail < 0.003
    expected = np.nanquantile(np.nan_to_num(np.array(again), nan=np.nan), [tail, 1 - tail])
    np.testing.assert_allclose([found["ceiling_low"][0], found["ceiling_high"][0]], expected, atol=1e-9)
