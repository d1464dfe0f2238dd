"""``brainalign-tools doctor``: what this machine has for a run, and what to do about what is missing."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tools.stdout import write_line

LITTLE = 5 * 2**30
"""Bytes of free disk below which features of a large model may not fit."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: Its name.
        found: What there is.
        advice: What to do; empty where all is well.
    """

    what: str
    found: str
    advice: str = ""


def diagnose(store: str, cache: Path) -> Iterator[Finding]:
    """Look at versions, device, threads, memory, disk, store, cache and checkpoints; nothing is changed or made.

    Args:
        store: As ``tracking.uri``.
        cache: ``paths.cache``.
    """
    yield Finding(
        "brainalign", f"{version('brainalign')}, Python {platform.python_version()}, {platform.platform(terse=True)}"
    )
    yield _packages()
    yield from _machine()
    yield _store(store)
    yield _cache(cache)
    yield _checkpoints()


def _packages() -> Finding:
    """Whether the installed packages are those that this version declares."""
    from packaging.requirements import Requirement

    wrong, n = [], 0
    for line in requires("brainalign") or ():
        need = Requirement(line)
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        n += 1
        try:
            there = version(need.name)
        except PackageNotFoundError:
            wrong.append(f"{need.name} is missing")
            continue
        if not need.specifier.contains(there, prereleases=True):
            wrong.append(f"{need.name} is {there}, {need.specifier} is needed")
    advice = "pip install -c constraints.txt -e . in the checkout brings the tested versions" if wrong else ""
    return Finding("packages", "; ".join(wrong) or f"all {n} that are needed", advice)


def _machine() -> Iterator[Finding]:
    """Device, threads, matrix library, memory and disk."""
    import torch
    from threadpoolctl import threadpool_info

    from brainalign.linalg.machine import total_memory

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        yield Finding("device", ", ".join(names), "device=cuda uses it")
    elif torch.backends.mps.is_available():
        yield Finding("device", "Apple's GPU", "device=mps uses it for models")
    else:
        built = "this PyTorch is built without CUDA" if torch.version.cuda is None else "no GPU answers"
        yield Finding("device", f"CPU only ({built}, torch {torch.__version__})")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    said = {name: os.environ[name] for name in THREADS if name in os.environ}
    told = ", ".join(f"{name}={value}" for name, value in said.items()) or "no limit set"
    advice = ""
    if torch.get_num_threads() > cores:
        advice = f"more threads than cores slow every fit: export OMP_NUM_THREADS={cores}"
    yield Finding("threads", f"{torch.get_num_threads()} of {cores} cores in use by a run; {told}", advice)
    libraries = dict.fromkeys(f"{i['internal_api']} {i.get('version') or ''}".strip() for i in threadpool_info())
    yield Finding("matrix library", ", ".join(libraries) or "unknown")
    yield Finding("memory", f"{total_memory() / 2**30:.1f} GiB")
    free = shutil.disk_usage(Path.cwd()).free
    yield Finding(
        "disk", f"{free / 2**30:.1f} GiB free here", "set paths.cache to a larger disk" if free < LITTLE else ""
    )


def _store(store: str) -> Finding:
    """Whether runs are there, or where they will be."""
    from brainalign.tracking.client import mlflow_client
    from brainalign.tracking.store import answering
    from brainalign.tracking.uri import OFFLINE, absolute_uri, database_file

    try:
        uri = absolute_uri(store)
        shown, file = hide_secrets(uri), database_file(uri)
        if uri == OFFLINE:
            return Finding(
                "MLflow store", "offline: runs are kept in their folders", "brainalign-tools relog logs them"
            )
        if file is not None and not file.exists():
            return Finding("MLflow store", f"{shown}: not there yet; the first run makes it")
        with answering(uri):
            experiments = mlflow_client(uri).search_experiments()
        return Finding("MLflow store", f"{shown}: {len(experiments)} experiment(s)")
    except BrainalignError as error:
        return Finding(
            "MLflow store",
            hide_secrets(str(error)),
            "runs go on without it (tracking=offline), and relog logs them later",
        )


def _cache(cache: Path) -> Finding:
    """Size of the cache."""
    from brainalign.tools.cache import entries

    if not cache.is_dir():
        return Finding("cache", f"{cache}: not there yet; the first run makes it")
    found = entries(cache)
    bad = sum(not e.sound for e in found)
    size = sum(e.size for e in found) / 2**30
    advice = f"brainalign-tools cache --cache {cache} says which of them can go" if bad else ""
    return Finding(
        "cache", f"{cache}: {len(found)} file(s), {size:.2f} GiB{f', {bad} of no use' if bad else ''}", advice
    )


def _checkpoints() -> Finding:
    """Models in the hub's local cache."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    place = constants.HF_HUB_CACHE
    try:
        models = sorted(r.repo_id for r in scan_cache_dir().repos if r.repo_type == "model")
    except CacheNotFound:
        models = []
    if models:
        return Finding("checkpoints", f"{', '.join(models)} (in {place})")
    offline = "unset HF_HUB_OFFLINE, or " if constants.HF_HUB_OFFLINE else ""
    advice = f"models named by hub are fetched when first used; {offline}give a folder by model.path="
    return Finding("checkpoints", f"none in {place}", advice)


def _doctor(arguments: argparse.Namespace) -> None:
    found = list(diagnose(arguments.uri, arguments.cache))
    width = max(len(f.what) for f in found)
    for f in found:
        write_line(f"{f.what:<{width}}  {f.found}")
        if f.advice:
            write_line(f"{'':<{width}}  -> {f.advice}")


def add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``doctor``.

    Args:
        commands: Of the command line.
    """
    made = commands.add_parser(
        "doctor", help="versions, device, threads, memory, MLflow store, cache and checkpoints, with what to do"
    )
    made.add_argument("--uri", default="outputs", help="the store, as in tracking.uri; by default outputs/mlflow.db")
    made.add_argument("--cache", type=Path, default=Path("outputs/cache"), help="paths.cache; by default outputs/cache")
    made.set_defaults(do=_doctor)
