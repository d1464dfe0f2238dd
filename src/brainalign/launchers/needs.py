"""What a launcher needs is looked for before a sweep leaves anything behind."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from brainalign.errors import BrainalignError

_PACKAGES = {"slurm.SlurmLauncher": "hydra_submitit_launcher", "joblib.JoblibLauncher": "hydra_joblib_launcher"}


def check_launcher(launcher: Mapping[str, Any]) -> None:
    """Refuse to start a sweep that its launcher cannot start.

    Args:
        launcher: The composed ``hydra.launcher``.

    Raises:
        BrainalignError: A package or SLURM's own commands are missing, or a number is impossible.
    """
    target = ".".join(launcher["_target_"].split(".")[-2:])
    package = _PACKAGES.get(target)
    if package is None:
        return  # Hydra's own, or a plugin that a lab brought along
    if find_spec("hydra_plugins") is None or find_spec(f"hydra_plugins.{package}") is None:
        raise BrainalignError(
            f"hydra/launcher: the package {package.replace('_', '-')} is not installed; pip install 'brainalign[cluster]'."
        )
    if target == "joblib.JoblibLauncher":
        if launcher["n_jobs"] == 0:
            raise BrainalignError("hydra.launcher.n_jobs=0 is impossible; give a number of processes, or -1 for all cores.")
        return
    for command in ("sbatch", "srun", "squeue"):
        if shutil.which(command) is None:
            raise BrainalignError(
                f"hydra/launcher: the command {command} was not found, so this is no login node of a SLURM cluster; "
                "hydra/launcher=joblib uses this machine's cores."
            )
