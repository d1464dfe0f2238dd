"""The documentation's site: what its pages promise of the source."""

import ast
import re
from pathlib import Path

from PIL import Image

from brainalign.tools import main
from brainalign.tools.config_reference import unsaid

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SECTIONS = (DOCS / "analyses.md").read_text(encoding="utf-8").split("\n## ")[1:]


def written_sentences() -> set[str]:
    """Every text of the source, with … in place of what is filled in."""
    found = set()
    for file in (ROOT / "src" / "brainalign").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.add("".join(str(v.value) if isinstance(v, ast.Constant) else "…" for v in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_each_sentence_of_the_trouble_page_is_one_of_the_source():
    quoted = re.findall(r"^\*\*`(.+)`\*\*$", (DOCS / "trouble.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(quoted) >= 30
    written = written_sentences()
    assert [q for q in quoted if q not in written] == []


def test_each_key_of_the_reference_has_a_meaning():
    assert unsaid() == []


def test_the_page_of_keys_is_what_the_command_prints(capsys):
    main(["config-reference"])
    page = (DOCS / "reference" / "config.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == page, "brainalign-tools config-reference > docs/reference/config.md"


def test_each_analysis_has_a_section_with_its_command_and_figure():
    options = {file.stem for file in (ROOT / "conf" / "analysis").glob("*.yaml")}
    assert {section.split("\n")[0].strip("`") for section in SECTIONS} == options
    for section in SECTIONS:
        name = section.split("\n")[0].strip("`")
        assert "```console\npython run.py " in section, name
        for picture in re.findall(r"\]\((pictures/[^)]+)\)", section):
            with Image.open(DOCS / picture) as shown:
                assert shown.width >= 600, picture
            assert (DOCS / picture).stat().st_size < 100_000, picture
        assert "](pictures/" in section or name == "validation"  # which draws no figure


def test_links_of_pages_outside_the_site_hold():
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        linked = [*re.findall(r"\]\(([^):#]+)", text), *re.findall(r'src="([^":]+)"', text)]
        assert [path for path in linked if not (ROOT / path).exists()] == []
