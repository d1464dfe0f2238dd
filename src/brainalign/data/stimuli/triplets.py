"""ABX triplets: read from a table with listeners' answers, or made from the phones of the stimuli."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.reading import reading
from brainalign.data.files.tsv import MISSING, read_tsv
from brainalign.data.sound.audio import Audio
from brainalign.data.stimuli.summary import channel_notes
from brainalign.data.transcripts.intervals import TOLERANCE
from brainalign.data.types import Dataset, Stimulus
from brainalign.errors import BrainalignError, nearest

ROLES = ("a", "b", "x")
TRIPLET_COLUMNS = (
    "triplet",
    "contrast",
    "language",
    *(f"{r}{part}" for r in ROLES for part in ("", "_onset", "_offset")),
)
"""A triplet: its id, what A and B differ in, and for A, B and X a stimulus with onset and offset in seconds of it."""

ANSWER_COLUMNS = ("triplet", "group", "listener", "answer")
"""One listener's answer to one triplet: 1 where it was right and 0 where not, or a response on a scale that rises with it."""

EACH = 4
"""Triplets that a contrast should have; where n does not suffice for all contrasts, some are drawn."""

SOUNDS = (".wav", ".flac", ".ogg")


def read_triplets(path: str | Path, stimuli: Mapping[str, Stimulus]) -> pd.DataFrame:
    """Read a table of triplets.

    Args:
        path: TSV, CSV or parquet with contrast, a, a_onset, a_offset, b, ..., x_offset; optional triplet (else the row's number, from
            1) and language (else ``all``). X is of A's kind. A sound is a stimulus's id, or a file beside the table.
        stimuli: Of the data set; sound files are among them, see :func:`with_sounds`.

    Returns:
        The columns :data:`TRIPLET_COLUMNS`, index 0..n-1.

    Raises:
        BrainalignError: A column is missing, a stimulus is unknown, or an interval cannot be: one sentence a kind, with its lines.
    """
    path = Path(path).expanduser()
    table = _read(path, TRIPLET_COLUMNS[1:2] + TRIPLET_COLUMNS[3:])
    if "triplet" not in table:
        table["triplet"] = [str(n) for n in range(1, len(table) + 1)]
    if "language" not in table:
        table["language"] = "all"
    table, errors = table[list(TRIPLET_COLUMNS)].copy(), ReadErrors()
    where = _Places(path, table.index, errors)
    where.each(table["contrast"].isin(["", MISSING]), lambda i: "the contrast is empty")
    where.each(table["triplet"].duplicated(), lambda i: f"triplet {table['triplet'].iloc[i]!r} is there twice")
    for role in ROLES:
        names = table[role].astype(str)
        where.each(~names.isin(list(stimuli)), _unknown(names, role, stimuli))
        onset, offset = (_numbers(table, f"{role}_{end}", where) for end in ("onset", "offset"))
        length = names.map({s.id: s.duration for s in stimuli.values()}).to_numpy(dtype=np.float64)
        told = [f"{role} of {names.iloc[i]!r}, {onset[i]:g} to {offset[i]:g} s," for i in range(len(table))]
        where.each(offset <= onset, lambda i, told=told: f"{told[i]} ends before it begins")  # type: ignore[misc]
        where.each(
            (onset < -TOLERANCE) | (offset > length + TOLERANCE),
            lambda i, told=told, length=length: f"{told[i]} lies outside its stimulus of {length[i]:g} s",  # type: ignore[misc]
        )
        table[f"{role}_onset"], table[f"{role}_offset"] = onset, offset
    errors.raise_all()
    return table.reset_index(drop=True)


