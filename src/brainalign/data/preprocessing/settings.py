"""What is done to a recording before it is cut into presentations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from brainalign.bounds import SHARE, Bounds, check_bounds
from brainalign.errors import BrainalignError, one_of

KEY = "data.preprocessing"
SIGNALS = ("high_gamma", "band", "as_is")
MAINS = (50, 60)
"""Hz of the world's mains."""
OWN_RATE = "sampling_frequency"
"""Column of a channels table, as BIDS calls it: samples per second at which a channel was recorded, where the file has it at more."""
REFERENCES = ("none", "average", "bipolar")


@dataclass
class Preprocessing:
    """Settings of :func:`brainalign.data.preprocessing.process.preprocess`; those that are not given are for ECoG at 200 Hz or more.

    Attributes:
        signal: ``high_gamma``: mean amplitude of the bands from ``low`` to ``high``
            (:func:`brainalign.signal.high_gamma.high_gamma`). ``band``: what lies between them, both filtered at zero phase.
            ``as_is``: the source is what is wanted already; it is resampled and z-scored.
        low: Hz; None = no lower end (``band``).
        high: Hz; None = no upper end (``band``).
        line_frequency: 50 or 60 Hz; it and its harmonics are notched. ``auto`` = what the recording's sidecar or header gives (BIDS
            ``PowerLineFrequency``), else 60, and said. None = no notch.
        reference: ``none``, ``average`` (of the channels that are kept, each kind by itself: scalp, grid, depth), or ``bipolar`` (a
            contact less the next on its shank: LA1-LA2).
        bad_channels: Names of those to leave out, beside those that the channels table marks bad.
        noisy: Limit to the robust z, over channels, of the logarithm of a channel's variance (median of windows of 2 s). None =
            only flat ones are found.
        artefact: Limit to the robust z, over a channel's samples, of its signal (of the logarithm of its high gamma); samples
            beyond it become NaN. None = all are kept.
        artefact_share: Where more than this share of the channels is beyond the limit, all channels become NaN.
        artefact_margin: Seconds on either side that go with a rejected sample.
        rate: Samples per second of the result. None = those of the signal.
        zscore: Whether each channel is brought to mean 0 and standard deviation 1 over the run.

    Raises:
        BrainalignError: A value that cannot be.

    Example:
        >>> Preprocessing(line_frequency=55)
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: data.preprocessing.line_frequency=55 is unknown; valid: 50, 60, None, auto
    """

    signal: str = "high_gamma"
    low: float | None = 70.0
    high: float | None = 150.0
    line_frequency: Any = "auto"
    reference: str = "average"
    bad_channels: list[str] = field(default_factory=list)
    noisy: float | None = 5.0
    artefact: float | None = 10.0
    artefact_share: float = 0.25
    artefact_margin: float = 0.1
    rate: float | None = 100.0
    zscore: bool = True

    bounds: ClassVar[Bounds] = {
        "low": (1e-3, 1e5), "high": (1e-3, 1e5), "line_frequency": (50, 60), "noisy": (1, 1e6), "artefact": (1, 1e6),
        "artefact_share": SHARE, "artefact_margin": (0, 10), "rate": (1, 1e6),
    }  # fmt: skip

    def __post_init__(self) -> None:
        one_of(f"{KEY}.signal", self.signal, SIGNALS)
        one_of(f"{KEY}.reference", self.reference, REFERENCES)
        one_of(f"{KEY}.line_frequency", self.line_frequency, (*MAINS, None, "auto"))  # type: ignore[arg-type]
        check_bounds(KEY, self)
        self._check_band()

    def _check_band(self) -> None:
        from brainalign.signal.resample import PASS

        ends = f"{KEY}.low={self.low} and {KEY}.high={self.high}"
        if self.signal == "as_is":
            if (self.low, self.high, self.line_frequency, self.reference) != (None, None, None, "none"):
                raise BrainalignError(
                    f"{KEY}.signal=as_is only resamples and z-scores; low, high and line_frequency must be null and reference none "
                    f"(data/preprocessing=as_is has them so)."
                )
        elif self.low is not None and self.high is not None and self.low >= self.high:
            raise BrainalignError(f"{ends} hold no band; low must be below high.")
        if self.signal == "high_gamma" and (self.low is None or self.high is None):
            raise BrainalignError(f"{ends} must both be given for signal=high_gamma; 70 and 150 are usual.")
        if self.signal == "band" and self.low is None and self.high is None:
            raise BrainalignError(f"{ends} must not both be null for signal=band; use signal=as_is to filter nothing.")
        if (
            self.signal == "band"
            and self.high is not None
            and self.rate is not None
            and self.high > PASS * self.rate / 2
        ):
            raise BrainalignError(
                f"{KEY}.rate={self.rate:g} keeps frequencies up to {PASS * self.rate / 2:g} Hz alone, but {KEY}.high="
                f"{self.high:g}; at least rate={2 * self.high / PASS:g} is needed, or null."
            )

    def check_rate(self, rate: float, run: str) -> None:
        """Hold the settings against a recording's own rate.

        Args:
            rate: Samples per second.
            run: Whose they are, for the sentence.

        Raises:
            BrainalignError: It is too low for a frequency that is asked for.
        """
        for key in ("low", "high"):
            value = getattr(self, key)
            if value is not None and value >= rate / 2:
                raise BrainalignError(
                    f"{KEY}.{key}={value:g} Hz is not below half of the {rate:g} Hz at which {run} was recorded; "
                    f"it must be under {rate / 2:g}."
                )
        if self.rate is not None and self.rate > rate * (1 + 1e-6):
            raise BrainalignError(
                f"{KEY}.rate={self.rate:g} Hz is above the {rate:g} Hz at which {run} was recorded; null keeps its own rate."
            )
