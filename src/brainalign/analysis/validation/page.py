"""The page that validation leaves behind: what was planted against what was found, by the command that made it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

WORDS = {
    "signal power": "Noise ceilings of simulated electrodes whose single-trial ceiling is known, from 10 sentences heard 10 times.",
    "score": "Scores over the true ceiling when the features are those that made the signal.",
    "layer": "The planted models, 48 columns wide, are best in layer 3 by construction.",
    "unique and shared": "Variance partition by banded ridge of two sets of latents that have one latent in common, as "
    "shares of the signal.",
    "spaces": "Shared and residual space of two planted models that have the lexical latent in common, as shares of the signal.",
    "mixture": "Electrodes driven by contextual, lexical and acoustic latents in known shares, in all six orders.",
    "null": "Where nothing is to be found.",
    "intervals": "How often a printed interval contains what it is about, where participants differ as much as electrodes do. "
    "Means, ratios and shares over electrodes have intervals over participants where there are three or more.",
    "intervals of geometry": "How often a printed interval of `analysis=geometry` contains the mean of what is printed over all other "
    "worlds: other stimuli (20 a world), and with regions other participants (4) as well.",
}
"""Check -> what it is."""


def page(table: pd.DataFrame, command: str, versions: str) -> str:
    """Markdown.

    Args:
        table: Of all findings.
        command: That made them.
        versions: Of the software.
    """
    kept = int(table["holds"].sum())
    lines = [
        "# Validation on simulated listeners",
        "",
        "Every number on this page is of **simulated** data with a known answer. It was written by",
        "",
        "```console",
        command,
        "```",
        "",
        f"with {versions} {kept} of {len(table)} findings keep their bound.",
    ]
    for check, rows in table.groupby("check", sort=False):
        lines += ["", f"## {str(check).capitalize()}", "", WORDS[str(check)], ""]
        lines += [
            "| what | truth | found | 95 % interval | rests on | bound | kept |",
            "|---|---:|---:|---|---|---|---|",
        ]
        lines += [
            f"| {r.what} | {r.truth:.3f} | {r.found:.3f} | [{r.low:.3f}, {r.high:.3f}] | {r.n} | {r.bound} | "
            f"{'yes' if r.holds else '**no**'} |"
            for r in rows.itertuples()
        ]
    return "\n".join(lines) + "\n"


def write_page(path: Path, text: str) -> None:
    """Write it beside its place and rename it."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
