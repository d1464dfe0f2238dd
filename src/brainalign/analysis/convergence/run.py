"""analysis=convergence: the whole of Chen et al. 2024 on one study, so that every feature and every fit is made once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from brainalign.analysis.cca.run import FAMILY, bar_order
from brainalign.analysis.ceiling.run import ceiling
from brainalign.analysis.decomposition.run import decomposition
from brainalign.analysis.encoding.run import encoding
from brainalign.analysis.geometry.run import layer_maps
from brainalign.analysis.similarity.run import similarity
from brainalign.analysis.variance_partition.run import variance_partition
from brainalign.errors import BrainalignError
from brainalign.figures import figure_2, figure_4
from brainalign.notes import changes
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import predicted, sentence
from brainalign.study.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

TOLD = ("similarity", "shared space")
"""Parts whose sentence stands in the first lines of the report; the others' is in their rows and figures."""
ELECTRODE = ["subject", "electrode"]
KEYS = {"scores": ["model", "space", "rule", *ELECTRODE], "layers": ["model", "layer", *ELECTRODE]}
"""Columns that make a row of a table unique, for the tables that several parts have."""


def convergence(
    study: Study,
    models: Models,
    *,
    sets: int,
    components: int | None,
    ratios: Sequence[float],
    geometry: bool,
    **spaces: Any,
) -> AnalysisResult:
    """Ceilings, scores, similarity, shared and residual spaces, what is in them, and the variance partition.

    A part that these data do not allow says so in the warnings, and the others go on.

    Args:
        study: Data, window and folds.
        models: Model and partner; baseline and competitors where the data allow them.
        sets: Of the variance partition.
        components: Of the variance partition.
        ratios: Of the variance partition.
        geometry: Compare every layer with every layer as well.
        spaces: Options of the CCA and of the decomposition.

    Returns:
        All tables of the parts, each row once; figures 2, 3 and 4 in the paper's order, then the parts' own.

    Raises:
        BrainalignError: The models' own scores cannot be had.
    """
    whole = encoding(study, models, panels=False)
    whole.found = sentence([predicted(study, study.shown(whole.tables["scores"]), models.model.name)])
    parts: dict[str, Callable[[], AnalysisResult]] = {
        "noise ceilings": lambda: ceiling(study, models),
        "similarity": lambda: similarity(study, models),
        "shared space": lambda: decomposition(study, models, panels=False, **spaces),
        "variance partition": lambda: variance_partition(
            study, models, sets=sets, components=components, ratios=ratios
        ),
    }
    if geometry:
        parts["geometry of layers"] = lambda: layer_maps(study, models)
    for name, part in parts.items():
        log.info("convergence: %s", name)
        try:
            merge(whole, part(), name)
        except BrainalignError as error:
            whole.warnings.append(changes(f"The part '{name}' could not be done, the others stand: {error}"))
    whole.figures = paper_figures(whole, study, models) | whole.figures
    return whole


def paper_figures(whole: AnalysisResult, study: Study, models: Models) -> dict[str, tuple[Figure, str]]:
    """Figures 2, 3 and 4 of the paper, those for which there are tables; the third is taken out of the parts' own.

    Args:
        whole: All parts merged.
        study: Its outcome says what is shown.
        models: Of the run.
    """
    outcome, tables, found = study.outcome, whole.tables, {}
    scores, tests = tables["scores"], tables["tests"]
    full = study.shown(scores[scores["space"] == "full"])
    order = [m.name for m in models.compared]
    between = tests[tests["family"] == "contrasts x regions"]
    choices = scores[scores["space"] == "full"]
    found["figure_2"] = figure_2(full, tables["layers"], between, choices, outcome.score, order=order, noun=study.noun)
    if "similarity" in whole.figures:  # what analysis=similarity draws is the paper's figure 3
        found["figure_3"] = whole.figures.pop("similarity")
    if "decomposition" in tables:
        shown = study.shown(scores)
        spaces = shown[shown["space"].isin(["full", "shared", "rest"])]
        parts = shown[shown["space"].isin(["lexical", "acoustic", "contextual"])]
        baseline = models.baseline.name if models.baseline is not None else None
        # over the ceiling, as published, where most electrodes have one
        over = outcome.normalized if spaces[outcome.normalized].notna().mean() > 0.5 else outcome.score
        found["figure_4"] = figure_4(
            spaces,
            tests[tests["family"] == FAMILY],
            parts,
            tests,
            over,
            baseline=baseline,
            order=bar_order(models),
            noun=study.noun,
        )
    return found


def merge(whole: AnalysisResult, part: AnalysisResult, name: str) -> None:
    """Add a part's result; tables of one name are stacked, rows and lines that both have stand once.

    The first line of a part is among those of the whole, its others are folded under its name.

    Args:
        whole: What is added to.
        part: The part.
        name: Of the part.
    """
    for key, table in part.tables.items():
        if key not in whole.tables:
            whole.tables[key] = table
            continue
        both = pd.concat([whole.tables[key], table], ignore_index=True)
        whole.tables[key] = both.drop_duplicates(KEYS.get(key), ignore_index=True)
    whole.metrics |= part.metrics
    whole.figures |= part.figures
    lines = [line for line in part.summary if line not in whole.rows]
    whole.summary += lines[:1]
    for topic, own in ({f"{name[0].upper()}{name[1:]}": lines[1:]} | part.more).items():
        for line in own:
            if line not in whole.rows:
                whole.tell(topic, *line)
    if name in TOLD:
        whole.found = f"{whole.found} {part.found}"
    whole.warnings += [line for line in part.warnings if line not in whole.warnings]
