"""Geometry: nulls are uniform, standard errors cover, ceilings bracket a planted truth, and slow drift within stimuli does not count."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit
from scipy.stats import binomtest, kstest

from brainalign.analysis.geometry.brain import patterns_of
from brainalign.analysis.geometry.ceiling import between_participants
from brainalign.analysis.geometry.control import residuals
from brainalign.analysis.geometry.inference import HALVES, balanced, null, shuffled, standard_errors
from brainalign.analysis.geometry.measures import Settings, Side, similarities
from brainalign.analysis.geometry.rows import response_rows, row_set, standardised
from brainalign.analysis.geometry.run import geometry
from brainalign.data.simulated import simulate
from brainalign.encoding.fit_store import FitStore
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Envelope, Mel
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.words.timed import WordRate
from brainalign.similarity import cka, mutual_knn, rsa
from brainalign.similarity._relation import inner, permuted, relation
from brainalign.study.roles import Models
from brainalign.study.study import Study

GROUPS = np.repeat(np.arange(20), 5)


def smooth(rng, groups, dims, ar=0.9):
    """Rows that are autocorrelated within each group, and independent between groups."""
    out = rng.normal(size=(len(groups), dims))
    for t in range(1, len(groups)):
        if groups[t] == groups[t - 1]:
            out[t] = ar * out[t - 1] + np.sqrt(1 - ar**2) * out[t]
    return out


def side(values, name="a"):
    return Side(name, [0], lambda _: values)


def test_relations_of_single_rows_are_the_measures_of_the_library():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6))
    y = x[:, :4] + rng.normal(size=(60, 4))
    alone = np.arange(60)
    for measure, expected in (("cka", cka(x, y)), ("rsa", rsa(x, y)), ("knn", mutual_knn(x, y))):
        a, b = (relation(rows, measure, groups=alone)[None] for rows in (x, y))
        assert inner(a, b)[0, 0] == pytest.approx(expected, abs=2e-6)
        order = rng.permutation(60)
        moved = relation(y[order], measure, groups=alone)
        np.testing.assert_allclose(permuted(b, order)[0], moved, atol=1e-7)


@pytest.mark.parametrize("measure", ["cka", "rsa"])
def test_what_is_slow_within_stimuli_does_not_count(measure):
    """Two unrelated representations with an offset of their own in each of few stimuli: by rows alike, between stimuli not."""
    found, rows = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = (np.repeat(rng.normal(size=(20, 8)), 5, axis=0) + 0.3 * rng.normal(size=(100, 8)) for _ in range(2))
        a, b = (relation(v, measure, groups=GROUPS, metric="euclidean")[None] for v in (x, y))
        found.append(inner(a, b)[0, 0])
        rows.append(cka(x, y) if measure == "cka" else rsa(x, y, metric="euclidean"))
    assert np.mean(rows) > 4 * np.std(rows) / np.sqrt(60)
    assert abs(np.mean(found)) < 3.3 * np.std(found) / np.sqrt(60)


UNEQUAL = np.repeat(np.arange(20), np.random.default_rng(0).integers(4, 8, 20))


@pytest.mark.parametrize("measure", ["cka", "rsa", "knn"])
def test_p_is_uniform_for_unrelated_autocorrelated_rows(measure):
    rows, p = balanced(UNEQUAL), []
    groups = UNEQUAL[rows]
    for seed in range(150):
        rng = np.random.default_rng([seed, 7])
        drawn = (smooth(rng, groups, 5) for _ in range(2))
        a, b = (relation(x, measure, groups=groups, metric="euclidean", k=3)[None] for x in drawn)
        jitter = rng.uniform(-0.5, 0.5) / 60  # p lies on a grid of 1 / 60
        p.append(null(a, b, groups, Settings(draws=59, seed=seed)).p[0, 0] - 1 / 120 + jitter)
    assert kstest(p, "uniform").pvalue > 0.001


def test_a_planted_relation_is_found_by_the_null():
    rng = np.random.default_rng(1)
    x = smooth(rng, GROUPS, 5)
    a, b = (relation(v, "cka", groups=GROUPS)[None] for v in (x, x + rng.normal(size=(100, 5))))
    assert null(a, b, GROUPS, Settings(draws=99)).p[0, 0] == 0.01


def test_a_shuffle_puts_whole_stimuli_in_the_place_of_others():
    rows = balanced(UNEQUAL)
    groups = UNEQUAL[rows]
    assert len(set(np.bincount(groups)) - {0}) == 1 and len(np.unique(groups)) >= 10
    order = shuffled(groups, np.random.default_rng(0))
    assert sorted(order) == list(range(len(rows)))
    m = np.bincount(groups).max()
    assert (order % m == np.arange(len(rows)) % m).all()  # each row keeps its place within the stimulus


@pytest.mark.parametrize("measure", ["cka", "rsa"])
def test_standard_errors_cover(measure):
    """t intervals from halves of the stimuli hold the value of very many stimuli about as often as they say."""
    settings = Settings(measures=(measure,), metric="euclidean", compare="pearson", most=100)
    mixing = np.random.default_rng(0).normal(size=(4, 4))

    def draw(rng, stimuli):
        common = np.repeat(rng.normal(size=(stimuli, 4)), 5, axis=0)
        return [common @ m + 0.7 * rng.normal(size=(5 * stimuli, 4)) for m in (np.eye(4), mixing)]

    def value(x, y, groups):
        return similarities(side(x), side(y), groups, np.arange(len(x)), settings)[measure][0, 0]

    truth = np.mean([value(*draw(np.random.default_rng([s, 1]), 160), np.repeat(np.arange(160), 5)) for s in range(12)])
    t, hits = stdtrit(HALVES - 1, 0.975), 0
    for seed in range(80):
        x, y = draw(np.random.default_rng([seed, 2]), 20)
        se = standard_errors(side(x), side(y), GROUPS, np.arange(100), settings, {measure: (0, 0)})[measure]
        hits += abs(value(x, y, GROUPS) - truth) <= t * se
    assert binomtest(hits, 80, 0.95).pvalue > 0.001, hits


@pytest.mark.parametrize("measure", ["cka", "rsa"])
def test_ceilings_of_participants_bracket_the_planted_geometry(measure):
    """Participants are a common geometry and noise: their mean likeness to the truth lies between the bounds (Nili et al. 2014)."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=(100, 6))
        people = [truth @ rng.normal(size=(6, 30)) + 2 * rng.normal(size=(100, 30)) for _ in range(6)]
        make = lambda v: relation(v, measure, groups=GROUPS, metric="euclidean")  # noqa: E731
        upper, lower = between_participants([make(p) for p in people], measure)
        found = np.mean([(make(truth) * make(p)).sum() for p in people])
        assert lower.mean() <= found + 0.03 and found <= upper.mean() + 1e-9, seed
        assert lower.mean() < upper.mean()


