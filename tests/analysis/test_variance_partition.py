"""Simulated sets of known unique and shared variance: the partition gives them back, and invents none."""

import numpy as np
import pandas as pd
import pytest

from brainalign.analysis.variance_partition.run import part_table, variance_partition
from brainalign.data.simulated import simulate
from brainalign.data.types import Dataset, Presentation, Recording
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, ReceptiveField, Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.joined import Band, JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.lags import lag_matrix
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study

DIMS = 4


class Given:
    """Features by hand, one layer or several."""

    unit, receptive_field, version = "frames", ReceptiveField(0.0, 0.0), 1
    placement: Placement = "hold"

    def __init__(self, name, layers, grids):
        self.name, self.frames, self.grids, self.layers = name, layers, grids, list(range(len(layers)))

    def identity(self):
        return {"kind": self.name, "sum": [float(sum(v.sum() for v in layer.values())) for layer in self.frames]}

    def describe(self):
        return self.name

    def check(self, stimulus):
        pass

    def extract(self, stimuli):
        for s in stimuli:
            times = self.grids[s.id].times
            yield s.id, {n: Rows(layer[s.id], times, times) for n, layer in enumerate(self.frames)}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Sentences with white latents u, v, w; electrodes hear u and v; from it a study and sets made of latents."""
    base = simulate(subjects=3, electrodes=10, sentences=60, repeated=0, cache_dir=tmp_path_factory.mktemp("sim"))
    probe = Study(base, 0.0, 0.02, "seconds", 50.0, [1.0], 5)
    grids = probe.responses.grids
    rng = np.random.default_rng(0)
    latent = {n: {s: rng.normal(size=(g.n, DIMS)) for s, g in grids.items()} for n in "uvwx"}

    def study(share, rule="nested", score="r2"):
        """``share``: latent -> its part of every response's variance; the rest is noise."""
        noise = np.sqrt(1 - sum(share.values()))
        recordings = []
        for r in base.recordings:
            c = len(r.channels)
            maps = {n: rng.normal(size=(DIMS, c)) for n in share}
            shown = []
            for p in r.presentations:
                y = noise * rng.normal(size=(grids[p.stimulus].n, c))
                for n, part in share.items():
                    y += np.sqrt(part) * latent[n][p.stimulus] @ (maps[n] / np.linalg.norm(maps[n], axis=0))
                shown.append(Presentation(p.stimulus, p.repeat, y, 50.0, grids[p.stimulus].times[0]))
            recordings.append(Recording(r.subject, r.channels, shown))
        data = Dataset("by hand", base.stimuli, recordings)
        return Study(
            data, 0.0, 0.02, "seconds", 50.0, np.logspace(0, 5, 6).tolist(), 5,
            arithmetic=Arithmetic("cpu", "float32"), outcome=Outcome(rule=rule, score=score),
        )  # fmt: skip

    def sets(name, *layers):
        """A representation whose layers hold the named latents."""
        frames = [{s: np.hstack([latent[n][s] for n in layer]) for s in grids} for layer in layers]
        folder = tmp_path_factory.mktemp("cache")
        return Representation(Given(name, frames, grids), base.stimuli, base.stimuli_digest, FeatureCache(folder))

    return study, sets


def means(result, over="electrodes"):
    table = result.tables["partition_regions"].query("region == 'all' and over == @over")
    return table.set_index("model")


def test_known_unique_and_shared_variance_comes_back(world):
    study, sets = world
    it = study({"u": 0.2, "v": 0.15, "w": 0.1})
    result = variance_partition(
        it, Models(sets("a", "uv"), sets("b", "vw")), sets=2, components=None, ratios=[0.01, 1, 100]
    )
    found = means(result)["mean"]
    # 30 electrodes x 6,000 frames: the standard error of a mean part is about .002, weights cost about .002
    assert found["unique a"] == pytest.approx(0.2, abs=0.02)
    assert found["unique b"] == pytest.approx(0.1, abs=0.02)
    assert found["shared a and b"] == pytest.approx(0.15, abs=0.02)
    fits, parts = result.tables["fits"], result.tables["partition"]
    r2 = {m: rows["r2"].to_numpy() for m, rows in fits.groupby("model")}
    by_hand = {
        "unique a": r2["a + b"] - r2["b"],
        "unique b": r2["a + b"] - r2["a"],
        "shared a and b": r2["a"] + r2["b"] - r2["a + b"],
    }
    for part, values in by_hand.items():
        np.testing.assert_allclose(parts.loc[parts["model"] == part, "r2"], values, atol=1e-12)
    assert result.metrics["partition/unique a/mean"] == pytest.approx(found["unique a"])
    tests = result.tables["tests"]
    assert set(tests["contrast"]) >= {"unique a - unique b", "unique a - shared a and b"}
    _, caption = result.figures["variance_partition"]
    means_of = parts.groupby(["model", "region"])["r2"].mean()
    largest, region = means_of.idxmax()
    assert f" Largest: {largest} in {region}, {means_of.max():.3f}" in caption and "all sets together" in caption
    assert {"alpha_model", "alpha_partner"} <= set(fits) and fits.query("model == 'a'")["alpha_partner"].isna().all()


