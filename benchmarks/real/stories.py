"""UTS03: one listener of many stories; all of them in turn, and the three classical test stories held back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.real import DATA, GLOVE, SMOLLM2, data
from benchmarks.real.alice import details, slug
from benchmarks.real.figures import profiles
from benchmarks.real.runs import Runs, line
from benchmarks.real.tables import interval, markdown, nested, overall, profile

TRAIN = 5
"""Stories besides the three test stories: what some ten minutes a network allow on a busy core."""

LAYERS = "model.layers=[0,7,14,21,29]"
SET = (
    "data=story_fmri", f"data.root=${DATA}/story_fmri", "data.files=uts03.npz", "data.words_file=words.parquet",
    'data.keys.responses="{split}/{stimulus}/resp"', "window=fir_tr", "window.tmin=1", "window.tmax=4", "stats.score=r",
    "stats.permutations=0", "encoding.inner_folds=1", "encoding.alphas=[100,1000,10000,100000]",
)  # fmt: skip
COMMANDS = {
    "word rate": ("model=word_rate",),
    "GloVe": GLOVE,
    "SmolLM2": (*SMOLLM2, LAYERS, "save.predictions=true"),
    "SmolLM2, re-randomised": (*SMOLLM2, LAYERS, "model.weights=rerandomized"),
    "SmolLM2, untrained": (*SMOLLM2, LAYERS, "model.weights=untrained"),
}


def stories() -> str:
    """The words that choose the stories: the first by name, and the test stories."""
    table = pd.read_parquet(data("story_fmri", "words.parquet"))
    split = {name: sorted(own["story"].unique()) for name, own in table.groupby("split")}
    return f"data.stories=[{','.join([*split['train'][:TRAIN], *split['test']])}]"


def section(runs: Runs, docs: Path) -> list[str]:
    """Do the runs, draw the figure, and give the lines of the section.

    Args:
        runs: Of the command line.
        docs: Folder of the figure.
    """
    chosen = (*SET, stories())
    done = {name: runs.run(f"stories-{slug(name)}", *chosen, *words) for name, words in COMMANDS.items()}
    held = {
        name: runs.run(f"test-{slug(name)}", *chosen, *COMMANDS[name], "encoding.test=split")
        for name in ("word rate", "GloVe", "SmolLM2")
    }
    means, test = overall(nested(done), "electrode"), overall(nested(held), "electrode").set_index("model")
    curves = {name: profile(done[name], "electrode") for name in COMMANDS if name.startswith("SmolLM2")}
    flat = {row["model"]: row["mean"] for _, row in means.iterrows() if row["model"] not in curves}
    profiles(
        docs / "real-stories.png",
        curves,
        flat,
        "mean held-out r (95 % over components)",
        f"UTS03: {TRAIN + 3} stories, 200 components",
    )
    rows = [
        [row["model"], interval(row), interval(test.loc[row["model"]]) if row["model"] in test.index else "–"]
        for _, row in means.iterrows()
    ]
    shape = "; ".join(f"{int(r['layer'])}: {r['mean']:.3f}" for _, r in curves["SmolLM2"].iterrows())
    return [
        f"## UTS03: one listener, {TRAIN + 3} stories",
        "",
        "Real fMRI of one participant (LeBel et al. 2023), 200 principal components. Delays of 1 to 4 volumes; five",
        "folds of whole stories, in",
        "turn; alpha and layer chosen on a held-out fold. The right column is the convention of the field,",
        "`encoding.test=split`: the three test",
        "stories (averages over repeats) are scored once by what was fitted on the others. Intervals are over the components of this one",
        "participant and say nothing of others.",
        "",
        *markdown(["model", "stories in turn, mean r", "fixed test set, mean r"], rows),
        "",
        "![Layers of SmolLM2 on UTS03](real-stories.png)",
        "",
        f"SmolLM2 by layer, mean r: {shape}. Held-out predictions of its nested choice are kept (`save.predictions=true`).",
        "",
        *details([line((*SET, "data.stories=[...]", *words)) for words in COMMANDS.values()]),
    ]
