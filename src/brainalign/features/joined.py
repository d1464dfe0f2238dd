"""Several feature sets side by side, each a band with a penalty of its own, and its own window if it has one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from brainalign.errors import BrainalignError
from brainalign.features.base import Unit
from brainalign.features.representation import Representation


@dataclass(frozen=True)
class Band:
    """One feature set of several.

    Attributes:
        representation: Its features; of several layers, one is chosen for each outer fold.
        tmin: First lag, in the unit of the window; None = the window's.
        tmax: Last lag, in the same; None = the window's.
    """

    representation: Representation
    tmin: float | None = None
    tmax: float | None = None

    @property
    def name(self) -> str:
        """As it stands in tables and figures."""
        return self.representation.name

    @property
    def window(self) -> str:
        """Its own window in words, empty where it is that of the run."""
        ends = [f"{what} {value:g}" for what, value in (("tmin", self.tmin), ("tmax", self.tmax)) if value is not None]
        return f" ({', '.join(ends)})" if ends else ""


class JoinedRepresentation(Representation):
    """Bands of features under one name; a fit takes them one by one, as ``bands``.

    Args:
        bands: Two or more, of different names, over the same stimuli.
        name: As it stands in tables and figures.
        ratios: Penalties that every later band chooses from, in units of the first's.

    Raises:
        BrainalignError: Fewer than two bands.
    """

    def __init__(self, bands: Sequence[Band], name: str, ratios: Sequence[float]) -> None:
        if len(bands) < 2:
            raise BrainalignError(f"model {name} joins {len(bands)} feature set(s); two or more are needed.")
        self.bands, self.name, self.ratios = list(bands), name, list(ratios)
        self.stimuli = bands[0].representation.stimuli
        self.notes: list[str] = []
        for band in bands:
            self.notes.extend(band.representation.notes)
            band.representation.notes = self.notes

    @property
    def unit(self) -> Unit:
        """Frames: bands of words and of frames come together on the grid."""
        return "frames"

    @property
    def layers(self) -> Sequence[int]:
        """One: all bands together."""
        return (0,)

    @property
    def missing(self) -> list[int]:
        """``[0]`` where a layer of a band is not in the cache."""
        return [0] if any(band.representation.missing for band in self.bands) else []

    def key(self, layer: int) -> str:
        """SHA-256 of all bands' layers, of windows and ratios."""
        keys = [[b.representation.key(n) for n in b.representation.layers] for b in self.bands]
        return self._hash(keys)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what determines the values besides the stimuli."""
        return self._hash([b.representation.digest for b in self.bands])

    def _hash(self, of: Any) -> str:
        text = json.dumps([of, [[b.tmin, b.tmax] for b in self.bands], self.ratios])
        return hashlib.sha256(text.encode()).hexdigest()

    def describe(self) -> str:
        """All bands, a sentence each."""
        told = "; ".join(f"{b.representation.describe()}{b.window}" for b in self.bands)
        return f"{self.name}: {len(self.bands)} bands of features, each with its own penalty: {told}"

    def variance_shares(self, layer: int) -> None:
        """Of no band: each is told of where it is a model of its own."""

    def rows(self, layer: int) -> NoReturn:
        """Refused: bands have rows of different kinds."""
        names = ", ".join(b.name for b in self.bands)
        raise BrainalignError(
            f"model {self.name} is several feature sets ({names}), each with a penalty of its own; this analysis takes one of them, "
            "not all together (docs/own-features.md says which does)."
        )

    def features(self, layer: int, grids: Mapping[str, Any], **options: Any) -> NoReturn:
        """Refused, as :meth:`rows`."""
        self.rows(layer)

    def word_rows(self, layer: int) -> NoReturn:
        """Refused, as :meth:`rows`."""
        self.rows(layer)
