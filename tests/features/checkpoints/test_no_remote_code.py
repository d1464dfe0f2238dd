"""A checkpoint folder's own Python is never run and never asked for, whatever its configs say."""

import builtins
import json

import pytest

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
from brainalign.features.checkpoints.tiny import tiny_wav2vec2


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A good checkpoint to which somebody added Python; being asked a question is a failure."""
    for part in tiny_wav2vec2():
        part.save_pretrained(tmp_path)
    marker = tmp_path / "MARKER"
    (tmp_path / "theirs.py").write_text(f"open({str(marker)!r}, 'w').write('run')\nclass Theirs: pass\n")
    monkeypatch.setattr(builtins, "input", lambda *_: pytest.fail("nobody is to be asked"))

    def change(name, **keys):
        file = tmp_path / name
        content = json.loads(file.read_text()) | keys
        file.write_text(json.dumps(content))
        return Checkpoint(tmp_path, "AutoModel", "AutoFeatureExtractor", Loading())

    yield change
    assert not marker.exists()


def test_a_known_architecture_is_read_by_transformers_own_class(foreign):
    checkpoint = foreign("config.json", auto_map={"AutoConfig": "theirs.Theirs", "AutoModel": "theirs.Theirs"})
    assert type(checkpoint.model()).__module__.startswith("transformers.")
    assert Checkpoint(checkpoint.folder, "AutoModel", "AutoFeatureExtractor", Loading("untrained")).model() is not None


def test_an_unknown_one_is_one_sentence(foreign):
    checkpoint = foreign("config.json", auto_map={"AutoConfig": "theirs.Theirs"}, model_type="theirs")
    with pytest.raises(BrainalignError, match=r"Python of its own \(config\.json: auto_map\), which is never run"):
        checkpoint.config  # noqa: B018


def test_a_foreign_feature_extractor_is_one_sentence(foreign):
    checkpoint = foreign(
        "preprocessor_config.json", auto_map={"AutoFeatureExtractor": "theirs.Theirs"}, feature_extractor_type="Theirs"
    )
    try:
        assert type(checkpoint.processor()).__module__.startswith("transformers.")
    except BrainalignError as error:
        assert "which is never run" in str(error)
