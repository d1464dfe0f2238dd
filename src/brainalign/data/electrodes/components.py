"""Principal components of each region's responses, in place of its electrodes or voxels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.types import Dataset, Recording
from brainalign.errors import BrainalignError


def principal_components(dataset: Dataset, k: int) -> Dataset:
    """Replace the channels of each participant's regions by the first ``k`` principal components of their responses.

        C = U S^2 U',   y_j(t) = (x(t) - mean)' u_j

    over the frames of all presentations in which all channels of the region are valid; a frame that is not has no value. No feature has a
    part in it: which directions of the responses are predicted is settled by their variance alone, so that under the null of
    unrelated features held-out scores are what they would be for channels. A component's sign makes its largest weight positive.

    Args:
        dataset: As read, with the electrodes that take part.
        k: Components of each region.

    Returns:
        A data set of another digest, whose channels are ``STG PC01``, ..., with the column explained (share of the region's
        variance); without coordinates.

    Raises:
        BrainalignError: A region has fewer than ``k`` channels or frames.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = principal_components(simulate(subjects=1, electrodes=10, sentences=6, repeated=0), 2)
        >>> data.channels.electrode.tolist()[:3], data.recordings[0].presentations[0].response.shape[1]
        (['A1 PC01', 'A1 PC02', 'STG PC01'], 10)
    """
    return replace(dataset, recordings=[_of_recording(r, k) for r in dataset.recordings])


def _of_recording(recording: Recording, k: int) -> Recording:
    regions = recording.channels["region"].to_numpy()
    rows, parts, told = [], [], []
    for region in dict.fromkeys(regions):
        own = np.flatnonzero(regions == region)
        x = [p.response[:, own].astype(np.float64) for p in recording.presentations]
        stacked = np.concatenate(x)
        stacked = stacked[np.isfinite(stacked).all(axis=1)]
        if len(own) < k or len(stacked) <= k:
            raise BrainalignError(
                f"electrodes.components={k}, but {region} of participant {recording.subject} has {len(own)} channels and "
                f"{len(stacked)} frames that "
                "are valid in all of them; ask for fewer components, or pool regions by electrodes.regions."
            )
        mean = stacked.mean(axis=0)
        axes, explained = _axes(stacked - mean, k)
        parts.append([(v - mean) @ axes for v in x])  # NaN stays NaN
        first = recording.channels.iloc[own[0]]
        for j in range(k):
            place = {
                "electrode": f"{region} PC{j + 1:02d}",
                "x": np.nan,
                "y": np.nan,
                "z": np.nan,
                "explained": explained[j],
            }
            rows.append({**{c: first[c] for c in ("subject", "region", "hemisphere")}, **place})
        told.append(f"{region} {explained.sum():.0%} of {len(own)}")
    shown = [
        replace(p, response=np.concatenate([part[i] for part in parts], axis=1))
        for i, p in enumerate(recording.presentations)
    ]
    note = (
        f"participant {recording.subject}: {k} principal components stand for each region's channels, with their "
        f"variance: {', '.join(told)}."
    )
    return replace(
        recording, channels=pd.DataFrame(rows), presentations=shown, notes=(*recording.notes, note), geometry=None
    )


def _axes(centred: NDArray[np.float64], k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(c, k) leading axes of (T, c) rows, and the share of the variance along each; by the smaller of the two Gram matrices."""
    frames, channels = centred.shape
    wide = channels > frames
    values, vectors = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    top = np.argsort(values)[::-1][:k]
    axes = vectors[:, top]
    if wide:
        axes = centred.T @ axes
        axes /= np.linalg.norm(axes, axis=0)
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(k)])
    return axes * signs, values[top] / values.sum()
