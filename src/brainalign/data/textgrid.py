"""Words or phones from a Praat TextGrid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from brainalign.errors import BrainalignError, nearest


class TextGrid:
    """The interval tiers of a TextGrid, in Praat's long or short form.

    praatio parses the text; its tier objects are not used, because they sort the intervals and refuse the slightest
    overlap, where a person wants to be told the interval.

    Args:
        path: The file, UTF-8 or UTF-16.

    Attributes:
        tiers: Tier name -> intervals (onset, offset, label) as they stand in the file.

    Raises:
        BrainalignError: The file is missing or does not parse.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise BrainalignError(f"TextGrid {path} cannot be read ({error.strerror}).") from error
        from praatio.utilities.errors import PraatioException
        from praatio.utilities.textgrid_io import parseTextgridStr

        try:
            text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
            tiers: list[dict[str, Any]] = parseTextgridStr(text, includeEmptyIntervals=True)["tiers"]
            self.tiers = {str(t["name"]).strip(): t["entries"] for t in tiers if t["class"] == "IntervalTier"}
        except (PraatioException, ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
            raise BrainalignError(
                f"{path} does not parse as a TextGrid; save it from Praat as text, long or short."
            ) from error

    def find(self, label: str) -> str | None:
        """The name of the tier called like the label (``word``, ``words``), if there is one."""
        return next((name for name in self.tiers if name.lower().removesuffix("s") == label), None)

    def intervals(self, label: str, tier: str | None = None) -> pd.DataFrame:
        """What stands in a tier, silences too.

        Args:
            label: ``word`` or ``phone``: the name of the first column.
            tier: The tier; None for the one called like the label, or else the only one.

        Returns:
            Columns ``label``, onset, offset, not yet checked; the index, named ``interval``, counts the tier's
            intervals from 1.

        Raises:
            BrainalignError: There is no such tier, or it is not clear which one is meant.
        """
        if tier is None:
            tier = self.find(label) or (next(iter(self.tiers)) if len(self.tiers) == 1 else f"{label}s")
        if tier not in self.tiers:
            raise BrainalignError(f"{self.path} has no interval tier {tier!r}; {nearest(tier, self.tiers)}")
        entries = [(str(text).strip(), float(onset), float(offset)) for onset, offset, text in self.tiers[tier]]
        index = pd.Index(range(1, len(entries) + 1), name="interval")
        return pd.DataFrame(entries, columns=[label, "onset", "offset"], index=index)
