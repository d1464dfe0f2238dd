"""The story of a run on one page: data set -> features -> analysis -> report, all of it logged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from brainalign.analysis.abx import abx
from brainalign.analysis.cca import cca
from brainalign.analysis.ceiling import ceiling
from brainalign.analysis.controls import controls
from brainalign.analysis.convergence import convergence
from brainalign.analysis.decomposition import decomposition
from brainalign.analysis.encoding import encoding
from brainalign.analysis.extract import extract
from brainalign.analysis.geometry import geometry
from brainalign.analysis.group import group_table
from brainalign.analysis.headline import headline, side_by_side
from brainalign.analysis.hierarchy import CENTRE, hierarchy
from brainalign.analysis.keep import kept_predictions, kept_weights
from brainalign.analysis.latency import latency
from brainalign.analysis.models import Models
from brainalign.analysis.outliers import add_outliers
from brainalign.analysis.plan import plan_stages
from brainalign.analysis.power import power
from brainalign.analysis.reconstruction import reconstruction
from brainalign.analysis.regimes import regimes
from brainalign.analysis.result import AnalysisResult
from brainalign.analysis.similarity import similarity
from brainalign.analysis.study import Study
from brainalign.analysis.validation import validation
from brainalign.analysis.variance_partition import variance_partition
from brainalign.assembly import WITHOUT_RESPONSES, open_dataset, open_models, open_study
from brainalign.comparison import run_comparison
from brainalign.config import Config, local_config, other, settle
from brainalign.data.splits.leakage import leaked_share
from brainalign.data.stimuli.triplets import table_digests
from brainalign.describe import describe_data, question, show_end, show_finished, show_plan
from brainalign.description import run_description
from brainalign.left_behind import leave_behind
from brainalign.methods import methods
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
from brainalign.tracking.maps import MAPS, same_places, write_maps

ANALYSES: dict[str, Callable[..., AnalysisResult]] = {
    "encoding": encoding, "ceiling": ceiling, "similarity": similarity, "cca": cca, "decomposition": decomposition,
    "variance_partition": variance_partition, "convergence": convergence, "validation": validation, "latency": latency, "extract": extract,
    "hierarchy": hierarchy, "regimes": regimes, "controls": controls, "power": power, "abx": abx, "reconstruction": reconstruction,
    "geometry": geometry,
}  # fmt: skip
"""Kind of ``conf/analysis`` -> what computes it, from a study, its models and the analysis's own options."""

WITHOUT_MODEL = ("ceiling", "validation", "power")
"""Analyses in which the config's models have no part."""

