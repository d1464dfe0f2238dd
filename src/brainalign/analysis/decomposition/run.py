"""analysis=decomposition: what is in the space that two models share: words, sound, or context (Chen et al. 2024, Fig. 4b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.cca.run import spaces
from brainalign.analysis.decomposition.references import Competitors, Frames
from brainalign.errors import BrainalignError
from brainalign.figures import region_bars
from brainalign.linalg.cca import Whitener
from brainalign.notes import limits
from brainalign.progress import track
from brainalign.spaces.projected import ProjectedSpace
from brainalign.stats import ZERO
from brainalign.study.cross_fitting import CrossFit, crossfit, space_frames
from brainalign.study.paired_rows import inside_words, marks_of, row_kind
from brainalign.study.planted_truth import carried, with_truth
from brainalign.study.region_scores import region_table
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study
from brainalign.study.summary import add_tests, warn_about

GONE = 0.02
"""Cross-validated R2 of the lexical part of residual context up to which it is called removed."""


def decomposition(
    study: Study,
    models: Models,
    *,
    fit: str,
    k: int,
    variance: float,
    ridge: float,
    rows: str,
    layers: Sequence[int] | None,
    context_layer: int | None,
    previous: int,
    panels: bool = True,
) -> AnalysisResult:
    """Everything of analysis=cca, and the shared space held against static words, acoustics and residual context.

    In each outer fold a second CCA, frame by frame on training stimuli, finds the directions of the model's shared variates that
    go with each competitor; those that hold up inside the training stimuli (:class:`ProjectedSpace`) go through the same TRF.
    Competitors are reduced to the number of principal components that the narrowest has. Rows of space ``lexical``,
    ``acoustic`` and ``contextual`` keep as many directions as hold up of each; those that end in ``(matched)`` as many as hold up
    of the poorest.

    Args:
        study: Data, window and folds.
        models: Model, partner, and what their shared space is held against; a competitor that is None is left out.
        fit: As for analysis=cca, like k, variance, ridge, rows and layers.
        k: See fit.
        variance: See fit; of the competitors as well.
        ridge: See fit.
        rows: See fit.
        layers: See fit.
        context_layer: Of the contextual model; None = the middle one.
        previous: Words before each word that count as lexical.
        panels: As for analysis=encoding.

    Returns:
        The tables of analysis=cca, their rows for the competitors, and decomposition (one row a fold, competitor, direction).

    Raises:
        BrainalignError: There is no partner or no competitor, or the contextual model has no such layer.
    """
    model, partner = models.pair
    competitors = Competitors(study, models, context_layer, previous, {})
    if not competitors.names:
        raise BrainalignError(
            "analysis=decomposition has nothing to hold the shared space against: these data allow neither word vectors (model@lexical), "
            "nor a spectrogram (model@acoustic), nor residual context (model@contextual)."
        )
    if models.contextual is not None and competitors.context_layer not in models.contextual.layers:
        raise BrainalignError(
            f"analysis.context_layer={competitors.context_layer} is none of {models.contextual.name}'s layers: "
            f"{list(models.contextual.layers)}."
        )
    kind = row_kind(rows, model, partner)
    fits = crossfit(study, model, partner, kind, layers, fit=fit, k=k, variance=variance, ridge=ridge)
    result = spaces(study, models, fits, k, panels=panels)
    decompose(result, study, models, fits, competitors, variance)
    return result


def decompose(
    result: AnalysisResult, study: Study, models: Models, fits: CrossFit, competitors: Competitors, variance: float
) -> None:
    """Add the competitors' rows, tests and figure to a result of analysis=cca.

    Args:
        result: To add to.
        study: Data and folds.
        models: Of the run.
        fits: The spaces of all folds.
        competitors: What they are held against.
        variance: Share of each competitor's variance that is kept.
    """
    model = models.model
    folds = [
        project(study, models, fits, competitors, variance, fold)
        for fold in track(range(len(study.split.folds)), f"what {model.name} shares")
    ]
    table = pd.concat([f.table for f in folds], ignore_index=True)
    truths = _latents(models)
    parts = []
    for name in competitors.names:
        for matched in (False, True):
            space = f"{name} (matched)" if matched else name

            def frames(fold: int, name: str = name, matched: bool = matched) -> Frames:
                return folds[fold].features(name, matched)

            scores = study.fit(frames, max(f.width for f in folds), f"{model.name} {space}", whole=True)
            layer = np.repeat(np.array([pair[0] for pair in fits.layers])[:, None], study.design.n_channels, axis=1)
            table_of = study.table(scores, layer, model=model.name, space=space, rule=study.outcome.rule)
            parts.append(table_of if matched else with_truth(table_of, truths.get(name)))
    scores = pd.concat(parts, ignore_index=True)
    shown = study.shown(scores)
    labels = [f"{model.name} {name}" for name in competitors.names]
    for contrasts, family in (
        (list(combinations(labels, 2)), "parts of the shared space x regions"),
        ([(label, ZERO) for label in labels], "parts of the shared space x regions, against 0"),
    ):
        add_tests(result, study.paired(shown, contrasts, family), study.noun)
        if shown[study.outcome.normalized].notna().any():
            add_tests(result, study.paired(shown, contrasts, family, study.outcome.normalized), study.noun)
    result.tables["decomposition"] = table
    result.tables["scores"] = pd.concat([result.tables["scores"], scores], ignore_index=True)
    result.tables["regions"] = pd.concat([result.tables["regions"], region_table(study, scores)], ignore_index=True)
    bars = shown[~shown["space"].str.endswith("(matched)")]
    result.figures["decomposition"] = region_bars(
        bars, result.tables["tests"], study.outcome.score, order=labels, noun=study.noun
    )
    _say(result, study, model.name, scores, table, competitors)
    warn_about(result, scores, len(study.split.folds))


def _latents(models: Models) -> dict[str, frozenset[str]]:
    """Lexical part -> the latents that planted models share and that word vectors hold; nothing where their content is not known.

    Sound and context have no such truth: words have a sound and a context, so some directions of word vectors go with either.
    """
    own, others = map(carried, models.pair)
    if own is None or others is None:
        return {}
    return {"lexical": own & others & {"lexical"}}


@dataclass(frozen=True)
class Projections:
    """The shared space of one fold on each competitor.

    Attributes:
        shared: Stimulus -> (T, k) shared variates.
        voiced: Stimulus -> (T,) where they are not silent; None where there is no silence.
        spaces: Competitor -> its directions.
        table: One row a competitor and direction.
    """

    shared: Frames
    voiced: dict[str, NDArray[np.bool_]] | None
    spaces: dict[str, ProjectedSpace]
    table: pd.DataFrame

    @property
    def width(self) -> int:
        """Directions of the widest projection."""
        return max(1, *(s.n for s in self.spaces.values()))

    def features(self, name: str, matched: bool) -> Frames:
        """Shared variates on the directions of a competitor.

        Args:
            name: The competitor.
            matched: As many directions as hold up of the poorest, rather than of this one.
        """
        space = self.spaces[name]
        n = min(s.n for s in self.spaces.values()) if matched else space.n
        values = {s: space.transform(rows, n) for s, rows in self.shared.items()}
        return values if self.voiced is None else {s: v * self.voiced[s][:, None] for s, v in values.items()}


def project(
    study: Study, models: Models, fits: CrossFit, competitors: Competitors, variance: float, fold: int
) -> Projections:
    """Hold the model's shared variates against every competitor, on the training frames of one fold.

    Args:
        study: Data and folds.
        models: Of the run.
        fits: The spaces of all folds.
        competitors: What they are held against.
        variance: Share of each competitor's variance that is kept.
        fold: Outer fold.
    """
    shared = space_frames(study, models.model, "x", "shared", fits, fold)
    marks = marks_of(study, frozenset(study.split.training(fold)), "frames", fits.voiced)
    names = [s for s in sorted(shared) if s in marks and marks[s].any()]
    sizes = [int(marks[s].sum()) for s in names]
    x = np.vstack([shared[s][marks[s]] for s in names]).astype(np.float64)
    given = {name: competitors.frames(name, fold) for name in competitors.names}
    train = {name: np.vstack([f[s][marks[s]] for s in names]).astype(np.float64) for name, f in given.items()}
    share, most = study.truncation(variance)
    narrowest = min(Whitener.fit(rows, share, most=most).basis.shape[1] for rows in train.values())
    found, tables = {}, []
    for number, (name, rows) in enumerate(train.items()):
        y = Whitener.fit(rows, share, most=narrowest).transform(rows)
        space = ProjectedSpace.fit(x, y, sizes, np.random.default_rng([study.seed, fold, number]))
        found[name] = space
        width = len(space.held_out)
        columns = {
            "fold": fold, "part": name, "direction": np.arange(1, width + 1), "in_sample": space.cca.rho[:width],
            "cross_validated": space.held_out, "null_95": space.null, "kept": np.arange(width) < space.n,
        }  # fmt: skip
        tables.append(pd.DataFrame(columns))
    inside = None
    if fits.voiced:
        inside = {s: inside_words(study.dataset.stimuli[s].timed_words, study.responses.grids[s].times) for s in shared}
    return Projections(shared, inside, found, pd.concat(tables, ignore_index=True))


def _say(
    result: AnalysisResult,
    study: Study,
    model: str,
    scores: pd.DataFrame,
    table: pd.DataFrame,
    competitors: Competitors,
) -> None:
    """Metrics, summary lines, and what of it a reader must know."""
    kept: Any = table.groupby(["part", "fold"])["kept"].sum()
    for name in competitors.names:
        for space in (name, f"{name} (matched)"):
            mine = scores[scores["space"] == space]
            result.metrics[f"space/{model}/{space}/r2/mean"] = float(mine["r2"].mean())
            result.metrics[f"space/{model}/{space}/r/mean"] = float(mine["r"].mean())
        mine = scores[scores["space"] == name]
        n = kept[name]
        result.metrics[f"decomposition/{name}/directions"] = float(n.mean())
        told = f"{mine['r'].mean():.3f} · {mine['r2'].mean():.3f} ({n.min()} to {n.max()} directions a fold)"
        result.summary.append((f"{model} shared, {name} part: mean r · R²", told))
        if not n.max():
            result.warnings.append(
                limits(
                    f"No direction of {model}'s shared space goes with the {name} competitor beyond chance: "
                    f"that part predicts nothing (r = 0)."
                )
            )
    if competitors.checks:
        after = max(check.after for check in competitors.checks.values())
        before = max(check.before for check in competitors.checks.values())
        result.metrics |= {"residual_context/lexical_r2/before": before, "residual_context/lexical_r2/after": after}
        what = "residual context: lexical R² before · after (largest of the folds)"
        result.tell("Parts of the shared space", what, f"{before:.3f} · {after:.3f}")
        if after > GONE:
            result.warnings.append(
                limits(
                    f"Residual context still holds something lexical (cross-validated R² {after:.3f}, above {GONE:g}): it "
                    "may not be called linearly removed.",
                    "that residual context is free of words",
                )
            )