def test_controls_are_taken_out_on_other_stimuli():
    rng = np.random.default_rng(3)
    controls = rng.normal(size=(100, 3))
    planted = controls @ rng.normal(size=(3, 5))
    assert np.abs(residuals(planted, controls, GROUPS)).max() < 1e-10
    free = rng.normal(size=(100, 5))
    assert residuals(free + 10 * planted, controls, GROUPS).std() < 1.3
    with pytest.raises(BrainalignError, match="40 regressors for 100 rows"):
        residuals(free, rng.normal(size=(100, 40)), GROUPS)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    return simulate(
        subjects=3, electrodes=30, sentences=20, repeated=20, repeats=2, silent_fraction=0, cache_dir=folder
    ), folder


def study(data, **changes):
    return Study(data, 0.0, 0.1, "seconds", 50.0, [1.0], 3, **changes)


def represent(world, extractor):
    data, folder = world
    return Representation(extractor, data.stimuli, data.stimuli_digest, FeatureCache(folder))


def test_responses_are_averaged_over_the_window_after_each_row(world):
    it = study(world[0])
    rows = row_set(it, [represent(world, Mel())], "words", 0.2)
    found = response_rows(it, np.array([4, 0]), rows)
    place = 17
    stimulus, time = rows.table.loc[place, ["stimulus", "time"]]
    grid = it.responses.grids[stimulus]
    frames = [k for k in range(grid.n) if time - 1e-6 <= grid.times[k]][: len(it.lags)]
    heard = [v for s, v in zip(it.stimuli, it.responses.values, strict=True) if s == stimulus]
    np.testing.assert_allclose(found[place], np.mean(heard, axis=0)[frames][:, [4, 0]].mean(axis=0))
    halves = [response_rows(it, np.array([4, 0]), rows, half) for half in (0, 1)]
    np.testing.assert_allclose(np.mean(halves, axis=0), found)


