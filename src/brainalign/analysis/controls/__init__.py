"""analysis=controls: how much of a model's score is reached by what lacks what the model is said to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.analysis.controls.kinds import FEATURES, SPLITS, left_out
from brainalign.errors import BrainalignError, one_of
from brainalign.labels import content

if TYPE_CHECKING:
    from brainalign.assembly import Opener
    from brainalign.config import Config
    from brainalign.features.representation import Representation
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study

CONTROLS = (*FEATURES, "presentation", "shuffled")
"""What a model's score is held against: representations without something that the model has, and two splits that leak."""


@dataclass
class ControlsAnalysis(Analysis):
    """How much of the model's score each control reaches."""

    controls: list[str]

    needs = Needs(baseline=False)
    cannot = (
        "that what no control explains is what the model was trained for: a control that was not run may explain it"
    )
    main_figure = "control_shares"

    def __post_init__(self) -> None:
        for control in self.controls:
            one_of("analysis.controls", control, CONTROLS)
        if not self.controls:
            raise BrainalignError(f"analysis.controls=[] holds nothing; name one or more of {', '.join(CONTROLS)}.")

    def question(self, asked: Asked) -> str:
        """How much is reached without what the model is said to have."""
        return (
            f"How much of what {asked.models[0]} predicts of the responses of {asked.people} to {asked.heard} is reached without what "
            "the model is said to have?"
        )

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.controls.run.controls`."""
        from brainalign.analysis.controls.run import controls

        return controls(study, models, **self.options)

    def more_models(self, opener: Opener, model: Representation) -> Mapping[str, Any]:
        """The controls that the data and the model allow; of each of the others a note says why it is left out."""
        found: dict[str, Representation] = {}
        for control in self.controls:
            if control in SPLITS:
                continue
            try:
                twin = opener.control(control)
                if content(twin) == content(model):
                    raise BrainalignError("it is the model in question itself.")
            except BrainalignError as error:
                opener.study.notes.append(left_out(control, error))
                continue
            found[control] = twin
        taken = {*found, *(f"split {kind}{of}" for kind in SPLITS for of in ("", " oasm"))}
        if model.name in taken:
            raise BrainalignError(
                f"model.name={model.name!r} is the name of a control that the model is held against, which would mix their rows; "
                "choose another model.name."
            )
        return {"controls": found}

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """How a control's share is had."""
        named = f" ({', '.join(models.controls)})" if models.controls else ""
        told = (
            f"Each control{named} went through the same fit on the same folds as {models.model.name}; under other splits the model was "
            "fitted anew. A control's share is the sum of its scores over the sum of the model's, with Student's interval over the "
            "jackknife by participants (by electrodes where there are fewer than three participants); it is not given where the lower "
            "end of the model's own 90 % interval is below a quarter of its score."
        )
        return [("Controls", told)]

    def stages_of(self, study: Study, models: Models, probed: Probed) -> list[Stage]:
        """Fits under the splits that leak."""
        from brainalign.study.plan import fit_stage

        if probed.model not in (models.model, models.controls.get("oasm")):
            return []
        return [fit_stage(study, probed, under=split) for split in self.controls if split in SPLITS]
