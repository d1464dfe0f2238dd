"""What every kind of model says of itself, and the settings of a run with which it becomes an extractor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import LAYERS, Bounds
from brainalign.errors import BrainalignError
from brainalign.features.settings import FeatureSettings
from brainalign.notes import limits

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor
    from brainalign.features.representation import Representation


SAID = ("untrained", "random", "shuffled")
"""Words in a model's own name that say that its weights know nothing."""


@dataclass(frozen=True)
class Settings:
    """What of a run's config an extractor may need besides its model's own options.

    Attributes:
        features: How representations are taken from models.
        seed: Of weights that are drawn at random, and of shuffled words.
        device: Where models run, as asked for: ``cpu``, ``cuda``, ``mps`` or ``auto``.
        cache: Folder of what is computed once.
        option: From the name of an option of ``conf/model``, and keys to change, to its model.
    """

    features: FeatureSettings
    seed: int
    device: str
    cache: Path
    option: Callable[..., Model]

    @property
    def model_device(self) -> str:
        """The device that a model runs on, ``auto`` settled."""
        from brainalign.linalg.arithmetic import Arithmetic

        return str(Arithmetic(self.device).model_device())

    def represented(self, extractor: Extractor, dataset: Dataset) -> Representation:
        """What an extractor makes of the data set's stimuli, kept in the cache.

        Args:
            extractor: Of any model.
            dataset: Whose stimuli it is for.
        """
        from brainalign.features.cache import FeatureCache
        from brainalign.features.representation import Representation

        cache = FeatureCache(self.cache, self.features.dtype)
        return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, cache)

    def clipped(self, extractor: Extractor) -> Extractor:
        """Hidden states with values far from the others of their row brought back, where ``features.clip`` asks for it.

        Args:
            extractor: Of hidden states.
        """
        from brainalign.features.clip import ClippedExtractor

        return extractor if self.features.clip is None else ClippedExtractor(extractor, self.features.clip)


