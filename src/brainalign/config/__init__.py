"""The typed schema of every config group, and the sentences that a misspelled or impossible value gets."""

from brainalign.config.check import check
from brainalign.config.composed import composed
from brainalign.config.location import conf_folder, local_config
from brainalign.config.mode import other, settle
from brainalign.config.settings import Config, FigureFiles

__all__ = ["Config", "FigureFiles", "check", "composed", "conf_folder", "local_config", "other", "settle"]
