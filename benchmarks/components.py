"""What principal components change of the scores: ``python -m benchmarks.components --write`` puts a table into docs/paper.md.

A trained network (scripts/trained_models.py) hears simulated sentences; listeners are simulated. The same fits are made with all
dimensions and with components.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.paper import PAGE
from benchmarks.real import WHISPER
from benchmarks.real.runs import Runs, line
from benchmarks.results import markdown_table, write_section

RUN = ("analysis=encoding", "window.tmax=0.18", "stats.permutations=0", "ceiling.draws=200")
MODELS = {"whisper": (*WHISPER, "model.layers=[3]")}
ASKED = ("null", ".99", ".95", ".9", "100")


def main() -> None:
    """Fit, compare electrode by electrode, print, and with --write put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=Path, default=Path(tempfile.gettempdir()) / "brainalign-components", help="folder of the runs"
    )
    parser.add_argument("--write", action="store_true", help="replace the section of docs/paper.md")
    given = parser.parse_args()
    runs = Runs(given.output)
    rows = []
    for model, words in MODELS.items():
        scores = {}
        for asked in ASKED:
            found = runs.run(f"{model}-{asked}", *RUN, *words, f"encoding.components={asked}").tables["scores"]
            scores[asked] = found.query("rule == 'nested' and model == @model")["r2"].to_numpy()
        for asked, r2 in scores.items():
            change = r2 - scores["null"]
            low, high = np.quantile(change, [0.05, 0.95])
            rows.append([model, asked, f"{r2.mean():.4f}", f"{change.mean():+.4f}", f"{low:+.4f}", f"{high:+.4f}"])
    body = "\n".join(
        [
            "What components change of the scores of simulated listeners, who hear simulated sentences, with a trained network "
            "(the third layer of Whisper tiny.en, 384 dimensions) at 10 lags: R², and over electrodes its difference to all dimensions.",
            "",
            markdown_table(["model", "`encoding.components`", "mean R²", "mean difference", "5 %", "95 %"], rows),
            "",
            "```console",
            *(line([*RUN, *words, "encoding.components=.95"]) for words in MODELS.values()),
            "```",
        ]
    )
    Console().print(body, markup=False, highlight=False, soft_wrap=True)
    if given.write:
        write_section("components", body, PAGE)


if __name__ == "__main__":
    main()
