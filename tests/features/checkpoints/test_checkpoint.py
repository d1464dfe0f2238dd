"""Checkpoints: found, refused in one sentence, identified by their content, loaded whole in float32."""

import json
import logging
import shutil

import numpy as np
import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.checkpoint import Checkpoint, quiet_transformers
from brainalign.features.checkpoints.forward import asked_layers, hidden_states, ready, weights_digest
from brainalign.features.checkpoints.location import checkpoint_folder, weight_files
from brainalign.features.language.model import LanguageModel
from brainalign.features.speech.model import SpeechModel


@pytest.fixture
def copy(tmp_path, speech_folder):
    return shutil.copytree(speech_folder, tmp_path / "copy")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty local cache of the hub, offline."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def cached(hub, name, source, without=()):
    """Lay a checkpoint into the hub's cache as the hub's client does."""
    sha = "0123456789abcdef0123456789abcdef01234567"
    place = hub / f"models--{name.replace('/', '--')}"
    shutil.copytree(source, place / "snapshots" / sha, ignore=shutil.ignore_patterns(*without))
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(sha)
    return place / "snapshots" / sha


def test_a_missing_checkpoint_offline_is_one_sentence(hub):
    with pytest.raises(BrainalignError) as caught:
        checkpoint_folder("nobody/nothing-at-all", None)
    for part in ("nobody/nothing-at-all", "HF_HUB_OFFLINE", "model.path=", "model=tiny_gpt2", "model=tiny_wav2vec2"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_in_the_local_cache_is_found(hub, speech_folder):
    folder = cached(hub, "facebook/wav2vec2-base", speech_folder)
    found = checkpoint_folder("facebook/wav2vec2-base", None)
    assert found.resolve() == folder.resolve()
    assert checkpoint_folder("facebook/wav2vec2-base", None, folder.name).resolve() == folder.resolve()
    with pytest.raises(BrainalignError, match="not in the local cache"):
        checkpoint_folder("facebook/wav2vec2-base", None, "another-revision")
    assert f"revision {folder.name}" in SpeechModel.from_folder(found, "m").describe()


def test_a_checkpoint_tells_its_size_and_its_weights_without_loading_them(speech_folder):
    checkpoint = Checkpoint(speech_folder, "AutoModel", "AutoFeatureExtractor")
    loaded = checkpoint.model()
    extractor = SpeechModel.from_folder(speech_folder, "m")
    assert checkpoint.parameters == sum(p.numel() for p in loaded.base_model.parameters())
    size = (
        f"{checkpoint.parameters:,} parameters, weights of its files (SHA-256 {extractor.identity()['weights'][:12]})"
    )
    assert size in extractor.describe() and "revision" not in extractor.describe()


def test_a_broken_download_counts_as_missing(hub, speech_folder):
    cached(hub, "facebook/wav2vec2-base", speech_folder, without=["*.safetensors"])
    with pytest.raises(BrainalignError, match="HF_HUB_OFFLINE"):
        checkpoint_folder("facebook/wav2vec2-base", None)


def test_what_is_no_hub_name_is_told(hub):
    with pytest.raises(BrainalignError, match=r"model.path=") as caught:
        checkpoint_folder("./some/folder/deep", None)
    assert "\n" not in str(caught.value)


def test_nothing_named():
    with pytest.raises(BrainalignError, match=r"model.path=.*model.checkpoint="):
        checkpoint_folder(None, None)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [("config.json", "has no config.json"), ("model.safetensors", "has no weights"), ("*", "is no folder")],
)
def test_a_folder_that_lacks_something_is_named(copy, gone, sentence):
    if gone == "*":
        shutil.rmtree(copy)
    else:
        (copy / gone).unlink()
    with pytest.raises(BrainalignError, match=sentence) as caught:
        checkpoint_folder(None, str(copy))
    assert str(copy) in str(caught.value)


def test_the_wrong_kind_is_named(speech_folder, language_folder):
    with pytest.raises(BrainalignError, match=r"'gpt2', no speech model that is known"):
        SpeechModel.from_folder(language_folder, "mine")
    with pytest.raises(
        BrainalignError, match=r"'wav2vec2', no causal language model of transformers and no bidirectional one"
    ):
        LanguageModel.from_folder(speech_folder, "mine")


def test_a_missing_preprocessor_or_tokenizer_is_named(copy, language_folder, tmp_path):
    (copy / "preprocessor_config.json").unlink()
    with pytest.raises(BrainalignError, match="has no preprocessor_config.json") as caught:
        SpeechModel.from_folder(copy, "mine")
    assert str(copy) in str(caught.value) and "\n" not in str(caught.value)
    bare = shutil.copytree(language_folder, tmp_path / "bare", ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(BrainalignError, match="has no tokenizer"):
        LanguageModel.from_folder(bare, "mine")
    (bare / "tokenizer.json").write_text("{}")
    with pytest.raises(BrainalignError, match="no usable tokenizer") as caught:
        LanguageModel.from_folder(bare, "mine")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "not json", "[1, 2]", "{}"])
def test_a_broken_configuration_is_named(copy, content):
    (copy / "config.json").write_text(content)
    with pytest.raises(BrainalignError, match=r"config.json is no configuration"):
        SpeechModel.from_folder(copy, "mine")


