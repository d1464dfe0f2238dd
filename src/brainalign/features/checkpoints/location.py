"""Where a checkpoint is: a folder, a GGUF file, the hub's local cache or the hub."""

from __future__ import annotations

from pathlib import Path

from brainalign.errors import BrainalignError
from brainalign.features.checkpoints.gguf import gguf_file

WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")
"""Patterns of weight files, the better format first."""
SETTINGS = (
    "config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt",
    "merges.txt", "*.model",
)  # fmt: skip
"""The other files that determine what a model gives."""
_TINY = "model=tiny_gpt2 and model=tiny_wav2vec2 need no checkpoint"


def checkpoint_folder(name: str | None, path: str | None, revision: str | None = None, *, weights: bool = True) -> Path:
    """The folder that holds a checkpoint's configuration and weights, or the GGUF file that holds them all.

    Args:
        name: Its name on the hub, used where ``path`` is None.
        path: A folder, or a GGUF file.
        revision: Of the hub's repository; None for the newest.
        weights: Whether weights are needed; an untrained model has its own.

    Raises:
        BrainalignError: Nothing is named, the folder lacks something, or the checkpoint is not at hand.
    """
    if path is None and name is None:
        raise BrainalignError(
            "neither model.path nor model.checkpoint is set; give the checkpoint's folder (model.path=) or "
            "hub name (model.checkpoint=)."
        )
    if path is not None and Path(path).suffix.lower() == ".gguf":
        return gguf_file(Path(path).expanduser())
    folder = Path(path).expanduser() if path is not None else _from_hub(str(name), revision, weights)
    said = f"model.path={path}" if path is not None else f"checkpoint {name} ({folder})"
    if not folder.is_dir():
        raise BrainalignError(f"{said} is no folder; the folder of a checkpoint (config.json and weights) is needed.")
    if not (folder / "config.json").is_file():
        raise BrainalignError(f"{said} has no config.json; the folder of a transformers checkpoint is needed.")
    if weights and not weight_files(folder):
        raise BrainalignError(
            f"{said} has no weights; model.safetensors or pytorch_model.bin is needed beside config.json."
        )
    return folder


def _from_hub(name: str, revision: str | None, weights: bool) -> Path:
    """The hub's snapshot in the local cache; what is missing is fetched, unless HF_HUB_OFFLINE is set."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    said = name if revision is None else f"{name} at model.revision={revision}"
    try:
        return _snapshot(name, revision, weights, cached=True)
    except HFValidationError as error:
        raise BrainalignError(
            f"model.checkpoint={name} is no hub name ({first_line(error)}); a folder is given by model.path=."
        ) from error
    except LocalEntryNotFoundError:
        pass
    if constants.HF_HUB_OFFLINE:
        raise BrainalignError(
            f"checkpoint {said} is not in the local cache ({constants.HF_HUB_CACHE}) and HF_HUB_OFFLINE "
            f"forbids its download; unset HF_HUB_OFFLINE, give a folder by model.path=, or try without ({_TINY})."
        )
    try:
        return _snapshot(name, revision, weights, cached=False)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise BrainalignError(
            f"checkpoint {said} is not in the local cache and could not be fetched ({first_line(error)}); "
            "give a folder by model.path=, or "
            f"try without ({_TINY}); HF_HUB_OFFLINE=1 keeps to the cache."
        ) from error


def _snapshot(name: str, revision: str | None, needed: bool, *, cached: bool) -> Path:
    """The snapshot with its settings and its weights in the better of the formats that it has."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if not needed:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(SETTINGS), local_files_only=cached))
    for weights in WEIGHTS:
        wanted = [*SETTINGS, "*.index.json", weights]
        found = Path(snapshot_download(name, revision=revision, allow_patterns=wanted, local_files_only=cached))
        if weight_files(found):
            return found
    if cached:
        raise LocalEntryNotFoundError(f"the snapshot {found} has no weights")
    return found


def weight_files(folder: Path) -> list[Path]:
    """A checkpoint's weight files: safetensors where there are any.

    Args:
        folder: Of the checkpoint.
    """
    for pattern in WEIGHTS:
        if found := sorted(folder.glob(pattern)):
            return found
    return []


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its name where it says nothing.

    Args:
        error: Of another library.
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0]
