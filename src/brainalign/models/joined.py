"""Several models joined, each a band of banded ridge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.errors import BrainalignError, within
from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.joined import JoinedRepresentation

ENDS = ("tmin", "tmax")


@dataclass
class Joined(Model):
    """Several models joined, each a band of banded ridge with its own penalty; see ``docs/own-features.md``.

    Attributes:
        of: Names of options of ``conf/model``; or name of a band -> option, or its keys: ``option``,
            ``tmin``, ``tmax``, and those to change.
        ratios: Penalties that the later bands choose from, in units of the first band's.
    """

    of: Any
    ratios: list[float]

    bounds: ClassVar[Bounds] = {"ratios": (1e-9, 1e9)}
    partner: ClassVar[str | None] = None
    joined: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layers != "all":
            raise BrainalignError(
                f"model.layers={self.layers}: a joined model has bands; give layers to one, in model.of."
            )
        if not self.ratios:
            raise BrainalignError("model.ratios=[] holds nothing; name one or more numbers such as [0.01,1,100].")
        bands = self._bands()
        if len(bands) < 2:
            raise BrainalignError(f"model.of={self.of} names {len(bands)} feature set(s); two or more are needed.")
        for name, keys in bands.items():
            for end in ENDS:
                value = keys.get(end)
                if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                    raise BrainalignError(
                        f"model.of.{name}.{end}={value!r} must be a number, in the unit of the window."
                    )
                within(f"model.of.{name}.{end}", value, -1e4, 1e4)
            low, high = (keys.get(end) for end in ENDS)
            if low is not None and high is not None and high < low:
                raise BrainalignError(
                    f"model.of.{name}.tmax={high:g} lies before its tmin={low:g}; tmax must not be smaller."
                )

    def check_options(self, option: Callable[..., Model]) -> None:
        """Refuse a band that is no option of ``conf/model``, or has a key that it does not know."""
        self._models(option)

    def check_at_hand(self, option: Callable[..., Model]) -> None:
        """Every band's files."""
        for name, model in self._models(option).items():
            with _of(name):
                model.check_at_hand(option)

    def represent(self, settings: Settings, dataset: Dataset) -> JoinedRepresentation:
        """All bands' representations, under one name."""
        from brainalign.features.joined import Band, JoinedRepresentation

        windows = self._bands()
        bands = []
        for name, model in self._models(settings.option).items():
            with _of(name):
                bands.append(Band(model.represent(settings, dataset), *(windows[name].get(end) for end in ENDS)))
        return JoinedRepresentation(bands, self.name, self.ratios)

    def _bands(self) -> dict[str, dict[str, Any]]:
        """Name -> keys."""
        if isinstance(self.of, list):
            if len(set(map(str, self.of))) < len(self.of):
                raise BrainalignError(f"model.of={self.of} names a feature set twice; each needs a name of its own.")
            return {str(name): {} for name in self.of}
        if not isinstance(self.of, Mapping):
            raise BrainalignError(
                f"model.of={self.of!r} must be a list of models such as [mel,word_rate], or name -> option."
            )
        found = {}
        for name, keys in self.of.items():
            if not isinstance(keys, str | Mapping | None):
                raise BrainalignError(f"model.of.{name}={keys!r} must be an option of conf/model, or its keys.")
            found[str(name)] = {"option": keys} if isinstance(keys, str) else dict(keys or {})
        return found

    def _models(self, option: Callable[..., Model]) -> dict[str, Model]:
        found = {}
        for name, keys in self._bands().items():
            changes = {k: v for k, v in keys.items() if k not in ("option", *ENDS)}
            with _of(name):
                model = option(str(keys.get("option", name)), **changes | {"name": name})
            if isinstance(model, Joined) or model.automatic:
                raise BrainalignError(
                    f"model.of.{name}: {model.kind} cannot be a band; name a model with features of its own."
                )
            found[name] = model
        return found


@contextmanager
def _of(name: str) -> Iterator[None]:
    """Errors of a band name its keys where they stand: ``model.of.NAME.path``."""
    try:
        yield
    except BrainalignError as error:
        said = str(error).replace("model.", f"model.of.{name}.")
        raise BrainalignError(said if said != str(error) else f"model.of.{name}: {error}") from error
