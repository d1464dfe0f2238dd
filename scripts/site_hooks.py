"""What mkdocs.yml calls: the benchmarks' page and picture, which lie outside docs/, become part of the site."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
OUTSIDE = ("benchmarks/RESULTS.md", "benchmarks/growth.png")


def on_files(files: Any, config: Any) -> Any:
    """Add the files outside docs/ under their own paths."""
    for path in OUTSIDE:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """On GitHub these links lead out of docs/; here they stay within the site."""
    return markdown.replace("](../benchmarks/", "](benchmarks/") if "/" not in page.file.src_uri else markdown
