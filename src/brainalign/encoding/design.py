"""Design: responses and split, folded into what the solver needs; built once and shared by every layer of every model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.data.splits.split import Split
from brainalign.encoding.summed import Centred, Summed
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import AT_ONCE, Arithmetic
from brainalign.linalg.moments import Moments, far_centre, moments, total
from brainalign.linalg.parallel import in_parallel
from brainalign.linalg.stack import Segment

if TYPE_CHECKING:
    import torch

Part = tuple[NDArray[np.float64], Summed, NDArray[np.float64]]
"""A stimulus in a set of rows: weight (T,), summed response (T, c), power (c,)."""


@dataclass(frozen=True)
class MaskGroup:
    """Electrodes that have valid responses in exactly the same rows, and so share their Gram matrices.

    Attributes:
        channels: (c,) their places among all channels.
        segments: Segment -> stimulus -> what is fitted of it.
        averaged: Whether the presentations of a stimulus count as one, with their mean response.
    """

    channels: NDArray[np.int64]
    segments: dict[int, dict[str, Part]]
    averaged: bool = False

    def rows(self, segment: int) -> int:
        """Valid rows of a segment, repeats counted."""
        return int(sum(weight.sum() for weight, _, _ in self.segments[segment].values()))

    def distinct_rows(self, segment: int) -> int:
        """Valid rows of a segment, repeats counted once."""
        return int(sum((weight > 0).sum() for weight, _, _ in self.segments[segment].values()))

    def edges(self, segment: int) -> int:
        """Rows of a segment after which the number of valid presentations changes."""
        return int(sum((np.diff(weight, append=0.0) != 0).sum() for weight, _, _ in self.segments[segment].values()))

    @property
    def additive(self) -> bool:
        """Whether sums over several segments are the sums of their own; not where a row's average runs over segments."""
        if not self.averaged:
            return True
        shared: dict[str, NDArray[np.float64]] = {}
        for parts in self.segments.values():
            for stimulus, (weight, _, _) in parts.items():
                shared[stimulus] = shared.get(stimulus, np.zeros(len(weight))) + (weight > 0)
        return all((segments <= 1).all() for segments in shared.values())

    def merged(self, segments: Iterable[int]) -> dict[str, Part]:
        """What is fitted of each stimulus where these segments are fitted together.

        Args:
            segments: Their numbers.
        """
        found: dict[str, Part] = {}
        for segment in segments:
            for stimulus, part in self.segments[segment].items():
                found[stimulus] = _add(found.get(stimulus), part)
        return {s: _average(part) for s, part in found.items()} if self.averaged else found


def _unit(responses: Sequence[NDArray[np.floating]], center: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C,) the power of two above each channel's largest deviation from its mean; 1 where there is none."""
    low = np.fmin.reduce([np.fmin.reduce(r, axis=0) for r in responses if len(r)]).astype(np.float64)
    high = np.fmax.reduce([np.fmax.reduce(r, axis=0) for r in responses if len(r)]).astype(np.float64)
    peak = np.maximum(high - center, center - low)
    return np.asarray(np.exp2(np.where(peak > 0, np.frexp(peak)[1], 0)))


def _add(old: Part | None, new: Part) -> Part:
    return new if old is None else (old[0] + new[0], old[1] + new[1], old[2] + new[2])


def _average(part: Part) -> Part:
    """One presentation with the mean response."""
    weight, y, _ = part
    mean = replace(y, divisor=np.maximum(weight, 1))
    return (weight > 0).astype(np.float64), mean, mean.sums(power=2)


