"""Reader: what every option of ``conf/data`` says of itself, and what is done alike for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds, check_bounds
from brainalign.counts import count
from brainalign.data.card import DataCard, against_card
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass(frozen=True)
class ReadSettings:
    """What a run asks of a reader beside the reader's own options.

    Attributes:
        cache: Folder for what is made once, such as preprocessed recordings and simulated sounds.
        responses: Whether responses of a brain are needed; where they are not, stimuli without participants will do.
    """

    cache: Path
    responses: bool = True


@dataclass
class Reader:
    """One option of ``conf/data``; its fields are the option's keys.

    A subclass gives :meth:`read`. Its class variables hold for all data that it reads. What it imports for reading it imports in
    :meth:`read`, so that a wrong option is told at once.

    Attributes:
        kind: Its name, which is that of its module, or of its entry point.
    """

    kind: str

    simulated: ClassVar[bool] = False
    """Whether the responses are drawn at random; titles and tables say so."""

    timed: ClassVar[bool] = True
    """Whether responses go on in time; else there is one a sentence, and nothing that needs lags can be run."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Modules that must be installed to read."""

    bounds: ClassVar[Bounds] = {}
    """Field -> least and largest value (:mod:`brainalign.bounds`)."""

    def __post_init__(self) -> None:
        check_bounds("data", self)

    @property
    def options(self) -> dict[str, Any]:
        """Its keys but for the kind."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "kind"}

    @property
    def source(self) -> str:
        """Where the data come from, for the record of a run: their folder, or the kind of what simulates them."""
        return getattr(self, "root", None) or self.kind

    def read(self, settings: ReadSettings) -> Dataset:
        """Read or simulate the data set.

        Args:
            settings: Of the run.

        Raises:
            BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
        """
        raise NotImplementedError

    def methods(self, dataset: Dataset) -> str:
        """How the data came about and what was done with them before they were analysed, in whole sentences for a methods section.

        Args:
            dataset: As read.
        """
        return f"{_people(dataset)} (data set {dataset.name}, data.kind={self.kind})."

    def check_installed(self) -> None:
        """Refuse to read without what reading needs.

        Raises:
            BrainalignError: A module of :attr:`requires` is not installed.
        """
        for module in self.requires:
            if find_spec(module) is None:
                raise BrainalignError(
                    f"data.kind={self.kind} needs the Python module {module}, which is not installed."
                )


@dataclass
class Simulator(Reader):
    """A kind of data that is drawn at random; its options are the arguments of its function."""

    simulated: ClassVar[bool] = True

    def methods(self, dataset: Dataset) -> str:
        """That nothing was recorded, and the settings of what was drawn."""
        drawn = ", ".join(f"{key} {value}" for key, value in self.options.items() if value is not None)
        return (
            f"Stimuli and responses were simulated, not recorded ({self.kind}: {drawn}): "
            f"{count(len(dataset.recordings), 'simulated participant')}, {len(dataset.stimuli)} simulated stimuli."
        )


@dataclass
class ArchiveReader(Reader):
    """A kind of data that lies in files under ``root``; preprocessing, the table of stimuli, atlas and card are handled here.

    Attributes:
        atlas: File or name of the atlas that says in which region each channel lies; None: the files do.
        atlas_labels: Table of the names of its labels; None: the one beside it.
        card: What the set is, where it is a published one.
    """

    atlas: str | None = field(default=None, kw_only=True)
    atlas_labels: str | None = field(default=None, kw_only=True)
    card: DataCard | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.atlas is None and self.atlas_labels is not None:
            raise BrainalignError(
                f"data.atlas_labels={self.atlas_labels} does nothing without data.atlas; leave it out."
            )

    def read(self, settings: ReadSettings) -> Dataset:
        """Read the files, then the table that lies beside the stimuli and the atlas, and hold the data against the card."""
        from brainalign.data.atlas.regions import with_atlas
        from brainalign.data.continuous.processed import Processing
        from brainalign.data.stimuli.table import with_stimulus_table

        self.check_installed()
        options = self.options
        for handled in ("card", "atlas", "atlas_labels"):
            del options[handled]
        if "preprocessing" in options:
            steps = options.pop("preprocessing")
            options["processing"] = None if steps is None else Processing(steps, settings.cache)
        dataset = self.read_files(settings, **options)
        root = Path(options["root"]).expanduser()
        stimuli = getattr(options.get("stimuli"), "root", None) or "stimuli"
        dataset = with_stimulus_table(dataset, [root / stimuli, root])
        if self.atlas is not None and dataset.recordings:
            dataset = with_atlas(dataset, self.atlas, self.atlas_labels, root)
        if self.card is None:
            return dataset
        return replace(dataset, notes=(*dataset.notes, *against_card(dataset, self.card, options.get("subjects"))))

    def methods(self, dataset: Dataset) -> str:
        """Which files were read, what was done with each run, and how it was cut."""
        from brainalign.data.preprocessing.methods import preprocessing_methods

        parts = [self.methods_of_files(dataset)]
        if self.card is not None:
            parts.append(self.card.methods)
        if dataset.recordings and (steps := getattr(self, "preprocessing", None)) is not None:
            parts.append(preprocessing_methods(steps, dataset.recordings))
        elif dataset.recordings and hasattr(self, "preprocessing"):
            parts.append("Nothing was filtered or referenced: responses were taken as the files have them.")
        if dataset.recordings and hasattr(self, "baseline"):
            parts.append(f"Presentations were cut by their events, with up to {self.baseline:g} s before each onset.")
        if dataset.recordings and self.atlas is not None:
            named = Path(self.atlas).name
            parts.append(
                f"Regions are those of the atlas {named}: each voxel, vertex or electrode has the label at its place."
            )
        return " ".join(parts)

    def methods_of_files(self, dataset: Dataset) -> str:
        """What was read, in one or more sentences.

        Args:
            dataset: As read.
        """
        return f"{_people(dataset)}: {self.described()} (data set {dataset.name})."

    def described(self) -> str:
        """What the files are, as a methods section calls them; the first words of the class's docstring, unless a reader says more."""
        return (type(self).__doc__ or self.kind).splitlines()[0].split(";")[0].rstrip(".")

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """Read the files alone.

        Args:
            settings: Of the run.
            **options: Of the reader, but for ``card``; ``processing`` in place of ``preprocessing``.
        """
        raise NotImplementedError


def _people(dataset: Dataset) -> str:
    """What was read, as the beginning of a sentence."""
    if not dataset.recordings:
        return f"Data were {count(len(dataset.stimuli), 'stimulus', 'stimuli')} without recordings"
    people = count(len(dataset.recordings), "participant")
    heard = count(sum(len(r.presentations) for r in dataset.recordings), "presentation")
    return f"Data were recordings of {people}, {heard} of {count(len(dataset.stimuli), 'stimulus', 'stimuli')}"
