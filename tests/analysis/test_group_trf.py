"""analysis=group_trf: what is planted in a simulated cap is found where and when it was planted, and what is not there is not claimed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from nilearn.datasets import load_fsaverage
from scipy.signal import lfilter
from scipy.stats import binom, binomtest

from brainalign.analysis.group_trf import run
from brainalign.analysis.group_trf.maps import Rule, map_test
from brainalign.analysis.group_trf.places import Places, shared_places
from brainalign.analysis.group_trf.run import group
from brainalign.analysis.group_trf.weights import directions, group_weights
from brainalign.analysis.group_trf.words import report
from brainalign.counts import count
from brainalign.data.fmri.geometry import Surface
from brainalign.data.fmri.mesh import vertex_places
from brainalign.data.simulated import simulate_meeg
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Envelope, Intensity, Mel
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.stats import mean_ci
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study

ASKED = {
    "layer": None, "components": 3, "channels": None, "peaks": {"N1": [0.04, 0.14], "P2": [0.14, 0.26]}, "test": "cluster",
    "level": 0.05, "permutations": 10_000, "ignored": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def listeners(tmp_path_factory):
    folder = tmp_path_factory.mktemp("meeg")
    return simulate_meeg(subjects=7, sentences=12, rho=0.3, cache_dir=folder), FeatureCache(folder)


def study_of(data, tmax=0.3, **outcome):
    return Study(data, 0.0, tmax, "seconds", 50.0, [1.0, 10.0, 100.0], 3, outcome=Outcome(permutations=0, **outcome))


def model_of(listeners, extractor=None):
    data, cache = listeners
    return Representation(extractor or Envelope(), data.stimuli, "planted", cache)


@pytest.fixture(scope="module")
def found(listeners):
    return group(study_of(listeners[0]), Models(model_of(listeners)), **ASKED)


def some(data, keep, regions=None, rename=False):
    """The data set with some channels of each participant; ``keep`` is a function of the participant's number."""
    recordings = []
    for number, r in enumerate(data.recordings):
        at = np.flatnonzero(r.channels["electrode"].isin(keep(number)))
        channels = r.channels.iloc[at].reset_index(drop=True)
        if rename:
            channels = channels.assign(electrode=[f"G{i}" for i in range(len(at))], sensor="ecog")
        if regions:
            channels["region"] = [regions[i % len(regions)] for i in range(len(at))]
        shown = [replace(p, response=p.response[:, at]) for p in r.presentations]
        recordings.append(replace(r, channels=channels, presentations=shown))
    return replace(data, recordings=recordings)


def test_planted_peaks_are_found_at_their_lag_and_sensor_with_their_weight(found, listeners):
    peaks = found.tables["group_trf_peaks"].set_index(["peak", "measure"])
    truth = pd.concat([r.channels for r in listeners[0].recordings]).groupby("electrode")[["N1", "P2"]].mean()
    for name, latency in (("N1", 0.10), ("P2", 0.18)):
        at, size = peaks.loc[name, "latency_s"], peaks.loc[name, "amplitude"]
        assert at["place"] == "FCz" and abs(at["value"] - latency) < 0.012 and at["low"] < at["value"] < at["high"]
        assert at["n"] == 7 and size["value"] == pytest.approx(truth.loc["FCz", name], rel=0.35)
    table = found.tables["group_trf"]
    n1 = table[np.isclose(table["lag_s"], 0.1)].set_index("electrode")["mean"]
    assert np.corrcoef(n1, truth["N1"].loc[n1.index])[0, 1] > 0.95  # the whole topography


def test_clusters_hold_what_is_planted_and_scores_are_tested_on_one_side(found):
    clusters = found.tables["group_trf_clusters"]
    weights = clusters[(clusters["of"] == "weights") & (clusters["p"] < 0.05)]
    first = weights.iloc[0]
    assert first["p"] == first["smallest_p"] == 2 / 2**7 and first["exact"] and "FCz" in first["where"].split(", ")
    assert first["first_s"] <= 0.1 <= first["last_s"] and first["peak_t"] * first["sum_t"] > 0
    scores = clusters[clusters["of"] == "r"]
    assert (scores["side"] == "above").all() and scores["p"].min() == scores["smallest_p"].min() == 1 / 2**7
    r = found.tables["group_scores"].set_index("electrode")["r"]
    assert r.idxmax() in ("FCz", "FC1", "FC2", "Cz", "Fz") and scores["first_s"].isna().all()
    assert set(found.figures) == {"group_trf", "clusters", "group_topography", "group_scores"}
    assert "64 EEG electrodes (places of the 10-20 system)" in found.figures["group_topography"][1]
    assert "N1" in found.figures["group_trf"][1] and found.found.startswith("envelope: N1 at FCz, ")


