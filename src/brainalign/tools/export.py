"""``brainalign-tools export`` and ``import``: a run or a sweep as one file that another lab can open, without a path of this machine."""

from __future__ import annotations

import argparse
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tools.relog import relog
from brainalign.tools.reproduce import run_folder
from brainalign.tools.stdout import write_line

TEXTS = (".html", ".json", ".yaml", ".txt", ".csv", ".tex", ".svg", ".bib")
"""Files whose text may name a place."""
LEFT_OUT = ("predictions", "weights")
"""Folders of arrays, which are large and no part of a report."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every file in an archive: equal runs give equal archives."""


def export(run: str, file: Path, uri: str | None = None) -> int:
    """Write config, report, tables (parquet and CSV), figures, maps and ``reproduce.txt`` of a run, or of all runs of a sweep.

    Places of this machine become their last part (``/data/lab/ds1`` -> ``…/ds1``). Saved predictions and weights, logs and Hydra's own
    files stay behind.

    Args:
        run: Folder of a run or of a sweep, or a run's id in MLflow.
        file: The archive, which must not be there yet.
        uri: The store that has the id; None = outputs/mlflow.db.

    Returns:
        How many runs it holds.

    Raises:
        BrainalignError: There is no such run, the file is there already, or its name does not end in ``.zip``.
    """
    from brainalign.tracking.record import records

    if file.suffix.lower() != ".zip":
        raise BrainalignError(f"{file} must be named with the ending .zip.")
    if file.exists():
        raise BrainalignError(f"{file} is there already; remove it, or name another file.")
    with TemporaryDirectory(prefix="brainalign-export-") as scratch:
        folder = run_folder(run, uri, Path(scratch))
        found = list(records(folder))
        if not found:
            raise BrainalignError(
                f"{folder} holds no run (no tracking.json in or below it); name the folder of a run or of a sweep."
            )
        unfinished = [place for place, record in found if record.status == "RUNNING"]
        if unfinished:
            raise BrainalignError(f"the run in {unfinished[0]} has not ended; export it when it has.")
        places = _places(found)
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(f".{file.name}.part")
        try:
            with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
                for place, _ in found:
                    top = PurePosixPath(place.relative_to(folder).as_posix())
                    for name, content in _contents(place, places):
                        archive.writestr(_entry(str(top / name)), content)
            half.replace(file)
        finally:
            half.unlink(missing_ok=True)
    return len(found)


