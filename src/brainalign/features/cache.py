"""Cache of extracted rows: a file a layer, named by the hash of what determines its content."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from brainalign.features.base import Rows

log = logging.getLogger(__name__)


class FeatureCache:
    """Rows by identity: stimuli, checkpoint, settings and extractor version; not path, device or batch.

    Args:
        folder: Where the files lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def key(self, stimuli_digest: str, identity: Mapping[str, Any], version: int, layer: int) -> str:
        """Hash of everything that determines a layer's rows."""
        text = json.dumps([stimuli_digest, dict(identity), version, layer], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _file(self, key: str) -> Path:
        return self.folder / "features" / f"{key[:32]}.safetensors"

    def write(self, key: str, rows: Mapping[str, Rows]) -> None:
        """Write a layer whole or not at all.

        Args:
            key: From :meth:`key`.
            rows: Stimulus -> Rows.
        """
        from safetensors.numpy import save_file

        tensors = {}
        for stimulus, r in rows.items():
            tensors[f"{stimulus}/values"] = np.ascontiguousarray(r.values, dtype=np.float32)
            tensors[f"{stimulus}/onset"] = np.ascontiguousarray(r.onset, dtype=np.float64)
            tensors[f"{stimulus}/offset"] = np.ascontiguousarray(r.offset, dtype=np.float64)
        target = self._file(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            save_file(tensors, temporary, metadata={"key": key})
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def read(self, key: str) -> dict[str, Rows] | None:
        """A layer's rows, or None where there is no file or it is not whole; a bad file is named and rebuilt.

        Args:
            key: From :meth:`key`.
        """
        from safetensors import SafetensorError, safe_open

        file = self._file(key)
        if not file.exists():
            return None
        try:
            with safe_open(file, framework="numpy") as opened:
                if (opened.metadata() or {}).get("key") != key:
                    raise ValueError("it belongs to other features")
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  it is no mapping
            stimuli = sorted({name.rsplit("/", 1)[0] for name in tensors})
            return {s: Rows(*(tensors[f"{s}/{part}"] for part in ("values", "onset", "offset"))) for s in stimuli}
        except (SafetensorError, ValueError, KeyError, OSError) as error:
            log.warning("cache file %s is not usable (%s); its features are extracted again", file, error)
            return None
