"""The reference: the average of the channels of one kind, or neighbours on a shank."""

from __future__ import annotations

from collections.abc import Sequence

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
    data: NDArray[np.float64],
    missing: NDArray[np.bool_],
    table: pd.DataFrame,
    kinds: NDArray[np.str_],
    rate: float,
    reference: str,
    run: str,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], pd.DataFrame]:
    """Channels in another reference.

    The average is of each kind by itself (MNE's types eeg, ecog, seeg, dbs): what scalp, grid and depth electrodes see in common is
    the reference of the recorder, and each has noise of its own that the others do not need.

    Args:
        data: (c, T).
        missing: (c, T) what is missing in it.
        table: The channels, one row each.
        kinds: (c,) MNE's types.
        rate: Samples per second.
        reference: ``none``, ``average`` or ``bipolar``.
        run: For the sentence.

    Returns:
        Data, what is missing in them, and the channels.

    Raises:
        BrainalignError: No two channels are neighbours (``bipolar``).
    """
    from mne import create_info, set_bipolar_reference
    from mne.io import RawArray

    if reference == "none":
        return data, missing, table
    if reference == "average":
        for kind in dict.fromkeys(kinds):
            data[kinds == kind] -= data[kinds == kind].mean(axis=0)
        return data, missing, table
    names = table["electrode"].astype(str).tolist()
    of = [(a, b) for a, b in pairs(names) if kinds[a] == kinds[b]]
    if not of:
        raise BrainalignError(
            f"{KEY}.reference=bipolar: no two of the {len(names)} channels of {run} are neighbours by name, such as LA1 and LA2; "
            f"use average or none."
        )
    first, second = ([p[i] for p in of] for i in (0, 1))
    made = paired(table, of)
    inst = RawArray(data, create_info(names, rate, "ecog"), copy=None, verbose="error")
    set_bipolar_reference(
        inst,
        [names[i] for i in first],
        [names[i] for i in second],
        made["electrode"].tolist(),
        copy=False,
        verbose="error",
    )
    return inst.get_data(picks=made["electrode"].tolist()), missing[first] | missing[second], made
