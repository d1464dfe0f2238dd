"""analysis=abx on planted frames: identical kinds are at chance, disjoint ones perfect, planted answers are found."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from brainalign.analysis.abx.run import abx
from brainalign.analysis.abx.triplets import triplets_of
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.sound.audio import Audio
from brainalign.data.stimuli.triplets import with_sounds
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Mel
from brainalign.features.base import ReceptiveField, Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study

KINDS = ("P", "B", "T", "D")
OPTIONS = {"triplets": "auto", "answers": None, "groups": None, "distance": "cosine", "n": 200}


class Codes:
    """Frames that hold their phone's code: one for all in layer 0, code and noise in layer 1, each its own in layer 2."""

    unit, placement, layers, version, receptive_field = "frames", "hold", (0, 1, 2), 1, ReceptiveField(0.01, 0)

    def __init__(self, name="codes", noise=1.0):
        self.name, self.noise = name, noise

    def identity(self):
        return {"kind": self.name, "noise": self.noise}

    def describe(self):
        return "planted codes"

    def check(self, stimulus):
        pass

    def extract(self, stimuli):
        for s in stimuli:
            grid, rng = FrameGrid.speech(s.duration), np.random.default_rng([int(s.id[1:]), len(self.name)])
            at = np.searchsorted(s.phones["onset"], grid.times, side="right") - 1
            code = np.eye(len(KINDS))[[KINDS.index(s.phones["phone"].iloc[i]) for i in at]]
            noisy = code + self.noise * rng.normal(size=code.shape)
            values = {0: np.ones_like(code), 1: noisy, 2: code}
            yield s.id, {n: Rows(v.astype(np.float32), grid.times, grid.times) for n, v in values.items()}


class Words(Codes):
    unit = "words"


def planted(tmp_path, **outcome):
    rng, stimuli, presentations = np.random.default_rng(0), {}, []
    for i in range(8):
        onset = np.arange(20) * 0.1
        phones = pd.DataFrame({"phone": rng.choice(KINDS, 20), "onset": onset, "offset": onset + 0.1})
        stimuli[f"s{i}"] = Stimulus(f"s{i}", 2.1, phones=phones)
        presentations.append(Presentation(f"s{i}", 0, rng.normal(size=(100, 1)), 50.0, 0.0125))
    place = {"subject": "p1", "electrode": ["e1"], "region": "STG", "hemisphere": "L", "x": 0.0, "y": 0.0, "z": 0.0}
    dataset = Dataset("planted", stimuli, [Recording("p1", pd.DataFrame(place), presentations)])
    settings = {"tmin": 0.0, "tmax": 0.1, "lag_unit": "seconds", "rate": 50.0, "alphas": [1.0], "outer_folds": 3}
    study = Study(dataset, **settings, outcome=Outcome(**({"permutations": 199, "draws": 200} | outcome)))

    def model(extractor):
        return Representation(extractor, stimuli, "planted", FeatureCache(tmp_path / "cache"))

    return study, model


def table_of(study, path, n=120, **changes):
    """The automatic triplets as a person's table, with some columns changed."""
    table = triplets_of(study, "auto", n).assign(**changes)
    table.to_csv(path, sep="\t", index=False)
    return table


def test_identical_phones_are_at_chance_and_disjoint_ones_perfect(tmp_path):
    study, model = planted(tmp_path)
    result = abx(study, Models(model(Codes())), **OPTIONS)
    profile = result.tables["abx_layers"].set_index("layer")["mean"]
    assert profile[0] == 0.5 and profile[2] == 1.0 and 0.5 < profile[1] < 1.0
    assert result.metrics["abx/accuracy"] == 1.0
    assert set(result.tables["abx_contrasts"]["contrast"]) == {"B-D", "B-P", "B-T", "D-P", "D-T", "P-T"}
    # copies: B is A itself, in noise as well; every triplet is a tie to the last bit
    table = table_of(study, tmp_path / "t.tsv")
    for end in ("", "_onset", "_offset"):
        table[f"b{end}"] = table[f"a{end}"]
    table.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    for distance in ("cosine", "angular", "kl"):
        copies = abx(
            study, Models(model(Codes())), **OPTIONS | {"triplets": str(tmp_path / "t.tsv"), "distance": distance}
        )
        assert (copies.tables["abx_triplets"]["delta"] == 0).all()
        assert (copies.tables["abx_contrasts"]["accuracy"] == 0.5).all()


def test_two_models_are_compared_on_the_same_triplets(tmp_path):
    study, model = planted(tmp_path)
    sharp, blurred = model(Codes("sharp", 0.3)), model(Codes("blurred", 3.0))
    sharp.extractor.layers = blurred.extractor.layers = (0, 1)
    result = abx(study, Models(sharp, partner=blurred, baseline=model(Words("words"))), **OPTIONS)
    (test,) = result.tables["abx_tests"].itertuples()
    assert test.contrast == "sharp - blurred" and test.difference > 0.2 and test.low > 0
    assert test.p_sign_flip == 2 / 2**6  # all six contrasts agree
    assert result.metrics["abx/accuracy"] > result.metrics["blurred/abx/accuracy"]
    assert any("words has no frames" in w for w in result.warnings)


