"""Models larger than one device: divided among all there are (``features.device_map=auto``), by accelerate."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import finalize

from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    import torch
    from filelock import BaseFileLock
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)


def check_divisible() -> None:
    """That what divides a model is at hand.

    Raises:
        BrainalignError: accelerate is not installed.
    """
    if find_spec("accelerate") is None:
        raise BrainalignError(
            "features.device_map=auto: to divide a model among devices, accelerate must be installed: pip install 'brainalign[large]'."
        )


def room(device: str) -> dict[int | str, int]:
    """Bytes that each device may hold: of all GPUs, then of the machine's memory; what fits in neither stays on disk.

    Args:
        device: Torch device; ``cpu`` leaves the GPUs out.
    """
    from accelerate.utils import get_max_memory

    found: dict[int | str, int] = get_max_memory()
    return {where: size for where, size in found.items() if device != "cpu" or where == "cpu"}


def scratch(folder: Path) -> TemporaryDirectory[str]:
    """A new folder for weights that stay on disk; it is there as long as somebody holds it.

    A killed process leaves its own behind: no process has that one's lock any longer, and it is removed now.

    Args:
        folder: In which it is made.
    """
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.lock"):
        _remove_left_behind(file)
    name = uuid4().hex
    lock = FileLock(folder / f"{name}.lock")
    lock.acquire()
    kept = TemporaryDirectory(dir=folder, prefix=f"{name}-")
    finalize(kept, _release, lock)
    return kept


def _remove_left_behind(file: Path) -> None:
    """Remove what belongs to a lock, unless a process holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return
    for left in file.parent.glob(f"{file.stem}-*"):
        shutil.rmtree(left, ignore_errors=True)
    _release(lock)


def _release(lock: BaseFileLock) -> None:
    """Remove a lock's file while it is held, then let it go."""
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def hold(model: Any, kept: TemporaryDirectory[str]) -> None:
    """Have every part of a divided model hold the folder of its weights (a part may outlive the whole), and say where they lie.

    Args:
        model: Of transformers.
        kept: From :func:`scratch`.
    """
    for part in model.modules():
        part.weights_on_disk = kept
    # a model that fits on one device has no map, and is not divided
    if places := Counter(str(place) for place in getattr(model, "hf_device_map", {}).values()):
        log.info("the model is divided: %s", ", ".join(f"{n} part(s) on {place}" for place, n in places.items()))


def divide(model: Any, device: str, folder: Path) -> None:
    """Divide a model that is whole in memory among the devices.

    Args:
        model: Of transformers, in its final precision.
        device: See :func:`room`.
        folder: In which what stays on disk is written, as long as the model is there.
    """
    from accelerate import dispatch_model, infer_auto_device_map
    from accelerate.utils import get_balanced_memory

    whole = list(model._no_split_modules or [])
    sizes = get_balanced_memory(model, max_memory=room(device), no_split_module_classes=whole)
    places = infer_auto_device_map(model, max_memory=sizes, no_split_module_classes=whole)
    kept = scratch(folder)
    dispatch_model(model, places, offload_dir=kept.name, skip_keys=model._skip_keys_device_placement)
    hold(model, kept)


def input_device(model: PreTrainedModel) -> torch.device:
    """Where a model takes its input.

    Args:
        model: On a device, or divided: where its first weights wait on disk, their own hook takes what it is given.
    """
    import torch

    first: torch.device = next(model.parameters()).device
    return torch.device("cpu") if first.type == "meta" else first
