"""A process in which everything is imported, and which forks for each command line: imports are most of a small run.

A request is a line of JSON on standard input (argv, folder, environment, files for both outputs, seconds); the answer is the exit status.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

MODULES = (
    "brainalign.experiment", "brainalign.cli", "brainalign.figures", "brainalign.report", "mlflow", "mlflow.artifacts",
    "mlflow.store.tracking.sqlalchemy_store", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "torch",
    "transformers", "statsmodels.api", "pyarrow.parquet", "scipy.stats", "safetensors.numpy", "rich.console", "jinja2", "soundfile",
    "transformers.models.gpt2.modeling_gpt2", "transformers.models.wav2vec2.modeling_wav2vec2", "transformers.models.llama.modeling_llama",
    "torch._dynamo", "torch.distributed.fsdp", "torch.distributed.checkpoint", "sympy.physics.units", "alembic.command",
    "sqlalchemy.dialects.sqlite", "PIL.PngImagePlugin", "matplotlib.figure", "matplotlib.projections", "brainalign.features.language.model",
    "brainalign.features.speech.model", "brainalign.features.checkpoints.tiny", "mne", "nibabel", "h5py", "pynwb",
    "brainalign.analysis.encoding.run", "brainalign.analysis.cca.run", "brainalign.data.simulated.simulate",
    "brainalign.features.acoustic.spectral", "hydra._internal.core_plugins", "pandas.io.formats.style",
)  # fmt: skip


def main():
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in MODULES:
        importlib.import_module(name)
    migrate_once()
    gc.freeze()  # what is imported is collected by no child, and its pages stay shared
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            become(request)
            return
        sys.stdout.write(f"{wait(child, time.monotonic() + request['seconds'])}\n")
        sys.stdout.flush()


def migrate_once():
    """MLflow's migrations of an empty SQLite store, done here; children copy what they left. They are most of a small run's work."""
    import mlflow.store.db.utils as db
    from sqlalchemy import create_engine

    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        engine = create_engine(f"sqlite:///{file}")
        db._initialize_tables(engine)
        engine.dispose()
        empty = file.read_bytes()
    migrate, revision = db._initialize_tables, db._get_latest_schema_revision()

    def copy(engine):
        if engine.dialect.name != "sqlite":
            migrate(engine)
            return
        with closing(sqlite3.connect(":memory:")) as source, engine.connect() as connection:
            source.deserialize(empty)
            source.backup(connection.connection.driver_connection)

    db._initialize_tables = copy
    db._get_latest_schema_revision = lambda: revision


def become(request):
    """The command line, in the fork."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, (path, flags) in enumerate(
        [(os.devnull, os.O_RDONLY), *((p, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for p in request["outputs"])]
    ):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = request["argv"]
    runpy.run_path(sys.argv[0], run_name="__main__")


def wait(child, end):
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.005)


if __name__ == "__main__":
    main()
