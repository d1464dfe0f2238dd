"""Which weights a checkpoint is given: its own, untrained ones, its own shuffled; in which precision."""

import shutil

import numpy as np
import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
from brainalign.features.checkpoints.location import checkpoint_folder
from brainalign.features.speech.model import SpeechModel

PARTS = {"speech": ("AutoModel", "AutoFeatureExtractor"), "language": ("AutoModelForCausalLM", "AutoTokenizer")}


@pytest.fixture(params=["speech", "language"])
def made(request, speech_folder, language_folder):
    """A checkpoint of speech or language, loaded one way or another."""
    folder = speech_folder if request.param == "speech" else language_folder
    return lambda **how: Checkpoint(folder, *PARTS[request.param], Loading(**how))


def weights(checkpoint):
    return {name: value.numpy() for name, value in checkpoint.model().state_dict().items()}


def test_untrained_weights_are_seeded_and_none_of_the_checkpoint_s(made):
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    trained, one, again, other = (
        weights(made(**how))
        for how in ({}, {"weights": "untrained"}, {"weights": "untrained"}, {"weights": "untrained", "seed": 1})
    )
    assert torch.equal(torch.rand(2), expected)  # torch's own random state is left alone
    matrices = [n for n, v in trained.items() if v.ndim > 1]
    assert len(matrices) > 10 and trained.keys() == one.keys()
    assert all(one[n].shape == v.shape and np.array_equal(one[n], again[n]) for n, v in trained.items())
    for n in matrices:
        if one[n].std() > 0:
            assert not np.array_equal(one[n], trained[n]) and (
                "original0" in n or not np.array_equal(one[n], other[n])
            ), n


def test_rerandomized_weights_have_each_tensor_s_distribution_in_another_order(made):
    trained, one, again, other = (
        weights(made(**how)) for how in ({}, *({"weights": "rerandomized", "seed": s} for s in (0, 0, 1)))
    )
    moved = 0
    for n, v in trained.items():
        assert np.array_equal(np.sort(one[n], axis=None), np.sort(v, axis=None))
        assert np.array_equal(one[n], again[n])
        moved += not np.array_equal(one[n], v) and not np.array_equal(one[n], other[n])
    assert moved > 10


def test_how_it_is_loaded_is_part_of_the_identity(made):
    ways = ({}, {"weights": "untrained"}, {"weights": "untrained", "seed": 1}, {"weights": "rerandomized"},
            {"precision": "bfloat16"})  # fmt: skip
    assert len({made(**how).digest for how in ways}) == len(ways)
    assert made(seed=7).digest == made().digest  # a seed changes nothing that was trained


def test_untrained_needs_no_weights(speech_folder, tmp_path, heard):
    bare = shutil.copytree(speech_folder, tmp_path / "bare", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(BrainalignError, match="has no weights"):
        checkpoint_folder(None, str(bare))
    folder = checkpoint_folder(None, str(bare), weights=False)
    untrained = SpeechModel.from_folder(folder, "m", Loading("untrained"), layers=[4])
    same = SpeechModel.from_folder(speech_folder, "m", Loading("untrained"), layers=[4])
    assert untrained.identity() == same.identity()
    samples = heard(0.5).audio.load()
    assert np.array_equal(untrained.states(samples)[4], same.states(samples)[4])
    assert "untrained (seed 0)" in untrained.describe()
    assert "parameters, no weights of a file (" in untrained.describe()


def test_precision(speech_folder, heard):
    samples = heard(0.5).audio.load()
    exact, coarse = (
        SpeechModel.from_folder(speech_folder, "m", Loading(precision=p), layers=[-1, 4])
        for p in ("float32", "bfloat16")
    )
    assert {p.dtype for p in coarse._model.model().parameters()} == {torch.bfloat16}
    mine, theirs = exact.states(samples), coarse.states(samples)
    for n in mine:
        assert theirs[n].dtype == np.float32
        assert 0 < np.abs(mine[n] - theirs[n]).max() < 0.2 * mine[n].std() + 0.2 * np.abs(mine[n]).max()
        assert np.corrcoef(mine[n].ravel(), theirs[n].ravel())[0, 1] > 0.99


@pytest.mark.parametrize(("how", "sentence"), [
    ({"weights": "untraind"}, "model.weights='untraind' is unknown; did you mean 'untrained'"),
    ({"precision": "float23"}, "features.precision='float23' is unknown; did you mean 'float32'"),
])  # fmt: skip
def test_what_is_unknown_is_named(how, sentence):
    with pytest.raises(BrainalignError, match=sentence):
        Loading(**how)
