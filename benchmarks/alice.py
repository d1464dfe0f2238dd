"""The public Alice fMRI set under word rate, word vectors and a small language model: ``python -m benchmarks.alice --write``.

Runs the four models through the command line, compares them (``analysis=compare``), and writes docs/alice.md.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from rich.console import Console

from brainalign import load_run
from brainalign.stats import ZERO, compare

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "alice.md"
ENVIRONMENT = "BRAINALIGN_TEST_DATA"
DATA = ("data=alice_fmri", f"data.root=${ENVIRONMENT}/alice_fmri", "window=fir_tr", "stats.score=r")
LLAMA = ("model=causal_lm", "model.name=llama", f"model.path=${ENVIRONMENT}/models/aidreams-260k")
RUNS = {
    "word rate": ("model=word_rate",),
    "GloVe": ("model=glove", f"model.path=${ENVIRONMENT}/glove/glove.6B.50d.top.txt"),
    "Llama": LLAMA,
    "Llama, untrained": (*LLAMA, "model.weights=untrained"),
}
"""What the page calls a model -> what chooses it."""
LABELS = {
    "word_rate": "word rate", "glove": "GloVe", "llama": "Llama", "llama untrained": "Llama, untrained",
}  # fmt: skip
"""What the comparison calls a run -> what the page calls it."""
PAIRS = (
    ("GloVe", "word rate"), ("Llama", "word rate"), ("Llama", "GloVe"), ("Llama", "Llama, untrained"), ("Llama, untrained", "word rate"),
)  # fmt: skip


def main() -> None:
    """Run, print the page and, with --write, put it into docs/."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="folder for the runs; else a temporary one")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    if ENVIRONMENT not in os.environ:
        parser.error(f"set {ENVIRONMENT} to the folder that holds alice_fmri/, glove/ and models/")
    with tempfile.TemporaryDirectory() as scratch:
        scores = run_all(given.output or Path(scratch))
    text = page(*contrasts_of(scores))
    if given.write:
        PAGE.write_text(text, encoding="utf-8")
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def run_all(output: Path) -> pd.DataFrame:
    """Scores of all models, one row a (model, channel), from the comparison of their runs.

    Args:
        output: Where the runs go.
    """
    for choice in RUNS.values():
        _run(*DATA, *choice, f"paths.output={output}")
    _run("analysis=compare", "stats.score=r", f"paths.output={output}", f"hydra.run.dir={output}/compare")
    table: pd.DataFrame = load_run(output / "compare").tables["scores"]
    return table.assign(model=table["model"].map(LABELS))


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "run.py"), *map(os.path.expandvars, words)], check=False)
    if done.returncode:
        raise SystemExit(f"python run.py {shlex.join(words)} ended with status {done.returncode}")


