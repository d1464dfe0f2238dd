"""Which device models run on, and which the solvers."""

import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.linalg import arithmetic
from brainalign.linalg.arithmetic import Arithmetic


def test_models_run_on_apple_s_gpu_and_solvers_on_the_cpu(monkeypatch, caplog):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(arithmetic, "_said", set())  # what is said once a process may have been said by an earlier test
    with caplog.at_level("INFO", "brainalign"):
        assert Arithmetic("mps").model_device() == torch.device("mps")
    assert "systems are solved on the CPU" in caplog.text
    assert Arithmetic("mps").torch_device() == Arithmetic("cpu").model_device() == torch.device("cpu")


def test_no_apple_gpu_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(
        BrainalignError,
        match=r"^device=mps was asked for, but this machine has no Apple GPU; use device=cpu or auto\.$",
    ):
        Arithmetic("mps").model_device()
