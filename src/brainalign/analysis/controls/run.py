"""analysis=controls: how much of a model's score is reached by what lacks what the model is said to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from brainalign.analysis.controls.kinds import FEATURES, SPLITS, Control, left_out
from brainalign.analysis.controls.table import ALL, control_table, limitations
from brainalign.counts import ends
from brainalign.data.splits.leakage import leaked_share
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.features.variance_shares import CLOCK, common_variance
from brainalign.figures import control_shares
from brainalign.figures.style import score_label
from brainalign.notes import changes, limits
from brainalign.progress import track
from brainalign.stats import compare
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import predicted, sentence
from brainalign.study.study import Study
from brainalign.study.summary import add_scores, add_tests, warn_about, warn_about_ceilings

FAMILY = "controls x regions"
NETWORKS = ("rerandomized", "untrained_no_position", "untrained")
"""Controls that are the model's own architecture."""


def controls(study: Study, models: Models, *, controls: Sequence[str]) -> AnalysisResult:
    """Score of the model and of each control, the control's share of it by region, and paired tests.

    Controls that are representations (``models.controls``) go through the same fit on the same folds. Splits are of the run's own
    data: the model under a split that leaks, and beside it OASM, which knows nothing but nearness in time. A control that these
    data do not allow is left out and named; the others go on.

    Args:
        study: Data, window and folds.
        models: The model in question, and its controls.
        controls: The names asked for; those of splits are looked up here.

    Returns:
        Tables controls, scores and tests; the figure of shares; a paragraph for a section on limitations in the summary.

    Raises:
        BrainalignError: Not a single control is left.
    """
    result, score, model = AnalysisResult(), study.outcome.score, models.model
    kinds: dict[str, Control] = {name: FEATURES[name] for name in controls if name in models.controls}
    parts = [study.scores(model), *(study.scores(models.controls[name]) for name in track(list(kinds), "controls"))]
    splits: dict[str, Control] = {}
    for asked in controls:
        if asked not in SPLITS:
            continue
        kind = "stimulus" if asked == study.split.kind == "presentation" else asked
        try:
            other = _under(study, kind)
        except BrainalignError as error:
            result.warnings.append(changes(left_out(kind, error)))
            continue
        for name, one, told in _in_split(model, models.controls.get("oasm"), kind):
            parts.append(other.scores(one).assign(model=name))
            splits[name] = Control(SPLITS[kind].keeps, SPLITS[kind].destroys, told)
    if not kinds and not splits:
        raise BrainalignError(
            f"analysis=controls has nothing to hold {model.name} against: the data and the model allow none of {', '.join(controls)}."
        )
    scores = pd.concat(parts, ignore_index=True)
    shown = study.shown(scores)
    every = {**kinds, **splits}
    contrasts = [(model.name, name) for name in every]
    regional = study.paired(shown, contrasts, FAMILY)
    whole = compare(
        shown.assign(region=ALL), contrasts, regions=[ALL], family="controls, all regions together", score=score,
        primary=study.outcome.test, correction=study.outcome.correction,
    )  # fmt: skip
    tests = pd.concat([regional, whole], ignore_index=True)
    table = control_table(shown, tests[tests["primary"]], every, model=model.name, regions=study.regions, score=score)
    common = {one.name: _common(one) for one in (model, *(models.controls[name] for name in kinds))}
    table["common_variance"] = table["control"].map(common)
    result.tables |= {"controls": table, "scores": scores}
    add_scores(result, scores, model.name, study.noun)
    _add_shares(result, table)
    add_tests(result, regional, study.noun)
    result.tables["tests"] = tests
    words = limitations(table, kinds, splits, model=model.name, label=score_label(score), noun=study.noun)
    result.tell("Limitations", "limitations, in words", words)
    result.found = sentence([predicted(study, shown, model.name), _reached(table)])
    _warn(result, table)
    _warn_of_clocks(result, common, model)
    result.figures["control_shares"] = control_shares(table, model.name, splits=list(splits), noun=study.noun)
    warn_about(result, scores, len(study.split.folds))
    warn_about_ceilings(result, study)
    return result


