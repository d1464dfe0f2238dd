"""analysis=variance_partition: what each set of features explains alone, and what they explain in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import Bounds
from brainalign.errors import BrainalignError, one_of, within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class VariancePartitionAnalysis(Analysis):
    """Unique and shared variance of two or three models."""

    sets: int
    components: int | None
    ratios: list[float]

    bounds: ClassVar[Bounds] = {"sets": (2, 1000), "components": (1, 100_000), "ratios": (1e-9, 1e9)}
    needs = Needs(bands=True, penalties=True, time=False)
    cannot = "that a set's own part belongs to it alone: a set that took no part may share it"
    main_figure = "variance_partition"

    def __post_init__(self) -> None:
        check_partition(self.sets, self.components, self.ratios)

    def question(self, asked: Asked) -> str:
        """What each explains alone and together."""
        return (
            f"What do {asked.pair} explain alone and what together of the responses of {asked.people} to {asked.heard}?"
        )

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.variance_partition.run.variance_partition`."""
        from brainalign.analysis.variance_partition.run import variance_partition

        return variance_partition(study, models, **self.options)

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """How variance was parted."""
        return [partition_methods(config, models, self.sets, self.components, self.ratios)]

    def own_stages(self, study: Study, models: Models, fitted: Sequence[Probed]) -> list[Stage]:
        """Banded fits of the sets' combinations."""
        return [partition_stage(study, models, fitted, self.sets, self.components, self.ratios)]


def check_partition(sets: int, components: int | None, ratios: Sequence[float]) -> None:
    """Refuse impossible options of a partition.

    Args:
        sets: Number of sets of features.
        components: Of each set, or None.
        ratios: Penalties in units of the first band's.

    Raises:
        BrainalignError: Key, value and what is possible.
    """
    one_of("analysis.sets", sets, (2, 3))  # type: ignore[arg-type]
    if components is not None:
        within("analysis.components", components, 1)
    if not ratios or not all(0 < r < float("inf") for r in ratios):
        raise BrainalignError(f"analysis.ratios={ratios} must be a list of one or more finite numbers above 0.")


def partition_methods(
    config: Config, models: Models, sets: int, components: int | None, ratios: Sequence[float]
) -> tuple[str, str]:
    """How explained variance was parted, as (heading, paragraph).

    Args:
        config: Of the run.
        models: Who plays which role; of a joined model every band is a set.
        sets: How many of them are sets.
        components: Of each set at most, or None.
        ratios: Penalties in units of the first band's.
    """
    from brainalign.features.joined import JoinedRepresentation

    if isinstance(models.model, JoinedRepresentation):
        names = [band.name for band in models.model.bands]
    else:
        third = [models.baseline] if sets == 3 and models.baseline is not None else []
        names = [m.name for m in (*models.pair, *third)]
    penalty = (
        "one penalty for all sets"
        if list(ratios) == [1.0]
        else f"a penalty of each further set that was one of {len(ratios)} multiples ({', '.join(f'{r:g}' for r in ratios)}) of the first's"
    )
    reduced = (
        ""
        if components is None
        else f" Each set was reduced to its first {components} principal components of the training frames."
    )
    searched = (
        " Combinations of sets were solved by conjugate gradients, where small penalties took no part in the choice once the next in "
        "turn had a held-out R² .01 below that of a larger one for every electrode, or after 500 products."
        if config.encoding.solver == "iterative"
        else ""
    )
    of_each = (
        "each set's unique part, which is lost where it is left out, and its Shapley value"
        if len(names) > 3
        else "unique and shared parts by inclusion and exclusion"
    )
    return (
        "Variance partition",
        f"What {', '.join(names[:-1])} and {names[-1]} explain was divided into {of_each} (de Heer et al. 2017). Every set and every "
        f"combination of sets was fitted on the same folds by banded ridge regression (Nunez-Elizalde et al. 2019), with {penalty}; of a "
        "model of several layers that one was taken, in each outer fold, whose inner score was the highest on average."
        f"{reduced}{searched} Parts may be negative and were not clipped.",
    )


def partition_stage(
    study: Study,
    models: Models,
    fitted: Sequence[Probed],
    sets: int,
    components: int | None,
    ratios: Sequence[float],
) -> Stage:
    """Banded fits of all combinations of the first sets.

    Args:
        study: Data, window and folds.
        models: Who plays which role; of a joined model every band is a set.
        fitted: The models, with their widths.
        sets: How many of them are sets.
        components: Of each set at most, or None.
        ratios: Penalties in units of the first band's.
    """
    from brainalign.features.joined import JoinedRepresentation
    from brainalign.stats.partition import subsets
    from brainalign.study.plan import fits

    joined = isinstance(models.model, JoinedRepresentation)
    members = fitted[: len(models.model.bands) if joined else sets]  # type: ignore[attr-defined]
    joint = [some for some in subsets(len(members)) if len(some) > 1]
    reduced = components is not None or study.components is not None
    kept = [min(m.widest, components) if components is not None else m.most for m in members]
    plans = [
        study.plan_banded([members[n].widest for n in some], ratios, kept=[kept[n] for n in some] if reduced else None)
        for some in joint
    ]
    # where every outer fold has layers of its own, no two share a training set without two folds
    alone = any(len(member.widths) > 1 for member in members)
    what = f"fit combinations of {len(members)} sets" + (", at most" if alone else "")
    return fits(study, what, plans, share=2 if alone else 1)
