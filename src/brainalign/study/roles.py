"""Models: the representations that a run compares, by the part that each plays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation


@dataclass(frozen=True)
class Models:
    """Who plays which part; None where the analysis has no such part or the data do not allow it.

    Attributes:
        model: The model in question.
        partner: What it is compared with.
        baseline: What both must beat.
        lexical, acoustic, contextual: What the shared space is held against (Chen et al. 2024, Fig. 4b); ``contextual`` is the
            language model whose context is left when its words are taken off.
        embedding: The input embedding of ``contextual``: its words without position.
        controls: What the model in question is held against in ``analysis=controls``, by name.
        regimes: The model under other weights, each with a name of its own (``analysis=regimes``, which asks for these alone).

    Example:
        >>> from types import SimpleNamespace  # in place of representations, of which the names alone count here
        >>> model, baseline = SimpleNamespace(name="gpt2"), SimpleNamespace(name="mel")
        >>> [m.name for m in Models(model, baseline=baseline)]
        ['gpt2', 'mel']
    """

    model: Representation
    partner: Representation | None = None
    baseline: Representation | None = None
    lexical: Representation | None = None
    acoustic: Representation | None = None
    contextual: Representation | None = None
    embedding: Representation | None = None
    controls: Mapping[str, Representation] = field(default_factory=dict)
    regimes: Sequence[Representation] = ()

    def __iter__(self) -> Iterator[Representation]:
        """The different representations, in the order of their parts."""
        seen = set()
        named = (
            ()
            if self.regimes
            else [getattr(self, part.name) for part in fields(self) if part.name not in ("controls", "regimes")]
        )
        for found in (*self.regimes, *named, *self.controls.values()):
            if found is not None and found.name not in seen:
                seen.add(found.name)
                yield found

    @property
    def compared(self) -> list[Representation]:
        """Model, partner and baseline, or the regimes in their place: those that are encoded as they are."""
        return list(self.regimes) or [m for m in (self.model, self.partner, self.baseline) if m is not None]

    @property
    def pair(self) -> tuple[Representation, Representation]:
        """Model and partner.

        Raises:
            BrainalignError: There is no partner.
        """
        if self.partner is None:
            raise BrainalignError("model@partner is not set; this analysis compares two models.")
        return self.model, self.partner