def test_means_and_intervals_are_those_of_participants_own_weights(found, listeners):
    study, model = study_of(listeners[0]), model_of(listeners)
    fit = study.fit(study.frames(model, 0), 1, "envelope", keep_weights=True)
    own = np.mean(fit.weights, axis=0)[:, 0] / study.design.deviation  # (lags, C)
    at = np.flatnonzero(study.channels["electrode"] == "Cz")
    table = found.tables["group_trf"].query("electrode == 'Cz'")
    for lag, row in enumerate(table.itertuples()):
        interval = mean_ci(own[lag, at])
        np.testing.assert_allclose([row.mean, row.low, row.high], interval[:3], rtol=1e-5, atol=1e-9)
    curves = found.tables["group_trf_curves"]
    assert curves["place"].eq("FCz").all() and curves.groupby("lag_s")["subject"].nunique().eq(7).all()
    p = curves.drop_duplicates("lag_s").set_index("lag_s")["p"]
    fcz = found.tables["group_trf"].query("electrode == 'FCz'").set_index("lag_s")["p"]
    pd.testing.assert_series_equal(p, fcz, check_names=False)


@pytest.mark.parametrize("test", ["max_t", "none"])
def test_other_tests_and_channels_that_were_named_beforehand(listeners, test):
    data = some(listeners[0], lambda _: ["Fz", "FCz", "Cz", "Pz", "Oz"])
    asked = {**ASKED, "test": test, "channels": ["fcz", "Cz"], "peaks": None}
    result = group(study_of(data), Models(model_of(listeners)), **asked)
    assert result.tables["group_trf_peaks"]["place"].unique().tolist() == ["mean of FCz, Cz"]
    assert not any("optimistic" in w for w in result.warnings)
    if test == "none":
        return
    both = result.tables["group_trf"].query("electrode in ('FCz', 'Cz')").groupby("lag_s")["p"].max()
    mean = result.tables["group_trf_curves"].drop_duplicates("lag_s").set_index("lag_s")["p"]
    pd.testing.assert_series_equal(mean, both, check_names=False)
    rows = result.tables["group_trf_clusters"].query("of == 'weights'")
    assert (rows["p"] < 0.05).all() and any(
        "FCz" in w and a <= 0.1 <= b for w, a, b in rows[["where", "first_s", "last_s"]].to_numpy()
    )
    with pytest.raises(
        BrainalignError, match=r"analysis.channels=\['FCzz'\]: FCzz is none of the 5 sensors .* did you mean 'FCz'"
    ):
        group(study_of(data), Models(model_of(listeners)), **{**asked, "channels": ["FCzz"]})


def test_many_dimensions_are_shown_as_responses_to_principal_components(listeners):
    study, model = study_of(listeners[0], tmax=0.1), model_of(listeners, Mel(8))
    labels, loadings, share = directions("mel", study.frames(model, 0), 2)
    rows = np.vstack(list(study.frames(model, 0).values())).astype(float)
    z = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose(loadings @ loadings.T, np.corrcoef(z.T), atol=1e-8)
    assert labels == ["mel PC1", "mel PC2"] and 0.3 < share < 1
    places = shared_places(study, [])
    found = group_weights(study, model, 0, 2, places)
    assert found.features == ["mel PC1", "mel PC2", "mel strength"] and found.signed == [True, True, False]
    fit = study.fit(study.frames(model, 0), 8, "mel", keep_weights=True)
    w = (
        np.mean(fit.weights, axis=0)[2, :, 5] / study.design.deviation[5]
    )  # a lag of the first participant's sixth sensor
    np.testing.assert_allclose(found.weights[0, 0, 5, 2], w @ loadings[:, 0], rtol=1e-5)
    np.testing.assert_allclose(
        found.weights[0, 2, 5, 2], (z @ w).std(), rtol=1e-4
    )  # what the lag adds to the prediction


