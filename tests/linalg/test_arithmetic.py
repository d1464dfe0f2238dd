"""Where systems are solved: what a full CUDA device leads to, and which device models take."""

import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic


@pytest.mark.parametrize(
    ("electrodes", "tried"),
    [
        (1000, [("cuda", 1000), ("cuda", 250), ("cuda", 64), ("cpu", 1000)]),
        (9000, [("cuda", 1024), ("cuda", 256), ("cuda", 64), ("cpu", 1024)]),
        (0, [("cuda", 1), ("cpu", 1)]),
    ],
)
def test_a_full_cuda_device_gets_fewer_electrodes_at_a_time_then_the_cpu_all(electrodes, tried, monkeypatch):
    monkeypatch.setattr(Arithmetic, "torch_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    seen = []

    def job(device, at_once):
        seen.append((device.type, at_once))
        if device.type == "cuda":
            raise torch.OutOfMemoryError("full")
        return "done"

    assert Arithmetic("auto").run(job, electrodes) == "done" and seen == tried


def test_a_cuda_device_with_room_is_asked_once(monkeypatch):
    monkeypatch.setattr(Arithmetic, "torch_device", lambda _: torch.device("cuda"))
    seen = []
    assert Arithmetic("auto").run(lambda device, at_once: seen.append((device.type, at_once)), 7) is None
    assert seen == [("cuda", 7)]


@pytest.mark.parametrize("has_mps", [True, False])
def test_models_alone_go_to_apples_gpu(has_mps, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device in ("cpu", "auto"):
        assert Arithmetic(device).model_device() == torch.device("cpu")
    assert Arithmetic("mps").torch_device() == torch.device("cpu")
    if has_mps:
        assert Arithmetic("mps").model_device() == torch.device("mps")
    else:
        with pytest.raises(BrainalignError, match="no Apple GPU"):
            Arithmetic("mps").model_device()
    with pytest.raises(BrainalignError, match="no CUDA device"):
        Arithmetic("cuda").model_device()
