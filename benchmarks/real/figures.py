"""Figures of the page: profiles over layers, phones by layers, canonical correlations beside their null."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

COLOURS = ("#0072B2", "#D55E00", "#999999", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's, told apart by colour-blind readers."""

LINES = ("-", "--", ":", "-.")


def profiles(
    path: Path,
    curves: Mapping[str, pd.DataFrame],
    levels: Mapping[str, float],
    ylabel: str,
    title: str,
    chance: float = 0.0,
) -> None:
    """Curves over depth (0 = input, 1 = last layer) with their intervals, and models of one layer as lines.

    Args:
        path: Of the PNG.
        curves: Name -> layer, mean, low, high.
        levels: Name -> mean.
        ylabel: With its unit.
        title: What is shown.
        chance: Of the score.
    """
    figure, axes = plt.subplots(figsize=(6.2, 3.6), layout="constrained")
    for k, (name, curve) in enumerate(curves.items()):
        style = {"color": COLOURS[k], "linestyle": LINES[k % len(LINES)]}
        depth = curve["layer"] / curve["layer"].max()
        axes.plot(depth, curve["mean"], marker="o", markersize=3, label=name, **style)
        axes.fill_between(depth, curve["low"], curve["high"], color=COLOURS[k], alpha=0.08, linewidth=0)
    for k, (name, level) in enumerate(levels.items()):
        axes.axhline(
            level,
            color=COLOURS[len(curves) + k],
            linewidth=1.2,
            linestyle=("--", "-")[k % 2],
            label=name,
            zorder=1 + 1 / (1 + k),
        )
    axes.axhline(chance, color="black", linewidth=0.6)
    axes.set(xlabel="depth: layer / number of layers", ylabel=ylabel, title=title)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def by_class(path: Path, table: pd.DataFrame, title: str) -> None:
    """Accuracy of each class of phones in each layer, classes by their mean.

    Args:
        path: Of the PNG.
        table: (classes, layers).
        title: What is shown.
    """
    table = table.loc[table.mean(axis=1).sort_values(ascending=False).index]
    figure, axes = plt.subplots(figsize=(4.2, 6.4), layout="constrained")
    image = axes.imshow(table, aspect="auto", cmap="RdBu_r", vmin=0.0, vmax=1.0)
    axes.set_xticks(np.arange(table.shape[1]), table.columns)
    axes.set_yticks(np.arange(table.shape[0]), table.index, fontsize=7)
    axes.set(xlabel="layer of the encoder", ylabel="class of the labels", title=title)
    figure.colorbar(image, label="ABX accuracy (chance .5)")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def correlations(path: Path, found: Mapping[str, pd.DataFrame], title: str) -> None:
    """Held-out canonical correlations of each pair, and the band of its shuffled null.

    Args:
        path: Of the PNG.
        found: Pair -> variate, held_out, null_high.
        title: What is shown.
    """
    figure, axes = plt.subplots(
        1, len(found), figsize=(3.1 * len(found), 3.1), sharey=True, layout="constrained", squeeze=False
    )
    for axis, (name, table) in zip(axes[0], found.items(), strict=True):
        axis.plot(table["variate"], table["held_out"], marker="o", markersize=3, color=COLOURS[0], label="held out")
        axis.plot(
            table["variate"], table["null_high"], color=COLOURS[2], linestyle="--", label="95 % of the shuffled null"
        )
        axis.axhline(0.0, color="black", linewidth=0.6)
        axis.set(xlabel="canonical variate", title=name)
        axis.title.set_fontsize(9)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("canonical correlation")
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=150)
    plt.close(figure)
