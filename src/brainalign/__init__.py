"""brainalign: how far do speech and language models agree with each other and with the brain?"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "load_run"]


def __getattr__(name: str) -> Any:
    """``load_run`` is imported when it is asked for, so that importing the package stays quick."""
    if name == "load_run":
        return import_module("brainalign.tracking.saved").load_run
    raise AttributeError(f"module 'brainalign' has no attribute {name!r}")
