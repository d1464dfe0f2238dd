"""From config to extractor: the keys of a speech model reach it, and each is one sentence where it is wrong."""

import pytest
from hydra import compose, initialize_config_dir

from brainalign.assembly import open_dataset, represent
from brainalign.config import check, composed, conf_folder
from brainalign.errors import BrainalignError
from brainalign.experiment import run
from brainalign.features.checkpoints.tiny import tiny_wav2vec2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("checkpoint")
    for part in tiny_wav2vec2():
        part.save_pretrained(place)
    return place


@pytest.fixture
def config(folder, tmp_path):
    def make(*overrides):
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            fixed = ["data=simulated_small", "model=wav2vec2", f"model.path={folder}", f"paths.output={tmp_path}"]
            return check(compose("config", overrides=[*fixed, *overrides]))

    return make


def test_every_key_of_a_speech_model_changes_what_is_cached_or_nothing(config):
    dataset = open_dataset(config())

    def digest(*overrides):
        found = config(*overrides)
        return represent(found, found.model, dataset).digest

    same = {digest(), digest("features.batch_seconds=90"), digest("seed=3"), digest("model.layers=[-1,2]")}
    same.add(digest("features.device_map=auto"))
    other = {
        digest(*o)
        for o in (
            ["features.context=stimulus"], ["features.context=window"], ["features.precision=bfloat16"],
            ["features.context=window", "features.context_seconds=4"], ["model.weights=rerandomized"],
            ["model.weights=untrained"], ["model.weights=untrained", "seed=3"],
        )
    }  # fmt: skip
    assert len(same) == 1 and len(other) == 7 and not same & other


def test_convolutions_half_precision_and_windows_go_end_to_end(config):
    found = config(
        "model.layers=[-1,4]", "features.dtype=float16", "features.context=window", "features.context_seconds=1",
        "model.weights=untrained",
    )  # fmt: skip
    dataset = open_dataset(found)
    seen = represent(found, found.model, dataset)
    assert {v.values.shape[1] for v in seen.rows(-1).values()} == {32}
    assert set(seen.rows(4)) == set(dataset.stimuli)
    assert "untrained (seed 0)" in seen.describe() and "windows of 1 s" in seen.describe()
    assert any("float16" in note for note in seen.notes)


@pytest.mark.parametrize(("override", "sentence"), [
    ("model.weights=random", "model.weights='random' is unknown"),
    ("features.precision=double", "features.precision='double' is unknown"),
    ("features.device_map=balanced", "features.device_map='balanced' is unknown"),
    ("features.dtype=float8", "features.dtype='float8' is unknown"),
    ("features.context_seconds=0", "features.context_seconds=0 is impossible"),
    ("model.layers=[-2]", "model.layers=.* must be 'all' or a list"),
])  # fmt: skip
def test_an_impossible_value_is_one_sentence(config, override, sentence):
    with pytest.raises(BrainalignError, match=sentence):
        config(override)


def test_layers_beyond_the_model_are_named(config):
    found = config("model.layers=[5]")
    with pytest.raises(BrainalignError, match=r"layer 5, but wav2vec2 has layers -1 \(convolutions\), 0 .* to 4"):
        represent(found, found.model, open_dataset(found))


def test_words_shuffled_for_untrained_weights_are_told_to_be(tmp_path):
    small = ["data=simulated_small", "data.sentences=10", "data.repeated=0", f"paths.output={tmp_path}"]
    found = composed([*small, "model=shuffled_words", "model.of=tiny_gpt2"])
    notes = represent(found, found.model, open_dataset(found)).notes
    assert sum("shuffled_words: its weights are untrained, drawn at random" in note for note in notes) == 1


@pytest.mark.parametrize(
    "words",
    [["model=gpt2"], ["model=shuffled_words"], ["model=joined", "model.of=[mel,gpt2]"], ["model=mel", "model@baseline=gpt2"]],
    ids=lambda words: words[-1],
)  # fmt: skip
def test_a_checkpoint_that_is_not_at_hand_is_told_before_data_are_read(tmp_path, monkeypatch, words):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    nowhere = [f"data.root={tmp_path / 'no_data'}", "data=bids", f"paths.output={tmp_path}"]
    config = composed([*nowhere, *words])
    with pytest.raises(BrainalignError, match="checkpoint openai-community/gpt2 .* is not in the local cache"):
        run(config, tmp_path / "run")
