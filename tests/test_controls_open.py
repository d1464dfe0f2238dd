"""Which controls a model and the data allow, from config to representations; of each of the others a sentence says why not."""

import pytest
from hydra import compose, initialize_config_dir

from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.config import check, conf_folder
from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.tiny import tiny_wav2vec2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("checkpoint")
    for part in tiny_wav2vec2():
        part.save_pretrained(place)
    return place


@pytest.fixture
def controls_of(tmp_path):
    def find(*overrides):
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            size = [
                "data=simulated_small",
                "data.subjects=1",
                "data.electrodes=5",
                "data.sentences=6",
                "data.repeated=0",
            ]
            fixed = [*size, "analysis=controls", f"paths.output={tmp_path}", "encoding.outer_folds=3"]
            config = check(compose("config", overrides=[*fixed, *overrides]))
        study = open_study(config, open_dataset(config))
        models = open_models(config, study)
        assert models.baseline is None and next(iter(models)).name == config.model.label
        out = [n for n in study.notes if n.startswith("The control")]
        return models, out

    return find


def test_a_checkpoint_has_twins_of_its_own_weights(controls_of, folder):
    models, out = controls_of("model=wav2vec2", f"model.path={folder}")
    assert list(models.controls) == ["untrained", "rerandomized", "sentence_position", "word_rate", "envelope", "oasm"]
    assert out == [
        "The control 'shuffled_words' is left out, the rest stands: model shuffled_words shuffles words, but wav2vec2 is a model of "
        "sound; name one of words."
    ]
    assert len({m.digest for m in models}) == 7 and list(models.controls["untrained"].layers) == list(
        models.model.layers
    )


def test_untrained_models_have_no_training_to_lose(controls_of, folder):
    models, out = controls_of("model=wav2vec2", f"model.path={folder}", "model.weights=untrained")
    assert "untrained" not in models.controls and "rerandomized" not in models.controls
    assert (
        "'untrained' is left out, the rest stands: model wav2vec2 has no trained weights that could be drawn anew or shuffled."
        in out[0]
    )
    tiny, _ = controls_of("model=tiny_gpt2")
    assert list(tiny.controls) == ["untrained", "shuffled_words", "sentence_position", "word_rate", "envelope", "oasm"]
    assert tiny.controls["untrained"].digest != tiny.model.digest  # another draw


def test_a_control_that_is_the_model_itself_is_left_out(controls_of):
    models, out = controls_of("model=envelope", "analysis.controls=[untrained,envelope,word_rate,oasm]")
    assert list(models.controls) == ["word_rate", "oasm"]
    assert "model envelope has no trained weights" in out[0] and out[1].endswith("it is the model in question itself.")


def test_too_many_words_leave_oasm_out(controls_of):
    _, out = controls_of("model=word_rate", "data.sentences=200", "analysis.controls=[oasm,sentence_position]")
    assert "The control 'oasm' is left out, the rest stands: model oasm has a column for each of the" in out[0]


@pytest.mark.parametrize("name", ["oasm", "envelope", "split shuffled"])
def test_a_model_that_is_called_as_a_control_is_refused(controls_of, name):
    with pytest.raises(BrainalignError, match=rf"model.name='{name}' is the name of a control"):
        controls_of("model=mel", f"model.name='{name}'")
    models, out = controls_of("model=envelope")  # the control itself, which is left out
    assert "envelope" not in models.controls and any("the model in question itself" in n for n in out)