@dataclass
class Model:
    """What every kind of model has; a subclass adds its options and its extractor.

    Attributes:
        kind: Its name, which is that of its module.
        name: As it stands in tables and figures.
        layers: ``all`` (0..n), or a list of layer numbers (0 = input embedding; -1 = a speech model's convolutions).
        family: What ``analysis=describe`` and the table of models call models of its kind; empty = they do not tell of it.
        needs: Of the stimuli: ``sound``, ``words``, ``phones``.
        partner: The option of ``conf/model`` that ``model@partner=auto`` stands for beside it; None = no partner.
        contextual: Whether it reads words and has an input embedding, so that ``model@contextual=auto`` may mean it.
        joined: Whether it is several feature sets, each with a penalty of its own.
        automatic: Whether it stands for a choice that is made when the other models and the data are known.
    """

    kind: str
    name: str
    layers: Any

    bounds: ClassVar[Bounds] = {"layers": LAYERS}

    family: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()
    partner: ClassVar[str | None] = "wav2vec2"
    contextual: ClassVar[bool] = False
    joined: ClassVar[bool] = False
    automatic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        fine = self.layers == "all" or (
            isinstance(self.layers, list) and self.layers and all(type(n) is int and n >= -1 for n in self.layers)
        )
        if not fine:
            raise BrainalignError(
                f"model.layers={self.layers!r} must be 'all' or a list of layer numbers such as [0,6,12]."
            )

    @property
    def chosen_layers(self) -> list[int] | None:
        """Layer numbers; None = all."""
        return None if self.layers == "all" else list(self.layers)

    @classmethod
    def lacks(cls, dataset: Dataset) -> str:
        """Why a data set does not allow models of this kind; empty where it does.

        Args:
            dataset: As read.
        """
        for what in cls.needs:
            count = sum(not _present(stimulus, what) for stimulus in dataset.stimuli.values())
            if count:
                return f"{count} of {len(dataset.stimuli)} stimuli have no {what}."
        return ""

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """What turns stimuli into this model's representation of them.

        Args:
            settings: Of the run.
            dataset: Whose stimuli it is for.

        Raises:
            BrainalignError: A checkpoint or a file that is missing or of another kind.
        """
        raise NotImplementedError(f"{type(self).__name__} has no extractor")

    def represent(self, settings: Settings, dataset: Dataset) -> Representation:
        """This model's representation of the data set's stimuli, checked but not yet extracted.

        Args:
            settings: Of the run.
            dataset: Whose stimuli it is for.

        Raises:
            BrainalignError: As :meth:`extractor`; a layer that is not there, or a stimulus that lacks what is needed.
        """
        extractor = self.extractor(settings, dataset)
        lost = [n for n in self.chosen_layers or () if n not in extractor.layers]
        if lost:
            raise BrainalignError(
                f"model.layers={self.layers}: {self.name} has no layer {lost[0]}; it has {list(extractor.layers)}."
            )
        found = settings.represented(extractor, dataset)
        found.name = self.label
        if told := self._read_by(settings).untrained():
            found.notes.append(
                limits(
                    f"{self.label}: {told}; what it scores is not what a trained model knows.",
                    "that trained weights would score as these untrained ones do",
                )
            )
        return found

    def _read_by(self, settings: Settings) -> Model:
        """The model whose weights these are: another one where this is a control of it."""
        return self

    def check_options(self, option: Callable[..., Model]) -> None:
        """Refuse options that name other models which are none, before any work starts.

        Args:
            option: From the name of an option of ``conf/model``, and keys to change, to its model.
        """

    def check_at_hand(self, option: Callable[..., Model]) -> None:
        """Look for the files that the model needs, or fetch them, before data are read, which may take long.

        Args:
            option: As for :meth:`check_options`.

        Raises:
            BrainalignError: A checkpoint is neither there nor to be had.
        """

    def embedding(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The input embedding of a language model: its words, without position or context.

        Args:
            settings: Of the run.
            dataset: Whose stimuli it is for.

        Raises:
            BrainalignError: The model reads no words.
        """
        raise BrainalignError(
            f"model@contextual={self.name} has no words to take off its context; name a language model such as gpt2."
        )

    def shuffled(self, settings: Settings, dataset: Dataset, seed: int, name: str) -> Extractor:
        """The same model, reading each stimulus's words in a random order.

        Args:
            settings: Of the run.
            dataset: Whose stimuli it is for.
            seed: Of the orders.
            name: As it stands in tables.

        Raises:
            BrainalignError: It reads no words.
        """
        from brainalign.features.words.controls import ShuffledWords

        return ShuffledWords(self.extractor(settings, dataset), seed, name)

    def reweighted(self, control: str) -> Model:
        """The same architecture with weights that know nothing, under the control's own name.

        Args:
            control: ``untrained``, ``untrained_no_position`` or ``rerandomized``.

        Raises:
            BrainalignError: The model has no trained weights.
        """
        raise BrainalignError(f"model {self.name} has no trained weights that could be drawn anew or shuffled.")

    def regime(self, name: str, weights: str) -> Model:
        """The model under the weights of one regime.

        Args:
            name: Of the regime, in tables and figures.
            weights: ``trained``, ``untrained`` or ``rerandomized``: those of the model's own checkpoint; else a folder or a hub name.

        Raises:
            BrainalignError: The model has no weights, or cannot be given another checkpoint.
        """
        raise BrainalignError(
            f"analysis.regimes: model={self.name} has no weights to replace; name a checkpoint such as wav2vec2, or planted_cascade."
        )

    def untrained(self) -> str:
        """That the weights are not those of a training, and how they came about; empty where they are, or where there are none."""
        return ""

    @property
    def weights_word(self) -> str:
        """What the weights are in a word, where no training made them: ``untrained``, ``re-randomised``; else empty."""
        return ""

    @property
    def label(self) -> str:
        """As it stands in tables, legends and sentences: the name, with the weights where no training made them.

        A name that says it itself (``untrained``, as controls are called) stays.
        """
        word = self.weights_word
        told = not word or any(part in self.name.lower() for part in (word, *SAID))
        return self.name if told else f"{self.name} {word}"


def _present(stimulus: Any, what: str) -> bool:
    if what == "sound":
        return stimulus.audio is not None
    return not (stimulus.timed_words if what == "words" else stimulus.phones).empty
