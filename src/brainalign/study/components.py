"""encoding.components: what is refused, and what a run says of it."""

from __future__ import annotations

from brainalign.errors import BrainalignError
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.study.result import AnalysisResult
from brainalign.study.study import Study


def check_components(study: Study, model: Representation) -> None:
    """Refuse more components than the model in question has dimensions; narrower ones beside it are fitted on all of theirs.

    Args:
        study: Whose components.
        model: The model in question; its features are extracted.
    """
    if study.components is None or study.components < 1:
        return
    members = [b.representation for b in model.bands] if isinstance(model, JoinedRepresentation) else [model]
    ends = [(m, n) for m in members for n in {m.layers[0], m.layers[-1]}]
    enough(study.components, model.name, max(next(iter(m.rows(n).values())).values.shape[1] for m, n in ends))


def enough(components: float | None, name: str, widest: int) -> None:
    """Refuse more components than there are dimensions.

    Args:
        components: As asked for.
        name: Of what they are taken.
        widest: Its dimensions.

    Raises:
        BrainalignError: There are fewer dimensions.
    """
    if components is not None and components > widest:
        raise BrainalignError(
            f"encoding.components={components:g}, but {name} has {widest} dimensions at most; give {widest} or fewer, a share of the "
            "variance such as .95, or null for all."
        )


def add_components(result: AnalysisResult, study: Study) -> None:
    """Say in the summary how many components the fits of each model were made on.

    Args:
        result: Of the run.
        study: After its fits.
    """
    for name, counts in study.kept.items():
        low, high = min(counts), max(counts)
        told = f"{low}" if low == high else f"{low} to {high}"
        result.tell(TOPIC, f"{name}: principal components, of each training set and layer", told)


TOPIC = "Principal components (encoding.components)"
