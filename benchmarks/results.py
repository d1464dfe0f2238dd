"""RESULTS.md: every command owns the section between its two markers, and replaces nothing else."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

Every section is written by the command named in it (`--write`) and by nothing else. Data are simulated.
"""


def write_section(key: str, body: str, path: Path = RESULTS) -> None:
    """Replace the section ``key``, or append it where there is none yet; the rest of the file stays as it is.

    Args:
        key: Name of the section.
        body: Markdown.
        path: The file, made with its heading where it does not exist.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else HEAD
    begin, end = f"<!-- {key}: begin -->", f"<!-- {key}: end -->"
    section = f"{begin}\n{body.strip()}\n{end}"
    present = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text, replaced = present.subn(lambda _: section, text, count=1)
    if not replaced:
        text = f"{text.rstrip()}\n\n{section}\n"
    path.write_text(text, encoding="utf-8")


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A table in markdown; all columns but the first are numbers and lean right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))
