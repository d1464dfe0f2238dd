"""The story of a run on one page: data set -> features -> analysis -> report, all of it logged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from brainalign.analysis import Analysis, Asked
from brainalign.assembly import check_at_hand, open_dataset, open_models, open_study
from brainalign.citations import FILE, write_references
from brainalign.config import Config, local_config, other, settle
from brainalign.config.untimed import settle_untimed
from brainalign.console import show_end, show_finished, show_plan
from brainalign.counts import count
from brainalign.data.splits.leakage import leaked_share
from brainalign.data.types import Dataset
from brainalign.features.representation import Representation
from brainalign.figures.glyphs import boxes_unsaid
from brainalign.journals import figure_style
from brainalign.methods import published, recordings, software
from brainalign.notes import changes, grouped
from brainalign.outputs import without_secrets, write_outputs
from brainalign.own_code import own_code
from brainalign.plans import note_plan
from brainalign.study.components import add_components, check_components
from brainalign.study.conclusion import conclude
from brainalign.study.data_summary import data_summary
from brainalign.study.group_scores import group_table
from brainalign.study.headline import headline, side_by_side
from brainalign.study.outliers import add_outliers
from brainalign.study.planted_found import add_truth
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.saved_arrays import kept_predictions, kept_weights
from brainalign.study.score_map import add_brain_map
from brainalign.study.study import Study
from brainalign.tracking import (
    CODE,
    absolute_uri,
    artifacts_of,
    check_reachable,
    child_name,
    finished,
    identities,
    provenance,
    tracked_run,
    write_reproduction,
)
from brainalign.tracking.arrays import PREDICTIONS, WEIGHTS, write_arrays
from brainalign.tracking.file_digests import file_digests
from brainalign.tracking.maps import MAPS, same_places, write_maps

log = logging.getLogger(__name__)


def run(config: Config, folder: Path, overrides: Sequence[str] = ()) -> AnalysisResult | None:
    """Do one run from config to report; with ``plan=true`` say what it would do, and stop.

    Args:
        config: Checked.
        folder: Where everything that the run leaves behind goes.
        overrides: The command line's own words, for the record.

    Returns:
        What was found; None where nothing was done: a plan, or a run that was FINISHED before under the same identity.
    """
    with figure_style(config.figures.style), boxes_unsaid():
        return _run(config, folder, overrides)


def _run(config: Config, folder: Path, overrides: Sequence[str]) -> AnalysisResult | None:
    started = datetime.now(UTC)
    config, unsettled = settle(config), config
    analysis: Analysis = config.analysis
    if not analysis.needs.study:
        return analysis.run_alone(config, folder, overrides)
    settle_untimed(config)
    uri = absolute_uri(config.tracking.uri or Path(config.paths.output))
    if not config.plan:
        check_reachable(uri)
    check_at_hand(config)
    dataset = open_dataset(config)
    study = open_study(config, dataset)
    if analysis.needs.folds:
        study.check()
    models = open_models(config, study)
    present = list(models) if analysis.needs.models else []
    named = " x ".join(m.name for m in (models.model, models.partner) if m in present)
    if config.plan:
        stages = analysis.stages(study, models)
        show_plan(stages)
        note_plan(stages)
        return None

    settings, question = config.values(), analysis.question(asked(config, dataset, present))
    checkpoints = {m.name: m.digest for m in present} | file_digests(analysis.files())
    known, tag = identities(settings, dataset.digest, checkpoints, own_code(analysis)), CODE[config.tracking.code]
    if config.tracking.resume and (before := finished(uri, config.tracking.experiment, tag, known[tag])):
        show_finished(before, uri)
        return None
    with tracked_run(
        uri=uri,
        artifacts=artifacts_of(uri, config.tracking.artifacts, config.paths.output),
        experiment=config.tracking.experiment,
        name=child_name(" · ".join(filter(None, [named, analysis.kind, dataset.name])), overrides),
        tags={
            "model": named,
            "analysis": analysis.kind,
            "mode": config.mode,
            **known,
            "overrides": "\n".join(overrides),
            **({"split": study.split.kind, "leak": leaked_share(study.leak)} if analysis.needs.folds else {}),
        },
        params=settings,
        folder=folder,
        description=question,
    ) as tracked:
        write_reproduction(folder, overrides, local_config())
        tracked.log_dataset(dataset.name, dataset.digest, config.data.source, config.data.simulated)
        if analysis.reduces == "features":
            check_components(study, models.model)
        result = analysis.run(study, models)
        if analysis.needs.folds:
            result.tables["leak_audit"] = study.leak
        if study.outcome.inter_subject and "scores" in result.tables:
            result.tables["group"] = group_table(study.shown(result.tables["scores"]), study.outcome.score)
        if config.compare_modes:
            compare_modes(result, config, other(unsettled), study, models)
        add_outliers(result, present)
        add_components(result, study)
        add_truth(result, study.outcome.rule)
        add_brain_map(result, study)
        result.warnings[:0] = [*study.notes, *(note for m in present for note in m.notes)]
        without_secrets(result)
        conclusion = conclude(result, question, analysis.cannot)
        people = [r.subject for r in dataset.recordings]
        facts = provenance(
            started=started,
            seed=config.seed,
            device=str(study.arithmetic.model_device()),
            dataset_digest=dataset.digest,
            checkpoints=checkpoints | own_code(analysis),
        )
        write_all_maps(folder / MAPS, study, analysis, result)
        for name, arrays in kept_predictions(study, models) if config.save.predictions else ():
            write_arrays(folder / PREDICTIONS, name, arrays)
        for name, arrays in kept_weights(study, models) if config.save.weights else ():
            write_arrays(folder / WEIGHTS, name, arrays)
        methods = [
            ("Recordings", recordings(config, study)),
            *analysis.methods(config, study, models),
            *published(config, [m.name for m in present]),
            ("Software", software()),
        ]
        result.metrics["participants"] = float(len(dataset.recordings))
        write_references(folder / FILE, [text for _, text in methods])
        write_outputs(
            tracked,
            result,
            folder=folder,
            title=f"{analysis.kind}{f': {named}' if named else ''} on {dataset.name}",
            conclusion=conclusion,
            people=people,
            data=data_summary(study, analysis.needs.folds),
            models=[m.describe() for m in present],
            methods=methods,
            config=settings,
            provenance=facts,
            simulated=config.data.simulated,
            main_figure=analysis.main_figure,
            figures=config.figures,
        )
    show_end(conclusion, grouped(result.warnings, people), tracked)
    return result


def asked(config: Config, dataset: Dataset, models: Sequence[Representation]) -> Asked:
    """What the run's question is about, in words."""
    simulated = "simulated " if config.data.simulated else ""
    return Asked(
        models=[m.name for m in models],
        paired=config.partner is not None and len(models) > 1,
        people=count(len(dataset.recordings), f"{simulated}participant"),
        heard=f"{count(len(dataset.stimuli), 'stimulus', 'stimuli')} ({dataset.name})",
    )


