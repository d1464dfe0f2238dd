"""The pictures of docs/analyses.md, from the commands beside them: python scripts/analysis_pictures.py [SECTION ...]."""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from readme_pictures import shrink

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "analyses.md"


def sections() -> dict[str, tuple[list[str], str]]:
    """Of each section with a picture: the commands of its first block, and the picture's name."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        picture = re.search(r"\]\(pictures/analyses/(\w+)\.png\)", section)
        block = re.search(r"```console\n(.*?)```", section, re.DOTALL)
        if picture and block:
            found[section.split("\n")[0].strip("`")] = (block[1].splitlines(), picture[1])
    return found


def main(wanted: list[str]) -> None:
    """Run what is wanted, each command once, with all results in a temporary folder."""
    done: dict[tuple[str, ...], Path] = {}
    with tempfile.TemporaryDirectory() as output:
        for name, (commands, picture) in sections().items():
            if wanted and name not in wanted:
                continue
            key = tuple(commands)
            if key not in done:
                for command in commands:
                    words = shlex.split(command)[1:]
                    subprocess.run([sys.executable, *words, f"paths.output={output}"], cwd=ROOT, check=True)
                done[key] = max(Path(output).glob("2*/*/figures")).parent
            shrink(done[key] / "figures" / f"{picture}.png", 900, f"analyses/{picture}")


if __name__ == "__main__":
    main(sys.argv[1:])
