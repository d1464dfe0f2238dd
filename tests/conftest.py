"""What all tests share: no network, one thread a test process, and the place of the test data."""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests themselves run side by side


LONG = ("test_slurm.py", "test_robust.py", "test_paper_runs.py", "test_ui.py", "test_servers.py", "test_launchers.py")
"""Files whose tests wait for others (a cluster, a browser) or run longest: they begin first, so that no worker is left with them."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_runtest_teardown(item, nextitem):
    """What a file leaves (modules, caches) is not searched again in each collection: these took a twelfth of the time."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


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


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Installs packages of a lab for one test, as ``pip install`` leaves them.

    Called as ``installed("our_lab", {"strength.py": code}, analyses={"strength": "our_lab.strength:Strength"})``: the name, its files, and
    what it offers under each group of entry points (``brainalign.analyses``). Called again with the same name, it installs another version.
    It returns the folder on Python's path.
    """
    from brainalign import own_code, registry

    site = tmp_path / "site"

    def install(name: str, files: Mapping[str, str] | None = None, **offers: Mapping[str, str]) -> Path:
        for place, text in (files or {}).items():
            file = site / name / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for folder in (site / name, site / name / "conf"):
            if folder.is_dir():
                (folder / "__init__.py").touch()
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [
            f"[brainalign.{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items())
            for group, named in offers.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))
        registry._offered.cache_clear()
        return site

    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)
    yield install
    registry._offered.cache_clear()
    own_code._source.cache_clear()
    for module in set(sys.modules) - before:
        if (site / module.split(".")[0]).exists():
            del sys.modules[module]
