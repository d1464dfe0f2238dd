"""Tables as others read them: scores and tests as CSV beside the parquet, and all tests as a LaTeX table of a supplement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from brainalign.tracking.files import TABLES, replacing

if TYPE_CHECKING:
    import pandas as pd

PREAMBLE = "% In the preamble: \\usepackage{array,booktabs,longtable,pdflscape}\n"
OTHER_SIGNS = "% Names have signs that pdfLaTeX lacks: XeLaTeX or LuaLaTeX, with a font that has them.\n"
BEGIN = "\\begin{landscape}\n\\scriptsize\\setlength{\\tabcolsep}{2pt}\\setlength{\\LTcapwidth}{\\linewidth}\n"
END = "\\end{landscape}\n"
NAMES = ">{\\raggedright}p{.10\\linewidth}>{\\raggedright}p{.17\\linewidth}"
"""Columns of the names, which are broken where they are long; the others are as wide as their numbers."""
CAPTION = (
    "All tests. $n$: pairs of values (participants); $t$ with its degrees of freedom; $p$: two-sided, not corrected; corrected $p$: by the "
    "correction named, over the declared family; difference: mean of a $-$ b with its confidence interval, not corrected; $d_z$: mean "
    "difference over the standard deviation of the differences, with its interval by the non-central $t$. --: the test could "
    "not be done, or has no such value."
)
MISSING = "--"


def write_supplement(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write ``tables/scores.csv``, ``tables/tests.csv`` and ``tables/tests.tex`` of those two tables, where the run has them.

    The CSV files hold the same rows, columns and digits as the parquet ones; a missing value is an empty cell.

    Args:
        folder: The run's folder.
        tables: All tables of the run by name.

    Returns:
        The paths.
    """
    contents = {f"{name}.csv": tables[name].to_csv(index=False) for name in ("scores", "tests") if name in tables}
    if "tests" in tables:
        contents["tests.tex"] = latex_tests(tables["tests"])
    paths = [Path(folder) / TABLES / name for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        with replacing(path) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="")
    return paths


def latex_tests(tests: pd.DataFrame) -> str:
    r"""The table of tests as a ``longtable`` on landscape pages with the rules of ``booktabs``; names are escaped, and may break.

    Args:
        tests: A table of tests (:data:`brainalign.stats.TEST_COLUMNS`), one row a test.

    Returns:
        LaTeX to ``\input``; its first line says which packages the document loads.

    Example:
        >>> import pandas as pd
        >>> from brainalign.stats import compare
        >>> scores = pd.DataFrame({"electrode": ["e1", "e2", "e3"] * 2, "r": [0.3, 0.5, 0.4, 0.1, 0.1, 0.1]})
        >>> scores = scores.assign(model=["gpt2"] * 3 + ["word_rate"] * 3, subject="s1", region="A&B")
        >>> found = compare(scores, [("gpt2", "word_rate")], regions=["A&B"], family="all", tests=["paired_t"])
        >>> row = next(line for line in latex_tests(found).splitlines() if line.startswith("A")).replace(r"\allowbreak ", "")
        >>> print(row[:row.index("0.035")], row[row.index("bonf"):])
        A\&B & gpt2 - word\_rate & r & paired\_t & 3 (1) & 5.20 (2) &  bonferroni & 0.300 [0.052, 0.548] & 3.00 [0.14, 5.94] \\
    """
    import pandas as pd

    rows = [
        {
            "region": row["region"],
            "contrast": row["contrast"],
            "score": row["score"],
            "test": row["test"],
            "n": _beside(count_text(row["n"]), count_text(row["n_participants"])),
            "t": _beside(_number(row["t"], 2), count_text(row["df"])),
            "p": _p(row["p"]),
            "corrected p": _p(row["p_corrected"]),
            "correction": row["correction"],
            "difference": interval_text(row["mean_difference"], row["ci_low"], row["ci_high"], 3),
            "d_z": interval_text(row["effect_size"], row["effect_low"], row["effect_high"], 2),
        }
        for row in tests.to_dict("records")
    ]
    texts = ["region", "contrast", "score", "test", "correction"]
    numbers = {"n": "$n$", "t": "$t$", "p": "$p$", "corrected p": "corrected $p$", "d_z": "$d_z$"}
    columns = ["region", "contrast", "score", "test", "n", "t", "p", "corrected p", "correction", "difference", "d_z"]
    table = pd.DataFrame(rows, columns=columns)
    styler = table.style.format(str, subset=texts, escape="latex").hide(axis="index")
    styler = styler.format(breaking, subset=["region", "contrast"], escape="latex")
    styler = styler.format_index(lambda name: numbers.get(name, name), axis=1)
    latex = styler.to_latex(
        environment="longtable", hrules=True, column_format=f"{NAMES}llllrrlll", caption=CAPTION, label="tab:tests"
    )
    latex = str(latex).replace(f"\\caption[]{{{CAPTION}}}", "\\caption[]{All tests, continued.}")  # not on each page
    other = "" if all(ord(sign) < 256 for sign in latex) else OTHER_SIGNS
    return PREAMBLE + other + BEGIN + latex + END


def breaking(name: str) -> str:
    """An escaped name that LaTeX may break after ``/ - .`` and an underscore."""
    return re.sub(r"(/|-|\.|\\_)(?=\w)", r"\1\\allowbreak ", str(name))


def _missing(value: Any) -> bool:
    return value is None or not np.isfinite(float(value))


def _number(value: Any, digits: int) -> str:
    """A number with a minus sign of mathematics."""
    if _missing(value):
        return MISSING
    text = f"{float(value):.{digits}f}"
    return f"$-${text[1:]}" if text.startswith("-") else text


def count_text(value: Any) -> str:
    """A whole number, or degrees of freedom that are none to one place."""
    if _missing(value):
        return MISSING
    return f"{float(value):.0f}" if float(value).is_integer() else f"{float(value):.1f}"


def _p(value: Any) -> str:
    if _missing(value):
        return MISSING
    return "$<$0.001" if float(value) < 0.001 else f"{float(value):.3f}"


def _beside(value: str, further: str) -> str:
    """A value with a further one in brackets; alone where either is missing."""
    return value if MISSING in (value, further) else f"{value} ({further})"


def interval_text(value: Any, low: Any, high: Any, digits: int) -> str:
    """A number with its interval where it has one; ``--`` where it is missing."""
    told = _number(value, digits)
    return told if _missing(low) or _missing(high) else f"{told} [{_number(low, digits)}, {_number(high, digits)}]"
