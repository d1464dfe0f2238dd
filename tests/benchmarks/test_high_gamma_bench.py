"""The benchmark command at a small size; no timed assertion."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_size_beside_mne(tmp_path):
    results = tmp_path / "RESULTS.md"
    size = ["--channels", "9", "--minutes", "0.2", "--rate", "500", "--threads", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.high_gamma", *size, "--write", "--results", str(results)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    rows = {
        c[0]: c for c in ([v.strip() for v in line.split("|")[1:-1]] for line in results.read_text().splitlines()) if c
    }
    assert float(rows["brainalign: high_gamma"][4]) == 1
    assert float(rows["MNE: filter + hilbert"][7]) > 0.9
    assert rows["brainalign: preprocess, whole"][7] == "–"
    (line,) = (tmp_path / "history.jsonl").read_text().splitlines()
    assert '"MNE: filter + hilbert"' in line and '"brainalign: high_gamma"' not in line