WITHOUT_FOLDS = (*WITHOUT_RESPONSES, "reconstruction", "geometry")
"""Analyses that do not divide the stimuli into the study's folds: no TRF, or each word left out."""

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
    started = datetime.now(UTC)
    config, asked = settle(config), config
    if config.analysis.kind == "compare":
        return run_comparison(config, folder, overrides)
    if config.analysis.kind == "describe":
        return run_description(config, folder, overrides)
    uri = absolute_uri(config.tracking.uri or Path(config.paths.output))
    if not config.plan:
        check_reachable(uri)
    dataset = open_dataset(config)
    study = open_study(config, dataset)
    encodes = config.analysis.kind not in WITHOUT_FOLDS
    if encodes:
        study.check()
    models = open_models(config, study)
    present = [] if config.analysis.kind in WITHOUT_MODEL else list(models)
    named = " x ".join(m.name for m in (models.model, models.partner) if m in present)
    options = {k: v for k, v in vars(config.analysis).items() if k != "kind"}
    if config.plan:
        show_plan(plan_stages(study, models, config.analysis.kind, options))
        return None

    settings, asked_for = asdict(config), question(config, dataset, [m.name for m in present])
    checkpoints = {m.name: m.digest for m in present} | table_digests(options)
    known, tag = identities(settings, dataset.digest, checkpoints), CODE[config.tracking.code]
    if config.tracking.resume and (before := finished(uri, config.tracking.experiment, tag, known[tag])):
        show_finished(before, uri)
        return None
    with tracked_run(
        uri=uri,
        artifacts=artifacts_of(uri, config.tracking.artifacts, config.paths.output),
        experiment=config.tracking.experiment,
        name=child_name(" · ".join(filter(None, [named, config.analysis.kind, dataset.name])), overrides),
        tags={
            "model": named,
            "analysis": config.analysis.kind,
            "mode": config.mode,
            **known,
            "overrides": "\n".join(overrides),
            **({"split": study.split.kind, "leak": leaked_share(study.leak)} if encodes else {}),
        },
        params=settings,
        folder=folder,
        description=asked_for,
    ) as tracked:
        write_reproduction(folder, overrides, local_config())
        tracked.log_dataset(dataset.name, dataset.digest, config.data.source, config.data.simulated)
        result = analyse(config, study, models)
        if encodes:
            result.tables["leak_audit"] = study.leak
        if study.reading.inter_subject and "scores" in result.tables:
            result.tables["group"] = group_table(study.shown(result.tables["scores"]), study.reading.score)
        if config.compare_modes:
            compare_modes(result, config, other(asked), study, models)
        add_outliers(result, present)
        result.warnings[:0] = [*study.notes, *(note for m in present for note in m.notes)]
        facts = provenance(
            started=started,
            seed=config.seed,
            device=str(study.arithmetic.model_device()),
            dataset_digest=dataset.digest,
            checkpoints=checkpoints,
        )
        write_all_maps(folder / MAPS, study, result)
        for name, arrays in kept_predictions(study, models) if config.save.predictions else ():
            write_arrays(folder / PREDICTIONS, name, arrays)
        for name, arrays in kept_weights(study, models) if config.save.weights else ():
            write_arrays(folder / WEIGHTS, name, arrays)
        leave_behind(
            tracked,
            result,
            folder=folder,
            title=f"{config.analysis.kind}{f': {named}' if named else ''} on {dataset.name}",
            question=asked_for,
            data=describe_data(study, encodes),
            models=[m.describe() for m in present],
            methods=methods(config, study, models),
            config=settings,
            provenance=facts,
            simulated=config.data.simulated,
        )
    show_end(result, tracked)
    return result


def analyse(config: Config, study: Study, models: Models) -> AnalysisResult:
    """The analysis that the config names."""
    options = {k: v for k, v in vars(config.analysis).items() if k != "kind"}
    return ANALYSES[config.analysis.kind](study, models, **options)


def write_all_maps(folder: Path, study: Study, result: AnalysisResult) -> None:
    """Maps of each participant's scores and preferences, and of the group where its channels are the same places."""
    people, tables = study.dataset.recordings, result.tables
    if "scores" in tables:
        write_maps(folder, study.shown(tables["scores"]), people, (study.reading.score, "layer", "ceiling", "p_fdr"))
    if "preference" in tables:
        named = tables["preference"].rename(columns={CENTRE: "preferred_layer"})
        write_maps(folder, named, people, ("best_layer", "preferred_layer"))
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
    second = analyse(there, again, models if there.features == config.features else open_models(there, again))
    columns = {config.mode: headline(study, result), there.mode: headline(again, second)}
    table = side_by_side(columns["sound"], columns["paper"])
    result.tables["modes"] = table
    readings = {
        c.mode: f"{c.stats.score}, {c.stats.rule}, {s.split.kind}" for c, s in ((config, study), (there, again))
    }
    begins = {c.mode: c.features.begin for c in (config, there)}
    result.summary += [
        ("mode", f"sound ({readings['sound']}) · paper ({readings['paper']})"),
        ("features.begin", f"sound {begins['sound']} · paper {begins['paper']}"),
    ]
    for row in table[table["region"] == "all"].itertuples():
        result.summary.append((row.what, f"{row.sound:.3f} · {row.paper:.3f}"))
    leak = max(leaked_share(s.leak) for s in (study, again))
    result.warnings.append(
        f"Two readings stand side by side. In the published one {leak:.0%} of the test frames are of stimuli that are "
        "also in training, CCA has "
        "seen the test stimuli, and layers are chosen on the scored data: the difference between the columns is not an effect."
    )
