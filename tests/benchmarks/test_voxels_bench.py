"""The voxel benchmark at its smallest size, through the command line; its floor by hand. No timed assertion."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.counts import by_spectra, operations
from benchmarks.problem import SIZES, Problem

ROOT = Path(__file__).resolve().parents[2]


def test_the_floor_of_voxels_is_one_spectrum_a_fold_by_hand():
    problem = Problem(presentations=5, frames=50, dims=16, lags=4, electrodes=1000, n_alphas=20)
    parts = operations(problem, distinct=3)
    assert parts == by_spectra(problem, distinct=3)  # cheaper than 20 factors
    p, q, held = 64, 40, 10
    assert parts["kernel"] == 2 * 50**2 * 16 and parts["cross products"] == 0
    assert parts["spectra"] == 5 * 4 * q**3
    assert parts["turned"] == 5 * 2 * q**2 * (1000 + held)
    assert parts["predictions"] == 20 * 5 * 2 * held * q * 1000
    assert parts["refit"] == pytest.approx(3 * 50**3 / 3 + 2 * 50**2 * 1000 + 2 * 50 * p * 1000)
    assert "spectra" in operations(SIZES["V"], 10) and "factors" in operations(SIZES["P"], 4)


def test_the_command(tmp_path):
    results = tmp_path / "RESULTS.md"
    arguments = ("--quick", "--tenth", "--peers", "", "--repeats", "1", "--threads", "1", "--write")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.voxels", *arguments, "--results", str(results)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    written = results.read_text()
    assert "python -m benchmarks.voxels --quick --repeats 1 --threads 1 --peers '' --tenth --write" in written
    rows = [line.split("|") for line in written.splitlines() if line.startswith("| brainalign")]
    assert len(rows) == 1 and rows[0][4].strip() == "1" and float(rows[0][5]) > 0
    assert "- Floor: " in written and "All 3,000 voxels" not in written
