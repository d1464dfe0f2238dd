"""Runs that were tracked before, found, checked to be comparable, and compared in a run of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from brainalign.analysis.compare.tables import compare
from brainalign.study.outcome import Reading
from brainalign.study.result import AnalysisResult
from brainalign.config import Config, local_config
from brainalign.console import show_end
from brainalign.errors import BrainalignError
from brainalign.registry import kind_of, kinds
from brainalign.outputs import write_outputs
from brainalign.tracking import (
    Tracked,
    absolute_uri,
    artifacts_of,
    check_reachable,
    provenance,
    tracked_run,
    write_reproduction,
)
from brainalign.tracking.search import by_id, by_query, fetch

SAME = {
    "the data set": ("tag", "dataset_digest"),
    "the window's begin": ("param", "window.tmin"),
    "the window's end": ("param", "window.tmax"),
    "the frames": ("param", "window.rate"),
    "the split": ("tag", "split"),
    "the number of folds": ("param", "encoding.outer_folds"),
    "the test set": ("param", "encoding.test"),
    "the frames left out": ("param", "encoding.skip"),
    "the seed of the folds": ("param", "seed"),
}
"""What must be equal for electrodes of two runs to be paired, and where a run says it."""

IGNORED = (
    "paths.",
    "tracking.",
    "data.",
    "plan",
    "save.",
    "stats.",
    "ceiling.",
    "analysis.",
    "compare_modes",
    "baseline",
    "partner",
    "lexical",
    "acoustic",
    "contextual",
)
"""Keys that do not tell what was encoded apart."""


def run_comparison(config: Config, folder: Path, overrides: Sequence[str]) -> AnalysisResult:
    """Find runs, compare them, and track the comparison as a run that names its sources.

    Args:
        config: Settled; its analysis is ``compare``, and data and models are not used.
        folder: Where everything that the run leaves behind goes.
        overrides: The command line's own words, for the record.

    Raises:
        BrainalignError: Nothing is found, runs are not comparable, or one lacks the table of scores.
    """
    started, options = datetime.now(UTC), config.analysis
    uri = absolute_uri(config.tracking.uri or Path(config.paths.output))
    check_reachable(uri)
    found = (
        by_id(uri, options.runs)
        if options.runs
        else by_query(uri, options.experiments or [config.tracking.experiment], options.query)
    )
    found = [run for run in found if has_scores(run.tags.get("analysis"))]
    if not found:
        raise BrainalignError(
            "analysis=compare found no run that has scores; name others by analysis.runs or analysis.query."
        )
    check_comparable(found)
    reading = Reading(**vars(config.stats))
    named = labels(found)
    scores = {named[run.id]: scores_of(uri, run, reading.rule) for run in found}
    settings, question = asdict(config), f"Do {', '.join(scores)} predict the same electrodes equally well?"
    sources = f"Sources: {', '.join(f'`{run.id}` ({named[run.id]})' for run in found)}"
    with tracked_run(
        uri=uri,
        artifacts=artifacts_of(uri, config.tracking.artifacts, config.paths.output),
        experiment=config.tracking.experiment,
        name=f"compare · {' · '.join(scores)}"[:200],
        tags={
            "analysis": "compare",
            "sources": "\n".join(run.id for run in found),
            "dataset_digest": found[0].tags.get("dataset_digest", ""),
            "dataset": found[0].tags.get("dataset", ""),
        },
        params={"analysis": settings["analysis"], "stats": settings["stats"], "tracking": settings["tracking"]},
        folder=folder,
        description=f"{question}\n\n{sources}",
    ) as tracked:
        write_reproduction(folder, overrides, local_config())
        result = compare(scores, reading, options.against)
        result.tables["sources"] = pd.DataFrame(
            [{"run": run.id, "label": named[run.id], "name": run.name, "folder": run.folder} for run in found]
        )
        facts = provenance(
            started=started, seed=config.seed, device="none", dataset_digest=found[0].tags.get("dataset_digest")
        )
        write_outputs(
            tracked,
            result,
            folder=folder,
            title=f"Comparison of {len(found)} runs",
            question=question,
            data=[("data set", found[0].tags.get("dataset", "")), ("runs", ", ".join(run.id for run in found))],
            models=[f"{named[run.id]}: {run.name}" for run in found],
            methods=[],
            config={"analysis": settings["analysis"], "stats": settings["stats"]},
            provenance=facts,
            simulated=any(run.tags.get("dataset", "").startswith("simulated") for run in found),
            main_figure=config.analysis.main_figure,
            sources=sources,
        )
    show_end(result, tracked)
    return result


def has_scores(kind: str | None) -> bool:
    """Whether a run of some kind of analysis leaves scores by electrode; of a kind that is not installed here, nobody knows.

    Args:
        kind: As the run is tagged.
    """
    return kind not in kinds("analysis") or kind_of("analysis", kind).needs.scores  # type: ignore[attr-defined,no-any-return]


def check_comparable(found: Sequence[Tracked]) -> None:
    """Refuse runs whose electrodes cannot be paired, by what differs and between which.

    Args:
        found: The runs.

    Raises:
        BrainalignError: Two runs differ in something of SAME.
    """
    for what, (kind, key) in SAME.items():
        said = {
            run.id: (run.tags if kind == "tag" else run.params).get(key, "None") for run in found
        }  # of runs before the key was
        first = found[0]
        for run in found[1:]:
            if said[run.id] != said[first.id]:
                raise BrainalignError(
                    f"the runs {first.id} ({first.name}) and {run.id} ({run.name}) differ in {what} ({key}: {_short(said[first.id])} and "
                    f"{_short(said[run.id])}), so their electrodes cannot be paired; compare runs that share it."
                )


def labels(found: Sequence[Tracked]) -> dict[str, str]:
    """Run's id -> what tells it from the others: its model, and the settings in which runs of that model differ.

    Args:
        found: The runs.

    Raises:
        BrainalignError: Two runs differ in nothing.
    """
    keys = sorted({key for run in found for key in run.params if not key.startswith(IGNORED)})
    varied = [k for k in keys if len({run.params.get(k) for run in found}) > 1 and not k.startswith("model.")]
    models = [run.params.get("model.name", run.name) for run in found]
    alike = [[run for run, name in zip(found, models, strict=True) if name == model] for model in dict.fromkeys(models)]
    extra = [
        k
        for k in keys
        if k.startswith("model.") and any(len({run.params.get(k) for run in same}) > 1 for same in alike)
    ]
    named: dict[str, str] = {}
    for run, model in zip(found, models, strict=True):
        own = (k for k in [*extra, *varied] if k in run.params)  # a kind of model without a key says nothing of it
        name = " ".join([model, *(f"{k.split('.')[-1]}={run.params[k]}" for k in own)])
        if name in named.values():
            twin = next(i for i, n in named.items() if n == name)
            raise BrainalignError(
                f"the runs {twin} and {run.id} are both {name!r}: nothing tells them apart; leave one out (analysis.runs)."
            )
        named[run.id] = name
    return named


def scores_of(uri: str, run: Tracked, rule: str) -> pd.DataFrame:
    """The scores of a run's own model, full space, one row an electrode.

    Args:
        uri: The store.
        run: The run.
        rule: Layer rule.

    Raises:
        BrainalignError: The run has no table of scores, or not under this rule.
    """
    with TemporaryDirectory(prefix="brainalign-compare-") as scratch:
        file = fetch(uri, run, "tables/scores.parquet", Path(scratch))
        if file is None:
            raise BrainalignError(
                f"the run {run.id} ({run.name}) has no table of scores; leave it out of the comparison."
            )
        table = pd.read_parquet(file)
    model = run.params.get("model.name", "")
    mine = table[(table["model"] == model) & (table["space"] == "full") & (table["rule"] == rule)]
    if mine.empty:
        raise BrainalignError(
            f"the run {run.id} ({run.name}) has no scores of {model!r} under stats.rule={rule}; leave it out."
        )
    return mine.reset_index(drop=True)


def _short(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, Mapping | list) else str(value)
    return text if len(text) <= 16 else f"{text[:12]}…"
