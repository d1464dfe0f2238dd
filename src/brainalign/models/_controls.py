"""Controls of a model: what its score is worth without what it has learned, or without the order of its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor

REWEIGHTED = ("untrained", "untrained_no_position", "rerandomized")
"""Controls that are the model's own architecture with other weights."""


def control_of(model: Model, control: str, settings: Settings, dataset: Dataset) -> Extractor:
    """The extractor of a control of the model in question, under the control's own name.

    Args:
        model: In question.
        control: ``untrained``, ``untrained_no_position``, ``rerandomized``, ``shuffled_words``, or an option of ``conf/model``.
        settings: Of the run.
        dataset: Whose stimuli it is for.

    Raises:
        BrainalignError: The model has nothing of what the control takes away, or the data lack what the control needs.
    """
    if control in REWEIGHTED:
        return model.reweighted(control).extractor(settings, dataset)
    if control == "shuffled_words":
        return model.shuffled(settings, dataset, settings.seed, control)
    return settings.option(control).extractor(settings, dataset)