def test_no_result_hangs_on_the_unit_of_an_electrode(world):
    values = np.random.default_rng(0).normal(size=(50, 4)) + 3
    np.testing.assert_allclose(standardised(values * [1e-15, 1, 1e6, 1e15]), standardised(values), rtol=1e-7)
    assert standardised(np.c_[values, np.full(50, 0.1)]).shape == (50, 4)


def test_cross_validated_distances_where_everything_was_repeated(world):
    it = study(world[0])
    rows = row_set(it, [represent(world, Mel())], "words", 0.2)
    patterns, notes = patterns_of(it, rows, np.arange(len(rows)), 5, "all electrodes")
    assert not [n for n in notes if "left out of the geometry" in n]
    assert all(p.crossed for p in patterns)
    assert {p.region for p in patterns} >= {"all electrodes"}
    assert all((p.values**2).mean() == pytest.approx(1) for p in patterns)


def test_a_run_that_was_cut_short_goes_on_from_its_finished_pieces(world, tmp_path, monkeypatch):
    """The second pair of models is cut off: the first one is not compared again, and the end is as if nothing had happened."""
    from brainalign.analysis.geometry import run as module

    monkeypatch.setattr(FitStore, "worth", lambda self, tensors, seconds: True)
    models = Models(represent(world, Mel()), represent(world, Envelope()), represent(world, WordRate()))
    options = {"rows": "frames", "spacing": 0.2, "control": False, "electrodes": 31, "draws": 29, "most": 150}
    compare, done = module._pair, []

    def cut(a, b, *rest):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append((a.name, b.name))
        return compare(a, b, *rest)

    monkeypatch.setattr(module, "_pair", cut)
    with pytest.raises(KeyboardInterrupt):
        geometry(study(world[0], store=FitStore(tmp_path)), models, measures=["cka"], **options)
    again = []
    monkeypatch.setattr(module, "_pair", lambda a, b, *rest: again.append((a.name, b.name)) or compare(a, b, *rest))
    found = geometry(study(world[0], store=FitStore(tmp_path)), models, measures=["cka"], **options)
    assert done == [("mel", "envelope")] and again == [("mel", "word_rate"), ("envelope", "word_rate")]
    whole = geometry(study(world[0]), models, measures=["cka"], **options)
    for table in ("geometry", "geometry_pairs"):
        pd.testing.assert_frame_equal(found.tables[table], whole.tables[table], check_exact=True)


def test_the_analysis_says_what_it_found(world):
    it = study(world[0])
    models = Models(represent(world, Mel()), baseline=represent(world, WordRate()))
    options = {
        "rows": "frames",
        "spacing": 0.2,
        "control": False,
        "electrodes": 5,
        "draws": 59,
        "most": 200,
        "metric": "euclidean",
    }
    found = geometry(it, models, measures=["cka", "rsa", "procrustes", "knn"], **options)
    pairs, regions = found.tables["geometry_pairs"], found.tables["geometry_regions"]
    assert set(pairs["measure"]) == {"cka", "rsa", "procrustes", "knn"} and len(pairs) == 4
    mine = regions[
        (regions["model"] == "mel") & (regions["region"] == "all electrodes") & (regions["measure"] == "cka")
    ]
    assert (
        len(mine) == 3 and (mine["value"] > 0.05).all() and (mine["random"].abs() < 0.05).all()
    )  # A1 follows the spectrogram
    tests = found.tables["tests"]
    own = tests[
        (tests["contrast"] == "mel with the responses")
        & (tests["region"] == "all electrodes")
        & (tests["score"] == "geometry/cka")
    ]
    assert own["p"].item() == pytest.approx(1 / 60)
    assert own["family_size"].item() == 2 * regions["region"].nunique()
    ceilings = found.tables["geometry_ceilings"]
    assert (ceilings["lower"] <= ceilings["upper"]).all() and ceilings["ceiling"].notna().any()
    assert {"geometry_layers", "geometry_map", "geometry_regions_cka"} <= set(found.figures)
    lines = dict(found.summary)
    assert "mel and word_rate come to a debiased CKA of" in found.found
    assert (
        "mel and the responses in all electrodes to a debiased CKA of" in found.found
        and "ceiling by repeats" in found.found
    )
    assert "layers 0 and 0" in lines["mel x word_rate: debiased CKA"]
    controlled = geometry(
        it, Models(models.model, baseline=models.baseline), measures=["cka"], **(options | {"control": True})
    )
    assert set(controlled.tables["geometry_regions"]["model"]) == {"mel"}
    assert any("regressed out" in w for w in controlled.warnings)


