"""Runs that were tracked before, found, checked to be comparable, and compared in a run of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from brainalign.analysis.compare.geometries import TABLES, GeometryRun, compare_geometry
from brainalign.analysis.compare.tables import compare
from brainalign.config import Config, local_config
from brainalign.console import show_end
from brainalign.errors import BrainalignError
from brainalign.notes import grouped
from brainalign.outputs import without_secrets, write_outputs
from brainalign.registry import kind_of, kinds
from brainalign.study.conclusion import conclude
from brainalign.study.outcome import Outcome
from brainalign.study.result import AnalysisResult
from brainalign.tracking import (
    Tracked,
    absolute_uri,
    artifacts_of,
    check_reachable,
    provenance,
    tracked_run,
    write_reproduction,
)
from brainalign.tracking.record import Record
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

SAME_GEOMETRY = tuple(what for what, (_, key) in SAME.items() if key == "dataset_digest" or key.startswith("window."))
"""Of SAME, what must be equal for two geometries: they have no folds."""

IGNORED_GEOMETRY = (
    "paths.",
    "tracking.",
    "data.",
    "plan",
    "save.",
    "stats.",
    "ceiling.",
    "encoding.",
    "compare_modes",
    "lexical",
)
"""Keys that do not tell two geometries apart."""


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
    if ids := [id_of(run) for run in options.runs] or (children_of(options.sweep) if options.sweep else []):
        found = by_id(uri, ids)
    else:
        found = by_query(uri, options.experiments or [config.tracking.experiment], options.query)
    found = [run for run in found if compared_by(run)]
    if not found:
        raise BrainalignError(
            "analysis=compare found no run that has scores; name others by analysis.runs or analysis.query."
        )
    geometry = of_one_kind(found)
    check_comparable(found, SAME_GEOMETRY if geometry else tuple(SAME))
    outcome = Outcome(**vars(config.stats))
    named = labels(found, IGNORED_GEOMETRY if geometry else IGNORED)
    settings, listed = config.values(), ", ".join(named.values())
    if geometry:
        geometries = {named[run.id]: geometry_of(uri, run) for run in found}
        question = f"Do {listed} arrange the same stimuli in the same way, and as the responses do?"
    else:
        scores = {named[run.id]: scores_of(uri, run, outcome.rule) for run in found}
        layers = {named[run.id]: own for run in found if (own := layers_of(uri, run)) is not None}
        question = f"Do {listed} predict the same electrodes equally well?"
    sources = f"Sources: {', '.join(f'`{run.id}` ({named[run.id]})' for run in found)}"
    with tracked_run(
        uri=uri,
        artifacts=artifacts_of(uri, config.tracking.artifacts, config.paths.output),
        experiment=config.tracking.experiment,
        name=f"compare · {' · '.join(named.values())}"[:200],
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
        result = (
            compare_geometry(geometries, outcome, options.against)
            if geometry
            else compare(scores, outcome, options.against, layers)
        )
        result.tables["sources"] = pd.DataFrame(
            [{"run": run.id, "label": named[run.id], "name": run.name, "folder": run.folder} for run in found]
        )
        facts = provenance(
            started=started, seed=config.seed, device="none", dataset_digest=found[0].tags.get("dataset_digest")
        )
        without_secrets(result)
        people: list[str] = []
        conclusion = conclude(result, question, config.analysis.cannot)
        write_outputs(
            tracked,
            result,
            folder=folder,
            title=f"Comparison of {len(found)} runs",
            conclusion=conclusion,
            people=people,
            data=[("data set", found[0].tags.get("dataset", "")), ("runs", ", ".join(run.id for run in found))],
            models=[f"{named[run.id]}: {run.name}" for run in found],
            methods=[],
            config={"analysis": settings["analysis"], "stats": settings["stats"]},
            provenance=facts,
            simulated=any(run.simulated for run in found),
            main_figure=config.analysis.main_figure,
            figures=config.figures,
            sources=sources,
        )
    show_end(conclusion, grouped(result.warnings, people), tracked)
    return result


def own_model(run: Tracked) -> str:
    """What a run's tables call its own model: its name with its weights (``tiny_gpt2 untrained``), the first of the models in its tag.

    Args:
        run: The run.
    """
    return run.tags.get("model", "").split(" x ")[0] or run.params.get("model.name", "")


def id_of(run: str) -> str:
    """A run's MLflow id, from the folder that its last lines name; an id is left as it is.

    Raises:
        BrainalignError: The folder holds no run.
    """
    folder = Path(run).expanduser()
    return Record.load(folder).id if folder.is_dir() else run


def children_of(sweep: str) -> list[str]:
    """Ids of the finished children of a sweep.

    Args:
        sweep: Its folder.

    Raises:
        BrainalignError: The folder is no sweep's that has ended, or none of its children is FINISHED.
    """
    file = Path(sweep).expanduser() / "tables" / "children.parquet"
    if not file.is_file():
        raise BrainalignError(
            f"analysis.sweep={sweep}: there is no {file}, which a sweep leaves when it has ended; name the folder of one "
            "(outputs/DATE/TIME-sweep)."
        )
    table = pd.read_parquet(file)
    done = [str(run) for run in table.loc[table["status"] == "FINISHED", "run"]]
    if not done:
        raise BrainalignError(
            f"analysis.sweep={sweep}: none of its {len(table)} children is FINISHED; give its command again."
        )
    return done


def layers_of(uri: str, run: Tracked) -> pd.DataFrame | None:
    """The layer table of a run's own model; None where it has none.

    Args:
        uri: The store.
        run: The run.
    """
    table = _table(uri, run, "layers")
    own = None if table is None or "model" not in table else table[table["model"] == own_model(run)]
    return None if own is None or own.empty else own


def compared_by(run: Tracked) -> str:
    """What a run can be compared by: scores, geometry or nothing; of an analysis that is not installed here, scores are asked for.

    Args:
        run: Tagged with its analysis.
    """
    kind = run.tags.get("analysis")
    return kind_of("analysis", kind).compared_by if kind in kinds("analysis") else "scores"  # type: ignore[attr-defined]


def of_one_kind(found: Sequence[Tracked]) -> bool:
    """Whether the runs are geometries (similarities) and not encodings (scores).

    Args:
        found: The runs.

    Raises:
        BrainalignError: Some are, and some are not.
    """
    first = {compared_by(run): run for run in found}
    if len(first) > 1:
        one, other = first.values()
        raise BrainalignError(
            f"the runs {one.id} ({one.name}) and {other.id} ({other.name}) are compared by {' and '.join(first)}, which cannot be held "
            "against each other; choose one kind, such as by analysis.query='tags.analysis = \"encoding\"'."
        )
    return "geometry" in first


def check_comparable(found: Sequence[Tracked], same: Sequence[str] = tuple(SAME)) -> None:
    """Refuse runs whose electrodes cannot be paired, by what differs and between which.

    Args:
        found: The runs.
        same: What must be equal, of SAME.

    Raises:
        BrainalignError: Two runs differ in something of SAME.
    """
    for what in same:
        kind, key = SAME[what]
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


def labels(found: Sequence[Tracked], ignored: tuple[str, ...] = IGNORED) -> dict[str, str]:
    """Run's id -> what tells it from the others: its model, and the settings in which runs of that model differ.

    Args:
        found: The runs.
        ignored: Beginnings of keys that tell nothing.

    Raises:
        BrainalignError: Two runs differ in nothing.
    """
    keys = sorted({key for run in found for key in run.params if not key.startswith(ignored)})
    own = tuple(side for side in ("model", "partner", "baseline") if side not in ignored)
    varied = [k for k in keys if len({run.params.get(k) for run in found}) > 1 and not k.startswith(own)]
    names = [[run.params[f"{o}.name"] for o in own[:2] if f"{o}.name" in run.params] for run in found]
    models = [run.tags.get("model") or " x ".join(name) or run.name for name, run in zip(names, found, strict=True)]
    alike = [[run for run, name in zip(found, models, strict=True) if name == model] for model in dict.fromkeys(models)]
    extra = [
        k for k in keys if k.startswith(own) and any(len({run.params.get(k) for run in same}) > 1 for same in alike)
    ]
    named: dict[str, str] = {}
    for run, model in zip(found, models, strict=True):
        told = (k for k in [*extra, *varied] if k in run.params)  # a kind of model without a key says nothing of it
        name = " ".join([model, *(f"{k.split('.')[-1]}={run.params[k]}" for k in told)])
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
    table = _table(uri, run, "scores")
    if table is None:
        raise BrainalignError(f"the run {run.id} ({run.name}) has no table of scores; leave it out of the comparison.")
    model = own_model(run)
    mine = table[(table["model"] == model) & (table["space"] == "full") & (table["rule"] == rule)]
    if mine.empty:
        raise BrainalignError(
            f"the run {run.id} ({run.name}) has no scores of {model!r} under stats.rule={rule}; leave it out."
        )
    return mine.reset_index(drop=True)


def geometry_of(uri: str, run: Tracked) -> GeometryRun:
    """The similarities that a run found.

    Args:
        uri: The store.
        run: The run.

    Raises:
        BrainalignError: The run has no table of similarities.
    """
    tables = {name: table for name in TABLES if (table := _table(uri, run, name)) is not None}
    if "geometry" not in tables:
        raise BrainalignError(
            f"the run {run.id} ({run.name}) has no table of similarities; leave it out of the comparison."
        )
    return GeometryRun(own_model(run), tables)


def _table(uri: str, run: Tracked, name: str) -> pd.DataFrame | None:
    """One of a run's tables; None where it has none of this name."""
    with TemporaryDirectory(prefix="brainalign-compare-") as scratch:
        file = fetch(uri, run, f"tables/{name}.parquet", Path(scratch))
        return None if file is None else pd.read_parquet(file)


def _short(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, Mapping | list) else str(value)
    return text if len(text) <= 16 else f"{text[:12]}…"