def test_a_second_model_is_compared_at_the_same_place(listeners):
    data = some(listeners[0], lambda _: ["Fz", "FCz", "Cz", "Pz", "Oz", "C3", "C4", "T7", "T8"])
    both = Models(model_of(listeners), partner=model_of(listeners, Intensity("intensity")))
    result = group(study_of(data), both, **ASKED)
    assert set(result.tables["group_trf"]["model"]) == {"envelope", "intensity", "envelope - intensity"}
    wide = result.tables["group_trf"].pivot_table("mean", ["electrode", "lag_s"], "model")
    np.testing.assert_allclose(wide["envelope"] - wide["intensity"], wide["envelope - intensity"], atol=1e-9)
    rows = result.tables["group_trf_peaks"]
    apart = rows[rows["model"] == "envelope - intensity"]
    assert rows["place"].nunique() == 1 and len(apart) and apart["p"].notna().all()
    points = [line for ax in result.figures["group_trf"][0].axes for line in ax.lines if line.get_marker() == "o"]
    drawn = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in points])
    latency = rows[(rows["measure"] == "latency_s") & rows["low"].notna()]["value"]  # a difference of two is no point
    np.testing.assert_allclose(drawn, 1000 * latency.to_numpy(dtype=float))
    sides = result.tables["group_trf_clusters"].query("of == 'r'").drop_duplicates("model").set_index("model")["side"]
    assert sides.get("envelope - intensity", "both") == "both" and sides["envelope"] == "above"


class TwoLayers(Envelope):
    """The envelope in one layer, noise in the other."""

    layers = (0, 1)

    def __init__(self, name, best):
        super().__init__(name)
        self.best = best

    def identity(self):
        return {**super().identity(), "best": self.best}

    def extract(self, stimuli):
        rng = np.random.default_rng(0)
        for name, found in super().extract(stimuli):
            noise = replace(found[0], values=rng.standard_normal(found[0].values.shape).astype(np.float32))
            yield name, {self.best: found[0], 1 - self.best: noise}


def test_weights_of_the_ignored_talker_are_of_the_layer_that_the_heard_model_has(listeners):
    study = study_of(some(listeners[0], lambda _: ["FCz", "Cz"]), tmax=0.14, inter_subject=True)
    heard, twin = (model_of(listeners, TwoLayers(name, best)) for name, best in (("heard", 1), ("heard ignored", 0)))
    assert study.layer_selection(twin).best_layer == 0  # what it would choose by itself
    expected = group_weights(study, twin, 1, 3, shared_places(study, [])).weights.mean(axis=0).reshape(-1)
    for layer in (None, 1):
        asked = {**ASKED, "peaks": None, "test": "none", "layer": layer, "ignored": True}
        table = group(study, Models(heard, partner=twin), **asked).tables["group_trf"]
        np.testing.assert_allclose(table.loc[table["model"] == "heard ignored", "mean"], expected)


def test_sensors_that_not_all_have_are_left_out_and_said(listeners):
    names = ["Fz", "FCz", "Cz", "Pz", "Oz", "C3", "C4", "T7", "T8"]
    notes = []
    places = shared_places(study_of(some(listeners[0], lambda p: names[: 9 - (p == 3)])), notes)
    assert places.names == [n for n in places.names if n != "T8"] and len(places.names) == 8 and places.noun == "sensor"
    assert notes == ["1 of 9 electrodes (T8) are not there in all 7 participants and are left out."]
    with pytest.raises(BrainalignError, match="no electrode is there in all 7 participants; sim01 has Fz.*, sim07 "):
        shared_places(study_of(some(listeners[0], lambda p: names[p : p + 1]), inter_subject=True), [])


