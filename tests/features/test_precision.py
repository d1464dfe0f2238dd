"""What a model in half precision gives, against itself in float32: measured when it is extracted, told in every run."""

import re

import numpy as np
import pytest
import torch

from brainalign.features import precision
from brainalign.features.base import Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.checkpoints import checkpoint
from brainalign.features.checkpoints.checkpoint import Loading
from brainalign.features.clip import ClippedExtractor
from brainalign.features.language.model import LanguageModel
from brainalign.features.language.surprisal import Surprisal
from brainalign.features.precision import deviation, precision_note, reference
from brainalign.features.representation import Representation
from brainalign.features.speech.model import SpeechModel
from brainalign.features.words.controls import ShuffledWords

WORDS = ["the", "old", "man", "told", "us", "that", "he", "had", "never", "seen", "the", "sea"]


def rows(values):
    at = np.arange(len(values), dtype=np.float64)
    return Rows(np.asarray(values), at, at)


def test_deviation_is_in_units_of_each_dimension():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(4000, 5)) * [1, 10, 100, 1, 1e-3]
    y[:, 3] = 7  # does not vary
    x = y + 0.02 * y.std(axis=0) * rng.choice([-1, 1], size=y.shape)
    assert deviation({"a": rows(x), "b": rows(0 * x)}, {"a": rows(y)}) == pytest.approx(0.02, rel=1e-6)
    assert deviation({"a": rows(y[:1])}, {"a": rows(y[:1])}) is None and deviation({"a": rows(y)}, {}) is None


def of(kind, folder, how="bfloat16", **options):
    return kind.from_folder(folder, "m", Loading(precision=how), **options)


@pytest.mark.parametrize("wrapped", [lambda m: m, lambda m: ClippedExtractor(m, 6.0), ShuffledWords])
@pytest.mark.parametrize("kind", [LanguageModel, Surprisal])
def test_the_reference_is_the_extractor_in_float32(language_folder, said, kind, wrapped):
    stimuli = [said(*WORDS, name=f"s{k}") for k in range(9)]  # 6.5 s each
    exact = wrapped(of(kind, language_folder, "float32"))
    assert reference(exact, stimuli) is None
    found = reference(wrapped(of(kind, language_folder)), stimuli)
    assert set(found[0]) == {f"s{k}" for k in range(5)}
    for stimulus, layers in exact.extract(stimuli[:5]):
        for n, expected in layers.items():
            assert np.array_equal(found[n][stimulus].values, expected.values)


@pytest.mark.parametrize("how", ["bfloat16", "float16"])
def test_a_run_tells_what_it_measured_and_so_does_one_from_the_cache(speech_folder, heard, tmp_path, how):
    stimuli = {f"s{k}": heard(0.5, f"s{k}", k) for k in range(3)}
    cache = FeatureCache(tmp_path)
    exact, coarse = (Representation(of(SpeechModel, speech_folder, p), stimuli, "d", cache) for p in ("float32", how))
    exact.rows(0), coarse.rows(2)
    measured = {n: deviation(coarse.rows(n), exact.rows(n)) for n in coarse.layers}
    assert coarse.notes == [precision_note("m", measured)] and not exact.notes
    worst = max(measured, key=measured.get)
    assert f"furthest in layer {worst}" in coarse.notes[0]
    assert ("better be taken in float32" in coarse.notes[0]) == (measured[worst] > 0.01)
    again = Representation(of(SpeechModel, speech_folder, how), stimuli, "d", cache)
    again.rows(4)
    assert again.notes == coarse.notes


@pytest.mark.parametrize("fault", ["too large", "GPU full"])
def test_no_memory_for_float32_is_told_and_no_fault(language_folder, said, tmp_path, monkeypatch, fault):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate")

    if fault == "too large":
        monkeypatch.setattr(checkpoint, "total_memory", lambda: 1000)
    else:
        monkeypatch.setattr(precision, "in_float32", full)
    model = Representation(of(LanguageModel, language_folder), {"s1": said(*WORDS)}, "d", FeatureCache(tmp_path))
    assert len(model.rows(1)) == 1
    assert model.notes == [precision_note("m", {1: None})] and "was not measured" in model.notes[0]


def test_trained_models_on_real_words(trained, test_data, tmp_path, said):
    """As measured by benchmarks/precision.py: bfloat16 is about a hundredth of the spread, float16 a tenth of that."""
    words = (test_data / "podcast" / "gpt2-xl.tsv").read_text().splitlines()[1:]
    column = (test_data / "podcast" / "gpt2-xl.tsv").read_text().splitlines()[0].split("\t").index("word")
    stimulus = said(*dict.fromkeys(line.split("\t")[column] for line in words[:60]))
    for how, low, high in (("bfloat16", 0.1, 5), ("float16", 0.01, 1)):
        model = Representation(
            of(LanguageModel, trained / "smollm2_135m", how, layers=[0, 15, 30]),
            {"s1": stimulus},
            "d",
            FeatureCache(tmp_path),
        )
        model.rows(30)
        (note,) = [n for n in model.notes if n.startswith("features.precision")]
        least, most = map(float, re.search(r"lie ([\d.e-]+) to ([\d.e-]+) %", note).groups())
        assert low < most < high and least < most, note