def open_archive(file: Path, to: Path) -> Path:
    """Unpack an archive of :func:`export`; the folder appears whole or not at all.

    Args:
        file: The archive.
        to: The folder, which must not be there yet.

    Raises:
        BrainalignError: The file is no such archive, or the folder is there already.
    """
    from brainalign.tracking.record import TRACKING

    if to.exists():
        raise BrainalignError(
            f"{to} is there already; name another folder by --to, or log it by brainalign-tools relog {to}."
        )
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            odd = next(
                (n for n in names if PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts or "\\" in n),
                None,
            )
            if odd is not None:
                raise BrainalignError(
                    f"{file} holds the name {odd!r}, which leads out of its folder; it is no archive of export."
                )
            if not any(PurePosixPath(n).name == TRACKING for n in names):
                raise BrainalignError(f"{file} holds no run; an archive of brainalign-tools export is needed.")
            to.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as half:
                archive.extractall(Path(half) / "whole")
                (Path(half) / "whole").replace(to)
    except FileNotFoundError as error:
        raise BrainalignError(f"{file} is not there; an archive of brainalign-tools export is needed.") from error
    except (zipfile.BadZipFile, IsADirectoryError) as error:
        raise BrainalignError(f"{file} is no whole zip archive; one of brainalign-tools export is needed.") from error
    return to


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _contents(place: Path, places: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of what an archive has of one run; folders of other runs in it are theirs."""
    from brainalign.tracking.record import TRACKING

    inner = {p.parent for p in place.rglob(TRACKING)} - {place}
    for path in sorted(p for p in place.rglob("*") if p.is_file()):
        name = path.relative_to(place)
        hidden = any(part.startswith(".") for part in name.parts)
        if (
            hidden
            or path.suffix == ".log"
            or name.parts[0] in LEFT_OUT
            or any(path.is_relative_to(other) for other in inner)
        ):
            continue
        if path.suffix == ".parquet":
            yield from _table(name, path, places)
        elif path.suffix in TEXTS:
            if not (path.suffix == ".csv" and path.with_suffix(".parquet").exists()):
                yield name.as_posix(), without_places(path.read_text(encoding="utf-8"), places).encode()
        else:
            yield name.as_posix(), path.read_bytes()


def _table(name: Path, path: Path, places: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """A table as parquet and as CSV, its texts without places."""
    import io

    import pandas as pd

    table = pd.read_parquet(path)
    for column in table.columns:
        if not pd.api.types.is_numeric_dtype(table[column].dtype):
            table[column] = table[column].map(lambda v: without_places(v, places) if isinstance(v, str) else v)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    yield name.as_posix(), buffer.getvalue()
    yield name.with_suffix(".csv").as_posix(), table.to_csv(index=False).encode()


def _places(found: list[tuple[Path, Any]]) -> dict[str, str]:
    """Places that runs know of (settings, folders, the store's file) -> what stands for them, the longest first."""
    known: set[str] = set()
    for place, record in found:
        values = [str(place.absolute()), record.tags.get("folder", ""), record.uri, *record.params.values()]
        known |= {v.removeprefix("sqlite:///") for v in values if re.match(r"(sqlite:///)?[/~]|[A-Za-z]:\\", v)}
    return {place: _short(place) for place in sorted(known, key=len, reverse=True) if len(place) > 1}


def _short(place: str) -> str:
    return f"…/{PurePosixPath(place.replace(chr(92), '/').rstrip('/')).name}"


def without_places(text: str, places: Mapping[str, str]) -> str:
    """A text in which places of this machine are their last part.

    Args:
        text: Any.
        places: Those that are known, and what stands for them.

    Example:
        >>> without_places("data.root: /usr/lab/my data/ds1, read in /usr/lib/x.py", {"/usr/lab/my data/ds1": "…/ds1"})
        'data.root: …/ds1, read in …/x.py'
        >>> without_places("hydra.run.dir=/usr/lab/out", {})
        'hydra.run.dir=…/out'
    """
    for place, short in places.items():
        text = text.replace(place, short)
    tops = "|".join(sorted(re.escape(p.name) for p in Path("/").iterdir())) or "$^"
    path = rf"(?<![\w+/.~…-])(?:/(?:{tops})(?=/)|~(?=/))[^\s\"'<>|,;:)\]}}\\]*"
    return re.sub(path, lambda found: _short(found.group()), text)


def _export(arguments: argparse.Namespace) -> None:
    n = export(arguments.run, arguments.file, arguments.uri)
    write_line(f"{arguments.file}: {n} run{'s' * (n > 1)}, {arguments.file.stat().st_size / 2**20:.1f} MiB")


def _import(arguments: argparse.Namespace) -> None:
    folder = open_archive(arguments.file, arguments.to or Path("outputs") / "imported" / arguments.file.stem)
    try:
        n = relog(folder, arguments.uri or "outputs")
    except BrainalignError:
        write_line(f"unpacked into {folder}; brainalign-tools relog {folder} --uri STORE logs it")
        raise
    write_line(f"{folder}: {n} run{'s' * (n != 1)} logged to {hide_secrets(arguments.uri or 'outputs/mlflow.db')}")


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``export`` and ``import``.

    Args:
        commands: Of the command line.
    """
    out = commands.add_parser(
        "export", help="a run or a sweep as one .zip: report, tables, figures, config; no path of this machine"
    )
    out.add_argument("run", metavar="RUN|SWEEP", help="folder of a run or of a sweep, or a run's id in MLflow")
    out.add_argument("file", type=Path, metavar="FILE.zip")
    out.add_argument("--uri", help="the store that has the id, as in tracking.uri; by default outputs/mlflow.db")
    out.set_defaults(do=_export)
    back = commands.add_parser("import", help="unpack what export wrote, and log it to a store")
    back.add_argument("file", type=Path, metavar="FILE.zip")
    back.add_argument("--to", type=Path, metavar="FOLDER", help="by default outputs/imported/FILE")
    back.add_argument("--uri", help="the store, as in tracking.uri; by default outputs/mlflow.db")
    back.set_defaults(do=_import)
