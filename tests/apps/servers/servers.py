"""A real PostgreSQL and a real MLflow server on it, in temporary folders."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path


def postgres_binaries():
    """The folder of PostgreSQL's own programs, or None."""
    known = [Path(found).resolve().parent] if (found := shutil.which("pg_ctl")) else []
    places = [*known, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return next((place for place in places if (place / "initdb").exists()), None)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def postgres():
    """Start a database server; gives the URI of an empty database, with a password in it."""
    programs, port = postgres_binaries(), free_port()
    # the server refuses to be root
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        data, secret = Path(folder) / "data", Path(folder) / "password"
        secret.write_text("pw\n")
        if as_owner:
            shutil.chown(folder, "postgres")
            shutil.chown(secret, "postgres")

        def call(program, *arguments):
            subprocess.run(
                [*as_owner, str(programs / program), *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL
            )

        call(
            "initdb",
            "-D",
            data,
            "-U",
            "lab",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--no-sync",
        )
        call("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", f"-p {port} -h 127.0.0.1 -k {folder} -F", "start")
        try:
            yield f"postgresql://lab:pw@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")


class MlflowServer:
    """An MLflow server that can be killed and started again on the same database and port."""

    def __init__(self, database, artifacts):
        self.database, self.artifacts, self.port = database, artifacts, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", self.database, "--artifacts-destination", str(self.artifacts),
        ]  # fmt: skip
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        log = (Path(self.artifacts).parent / "mlflow-server.log").open("ab")
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 120
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, "the MLflow server did not start"
            time.sleep(0.2)

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self):
        """As a power cut: no worker says good-bye."""
        if self.process is not None:
            os.killpg(self.process.pid, 9)
            self.process.wait()
            self.process = None
