#!/usr/bin/env bash
# praatio reads one TextGrid in two ways: its parsers of the long and of the short form disagree on valid files.
# Praat's rule (manual, "TextGrid file formats") takes the free-standing numbers and the quoted texts in both forms alike.
# Exits 1 when praatio 6.2.2 no longer behaves as printed below.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "praatio==6.2.2"
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version
from praatio.utilities.errors import PraatioException
from praatio.utilities.textgrid_io import parseTextgridStr

HEAD = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'


def short(rows, newline="\n"):
    cells = [str(c) for a, b, t in rows for c in (a, b, f'"{t}"')]
    return HEAD + "\n".join(["0", "9", "<exists>", "1", '"IntervalTier"', '"words"', "0", "9", str(len(rows)), *cells]) + newline


def long(rows):
    lines = ["xmin = 0", "xmax = 9", "tiers? <exists>", "size = 1", "item []:", "    item [1]:", '        class = "IntervalTier"',
             '        name = "words"', "        xmin = 0", "        xmax = 9", f"        intervals: size = {len(rows)}"]
    for n, (a, b, t) in enumerate(rows, 1):
        lines += [f"        intervals [{n}]:", f"            xmin = {a}", f"            xmax = {b}", f'            text = "{t}"']
    return HEAD + "\n".join(lines) + "\n"


def read(text):
    try:
        return [(float(a), float(b), t) for a, b, t in parseTextgridStr(text, includeEmptyIntervals=True)["tiers"][0]["entries"]]
    except PraatioException as error:
        return f"{type(error).__name__}"


two = [(0, 1, "hello"), (1, 9, "world")]
seen = {
    "short, newline at the end": read(short(two)),
    "short, no newline at the end": read(short(two, "")),
    "short, from -0.1": read(short([("-0.1", 1, "hello")])),
    "long, from -0.1": read(long([("-0.1", 1, "hello")])),
    "short, from 1e-05": read(short([("1e-05", 1, "hello")])),
    "long, from 1e-05": read(long([("1e-05", 1, "hello")])),
}
print("praatio", version("praatio"))
for what, got in seen.items():
    print(f"{what:30} {got}")
expected = {
    "short, newline at the end": [(0.0, 1.0, "hello"), (1.0, 9.0, "world")],
    "short, no newline at the end": [(0.0, 1.0, "hello")],  # the last interval is lost
    "short, from -0.1": [(-0.1, 1.0, "hello")],
    "long, from -0.1": [(0.1, 1.0, "hello")],  # the sign is lost
    "short, from 1e-05": [(1e-05, 1.0, "hello")],
    "long, from 1e-05": "ParsingError",  # a number that Praat itself writes
}
raise SystemExit(seen != expected)
PY
