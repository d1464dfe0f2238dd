"""The benchmark commands at their smallest size, through the command line; no timed assertion."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.counts import operations
from benchmarks.growth import slope, varied
from benchmarks.machine import describe
from benchmarks.memory import Peak
from benchmarks.peers import load
from benchmarks.peers.common import stacked
from benchmarks.problem import SIZES, Problem, simulate
from benchmarks.results import write_section
from brainalign.linalg.lags import lag_matrix

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_size_s_beside_scikit_learn(tmp_path):
    results = tmp_path / "RESULTS.md"
    write_section("other", "kept as it is", results)
    write_section("trf-S-cpu", "old numbers", results)
    arguments = ("--size", "S", "--peers", "sklearn", "--repeats", "1", "--threads", "1")
    printed = command("benchmarks.trf", *arguments, "--write", "--results", str(results))
    written = results.read_text()
    assert "old numbers" not in written and "kept as it is" in written
    assert written.count("trf-S-cpu: begin") == written.count("trf-S-cpu: end") == 1
    rows = {
        c[0]: c for c in ([v.strip() for v in line.split("|")[1:-1]] for line in written.splitlines() if "|" in line)
    }
    ours, sklearn = rows["brainalign"], rows["sklearn"]
    assert float(ours[1]) > 0 and float(ours[3]) == 1
    assert sklearn[6] == "100.0 %"
    assert float(sklearn[7]) < 1e-4
    for text in (printed, written):
        assert re.search(r"Floor: [\d.e+]+ floating-point operations", text)
        assert re.search(r"float64 matrix rate, \d+ GFLOP/s, that is [\d.e-]+ s: brainalign reached", text)


def test_a_peer_that_is_not_installed_is_listed_with_the_reason(tmp_path):
    (tmp_path / "naplib.py").write_text("raise ImportError('made for another numpy')\n")
    done = subprocess.run(
        [sys.executable, "-c",
         f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[1:] = ['--problem', 'S', '--peer', 'naplib'];"
         "from benchmarks.one import main; main()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip() == "cannot be imported: ImportError in naplib.py: made for another numpy"


def test_what_cannot_fit_is_refused_before_it_starts():
    huge = Problem(10**6, 10**8, 1000, 20, 10).to_json()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.one", "--problem", huge, "--peer", "sklearn"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "it holds at least" in done.stderr


def test_sections_are_replaced_not_repeated(tmp_path):
    path = tmp_path / "R.md"
    write_section("a", "first", path)
    write_section("b", "second", path)
    before = path.read_text()
    write_section("a", r"new \1 text", path)
    assert path.read_text() == before.replace("first", r"new \1 text")
    assert [line for line in path.read_text().splitlines() if "begin" in line] == [
        "<!-- a: begin -->",
        "<!-- b: begin -->",
    ]


def test_floor_by_hand():
    problem = Problem(presentations=4, frames=40, dims=3, lags=2, electrodes=5, n_alphas=7, folds=2)
    p = 6
    parts = operations(problem, distinct=3)
    assert parts["lag products"] == 2 * 40 * 9 * 2
    assert parts["edges"] == 4 * 2 * 9
    assert parts["cross products"] == 2 * 40 * 6 * 5
    assert parts["factors"] == 7 * 2 * 216 / 3
    assert parts["solutions"] == 7 * 2 * 2 * 36 * 5
    assert parts["held-out rows"] == 7 * 2 * min(2 * 36 * 5, 2 * 20 * p * 5)
    assert parts["refit"] == 3 * 216 / 3 + 2 * 36 * 5


def test_floor_of_the_middle_size_is_what_the_factors_and_solutions_say():
    parts = operations(SIZES["M"], distinct=5)
    factors, solutions = 50 * 1920**3 / 3, 50 * 2 * 1920**2 * 100
    assert parts["factors"] == pytest.approx(factors) and parts["held-out rows"] == pytest.approx(solutions)
    assert factors + 2 * solutions < sum(parts.values()) < 1.2 * (factors + 2 * solutions)


@pytest.mark.parametrize("name", SIZES)
def test_sizes_add_up(name):
    problem = SIZES[name]
    assert problem.lengths.sum() == problem.frames and len(problem.lengths) == problem.presentations
    assert problem.lengths.min() > problem.lags
    assert (len(set(problem.lengths)) > 1) == problem.ragged
    assert np.sort(np.concatenate([test for _, test in problem.splits])).tolist() == list(range(problem.presentations))
    assert Problem.parse(problem.to_json()) == problem == Problem.parse(name)


def test_the_literal_matrix_of_the_peers_is_the_lagged_matrix():
    problem = SIZES["S"]
    inputs = simulate(problem)
    x, y = stacked(inputs, problem.lags)
    literal = np.vstack([lag_matrix(v, np.arange(problem.lags)) for v in inputs.features])
    np.testing.assert_array_equal(x, literal)
    assert len(y) == problem.frames


def test_inputs_are_seeded():
    a, b = simulate(SIZES["S"]), simulate(SIZES["S"])
    assert all(np.array_equal(x, y) for x, y in zip(a.features + a.responses, b.features + b.responses, strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is Linux's")
def test_peak_sees_what_is_gone_again_and_not_what_was_there():
    held = np.ones(4_000_000)  # 31 MiB before
    with Peak() as peak:
        gone = np.ones(8_000_000)  # 61 MiB
        del gone
    assert 60 < peak.above / 2**20 < 75
    with Peak() as nothing:
        pass
    assert nothing.above / 2**20 < 5
    assert held.all()


def test_exponent_of_a_power_law():
    assert slope([1.0, 2.0, 4.0], [3.0, 24.0, 192.0]) == pytest.approx(3.0)


def test_a_sweep_changes_one_size_alone():
    middle = SIZES["M"]
    assert varied(middle, "dims", 7).dims == 7 and varied(middle, "dims", 7).frames == middle.frames
    longer = varied(middle, "frames", 240)
    assert longer.frames == 2 * middle.frames and longer.lengths[0] == middle.lengths[0]


def test_machine_names_no_host_and_no_path():
    import platform

    text = describe(("numpy", "no-such-package"), threads=3)
    assert f"numpy {np.__version__}" in text and "3 threads" in text and "no-such-package" not in text
    assert platform.node() not in text and str(Path.home()) not in text


def test_mtrfpy_by_its_parts_counts_what_the_whole_runs_and_holds():
    pytest.importorskip("mtrf")
    problem = Problem(5, 500, 3, 4, 1, n_alphas=6, backward=True)
    found = load("mtrf-parts").fit(problem, simulate(problem), "cpu")
    assert (
        found.bytes == 8 * (5 + 4 + 2) * 13**2
    )  # a covariance a presentation, the copies for a mean, the mean and the penalty
    assert "run 10 times" in found.note and found.note.count(" 30 times") == 2 and 10 < found.times < 30