def test_broken_weights_are_named(copy, heard):
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    extractor = SpeechModel.from_folder(copy, "mine")
    with pytest.raises(BrainalignError, match="cannot be loaded") as caught:
        list(extractor.extract([heard(0.5)]))
    assert str(copy) in str(caught.value) and "\n" not in str(caught.value)


def test_weights_of_another_shape_or_number_are_refused(copy, heard):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    with pytest.raises(BrainalignError, match=r"lack \d+ that its config.json asks for \(encoder.layers.4"):
        list(SpeechModel.from_folder(copy, "mine").extract([heard(0.5)]))
    (copy / "config.json").write_text(json.dumps({**config, "intermediate_size": 100}))
    with pytest.raises(BrainalignError, match=r"cannot be loaded|lack"):
        list(SpeechModel.from_folder(copy, "mine").extract([heard(0.5)]))


def test_old_pickled_weights_with_old_names_are_read_whole(copy, heard):
    """facebook/wav2vec2-base is stored so: pytorch_model.bin, weight_g and weight_v, a head's prefix, no mask vector."""
    from transformers import Wav2Vec2Model

    expected = SpeechModel.from_folder(copy, "mine").states(heard(0.5).audio.load())
    state = Wav2Vec2Model.from_pretrained(copy).state_dict()
    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    old = {}
    for name, value in state.items():
        for new, former in names.items():
            name = name.replace(new, former)
        old[f"wav2vec2.{name}"] = value
    del old["wav2vec2.masked_spec_embed"]
    assert any(k.endswith("weight_g") for k in old)
    old["quantizer.codevectors"] = torch.zeros(3)
    (copy / "model.safetensors").unlink()
    torch.save(old, copy / "pytorch_model.bin")
    assert [f.name for f in weight_files(copy)] == ["pytorch_model.bin"]
    found = SpeechModel.from_folder(copy, "mine").states(heard(0.5).audio.load())
    assert all(np.array_equal(found[n], expected[n]) for n in expected)


def test_the_digest_is_the_content_not_the_place(speech_folder, copy):
    one, same = (Checkpoint(f, "AutoModel", "AutoFeatureExtractor").digest for f in (speech_folder, copy))
    (copy / "README.md").write_text("about")
    assert one == same == Checkpoint(copy, "AutoModel", "AutoFeatureExtractor").digest
    content = bytearray((copy / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (copy / "model.safetensors").write_bytes(bytes(content))
    assert Checkpoint(copy, "AutoModel", "AutoFeatureExtractor").digest != one


def test_settings_are_part_of_the_digest(speech_folder, copy):
    settings = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").write_text(json.dumps({**settings, "do_normalize": False}))
    one, other = (SpeechModel.from_folder(f, "mine").identity() for f in (speech_folder, copy))
    assert one != other and one["normalised"] and not other["normalised"]


def test_half_precision_weights_run_in_float32(tmp_path, language_folder, said):
    from transformers import AutoModelForCausalLM

    folder = shutil.copytree(language_folder, tmp_path / "half")
    AutoModelForCausalLM.from_pretrained(language_folder).to(torch.bfloat16).save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"
    loaded = ready(Checkpoint(folder, "AutoModelForCausalLM", "AutoTokenizer"), "cpu")
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert not loaded.training


def test_nothing_is_loaded_for_the_identity(speech_folder, monkeypatch):
    monkeypatch.setattr(Checkpoint, "model", lambda self: pytest.fail("the weights were loaded"))
    extractor = SpeechModel.from_folder(speech_folder, "mine")
    assert extractor.identity() and extractor.describe() and list(extractor.layers) == [0, 1, 2, 3, 4]


def test_memory_digest_sees_weights_and_settings():
    from brainalign.features.checkpoints.tiny import tiny_gpt2

    model, _ = tiny_gpt2()
    before = weights_digest(model)
    with torch.no_grad():
        model.h[3].mlp.c_fc.bias[0] += 1e-3
    moved = weights_digest(model)
    model.config.layer_norm_epsilon = 1e-3
    assert len({before, moved, weights_digest(model)}) == 3


def test_layers_that_do_not_exist_are_named():
    assert asked_layers(None, 2, "m") == [0, 1, 2]
    with pytest.raises(BrainalignError, match=r"layer 13, but m has layers 0 \(input embedding\) to 12"):
        asked_layers([0, 13], 12, "m")
    with pytest.raises(BrainalignError, match="layer -1"):
        asked_layers([-1], 12, "m")


def test_quiet_and_then_as_before(caplog):
    from transformers.utils import logging as theirs

    before = theirs.get_verbosity(), theirs.is_progress_bar_enabled()
    with quiet_transformers():
        assert theirs.get_verbosity() == logging.ERROR and not theirs.is_progress_bar_enabled()
    assert (theirs.get_verbosity(), theirs.is_progress_bar_enabled()) == before


def test_hidden_states_are_a_literal_call(language_folder):
    from transformers import AutoModelForCausalLM

    ids = torch.tensor([[5, 9, 2, 40]])
    model = AutoModelForCausalLM.from_pretrained(language_folder).eval()
    with torch.inference_mode():
        literal = model(input_ids=ids, output_hidden_states=True).hidden_states
    found = hidden_states(ready(model, "cpu"), [0, 2, 4], input_ids=ids)
    assert list(found) == [0, 2, 4]
    assert all(np.array_equal(found[n], literal[n][0].numpy()) for n in found)
