"""Design: responses and split, folded into what the solver needs; built once and shared by every layer of every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.data.split import Split
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.moments import Moments, moments
from brainalign.linalg.stack import Segment

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class MaskGroup:
    """Electrodes that have valid responses in exactly the same rows, and so share their Gram matrices.

    Attributes:
        channels: (c,) their places among all channels.
        segments: Atom -> stimulus -> (weight (T,), summed response (T, c), power (c,)).
    """

    channels: NDArray[np.int64]
    segments: dict[int, dict[str, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]]

    def rows(self, atom: int) -> int:
        """Valid rows of an atom, repeats counted."""
        return int(sum(weight.sum() for weight, _, _ in self.segments[atom].values()))

    def distinct_rows(self, atom: int) -> int:
        """Valid rows of an atom, repeats counted once."""
        return int(sum((weight > 0).sum() for weight, _, _ in self.segments[atom].values()))

    def edges(self, atom: int) -> int:
        """Rows of an atom after which the number of valid presentations changes."""
        return int(sum((np.diff(weight, append=0.0) != 0).sum() for weight, _, _ in self.segments[atom].values()))


class Design:
    """Responses of all participants as one regression problem.

    Presentations of one stimulus share their features, so they are summed; participants who heard the same
    presentations
    share their Gram matrices; rows with missing responses are left out exactly, by groups of electrodes with one mask.

    Args:
        stimuli: The stimulus of each presentation.
        responses: (T_i, C) for each presentation, NaN where not recorded.
        split: Atoms and folds.
        centred: Take the grand mean off each channel for the numbers' sake; nothing depends on it while the intercept
            is not penalised.
        repeats: What a stimulus's presentations to one participant are in training: ``all``, their ``average`` (one row each),
            or the ``first``. Alpha and layer are then chosen by the same target; test rows are single presentations always.

    Attributes:
        center: (C,) what was taken off.
        groups: The mask groups.
    """

    def __init__(
        self,
        stimuli: Sequence[str],
        responses: Sequence[NDArray[np.floating]],
        split: Split,
        centred: bool = True,
        repeats: str = "all",
    ) -> None:
        self.stimuli, self.split, self.repeats = list(stimuli), split, repeats
        count = sum(np.isfinite(r).sum(axis=0) for r in responses)
        if not np.all(count):
            raise BrainalignError(
                f"{int(np.sum(np.asarray(count) == 0))} channel(s) have no valid sample at all; drop them before encoding."
            )
        self.center = sum(np.nansum(r, axis=0) for r in responses) / count * float(centred)
        self.responses = [r - self.center.astype(r.dtype) for r in responses]
        self.groups = self._mask_groups()

    @property
    def n_channels(self) -> int:
        """Channels of all participants together."""
        return int(self.responses[0].shape[1])

    def _mask_groups(self) -> list[MaskGroup]:
        masks = [np.isfinite(r) for r in self.responses]
        patterns: dict[bytes, list[int]] = {}
        packed = np.packbits(np.vstack(masks), axis=0)
        for c in range(self.n_channels):
            patterns.setdefault(packed[:, c].tobytes(), []).append(c)
        return [self._group(np.array(channels), masks) for channels in patterns.values()]

    def _group(self, channels: NDArray[np.int64], masks: list[NDArray[np.bool_]]) -> MaskGroup:
        segments: dict[int, dict[str, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]] = {}
        for name, response, mask, atoms in zip(self.stimuli, self.responses, masks, self.split.atoms, strict=True):
            valid = mask[:, channels[0]]
            for atom in np.unique(atoms[atoms >= 0]):
                keep = valid & (atoms == atom)
                y = np.where(keep[:, None], response[:, channels], 0.0)
                old = segments.setdefault(int(atom), {}).get(name)
                new = (keep.astype(np.float64), y, (y**2).sum(axis=0, dtype=np.float64))
                if old is None or not old[0].any():
                    segments[int(atom)][name] = new
                elif self.repeats != "first":
                    segments[int(atom)][name] = (old[0] + new[0], old[1] + new[1], old[2] + new[2])
        if self.repeats == "average":
            segments = {a: {s: _averaged(*segment) for s, segment in own.items()} for a, own in segments.items()}
        return MaskGroup(channels, segments)

    def training_mean(self, fold: int) -> NDArray[np.float64]:
        """(C,) mean response of a fold's training rows, NaN where a channel has none."""
        out = np.full(self.n_channels, np.nan)
        for group in self.groups:
            parts = [segment for a in self.split.training(fold) for segment in group.segments[a].values()]
            rows = sum(float(weight.sum()) for weight, _, _ in parts)
            if rows:
                out[group.channels] = np.sum([y.sum(axis=0) for _, y, _ in parts], axis=0) / rows
        return out

    def test_rows(self, fold: int) -> list[tuple[int, NDArray[np.bool_]]]:
        """(presentation, (T,) mask) of everything that fold scores."""
        test = np.array(sorted(self.split.folds[fold].test))
        found = ((i, np.isin(atoms, test)) for i, atoms in enumerate(self.split.atoms))
        return [(i, mask) for i, mask in found if mask.any()]


def _averaged(
    weight: NDArray[np.float64], y: NDArray[np.float64], power: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A stimulus's presentations as one: each frame once, with the mean response."""
    mean = y / np.maximum(weight, 1.0)[:, None]
    return (weight > 0).astype(np.float64), mean, (mean**2).sum(axis=0)


class AtomMoments:
    """Moments of every atom for one group of electrodes and one set of features at a time; the last are kept.

    Args:
        design: Responses and split.
        lags: (m,) consecutive integers.
        arithmetic: Where they are computed.
    """

    def __init__(self, design: Design, lags: NDArray[np.int64], arithmetic: Arithmetic = Arithmetic()) -> None:
        self._design, self._lags, self._arithmetic = design, lags, arithmetic
        self._held: tuple[MaskGroup, Mapping[str, NDArray[np.floating]], list[Moments]] | None = None

    def of(self, group: MaskGroup, features: Mapping[str, NDArray[np.floating]]) -> list[Moments]:
        """One Moments an atom.

        Args:
            group: The electrodes.
            features: Stimulus -> (T, d).
        """
        if self._held is None or self._held[0] is not group or self._held[1] is not features:
            self._held = None  # one set in memory at a time

            def job(device: torch.device, _: int) -> list[Moments]:
                return [
                    moments(
                        [Segment(features[s], *part) for s, part in sorted(group.segments[a].items())],
                        self._lags,
                        device,
                    )
                    for a in range(self._design.split.n_atoms)
                ]

            self._held = group, features, self._arithmetic.run(job, len(group.channels))
        return self._held[2]