def test_components_of_the_training_frames_hold_what_the_sets_hold(world):
    study, sets = world
    it = study({"u": 0.2, "v": 0.15, "w": 0.1})
    models = Models(sets("a", "uv"), sets("b", "vw"))
    found, fewer = (
        means(variance_partition(it, models, sets=2, components=n, ratios=[0.01, 1, 100]))["mean"]
        for n in (2 * DIMS, 2)
    )
    for part, truth in {"unique a": 0.2, "unique b": 0.1, "shared a and b": 0.15}.items():
        assert found[part] == pytest.approx(truth, abs=0.02)
    assert fewer.sum() < 0.8 * found.sum()  # white latents: what two of their components leave out is lost


def test_three_sets_give_seven_parts_that_sum_to_the_whole(world):
    study, sets = world
    it = study({"u": 0.15, "v": 0.15, "w": 0.15})
    models = Models(sets("a", "uv"), sets("b", "vw"), sets("c", "wu"))
    result = variance_partition(it, models, sets=3, components=None, ratios=[1.0])
    found = means(result)["mean"]
    assert len(found) == 7
    for part in found.index:
        truth = 0.15 if part in ("shared a and b", "shared b and c", "shared a and c") else 0.0
        assert found[part] == pytest.approx(truth, abs=0.02), part
    fits = result.tables["fits"]
    whole = fits.query("model == 'a + b + c'")["r2"].to_numpy()
    parts = result.tables["partition"].groupby(["subject", "electrode"], sort=False)["r2"].sum().to_numpy()
    np.testing.assert_allclose(parts, whole, atol=1e-10)
    assert set(result.tables["tests"]["contrast"]) == {
        "unique a - unique b",
        "unique a - unique c",
        "unique b - unique c",
    }


def test_sets_without_relation_share_nothing(world):
    study, sets = world
    it = study({"u": 0.2, "w": 0.1})
    result = variance_partition(
        it, Models(sets("a", "u"), sets("b", "w")), sets=2, components=None, ratios=[0.01, 1, 100]
    )
    shared = means(result).loc["shared a and b"]
    half = (shared["high"] - shared["low"]) / 2
    assert abs(shared["mean"]) < 3.3 / 1.96 * half + 0.002  # 3.3 standard errors, and the cost of the weights
    assert means(result).loc["unique a", "low"] > 0.1


def test_a_set_inside_another_has_nothing_of_its_own_and_may_be_negative(world):
    study, sets = world
    it = study({"u": 0.2, "v": 0.1})
    result = variance_partition(
        it, Models(sets("a", "uv"), sets("b", "v")), sets=2, components=None, ratios=[0.01, 1, 100]
    )
    assert abs(means(result).loc["unique b", "mean"]) < 0.005
    assert (result.tables["partition"].query("model == 'unique b'")["r2"] < 0).any()  # shown as it is
    assert means(result).loc["unique a", "mean"] == pytest.approx(0.2, abs=0.02)


def test_a_baseline_equal_to_a_model_is_said_and_a_set_that_never_varies_too(world):
    study, sets = world
    it = study({"u": 0.2, "w": 0.1})
    same = Models(sets("a", "u"), sets("b", "w"), sets("c", "u"))
    result = variance_partition(it, same, sets=3, components=None, ratios=[1.0])
    assert any("a and c are the same features" in w for w in result.warnings)
    assert abs(means(result).loc["unique a", "mean"]) < 0.005
    empty = sets("empty", "x")
    for s, rows in empty.extractor.frames[0].items():
        empty.extractor.frames[0][s] = np.ones_like(rows)
    result = variance_partition(it, Models(sets("a", "u"), empty), sets=3, components=None, ratios=[1.0])
    assert any("empty has no feature that varies" in w for w in result.warnings)
    assert any("no baseline" in w for w in result.warnings)
    assert means(result).loc["unique a", "mean"] == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("rule", ["nested", "max"])
def test_the_layer_that_predicts_best_stands_for_a_model(world, rule):
    study, sets = world
    it = study({"u": 0.2, "w": 0.1}, rule=rule, score="r2_pearson" if rule == "max" else "r2")
    deep = sets("deep", "x", "u", "v")
    assert [it.best_layer(deep, f) for f in range(5)] == [1] * 5
    result = variance_partition(it, Models(deep, sets("b", "w")), sets=2, components=None, ratios=[1.0])
    assert means(result).loc["unique deep", "mean"] == pytest.approx(0.2, abs=0.02)
    assert ("r2_pearson" in result.tables["partition"]) == (rule == "max")


