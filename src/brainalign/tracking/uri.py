"""URIs of stores: absolute, so that they mean the same from every working directory."""

from __future__ import annotations

import re
from pathlib import Path

from brainalign.errors import BrainalignError, nearest
from brainalign.secrets import hide_secrets

OFFLINE = "offline"
"""In place of a store's URI: nothing is logged before ``brainalign-tools relog``."""

SERVERS = ("http", "https", "postgresql", "mysql", "mssql", "databricks")
SQLITE = "sqlite:///"
SERVED = ("http", "databricks")
"""Begin of the URIs of MLflow servers, which see to artifacts themselves."""


def absolute_uri(where: str | Path) -> str:
    """The URI of a store, absolute, so that it means the same from every working directory.

    Args:
        where: A folder (its ``mlflow.db`` is the store), a ``.db`` file, ``sqlite:///...``, or a server's URI
            (``http://...``, ``postgresql://...``) or ``offline``, which are handed back as they are.

    Raises:
        BrainalignError: The URI is of a kind that cannot be used, or its path cannot stand in a URI.

    Example:
        >>> absolute_uri("/data/results")
        'sqlite:////data/results/mlflow.db'
        >>> absolute_uri("http://localhost:5000")
        'http://localhost:5000'
    """
    text = str(where)
    if text == OFFLINE:
        return OFFLINE
    scheme = re.match(r"([A-Za-z][A-Za-z0-9.\-]+)(\+\w+)?:", text)  # two letters at least: C:\ is a drive
    if scheme and scheme[1] in SERVERS:
        return text
    if scheme and not text.startswith(SQLITE):
        hint = nearest(scheme[1], ("sqlite", *SERVERS))
        raise BrainalignError(
            f"tracking.uri: {hide_secrets(text)} is no MLflow store that can be written; give a folder, "
            f"sqlite:///path.db or http://server ({hint})."
        )
    path = Path(text.removeprefix(SQLITE)).expanduser()
    if path.name == ":memory:" or (scheme and not path.name):
        raise BrainalignError(f"tracking.uri: {text} keeps nothing after the run; give a folder or sqlite:///path.db.")
    file = path.absolute() if scheme or path.suffix == ".db" else path.absolute() / "mlflow.db"
    if "?" in str(file):
        raise BrainalignError(
            f"tracking.uri: the folder {hide_secrets(str(file.parent))} has a '?' in its name; choose one without."
        )
    return SQLITE + file.as_posix()


def database_file(uri: str) -> Path | None:
    """The file behind a SQLite URI, None for a server."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None
