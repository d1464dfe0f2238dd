"""Examples in the documentation run, and say what they print."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """The folder of a small language model with untrained weights."""
    from brainalign.features.checkpoints.tiny import tiny_gpt2

    folder = tmp_path_factory.mktemp("checkpoint")
    for part in tiny_gpt2():
        part.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("page", [p.name for p in sorted(DOCS.glob("*.md")) if ">>>" in p.read_text(encoding="utf-8")])
def test_examples_of_a_page(page, checkpoint, tmp_path):
    given = {
        "checkpoint": checkpoint,
        "folder": tmp_path,
    }  # a page's reader has these: a checkpoint, and a folder to write to
    result = doctest.testfile(str(DOCS / page), module_relative=False, globs=given)
    assert result.attempted > 0 and result.failed == 0