def test_planted_answers_are_found_in_the_group_that_hears_like_the_model(tmp_path):
    study, model = planted(tmp_path)
    table = table_of(study, tmp_path / "t.csv", 160)
    table.to_csv(tmp_path / "t.csv", index=False)
    first, second = model(Codes("first")), model(Codes("second"))
    plain = abx(study, Models(first, partner=second), **OPTIONS | {"triplets": str(tmp_path / "t.csv")})
    deltas = plain.tables["abx_triplets"].query("layer == 1")
    mine, other = (deltas[deltas["model"] == m].set_index("triplet")["delta"] for m in ("first", "second"))
    # groups differ contrast by contrast as the models do
    rng, rows = np.random.default_rng(5), []
    for group, delta in (("FR", mine), ("EN", other)):
        for listener in range(6):
            heard = delta + rng.normal(scale=0.1, size=len(delta))
            rows += [(t, group, f"{group}{listener}", int(h > 0)) for t, h in heard.items()]
    answers = pd.DataFrame(rows, columns=["triplet", "group", "listener", "correct"])
    answers.to_parquet(tmp_path / "answers.parquet")
    options = OPTIONS | {"triplets": str(tmp_path / "t.csv"), "answers": str(tmp_path / "answers.parquet")}
    result = abx(study, Models(first, partner=second), **options)
    found = result.tables["abx_answers"].query("measure == 'delta' and coefficient == 'spearman'")
    r = found.set_index(["model", "group", "layer"])["r"]
    p = found.set_index(["model", "group", "layer"])["p"]
    assert r["first", "FR", 1] > 0.8 and p["first", "FR", 1] == 1 / 200
    assert r["first", "EN", 1] < r["second", "EN", 1] - 0.3
    assert np.isnan(r["first", "FR", 0])  # a layer that tells nothing apart has no correlation
    native = result.tables["abx_native"].query("coefficient == 'pearson'").set_index("layer")
    assert native.loc[1, "r"] > 0.8 and native.loc[1, "n"] == 6
    turned = abx(study, Models(first, partner=second), **options | {"groups": ["EN", "FR"]})
    turned = turned.tables["abx_native"].query("coefficient == 'pearson'").set_index("layer")
    assert turned.loc[1, "r"] == pytest.approx(-native.loc[1, "r"])
    assert set(result.figures) == {"abx_layers", "abx_answers"}
    with pytest.raises(BrainalignError, match="no listener is of group 'RF'; valid: EN, FR"):
        abx(study, Models(first, partner=second), **options | {"groups": ["EN", "RF"]})


def test_a_word_model_and_intervals_without_frames_get_one_sentence(tmp_path):
    study, model = planted(tmp_path)
    with pytest.raises(BrainalignError, match="gpt gives one vector a word; choose a model of sound"):
        abx(study, Models(model(Words("gpt"))), **OPTIONS)
    table = table_of(study, tmp_path / "t.tsv")
    table.loc[3, ["x_onset", "x_offset"]] = 0.215, 0.225  # frames lie at 0.2125 and 0.2325 s
    table.loc[4, "contrast"] = "alone"
    table.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    result = abx(study, Models(model(Codes())), **OPTIONS | {"triplets": str(tmp_path / "t.tsv")})
    assert len(result.tables["abx_triplets"]) == 3 * (len(table) - 1)
    assert any(
        "1 of 120 triplets have an interval without a frame of codes, the first x of triplet '4'" in w
        for w in result.warnings
    )
    assert any("1 of 7 contrasts have one triplet, the first 'alone'" in w for w in result.warnings)
    alone = result.tables["abx_contrasts"].query("contrast == 'alone'")
    assert alone["low"].isna().all() and alone["accuracy"].notna().all()
    table.assign(x_onset=0.215, x_offset=0.225).to_csv(tmp_path / "none.tsv", sep="\t", index=False)
    with pytest.raises(BrainalignError, match="120 of 120 triplets have .* none is left"):
        abx(study, Models(model(Codes())), **OPTIONS | {"triplets": str(tmp_path / "none.tsv")})


def test_phones_of_recorded_speech_are_told_apart_by_mel(tmp_path, test_data):
    folder = Path(test_data) / "librispeech" / "cpc"
    study, _ = planted(tmp_path)
    stimuli = {}
    for line in (folder / "phone_labels.txt").read_text().splitlines():
        name, *labels = line.split()
        if (folder / f"{name}.flac").exists():
            phones = pd.DataFrame(
                [(f"c{labels[a]}", a / 100, b / 100) for a, b in edges(labels) if labels[a] != "0"],
                columns=["phone", "onset", "offset"],
            )
            seconds = soundfile.info(folder / f"{name}.flac").duration
            stimuli[name] = Stimulus(name, seconds, phones=phones, audio=Audio(path=folder / f"{name}.flac"))
    assert len(stimuli) == 2
    study.dataset = Dataset("clips", stimuli, [])
    mel = Representation(Mel(), stimuli, "clips", FeatureCache(tmp_path / "mel"))
    result = abx(study, Models(mel), **OPTIONS | {"n": 600})
    low = result.tables["abx_layers"]["low"].iloc[0]
    assert low > 0.6  # chance is .5


def edges(labels):
    cuts = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
    return list(pairwise(cuts))


def test_sound_files_of_a_table_become_stimuli(tmp_path):
    study, _ = planted(tmp_path)
    soundfile.write(tmp_path / "ba.wav", np.random.default_rng(0).normal(size=8000) * 0.1, 16000)
    table = table_of(study, tmp_path / "t.tsv", x="ba.wav", x_onset=0.1, x_offset=0.2)
    found = with_sounds(study.dataset, tmp_path / "t.tsv")
    assert set(found.stimuli) == {*study.dataset.stimuli, "ba.wav"} and len(table) == 120
    assert found.stimuli["ba.wav"].duration == 0.5
