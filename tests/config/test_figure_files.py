"""The keys of figures: what is right composes, what is wrong gets one sentence, and a run's identity does not know them."""

import pytest
from hydra import compose, initialize_config_dir

from brainalign.config import check, conf_folder
from brainalign.errors import BrainalignError
from brainalign.tracking import identity


def config(*overrides):
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return check(compose("config", overrides=[*overrides, "paths.output=results"]))


def test_formats_and_style_by_choice():
    assert (config().figures.formats, config().figures.style) == (["png", "svg"], "default")
    asked = config("figures.formats=[pdf]", "figures.style=nature").figures
    assert (asked.formats, asked.style) == (["pdf"], "nature")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("figures.formats=[]", "figures.formats=[] holds nothing; name one or more of png, svg, pdf."),
        ("figures.formats=[png,pfd]", "figures.formats='pfd' is unknown; did you mean 'pdf'?"),
        ("figures.style=natur", "figures.style='natur' is unknown; did you mean 'nature'?"),
        ("+figures.format=[png]", "figures.format is no key of figures (kind figures); did you mean 'formats'?"),
    ],
)
def test_what_is_wrong_gets_one_sentence(wrong, sentence):
    with pytest.raises(BrainalignError) as error:
        config(wrong)
    assert str(error.value) == sentence


def test_a_run_is_the_same_whatever_its_figures_look_like():
    first = identity({"seed": 0, "figures": {"style": "nature"}}, "d", {}, "any")
    assert first == identity({"seed": 0}, "d", {}, "any")
