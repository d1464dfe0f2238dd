"""Models that are checkpoints of transformers, by hub name or folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.errors import BrainalignError, one_of
from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.features.checkpoints.checkpoint import Loading

WEIGHTS = {
    "trained": ("", ""),
    "untrained": ("untrained", "its weights are untrained, drawn at random"),
    "rerandomized": ("re-randomised", "its weights are shuffled in each tensor (not trained)"),
}
"""``model.weights`` -> a word behind the model's name, and what a report says of them."""


@dataclass
class Card:
    """What a published checkpoint is, for the table of models.

    Attributes:
        hub: Its name on the hub.
        revision: The commit that was looked at; None = not pinned.
        dims: Width of its layers.
        layers: Number of transformer layers.
        licence: As its publisher names it.
        reference: The paper.
        source: Where layers and dims were looked up, and what was not.
    """

    hub: str
    revision: str | None
    dims: int
    layers: int
    licence: str
    reference: str
    source: str

    bounds: ClassVar[Bounds] = {"dims": (1, 1_000_000), "layers": (1, 1000)}


@dataclass
class CheckpointModel(Model):
    """A transformers checkpoint, by hub name or folder.

    Attributes:
        weights: ``trained``, ``untrained`` (drawn anew with the seed) or ``rerandomized`` (shuffled in each tensor).
        positions: Whether the model keeps its table of positions; controls take it away.
    """

    checkpoint: str | None
    path: str | None
    revision: str | None
    weights: str
    card: Card | None = None
    positions: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("model.weights", self.weights, tuple(WEIGHTS))
        if self.card is not None and (self.path is not None or self.checkpoint != self.card.hub):
            # Other files were named: neither the card nor the commit that it pins is of those.
            if self.revision == self.card.revision:
                self.revision = None
            self.card = None

    def check_options(self, option: Callable[..., Model]) -> None:
        """A folder or file that is no checkpoint is refused before data are read."""
        if self.path is not None:
            from brainalign.features.checkpoints.location import checkpoint_folder

            checkpoint_folder(self.checkpoint, self.path, self.revision, weights=self.weights != "untrained")

    def check_at_hand(self, option: Callable[..., Model]) -> None:
        """The folder, or the hub's snapshot, which is fetched where it is not in the local cache."""
        from brainalign.features.checkpoints.location import checkpoint_folder

        checkpoint_folder(self.checkpoint, self.path, self.revision, weights=self.weights != "untrained")

    def place(self, settings: Settings) -> tuple[Path, str, Loading]:
        """Folder and name of the checkpoint, and how it is to be loaded.

        Args:
            settings: Of the run.

        Raises:
            BrainalignError: There is no such checkpoint, it is not what its card says, or it has no positions to take away.
        """
        from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
        from brainalign.features.checkpoints.divided import check_divisible
        from brainalign.features.checkpoints.location import checkpoint_folder
        from brainalign.features.checkpoints.positions import check_positions

        folder = checkpoint_folder(self.checkpoint, self.path, self.revision, weights=self.weights != "untrained")
        if self.card is not None:
            check_card(self.name, self.card, Checkpoint(folder, "AutoModel", "").config.get_text_config())
        if not self.positions:
            check_positions(Checkpoint(folder, "AutoModel", "").config)
        f, offload = settings.features, None
        if f.device_map is not None:
            check_divisible()
            offload = settings.cache / "offload"
        return folder, self.name, Loading(self.weights, settings.seed, f.precision, self.positions, offload)

    def reweighted(self, control: str) -> Model:
        """The checkpoint's architecture with weights that know nothing."""
        if self.weights != "trained":
            return super().reweighted(control)
        weights = control.removesuffix("_no_position")
        return replace(self, name=control, weights=weights, positions=weights == control)

    def regime(self, name: str, weights: str) -> Model:
        """The checkpoint under other weights, or another checkpoint."""
        if weights in WEIGHTS:
            return replace(self, name=name, weights=weights)
        place = {"path": weights} if Path(weights).expanduser().is_dir() else {"checkpoint": weights, "path": None}
        return replace(self, name=name, weights="trained", revision=None, **place)

    def untrained(self) -> str:
        """How the weights came about, where not by training."""
        return WEIGHTS[self.weights][1]

    @property
    def weights_word(self) -> str:
        """What the weights are, where not trained."""
        return WEIGHTS[self.weights][0]


def check_card(name: str, card: Card, config: Any) -> None:
    """Refuse a checkpoint of the hub that is not what its card says.

    Args:
        name: Of the model.
        card: Of its option.
        config: Of the checkpoint, transformers' own.

    Raises:
        BrainalignError: Other layers, or another width.
    """
    found, said = (config.num_hidden_layers, config.hidden_size), (card.layers, card.dims)
    if found != said:
        raise BrainalignError(
            f"model {name}: the checkpoint {card.hub} has {found[0]} layers x {found[1]}, but its card in conf/model says {said[0]} x "
            f"{said[1]}; another model of the name is needed, or another model.revision."
        )
