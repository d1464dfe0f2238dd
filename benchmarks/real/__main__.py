"""All sections, and the page: ``python -m benchmarks.real --output FOLDER --write``; a second call goes on where the first one ended."""

from __future__ import annotations

import argparse
import os
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir

from rich.console import Console

from benchmarks.real import DATA, MODELS, PAGE, ROOT, alice, conclusions, pair, podcast, speech, stories
from benchmarks.real.runs import Runs
from benchmarks.real.tables import wrapped

SECTIONS = {
    "alice": alice.section,
    "stories": stories.section,
    "speech": speech.section,
    "podcast": podcast.section,
    "pair": pair.section,
}


def main() -> None:
    """Run, print the page and, with --write, put it and its figures into docs/."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=Path, default=Path(gettempdir()) / "brainalign-real", help="folder for runs and features"
    )
    parser.add_argument("--only", nargs="*", choices=SECTIONS, help="some sections, without writing the page")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)} and its figures")
    given = parser.parse_args()
    for name in (DATA, MODELS):
        if name not in os.environ:
            parser.error(f"set {name}: the real test data, or the folder that scripts/trained_models.py fills")
    if given.only and given.write:
        parser.error("--write needs all sections; leave --only out")
    runs = Runs(given.output)
    docs = PAGE.parent if given.write else runs.folder
    found = {name: SECTIONS[name](runs, docs) for name in given.only or SECTIONS}
    lines = [*head(), *(line for section in found.values() for line in section)]
    if not given.only:
        lines += conclusions.section(runs)
    text = "\n".join(wrapped(lines)) + "\n"
    if given.write:
        PAGE.write_text(text, encoding="utf-8")
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def head() -> list[str]:
    """What the page is."""
    software = ", ".join(f"{name} {version(name)}" for name in ("brainalign", "numpy", "torch", "transformers"))
    return [
        "# Real networks on real recordings",
        "",
        "Trained checkpoints through the whole path: Whisper tiny.en (Radford et al. 2023), SmolLM2-135M-Instruct",
        "(four bits a weight, so a little",
        "coarser than the original) and all-MiniLM-L6-v2, which `scripts/trained_models.py` makes ready. All numbers",
        "and figures were written by",
        "",
        "```console",
        "python scripts/trained_models.py models",
        "BRAINALIGN_TEST_MODELS=models python -m benchmarks.real --write",
        "```",
        "",
        f"with {software}. Where listeners are simulated, the page says so.",
        "",
    ]


if __name__ == "__main__":
    main()
