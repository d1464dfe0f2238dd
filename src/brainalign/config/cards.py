"""The table of models, made of the cards in ``conf/model``."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf

from brainalign.config.location import conf_folder
from brainalign.models import model_kind

_HEAD = """# Models

Written by `brainalign-tools models > docs/models.md` from the cards in `conf/model/`; `python run.py model=NAME` takes one.
Any other checkpoint of these families goes by its hub name (`model.checkpoint=`, `model.revision=`) or folder (`model.path=`).

A model lies on one device (`device=`). One that is larger than that goes by `features.device_map=auto` (`pip install
'brainalign[large]'`): it is divided among all GPUs, then memory, then disk (in `paths.cache`), with the same hidden states; with
`device=cpu` GPUs are left alone. Weights that are drawn anew or shuffled must fit in memory first.

Models run in float32. Of `features.precision=float16` or `bfloat16` every run tells how far the layers lie from float32 on its own
first stimuli, in units of each dimension's spread, and names those beyond 1 %. In `benchmarks/RESULTS.md` (three trained models, real
words and sounds) all layers stay within 1 % in float16, and most do not in bfloat16, which has three bits less.
"""
_COLUMNS = """| model | checkpoint | layers x dims | licence | reference | facts from |
|---|---|---|---|---|---|
"""


def models_table() -> str:
    """Markdown: a table for each kind of model, a row a card.

    Example:
        >>> "| `wav2vec2` | [facebook/wav2vec2-base]" in models_table()
        True
    """
    options = [(f.stem, _content(f)) for f in sorted((conf_folder() / "model").glob("*.yaml"))]
    parts = [_HEAD]
    cards = [(model_kind(o["kind"]).family, name, o["card"]) for name, o in options if o.get("card")]
    for family in sorted({family for family, *_ in cards}):
        parts.append(f"\n## {family.capitalize()}\n\n{_COLUMNS}")
        parts += [_row(name, card) for own, name, card in cards if own == family]
    return "".join(parts)


def _content(file: Any) -> dict[str, Any]:
    found = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    assert isinstance(found, dict)
    return {str(k): v for k, v in found.items()}


def _row(name: str, card: dict[str, Any]) -> str:
    revision = f" @ {card['revision']}" if card["revision"] else ""
    hub = f"[{card['hub']}](https://huggingface.co/{card['hub']}){revision}"
    return f"| `{name}` | {hub} | {card['layers']} x {card['dims']} | {card['licence']} | {card['reference']} | {card['source']} |\n"
