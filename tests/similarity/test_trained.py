"""Layers of trained models on real sound and text: near ones are alike, and fresh weights less like a layer than it is itself."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import WORD_COLUMNS, Stimulus
from brainalign.features.checkpoints.checkpoint import Loading
from brainalign.features.language.model import LanguageModel
from brainalign.features.speech.model import SpeechModel
from brainalign.similarity import cka, rsa

MEASURES = {"cka": cka, "rsa": partial(rsa, metric="euclidean")}


def rows(extractor, stimuli, thin):
    """Layer -> (n, dims), every so many rows of each stimulus."""
    found = dict(extractor.extract(stimuli))
    return {n: np.concatenate([found[s.id][n].values[::thin] for s in stimuli]) for n in extractor.layers}


@pytest.fixture(scope="module")
def speech(trained, test_data):
    """Whisper's encoder on a speech in pieces of a second: frames .2 s apart, trained and with fresh weights.

    What all pieces have in common at a frame is left out: an encoder without training is a clock.
    """
    whole = Audio(test_data / "librispeech" / "jfk.flac").load()
    pieces = [whole[i : i + RATE] for i in range(0, len(whole) - RATE, RATE)]
    stimuli = [Stimulus(f"s{i}", 1.0, audio=Audio(samples=x)) for i, x in enumerate(pieces)]
    found = []
    for weights in ("trained", "untrained"):
        model = SpeechModel.from_folder(trained / "whisper_tiny_en", "whisper", Loading(weights=weights))
        pieces = {n: x.reshape(len(stimuli), -1, x.shape[1]) for n, x in rows(model, stimuli, thin=10).items()}
        found.append({n: (x - x.mean(axis=0)).reshape(-1, x.shape[2]) for n, x in pieces.items()})
    return found


@pytest.fixture(scope="module")
def language(trained, test_data):
    """SmolLM2 on texts of 20 words of a podcast."""
    table = pd.read_csv(test_data / "podcast" / "gpt2-xl.tsv", sep="\t", quoting=3, keep_default_na=False)
    words = table.drop_duplicates("word_idx")["word"].tolist()
    stimuli = []
    for i in range(12):
        own = words[100 + 20 * i : 120 + 20 * i]
        timed = pd.DataFrame({"word": own, "onset": np.arange(20) / 4, "offset": np.arange(1, 21) / 4})
        stimuli.append(Stimulus(f"t{i}", 5.0, words=timed[list(WORD_COLUMNS)]))
    layers = (0, 6, 12, 18, 24, 30)
    return [
        rows(
            LanguageModel.from_folder(trained / "smollm2_135m", "smollm2", Loading(weights=w), layers=layers),
            stimuli,
            thin=1,
        )
        for w in ("trained", "untrained")
    ]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("kind", ["speech", "language"])
def test_layers_that_are_near_are_more_alike_than_distant_ones(kind, measure, request):
    layers = list(request.getfixturevalue(kind)[0].values())
    found = np.array([[MEASURES[measure](x, y) for y in layers] for x in layers])
    own, near, *far = (np.diagonal(found, k).mean() for k in range(len(layers)))
    assert own == pytest.approx(1) and near > max(far) and near > far[-1] + 0.2


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("kind", ["speech", "language"])
def test_half_of_a_layer_is_less_like_half_of_a_fresh_one_than_like_its_own_other_half(kind, measure, request):
    """In every layer. Half against half on both sides: fewer units are less alike, whatever they are of."""
    trained, fresh = request.getfixturevalue(kind)
    own, other = [], []
    for n, layer in trained.items():
        halves = [np.array_split(np.random.default_rng(s).permutation(layer.shape[1]), 2) for s in range(5)]
        own.append(np.mean([MEASURES[measure](layer[:, a], layer[:, b]) for a, b in halves]))
        other.append(np.mean([MEASURES[measure](layer[:, a], fresh[n][:, b]) for a, b in halves]))
    assert (np.array(other) < own).all() and np.mean(other) < np.mean(own) - 0.05
