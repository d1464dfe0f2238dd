"""An option of a lab's own config folder or package is a band, a partner, a baseline and a control like one of ours."""

import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from brainalign import experiment
from brainalign.config import composed
from brainalign.config.check import ModelOptions
from brainalign.errors import BrainalignError
from brainalign.sweep import words

MODEL = '''
from dataclasses import dataclass

from brainalign.models.mel import Mel


@dataclass
class Wide(Mel):
    """A spectrogram."""
'''
SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=3", "data.sentences=12", "encoding.outer_folds=3",
    "encoding.alphas=[100]", "window.tmax=0.04", "stats.permutations=0", "tracking.uri=offline",
)  # fmt: skip


@pytest.fixture
def lab(installed, tmp_path):
    """The words of a command with a package's options and a folder's."""
    conf = {
        "wide": "defaults: [mel, _self_]\nkind: ourbands.wide:Wide\nname: wide\nn_mels: 6\n",
        "wider": "defaults: [wide, _self_]\nname: wider\nn_mels: 9\n",
        "mel": "defaults: [no_such_option]\n",  # ours comes first, as in Hydra
        "itself": "defaults: [circle]\n",
        "circle": "defaults: [itself]\n",
        "broken": "kind: [\n",
        "list": "[1, 2]\n",
    }
    files = {f"conf/model/{name}.yaml": text for name, text in conf.items()}
    installed("ourbands", {"wide.py": MODEL} | files)
    folder = tmp_path / "folder" / "model"
    folder.mkdir(parents=True)
    (folder / "louder.yaml").write_text("defaults: [envelope, _self_]\nname: louder\n")
    return [
        *SMALL,
        f"hydra.searchpath=[pkg://ourbands.conf,file://{folder.parent}]",
        "allow=[ourbands]",
        f"paths.output={tmp_path}",
    ]


def test_bands_of_a_lab_run_beside_ours(lab, tmp_path):
    of = "model.of={wide: {option: wide, n_mels: 2}, finer: {option: wider, n_mels: 3}, louder: louder, words: word_rate}"
    config = composed([*lab, "model=joined", of, "model.ratios=[1]", "~model@baseline"])
    assert not GlobalHydra.instance().is_initialized()  # what follows knows where to look without it
    fits = experiment.run(config, tmp_path / "run").tables["scores"]
    assert set(fits["model"]) == {"joined"} and fits["r2"].notna().all()
    bands = config.model._models(config.option)
    assert [(type(m).__name__, m.name) for m in bands.values()] == [
        ("Wide", "wide"), ("Wide", "finer"), ("Envelope", "louder"), ("WordRate", "words"),
    ]  # fmt: skip
    assert (bands["wide"].n_mels, bands["finer"].n_mels) == (2, 3)
    assert "option" not in config.values() and composed([*SMALL]).option("mel").name == "mel"


def test_it_is_partner_baseline_and_control(lab, tmp_path):
    config = composed([*lab, "model=mel", "analysis=cca", "model@partner=louder", "model@baseline=wider"])
    assert (config.partner.name, config.baseline.n_mels) == ("louder", 9)
    shuffled = composed([*lab, "model=shuffled_words", "model.of=wider"])
    assert shuffled.option("wider").name == "wider" and shuffled.option("mel").name == "mel"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("wiider", "model.of.own: model 'wiider' is no option of conf/model; did you mean 'wider'?"),
        ("itself", "circle.yaml begins from itself (defaults)"),
        ("broken", "broken.yaml cannot be read as YAML"),
        ("list", "list.yaml must hold keys with values"),
        ("{option: wide, n_mles: 3}", "model.of.own.n_mles is no key of model (kind ourbands.wide:Wide); did you mean 'n_mels'?"),
    ],
)  # fmt: skip
def test_what_is_no_band_is_told_before_the_run(lab, option, said):
    with pytest.raises(BrainalignError) as caught:
        composed([*lab, "model=joined", f"model.of={{own: {option}, mel: mel}}"])
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_class_that_the_config_does_not_allow_is_no_band_either(lab):
    with pytest.raises(
        BrainalignError, match="model.of.own.kind=ourbands.wide:Wide is code of the package ourbands, which"
    ):
        composed([*lab, "allow=[]", "model=joined", "model.of={own: wide, mel: mel}"])


def test_without_a_search_path_the_options_are_ours():
    assert ModelOptions()("mel", n_mels=8).n_mels == 8
    with pytest.raises(BrainalignError, match="model 'wide' is no option of conf/model"):
        ModelOptions()("wide")


def test_the_command_that_repeats_a_run_names_where_its_options_are():
    runtime = OmegaConf.create({"config_sources": [{"path": "/lab", "schema": "file", "provider": "command-line"}]})
    given = {"hydra": ["hydra.searchpath=[pkg://ourbands.conf]", "hydra.run.dir=x"], "task": ["model=wide"]}
    hydra = OmegaConf.create({"runtime": runtime, "overrides": given})
    assert words(hydra) == ["--config-dir=/lab", "hydra.searchpath=[pkg://ourbands.conf]", "model=wide"]