class Design:
    """Responses of all participants as one regression problem.

    Presentations of one stimulus share their features, so they are summed; participants who heard the same presentations
    share their Gram matrices; rows with missing responses are left out exactly, by groups of electrodes with one mask.

    Args:
        stimuli: The stimulus of each presentation.
        responses: (T_i, C) for each presentation, NaN where not recorded.
        split: Segments and folds.
        centred: Take the grand mean off each channel for the numbers' sake; nothing depends on it while the intercept is
            not penalised.
        unitless: Divide each channel by a power of two near its largest deviation, so that float32 has room for volts and tesla
            as for microvolts; a ridge solution, unlike an elastic net's, only changes its unit with it.
        repeats: What a training set holds of a stimulus that was heard several times: ``all`` presentations, their
            ``average`` over those of the training set (as one presentation), or each electrode's ``first``. Inner folds,
            which choose, are scored on the same as is trained on; the outer test rows are always single presentations.

    Attributes:
        mean: (C,) of all valid samples.
        center: (C,) what was taken off.
        unit: (C,) what was then divided by; predictions and weights are in it.
        responses: Centred, in this unit.
        groups: The mask groups.
    """

    def __init__(
        self,
        stimuli: Sequence[str],
        responses: Sequence[NDArray[np.floating]],
        split: Split,
        centred: bool = True,
        repeats: str = "all",
        unitless: bool = True,
    ) -> None:
        self.stimuli, self.split, self.repeats = list(stimuli), split, repeats
        count = sum(np.isfinite(r).sum(axis=0) for r in responses)
        if not np.all(count):
            raise BrainalignError(
                f"{int(np.sum(np.asarray(count) == 0))} channel(s) have no valid sample at all; drop them before encoding."
            )
        total = sum(np.nansum(r, axis=0, dtype=np.float64) for r in responses)
        self.mean: NDArray[np.float64] = total / count
        self.center = self.mean * float(centred)
        self.unit = _unit(responses, self.center) if unitless else np.ones(len(self.center))
        self.responses = Centred(responses, self.center, self.unit)
        self.groups = self._mask_groups()

    @property
    def deviation(self) -> NDArray[np.float64]:
        """(C,) standard deviation of each channel's responses, in ``unit``; NaN where they do not vary."""
        square, count = np.zeros(self.n_channels), np.zeros(self.n_channels)
        for values in self.responses:
            square += np.nansum(values.astype(np.float64) ** 2, axis=0)
            count += np.isfinite(values).sum(axis=0)
        return np.asarray(np.sqrt(np.where(square > 0, square / count, np.nan)))

    @property
    def n_channels(self) -> int:
        """Channels of all participants together."""
        return len(self.center)

    @property
    def lengths(self) -> list[int]:
        """Frames of each presentation."""
        return [len(r) for r in self.responses.given]

    def _mask_groups(self) -> list[MaskGroup]:
        masks = [np.isfinite(r) for r in self.responses.given]
        patterns: dict[bytes, list[int]] = {}
        packed = np.packbits(np.vstack(masks), axis=0)
        for c in range(self.n_channels):
            patterns.setdefault(packed[:, c].tobytes(), []).append(c)
        places = [np.array(channels) for channels in patterns.values()]
        return [self._group(channels, [mask[:, channels[0]].copy() for mask in masks]) for channels in places]

    def _group(self, channels: NDArray[np.int64], masks: list[NDArray[np.bool_]]) -> MaskGroup:
        """Channels with the valid rows ``masks``, (T_i,) each."""
        segments: dict[int, dict[str, Part]] = {}
        heard: set[str] = set()
        for i, (name, valid, segment_of) in enumerate(zip(self.stimuli, masks, self.split.segments, strict=True)):
            counts = valid
            if self.repeats == "first" and name in heard:
                counts = np.zeros_like(valid)
            elif valid.any():
                heard.add(name)
            for segment in np.unique(segment_of[segment_of >= 0]):
                keep = counts & (segment_of == segment)
                y = Summed(self.responses, ((i, keep),), channels)
                here = segments.setdefault(int(segment), {})
                here[name] = _add(here.get(name), (keep.astype(np.float64), y, y.sums(power=2)))
        return MaskGroup(channels, segments, averaged=self.repeats == "average")

    def training_mean(self, fold: int) -> NDArray[np.float64]:
        """(C,) mean response of a fold's training rows, NaN where a channel has none."""
        out = np.full(self.n_channels, np.nan)
        for group in self.groups:
            parts = list(group.merged(self.split.training(fold)).values())
            rows = sum(float(weight.sum()) for weight, _, _ in parts)
            if rows:
                out[group.channels] = np.sum([y.sums() for _, y, _ in parts], axis=0) / rows
        return out

    def test_rows(self, fold: int) -> list[tuple[int, NDArray[np.bool_]]]:
        """(presentation, (T,) mask) of everything that fold scores."""
        return self._test_rows[fold]

    @cached_property
    def _test_rows(self) -> list[list[tuple[int, NDArray[np.bool_]]]]:
        """Of each fold: asked for again and again, and as long as the responses' rows at most."""
        found = []
        for fold in self.split.folds:
            test = np.array(sorted(fold.test))
            masks = ((i, np.isin(segments, test)) for i, segments in enumerate(self.split.segments))
            found.append([(i, mask) for i, mask in masks if mask.any()])
        return found


