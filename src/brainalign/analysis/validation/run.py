"""All checks of validation in one table."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

from brainalign.analysis.validation.ceilings import ceilings
from brainalign.analysis.validation.finding import table
from brainalign.analysis.validation.geometries import geometries
from brainalign.analysis.validation.guarded import fitted_order, short_folds
from brainalign.analysis.validation.intervals import intervals
from brainalign.analysis.validation.layers import layers
from brainalign.analysis.validation.listening import Bench
from brainalign.analysis.validation.mixtures import mixtures
from brainalign.analysis.validation.null import false_positives, silent_electrodes
from brainalign.analysis.validation.page import page, write_page
from brainalign.analysis.validation.shares import partition, spaces
from brainalign.notes import changes
from brainalign.progress import track
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study


def validation(study: Study, models: Models, *, seeds: int, sentences: int, path: str | None) -> AnalysisResult:
    """Simulate listeners of known truth, and hold what the pipeline finds against it.

    Args:
        study: Its window, folds and penalties are used; its data are not.
        models: Not used: validation has its own.
        seeds: Data sets behind checks that count them.
        sentences: Of the sets behind checks of shares; the cost of estimation falls with them.
        path: Where the page is to be written as well (``docs/validation.md``), or None.

    Returns:
        Table validation, and a warning for each finding out of its bound.
    """
    if path is not None:  # a place that cannot be written is better known now than in ten minutes
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    bench = Bench(study)
    checks = {
        "ceilings": lambda: ceilings(bench, seeds),
        "layers": lambda: layers(bench, seeds),
        "unique and shared variance": lambda: partition(bench, sentences),
        "shared and residual spaces": lambda: spaces(bench, sentences),
        "mixtures": lambda: mixtures(bench, seeds),
        "electrodes without signal": lambda: silent_electrodes(bench, 50 * seeds, 999),
        "false positives": lambda: false_positives(20 * seeds),
        "slow responses in short folds": lambda: short_folds(seeds),
        "orders and peaks without any": lambda: fitted_order(20 * seeds),
        "intervals": lambda: intervals(20 * seeds),
        "intervals of geometry": lambda: geometries(10 * seeds),
    }
    found = []
    try:
        for name in track(list(checks), "validation"):
            found += checks[name]()
    finally:
        bench.close()
    result = AnalysisResult(tables={"validation": table(found)})
    kept = sum(f.holds for f in found)
    result.metrics |= {"validation/kept": float(kept), "validation/findings": float(len(found))}
    result.found = f"{kept} of {len(found)} findings keep their bound."
    for check in dict.fromkeys(f.check for f in found):
        own = [f for f in found if f.check == check]
        result.summary.append((check, f"{sum(f.holds for f in own)} of {len(own)} findings keep their bound"))
        for f in own:
            result.tell(check, f.what, f"truth {f.truth:.3f}, found {f.found:.3f} [{f.low:.3f}, {f.high:.3f}]")
            if not f.holds:
                result.warnings.append(
                    changes(
                        f"Out of its bound ({f.bound}): {check}, {f.what}: truth {f.truth:.3f}, found {f.found:.3f}."
                    )
                )
    if path is not None:
        versions = (
            ", ".join(f"{name} {version(name)}" for name in ("brainalign", "numpy", "torch", "statsmodels")) + "."
        )
        told = [
            word for word in sys.argv[1:] if not word.startswith(("paths.", "tracking.", "hydra."))
        ]  # no number hangs on them
        command = " ".join(["python run.py", *told])
        write_page(Path(path), page(result.tables["validation"], command, versions))
    return result
