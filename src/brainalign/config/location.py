"""Where the configs lie: a checkout's ``conf/`` first, the copy inside an installed package second."""

from __future__ import annotations

from pathlib import Path


def local_config() -> Path | None:
    """This checkout's own defaults, which git does not see, where there are any."""
    file = conf_folder() / "local" / "default.yaml"
    return file if file.is_file() else None


def conf_folder() -> Path:
    """Absolute path of the folder with ``config.yaml``.

    Hydra's relative paths break once ``main`` lives in a module, and ``pkg://`` breaks in editable installs.
    """
    package = Path(__file__).resolve().parents[1]
    checkout = package.parents[1] / "conf"
    return checkout if (checkout / "config.yaml").is_file() else package / "conf"
