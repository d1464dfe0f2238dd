"""The tables of models and of public data sets, made of the cards in ``conf/model`` and ``conf/data``."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf

from brainalign.config.location import conf_folder
from brainalign.data.card import DataCard
from brainalign.models import model_kind

_HEAD = """# Models

Written by `brainalign-tools models > docs/models.md` from the cards in `conf/model/`; `python run.py model=NAME` takes one.
Any other checkpoint of these families goes by its hub name (`model.checkpoint=`, `model.revision=`) or folder (`model.path=`).

A model lies on one device (`device=`). One that is larger than that goes by `features.device_map=auto` (`pip install
'brainalign[large]'`): it is divided among all GPUs, then memory, then disk (in `paths.cache`), with the same hidden states; with
`device=cpu` GPUs are left alone. Weights that are drawn anew or shuffled must fit in memory first.

No GPU was at hand where this release was made: its tests divide models between memory and disk and hold which devices are chosen, but
`device=cuda`, `device=mps` and a division among GPUs were never run. Before relying on one, extract a few stimuli there and with
`device=cpu` (`analysis=extract`), and compare.

Models run in float32. Of `features.precision=float16` or `bfloat16` every run tells how far the layers lie from float32 on its own
first stimuli, in units of each dimension's spread, and names those beyond 1 %. In `benchmarks/RESULTS.md` (three trained models, real
words and sounds) all layers stay within 1 % in float16, and most do not in bfloat16, which has three bits less.

XEUS is no option: transformers 5.23 has no such architecture. What ESPnet computes with it goes by `model=features`
([own-features.md](own-features.md)).
"""
_MODELS = """| model | checkpoint | layers x dims | licence | reference | facts from |
|---|---|---|---|---|---|
"""

_DATA_HEAD = """# Public data sets

Written by `brainalign-tools data > docs/data-sets.md` from the cards in `conf/data/`; `python run.py data=NAME data.root=FOLDER` reads one.
A run of it cites the paper in its Methods and `references.bib`, and `brainalign-tools validate` and every run say what of it is missing
against its card: participants, stimuli, hours. `brainalign-tools fetch NAME --to FOLDER` gets those that are marked
([your-data.md](your-data.md#get-a-public-data-set)). What stands as *not checked* nobody has looked up: see its home.

| data set | reference | published | licence | home | left out by its authors | fetch | facts from |
|---|---|---|---|---|---|---|---|
"""


def models_table() -> str:
    """Markdown: a table for each kind of model, a row a card.

    Example:
        >>> "| `wav2vec2` | [facebook/wav2vec2-base]" in models_table()
        True
    """
    parts = [_HEAD]
    cards = [(model_kind(option["kind"]).family, name, option["card"]) for name, option in _carded("model")]
    for family in sorted({family for family, *_ in cards}):
        parts.append(f"\n## {family.capitalize()}\n\n{_MODELS}")
        parts += [_row(name, card) for own, name, card in cards if own == family]
    return "".join(parts)


def data_table() -> str:
    """Markdown: a row a card.

    Example:
        >>> "| `podcast_ecog` | Zada et al. 2025" in data_table()
        True
    """
    return _DATA_HEAD + "".join(_data_row(name, card) for name, card in data_cards().items())


def data_cards() -> dict[str, DataCard]:
    """Option of ``conf/data`` -> its card, of those that have one.

    Example:
        >>> data_cards()["podcast_ecog"].subjects
        9
    """
    schema = OmegaConf.structured(DataCard)
    return {name: OmegaConf.to_object(OmegaConf.merge(schema, option["card"])) for name, option in _carded("data")}  # type: ignore[misc]


def _carded(group: str) -> list[tuple[str, dict[str, Any]]]:
    """The options of a group that have a card: name and content."""
    options = [(f.stem, _content(f)) for f in sorted((conf_folder() / group).glob("*.yaml"))]
    return [(name, option) for name, option in options if option.get("card")]


def _content(file: Any) -> dict[str, Any]:
    found = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    assert isinstance(found, dict)
    return {str(k): v for k, v in found.items()}


def _row(name: str, card: dict[str, Any]) -> str:
    revision = f" @ {card['revision']}" if card["revision"] else ""
    hub = f"[{card['hub']}](https://huggingface.co/{card['hub']}){revision}"
    return f"| `{name}` | {hub} | {card['layers']} x {card['dims']} | {card['licence']} | {card['reference']} | {card['source']} |\n"


def _data_row(name: str, card: DataCard) -> str:
    doi = f", [doi:{card.doi}](https://doi.org/{card.doi})" if card.doi else ""
    home = f"<{card.home}>" if card.home.startswith("http") else card.home
    bad = ", ".join(card.bad or ()) or "none known"
    cells = [
        f"`{name}`",
        card.reference + doi,
        card.counts,
        card.licence,
        home,
        bad,
        "yes" if card.places else "no",
        card.source,
    ]
    return f"| {' | '.join(cells)} |\n"
