"""Alice: 17 listeners of one chapter; trained networks against their untrained twins, word vectors and word rate."""

from __future__ import annotations

from pathlib import Path

from benchmarks.real import DATA, GLOVE, MINILM, SMOLLM2
from benchmarks.real.figures import profiles
from benchmarks.real.runs import Runs, line
from benchmarks.real.tables import differences, interval, markdown, nested, number, overall, p_value, profile

SET = ("data=alice_fmri", f"data.root=${DATA}/alice_fmri", "window=fir_tr", "stats.score=r")
FEWER = "model.layers=[0,5,10,15,20,25,30]"
"""Layers of the networks that are controls."""

COMMANDS = {
    "word rate": ("model=word_rate",),
    "GloVe": GLOVE,
    "MiniLM": MINILM,
    "SmolLM2": SMOLLM2,
    "SmolLM2, no begin token": (*SMOLLM2, FEWER, "features.begin=none"),
    "SmolLM2, re-randomised": (*SMOLLM2, FEWER, "model.weights=rerandomized"),
    "SmolLM2, untrained": (*SMOLLM2, FEWER, "model.weights=untrained"),
}
"""Name on the page -> what chooses the model."""

PAIRS = (
    ("SmolLM2", "GloVe"), ("SmolLM2", "word rate"), ("GloVe", "word rate"), ("SmolLM2", "MiniLM"), ("SmolLM2", "SmolLM2, untrained"),
    ("SmolLM2", "SmolLM2, re-randomised"), ("SmolLM2", "SmolLM2, no begin token"), ("SmolLM2, untrained", "word rate"),
)  # fmt: skip


def section(runs: Runs, docs: Path) -> list[str]:
    """Do the runs, draw the figure, and give the lines of the section.

    Args:
        runs: Of the command line.
        docs: Folder of the figure.
    """
    done = {name: runs.run(f"alice-{slug(name)}", *SET, *words) for name, words in COMMANDS.items()}
    scores = nested(done)
    means, tests = overall(scores, "subject"), differences(scores, PAIRS)
    deep = [name for name in COMMANDS if name.startswith(("SmolLM2", "MiniLM"))]
    curves = {name: profile(done[name], "subject") for name in deep}
    flat = {row["model"]: row["mean"] for _, row in means.iterrows() if row["model"] not in deep}
    title = f"Alice: {int(means['n'].iloc[0])} listeners, six regions"
    profiles(docs / "real-alice.png", curves, flat, "mean held-out r (95 % over listeners)", title)
    regions = list(dict.fromkeys(scores["region"]))
    table = scores.groupby(["model", "region"], sort=False)["r"].mean()
    rows = [
        [row["model"], interval(row), *(number(table[row["model"], region], 2) for region in regions)]
        for _, row in means.iterrows()
    ]
    best = {name: curve.loc[curve["mean"].idxmax()] for name, curve in curves.items()}
    return [
        "## Alice: twelve minutes, seventeen listeners",
        "",
        "Real fMRI, six regions a listener, TR 2 s (Brennan et al. 2016). Delays of 0 to 5 volumes, five contiguous",
        "blocks of the story with",
        "gaps, alpha and layer chosen on inner folds. Mean over the six regions, with the 95 % interval over listeners:",
        "",
        *markdown(["model", "mean r", *regions], rows),
        "",
        "The networks that serve as controls have every fifth layer to choose from, SmolLM2 and MiniLM all of theirs.",
        "",
        "![Layers of the networks on Alice](real-alice.png)",
        "",
        "Best layer by the profile above (on the scored data, so it is optimistic): "
        + "; ".join(f"{name} {int(row['layer'])} ({number(row['mean'])})" for name, row in best.items())
        + ".",
        "",
        "Differences of mean r over listeners, exact sign flips, corrected by the maximum over the pairs of this table:",
        "",
        *markdown(
            ["pair", "difference of r", "p, corrected"],
            [
                [f"{r['a']} − {r['b']}", f"{r['mean_difference']:+.3f}", p_value(r["p_corrected"])]
                for _, r in tests.iterrows()
            ],
        ),
        "",
        *details([line((*SET, *words)) for words in COMMANDS.values()]),
    ]


def details(commands: list[str]) -> list[str]:
    """The commands, folded."""
    return ["<details><summary>commands</summary>", "", "```console", *commands, "```", "", "</details>", ""]


def slug(name: str) -> str:
    """A name as that of a folder."""
    return "-".join(name.lower().replace(",", "").split())
