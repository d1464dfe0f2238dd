"""The methods of every analysis tell its own steps, with settings and papers, and nothing that was not done."""

import re

import pytest
from hydra import compose, initialize_config_dir

from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.citations import cited
from brainalign.config import check, conf_folder, settle

DATA = ["data=simulated_small", "data.sentences=12", "data.subjects=3", "data.electrodes=4", "encoding.outer_folds=3"]
PAIR = ("similarity", "variance_partition", "cca", "convergence")
"""Analyses of two models."""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Methods of a run of an analysis, as heading -> paragraph; the data are read once."""
    folder, opened = tmp_path_factory.mktemp("methods"), {}

    def make(analysis, *overrides):
        models = ["model=planted_language", *(["model@partner=planted_speech"] if analysis in PAIR else [])]
        paths = [f"paths.output={folder}", f"paths.cache={folder}/cache"]
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            config = settle(
                check(compose("config", overrides=[f"analysis={analysis}", *DATA, *models, *paths, *overrides]))
            )
        key = (config.data.subjects, config.data.repeated)
        if key not in opened:
            opened[key] = open_dataset(config)
        study = open_study(config, opened[key])
        return dict(config.analysis.methods(config, study, open_models(config, study)))

    return make


@pytest.mark.parametrize(
    ("analysis", "heading", "words", "papers"),
    [
        ("similarity", "Similarity of predictions", ["planted_speech", "onsets", "the pairs of either with mel"], []),
        ("variance_partition", "Variance partition", ["planted_speech and mel", "one of 3 multiples (0.01, 1, 100)"],
         ["deheer2017", "nunezelizalde2019"]),
        ("cca", "Shared and residual spaces", ["planted_speech"], ["hotelling1936"]),
        ("hierarchy", "Preferred layers", ["its score alone", "by shuffling regions"], ["millet2022", "westfall1993"]),
        ("latency", "Latencies", ["one lag at a time", "95% of the whole window's"], []),
    ],
)  # fmt: skip
def test_own_steps(told, analysis, heading, words, papers):
    ratios = ["analysis.ratios=[0.01,1,100]", "analysis.sets=3"] if analysis == "variance_partition" else []
    paragraph = told(analysis, *ratios)[heading]
    assert [w for w in words if w not in paragraph] == []
    assert {entry.split("{")[1].split(",")[0] for entry in cited([paragraph])} == set(papers)


def test_the_whole_of_the_paper_tells_each_part(told):
    parts = told("convergence")
    assert {
        "Similarity of predictions",
        "Shared and residual spaces",
        "What the shared space holds",
        "Variance partition",
    } <= set(parts)
    assert "banded ridge" in parts["Variance partition"]


def test_what_stands_in_a_paper_as_it_is(told):
    parts = told("encoding")
    for paragraph in parts.values():
        assert not re.search(r"\((s|es)\)|\b1 [a-z]+s\b|  |over the family over", paragraph), paragraph
    assert "Student's over participants" in parts["Statistics"] and "sign-flip" in parts["Statistics"]
    assert parts["Statistics"].count("family") == 1


def test_one_layer_is_not_chosen_and_frames_have_no_words(told):
    alone = told("encoding", "model=mel", "model@baseline=envelope")
    assert "layer" not in alone["Selection and scores"] and "word" not in alone["Temporal receptive fields"]
    layered = told("encoding")
    assert "The layer of each electrode" in layered["Selection and scores"]


def test_no_ceiling_and_no_test_over_participants_are_claimed_where_there_are_none(told):
    few = told("encoding", "data.subjects=1", "data.repeated=0")
    assert few["Noise ceilings"] == "No noise ceiling could be estimated, so that scores are raw."
    assert (
        "sign-flip" not in few["Statistics"]
        and "hold for these electrodes only, as there is 1 participant" in few["Statistics"]
    )


def test_tests_that_an_analysis_does_not_make_are_not_told(told):
    assert "contrasts" not in told("hierarchy")["Statistics"]
    assert "Statistics" not in told("latency")
