"""What a run may not ask of data that have no time: one response a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainalign.errors import BrainalignError
from brainalign.registry import importable

if TYPE_CHECKING:
    from brainalign.config.settings import Config


def settle_untimed(config: Config) -> None:
    """Refuse, before anything is read, what needs time; no first frames are left out, as nothing settles there.

    Args:
        config: Of the run; left as it is where its data are timed, or it simulates its own.

    Raises:
        BrainalignError: The analysis, the window, the features or the split need it.
    """
    analysis = config.analysis
    if config.data.timed or not analysis.needs.data:
        return
    one = f"data.kind={config.data.kind} has one response a sentence and no time"
    if analysis.needs.time:
        taken = [name for name, other in importable("analysis")[0].items() if not other.needs.time and other.needs.data]  # type: ignore[attr-defined]
        raise BrainalignError(
            f"analysis={analysis.kind} needs responses over time, but {one}; {', '.join(sorted(taken))} take it."
        )
    window = config.window
    if (window.tmin, window.tmax, window.rate, window.trial, window.hrf) != (0, 0, None, None, False):
        raise BrainalignError(f"{one}, so that there are no lags; window=sentence has none.")
    if config.features.resample not in ("mean", "last"):
        raise BrainalignError(
            f"features.resample={config.features.resample} is for volumes in time, but {one}; it must be mean (of the "
            "sentence's words; features=sentence) or last."
        )
    if config.features.align != "onset":
        raise BrainalignError(
            f"features.align={config.features.align} moves words in time, but {one}; it must be onset."
        )
    if config.encoding.split == "blocks":
        raise BrainalignError(
            f"encoding.split=blocks cuts passages, but {one}; it must be auto or stimulus, which keep them whole."
        )
    if config.encoding.skip is None:
        config.encoding.skip = 0