def _under(study: Study, kind: str) -> Study:
    """The study under another split, where that leaks or the study's own does.

    Raises:
        BrainalignError: The split is the run's own, cannot be made, or is the same thing as the run's own on these data.
    """
    if kind == study.split.kind:
        raise BrainalignError(f"the run's own split is by {kind} already.")
    other, heard = study.under(kind), study.stimuli
    if kind == "presentation" and (len(set(heard)) == len(heard) or leaked_share(other.leak) == 0):
        raise BrainalignError("no presentation of a test stimulus comes to lie in training, so that nothing leaks.")
    return other


def _in_split(model: Representation, oasm: Representation | None, kind: str) -> list[tuple[str, Representation, str]]:
    """(label, representation, clause with room for a share) of what is scored under another split."""
    found = [(f"split {kind}", model, f"{model.name} reaches {{}} under {SPLITS[kind].phrase}")]
    if oasm is not None and kind != "stimulus":
        found.append(
            (f"split {kind} oasm", oasm, f"OASM, which has no content, reaches {{}} under {SPLITS[kind].phrase}")
        )
    return found


def _reached(table: pd.DataFrame) -> str:
    """What each control reaches of the model's score over all regions; empty where no share can be given."""
    known = table[table["region"] == ALL].iloc[1:].dropna(subset="share")
    told = [f"{row.control} {row.share:.0%} [{row.share_low:.0%}, {row.share_high:.0%}]" for row in known.itertuples()]
    return f"of that score {', '.join(told)} are reached by what stands for no content of the model" if told else ""


def _add_shares(result: AnalysisResult, table: pd.DataFrame) -> None:
    """Metrics ``controls/<control>/share`` and summary lines."""
    for row in table.itertuples():
        prefix = "" if row.region == ALL else f"region/{row.region}/"
        for key in ("mean", "share", "share_low", "share_high", "p_corrected", "common_variance"):
            result.metrics[f"{prefix}controls/{row.control}/{key}"] = float(getattr(row, key))
    for row in table[table["region"] == ALL].iloc[1:].itertuples():
        share = f"{row.share:.1%} [{row.share_low:.1%}, {row.share_high:.1%}]" if row.share == row.share else "no share"
        clock = (
            f"; {row.common_variance:.2f} of its variance common to stimuli"
            if row.common_variance == row.common_variance
            else ""
        )
        told = f"{row.mean:.4f}{ends(row.low, row.high, '.4f')}, {share} of the model's; keeps {row.keeps}{clock}"
        result.summary.append((f"{row.control}: mean {row.score} [95 % CI], share", told))


def _common(representation: Representation) -> float:
    """Share of variance that stimuli have in common by frame or word number, mean over layers."""
    return float(np.mean([common_variance(representation.rows(n)) for n in representation.layers]))


def _warn_of_clocks(result: AnalysisResult, common: Mapping[str, float], model: Representation) -> None:
    """Of each control that is first of all a clock, what it then tests, and what is fairer."""
    for name in NETWORKS:
        if common.get(name, 0.0) > CLOCK:
            fairer = [n for n in NETWORKS if common.get(n, 0.0) <= CLOCK]
            result.warnings.append(
                limits(
                    f"Of the control {name}, {common[name]:.1%} of the variance is the same in two stimuli at the same {model.unit[:-1]} "
                    f"number: what is held against {model.name} is time since onset, and to beat it says nothing of what was learned. "
                    f"A fairer control is {' or '.join(fairer)} (analysis.controls), where its own share is below {CLOCK:.0%}.",
                    "what the model learned, as a control is a clock",
                )
            )


def _warn(result: AnalysisResult, table: pd.DataFrame) -> None:
    """Name the regions where the model itself predicts nothing, and what an untrained draw is."""
    own = table[table["control"] == table["control"].iloc[0]]
    empty = [str(region) for region in own.loc[own["share"].isna(), "region"]]
    if empty:
        result.warnings.append(
            limits(
                "No share is given where the model's own score is not clearly above 0 (lower end of its 90 % interval, against a "
                "quarter of it): "
                f"{', '.join(empty)}.",
            )
        )
    if "untrained" in set(table["control"]):
        result.warnings.append(
            limits(
                "The untrained network is one draw of its weights; another one has another seed, and its score varies with it.",
            )
        )
