"""Controls on cortices of known truth: what word rate drives it reaches, equal weights reach all, leaks are seen and named."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from brainalign.analysis.controls.kinds import FEATURES
from brainalign.analysis.controls.run import controls
from brainalign.analysis.controls.table import limitations, share_of
from brainalign.data.simulated import simulate
from brainalign.data.types import Presentation
from brainalign.errors import BrainalignError
from brainalign.features.cache import FeatureCache
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.model import LanguageModel
from brainalign.features.representation import Representation
from brainalign.features.words.controls import Oasm, ShuffledWords
from brainalign.features.words.timed import ALONE, WordRate, word_rows
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study

RATE, REST = "word_rate", "rest"


class Onsets:
    """A model of two dimensions: an impulse at each word, and one of a random height that says which word it is."""

    unit, placement, receptive_field, layers, version = "words", "impulse", ALONE, (0,), 1
    name = "onsets"

    def identity(self):
        return {"kind": "test onsets"}

    def describe(self):
        return "onsets and heights"

    def check(self, stimulus):
        pass

    def extract(self, stimuli):
        for s in stimuli:
            heights = [np.random.default_rng(list(str(w).encode())).normal() for w in s.words["word"]]
            yield s.id, {0: word_rows(s, np.column_stack([np.ones(len(heights)), heights]))}


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("controls")
    return simulate(subjects=6, electrodes=5, sentences=24, repeated=4, repeats=3, cache_dir=folder), folder


def represent(extractor, heard):
    data, folder = heard
    return Representation(extractor, data.stimuli, data.stimuli_digest, FeatureCache(folder))


def study(data, **changes):
    return Study(
        data,
        0.0,
        0.1,
        "seconds",
        50.0,
        [10.0, 1000.0, 100_000.0],
        3,
        outcome=Outcome(permutations=0, draws=100),
        **changes,
    )


def driven_by(heard, dimension, share=0.5, ar=0.0, model=None):
    """The data set with responses that one dimension of Onsets (or of another model's first layer) drives, in white or slow noise."""
    data, _ = heard
    grids = study(data).responses.grids
    model = model or represent(Onsets(), heard)
    rows = model.features(model.layers[0], grids).values
    rng = np.random.default_rng(0)
    kernel = np.array([0.2, 1.0, 0.8, 0.4, 0.1])
    spread = np.concatenate([np.convolve(v[:, dimension], kernel)[: len(v)] for v in rows.values()]).std()
    recordings = []
    for recording in data.recordings:
        weights, made = rng.uniform(0.8, 1.2, len(recording.channels)), []
        for p in recording.presentations:
            n = grids[p.stimulus].n
            signal = np.convolve(rows[p.stimulus][:, dimension], kernel)[:n] / spread
            noise = rng.normal(size=(n, len(weights)))
            for t in range(1, n):
                noise[t] = ar * noise[t - 1] + np.sqrt(1 - ar**2) * noise[t]
            response = np.sqrt(share) * signal[:, None] * weights + np.sqrt(1 - share) * noise
            made.append(Presentation(p.stimulus, p.repeat, response, 50.0, grids[p.stimulus].start))
        recordings.append(replace(recording, presentations=made))
    return replace(data, recordings=recordings)


def whole(result, control):
    return result.tables["controls"].query("control == @control and region == 'all'").iloc[0]


def test_word_rate_reaches_all_of_a_cortex_that_it_drives_and_nothing_of_one_that_words_drive(heard):
    model = represent(Onsets(), heard)
    own = Models(model, controls={RATE: represent(WordRate(), heard)})
    rate = whole(controls(study(driven_by(heard, 0)), own, controls=[RATE]), RATE)
    assert rate["share"] == pytest.approx(1.0, abs=0.02)
    assert rate["share_low"] <= rate["share"] <= rate["share_high"] and rate["share_over"] == "participants"
    other = controls(study(driven_by(heard, 1)), own, controls=[RATE])
    assert abs(whole(other, RATE)["share"]) < 0.05
    assert whole(other, RATE)["p_corrected"] < 0.05  # 2 / 2^6 with one test over all regions
    words = dict(other.rows)["limitations, in words"]
    assert "word rate reaches " in words and "differs from each of these controls at 0.05 (sign-flip test" in words
    same = dict(controls(study(driven_by(heard, 0)), own, controls=[RATE]).rows)["limitations, in words"]
    assert "word rate reaches 100 % [" in same or "word rate reaches 101 % [" in same


def test_an_untrained_twin_with_the_same_weights_reaches_everything(heard):
    model, twin = (
        represent(LanguageModel(*tiny_gpt2(0), {"seed": 0}, n, layers=[0, 2]), heard) for n in ("tiny", "untrained")
    )
    data = driven_by(heard, 0, model=model)
    result = controls(study(data), Models(model, controls={"untrained": twin}), controls=["untrained", "envelope"])
    table = result.tables["controls"]
    pairs = table.pivot(index="region", columns="control", values="mean")
    np.testing.assert_array_equal(pairs["tiny"], pairs["untrained"])
    known = table.dropna(subset="share")
    assert (known[["share", "share_low", "share_high"]] == 1.0).all(axis=None) and len(known) == len(table)
    assert result.metrics["controls/untrained/share"] == 1.0
    assert any("one draw of its weights" in w for w in result.warnings)
    figure, caption = result.figures["control_shares"]
    figure.draw_without_rendering()
    assert "Largest over all: untrained, 100 % [100, 100]" in caption


def test_shuffled_words_lose_what_words_drive(heard):
    own = Models(represent(Onsets(), heard), controls={"shuffled_words": represent(ShuffledWords(Onsets()), heard)})
    lost = whole(controls(study(driven_by(heard, 1)), own, controls=["shuffled_words"]), "shuffled_words")
    kept = whole(controls(study(driven_by(heard, 0)), own, controls=["shuffled_words"]), "shuffled_words")
    assert lost["share"] < 0.2 and kept["share"] == pytest.approx(1.0, abs=0.02)


def test_leaking_splits_give_what_nothing_but_nearness_in_time_explains(heard):
    data = driven_by(heard, 0, share=0.3, ar=0.95)
    oasm = represent(Oasm(heard[0].stimuli), heard)
    result = controls(
        study(data),
        Models(represent(Onsets(), heard), controls={"oasm": oasm}),
        controls=["oasm", "presentation", "shuffled"],
    )
    assert whole(result, "oasm")["mean"] < 0.01  # whole stimuli held out
    assert whole(result, "split shuffled oasm")["low"] > 0.02
    assert list(result.tables["controls"]["control"].unique())[1:] == [
        "oasm", "split presentation", "split presentation oasm", "split shuffled", "split shuffled oasm",
    ]  # fmt: skip
    assert "OASM, which has no content, reaches " in dict(result.rows)["limitations, in words"]
    tests = result.tables["tests"].query("primary and region != 'all'")
    assert set(tests["family"]) == {"controls x regions"} and set(tests["family_size"]) == {5 * 5}


def test_the_published_split_is_held_against_the_sound_one(heard):
    result = controls(
        study(heard[0], split_kind="presentation"), Models(represent(WordRate(), heard)), controls=["presentation"]
    )
    assert "split stimulus" in set(result.tables["controls"]["control"])


def test_what_the_data_do_not_allow_is_left_out_and_said(heard):
    data, _ = heard
    once = replace(
        data,
        recordings=[replace(r, presentations=[p for p in r.presentations if p.repeat == 0]) for r in data.recordings],
    )
    model = represent(Onsets(), heard)
    result = controls(
        study(once), Models(model, controls={RATE: represent(WordRate(), heard)}), controls=[RATE, "presentation"]
    )
    assert "The control 'presentation' is left out, the rest stands: no presentation of a test" in " ".join(
        result.warnings
    )
    with pytest.raises(
        BrainalignError, match="nothing to hold onsets against: the data and the model allow none of presentation"
    ):
        controls(study(once), Models(model), controls=["presentation"])


def test_no_share_of_a_score_that_is_nothing(heard):
    silent = driven_by(heard, 0, share=0.0)
    result = controls(
        study(silent),
        Models(represent(Onsets(), heard), controls={RATE: represent(WordRate(), heard)}),
        controls=[RATE],
    )
    assert np.isnan(whole(result, RATE)["share"])
    assert any(
        w.startswith("No share is given where the model's own score is not clearly above 0") for w in result.warnings
    )
    assert "nothing can be concluded" in dict(result.rows)["limitations, in words"]
    result.figures["control_shares"][0].draw_without_rendering()


def test_a_share_is_a_ratio_of_sums_with_whole_participants_left_out():
    rng = np.random.default_rng(0)
    model = rng.uniform(0.1, 0.3, 40)
    who = np.repeat(np.arange(8), 5).astype(str)
    level = np.repeat(rng.uniform(0.3, 0.9, 8), 5)
    found = share_of(level * model, model, who)
    assert found.share == pytest.approx((level * model).sum() / model.sum()) and found.over == "participants"
    width = found.high - found.low
    truth = (
        2
        * student.ppf(0.975, 7)
        * np.std([(level * model)[who == w].sum() / model[who == w].sum() for w in set(who)], ddof=1)
        / np.sqrt(8)
    )
    assert width == pytest.approx(truth, rel=0.3)
    alone = share_of(level * model, model, np.arange(40) % 2)
    assert alone.over == "electrodes" and alone.high - alone.low < width  # electrodes of one participant are alike
    assert np.isnan(share_of(model, model - model.mean(), who).share)
    broken = model.copy()
    broken[3] = np.nan
    assert share_of(broken, model, who).share == pytest.approx(1.0)


def test_every_control_says_what_it_keeps():
    assert all(c.keeps and c.destroys and c.phrase for c in FEATURES.values())
    assert limitations.__doc__
