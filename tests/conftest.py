"""What all tests share: no network, one thread a test process, and the place of the test data."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests themselves run side by side


LONG = ("test_slurm.py", "test_robust.py", "test_paper_runs.py", "test_ui.py", "test_servers.py", "test_launchers.py")
"""Files whose tests wait for others (a cluster, a browser) or run longest: they begin first, so that no worker is left with them."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real test data; the test is skipped where it is not at hand."""
    place = os.environ.get("BRAINALIGN_TEST_DATA")
    if not place:
        pytest.skip("BRAINALIGN_TEST_DATA is not set: this test needs the real test data")
    return Path(place)


@pytest.fixture(scope="session")
def trained() -> Path:
    """Folder of trained checkpoints (whisper_tiny_en, smollm2_135m, minilm); the test is skipped where it is not at hand."""
    place = os.environ.get("BRAINALIGN_TEST_MODELS")
    if not place:
        pytest.skip("BRAINALIGN_TEST_MODELS is not set: this test needs trained models")
    return Path(place)
