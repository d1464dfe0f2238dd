"""Speech clips: which layers of Whisper tell phones apart."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.real import WHISPER
from benchmarks.real.alice import details, slug
from benchmarks.real.clips import labelled
from benchmarks.real.figures import by_class, profiles
from benchmarks.real.runs import Runs, line
from benchmarks.real.tables import interval, markdown, number

COMMANDS = {
    "mel": ("model=mel",),
    "Whisper": WHISPER,
    "Whisper, re-randomised": (*WHISPER, "model.weights=rerandomized"),
    "Whisper, untrained": (*WHISPER, "model.weights=untrained"),
}


def section(runs: Runs, docs: Path) -> list[str]:
    """Do the runs, draw the figures, and give the lines of the section.

    Args:
        runs: Of the command line.
        docs: Folder of the figures.
    """
    root = labelled(runs.folder / "clips-labelled")
    chosen = ("data=folder", f"data.root={root}", "analysis=abx", "analysis.n=3000", "~model@baseline")
    done = {name: runs.run(f"abx-{slug(name)}", *chosen, *words) for name, words in COMMANDS.items()}
    layers = {name: run.tables["abx_layers"] for name, run in done.items()}
    deep = {name: table for name, table in layers.items() if len(table) > 1}
    mel = float(layers["mel"]["mean"].iloc[0])
    profiles(
        docs / "real-abx.png",
        deep,
        {"mel": mel},
        "ABX accuracy (95 % over contrasts)",
        "Two LibriSpeech clips, phones by forced alignment",
        chance=0.5,
    )
    classes = phones_by_layer(done["Whisper"].tables["abx_contrasts"])
    by_class(docs / "real-abx-classes.png", classes, "Whisper tiny.en")
    rows = [[name, *(interval(row) for _, row in table.iterrows())] for name, table in layers.items()]
    width = max(map(len, rows))
    found = done["Whisper"].tables["abx_triplets"]
    curve, fresh = deep["Whisper"]["mean"], deep["Whisper, untrained"]["mean"]
    best = int(deep["Whisper"]["layer"].iloc[int(curve.argmax())])
    return [
        "## Speech clips: phones in Whisper's encoder",
        "",
        f"Two clips of LibriSpeech with phone labels every 10 ms, {found['triplet'].nunique()} triplets of",
        f"{classes.shape[0]} classes (the labels",
        "have numbers, no names). Accuracy of ABX by layer, 95 % interval over contrasts; chance is .5:",
        "",
        *markdown(
            ["model", *(f"layer {n}" for n in range(width - 1))], [row + [""] * (width - len(row)) for row in rows]
        ),
        "",
        "![ABX by layer](real-abx.png)",
        "",
        "![ABX by class of phones and layer](real-abx-classes.png)",
        "",
        f"In the trained encoder phones are told apart best in layer {best} ({two(curve.max())}, mel {two(mel)}); in the last one",
        f"({two(curve.iloc[-1])}) much less. Layer 0 is the convolutions with positions added. The untrained encoder is at or",
        f"below chance in every layer ({two(fresh.min())} to {two(fresh.max())}): its frames say when, not what, and B comes from A's own",
        "clip. Re-randomised weights keep what the size of weights does by itself, and are the fairer control."
        " Numbers of untrained networks, and no others, moved by up to .002 after the first writing of this page (layer 2 above was .477):",
        "their weights were drawn in float16 then, as the checkpoints' config.json says, and are drawn in float32 now.",
        "",
        *details(
            [
                line(("data=folder", "data.root=...", "analysis=abx", "analysis.n=3000", *words))
                for words in COMMANDS.values()
            ]
        ),
    ]


def two(value: float) -> str:
    """With two digits."""
    return number(float(value), 2)


def phones_by_layer(contrasts: pd.DataFrame) -> pd.DataFrame:
    """(classes, layers): mean accuracy of the contrasts that a class of phones takes part in.

    Args:
        contrasts: Columns contrast (``a-b``), layer and accuracy.
    """
    both = contrasts["contrast"].str.split("-", expand=True)
    parts = [contrasts.assign(phone=both[side])[["phone", "layer", "accuracy"]] for side in both]
    return pd.concat(parts).pivot_table(index="phone", columns="layer", values="accuracy", aggfunc="mean")
