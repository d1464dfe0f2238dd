"""analysis.rival=ignored: two talkers at once, of whom one was listened to."""

import numpy as np
import pytest
import soundfile

from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.config import composed
from brainalign.errors import BrainalignError

RNG = np.random.default_rng(0)
PATTERNS = "data.stimuli.patterns={audio: '{stimulus}_heard.wav', ignored: '{stimulus}_ignored.wav'}"

SILENT = "data.stimuli.patterns.ignored=null"


def talker(path, seconds, rate=16_000):
    """Noise under a slow envelope of its own."""
    knots = np.arange(0, seconds + 1, 0.25)
    level = np.interp(np.arange(int(seconds * rate)) / rate, knots, RNG.random(len(knots)))
    soundfile.write(path, level**2 * RNG.uniform(-0.5, 0.5, len(level)), rate)


def config(root, *overrides):
    return composed([
        "data=arrays", f"data.root={root}", "data.files='{subject}.npz'", "data.keys={responses: '{stimulus}', rate: 50.0}", PATTERNS,
        "model=envelope", "window.tmax=0.1", f"paths.output={root}/out", f"paths.cache={root}/cache", *overrides,
    ])  # fmt: skip


DECODING = ["analysis=decoding", "analysis.rival=ignored", "analysis.segment=2"]


def opened(given):
    study = open_study(given, open_dataset(given))
    return study, open_models(given, study)


@pytest.fixture(scope="module")
def party(tmp_path_factory):
    """Six trials of 10 s; the channels of one participant follow the heard talker, those of the other the ignored one (simulated)."""
    root = tmp_path_factory.mktemp("party")
    (root / "stimuli").mkdir()
    trials = [f"t{i}" for i in range(6)]
    for trial in trials:
        talker(root / "stimuli" / f"{trial}_heard.wav", 10)
        talker(root / "stimuli" / f"{trial}_ignored.wav", 9.5)
    for person in ("follows", "strays"):
        np.savez(root / f"{person}.npz", **{t: RNG.standard_normal((500, 3)) for t in trials})
    study, models = opened(config(root, *DECODING))
    for person, model in (("follows", models.model), ("strays", models.partner)):
        frames = study.frames(model, 0)
        brain = {}
        for trial in trials:
            level = np.resize(frames[trial][:, 0], 500)  # the last frame ends after the last sample
            brain[trial] = np.roll(level / level.std(), 2)[:, None] + RNG.standard_normal((500, 3))
        np.savez(root / f"{person}.npz", **brain)
    return root


def test_the_talker_who_was_followed_is_told(party):
    given = config(party, *DECODING)
    study, models = opened(given)
    assert (models.model.name, models.partner.name) == ("envelope", "envelope ignored")
    stimulus = study.dataset.stimuli["t0"]
    assert stimulus.duration == 10 and stimulus.ignored.duration == 9.5
    told = given.analysis.run(study, models).tables["attention"].set_index("subject")
    assert told["accuracy"]["follows"] > 0.9 and told["p"]["follows"] < 0.01
    assert (
        told["accuracy"]["strays"] < 0.8 and told["p"]["strays"] > 0.05
    )  # nothing of the heard talker is in this brain
    assert any("Attention" in title for title, _ in given.analysis.own_methods(given, study, models))


def test_weights_of_the_heard_and_of_the_ignored_talker_are_those_of_who_follows_them(party):
    given = config(
        party, "analysis=group_trf", "analysis.ignored=true", "ceiling.inter_subject=true", "analysis.test=none",
    )  # fmt: skip
    result = given.analysis.run(*opened(given))
    curves = result.tables["group_trf_curves"].set_index(["model", "subject", "lag_s"])["weight"]
    gain = curves.groupby(["model", "subject"]).sum()  # of a slow envelope lags are hardly told apart
    assert gain["envelope", "follows"] > 5 * abs(gain["envelope", "strays"])
    assert gain["envelope ignored", "strays"] > 5 * abs(gain["envelope ignored", "follows"])
    assert "envelope - envelope ignored" in set(result.tables["group_scores"]["model"])


def test_the_ignored_sound_is_part_of_what_a_stimulus_is(party):
    one = open_dataset(config(party))
    other = open_dataset(config(party, SILENT))
    assert one.stimuli["t0"].digest() != other.stimuli["t0"].digest() and other.stimuli["t0"].ignored is None


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ([SILENT], "stimulus 't0' has no ignored sound; data.stimuli.patterns.ignored"),
        (["model@partner=mel"], "model@partner is mel"),
        (["model=word_rate"], "word_rate"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(party, overrides, said):
    with pytest.raises(BrainalignError, match=said):
        opened(config(party, *DECODING, *overrides))
