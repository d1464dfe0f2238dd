"""Models, one kind a file: its options, what it needs of the data, and its extractor. ``Model`` is what a kind of your own begins with."""

from brainalign.models._base import Model, Settings
from brainalign.models._checkpoint import Card, CheckpointModel
from brainalign.models._controls import control_of
from brainalign.models._kinds import lacking, model_kind

__all__ = ["Card", "CheckpointModel", "Model", "Settings", "control_of", "lacking", "model_kind"]
