"""The measured rate of matrix products, by a clock of our own; memory, less what groups, SLURM and ulimit keep from this process."""

import subprocess
import sys

import pytest

from brainalign.linalg import machine
from brainalign.linalg.machine import _group_limits, _job_limits, total_memory


def test_the_groups_own_limit_and_those_of_all_it_lies_in_count(tmp_path):
    """Layouts as man 7 cgroups has them: both versions, nested, without a limit, and within a container."""
    told, root = tmp_path / "cgroup", tmp_path / "fs"
    for place, limit in {"memory.max": "", "lab/memory.max": "900\n", "lab/job/memory.max": "max\n",
                         "memory/memory.limit_in_bytes": "700\n", "memory/step/memory.limit_in_bytes": "800\n"}.items():  # fmt: skip
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        if limit:
            (root / place).write_text(limit)
    told.write_text("0::/lab/job\n")
    assert list(_group_limits(told, root)) == [900]
    told.write_text("5:cpu,memory:/step\n4:pids:/step\n0::/\n")
    assert sorted(_group_limits(told, root)) == [700, 800]
    told.write_text("5:memory:/docker/0123\n")
    assert list(_group_limits(told, root)) == [700]
    assert list(_group_limits(tmp_path / "no linux", root)) == []


@pytest.mark.parametrize(
    ("said", "megabytes"),
    [
        ({"SLURM_MEM_PER_NODE": "4096"}, [4096]),
        ({"SLURM_MEM_PER_CPU": "2000", "SLURM_CPUS_ON_NODE": "4"}, [8000]),
        ({"SLURM_MEM_PER_NODE": "0"}, []),  # all of the node
        ({}, []),
    ],
)
def test_a_job_has_what_slurm_granted(said, megabytes):
    assert [limit / 2**20 for limit in _job_limits(said)] == megabytes


def test_ulimit_counts():
    resource = pytest.importorskip("resource", reason="this system has no ulimit")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({2**31}, {before[1]})); "
        "from brainalign.linalg.machine import total_memory; print(total_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == min(2**31, total_memory())


def test_what_is_held_grows_by_what_is_taken():
    """In a process of its own, which has no freed memory to take it from."""
    code = (
        "from brainalign.linalg.machine import resident_memory; before = resident_memory(); "
        "taken = bytearray(b'x') * 300_000_000; print(resident_memory() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0.8 * 3e8 < int(done.stdout) < 1.5 * 3e8


@pytest.mark.parametrize(
    ("seconds", "best"),
    [((0.001, 0.5, 0.25, 0.125), 0.125), ((0.001, 0.125, 0.5, 0.25), 0.125), ((0.001, 0.5, 0.125, 0.25), 0.125)],
)
def test_the_rate_is_of_the_best_product_after_the_first(seconds, best, monkeypatch):
    monkeypatch.setattr(machine, "SIDE", 8)
    ticks = iter([tick for begin, took in enumerate(seconds) for tick in (float(begin), begin + took)])
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(ticks))
    assert machine.matrix_rate.__wrapped__("cpu", "float64") == pytest.approx(2 * 8**3 / best)
    assert next(ticks, None) is None  # four products, the first of which warms up
