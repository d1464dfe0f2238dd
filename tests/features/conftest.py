"""Checkpoints made by the tests themselves, and stimuli of words and of sound."""

import numpy as np
import pandas as pd
import pytest

from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.features.checkpoints.tiny import tiny_gpt2, tiny_wav2vec2


@pytest.fixture(scope="session")
def speech_folder(tmp_path_factory):
    """A wav2vec 2.0 checkpoint on disk, written by transformers."""
    folder = tmp_path_factory.mktemp("speech")
    model, processor = tiny_wav2vec2(3)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def language_folder(tmp_path_factory):
    """A GPT-2 checkpoint on disk, with its head, written by transformers."""
    from transformers import GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("language")
    body, tokenizer = tiny_gpt2(3)
    model = GPT2LMHeadModel(body.config)
    model.transformer.load_state_dict(body.state_dict())
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def said():
    """Words -> a stimulus of half a second a word."""

    def make(*words, name="s1"):
        onset = 0.5 * np.arange(len(words)) + 0.1
        return Stimulus(
            name, 0.5 * len(words) + 0.5, pd.DataFrame({"word": words, "onset": onset, "offset": onset + 0.4})
        )

    return make


@pytest.fixture
def heard():
    """Seconds -> a stimulus of noise."""

    def make(seconds, name="s1", seed=0):
        samples = np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * RATE)).astype(np.float32)
        return Stimulus(name, seconds, audio=Audio(samples=samples))

    return make