def contrasts_of(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every model against 0, and the declared pairs, each corrected over its family; a row a (contrast, region).

    There is one channel a participant and region, so t over channels is t over participants; p is the exact sign-flip over
    participants, corrected by the maximum over the family.

    Args:
        scores: All models.

    Returns:
        Two tables with a, b, region, mean (r, or its difference), t, p_corrected and n.
    """
    regions = list(dict.fromkeys(scores["region"]))
    families = ([(model, ZERO) for model in RUNS], "models x regions, against 0"), (list(PAIRS), "pairs x regions")
    found = []
    for contrasts, family in families:
        table = compare(scores, contrasts, regions=regions, family=family, score="r", tests=["paired_t", "sign_flip"])
        keys = ["a", "b", "region"]
        t = table[table["test"] == "paired_t"].set_index(keys)["t"]
        flips = table[table["test"] == "sign_flip"].set_index(keys)
        found.append(flips.assign(t=t, mean=flips["mean_difference"]).reset_index())
    return found[0], found[1]


def page(alone: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """Markdown.

    Args:
        alone: Models against 0.
        pairs: Models against each other.
    """
    size = {"models": int(alone["family_size"].iloc[0]), "pairs": int(pairs["family_size"].iloc[0])}
    software = ", ".join(f"{name} {version(name)}" for name in ("brainalign", "numpy", "torch", "transformers"))
    commands = (shlex.join([*DATA, *choice]).replace("'", "") for choice in RUNS.values())
    lines = [
        "# Alice: real fMRI, small models",
        "",
        f"Real data: {int(alone['n_participants'].max())} listeners of twelve minutes of *Alice in Wonderland*, six regions, TR 2 s",
        "(Brennan et al. 2016, Brain and Language 157-158, 81-94; CC BY 4.0; one participant whose file is all zero is left out).",
        "Every number on this page was written by",
        "",
        "```console",
        "python -m benchmarks.alice --write",
        "```",
        "",
        f"with {software}, which does",
        "",
        "```console",
        *(f"python run.py {command}" for command in commands),
        "python run.py analysis=compare stats.score=r",
        "```",
        "",
        "Delays of 0 to 5 volumes; ridge, its alpha chosen inside; five contiguous blocks of the story with gaps; layers chosen on inner",
        "folds. `Llama` is a trained network of 231,000 parameters in four layers, untrained is its architecture with seeded random",
        "weights, GloVe has the first 2,446 words of 6B 50d. Llama's tokenizer puts its begin token before a text itself, so",
        "`features.begin` changes nothing here; [real.md](real.md) has networks where it might.",
        "",
        "## How well each model predicts a region",
        "",
        "Mean held-out r over participants, t over participants, and p of the exact sign-flip test against 0, corrected by the maximum",
        f"over all {size['models']} tests of the table. Bold: p < .05.",
        "",
        *_table(alone.assign(label=alone["a"])),
        "",
        "## Models against each other",
        "",
        f"Mean difference of r, t and p likewise, corrected over all {size['pairs']} tests of this table.",
        "",
        *_table(pairs.assign(label=pairs["a"] + " − " + pairs["b"])),
        "",
        "## What this shows",
        "",
        *conclusions(alone, pairs),
    ]
    return "\n".join(lines) + "\n"


def _table(found: pd.DataFrame) -> list[str]:
    """Regions down, labels across; a cell is ``mean (t, p)``, bold where p < .05."""
    cells = {(r.region, r.label): _cell(r.mean, r.t, r.p_corrected) for r in found.itertuples()}
    columns = list(dict.fromkeys(found["label"]))
    rows = [
        f"| {region} | " + " | ".join(cells[region, column] for column in columns) + " |"
        for region in dict.fromkeys(found["region"])
    ]
    return ["| region | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|", *rows]


def _cell(mean: float, t: float, p: float) -> str:
    text = f"{mean:.3f} (t {t:.2f}, p {p:.3f})" if p >= 0.001 else f"{mean:.3f} (t {t:.2f}, p < .001)"
    return f"**{text}**" if p < 0.05 else text


def conclusions(alone: pd.DataFrame, pairs: pd.DataFrame) -> list[str]:
    """Sentences from the numbers: what stands at a corrected .05, and what does not.

    Args:
        alone: Models against 0.
        pairs: Models against each other.
    """
    said = []
    for model in RUNS:
        mine = alone[alone["a"] == model]
        said.append(f"- {model} predicts {_regions(mine, 1)} above chance; mean r {mine['mean'].mean():.3f}.")
    for a, b in PAIRS:
        mine = pairs[(pairs["a"] == a) & (pairs["b"] == b)]
        said.append(
            f"- {a} is better than {b} in {_regions(mine, 1)}, worse in {_regions(mine, -1)}; "
            f"mean difference {mine['mean'].mean():+.3f}."
        )
    gains = {b: _kept(pairs[(pairs["a"] == "Llama") & (pairs["b"] == b)], 1) for b in ("word rate", "Llama, untrained")}
    said += [
        "",
        "Word rate, one number a word, is the bar: a model that does not pass it may know when words are spoken and nothing of what they",
        "are. " + ("The small Llama passes it in " + ", ".join(gains["word rate"]) + "."
                   if gains["word rate"]
                   else "The small Llama passes it nowhere, so its score is no evidence of a representation of language in these regions."),
    ]  # fmt: skip
    if not gains["Llama, untrained"]:
        said.append("Nor does training show: no region tells it from its untrained twin after correction.")
    said.append(
        "With twelve minutes a listener these tests see large differences only: what is not significant here is not shown to be absent."
    )
    return said


def _kept(rows: pd.DataFrame, sign: int) -> list[str]:
    """Regions whose mean has a sign, at a corrected p below .05."""
    return rows.loc[(rows["p_corrected"] < 0.05) & (rows["mean"] * sign > 0), "region"].tolist()


def _regions(rows: pd.DataFrame, sign: int) -> str:
    names = _kept(rows, sign)
    return f"{len(names)} of {len(rows)} regions ({', '.join(names)})" if names else f"none of {len(rows)} regions"


if __name__ == "__main__":
    main()