def test_few_electrodes_are_said_and_the_rest_goes_on(world):
    it = study(world[0])
    options = {"rows": "frames", "spacing": 0.2, "control": False, "draws": 19, "most": 100, "metric": "euclidean"}
    found = geometry(it, Models(represent(world, Mel())), measures=["cka"], electrodes=29, **options)
    assert any("too few electrodes" in w and "sim01" in w for w in found.warnings)
    assert set(found.tables["geometry_regions"]["region"]) == {"all electrodes"}
    alone = geometry(it, Models(represent(world, Mel())), measures=["cka"], electrodes=31, **options)
    assert "geometry_regions" not in alone.tables and any("No region" in w for w in alone.warnings)


class Flat(Mel):
    """Says the same of all sound."""

    def values(self, samples, centres):
        return np.full_like(super().values(samples, centres), 0.3)


def test_a_constant_model_is_said_and_the_rest_goes_on(world):
    it = study(world[0])
    options = {"rows": "frames", "spacing": 0.2, "control": False, "draws": 19, "most": 100, "electrodes": 31}
    flat = represent(world, Flat(name="flat"))
    found = geometry(
        it, Models(represent(world, Mel()), flat, represent(world, Envelope())), measures=["cka", "rsa"], **options
    )
    assert any("flat is the same in all" in w and "layer(s) 0; left out" in w for w in found.warnings)
    assert set(found.tables["geometry"]["model_a"]) == {"mel", "envelope"}
    assert set(found.tables["geometry_pairs"]["model_b"]) == {"envelope"}
    with pytest.raises(BrainalignError, match="flat is the same in all .* nothing to compare"):
        geometry(it, Models(flat), measures=["cka"], **options)


class OnlyWords(Mel):
    """Has a row in words alone, as a model of a text has."""

    unit = "words"


def test_a_partner_without_rows_on_these_data_is_said_and_the_rest_goes_on(world, tmp_path):
    data, _ = world
    mute = {k: replace(s, words=s.words[:0]) for k, s in data.stimuli.items()}
    silent = replace(data, stimuli=mute)
    options = {"spacing": 0.2, "control": False, "draws": 19, "most": 100, "electrodes": 31}
    mel, envelope, text = (represent((silent, tmp_path), e) for e in (Mel(), Envelope(), OnlyWords(name="text")))
    found = geometry(study(silent), Models(mel, text, envelope), measures=["cka"], rows="auto", **options)
    (said,) = (w for w in found.warnings if "text is left out" in w)
    assert "0 stimuli with words" in said and said.cannot == "how text compares, as these data do not allow it"
    assert set(found.tables["geometry_pairs"]["model_b"]) == {"envelope"}
    alone = geometry(study(silent), Models(mel, text), measures=["cka"], rows="auto", **options)
    assert set(alone.tables["geometry"]["model_a"]) == {"mel"} and alone.tables["geometry_pairs"].empty


def test_few_stimuli_are_refused(tmp_path):
    data = simulate(subjects=1, electrodes=6, sentences=8, repeated=0, cache_dir=tmp_path)
    with pytest.raises(BrainalignError, match="8 stimuli with frames; at least 10"):
        geometry(
            study(data),
            Models(represent((data, tmp_path), Mel())),
            measures=["cka"],
            rows="frames",
            spacing=0.2,
            control=False,
            electrodes=5,
        )


@pytest.mark.parametrize("repeated", [1, 2])
def test_one_or_two_repeated_stimuli_give_no_ceiling_and_no_end(repeated, tmp_path):
    """As in the common design of a single repeated test story: the rest goes on, and a sentence says why."""
    data = simulate(
        subjects=2, electrodes=6, sentences=12, repeated=repeated, repeats=2, silent_fraction=0, cache_dir=tmp_path
    )
    result = geometry(
        study(data),
        Models(represent((data, tmp_path), Envelope())),
        measures=["cka", "rsa", "knn"],
        rows="frames",
        spacing=0.1,
        control=False,
        electrodes=2,
        draws=19,
    )
    assert result.tables["geometry_ceilings"]["split_half"].isna().all()
    assert result.tables["geometry_regions"]["value"].notna().all()
    (why,) = (w for w in result.warnings if "need 3 repeated stimuli" in w)
    assert why.count(f" {repeated}") == 2  # of each participant
