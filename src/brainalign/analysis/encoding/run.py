"""analysis=encoding: how well a model predicts each electrode, by layer and region, against a baseline."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from brainalign.figures import layer_profile, model_scatter, region_bars, score_distribution
from brainalign.stats import ZERO
from brainalign.study.example_prediction import example_figure, has_time_course
from brainalign.study.region_scores import region_table
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import against, predicted, sentence
from brainalign.study.study import Study
from brainalign.study.summary import add_layer_curves, add_scores, add_tests, warn_about, warn_about_ceilings


def encoding(study: Study, models: Models, *, panels: bool = True) -> AnalysisResult:
    """Scores of a model and its baseline, layer profile, and paired t-tests by region.

    Args:
        study: Data, window and folds.
        models: The model in question, its partner where there is one, and the baseline that they must beat.
        panels: Draw the layers and the example, which are panels of the paper's figures 2 and 3.

    Returns:
        Tables scores, layers, regions and tests (between models, and against 0), and figures.
    """
    result, score = AnalysisResult(), study.outcome.score
    model, baseline, compared = models.model, models.baseline, models.compared
    scores = pd.concat([study.scores(m) for m in compared], ignore_index=True)
    layers = pd.concat([study.layer_scores(m) for m in compared], ignore_index=True)
    shown = study.shown(scores)
    for m in compared:
        prefix = {model.name: "", baseline.name if baseline is not None else "": "baseline/"}.get(m.name, "partner/")
        add_scores(result, scores, m.name, study.noun, prefix)
        add_layer_curves(result, layers, m.name, prefix)
    result.tables |= {"scores": scores, "layers": layers}
    result.tables["regions"] = region_table(study, scores)
    zero = study.paired(shown, [(m.name, ZERO) for m in compared], "models x regions, against 0", "r")
    tests = study.paired(shown, list(combinations([m.name for m in compared], 2)), "contrasts x regions")
    for table in (zero, tests):
        add_tests(result, table, study.noun)
    if baseline is not None:
        result.figures["model_scatter"] = model_scatter(shown, model.name, baseline.name, score, noun=study.noun)
    result.figures["score_distribution"] = score_distribution(shown, score, noun=study.noun)
    if panels and any(len(m.layers) > 1 for m in compared):
        result.figures["layer_profile"] = layer_profile(layers, score, noun=study.noun)
    result.figures["region_bars"] = region_bars(shown, tests, score, noun=study.noun)
    if panels and has_time_course(study):
        leaders = {m.name: study.layer_selection(m).nested[0] for m in compared}
        result.figures["prediction_example"] = example_figure(study, model.name, leaders)
    warn_about(result, scores, len(study.split.folds))
    warn_about_ceilings(result, study)
    held = [against(tests, model.name, m.name) for m in compared[1:]] or [against(zero, model.name, ZERO)]
    result.found = sentence([predicted(study, shown, model.name), *held])
    return result
