"""Cards: what they say is what the option loads."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from brainalign.config import conf_folder
from brainalign.models._checkpoint import Card, check_card

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


DEFAULTS = {
    n: found[1] for n, o in CARDS.items() if (found := re.search(r"default configuration of (\w+)", o.card.source))
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_card_that_names_a_default_configuration_agrees_with_it(name):
    import transformers

    check_card(name, Card(**CARDS[name].card), getattr(transformers, DEFAULTS[name])().get_text_config())


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("minilm", "minilm"),
        ("smollm2_135m", "smollm2_135m"),
        ("whisper_tiny", "whisper_tiny_en"),
        ("whisper_decoder", "whisper_tiny_en"),
    ],
)
def test_a_card_agrees_with_the_trained_checkpoint(name, folder, trained):
    from brainalign.features.checkpoints.checkpoint import Checkpoint

    check_card(name, Card(**CARDS[name].card), Checkpoint(trained / folder, "AutoModel", "").config.get_text_config())


def test_other_files_are_held_neither_to_the_card_nor_to_its_commit():
    from brainalign.config.check import ModelOptions

    own = ModelOptions()("gpt2")
    assert own.card is not None and own.revision == own.card.revision
    other = replace(own, checkpoint="distilbert/distilgpt2")
    assert other.card is None and other.revision is None
    folder = replace(own, path="there")
    assert folder.card is None and folder.revision is None
    named = replace(own, checkpoint="distilbert/distilgpt2", revision="v1")
    assert named.card is None and named.revision == "v1"


def test_every_named_data_set_of_a_paper_has_a_card_and_the_table_is_up_to_date(capsys):
    from brainalign.config.cards import data_cards
    from brainalign.tools import main

    cards = data_cards()
    assert {"podcast_ecog", "lebel_fmri", "narratives_fmri", "meg_masc", "brain_treebank", "alice_fmri"} <= set(cards)
    for card in cards.values():
        assert card.labels is None or len(set(card.labels)) == len(card.labels) == card.subjects
        assert card.licence and card.home and card.source and re.search(r"(19|20)\d\d$", card.short)
    narratives = cards["narratives_fmri"].bad
    assert narratives[:2] == ["001 pieman_run-1", "001 pieman_run-2"] and len(set(narratives)) == 27
    main(["data"])
    assert capsys.readouterr().out == (Path(__file__).parents[2] / "docs" / "data-sets.md").read_text()


def test_a_run_of_a_named_data_set_knows_its_card():
    from brainalign.citations import cited
    from brainalign.config import composed

    card = composed(["data=podcast_ecog", "data.root=x"]).data.card
    assert (card.subjects, card.stimuli, card.hours) == (9, 1, 0.5)
    (entry,) = cited([card.methods])
    assert f"doi = {{{card.doi}}}" in entry
    assert composed(["data=bids", "data.root=x"]).data.card is None


def test_what_the_page_says_that_transformers_lacks_it_lacks():
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    assert "xeus" not in CONFIG_MAPPING_NAMES  # else an option and a card, and the sentence in config/cards.py goes
