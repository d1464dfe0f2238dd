"""analysis=decoding on planted listeners: what drives channels is read from them, segments are told, and noise is at chance."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from brainalign.analysis.decoding.contest import Segment, cut, tell
from brainalign.analysis.decoding.run import decoding
from brainalign.analysis.decoding.targets import Targets
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.encoding import DecodingTRF
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.packing import unpack
from brainalign.errors import BrainalignError
from brainalign.features.base import ReceptiveField, Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study

RATE, DELAY = 50.0, 5
ASKED = {"components": None, "segment": 1.0, "rival": "mismatch"}


class Stream:
    """White features of two layers; the second of the stream called ``heard`` drives the channels."""

    unit, placement, version, receptive_field = "frames", "hold", 1, ReceptiveField(0.01, 0)

    def __init__(self, name="heard", dims=2, layers=(0, 1)):
        self.name, self.dims, self.layers = name, dims, layers

    def values(self, stimulus, layer):
        grid = FrameGrid.speech(stimulus.duration)
        rng = np.random.default_rng([int(stimulus.id[1:]), layer, len(self.name)])
        return grid, rng.normal(size=(len(grid.times), self.dims)).astype(np.float32)

    def identity(self):
        return {"kind": self.name, "dims": self.dims, "layers": list(self.layers)}

    def describe(self):
        return "white noise"

    def check(self, stimulus):
        pass

    def extract(self, stimuli):
        for s in stimuli:
            found = {n: self.values(s, n) for n in self.layers}
            yield s.id, {n: Rows(v, g.times - 0.01, g.times + 0.01) for n, (g, v) in found.items()}


def planted(tmp_path, signal=1.0, people=3, broken=False, window=0.14):
    stimuli = {f"s{i}": Stimulus(f"s{i}", 8.0) for i in range(8)}
    stream, recordings = Stream(), []
    for person in range(people):
        rng = np.random.default_rng(person)
        mix = rng.normal(size=(2, 6))
        presentations = []
        for s in stimuli.values():
            grid, x = stream.values(s, 1)
            y = rng.normal(size=(len(x), 6))
            y[DELAY:, :5] += signal * (x[:-DELAY] @ mix)[:, :5]  # the last channel hears nothing
            if broken:
                y[20:25, 0] = np.nan  # for a moment
                y[:300, 5] = np.nan  # mostly
            presentations.append(Presentation(s.id, 0, y, RATE, grid.times[0]))
        channels = pd.DataFrame(
            {
                "subject": f"p{person}", "electrode": [f"e{i}" for i in range(6)], "region": "all", "hemisphere": "L",
                "x": -50.0, "y": 0.0, "z": np.arange(6.0),
            }
        )  # fmt: skip
        recordings.append(Recording(f"p{person}", channels, presentations))
    data = Dataset("planted", stimuli, recordings)
    study = Study(
        data, tmin=0.0, tmax=window, lag_unit="seconds", rate=RATE, alphas=[1.0, 100.0, 1e4], outer_folds=4,
        outcome=Outcome(permutations=99),
    )  # fmt: skip

    def model(*given):
        return Representation(Stream(*given), stimuli, "planted", FeatureCache(tmp_path))

    return study, model


def test_the_layer_that_drives_the_channels_is_read_and_its_segments_are_told(tmp_path):
    study, model = planted(tmp_path)
    result = decoding(study, Models(model()), **ASKED)
    table = result.tables["decoding_participants"].set_index(["layer", "subject"])
    assert (table.loc[1, "r"] > 0.7).all() and (table.loc[0, "r"].abs() < 0.1).all()
    assert len(result.tables["decoding"]) == 2 * 3 * 2 and (result.tables["decoding"]["n_channels"] == 6).all()
    told = result.tables["match_mismatch"].set_index(["layer", "subject"])
    assert (told["n"] == 8 * 7).all()  # 399 frames are seven segments of 50
    assert (told.loc[1, "accuracy"] > 0.95).all() and (told.loc[1, "p"] == 0.01).all()
    assert told.loc[0, "right"].between(*binom.ppf([0.0005, 0.9995], 56, 0.5)).all()
    assert (
        set(result.figures) == {"decoding", "match_mismatch", "pattern"}
        and "chance (0.5)" in result.figures["match_mismatch"][1]
    )
    assert result.metrics["heard/r/mean"] == pytest.approx(table.loc[1, "r"].mean())
    assert [n for n, _ in result.metrics["heard/layer/r/mean"]] == [0, 1]
    pattern = result.tables["decoding_patterns"].query("layer == 1").groupby(["electrode", "lag_s"])["pattern"].mean()
    assert pattern["e0"].idxmax() == pytest.approx(DELAY / RATE)  # at the planted delay after the feature
    assert pattern["e5"].max() < 0.2 * pattern["e0"].max()


def test_the_nested_score_of_a_fold_is_that_of_a_decoder_which_has_not_seen_it(tmp_path):
    study, model = planted(tmp_path, people=1)
    study = replace(study, alphas=[100.0])
    found = decoding(study, Models(model()), **ASKED).tables["decoding"].query("layer == 1")["r"].to_numpy()
    frames, brain = study.frames(model(), 1), dict(zip(study.stimuli, study.responses.values, strict=True))
    scores = []
    for fold in study.split.folds:
        test = [s for s, a in zip(study.stimuli, study.split.segments, strict=True) if a[0] in fold.test]
        train = [s for s in study.stimuli if s not in test]
        rows = np.vstack([brain[s] for s in train])
        z = {s: (v - rows.mean(axis=0)) / rows.std(axis=0) for s, v in brain.items()}
        trf = DecodingTRF(tmax=0.14, rate=RATE, alphas=100.0, dtype="float64").fit(
            [z[s] for s in train], [frames[s] for s in train]
        )
        scores.append(trf.score([z[s] for s in test], [frames[s] for s in test], metric="r"))
    np.testing.assert_allclose(found, np.mean(scores, axis=0), atol=1e-4)


def test_a_channel_that_is_mostly_missing_is_left_out_and_a_moment_costs_its_windows(tmp_path):
    study, model = planted(tmp_path, broken=True)
    result = decoding(study, Models(model()), **ASKED)
    table = result.tables["decoding"]
    assert (table["n_channels"] == 5).all() and set(table["n_frames"]) == {8 * (399 - 5 - 7)}
    assert sum("1 of 6 channels are missing in more than 10%" in w for w in result.warnings) == 3


def test_attention_tells_the_stream_that_was_followed(tmp_path):
    study, model = planted(tmp_path)
    both = Models(model(), partner=model("ignored"))
    told = decoding(study, both, **{**ASKED, "rival": "partner"}).tables["attention"].set_index(["layer", "subject"])
    assert (told.loc[1, "accuracy"] > 0.95).all() and (told.loc[1, "p"] == 0.01).all()
    assert told.loc[0, "right"].between(*binom.ppf([0.0005, 0.9995], 56, 0.5)).all()
    with pytest.raises(BrainalignError, match="model@partner, which is not set"):
        decoding(study, Models(model()), **{**ASKED, "rival": "partner"})
    with pytest.raises(BrainalignError, match="have 3 dimensions in place of 2"):
        decoding(study, Models(model(), partner=model("ignored", 3)), **{**ASKED, "rival": "partner"})


def test_a_layer_is_held_against_the_same_layer_of_the_ignored_stream_or_its_only_one(tmp_path):
    study, model = planted(tmp_path, signal=0.1, people=1)
    asked = {**ASKED, "rival": "partner"}
    both = decoding(study, Models(model(), partner=model("ignored")), **asked).tables["attention"]
    for layer in (0, 1):
        alone = decoding(study, Models(model(), partner=model("ignored", 2, (layer,))), **asked).tables["attention"]
        pair = [t[t["layer"] == layer]["right"].tolist() for t in (both, alone)]
        assert pair[0] == pair[1]
    with pytest.raises(BrainalignError, match="layer 0 against the same layer of ignored, which has"):
        decoding(study, Models(model(), partner=model("ignored", 2, (1, 2))), **asked)


class Keeps(FitStore):
    """Every fit is kept, however short."""

    def worth(self, tensors, seconds):
        return True


class Reads(FitStore):
    """Nothing is fitted."""

    def fit(self, key, name, make):
        found = self.read(key)
        assert found is not None, name
        return unpack(found[0])


def test_a_second_run_reads_the_backward_models_of_the_first(tmp_path):
    study, model = planted(tmp_path, people=1)
    study.store = Keeps(tmp_path)
    first = decoding(study, Models(model()), **ASKED).tables
    assert len(list((tmp_path / "fits").glob("*.safetensors"))) == 2  # one for each layer
    study, model = planted(tmp_path, people=1)
    study.store = Reads(tmp_path)
    for name, table in decoding(study, Models(model()), **ASKED).tables.items():
        pd.testing.assert_frame_equal(table, first[name])
    other, model = planted(tmp_path, people=1, window=0.12)
    other.store = Reads(tmp_path)
    with pytest.raises(AssertionError, match="channels of p0"):
        decoding(other, Models(model()), **ASKED)


def test_components_stand_for_many_dimensions_and_span_the_most_variance():
    rng = np.random.default_rng(0)
    frames = {s: rng.normal(size=(300, 2)) @ rng.normal(size=(2, 12)) * np.arange(1, 13) + 7 for s in "ab"}
    frames = {s: v + 1e-3 * rng.normal(size=v.shape) for s, v in frames.items()}
    found = Targets.of(frames, 4)(frames)
    rows = np.vstack([found[s] for s in "ab"])
    cov = np.cov(rows.T)
    np.testing.assert_allclose(cov, np.diag(np.diag(cov)), atol=1e-9 * cov.max())
    assert (np.diff(np.diag(cov)) < 0).all()
    few = {s: v[:, :3] for s, v in frames.items()}
    assert np.array_equal(Targets.of(few, 4)(few)["a"], few["a"])


def test_segments_of_noise_are_at_chance_with_exact_intervals_and_uniform_p():
    """Of 150 listeners, each of 40 segments of smooth noise that knows nothing: neither accuracy nor p leans anywhere."""
    rng, right, small = np.random.default_rng(0), 0, 0
    for seed in range(150):
        heard = {"a": np.cumsum(rng.normal(size=(400, 1)), axis=0)}
        said = np.cumsum(rng.normal(size=(400, 1)), axis=0)
        found = tell([cut("a", said, np.ones(400, dtype=bool), 10)], heard, None, draws=99, seed=seed)
        right, small = right + found.right, small + (found.p <= 0.05)
        assert found.n == 40 and found.low <= found.accuracy <= found.high
    assert abs(right / (150 * 40) - 0.5) < 0.03
    assert small <= binom.ppf(0.999, 150, 0.05)


def test_silence_cannot_be_told_and_is_counted():
    heard = {"a": np.r_[np.zeros(20), np.random.default_rng(0).normal(size=60)][:, None]}
    pieces = cut("a", heard["a"] + np.random.default_rng(1).normal(size=(80, 1)), np.ones(80, dtype=bool), 20)
    found = tell([pieces], heard, None, draws=0, seed=0)
    assert (found.n, found.left_out) == (2, 2) and np.isnan(found.p)  # its own, and that of which it is the rival
    assert tell([[Segment("a", 0, np.zeros((5, 1)))]], heard, None, draws=9, seed=0).n == 0
