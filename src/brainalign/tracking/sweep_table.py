"""A sweep's children as a table of a paper's supplement: CSV with every number, LaTeX with those that matter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.tracking.files import TABLES, replacing
from brainalign.tracking.supplement import breaking, count_text, interval_text

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = {"r2/mean": "$R^2$", "r2_normalized/mean": "$R^2$ over ceiling", "ceiling/mean": "ceiling"}
"""Metric -> heading; those that no child has are left out."""
CAPTION = (
    "Children of the sweep. $R^2$: mean over electrodes with its 95\\,\\% confidence interval, over participants where there are three or "
    "more; over ceiling: divided by the noise ceiling, where that is above its floor; ceiling: mean over the same electrodes. --: the "
    "child did not finish, or has no such value."
)


def write_sweep_table(folder: Path, table: pd.DataFrame, swept: Sequence[str]) -> list[Path]:
    """Write ``tables/children.csv`` and ``tables/children.tex``.

    Args:
        folder: The sweep's.
        table: A row a child (:func:`brainalign.tracking.search.children_table`).
        swept: Keys in which the children differ.

    Returns:
        The paths.
    """
    contents = {"children.csv": table.to_csv(index=False), "children.tex": latex_children(table, swept)}
    paths = [Path(folder) / TABLES / name for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        with replacing(path) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="")
    return paths


def latex_children(table: pd.DataFrame, swept: Sequence[str]) -> str:
    r"""The children as LaTeX to ``\\input``, with the rules of ``booktabs``.

    Args:
        table: A row a child: the swept keys, status, metrics.
        swept: Keys.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"model": ["gpt2", "mel"], "status": "FINISHED", "participants": 6.0, "r2/mean": [0.2, -0.1]})
        >>> [line for line in latex_children(table.assign(**{"r2/low": 0.1, "r2/high": 0.3}), ["model"]).splitlines() if "&" in line]
        ['model & participants & $R^2$ \\\\', 'gpt2 & 6 & 0.200 [0.100, 0.300] \\\\', 'mel & 6 & $-$0.100 [0.100, 0.300] \\\\']
    """
    import pandas as pd

    keys = [key for key in swept if key in table] or ["name"]
    shown = [name for name in NUMBERS if name in table]
    rows = []
    for child in table.to_dict("records"):
        row: dict[str, Any] = {breaking(key.replace("_", r"\_")): str(child[key]) for key in keys}
        row["participants"] = count_text(child.get("participants"))
        for name in shown:
            ends = [child.get(f"{name.removesuffix('/mean')}/{end}") for end in ("low", "high")]
            row[NUMBERS[name]] = interval_text(child[name], ends[0], ends[1], 3)
        rows.append(row)
    frame = pd.DataFrame(rows)
    texts = list(frame.columns[: len(keys)])
    styler = frame.style.format(breaking, subset=texts, escape="latex").format(
        str, subset=list(frame.columns[len(keys) :])
    )
    latex = styler.hide(axis="index").to_latex(
        hrules=True,
        caption=CAPTION,
        label="tab:children",
        column_format="l" * len(frame.columns),
        position="htbp",
        position_float="centering",
    )
    return f"% In the preamble: \\usepackage{{booktabs}}\n{latex}"
