"""A whole SLURM cluster of one node in a temporary folder: munged, slurmctld and slurmd from Debian's packages, as root.

``python tests/apps/slurm/cluster.py`` starts one and waits for Enter, for a try by hand.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket,cred_expire=5
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={megabytes} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
"""cred_expire is also how long a requeued job waits, 120 s by default."""


def why_not() -> str | None:
    """What keeps this machine from being a cluster, or None."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in NEEDED if shutil.which(name, path=path) is None]
    if missing:
        return f"a real SLURM is needed: {missing[0]} is missing (apt-get install slurmctld slurmd slurm-client munge)"
    return None if os.geteuid() == 0 else "a real SLURM is started by root alone"


@contextmanager
def cluster():
    """Start the daemons; gives the environment in which SLURM's commands find them."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True)))
        root.chmod(0o755)  # munge wants its socket to be reached by all; pytest's own folders are too long for one
        for folder in ("state", "spool"):
            (root / folder).mkdir()
        (root / "munge.key").write_bytes(os.urandom(1024))
        (root / "munge.key").chmod(0o400)
        megabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20 - 512
        host = socket.gethostname().partition(".")[0]
        (root / "slurm.conf").write_text(
            CONF.format(root=root, host=host, ports=_ports(2), cores=os.cpu_count(), megabytes=megabytes)
        )
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        env = {**os.environ, "PATH": path, "SLURM_CONF": str(root / "slurm.conf")}
        munge = [f"--{name}-file={root}/munge.{name}" for name in ("key", "pid", "log", "seed")]
        for command in (
            ["munged", "--foreground", "--force", f"--socket={root}/munge.socket", *munge],
            ["slurmctld", "-D", "-c", "-i"],
            ["slurmd", "-D"],
        ):
            with (root / f"{command[0]}.out").open("w") as out:
                daemon = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT)
            stack.callback(_stop, daemon)
        _until_idle(env, root)
        stack.callback(_empty, env)
        yield env


def _ports(count: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in found:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in found]


def _stop(daemon: subprocess.Popen) -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=10)
    except subprocess.TimeoutExpired:
        daemon.kill()


def _empty(env: dict[str, str]) -> None:
    """Cancel what is left and wait for its end, or a step's own daemon outlives the cluster."""
    subprocess.run(["scancel", "--user=root"], env=env, check=False)
    for _ in range(80):
        left = subprocess.run(["squeue", "--noheader"], env=env, capture_output=True, text=True, check=False)
        if not left.stdout.strip():
            return
        time.sleep(0.5)


def _until_idle(env: dict[str, str], root: Path) -> None:
    for _ in range(120):
        seen = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], env=env, capture_output=True, text=True, check=False
        )
        if seen.stdout.strip() == "idle":
            return
        time.sleep(0.25)
    logs = "\n".join(
        p.read_text(errors="replace")[-2000:] for p in sorted(root.glob("*.out")) + sorted(root.glob("*.log"))
    )
    raise RuntimeError(f"SLURM did not come up: {seen.stdout} {seen.stderr}\n{logs}")


if __name__ == "__main__":
    with cluster() as environment:
        input(f"export SLURM_CONF={environment['SLURM_CONF']}  # Enter stops it: ")
