"""What a launcher needs is looked for before a sweep leaves anything behind."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

from omegaconf import DictConfig

from brainalign.errors import BrainalignError

SLURM = ("sbatch", "srun", "squeue", "scontrol")


def check_launcher(config: DictConfig) -> None:
    """Refuse to start a sweep that its launcher could not run.

    Args:
        config: Of the sweep, with ``hydra.launcher``.

    Raises:
        BrainalignError: submitit or one of SLURM's commands is missing, or a number is impossible.
    """
    launcher = config.hydra.launcher
    name = config.hydra.runtime.choices["hydra/launcher"]
    target = launcher["_target_"].rpartition(".")[2]
    if target == "JoblibLauncher" and (not isinstance(launcher.n_jobs, int) or launcher.n_jobs in (0, False)):
        raise BrainalignError(
            f"hydra.launcher.n_jobs={launcher.n_jobs} is impossible; give a number of processes, or -1 for all cores."
        )
    if target != "SlurmLauncher":
        return
    if find_spec("submitit") is None:
        raise BrainalignError(
            f"hydra/launcher={name} needs submitit, which is not installed: pip install 'brainalign[cluster]'."
        )
    if missing := [command for command in SLURM if shutil.which(command) is None]:
        raise BrainalignError(
            f"hydra/launcher={name}: there is no command {missing[0]} here, so this is no login node of a SLURM cluster; "
            "hydra/launcher=joblib uses this machine's own cores."
        )
    gpu = launcher.gpus_per_node or launcher.gres
    if gpu and config.device == "cpu":
        raise BrainalignError(
            f"hydra/launcher={name} asks for a GPU that device=cpu would leave idle; add device=cuda."
        )
