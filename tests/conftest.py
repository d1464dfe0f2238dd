"""What all tests share: no network, one thread a test process, and the place of the test data."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests themselves run side by side


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real test data; the test is skipped where it is not at hand."""
    place = os.environ.get("BRAINALIGN_TEST_DATA")
    if not place:
        pytest.skip("BRAINALIGN_TEST_DATA is not set: this test needs the real test data")
    return Path(place)