def test_vertices_of_fsaverage5_have_the_neighbours_of_the_mesh_and_are_drawn_on_the_brain(listeners):
    parts = load_fsaverage("fsaverage5")["pial"].parts
    triangle = parts["left"].faces[0].tolist()
    far = int(np.linalg.norm(parts["left"].coordinates - parts["left"].coordinates[triangle[0]], axis=1).argmax())
    vertices, sides = [*triangle, far, *triangle], list("LLLLRRR")
    recordings = []
    for r in some(listeners[0], lambda _: ["FCz", "FC1", "FC2", "Pz", "Oz", "O1", "O2"]).recordings:
        table = r.channels.drop(columns="sensor").assign(vertex=vertices, hemisphere=sides, region="unknown")
        table["electrode"] = [f"{s}{v}" for s, v in zip(sides, vertices, strict=True)]
        surface = Surface({"L": 10242, "R": 10242})
        table[["x", "y", "z"]] = vertex_places(table, surface.vertices)
        recordings.append(replace(r, channels=table, geometry=surface))
    study = study_of(replace(listeners[0], recordings=recordings), tmax=0.12, inter_subject=True)
    places = shared_places(study, [])
    joined = np.zeros((7, 7), dtype=int)
    joined[:3, :3] = joined[4:, 4:] = 1 - np.eye(3)
    np.testing.assert_array_equal(places.adjacency.toarray(), joined)  # of one hemisphere alone
    both = Models(model_of(listeners), partner=model_of(listeners, Intensity("intensity")))
    result = group(study, both, **{**ASKED, "peaks": None})
    assert "r over 7 participants and 7 vertices" in str(result.summary)
    assert "7 vertices (4 left and 3 right) on the brain" in result.figures["group_topography"][1]
    figure, caption = result.figures["group_scores"]
    assert (
        "7 vertices (4 left and 3 right) on the brain" in caption
        and "Differences of models are in the table" in caption
    )
    assert [title for ax in figure.axes if (title := ax.get_title())] == ["envelope", "intensity"]


def test_electrodes_of_one_name_at_other_places_in_each_participant_have_no_place(listeners):
    apart = []
    for person, r in enumerate(some(listeners[0], lambda _: ["Fz", "Cz", "Pz"], rename=True).recordings):
        apart.append(replace(r, channels=r.channels.assign(x=-40.0 - person, y=[0.0, 9.0, 18.0], z=5.0)))
    study = study_of(replace(listeners[0], recordings=apart), tmax=0.1, inter_subject=True)
    places = shared_places(study, [])
    assert places.table[["x", "y", "z"]].isna().all(axis=None) and "no neighbours" in places.near
    result = group(study, Models(model_of(listeners)), **{**ASKED, "peaks": None, "test": "none"})
    assert not {"group_scores", "group_topography"} & set(result.figures)


def test_electrodes_of_the_brain_are_averaged_by_region_or_refused(listeners):
    names = ["Fz", "FCz", "Cz", "Pz", "Oz"]
    data = some(listeners[0], lambda p: names[: 5 - (p == 2)], ["STG", "MTG", "unknown"], rename=True)
    result = group(study_of(data), Models(model_of(listeners)), **ASKED)
    table = result.tables["group_trf"]
    assert all(t.columns.is_unique for t in result.tables.values())
    assert (
        set(table["region"]) == {"STG", "MTG"}
        and "clusters" in result.figures
        and "group_topography" not in result.figures
    )
    assert any("averaged within each region" in w for w in result.warnings)
    with pytest.raises(BrainalignError, match="without regions: name regions in the channels table"):
        shared_places(study_of(some(listeners[0], lambda _: names, ["unknown"], rename=True)), [])
    assert shared_places(study_of(data, inter_subject=True), []).noun == "electrode"


@pytest.mark.parametrize("people", [1, 2])
def test_few_participants_are_told_what_they_cannot_show(listeners, people):
    data = replace(listeners[0], recordings=listeners[0].recordings[:people])
    result = group(study_of(data, tmax=0.14), Models(model_of(listeners)), **{**ASKED, "peaks": None})
    assert result.tables["group_trf"]["low"].isna().all() and "group_trf_peaks" not in result.tables
    assert any(w.startswith(f"{count(people, 'participant')}: the TRF has no interval") for w in result.warnings)
    assert ("group_trf_clusters" in result.tables) == (people > 1)
    assert people == 1 or any("can fall below p = 0.5" in w for w in result.warnings)
    assert result.found.endswith(".") and len(result.found) > 20


def test_what_cannot_be_is_one_sentence(listeners):
    study, models = study_of(listeners[0], tmax=0.1), Models(model_of(listeners))
    with pytest.raises(BrainalignError, match="analysis.layer=7 is none of envelope's layers"):
        group(study, models, **{**ASKED, "layer": 7})
    with pytest.raises(BrainalignError, match=r"analysis.peaks.P3=\[0.3, 0.4\] holds no lag of the window, 0 to 0.1 s"):
        group(study, models, **{**ASKED, "peaks": {"P3": [0.3, 0.4]}})
    late = group(study, models, **{**ASKED, "peaks": {"P2": [0.08, 0.1]}})
    assert any("No peak is named: P2 of envelope" in w for w in late.warnings)


