"""analysis=encoding: how well a model predicts each electrode, by layer and region, against a baseline."""

from __future__ import annotations

import pandas as pd

from brainalign.analysis.example import example_figure
from brainalign.analysis.result import AnalysisResult
from brainalign.analysis.study import Study
from brainalign.analysis.summary import add_layer_curves, add_scores, add_tests, warn_about
from brainalign.features.representation import Representation
from brainalign.figures import layer_profile, model_scatter, region_bars, score_distribution
from brainalign.stats import one_sample_tests, paired_tests


def encoding(study: Study, model: Representation, baseline: Representation | None, score: str) -> AnalysisResult:
    """Scores of a model and its baseline, layer profile, and paired t-tests by region.

    Args:
        study: Data, window and folds.
        model: The model in question.
        baseline: What it must beat, or None where the data allow none.
        score: Column that the tests and figures are about.

    Returns:
        Tables scores, layers, tests, against_zero; the figures of the issue's point 9 that need no CCA.
    """
    result = AnalysisResult()
    models = [model] + ([baseline] if baseline is not None else [])
    scores = pd.concat([study.scores(m) for m in models], ignore_index=True)
    layers = pd.concat([study.layer_scores(m) for m in models], ignore_index=True)
    nested = scores[scores["rule"] == "nested"]
    for m in models:
        prefix = "" if m is model else "baseline/"
        add_scores(result, scores, m.name, study.noun, prefix)
        add_layer_curves(result, layers, m.name, prefix)
    result.tables |= {"scores": scores, "layers": layers}
    zero = one_sample_tests(
        nested, [m.name for m in models], regions=study.regions, family="models x regions, against 0",
        over="participants", score="r",
    )  # fmt: skip
    result.tables["against_zero"] = zero
    tests = paired_tests(
        nested, [(model.name, baseline.name)] if baseline is not None else [], regions=study.regions,
        family="contrasts x regions", score=score,
    )  # fmt: skip
    if baseline is not None:
        result.tables["tests"] = tests
        add_tests(result, tests)
        for row in tests.itertuples():
            result.summary.append(
                (
                    f"{row.contrast}, {row.region} ({row.n} {study.noun}s)",
                    f"t = {row.t:.2f}, p (Bonferroni) = {row.p_bonferroni:.3g}",
                )
            )
        result.figures["model_scatter"] = model_scatter(nested, model.name, baseline.name, score, noun=study.noun)
    result.figures |= {
        "score_distribution": score_distribution(nested, score, noun=study.noun),
        "layer_profile": layer_profile(layers, score, noun=study.noun),
        "region_bars": region_bars(nested, tests, score, noun=study.noun),
        "prediction_example": example_figure(study, model.name, {m.name: study.race(m).nested[0] for m in models}),
    }
    warn_about(result, scores, study.outer_folds)
    return result
