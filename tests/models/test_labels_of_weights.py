"""What the weights are is part of a model's name; real data have no model unless one is named."""

from dataclasses import replace

import pytest
from hydra import compose, initialize_config_dir

from brainalign.config import check, conf_folder
from brainalign.data.simulated.simulate import simulate
from brainalign.data.types import empty_intervals
from brainalign.models.auto import Auto


def config(overrides):
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return check(compose("config", overrides=overrides))


@pytest.mark.parametrize(
    ("option", "label"),
    [
        (("model=tiny_gpt2",), "tiny_gpt2 untrained"),
        (("model=tiny_gpt2", "model.name=untrained"), "untrained"),
        (("model=gpt2",), "gpt2"),
        (("model=gpt2", "model.weights=untrained"), "gpt2 untrained"),
        (("model=whisper_tiny", "model.weights=rerandomized"), "whisper_tiny re-randomised"),
        (("model=planted_cascade", "model.weights=untrained"), "planted_cascade untrained"),
        (("model=mel",), "mel"),
    ],
)
def test_untrained_weights_stand_in_the_label(option, label):
    assert config(["data=simulated_small", *option]).model.label == label


def test_without_a_name_simulated_data_take_the_small_untrained_one_and_keep_a_given_name():
    assert config(["data=simulated_small"]).model.label == "tiny_gpt2 untrained"
    named = config(["data=simulated_small", "model.name=mine", "model.layers=[2]"]).model
    assert (named.kind, named.name, named.layers) == ("tiny_gpt2", "mine", [2])
    assert config(["data=folder", "data.root=x"]).model.automatic


def test_three_models_are_named_that_the_data_allow():
    data = simulate(subjects=1, electrodes=2, sentences=5, repeated=0)
    deaf = {n: replace(s, audio=None) for n, s in data.stimuli.items()}
    mute = {n: replace(s, words=empty_intervals(("word", "onset", "offset"))) for n, s in data.stimuli.items()}
    neither = {n: replace(s, audio=None) for n, s in mute.items()}
    told = [Auto.unnamed(replace(data, stimuli=own)) for own in (data.stimuli, deaf, mute, neither)]
    assert "try model=gpt2, model=wav2vec2 or model=mel." in told[0]
    assert "no sound: try model=gpt2, model=bert or model=word_rate." in told[1]
    assert "no words: try model=wav2vec2, model=whisper_base or model=mel." in told[2]
    assert "model=features model.path=FILE" in told[3]
