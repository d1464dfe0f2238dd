"""One participant's files of arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.arrays.tree import Tree, numbers, open_tree, texts
from brainalign.data.continuous.run import Run
from brainalign.data.electrodes.table import channels_table
from brainalign.data.events.event import Event
from brainalign.data.events.table import events_of, stimulus_id
from brainalign.data.events.times import refuse_unused
from brainalign.data.files.patterns import MatchedFile, beside
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.tsv import read_tsv
from brainalign.data.formats import ArrayKeys, EventFormat
from brainalign.data.unread_options import refuse_keys, refuse_option, refuse_words
from brainalign.errors import BrainalignError, nearest

AXES = ("time", "channel", "trial", "repeat")


class ArraysSource:
    """One participant: each file is a run.

    Args:
        subject: The label.
        files: Name of the run -> file, with the fields of its name.
        keys: Which keys hold what.
        axes: Names of the axes of the responses, in their order.
        events: Pattern of the tables of events, with the files' fields; None: the file's own keys say.
        form: How that table is to be read.
        channels: Pattern of the tables of channels; None: the file's own keys say.
        region: Column of regions in that table.
        root: Where these patterns begin.
    """

    def __init__(
        self,
        subject: str,
        files: Mapping[str, MatchedFile],
        keys: ArrayKeys,
        axes: Sequence[str],
        events: str | None,
        form: EventFormat,
        channels: str | None,
        region: str | None,
        root: Path = Path(),
    ) -> None:
        self.subject = subject
        self._files, self._root = dict(files), root
        self._keys, self._axes = keys, tuple(axes)
        self._events, self._form, self._channels, self._region = events, form, channels, region
        self.align = form.align
        self.how = f"{keys} {self._axes}"  # a file may hold many recordings

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """Of all files, in the order of their names."""
        out: list[Event] = []
        for run, found in self._files.items():
            with errors.collected(), open_tree(found.path) as tree:
                out += self._of(tree, run, found, known, errors, notes)
        return out

    def open(self, run: str) -> Run:
        """One file; trials and stimuli that are arrays of their own stand one after the other in it."""
        found = self._files[run]
        with open_tree(found.path) as tree:
            rate = self._rate(tree, found)
            parts = [part for _, part in self.parts(tree, found)]
            values = np.asarray(parts[0]) if len(parts) == 1 else np.concatenate(parts)
            boundaries = np.cumsum([len(part) for part in parts])[:-1] / rate
            notes: list[str] = []
            table = self.table(tree, found, values.shape[1], notes)
            start = 0.0 if self._apart(found) else self._start(tree, found.fields, rate)
            sound = None if self._keys.sound is None else numbers(tree[self._keys.sound], self._keys.sound).ravel()
            sound_rate = 0.0 if sound is None else self._number(tree, self._keys.sound_rate, "sound_rate", found.fields)
        return Run(
            values,
            rate,
            start,
            table,
            sound,
            sound_rate,
            start,
            notes=tuple(notes),
            boundaries=tuple(start + boundaries),
        )

    def files(self, run: str) -> list[Path]:
        """The file of a run."""
        return [self._files[run].path]

    def _apart(self, found: MatchedFile) -> bool:
        """Whether presentations are arrays of their own, and not cut out of a recording that goes on."""
        return (
            "trial" in self._axes or "stimulus" in found.fields or bool(self._keys.fields()) or "repeat" in self._axes
        )

    def _of(
        self,
        tree: Tree,
        run: str,
        found: MatchedFile,
        known: Collection[str] | None,
        errors: ReadErrors,
        notes: list[str],
    ) -> list[Event]:
        rate = self._rate(tree, found)
        apart, whole = self._apart(found), self._form.whole is not None
        table = "data.events.whole" if whole else None if self._events is None else "data.events_file"
        refuse_keys(self._keys, str(found.path), self._axes, apart, table, self._channels is not None)
        if not apart:
            return self._from_table(tree, run, found, rate, known, errors, notes)
        refuse_unused(self._form, str(found.path), ("shift", "align"))
        refuse_option("data.events_file", self._events, "each array is a presentation of its own")
        out, at = [], 0
        for (name, fields), part in self.parts(tree, found):
            first, last = at / rate, (at + len(part)) / rate
            at += len(part)
            where = f"{found.path}, {name}"
            stimulus = stimulus_id(fields.get("stimulus", name), known)
            if known is not None and stimulus not in known:
                errors.add(
                    [
                        f"{where}: stimulus {stimulus!r} is not among the {len(known)} stimuli; {nearest(stimulus, known)}"
                    ]
                )
                continue
            onset = first - self._start(tree, fields, rate) + self._form.shift
            assumed = self._keys.start is None and not self._form.shift
            out.append(Event(where, stimulus, onset, float("nan"), run, first, last, assumed, part.shape[1] / rate))
        return out

    def _from_table(
        self,
        tree: Tree,
        run: str,
        found: MatchedFile,
        rate: float,
        known: Collection[str] | None,
        errors: ReadErrors,
        notes: list[str],
    ) -> list[Event]:
        keys = self._keys
        start = self._start(tree, found.fields, rate)
        if self._form.whole is not None:
            refuse_unused(self._form, str(found.path))
            refuse_option("data.events_file", self._events, "data.events.whole names what was played")
            return [Event(str(found.path), self._form.whole, self._form.shift, float("nan"), run)]
        if (path := beside(self._root, self._events, found, "data.events_file")) is not None:
            refuse_words(self._form, str(path))
            return events_of(read_tsv(path, []), path, run, rate, self._form, known, errors, notes, start)
        if keys.stimulus is None or keys.onset is None:
            raise BrainalignError(
                f"{found.path}: nothing says when which stimulus was played; give data.keys.onset and data.keys.stimulus, an events table "
                "(data.events_file), or data.events.whole where the file is one playing of one stimulus."
            )
        columns = {
            "onset": [str(v) for v in numbers(tree[keys.onset], keys.onset).ravel()],
            "stimulus": texts(tree[keys.stimulus], keys.stimulus),
        }
        if keys.duration is not None:
            columns["duration"] = [str(v) for v in numbers(tree[keys.duration], keys.duration).ravel()]
        sizes = {name: len(values) for name, values in columns.items()}
        if len(set(sizes.values())) > 1:
            raise BrainalignError(f"{found.path}: the keys of events have different lengths: {sizes}.")
        table = pd.DataFrame(columns, dtype=object, index=pd.RangeIndex(1, len(columns["onset"]) + 1))
        refuse_unused(self._form, str(found.path), ("shift", "align", "unit"))
        own = replace(self._form, onset="onset", duration="duration", stimulus=["stimulus"])
        return events_of(table, found.path, run, rate, own, known, errors, notes, start)

    def parts(self, tree: Tree, found: MatchedFile) -> list[tuple[tuple[str, dict[str, str]], NDArray[Any]]]:
        """The arrays of one file, (time, channel) each, with their stimulus and the fields of their names (or the whole file's one)."""
        keys, out = self._keys, []
        pattern = filled_fields(keys.responses, found.fields)
        named = tree.matching(pattern, "data.keys.responses") if keys.fields() else {pattern: {}}
        for path, own in named.items():
            fields = {**found.fields, **own}
            again = None if keys.repeats is None else filled_fields(keys.repeats, fields)
            if again is not None and tree.has(again):
                out += [((fields.get("stimulus", path), fields), np.asarray(part)) for part in tree.with_axes(again, 3)]
                continue
            array = tree.with_axes(path, len(self._axes))
            if len(np.shape(array)) != len(self._axes):
                raise BrainalignError(
                    f"{tree.path}: {path!r} has the shape {tuple(np.shape(array))}, but data.axes={list(self._axes)} names "
                    f"{len(self._axes)} axes."
                )
            array = self._turned(array)
            if "trial" in self._axes:
                if keys.stimulus is None:
                    raise BrainalignError(
                        f"{tree.path}: data.keys.stimulus is needed to name the {len(array)} trials of {path!r}."
                    )
                labels = texts(tree[filled_fields(keys.stimulus, fields)], keys.stimulus)
                if len(labels) != len(array):
                    raise BrainalignError(
                        f"{tree.path}: {path!r} has {len(array)} trials, but {keys.stimulus!r} {len(labels)} names; they must agree."
                    )
                out += [((label, {**fields, "trial": str(n)}), array[n]) for n, label in enumerate(labels)]
                continue
            name = fields.get("stimulus", path)
            if keys.stimulus is not None and keys.fields():
                name = texts(tree[filled_fields(keys.stimulus, fields)], keys.stimulus)[0]
                fields = {**fields, "stimulus": name}
            repeats = array if "repeat" in self._axes else [array]
            out += [((name, fields), part) for part in repeats]
        return out

    def _turned(self, array: Any) -> Any:
        """(trial or repeat, time, channel), or (time, channel)."""
        order = [a for a in ("trial", "repeat", "time", "channel") if a in self._axes]
        turn = [self._axes.index(a) for a in order]
        return array if turn == list(range(len(turn))) else np.asarray(array).transpose(turn)

    def _rate(self, tree: Tree, found: MatchedFile) -> float:
        """The one rate of all arrays of a file."""
        key, fields = self._keys.rate, found.fields
        where: dict[float, str] = {}
        if isinstance(key, str) and "{" in filled_fields(key, fields):
            named = tree.matching(filled_fields(self._keys.responses, fields), "data.keys.responses").values()
            for own in named:
                where.setdefault(
                    self._number(tree, key, "rate", {**fields, **own}), filled_fields(key, {**fields, **own})
                )
        else:
            where[self._number(tree, key, "rate", fields)] = str(key)
        if len(where) > 1:
            (rate, first), (other, second) = list(where.items())[:2]
            raise BrainalignError(
                f"{tree.path}: {first!r} gives {rate:g} samples a second, {second!r} {other:g} (data.keys.rate={key!r}); all arrays of a "
                "file must have one rate: resample them, or write a file for each rate."
            )
        rate = next(iter(where))
        if not rate > 0:
            raise BrainalignError(f"{tree.path}: data.keys.rate gives {rate:g} samples a second; it must be above 0.")
        return rate

    def _start(self, tree: Tree, fields: Mapping[str, str], rate: float) -> float:
        key = 0.0 if self._keys.start is None else self._keys.start
        if not isinstance(key, str):
            return float(key)
        values = numbers(tree[filled_fields(key, fields)], key).ravel()
        return first_time(values, rate, f"{tree.path}: data.keys.start={key!r}")

    def _number(self, tree: Tree, key: Any, name: str, fields: Mapping[str, str]) -> float:
        if key is None:
            raise BrainalignError(
                f"{tree.path}: data.keys.{name} is not set; it must be a key of the file, or a number."
            )
        if isinstance(key, str):
            values = np.unique(numbers(tree[filled_fields(key, fields)], key))
            if len(values) != 1:
                told = ", ".join(f"{v:g}" for v in values[:5])
                raise BrainalignError(
                    f"{tree.path}: data.keys.{name}={key!r} holds {len(values)} different numbers ({told}); it must be one number of "
                    "samples a second."
                )
            return float(values[0])
        return float(key)

    def table(self, tree: Tree, found: MatchedFile, columns: int, notes: list[str]) -> pd.DataFrame:
        """The channels, one row a column of the responses."""
        keys = self._keys
        if (path := beside(self._root, self._channels, found, "data.channels_file")) is not None:
            given = read_tsv(path, ["name|electrode"])
            given = given.rename(columns={"electrode": "name"}) if "name" not in given else given
            table = channels_table(
                self.subject, given["name"].tolist(), given, self._region, where=str(path), notes=notes
            )
        else:
            names = (
                [f"ch{n + 1:03d}" for n in range(columns)]
                if keys.electrode is None
                else texts(tree[keys.electrode], keys.electrode)
            )
            said: dict[str, Any] = {"name": names}
            for column in ("region", "hemisphere", "x", "y", "z"):
                key = getattr(keys, column)
                if key is None:
                    continue
                values = tree[key]
                if column == "x" and len(names) == 1 and np.size(values) == 3:  # one channel, whose axis was dropped
                    values = np.reshape(values, (1, 3))
                if column == "x" and len(getattr(values, "shape", ())) == 2 and 3 in values.shape:
                    block = numbers(values, key)
                    block = block if block.shape[1] == 3 else block.T
                    said |= dict(zip("xyz", block.T, strict=True))
                else:
                    said[column] = (
                        texts(values, key) if column in ("region", "hemisphere") else numbers(values, key).ravel()
                    )
                lengths = {c: len(v) for c, v in said.items()}
                if len(set(lengths.values())) > 1:
                    raise BrainalignError(f"{tree.path}: the keys of the channels have different lengths: {lengths}.")
            frame = None if len(said) == 1 else pd.DataFrame(said)
            table = channels_table(self.subject, names, frame, self._region, where=str(tree.path), notes=notes)
        if len(table) != columns:
            raise BrainalignError(
                f"{tree.path}: the responses have {columns} channels, but {len(table)} are named; they must agree "
                f"(data.axes={list(self._axes)})."
            )
        return table


def first_time(values: NDArray[np.float64], rate: float, what: str) -> float:
    """Time of the first sample: a number, a vector with the time of every sample, or (before, after) as naplib's ``befaft`` has it.

    Raises:
        BrainalignError: They are none of these, or count time in another unit than the rate does.

    Example:
        >>> first_time(np.array([0.1, 0.11, 0.12]), 100.0, "time"), first_time(np.array([0.5, 1.0]), 100.0, "befaft")
        (0.1, -0.5)
    """
    if not len(values) or not np.isfinite(values[0]):
        raise BrainalignError(f"{what} holds no number; it must be the time of the first sample in seconds.")
    if len(values) == 1:
        return float(values[0])
    step = float(np.median(np.diff(values)))
    if abs(step * rate - 1) < 0.01:
        return float(values[0])
    if len(values) == 2:
        return -abs(float(values[0]))
    raise BrainalignError(
        f"{what} holds {len(values)} numbers in steps of {step:g}, but at {rate:g} samples a second a vector of times has steps of "
        f"{1 / rate:g} s{'; it looks like milliseconds' if abs(step * rate / 1000 - 1) < 0.01 else ''}. It must be the time of the first "
        "sample in seconds, the times of all samples, or two numbers (seconds before and after the onset)."
    )


def filled_fields(pattern: str, fields: Mapping[str, str]) -> str:
    """A pattern of keys with what is known filled in; the rest stays a field.

    Example:
        >>> filled_fields("{split}/{stimulus}/resp", {"split": "train"})
        'train/{stimulus}/resp'
    """
    for name, value in fields.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern
