"""A sweep as a person sees it: MLflow's UI in a real browser."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest
from mlflow import MlflowClient

from tests.apps.servers.servers import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1",
)  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="a browser is needed (apt-get install chromium)")


@pytest.fixture
def ui(tmp_path):
    """Start ``mlflow ui`` on the results in tmp_path; gives its address."""
    started = []

    def start():
        port = free_port()
        command = [sys.executable, "-m", "mlflow", "ui", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{tmp_path}/outputs/mlflow.db"]
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        said = (tmp_path / "ui.log").open("ab")
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
        started.append(process)
        address, end = f"http://127.0.0.1:{port}", time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=2).close()
                return address
            except OSError:
                assert process.poll() is None and time.monotonic() < end, "the UI did not start"
                time.sleep(0.2)

    yield start
    for process in started:
        os.killpg(process.pid, 9)
        process.wait()


def look(address, picture):
    """What a browser shows after its scripts have run, as text; and a picture of it."""
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1900,1200",
        "--virtual-time-budget=20000",
    ]
    command += [f"--screenshot={picture}", "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_children_are_logged_and_a_browser_shows_the_sweep(brainalign, ui, tmp_path):
    done = brainalign("-m", *SMALL, "model=mel", "model.n_mels=4,6,8")
    assert done.returncode == 0, done.stderr
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    (experiment,) = (e for e in client.search_experiments() if e.name == "brainalign")
    found = client.search_runs([experiment.experiment_id])
    assert len(found) == 4 and {r.info.status for r in found} == {"FINISHED"}
    (parent,) = (r for r in found if r.data.tags.get("kind") == "sweep")
    printed = [line.strip() for line in done.stdout.splitlines() if "workflowType" in line][:2]
    child = next(r.info.run_id for r in found if f"/runs/{r.info.run_id}?" in printed[0])  # each child says where it is
    page, table = (address.replace("http://127.0.0.1:5000", ui) for ui in [ui()] for address in printed)
    runs = look(table, tmp_path / "runs.png")
    assert "sweep · model.n_mels=4,6,8" in runs
    rows = {f"mel · encoding · simulated · model.n_mels={n}" for n in (4, 6, 8)}
    assert all(row in runs for row in rows)  # children are rows of their own: of what is folded, charts show nothing
    assert ">participants<" in runs and ">r2/mean<" in runs  # what matters first, of hundreds of metrics and parameters
    assert "Error loading shared view" not in runs
    own = look(page.replace(child, parent.info.run_id), tmp_path / "parent.png")
    assert "mel · encoding · simulated · model.n_mels=8" in own and "3 children: 3 FINISHED" in own
    assert f"run_uuid={parent.info.run_id}" in own  # the figure in its description
    assert all((tmp_path / name).stat().st_size > 20_000 for name in ("runs.png", "parent.png"))
