"""analysis=reconstruction on simulated speech production: what the words foretell, and the two traps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brainalign.analysis.reconstruction.run import INTERCEPT, reconstruction
from brainalign.data.frames.trials import trial_means
from brainalign.data.simulated import simulate_production
from brainalign.errors import BrainalignError
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.words.vectors import WordVectors
from brainalign.study.roles import Models
from brainalign.study.study import Study

ASKED = {"leave": "word", "score_axis": "trials", "alphas": [1.0], "l1_ratios": [0.5], "pca": 0.9}


def simulated(folder, related, **changes):
    options = {"subjects": 2, "electrodes": 12, "words": 50, "repeated": 0, "repeats": 1, "spread": 20.0, "seed": 0}
    return simulate_production(**{**options, **changes}, related=related, cache_dir=folder)


def study_of(data, trial=(-0.5, 0.5), **changes):
    if trial:
        data = trial_means(data, *trial)
    window = {"tmin": 0, "tmax": 0, "lag_unit": "samples", "rate": None, **changes}
    return Study(data, **window, alphas=[1.0], outer_folds=3)


def models_of(data, folder):
    vectors = WordVectors(data.vectors)
    return Models(Representation(vectors, data.stimuli, data.stimuli_digest, FeatureCache(folder)))


def run(tmp_path, related, *, trial=(-0.5, 0.5), data=None, window=None, **changes):
    data = data or simulated(tmp_path, related)
    study = study_of(data, trial, **(window or {}))
    return reconstruction(study, models_of(data, tmp_path / "cache"), **{**ASKED, **changes})


def test_unrelated_words_show_both_traps_and_no_score(tmp_path):
    result = run(tmp_path, related=0.0)
    table = result.tables["reconstruction"].set_index(["model", "score_axis"])
    only = table.loc[INTERCEPT]
    assert (only.loc["channels", "r_mean"] > 0.9).all()
    np.testing.assert_allclose(only.loc["trials", "r2_mean"], 0, atol=1e-12)
    np.testing.assert_allclose(only.loc["trials", "r_pooled"], -1, atol=1e-9)
    assert sum(w.startswith("TRAP: along channels") for w in result.warnings) == 1
    assert sum(w.startswith("TRAP: pooled over the folds") for w in result.warnings) == 1
    # 24 channels of 50 trials: r of an unrelated model, of which the penalty leaves next to nothing, is below .1 on average
    assert table.loc[("glove", "trials"), "r_mean"].mean() < 0.1
    assert (table.loc[("glove", "channels"), "r_mean"] > 0.9).all()


def test_related_words_score_along_trials_and_hardly_move_the_published_score(tmp_path):
    result = run(tmp_path, related=0.8)
    table = result.tables["reconstruction"].set_index(["model", "score_axis"])
    assert (table.loc[("glove", "trials"), "r_mean"] > 0.6).all()
    gain = (
        table.loc[("glove", "channels"), "r_mean"].to_numpy() - table.loc[(INTERCEPT, "channels"), "r_mean"].to_numpy()
    )
    assert (gain > 0).all() and (gain < 0.1).all()
    assert result.metrics["glove/r/mean"] == pytest.approx(table.loc[("glove", "trials"), "r_mean"].mean())


def test_the_axis_in_question_is_what_metrics_and_tests_are_about(tmp_path):
    result = run(tmp_path, related=0.8, score_axis="channels")
    table = result.tables["reconstruction"].set_index(["model", "score_axis"])
    assert result.metrics["glove/r/mean"] == pytest.approx(table.loc[("glove", "channels"), "r_mean"].mean())
    assert result.metrics["intercept_only/r/mean"] > 0.9
    assert set(result.tables["reconstruction_tests"]["score_axis"]) == {"channels"}


def test_a_course_of_time_peaks_where_each_electrode_is_driven(tmp_path):
    data = simulated(tmp_path, related=0.9)
    window = {"tmin": -0.5, "tmax": 0.5, "lag_unit": "seconds", "rate": 50.0}
    result = run(tmp_path, 0.9, trial=None, data=data, window=window)
    channels = result.tables["reconstruction_channels"].query("model == 'glove'")
    assert channels["time"].nunique() == 51
    weights = channels.assign(w=channels["r2"].clip(lower=0))
    centre = weights.assign(wt=weights["w"] * weights["time"]).groupby(["subject", "electrode"])[["wt", "w"]].sum()
    found = (centre["wt"] / centre["w"]).groupby("electrode").mean()
    truth = data.recordings[0].channels.set_index("electrode")["lag_true"]
    assert np.corrcoef(found, truth.loc[found.index])[0, 1] > 0.9
    assert {"reconstruction", "course"} == set(result.figures)


def test_leaving_out_trials_where_words_are_said_again_is_called_leaky(tmp_path):
    data = simulated(tmp_path, 0.0, repeated=10, repeats=3)
    assert not any("LEAKY" in w for w in run(tmp_path, 0.0, data=data).warnings)
    leaky = [w for w in run(tmp_path, 0.0, data=data, leave="trial").warnings if "LEAKY" in w]
    assert len(leaky) == 2
    assert "of 43% of P01's trials the word is in training" in leaky[0]  # 30 of 70


def test_a_penalty_that_leaves_no_weight_is_told(tmp_path):
    result = run(tmp_path, related=0.8, alphas=[1000.0])
    table = result.tables["reconstruction"].set_index(["model", "score_axis"])
    assert (table.loc[("glove", "trials"), "r_mean"] == 0).all()
    assert any("in 100% of the predictions no weight is left by alpha=1000" in w for w in result.warnings)


def test_a_channel_that_was_not_always_recorded_is_left_out_and_counted(tmp_path):
    data = simulated(tmp_path, 0.5)
    first = data.recordings[0].presentations[0]
    response = first.response.copy()
    response[:, 3] = np.nan
    shown = [replace(first, response=response), *data.recordings[0].presentations[1:]]
    data = replace(data, recordings=[replace(data.recordings[0], presentations=shown), data.recordings[1]])
    result = run(tmp_path, 0.5, data=data)
    assert "P01: 1 channels are not valid in every trial and are left out." in result.warnings
    rows = result.tables["reconstruction_channels"].query("model == 'glove'").groupby("subject").size()
    assert rows.to_dict() == {"P01": 11, "P02": 12}


def test_sentences_of_many_samples_are_refused_by_name(tmp_path):
    with pytest.raises(
        BrainalignError, match=r"has 125 values for participant P01; trials need one value each \(window=trial\)"
    ):
        run(tmp_path, 0.5, trial=None)


def test_a_course_beyond_what_was_recorded_is_refused(tmp_path):
    window = {"tmin": -2.0, "tmax": 0.5, "lag_unit": "seconds", "rate": 50.0}
    with pytest.raises(BrainalignError, match=r"window.tmin=-2, window.tmax=0.5: participant P01"):
        run(tmp_path, 0.5, trial=None, window=window)
