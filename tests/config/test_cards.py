"""Cards: what they say is what the option loads."""

import pytest
from omegaconf import OmegaConf

from brainalign.config import conf_folder

OPTIONS = {f.stem: OmegaConf.load(f) for f in (conf_folder() / "model").glob("*.yaml")}
CARDS = {name: option for name, option in OPTIONS.items() if option.get("card")}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_of_its_option(name):
    option = CARDS[name]
    assert option.name == name
    assert option.card.hub == option.checkpoint and option.card.revision == option.revision
    assert option.card.layers > 0 and option.card.dims > 0 and option.card.licence and option.card.reference


def test_every_option_with_a_checkpoint_of_its_own_has_a_card():
    assert {n for n, o in OPTIONS.items() if o.get("checkpoint") and o.kind not in ("surprisal", "embedding")} == set(
        CARDS
    )