def read_answers(path: str | Path, triplets: pd.DataFrame) -> pd.DataFrame:
    """Read listeners' answers to triplets.

    Args:
        path: TSV, CSV or parquet with triplet, group, listener, and ``correct`` (0 or 1) or ``response`` (a scale that rises with how
            clearly X is A's kind).
        triplets: From :func:`read_triplets`.

    Returns:
        The columns :data:`ANSWER_COLUMNS`, index 0..n-1.

    Raises:
        BrainalignError: A column is missing, a triplet is unknown, or an answer is no number: one sentence a kind, with its lines.
    """
    path = Path(path).expanduser()
    table, errors = _read(path, ["triplet", "group", "listener", "correct|response"]), ReadErrors()
    where, known = _Places(path, table.index, errors), set(triplets["triplet"])
    where.each(
        ~table["triplet"].isin(known),
        lambda i: (
            f"triplet {table['triplet'].iloc[i]!r} is not in the table of triplets; {_near(table['triplet'].iloc[i], known)}"
        ),
    )
    where.each(table["group"].isin(["", MISSING]), lambda i: "the group is empty")
    where.each(
        table.duplicated(["triplet", "listener"]),
        lambda i: f"listener {table['listener'].iloc[i]!r} has answered triplet {table['triplet'].iloc[i]!r} twice",
    )
    kind = "correct" if "correct" in table else "response"
    answer = _numbers(table, kind, where)
    if kind == "correct":
        wrong = np.isfinite(answer) & ~np.isin(answer, (0, 1))
        where.each(wrong, lambda i: f"correct={table['correct'].iloc[i]!r} must be 0 or 1")
    errors.raise_all()
    return table[["triplet", "group", "listener"]].assign(answer=answer).reset_index(drop=True)


def with_sounds(dataset: Dataset, path: str | Path, channel: str = "mean") -> Dataset:
    """The data set with the sound files that a table of triplets names, as stimuli under the names that stand there.

    Args:
        dataset: What the other names are stimuli of.
        path: The table; files lie in its folder or below, or are named in full.
        channel: Of sound with several channels, as of the data set's own.

    Raises:
        BrainalignError: A file that is there cannot be read; one that is not there is left to :func:`read_triplets`.
    """
    path = Path(path).expanduser()
    table = _read(path, ROLES)
    added = {}
    for name in dict.fromkeys(table[list(ROLES)].to_numpy().ravel()):
        file = path.parent / Path(name).expanduser()
        if name not in dataset.stimuli and file.suffix.lower() in SOUNDS and file.is_file():
            audio = Audio(path=file, channel=channel)
            added[name] = Stimulus(name, audio.duration, audio=audio)
    return replace(dataset, stimuli={**dataset.stimuli, **added}, notes=(*dataset.notes, *channel_notes(added)))