class Sums:
    """Moments of a mask group's segments, and of any set of them together.

    Args:
        group: The electrodes.
        features: Stimulus -> (T, d).
        lags: (m,) consecutive integers.
        device: Where they are computed.

    Attributes:
        electrodes: How many there are.
        lags: As given.
    """

    def __init__(
        self,
        group: MaskGroup,
        features: Mapping[str, NDArray[np.floating]],
        lags: NDArray[np.int64],
        device: torch.device,
    ) -> None:
        self._group, self._features, self._device = group, features, device
        self.lags, self.electrodes = lags, len(group.channels)
        self._centre = far_centre(features.values())
        self._segments = self._of_each() if group.additive else None

    def _of_each(self) -> dict[int, Moments]:
        """Of every segment; those of short recordings side by side."""
        segments = sorted(self._group.segments)
        width = len(self._features[next(iter(self._features))][0]) + min(self.electrodes, AT_ONCE)
        size = max((self._group.distinct_rows(a) for a in segments), default=0) * 3 * width * 8
        found = in_parallel(lambda a: self._moments([a]), segments, size, self._device)
        return dict(zip(segments, found, strict=True))

    def distinct_rows(self, segments: Iterable[int]) -> int:
        """Rows of some segments, repeats counted once.

        Args:
            segments: Their numbers.
        """
        return sum(self._group.distinct_rows(a) for a in segments)

    def total(self, segments: Iterable[int]) -> Moments:
        """Of the rows of some segments.

        Args:
            segments: Their numbers.
        """
        return self._moments(segments) if self._segments is None else total(self._segments[a] for a in segments)

    def _moments(self, segments: Iterable[int]) -> Moments:
        parts = sorted(self._group.merged(segments).items())
        return moments([Segment(self._features[s], *part) for s, part in parts], self.lags, self._device, self._centre)


class SegmentMoments:
    """Moments of every segment for one group of electrodes and one set of features at a time; the last are kept.

    Args:
        lags: (m,) consecutive integers.
        arithmetic: Where they are computed.
    """

    def __init__(self, lags: NDArray[np.int64], arithmetic: Arithmetic = Arithmetic()) -> None:
        self._lags, self._arithmetic = lags, arithmetic
        self._held: tuple[MaskGroup, Mapping[str, NDArray[np.floating]], Sums] | None = None

    def of(self, group: MaskGroup, features: Mapping[str, NDArray[np.floating]]) -> Sums:
        """The sums of one group.

        Args:
            group: The electrodes.
            features: Stimulus -> (T, d).
        """
        if self._held is None or self._held[0] is not group or self._held[1] is not features:
            self._held = None  # one set in memory at a time

            def job(device: torch.device, _: int) -> Sums:
                return Sums(group, features, self._lags, device)

            self._held = group, features, self._arithmetic.run(job, len(group.channels))
        return self._held[2]
