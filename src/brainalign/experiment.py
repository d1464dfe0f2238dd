"""The story of a run on one page: data set -> features -> analysis -> report, all of it logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from brainalign.analysis.cca import cca
from brainalign.analysis.encoding import encoding
from brainalign.analysis.extract import extract
from brainalign.analysis.latency import latency
from brainalign.analysis.plan import plan_stages
from brainalign.analysis.result import AnalysisResult
from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.config import Config, settle
from brainalign.data.leak import leaked_share
from brainalign.describe import describe_data, question, show_end, show_plan
from brainalign.figures import stamp
from brainalign.report import write_report
from brainalign.tracking import absolute_uri, provenance, tracked_run
from brainalign.tracking.files import write_figures, write_json, write_metrics, write_tables

ANALYSES: dict[str, Callable[..., AnalysisResult]] = {
    "encoding": encoding, "cca": cca, "latency": latency, "extract": extract,
}  # fmt: skip
"""Kind of ``conf/analysis`` -> what computes it, from a study, its models and the analysis's own options."""

log = logging.getLogger(__name__)


def run(config: Config, folder: Path) -> AnalysisResult | None:
    """Do one run from config to report; with ``plan=true`` say what it would do, and stop.

    Args:
        config: Checked.
        folder: Where everything that the run leaves behind goes.
    """
    started = datetime.now(UTC)
    config = settle(config)
    dataset = open_dataset(config)
    study = open_study(config, dataset)
    encodes = config.analysis.kind != "extract"
    if encodes:
        study.check()
    models = open_models(config, study)
    present = list(models)
    if config.plan:
        show_plan(plan_stages(study, models, config.analysis.kind))
        return None

    uri = config.tracking.uri or absolute_uri(Path(config.paths.output))
    settings = asdict(config)
    with tracked_run(
        uri=uri,
        experiment=config.tracking.experiment,
        name=" · ".join(
            [" x ".join(m.name for m in (models.model, models.partner) if m), config.analysis.kind, dataset.name]
        ),
        tags={
            "model": models.model.name,
            "analysis": config.analysis.kind,
            **({"split": study.split.kind, "leak": leaked_share(study.leak)} if encodes else {}),
        },
        params=settings,
        folder=folder,
        description=question(config, dataset, [m.name for m in present]),
    ) as tracked:
        tracked.log_dataset(dataset.name, dataset.digest, getattr(config.data, "root", None) or config.data.kind)
        options = {k: v for k, v in vars(config.analysis).items() if k != "kind"}
        result = ANALYSES[config.analysis.kind](study, models, **options)
        if encodes:
            result.tables["leak_audit"] = study.leak
        result.warnings[:0] = [*study.notes, *(note for m in present for note in m.notes)]
        facts = provenance(
            started=started,
            seed=config.seed,
            device=str(study.arithmetic.torch_device()),
            dataset_digest=dataset.digest,
            checkpoints={m.name: m.digest for m in present},
        )
        write_json(folder / "provenance.json", facts)
        write_metrics(folder, result.metrics)
        write_tables(folder, result.tables)
        if config.data.kind == "simulated":
            for figure, _ in result.figures.values():
                stamp(figure, "Simulated data")
        write_figures(folder, result.figures)
        write_report(
            folder / "report.html",
            title=f"{' and '.join(m.name for m in present)} on {dataset.name}",
            question=question(config, dataset, [m.name for m in present]),
            data=describe_data(study, encodes),
            models=[m.describe() for m in present],
            config=settings,
            provenance=facts,
            result=result,
            simulated=config.data.kind == "simulated",
        )
        tracked.log_metrics(result.metrics)
        tracked.log_artifacts(folder)
    show_end(result, folder, uri)
    return result
