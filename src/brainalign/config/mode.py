"""The one switch between the sound reading and the published one: what every ``auto`` stands for under each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from brainalign.config.settings import Config

READINGS: dict[str, dict[str, dict[str, Any]]] = {
    "sound": {
        "stats": {"score": "r2", "rule": "nested", "test": "sign_flip"},
        "encoding": {"split": "auto"},
        "analysis": {"fit": "cross_fitted"},
        "features": {"begin": "auto"},
    },
    "paper": {
        "stats": {"score": "r2_pearson", "rule": "max", "test": "paired_t"},
        "encoding": {"split": "presentation"},
        "analysis": {"fit": "in_sample"},
        "features": {"begin": "none"},
    },
}
"""Mode -> group -> key -> what ``auto`` becomes. The paper's values are those of Chen et al. 2024: presentations split as if each
were a sentence, CCA fitted on all of them, squared Pearson r, the best layer on the scored data, t-tests over pooled electrodes,
texts that begin with their first word. (In the sound reading ``features.begin`` stays ``auto``: it hangs on each tokenizer.)"""


def settle(config: Config) -> Config:
    """The config with every ``auto`` that hangs on the mode replaced; what the user set stays.

    Args:
        config: Of the run, typed.
    """
    groups = {}
    for group, keys in READINGS[config.mode].items():
        options = getattr(config, group)
        chosen = {key: value for key, value in keys.items() if getattr(options, key, None) == "auto"}
        if group == "encoding" and options.test is not None:
            chosen.pop("split", None)  # a fixed test set is its own split, under either reading
        groups[group] = replace(options, **chosen)
    stats = groups["stats"]
    if stats.correction == "auto":
        groups["stats"] = replace(stats, correction="max" if stats.test == "sign_flip" else "bonferroni")
    return replace(config, **groups)


def other(config: Config) -> Config:
    """The config under the other mode, before any ``auto`` is settled."""
    return replace(config, mode="paper" if config.mode == "sound" else "sound")
