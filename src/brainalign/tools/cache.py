"""``brainalign-tools cache``: what lies in the cache of features, fits and preprocessed signals, and what of it can go."""

from __future__ import annotations

import argparse
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brainalign.errors import BrainalignError
from brainalign.tools.stdout import as_size, write_line

DAY = 86_400.0


@dataclass(frozen=True)
class Entry:
    """A file of the cache, or the leavings of an extraction that did not end.

    Attributes:
        path: A file, or the folder of an unfinished extraction.
        what: Model and layer, or the fit; or that it is unfinished, or damaged and how.
        model: Name of the model; empty where it is not known.
        stimuli: Number of those extracted, or predicted.
        size: Bytes.
        age: Days since it was written.
        sound: Whether a run can use it.
    """

    path: Path
    what: str
    model: str
    stimuli: int
    size: int
    age: float
    sound: bool


def entries(folder: Path, *, check: bool = False) -> list[Entry]:
    """What lies in a cache, the newest first.

    Args:
        folder: ``paths.cache`` of the runs.
        check: Whether all files are read and their checksums compared.

    Raises:
        BrainalignError: The folder is none.
    """
    if not folder.is_dir():
        raise BrainalignError(
            f"--cache={folder} is no folder; give paths.cache of your runs (outputs/cache by default)."
        )
    found = [_entry(path, check) for part in ("features", "fits", "signals") for path in _paths(folder / part)]
    return sorted(found, key=lambda e: e.age)


def _paths(folder: Path) -> Iterator[Path]:
    for pattern in ("*.safetensors", "*.unfinished", "*.part"):
        yield from folder.glob(pattern)


def _entry(path: Path, check: bool) -> Entry:
    from brainalign.storage.tensors import about, load_tensors

    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    size = sum(f.stat().st_size for f in files)
    age = (time.time() - path.stat().st_mtime) / DAY
    if path.suffix != ".safetensors":
        what = "unfinished extraction" if path.is_dir() else "half written"
        return Entry(path, what, "", 0, size, age, sound=path.is_dir() or age < 1)  # a run may be writing it
    try:
        said, names = about(path), load_tensors(path, check=check)
    except (ValueError, OSError) as error:
        return Entry(path, f"damaged: {error}", "", 0, size, age, sound=False)
    model = str(said.get("model", ""))
    what = said.get("what", f"{model or '?'} layer {said.get('layer', '?')}")
    return Entry(path, what, model, len({_stimulus(n) for n in names} - {""}), size, age, sound=True)


def _stimulus(name: str) -> str:
    """Whose rows, or whose prediction, an array of a cache file is; empty for the rest of a fit.

    Example:
        >>> _stimulus("a/b/values"), _stimulus("best/predictions/0/a/b"), _stimulus("predictions/len")
        ('a/b', 'a/b', '')
    """
    rows = re.fullmatch(r"(.+)/(values|onset|offset)", name)
    predicted = re.fullmatch(r"(best/)?predictions/\d+/(.+)", name)
    return rows[1] if rows else predicted[2] if predicted else ""


def prune(found: Sequence[Entry], *, model: str | None, older: float | None, damaged: bool) -> list[Entry]:
    """The entries that all the given conditions name.

    Args:
        found: From :func:`entries`.
        model: Name of a model, or None.
        older: Least age in days, or None.
        damaged: Only those that no run can use.
    """
    return [
        e
        for e in found
        if (model is None or e.model == model) and (older is None or e.age >= older) and not (damaged and e.sound)
    ]


def _list(arguments: argparse.Namespace) -> None:
    for e in entries(arguments.cache, check=arguments.check):
        write_line(f"{as_size(e.size):>10}  {e.age:6.1f} d  {e.stimuli:5d} stimuli  {e.what}  {e.path.name}")


def _total(arguments: argparse.Namespace) -> None:
    found = entries(arguments.cache)
    by: dict[str, list[Entry]] = {}
    for e in found:
        by.setdefault(e.model or e.what, []).append(e)
    for name, mine in sorted(by.items()):
        write_line(f"{as_size(sum(e.size for e in mine)):>10}  {len(mine):5d} file(s)  {name}")
    write_line(f"{as_size(sum(e.size for e in found)):>10}  {len(found):5d} file(s)  in all, in {arguments.cache}")


def _prune(arguments: argparse.Namespace) -> None:
    chosen = (arguments.model, arguments.older_than, arguments.damaged or None)
    if not arguments.all and all(c is None for c in chosen):
        raise BrainalignError(
            "brainalign-tools cache prune needs --model, --older-than or --damaged, or --all for the whole cache."
        )
    found = prune(
        entries(arguments.cache, check=arguments.damaged),
        model=arguments.model,
        older=arguments.older_than,
        damaged=arguments.damaged,
    )
    for e in found:
        if not arguments.dry_run:
            shutil.rmtree(e.path) if e.path.is_dir() else e.path.unlink(missing_ok=True)
        write_line(f"{'would remove' if arguments.dry_run else 'removed'} {e.what}  {e.path.name}")
    write_line(f"{as_size(sum(e.size for e in found))} in {len(found)} file(s)")


def add_cache(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``cache`` with its actions.

    Args:
        commands: Of the command line.
    """
    cache = commands.add_parser("cache", help="the cache of features, fits and preprocessed signals")
    actions = cache.add_subparsers(required=True)

    def action(name: str, what: str, do: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=what)
        made.add_argument("--cache", type=Path, default=Path("outputs/cache"), help="paths.cache of your runs")
        made.set_defaults(do=do)
        return made

    action("list", "what is in it", _list).add_argument("--check", action="store_true", help="compare checksums")
    action("size", "how much there is of each model", _total)
    remove = action("prune", "remove files", _prune)
    remove.add_argument("--model", help="of this model")
    remove.add_argument("--older-than", type=float, metavar="DAYS", help="written so many days ago, or before")
    remove.add_argument("--damaged", action="store_true", help="that no run can use")
    remove.add_argument("--all", action="store_true", help="everything")
    remove.add_argument("--dry-run", action="store_true", help="only say what would be removed")
