"""A model divided among memory and disk gives the hidden states of the undivided one, wherever they are taken."""

import gc
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.checkpoints import divided
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
from brainalign.features.checkpoints.tap import Tap
from brainalign.features.language.embedding import InputEmbedding
from brainalign.features.language.model import LanguageModel
from brainalign.features.language.surprisal import Surprisal
from brainalign.features.language.whisper_decoder import WhisperDecoder
from brainalign.features.speech.model import SpeechModel

WORDS = ["the", "old", "man", "told", "us", "that", "he", "had", "never", "seen", "the", "sea"]


@pytest.fixture
def little_memory(monkeypatch):
    """Bytes of memory -> there is room for so many; all else stays on disk."""
    return lambda size: monkeypatch.setattr("accelerate.utils.get_max_memory", lambda: {"cpu": size})


def places(extractor):
    return set(extractor._model.model().hf_device_map.values())


def same(folder, make, stimuli, tmp_path, **how):
    """Rows of the whole model and of the divided one, equal to the bit."""
    whole, parts = make(Loading(**how)), make(Loading(**how, offload=tmp_path / "offload"))
    assert places(parts) == {"cpu", "disk"}
    assert parts.identity() == whole.identity() and parts.describe() == whole.describe()
    expected, found = dict(whole.extract(stimuli)), dict(parts.extract(stimuli))
    for stimulus, n in product(expected, whole.layers):
        assert np.array_equal(expected[stimulus][n].values, found[stimulus][n].values), (stimulus, n)
    gc.collect()  # hooks hold a model in a circle
    assert not list((tmp_path / "offload").iterdir())  # what was on disk went with the model


@pytest.mark.parametrize("how", [{}, {"precision": "bfloat16"}, {"weights": "untrained", "seed": 3}, {"weights": "rerandomized"},
                                 {"weights": "untrained", "positions": False}, {"positions": False}])  # fmt: skip
def test_a_small_model(language_folder, said, little_memory, tmp_path, how):
    little_memory(1_000_000 if "precision" not in how else 500_000)
    stimuli = [said(*WORDS), said(*WORDS[::-1], name="s2")]
    same(
        language_folder,
        lambda loading: LanguageModel.from_folder(language_folder, "m", loading),
        stimuli,
        tmp_path,
        **how,
    )


@pytest.mark.parametrize("tap", [Tap("attention"), Tap("attention", (0, 2)), Tap("mlp")])
def test_inside_the_blocks(language_folder, said, little_memory, tmp_path, tap):
    little_memory(1_000_000)
    same(
        language_folder,
        lambda loading: LanguageModel.from_folder(language_folder, "m", loading, tap=tap),
        [said(*WORDS)],
        tmp_path,
    )


@pytest.mark.parametrize("kind", [Surprisal, InputEmbedding])
def test_what_needs_the_head_or_the_embedding(language_folder, said, little_memory, tmp_path, kind):
    for size in (1_000_000, 0):  # with nothing in memory, the embedding itself waits on disk
        little_memory(size)
        make = lambda loading: kind.from_folder(language_folder, "m", loading)  # noqa: E731
        if size:
            same(language_folder, make, [said(*WORDS)], tmp_path)
        else:
            whole, parts = make(Loading()), make(Loading(offload=tmp_path))
            assert next(parts._model.model().parameters()).device.type == "meta"
            one, other = (dict(m.extract([said(*WORDS)]))["s1"][0].values for m in (whole, parts))
            assert np.array_equal(one, other)


def test_a_model_of_sound(speech_folder, heard, little_memory, tmp_path):
    little_memory(600_000)
    same(
        speech_folder,
        lambda loading: SpeechModel.from_folder(speech_folder, "m", loading, layers=[-1, 0, 2, 4]),
        [heard(0.5), heard(0.7, "s2", 1)],
        tmp_path,
    )


def test_trained_models(trained, said, little_memory, tmp_path):
    little_memory(200_000_000)
    smollm2 = trained / "smollm2_135m"
    same(
        smollm2,
        lambda loading: LanguageModel.from_folder(smollm2, "m", loading, layers=[0, 1, 15, 29, 30]),
        [said(*WORDS)],
        tmp_path,
    )
    little_memory(60_000_000)
    minilm, whisper = trained / "minilm", trained / "whisper_tiny_en"
    same(minilm, lambda loading: LanguageModel.from_folder(minilm, "m", loading), [said(*WORDS)], tmp_path)
    noise = np.random.default_rng(0).normal(scale=0.1, size=8 * RATE).astype(np.float32)
    words = said(*WORDS).words
    stimulus = Stimulus("s1", 8.0, words, audio=Audio(samples=noise))
    little_memory(90_000_000)
    same(whisper, lambda loading: SpeechModel.from_folder(whisper, "m", loading), [stimulus], tmp_path)
    same(whisper, lambda loading: WhisperDecoder.from_folder(whisper, "m", loading), [stimulus], tmp_path)


@pytest.mark.parametrize("weights", ["trained", "rerandomized"])
def test_what_fits_is_not_divided(language_folder, said, tmp_path, weights):
    one, other = (
        LanguageModel.from_folder(language_folder, "m", Loading(weights, offload=offload), layers=[4])
        for offload in (None, tmp_path)
    )
    found = [dict(model.extract([said(*WORDS)]))["s1"][4].values for model in (one, other)]
    assert np.array_equal(*found)


def test_without_accelerate(monkeypatch):
    monkeypatch.setattr(divided, "find_spec", lambda name: None)
    with pytest.raises(BrainalignError, match=r"accelerate must be installed: pip install 'brainalign\[large\]'"):
        divided.check_divisible()


def test_a_cpu_run_leaves_the_gpus_alone(monkeypatch):
    monkeypatch.setattr("accelerate.utils.get_max_memory", lambda: {0: 10, 1: 20, "cpu": 30})
    assert divided.room("cpu") == {"cpu": 30} and divided.room("cuda") == {0: 10, 1: 20, "cpu": 30}


def test_coarse_weights_are_those_of_a_literal_call(trained):
    """Frequencies of rotary positions keep float32, as in ``from_pretrained(dtype=...)``."""
    from transformers import AutoModelForCausalLM

    literal = AutoModelForCausalLM.from_pretrained(trained / "smollm2_135m", dtype=torch.bfloat16)
    for weights in ("trained", "untrained"):
        loading = Loading(weights, precision="bfloat16")
        model = Checkpoint(trained / "smollm2_135m", "AutoModelForCausalLM", "AutoTokenizer", loading).model()
        ours, theirs = (dict(m.named_buffers()) for m in (model, literal))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
        assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
        if weights == "trained":
            state = model.state_dict()
            assert all(torch.equal(state[name], value) for name, value in literal.state_dict().items())


def test_what_a_killed_process_left_on_disk_goes_when_the_next_one_begins(tmp_path):
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom brainalign.features.checkpoints.divided import scratch\n"
        "kept = scratch(Path(sys.argv[1]))\nPath(kept.name, 'weights').touch()\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.glob("*/weights")
    held = divided.scratch(tmp_path)
    assert not left.parent.exists() and Path(held.name).exists()
    other = divided.scratch(tmp_path)
    assert Path(held.name).exists()  # this process lives
    del held, other
    gc.collect()
    assert not list(tmp_path.iterdir())