def test_parts_are_normalised_where_the_ceiling_allows_it():
    channels = pd.DataFrame({"subject": "s", "electrode": ["e1", "e2", "e3"], "region": "STG"})
    ceilings = channels[["subject", "electrode"]].assign(ceiling=[0.4, 0.5, np.nan], ceiling_low=[0.2, 0.04, np.nan])
    values, labels = {"unique a": np.array([0.1, 0.2, 0.3])}, {"unique a": (0,)}
    table = part_table(channels, values, labels, "r2", ceilings.sample(frac=1, random_state=0), 0.05)
    np.testing.assert_allclose(table["r2_normalized"], [0.25, np.nan, np.nan])
    assert "r2_normalized" not in part_table(channels, values, labels, "r2", None, 0.05)


def bands(*members, ratios=(1.0,), **windows):
    return JoinedRepresentation([Band(m, *windows.get(m.name, (None, None))) for m in members], "joined", list(ratios))


def test_a_joined_model_of_one_ratio_is_ridge_on_all_its_columns(world):
    study, sets = world
    it, a, b = study({"u": 0.2, "v": 0.1}), sets("a", "u"), sets("b", "v")
    joined = it.layer_selection(bands(a, b)).nested[0]
    columns = {s: np.hstack([it.frames(a, 0)[s], it.frames(b, 0)[s]]) for s in it.frames(a, 0)}
    np.testing.assert_allclose(joined.r2, it.fit(columns, 2 * DIMS, "both").r2, atol=1e-6)
    assert over_folds(joined.r2).mean() == pytest.approx(0.3, abs=0.02)


def test_a_weak_band_pays_for_no_strong_one(world):
    study, sets = world
    it = study({"u": 0.3})
    strong, wide = sets("a", "u"), sets("noise", "vwx")
    one, each = (
        over_folds(it.layer_selection(bands(strong, wide, ratios=r)).nested[0].r2).mean()
        for r in ([1.0], [1.0, 1e3, 1e6])
    )
    alone = over_folds(it.layer_selection(strong).nested[0].r2).mean()
    assert one < each <= alone + 1e-3


def test_a_band_of_its_own_window_is_fitted_on_its_own_lags(world):
    study, sets = world
    it, a, b = study({"u": 0.2, "v": 0.1}), sets("a", "u"), sets("b", "v")
    found = it.layer_selection(bands(a, b, b=(0.0, 0.0))).nested[0]
    lagged = {
        s: np.hstack([lag_matrix(it.frames(a, 0)[s], it.lags), it.frames(b, 0)[s]]).astype(np.float32)
        for s in it.frames(a, 0)
    }
    by_hand = it.fit(lagged, (len(it.lags) + 1) * DIMS, "by hand", lags=np.array([0]))
    np.testing.assert_allclose(found.r2, by_hand.r2, atol=1e-6)
    with pytest.raises(BrainalignError, match="model.of.b: its window from 0 to 0.4 reaches beyond the run's"):
        it.layer_selection(bands(a, b, b=(0.0, 0.4)))


def test_a_joined_model_is_partitioned_as_its_bands_are_as_model_partner_and_baseline(world):
    study, sets = world
    it = study({"u": 0.15, "v": 0.15, "w": 0.15})
    a, b, c = sets("a", "uv"), sets("b", "vw"), sets("c", "wu")
    apart = variance_partition(it, Models(a, b, c), sets=3, components=None, ratios=[1.0, 10.0])
    found = variance_partition(it, Models(bands(a, b, c)), sets=3, components=None, ratios=[1.0, 10.0])
    pd.testing.assert_frame_equal(found.tables["partition"], apart.tables["partition"])


def test_of_four_sets_shapley_values_sum_to_the_whole_and_what_is_shared_is_divided_evenly(world):
    study, sets = world
    it = study({"u": 0.2, "v": 0.1, "w": 0.1})
    four = bands(sets("a", "u"), sets("b", "uv"), sets("c", "w"), sets("d", "x"))
    result = variance_partition(it, Models(four), sets=3, components=None, ratios=[1.0])
    found = means(result)["mean"]
    truth = {
        "Shapley a": 0.1,
        "Shapley b": 0.2,
        "Shapley c": 0.1,
        "Shapley d": 0,
        "unique a": 0,
        "unique b": 0.1,
        "unique c": 0.1,
    }
    for part, value in truth.items():
        assert found[part] == pytest.approx(value, abs=0.02), part
    table, fits = result.tables["partition"], result.tables["fits"]
    whole = fits.query("model == 'a + b + c + d'")["r2"].to_numpy()
    shares = table[table["model"].str.startswith("Shapley")].groupby(["subject", "electrode"], sort=False)["r2"].sum()
    np.testing.assert_allclose(shares.to_numpy(), whole, atol=1e-10)
    assert len(fits) == 15 * len(it.channels) and "alpha_d" in fits
    legend = [text.get_text() for text in result.figures["variance_partition"][0].legends[0].get_texts()]
    assert "Shapley a" in legend
    with pytest.raises(BrainalignError, match="all combinations of 4 sets .* fits in each fold; .* give 6 ratio"):
        variance_partition(it, Models(four), sets=3, components=None, ratios=np.logspace(-9, 9, 18).tolist())
