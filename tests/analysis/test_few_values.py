"""One participant with two electrodes: no analysis prints an interval, or a number that there is not."""

import re

import pytest
from hydra import compose, initialize_config_dir

from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.config import check, conf_folder, settle
from brainalign.study.conclusion import conclude

DATA = ["data=simulated_small", "data.subjects=1", "data.electrodes=2", "data.sentences=12", "encoding.outer_folds=3"]
TWO = "model@partner=envelope"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")

    def make(*overrides):
        words = [
            *overrides,
            *DATA,
            "model=mel",
            "encoding.alphas=[10,1000]",
            "stats.permutations=0",
            "ceiling.draws=100",
        ]
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            composed = compose("config", overrides=[*words, f"paths.output={folder}", f"paths.cache={folder}/cache"])
        config = settle(check(composed))
        study = open_study(config, open_dataset(config))
        return config.analysis, study, open_models(config, study)

    return make


@pytest.mark.parametrize(
    "overrides",
    [("analysis=encoding", "model@baseline=envelope"), ("analysis=ceiling",), ("analysis=latency", "window.tmax=0.1"),
     ("analysis=similarity", TWO), ("analysis=variance_partition", TWO)],
    ids=lambda words: words[0].split("=")[1],
)  # fmt: skip
def test_no_interval_and_no_nan_in_what_is_printed(opened, overrides):
    analysis, study, models = opened(*overrides)
    result = analysis.run(study, models)
    told = conclude(result, "", analysis.cannot)
    printed = [*(text for row in told.rows for text in row), told.found, *result.warnings]
    printed += [text for rows in told.more.values() for row in rows for text in row]
    printed += [caption for _, caption in result.figures.values()]
    assert [text for text in printed if re.search(r"\bnan\b|n/a, n/a|\[\S+\d, \S*\d\]", text)] == []
