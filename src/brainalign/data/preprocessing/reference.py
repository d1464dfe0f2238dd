"""The reference: the average of the channels of one kind, or neighbours on a shank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.preprocessing.channels import paired, pairs
from brainalign.data.preprocessing.settings import KEY
from brainalign.errors import BrainalignError


def alone(keep: Sequence[int], kinds: NDArray[np.str_]) -> dict[int, str]:
    """Channels that are the only one of their kind: less their own average nothing is left of them.

    Args:
        keep: Rows that are left.
        kinds: (c,) MNE's types of all channels.

    Returns:
        Row -> reason.

    Example:
        >>> alone([0, 1, 2], np.array(["seeg", "seeg", "eeg"]))
        {2: 'the only channel of its kind (eeg), which has no average to be referred to'}
    """
    own = kinds[list(keep)]
    return {
        c: f"the only channel of its kind ({kinds[c]}), which has no average to be referred to"
        for c in keep
        if (own == kinds[c]).sum() == 1
    }


def referenced(
    data: NDArray[np.floating[Any]],
    missing: NDArray[np.bool_],
    table: pd.DataFrame,
    kinds: NDArray[np.str_],
    reference: str,
    run: str,
) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_], pd.DataFrame]:
    """Channels in another reference.

    The average is of each kind by itself (MNE's types eeg, ecog, seeg, dbs): what scalp, grid and depth electrodes see in common is
    the reference of the recorder, and each has noise of its own that the others do not need.

    Args:
        data: (c, T); changed in place where it can be.
        missing: (c, T) what is missing in it.
        table: The channels, one row each.
        kinds: (c,) MNE's types.
        reference: ``none``, ``average`` or ``bipolar``.
        run: For the sentence.

    Returns:
        Data, what is missing in them, and the channels.

    Raises:
        BrainalignError: No two channels are neighbours (``bipolar``).
    """
    if reference == "none":
        return data, missing, table
    if reference == "average":
        for kind in dict.fromkeys(kinds):
            own = np.flatnonzero(kinds == kind)
            mean = sum(data[c].astype(np.float64) for c in own) / len(
                own
            )  # a row at a time: the rows' copy would be all data
            for c in own:
                data[c] -= mean
        return data, missing, table
    names = table["electrode"].astype(str).tolist()
    of = [(a, b) for a, b in pairs(names) if kinds[a] == kinds[b]]
    if not of:
        raise BrainalignError(
            f"{KEY}.reference=bipolar: no two of the {len(names)} channels of {run} are neighbours by name, such as LA1 and LA2; "
            f"use average or none."
        )
    first, second = ([p[i] for p in of] for i in (0, 1))
    out = data[first]
    out -= data[second]
    return out, missing[first] | missing[second], paired(table, of)