def make_triplets(phones: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Triplets of phones: A and X of one phone, B of another; every contrast as often as every other, as far as there are.

    A contrast is a pair of phones; in turn each of the two is that of A and X. X is of another stimulus than A, and B of A's own,
    where there are such, so that neither the speaker nor the place of the sound tells A from B (the task *across* of Schatz et al.
    2013); no triplet comes twice. With fewer than four triplets for each of all contrasts, contrasts are drawn.

    Args:
        phones: stimulus, phone, onset, offset: a row a phone, silences left out.
        n: Triplets at most.
        seed: Of the draws.

    Returns:
        The columns :data:`TRIPLET_COLUMNS`.

    Raises:
        BrainalignError: No phone comes twice, or there is one phone alone.

    Example:
        >>> said = pd.DataFrame({"stimulus": ["s", "s", "t"], "phone": ["P", "B", "P"], "onset": 0.0, "offset": 0.1})
        >>> made = make_triplets(said, 10, seed=0)
        >>> made[["contrast", "a", "b", "x"]].to_numpy().tolist()
        [['B-P', 's', 's', 't'], ['B-P', 't', 's', 's']]
    """
    rng = np.random.default_rng(seed)
    tokens = phones.reset_index(drop=True)
    places = {str(phone): rows.to_numpy() for phone, rows in tokens.groupby("phone").groups.items()}
    stimulus = pd.factorize(tokens["stimulus"])[0]
    directed = [(p, q) for p in places for q in places if p != q and len(places[p]) > 1]
    if not directed:
        raise BrainalignError(
            f"analysis.triplets=auto: {len(tokens)} phones of {len(places)} kind(s) make no triplet; two kinds, and one of them "
            "twice, are needed: give a table, or stimuli with timed phones."
        )
    contrasts = sorted({tuple(sorted(pair)) for pair in directed})
    few = rng.choice(len(contrasts), min(len(contrasts), max(1, n // EACH)), replace=False)
    contrasts = [contrasts[k] for k in sorted(few)]
    quota = -(-2 * n // len(contrasts))  # one of the two directions may have fewer
    queues = {
        (p, q): _draw(places[p], places[q], stimulus, quota, rng)
        for p, q in directed
        if tuple(sorted((p, q))) in set(contrasts)
    }
    chosen: list[tuple[str, tuple[int, int, int]]] = []
    while len(chosen) < n and any(queues.values()):
        for k in rng.permutation(len(contrasts)):
            p, q = contrasts[k]
            longest = max((queues.get(pair, []) for pair in ((p, q), (q, p))), key=len)
            if longest:
                chosen.append((f"{p}-{q}", longest.pop()))
    chosen = sorted(chosen[:n])
    out = {
        "triplet": [str(i) for i in range(1, len(chosen) + 1)],
        "contrast": [c for c, _ in chosen],
        "language": "all",
    }
    table = pd.DataFrame(out)
    for place, role in enumerate(ROLES):
        own = tokens.iloc[[triplet[place] for _, triplet in chosen]]
        for name, column in (("", "stimulus"), ("_onset", "onset"), ("_offset", "offset")):
            table[f"{role}{name}"] = own[column].to_numpy()
    return table


def _draw(
    p: NDArray[np.int64], q: NDArray[np.int64], stimulus: NDArray[np.int64], n: int, rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """At most n different triplets (a, b, x), a and x out of p, b out of q."""
    found: dict[tuple[int, int, int], None] = {}
    n = min(n, len(p) * (len(p) - 1) * len(q))
    for a in rng.choice(p, 4 * n):
        others = p[stimulus[p] != stimulus[a]] if (stimulus[p] != stimulus[a]).any() else p[p != a]
        near = q[stimulus[q] == stimulus[a]]
        found[(int(a), int(rng.choice(near if len(near) else q)), int(rng.choice(others)))] = None
        if len(found) == n:
            break
    return list(found)


def _read(path: Path, columns: tuple[str, ...] | list[str]) -> pd.DataFrame:
    """A table as text, its index the lines (of parquet: the rows) of the file."""
    if path.suffix == ".tsv":
        table = read_tsv(path, columns)
    elif path.suffix not in (".csv", ".parquet"):
        raise BrainalignError(f"{path} must be a table that ends in .tsv, .csv or .parquet.")
    else:
        table = _other(path)
        absent = [c for c in columns if not set(c.split("|")) & set(table.columns)]
        if absent:
            raise BrainalignError(
                f"{path} lacks the column(s) {', '.join(absent)}; its columns are {', '.join(table)}."
            )
    if table.empty:
        raise BrainalignError(f"{path} has no rows; one a triplet or an answer is needed.")
    return table


def _other(path: Path) -> pd.DataFrame:
    with reading(path, "a table of triplets or answers"):
        if path.suffix == ".parquet":
            table = pd.read_parquet(path).astype(str)
            table.index = pd.RangeIndex(1, len(table) + 1, name="row")
            return table
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            rows = dict((reader.line_num, [c.strip() for c in cells]) for cells in reader if cells)
    for line, cells in rows.items():
        if len(cells) != len(header):
            raise BrainalignError(f"{path}, line {line} has {len(cells)} cells, but there are {len(header)} columns.")
    return pd.DataFrame(list(rows.values()), columns=header, index=pd.Index(list(rows), name="line"), dtype=object)


class _Places:
    """Sentences on the rows of a file, one for each kind of fault, with all its lines."""

    def __init__(self, path: Path, index: pd.Index, errors: ReadErrors) -> None:
        self.path, self.index, self.errors = path, index, errors

    def each(self, bad: pd.Series | NDArray[np.bool_], sentence: Callable[[int], str]) -> None:
        """Add the fault of these rows, told by the first of them."""
        at = np.flatnonzero(np.asarray(bad))
        if len(at):
            more = ", ".join(str(self.index[i]) for i in at[1:])
            more = f" (and the like in {self.index.name} {more})" if more else ""
            self.errors.add([f"{self.path}, {self.index.name} {self.index[at[0]]}: {sentence(int(at[0]))}{more}."])


def _numbers(table: pd.DataFrame, column: str, where: _Places) -> NDArray[np.float64]:
    values: NDArray[np.float64] = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    where.each(~np.isfinite(values), lambda i: f"{column}={table[column].iloc[i]!r} is no finite number")
    return values


def _unknown(names: pd.Series, role: str, stimuli: Mapping[str, Stimulus]) -> Callable[[int], str]:
    return lambda i: (
        f"{role}={names.iloc[i]!r} is no stimulus of the data set and no sound file; {_near(names.iloc[i], stimuli)}"
    )


def _near(name: str, valid: Mapping[str, Stimulus] | set[str]) -> str:
    """The nearest name; of many, when none is near, their number and the first."""
    hint = nearest(name, valid)
    return hint if hint.startswith("did") or len(valid) < 10 else f"there are {len(valid)}, such as {min(valid)!r}"
