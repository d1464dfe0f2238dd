"""Examples in the documentation run, and say what they print."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("page", [p.name for p in sorted(DOCS.glob("*.md")) if ">>>" in p.read_text(encoding="utf-8")])
def test_examples_of_a_page(page):
    result = doctest.testfile(str(DOCS / page), module_relative=False)
    assert result.attempted > 0 and result.failed == 0
