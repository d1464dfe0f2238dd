"""Figures 2, 3 and 4 of Chen et al. 2024, from the tables of a run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from brainalign.figures.brain import brain_map, located
from brainalign.figures.layer_profile import layer_profile
from brainalign.figures.panels import Draw, paper_figure
from brainalign.figures.region_bars import region_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 6
"""Regions up to which bars and layers stand side by side."""


def figure_2(
    scores: pd.DataFrame,
    layers: pd.DataFrame,
    tests: pd.DataFrame | None,
    choices: pd.DataFrame,
    score: str = "r2",
    *,
    order: Sequence[str] | None = None,
    noun: str = "electrode",
) -> tuple[Figure, str]:
    """How well each model predicts: on the brain, by region with tests, and by layer.

    Args:
        scores: Scores table of the full models under one layer rule; the brain is left out where it has no coordinates.
        layers: Layer table.
        tests: Paired tests between the models.
        choices: Scores table of the full models under both layer rules.
        score: Column of the score in all of them.
        order: Models in the order that fixes colours and places.
        noun: What a row is.

    Returns:
        The figure and its caption.

    Example:
        >>> import pandas as pd
        >>> rows = [(m, n, f"p{p}", f"e{p}", "STG", 0.1 + 0.02 * n + 0.01 * p) for m in ("gpt2", "mel") for n in (0, 1) for p in range(4)]
        >>> layers = pd.DataFrame(rows, columns=["model", "layer", "subject", "electrode", "region", "r2"])
        >>> scores = layers[layers["layer"] == 1]
        >>> choices = pd.concat([scores.assign(rule=rule) for rule in ("nested", "max")])
        >>> figure, caption = figure_2(scores, layers, None, choices)
        >>> print(caption[:60])
        A. Mean R² (1 − SSE/SST) by region (bar; whisker: its 95 % c
    """
    common: dict[str, Any] = {"order": order, "noun": noun}
    rows: list[list[tuple[Draw, float]]] = []
    if located(scores).any():
        rows.append([(_panel(brain_map, scores, score, **common), 1.0)])
    bars = _panel(region_bars, scores, tests, score, **common)
    profile = _panel(layer_profile, layers, score, choices=choices, **common)
    if scores["region"].nunique() <= FEW:
        rows.append([(bars, 1.35), (profile, 1.0)])
    else:
        rows += [[(bars, 1.0)], [(profile, 1.0)]]
    return paper_figure(rows)


def figure_3(
    example: Draw,
    similarity: pd.DataFrame,
    tests: pd.DataFrame | None,
    *,
    order: Sequence[str] | None = None,
    noun: str = "electrode",
) -> tuple[Figure, str]:
    """Whether the models predict the same: an example, and the variance that their predictions share, by region.

    Args:
        example: Draws the example of a response with its predictions into a panel.
        similarity: Similarity table: subject, electrode, region, model (the pair), similarity, similarity_partial.
        tests: Paired tests between the pairs, of both scores.
        order: Pairs in the order that fixes colours and places.
        noun: What a row is.

    Returns:
        The figure and its caption.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> from functools import partial
        >>> from brainalign.figures import prediction_example
        >>> times, words = np.arange(50) / 50, pd.DataFrame(columns=["word", "onset", "offset"])
        >>> example = partial(prediction_example, times, np.sin(9 * times), {"gpt2": np.sin(9 * times + 0.3)}, words, "p1 e1")
        >>> rows = [("gpt2 x mel", f"p{p}", f"e{p}", "STG", 0.4 + 0.01 * p, 0.2) for p in range(4)]
        >>> table = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "similarity", "similarity_partial"])
        >>> figure, caption = figure_3(lambda panel: example(into=panel), table, None)
        >>> print(caption[:60])
        A. Actual response and held-out prediction, p1 e1 (legend: P
    """
    bars = [
        _panel(region_bars, similarity, tests, score, order=order, noun=noun)
        for score in ("similarity", "similarity_partial")
    ]
    figure, caption = paper_figure([[(example, 1.0)], *([(draw, 1.0)] for draw in bars)])
    if "similarity_planted" in similarity and similarity["similarity_planted"].notna().any():
        caption += " No diamonds in C: the truth is known of whole predictions, not of what onsets leave of them."
    return figure, caption


def figure_4(
    spaces: pd.DataFrame,
    space_tests: pd.DataFrame | None,
    parts: pd.DataFrame,
    part_tests: pd.DataFrame | None,
    score: str = "r2",
    *,
    baseline: str | None = None,
    order: Sequence[str] | None = None,
    part_order: Sequence[str] | None = None,
    noun: str = "electrode",
) -> tuple[Figure, str]:
    """What the models share, and what is in it: full, shared and rest of both; the shared space by what it holds.

    Args:
        spaces: Scores table of one layer rule whose labels are the spaces (``gpt2``, ``gpt2 shared``, ..) and the baseline.
        space_tests: Paired tests between them.
        parts: Scores table whose labels are what the shared space was projected on (``lexical``, ``acoustic``, ..).
        part_tests: Paired tests between those.
        score: Column of the score in all of them.
        baseline: The label that is a line across the bars of the first panel.
        order: Labels of ``spaces`` in the order that fixes colours and places.
        part_order: Labels of ``parts`` likewise.
        noun: What a row is.

    Returns:
        The figure and its caption.

    Example:
        >>> import pandas as pd
        >>> def table(labels):
        ...     rows = [(m, f"p{p}", f"e{p}", "STG", 0.1 + 0.01 * p) for m in labels for p in range(4)]
        ...     return pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r2"])
        >>> figure, caption = figure_4(table(["gpt2", "gpt2 shared", "gpt2 rest"]), None, table(["lexical", "acoustic"]), None)
        >>> print(caption[:60])
        A. Mean R² (1 − SSE/SST) by region (bar; whisker: its 95 % c
    """
    lines = [baseline] if baseline is not None else []
    return paper_figure(
        [
            [(_panel(region_bars, spaces, space_tests, score, order=order, lines=lines, noun=noun), 1.0)],
            [(_panel(region_bars, parts, part_tests, score, order=part_order, noun=noun), 1.0)],
        ]
    )


def _panel(draw: Any, *tables: Any, **options: Any) -> Draw:
    """A figure's function with all but its panel given."""
    given = partial(draw, *tables, **options)
    return lambda panel: given(into=panel)
