"""A speech model and a language model on the same clips: what they share, and what is in it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.real import DATA, SMOLLM2, WHISPER
from benchmarks.real.alice import details, slug
from benchmarks.real.clips import LAYERS, PEOPLE, PER_REGION, SHARE, listened
from benchmarks.real.figures import correlations
from benchmarks.real.runs import Runs, line
from benchmarks.real.tables import markdown, number

K = 10
"""Canonical variates that count as shared: some 400 words carry no more."""

PARTNER = tuple(word.replace("model=", "model@partner=").replace("model.", "partner.") for word in SMOLLM2)
BOTH = (
    *WHISPER, *PARTNER, f"model.layers=[{LAYERS['speech']}]", f"partner.layers=[{LAYERS['words']}]",
    f"analysis.layers=[{LAYERS['speech']},{LAYERS['words']}]", f"analysis.k={K}", "analysis.variance=0.8",
)  # fmt: skip
CCA = (
    "analysis=cca",
    *BOTH,
    "window=instant",
    "encoding.alphas=[1000]",
    "encoding.inner_folds=1",
    "stats.permutations=0",
    "~model@baseline",
)
PAIRS = {
    "both trained": (),
    "Whisper untrained": ("model.weights=untrained",),
    "SmolLM2 untrained": ("partner.weights=untrained",),
    "both untrained": ("model.weights=untrained", "partner.weights=untrained"),
}
WHOLE = (
    "analysis=convergence", *BOTH, "analysis.components=20", "analysis.sets=2", "model@baseline=mel",
    f"lexical.path=${DATA}/glove/glove.6B.50d.top.txt", "window.tmax=0.08", "encoding.alphas=[100,1000,10000,100000]",
    "encoding.inner_folds=1", "stats.score=r2", "stats.permutations=0", "ceiling.draws=200",
)  # fmt: skip


def section(runs: Runs, docs: Path) -> list[str]:
    """Do the runs, draw the figure, and give the lines of the section.

    Args:
        runs: Of the command line.
        docs: Folder of the figure.
    """
    root = listened(runs.folder / "clips", runs.folder / "cache")
    chosen = ("data=folder", f"data.root={root}")
    spaces = {
        name: runs.run(f"cca-{slug(name)}", *chosen, *CCA, *words).tables["canonical"] for name, words in PAIRS.items()
    }
    whole = runs.run("convergence", *chosen, *WHOLE)
    curves = {name: by_variate(table) for name, table in spaces.items()}
    correlations(
        docs / "real-cca.png", curves, "Held-out canonical correlations of Whisper tiny.en and SmolLM2, words as rows"
    )
    rows = [[name, *row] for name, row in ((name, shared_row(curve)) for name, curve in curves.items())]
    scores, parts = whole.tables["scores"], whole.tables["partition_regions"]
    words = sum(len(pd.read_csv(path, sep="\t")) for path in (root / "stimuli").glob("*_words.tsv"))
    return [
        "## Whisper x SmolLM2: what a network of sound and one of text share",
        "",
        f"{len(list((root / 'stimuli').glob('*.flac')))} clips of read speech and {words} words. No transcript comes",
        "with the clips: Whisper's own decoder",
        "writes it, and its attention to the encoder times it (dynamic time warping). Layers are fixed beforehand: the",
        "third of Whisper's four,",
        "the fifteenth of SmolLM2's thirty. CCA is fitted on training clips and applied to the others, a row a word;",
        f"{K} variates count as shared:",
        "",
        *markdown(
            [
                "pair",
                "first, held out",
                f"mean of {K}, held out",
                "95 % of the shuffled null, mean",
                "variates above the null",
            ],
            rows,
        ),
        "",
        "![Canonical correlations](real-cca.png)",
        "",
        f"**Simulated listeners.** Nobody's brain was recorded on these clips. {PEOPLE} simulated listeners have",
        f"{PER_REGION} electrodes in each of three regions:",
        "`sound` is driven by the mel spectrogram, `speech` by Whisper's layer, `words` by SmolLM2's layer, each",
        "through random kernels, with",
        f"{SHARE:.0%} of signal in the variance. `analysis=convergence` (the whole of Chen et al. 2024) finds, in held-out R²:",
        "",
        *scores_table(scores),
        "",
        "and by variance partition (20 components of each model):",
        "",
        *partition_table(parts),
        "",
        *similarity_lines(whole.tables["similarity"]),
        "",
        *details([line(("data=folder", "data.root=...", *CCA)), line(("data=folder", "data.root=...", *WHOLE))]),
    ]


def by_variate(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds: variate, held_out and null_high.

    Args:
        table: Columns component, fold, held_out, null_95.
    """
    mean = table[table["component"] <= K].groupby("component")[["held_out", "null_95"]].mean().reset_index()
    return mean.rename(columns={"component": "variate", "null_95": "null_high"})


def shared_row(curve: pd.DataFrame) -> list[str]:
    """First and mean held-out correlation, the null's, and how many lie above it."""
    above = int((curve["held_out"] > curve["null_high"]).sum())
    values = (curve["held_out"].iloc[0], curve["held_out"].mean(), curve["null_high"].mean())
    return [*(number(float(v)) for v in values), f"{above} of {len(curve)}"]


def scores_table(scores: pd.DataFrame) -> list[str]:
    """R2 by model or part of its space, and region."""
    own = scores[scores["rule"] == "nested"]
    wide = own.groupby(["model", "space", "region"], sort=False)["r2"].mean().unstack("region")
    rows = [
        [str(model), str(space), *(number(v) for v in row)]
        for (model, space), row in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return markdown(["model", "part", *map(str, wide.columns)], rows)


def partition_table(parts: pd.DataFrame) -> list[str]:
    """Unique and shared variance by region."""
    own = parts[(parts["region"] != "all") & (parts["over"] == "participants")]
    wide = own.pivot_table(index="model", columns="region", values="mean", sort=False)
    rows = [[str(i), *(number(v) for v in row)] for i, row in zip(wide.index, wide.to_numpy(), strict=True)]
    return markdown(["part", *map(str, wide.columns)], rows)


def similarity_lines(table: pd.DataFrame) -> list[str]:
    """How much variance of two models' predictions is common, by region."""
    wide = table.pivot_table(index="model", columns="region", values="similarity_partial", sort=False)
    rows = [[str(i), *(number(v) for v in row)] for i, row in zip(wide.index, wide.to_numpy(), strict=True)]
    return [
        "Squared correlation of the two models' held-out predictions, onsets of words partialled out:",
        "",
        *markdown(["pair", *map(str, wide.columns)], rows),
    ]
