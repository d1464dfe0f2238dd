"""How cores and GPUs are shared out; a GPU needs no GPU here, it is a name."""

import os

import pytest
from joblib import Parallel, delayed

from brainalign.launchers.workers import OneGpu, count, gpus


@pytest.mark.parametrize(
    ("n_jobs", "children", "n_gpus", "expected"),
    [(4, 10, 0, 4), (4, 3, 0, 3), (-1, 10, 2, 2), (3, 10, 2, 3), (1, 10, 0, 1)],
)
def test_number_of_workers(n_jobs, children, n_gpus, expected):
    assert count(n_jobs, children, n_gpus) == expected


def test_visible_gpus_are_as_the_user_or_the_scheduler_set_them(monkeypatch):
    for text, expected in (("3,5", ["3", "5"]), ("", []), ("-1", []), ("GPU-7b, GPU-9c", ["GPU-7b", "GPU-9c"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
        assert gpus() == expected


def test_a_worker_keeps_its_gpu_and_more_workers_than_gpus_share_evenly(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    began, slots = tmp_path / "began", tmp_path / "slots"
    began.mkdir()
    slots.mkdir()
    prepare = OneGpu(["3", "5"], 3, str(slots))

    def seen():
        """What a child sees; it waits until all three workers have begun."""
        import os
        import time

        prepare()
        (began / f"{os.getpid()}").touch()
        while len(list(began.iterdir())) < 3:
            time.sleep(0.01)
        return os.getpid(), os.environ["CUDA_VISIBLE_DEVICES"], os.environ["OMP_NUM_THREADS"]

    found = Parallel(n_jobs=3, backend="loky", batch_size=1)(delayed(seen)() for _ in range(9))
    by_worker = {pid: {gpu for p, gpu, _ in found if p == pid} for pid, _, _ in found}
    assert sorted(gpu for (gpu,) in by_worker.values()) == ["3", "3", "5"]
    assert {threads for _, _, threads in found} == {str(max(os.cpu_count() // 3, 1))}
