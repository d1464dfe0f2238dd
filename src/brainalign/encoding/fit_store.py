"""Store of finished fits: what a killed run had fitted, the next one goes on from."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from brainalign.encoding.fingerprint import code_digest, fingerprint
from brainalign.encoding.nested import OuterScores
from brainalign.encoding.packing import Tensors, pack, unpack
from brainalign.storage.lock import one_at_a_time
from brainalign.storage.tensors import about, load_tensors, save_tensors

log = logging.getLogger(__name__)

RATE = 200e6
"""Bytes a second that are surely written, checksum and all."""

SHARE = 0.1
"""Part of the time of a fit that keeping it may take."""


class FitStore:
    """Fits by the hash of what determines their numbers; a file is whole or not there, and checked when it is read.

    Nothing but time hangs on it: a fit that is read is the fit that was written, bit for bit. In a cache that may only be
    read, what is missing is fitted and not kept, which is said once.

    Args:
        cache: ``paths.cache``; fits lie in its folder ``fits``, made when the first is written.

    Example:
        >>> import tempfile, numpy as np
        >>> store = FitStore(Path(tempfile.mkdtemp()))
        >>> key = store.key(alphas=[1.0, 10.0], features=np.ones((3, 2)))
        >>> scores = store.fit(key, "mel", lambda: OuterScores.empty(5, 2))
        >>> store.fit(key, "mel", lambda: 1 / 0).r.shape
        (5, 2)
    """

    def __init__(self, cache: Path) -> None:
        self.folder, self._locks = Path(cache) / "fits", Path(cache) / "locks"

    def key(self, **what: Any) -> str:
        """Hash of everything that determines the numbers, the code that makes them among it.

        Args:
            what: Name -> settings, arrays or objects, see :func:`brainalign.encoding.fingerprint.fingerprint`.
        """
        return fingerprint([what, code_digest()])

    def read(self, key: str) -> tuple[Tensors, dict[str, Any]] | None:
        """Arrays, and what was said about them; None where there is no file, or a damaged one, which is named.

        Args:
            key: From :meth:`key`.
        """
        file = self.path(key)
        try:
            return load_tensors(file, key), about(file)
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            log.warning("cache file %s is not usable (%s); it is fitted again", file, error)
            return None

    def write(self, key: str, tensors: Tensors, said: Mapping[str, Any]) -> None:
        """Write arrays whole or not at all; not at all as well where the cache may only be read.

        Args:
            key: From :meth:`key`.
            tensors: Name -> array.
            said: About them, for ``brainalign-tools cache list`` and for :meth:`read`.

        Raises:
            BrainalignError: The folder cannot be written to.
        """
        if self._writable:
            save_tensors(self.path(key), key, {"": tensors}, said, what="fits")

    def worth(self, tensors: Tensors, seconds: float) -> bool:
        """Whether it took so long to make these that writing them is cheap beside it."""
        return self._writable and sum(t.nbytes for t in tensors.values()) / RATE < SHARE * seconds

    @cached_property
    def _writable(self) -> bool:
        """Whether this process may write here; a folder that is not there yet is made in the nearest one that is."""
        there = next(f for f in (self.folder, *self.folder.absolute().parents) if f.exists())
        if not os.access(there, os.W_OK):
            log.warning("%s may only be read: fits that it lacks are not kept", self)
            return False
        return True

    def fit(self, key: str, name: str, make: Callable[[], OuterScores]) -> OuterScores:
        """The scores that are kept, or those that ``make`` gives, kept where that took long enough.

        Args:
            key: From :meth:`key`.
            name: Of the features, for the log.
            make: Fits them.
        """
        with self.lock(key, name):
            found = self.read(key)
            if found is not None:
                log.info("reused: %s from %s", name, self)
                return unpack(found[0])
            start = time.monotonic()
            scores = make()
            tensors = pack(scores)
            if self.worth(tensors, time.monotonic() - start):
                self.write(key, tensors, {"model": name, "what": f"fit of {name}"})
            return scores

    def __str__(self) -> str:
        """The folder, as seen from where the program runs."""
        folder, here = self.folder.absolute(), Path.cwd()
        return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)

    def lock(self, key: str, name: str) -> AbstractContextManager[None]:
        """Held by one process at a time.

        Args:
            key: From :meth:`key`.
            name: Of the features, for the log.
        """
        return one_at_a_time(self._locks, key, name, "fitting it") if self._writable else nullcontext()

    def path(self, key: str) -> Path:
        """Where a fit is kept."""
        return self.folder / f"{key[:32]}.safetensors"