def write_all_maps(folder: Path, study: Study, analysis: Analysis, result: AnalysisResult) -> None:
    """Maps of each participant's scores and of what the analysis adds, and of the group where its channels are the same places."""
    people, tables = study.dataset.recordings, result.tables
    if "scores" in tables:
        write_maps(folder, study.shown(tables["scores"]), people, (study.outcome.score, "layer", "ceiling", "p_fdr"))
    for table, columns in analysis.maps(tables):
        write_maps(folder, table, people, columns)
    if "group" in tables and same_places(people):
        write_maps(folder, tables["group"], [replace(people[0], subject="group")], ("mean", "p_fdr"))


def compare_modes(result: AnalysisResult, config: Config, reread: Config, study: Study, models: Models) -> None:
    """Do the analysis under the other mode as well, and add the table ``modes``: both readings' numbers side by side.

    Args:
        result: Of the run's own mode; it gets the table and its summary lines.
        config: Of the run, settled.
        reread: The same under the other mode, unsettled.
        study: Of the run's own mode.
        models: Of the run's own mode; where features are read differently under the other, that has its own.
    """
    there = settle(reread)
    again = open_study(there, study.dataset)
    second = there.analysis.run(again, models if there.features == config.features else open_models(there, again))
    columns = {config.mode: headline(study, result), there.mode: headline(again, second)}
    table = side_by_side(columns["sound"], columns["paper"])
    result.tables["modes"] = table
    readings = {
        c.mode: f"{c.stats.score}, {c.stats.rule}, {s.split.kind}" for c, s in ((config, study), (there, again))
    }
    begins = {c.mode: c.features.begin for c in (config, there)}
    rows = [
        ("mode", f"sound ({readings['sound']}) · paper ({readings['paper']})"),
        ("features.begin", f"sound {begins['sound']} · paper {begins['paper']}"),
    ]
    for row in table[table["region"] == "all"].itertuples():
        rows.append((row.what, f"{row.sound:.3f} · {row.paper:.3f}"))
    result.summary[:0] = rows
    leak = max(leaked_share(s.leak) for s in (study, again))
    note = changes(
        f"Two readings stand side by side. In the published one {leak:.0%} of the test frames are of stimuli that are also in training, "
        "CCA has seen the test stimuli, and layers are chosen on the scored data: the difference between the columns is not an effect."
    )
    result.warnings.append(note)
