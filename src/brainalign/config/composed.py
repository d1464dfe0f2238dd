"""A config composed outside a run, from the words of a run's command line."""

from __future__ import annotations

from collections.abc import Sequence

from brainalign.config.check import check
from brainalign.config.location import conf_folder
from brainalign.config.sentences import sentence
from brainalign.config.settings import Config
from brainalign.errors import BrainalignError


def composed(overrides: Sequence[str]) -> Config:
    """The config that these words make.

    Args:
        overrides: Such as ``data=folder data.root=PATH``.

    Raises:
        BrainalignError: They name what there is not, or a value that cannot be.
    """
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import open_dict
    from omegaconf.errors import OmegaConfBaseException

    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            found = compose("config", overrides=list(overrides), return_hydra_config=True)
            with open_dict(found):
                hydra = found.pop("hydra")
            return check(found, hydra.runtime.config_sources)
    except (HydraException, OmegaConfBaseException) as error:
        raise BrainalignError(sentence(error, overrides)) from error
