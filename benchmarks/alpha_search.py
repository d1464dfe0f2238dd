"""Alphas from the largest down beside the whole grid: ``python -m benchmarks.alpha_search --write``.

Runs of the command line, on real recordings and on simulated listeners, in which every search of alphas is done both ways, in
turn: how many choices (electrodes x outer folds) of every layer differ, and what the searches took.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.history import ROOT, record
from benchmarks.machine import cores, describe, hardware
from benchmarks.results import RESULTS, markdown_table, write_section

DATA, MODELS = "BRAINALIGN_TEST_DATA", "BRAINALIGN_TEST_MODELS"
FMRI = ("window=fir_tr", "stats.score=r")
STORIES = (
    "data=story_fmri", "data.root=$BRAINALIGN_TEST_DATA/story_fmri", "data.files=uts03.npz", "data.words_file=words.parquet",
    'data.keys.responses="{split}/{stimulus}/resp"', "window.tmin=1", "window.tmax=4",
)  # fmt: skip
RUNS = {
    "Alice, 17 listeners x 6 regions (real fMRI): SmolLM2, layers 0, 15, 30; word rate": (
        *FMRI, "data=alice_fmri", "data.root=$BRAINALIGN_TEST_DATA/alice_fmri", "model=causal_lm", "model.name=smollm2",
        "model.path=$BRAINALIGN_TEST_MODELS/smollm2_135m", "model.layers=[0,15,30]",
    ),
    "UTS03, 101 stories, 200 components (real fMRI): GloVe; word rate": (
        *FMRI, *STORIES, "model=glove", "model.path=$BRAINALIGN_TEST_DATA/glove/glove.6B.50d.top.txt",
    ),
    "UTS03 (real fMRI): SmolLM2, layer 14": (
        *FMRI, *STORIES, "model=causal_lm", "model.name=smollm2", "model.path=$BRAINALIGN_TEST_MODELS/smollm2_135m", "model.layers=[14]",
        "~model@baseline",
    ),
    "the default run (simulated): an untrained network's layers; mel": (),
}  # fmt: skip
HEADER = ["run", "choices", "the same", "largest difference of R²", "grid, s", "descend, s", "x time"]


def searched(words: list[str]) -> dict[str, Any]:
    """Run a command line in this process, its searches done both ways.

    Args:
        words: Of the command line.
    """
    from brainalign.encoding import nested
    from brainalign.encoding.inner import choices

    search_all, seconds = nested.inner_curves, {"grid": 0.0, "descend": 0.0}
    count = [0, 0, 0, 0.0]

    def both(
        sums: Any, split: Any, alphas: Any, outer: Any, arithmetic: Any, search: Any, *more: Any
    ) -> NDArray[np.float64]:
        found = {}
        for way in list(seconds)[:: 1 if count[0] % 2 else -1]:  # in turn, the other one first
            begun = time.perf_counter()
            asked = replace(search, descend=way == "descend")
            found[way] = search_all(sums, split, alphas, outer, arithmetic, asked, *more)
            seconds[way] += time.perf_counter() - begun
        count[0] += 1
        for f in outer:
            grid, descend = (choices(found[way][f], search.rule) for way in seconds)
            best = found["grid"][f]
            lost = best[grid, np.arange(len(grid))] - best[descend, np.arange(len(grid))]
            count[1] += len(grid)
            count[2] += int((grid == descend).sum())
            count[3] = max(count[3], float(np.nanmax(lost)))
        return found["grid"]

    nested.inner_curves = both
    sys.argv = ["run.py", "stats.permutations=0", "ceiling.draws=200", *words]
    runpy.run_path(str(ROOT / "run.py"), run_name="__main__")
    return {"choices": count[1], "same": count[2], "lost": count[3], **seconds}


def main() -> None:
    """Run each, print, and with --write put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace the section of RESULTS.md")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(searched([os.path.expandvars(word) for word in RUNS[given.one]])))
        return
    rows, ratios = [], {}
    for name, words in RUNS.items():
        if missing := [
            need for need in (DATA, MODELS) if any(f"${need}" in w for w in words) and need not in os.environ
        ]:
            print(f"{name}: left out, {' and '.join(missing)} not set")
            continue
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.alpha_search", "--one", name], cwd=folder, check=True, capture_output=True, text=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
            )  # fmt: skip
        found = json.loads(done.stdout.splitlines()[-1])
        ratios[name] = [found["grid"] / found["descend"]]
        share = f"{100 * found['same'] / found['choices']:.2f} %"
        took = [f"{found['grid']:.1f}", f"{found['descend']:.1f}", f"{ratios[name][0]:.2f}"]
        rows.append([name, f"{found['choices']:,}", share, f"{found['lost']:.2g}", *took])
        print(*rows[-1], sep=" | ", flush=True)
    table = markdown_table(HEADER, rows)
    print(table)
    if given.write:
        body = (
            "## Search of alphas\n\n`python -m benchmarks.alpha_search --write`\n\nSeven alphas, 1 to 10⁶, five folds; each search "
            "of a layer's alphas by the whole grid and from the largest down, in turn. Choices: electrodes x outer folds x layers. "
            "Difference: of the mean inner R² at the alphas chosen.\n\n"
            f"{describe(['torch', 'numpy', 'scipy'], cores())}\n\n{table}"
        )
        write_section("alpha_search", body)
        record(RESULTS.parent, "alpha_search", "seven alphas", hardware(cores()), ratios)


if __name__ == "__main__":
    main()
