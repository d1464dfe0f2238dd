"""Pieces of the comparison that a killed run had finished, kept by what determines them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.study.study import Study

Arrays = dict[str, NDArray[Any]]

ARRAYS = 2
"""Counts what a piece holds: another number where arrays have come, gone or changed their meaning."""


def kept(study: Study, name: str, what: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """Named arrays from the store of finished fits, or made, and kept there where that took long enough.

    Args:
        study: Its store.
        name: For the log and for ``brainalign-tools cache list``.
        what: What determines the arrays: settings, arrays, keys of layers.
        make: Makes them.
    """
    if study.store is None:
        return make()
    key = study.store.key(geometry=dict(what), arrays=ARRAYS)
    with study.store.lock(key, name):
        found = study.store.read(key)
        if found is not None:
            return {k: np.asarray(v) for k, v in found[0].items()}
        start = time.monotonic()
        arrays = {k: np.asarray(v, order="C") for k, v in make().items()}
        if study.store.worth(arrays, time.monotonic() - start):
            study.store.write(key, arrays, {"model": name, "what": name})
        return arrays
