"""The benchmarks' history: one line a run, and what is said of the last one."""

import json

from benchmarks.child import Answer
from benchmarks.history import HISTORY, NOISE, Ratio, changes, commit, record
from benchmarks.machine import hardware
from benchmarks.runs import Competitor, ratios_of


def rows(tmp_path):
    return [json.loads(line) for line in (tmp_path / HISTORY).read_text(encoding="utf-8").splitlines()]


def test_a_run_is_a_line_with_the_median_and_the_range_of_its_repeats(tmp_path):
    for times in ([4.0, 2.0, 3.0], [5.0]):
        record(tmp_path, "banded", "S", hardware(1), {"himalaya": times})
    first, second = rows(tmp_path)
    assert first["ratios"] == {"himalaya": {"ratio": 3.0, "low": 2.0, "high": 4.0}}
    assert second["ratios"]["himalaya"] == {"ratio": 5.0, "low": 5 * (1 - NOISE), "high": 5 * (1 + NOISE)}
    assert set(first) == {"date", "commit", "machine", "benchmark", "size", "ratios"}
    assert first["commit"] == commit() and "1 threads" in first["machine"]


def test_only_what_lies_beyond_the_ranges_of_both_is_slower_or_faster(tmp_path):
    for machine, sklearn, himalaya in (
        ("a", [10, 11, 12], [5, 6]), ("b", [1, 2], [5, 6]), ("a", [9, 10, 10.5], [3, 4]), ("a", [20, 21], [7, 8, 3.5]),
    ):  # fmt: skip
        record(tmp_path, "trf", "M", machine, {"sklearn": sklearn, "himalaya": himalaya})
    history = rows(tmp_path)
    told = {n: {c.what: c.verdict for c in changes(history[:n])} for n in (2, 3, 4)}
    assert told[2] == {}  # another machine is no row before
    assert told[3] == {"trf, M, sklearn": "same", "trf, M, himalaya": "slower"}
    assert told[4] == {"trf, M, sklearn": "faster", "trf, M, himalaya": "same"}
    (slower,) = [c for c in changes(history[:3]) if c.verdict == "slower"]
    assert str(slower).startswith("slower: trf, M, himalaya: 5.5 [5, 6] at ")


def test_ratios_are_of_the_repeats_that_both_did():
    ours, peer, none = Competitor("brainalign"), Competitor("peer"), Competitor("missing", fault="no")
    for mine, theirs in ((1.0, 3.0), (2.0, 8.0)):
        ours.add(Answer({"seconds": mine}))
        peer.add(Answer({"seconds": theirs}))
    assert ratios_of([ours, peer, none]) == {"peer": [3.0, 4.0]}
    assert Ratio.of([3.0, 4.0]).ratio == 3.5
