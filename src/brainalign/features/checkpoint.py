"""Where checkpoints come from: a folder, the local cache of the hub, or the hub; and what identifies their weights."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from brainalign.errors import BrainalignError

WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
OTHER_FILES = ["*.json", "*.txt", "*.model"]
TINY = "model=tiny_gpt2 and model=tiny_wav2vec2 need no checkpoint"


def checkpoint_folder(name: str | None, path: str | None, revision: str | None) -> Path:
    """The folder that holds a checkpoint's configuration and weights.

    Args:
        name: Its name on the hub, used where ``path`` is None.
        path: A folder.
        revision: Of the hub's repository; None for the newest.

    Raises:
        BrainalignError: Nothing is named, the folder lacks something, or the checkpoint is not at hand.
    """
    if path is None and name is None:
        raise BrainalignError("model.path is not set; give the checkpoint's folder (model.path=) or hub name (model.checkpoint=).")
    folder = Path(path).expanduser() if path is not None else _from_hub(str(name), revision)
    if not folder.is_dir():
        raise BrainalignError(f"model.path={path} is no folder; give the folder of a checkpoint (config.json and weights).")
    if not (folder / "config.json").is_file():
        raise BrainalignError(f"model.path={folder} has no config.json; give the folder of a transformers checkpoint.")
    if not weight_files(folder):
        raise BrainalignError(f"model.path={folder} has no weights; model.safetensors or pytorch_model.bin is needed beside config.json.")
    return folder


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    options: dict[str, Any] = {"repo_id": name, "revision": revision}
    try:
        folder = Path(snapshot_download(**options, local_files_only=True))
        if weight_files(folder):
            return folder
    except LocalEntryNotFoundError:
        pass
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise BrainalignError(
            f"checkpoint {name} is not in the local cache and HF_HUB_OFFLINE forbids its download: unset it, give a folder by "
            f"model.path=, or try without ({TINY})."
        )
    try:
        folder = Path(snapshot_download(**options, allow_patterns=[*OTHER_FILES, WEIGHTS[0]]))
        if not weight_files(folder):
            folder = Path(snapshot_download(**options, allow_patterns=[*OTHER_FILES, WEIGHTS[1]]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BrainalignError(
            f"checkpoint {name} could not be fetched ({reason}); give a folder by model.path=, or try without ({TINY}; "
            "HF_HUB_OFFLINE=1 never asks the network)."
        ) from error
    return folder


def weight_files(folder: Path) -> list[Path]:
    """A checkpoint's weight files: safetensors where there are any."""
    for pattern in WEIGHTS:
        if found := sorted(folder.glob(pattern)):
            return found
    return []


def weights_digest(folder: Path) -> str:
    """SHA-256 of configuration and weight files: the checkpoint's identity, wherever it lies."""
    state = hashlib.sha256()
    for file in [folder / "config.json", *weight_files(folder)]:
        with file.open("rb") as opened:
            state.update(hashlib.file_digest(opened, "sha256").digest())
    return state.hexdigest()


def model_type(folder: Path) -> str:
    """``model_type`` of a checkpoint's configuration."""
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BrainalignError(f"{folder / 'config.json'} is no JSON file ({error}).") from error


def quiet_transformers() -> None:
    """Silence transformers' progress bars and notes; what a user must know is said by us."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def asked_layers(layers: list[int] | None, last: int, name: str) -> list[int]:
    """The layers wanted, all of 0..last where None.

    Raises:
        BrainalignError: A layer that the model does not have.
    """
    if layers is None:
        return list(range(last + 1))
    if outside := [n for n in layers if n > last]:
        raise BrainalignError(f"model.layers names layer {outside[0]}, but {name} has layers 0 (input embedding) to {last}.")
    return sorted(set(layers))