def smooth_noise(data, rng):
    """The data set with responses that know nothing of the stimuli; neighbours in time and among channels are alike."""
    mix = np.exp(-np.abs(np.subtract.outer(np.arange(6), np.arange(6))) / 2)

    def drawn(shape):
        return lfilter([1.0], [1.0, -0.9], rng.normal(size=shape), axis=0) @ mix

    return replace(
        data,
        recordings=[
            replace(r, presentations=[replace(p, response=drawn(p.response.shape)) for p in r.presentations])
            for r in data.recordings
        ],
    )


def test_without_a_signal_the_p_of_the_largest_cluster_is_uniform(listeners, monkeypatch):
    """Over 40 whole runs but for their pictures, each of 6 participants, 6 sensors and 6 lags; 32 flips, all of them made."""
    monkeypatch.setattr(run, "draw", lambda *_: None)
    data = some(listeners[0], lambda _: ["Fz", "FCz", "Cz", "C1", "C2", "Pz"])
    data = replace(data, recordings=data.recordings[:6])
    models, rng, n = Models(model_of(listeners)), np.random.default_rng(0), 40
    smallest: dict[str, list[float]] = {"weights": [], "r": []}
    for _ in range(n):
        result = group(study_of(smooth_noise(data, rng), tmax=0.1), models, **{**ASKED, "peaks": None})
        clusters = result.tables["group_trf_clusters"]
        for of, found in smallest.items():
            found.append(clusters.loc[clusters["of"] == of, "p"].min())  # NaN: no cluster at all
    for level in (1 / 8, 1 / 4):
        assert binomtest(int(np.sum(np.array(smallest["weights"]) <= level)), n, level).pvalue > 0.0005
        # held-out r lies a little below 0 without a signal, so that its test of one side may only be too strict
        assert np.sum(np.array(smallest["r"]) <= level) <= binom.isf(0.0005, n, level)


def test_features_of_a_model_are_one_family_and_no_neighbours():
    rng, line, rule = np.random.default_rng(0), np.eye(4, k=1) + np.eye(4, k=-1), Rule("cluster", 0.05, 1000, 0)
    maps = rng.normal(size=(6, 2, 4, 8))
    maps[:, :, 1:3, 3:5] += 1.5

    def p_of(own, features):
        return map_test(own, features, list("wxyz"), np.arange(8) / 50, line, rule, of="weights", model="m")

    both, alone = p_of(maps, ["a", "b"]), p_of(maps[:, :1], ["a"])
    assert (both.p[0] >= alone.p[0]).all() and both.p.shape == (2, 4, 8)
    assert both.table["feature"].tolist().count("a") == len(alone.table)  # a cluster never spans two features
    np.testing.assert_allclose(both.t[0], alone.t[0])


def test_a_region_is_the_mean_of_those_of_its_electrodes_that_have_weights():
    table = pd.DataFrame({"region": ["STG"]})
    places = Places(
        "region", "region", table, ["p1", "p2"], [[np.array([0, 1, 2])], [np.array([3])]], np.zeros((1, 1)), "none"
    )
    found = places.of(np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 6.0], [np.nan, np.nan]]))
    np.testing.assert_array_equal(found, [[[2.0, 4.0]], [[np.nan, np.nan]]])


def test_a_feature_that_two_models_have_in_common_is_told_of_each(found):
    result = replace(found, summary=[], metrics={}, figures={}, tables=dict(found.tables))
    peaks = found.tables["group_trf_peaks"]
    result.tables["group_trf_peaks"] = pd.concat([peaks, peaks.assign(model="other")], ignore_index=True)
    report(
        result,
        [],
        Places("electrode", "electrode", pd.DataFrame({"electrode": ["FCz"]}), list("abc"), [], None, ""),
        {},
        [],
        np.arange(3),
    )
    named = [label for label, _ in result.summary if "latency" in label]
    assert (
        len(named) == 4 and named[0].startswith("envelope envelope, N1") and named[-1].startswith("other envelope, P2")
    )
