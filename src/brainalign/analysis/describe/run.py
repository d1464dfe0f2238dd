"""analysis=describe as a run: a data set without models, windows or folds, so that any data can be described."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from brainalign.analysis.describe.tables import describe
from brainalign.assembly import open_dataset
from brainalign.citations import FILE, write_references
from brainalign.config import Config, local_config
from brainalign.console import show_end
from brainalign.figures import write_quality
from brainalign.notes import grouped
from brainalign.outputs import without_secrets, write_outputs
from brainalign.study.conclusion import conclude
from brainalign.study.result import AnalysisResult
from brainalign.tracking import (
    absolute_uri,
    artifacts_of,
    check_reachable,
    child_name,
    provenance,
    tracked_run,
    write_reproduction,
)
from brainalign.tracking.files import file_name

PAGES = "quality"
"""Folder of the pages on each participant's recording."""


def run_description(config: Config, folder: Path, overrides: Sequence[str]) -> AnalysisResult:
    """Read a data set and describe it; a page on the quality of each recording that was preprocessed or checked against its sound.

    Args:
        config: Its analysis is ``describe``; models, window and encoding are not used.
        folder: Where everything that the run leaves behind goes.
        overrides: The command line's own words, for the record.
    """
    started, settings = datetime.now(UTC), config.values()
    uri = absolute_uri(config.tracking.uri or Path(config.paths.output))
    check_reachable(uri)
    dataset = open_dataset(config)
    asked = f"What is in the data set {dataset.name}, and what can be done with it?"
    used = {key: settings[key] for key in ("data", "electrodes", "analysis", "tracking")}
    with tracked_run(
        uri=uri,
        artifacts=artifacts_of(uri, config.tracking.artifacts, config.paths.output),
        experiment=config.tracking.experiment,
        name=child_name(f"describe · {dataset.name}", overrides),
        tags={"analysis": "describe", "overrides": "\n".join(overrides)},
        params=used,
        folder=folder,
        description=asked,
    ) as tracked:
        write_reproduction(folder, overrides, local_config())
        tracked.log_dataset(dataset.name, dataset.digest, config.data.source, config.data.simulated)
        simulated, card = config.data.simulated, getattr(config.data, "card", None)
        result = describe(dataset)
        if card is not None:
            result.tell("More of the data", "published", f"{card.counts} ({card.short}; licence: {card.licence})")
        methods = [("Recordings", config.data.methods(dataset))]
        write_references(folder / FILE, [text for _, text in methods])
        result.warnings += [*dataset.notes, *(n for r in dataset.recordings for n in r.named_notes)]
        for r in dataset.recordings:
            if r.quality is not None or r.checks:
                write_quality(folder / PAGES / f"{file_name(r.subject)}.html", r, found=r.checks, simulated=simulated)
        without_secrets(result)
        people = [r.subject for r in dataset.recordings]
        conclusion = conclude(result, asked, config.analysis.cannot)
        write_outputs(
            tracked,
            result,
            folder=folder,
            title=f"describe: {dataset.name}",
            conclusion=conclusion,
            people=people,
            data=result.rows,
            models=[],
            methods=methods,
            config=used,
            provenance=provenance(started=started, seed=config.seed, device="none", dataset_digest=dataset.digest),
            simulated=simulated,
            main_figure=config.analysis.main_figure,
            figures=config.figures,
        )
    show_end(conclusion, grouped(result.warnings, people), tracked)
    return result
