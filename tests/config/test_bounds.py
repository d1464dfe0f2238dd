"""Every number of every schema has bounds, and any value of any key of conf/ is refused in one sentence or can be run."""

import math
import random
import sys
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from itertools import zip_longest
from typing import get_args, get_type_hints

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from brainalign import experiment
from brainalign.bounds import bounds_of, numbers
from brainalign.config import composed, conf_folder
from brainalign.config.settings import FIXED
from brainalign.errors import BrainalignError
from brainalign.registry import kind_of, kinds

check_module = sys.modules["brainalign.config.check"]  # the package has a function of this name
KINDS = {group: {k: kind_of(group, k) for k in kinds(group)} for group in ("data", "model", "analysis")}
ALWAYS = (0, -1, math.nan, math.inf, "text", [])
VALUES = (10**20, 10**400, 1e20, -1e20, -math.inf, "", None, True)


def numeric_fields(kind, prefix):
    """Each field that may hold a number, and whether its class says between what."""
    own = bounds_of(kind)
    for name in (field.name for field in fields(kind)):
        hint = get_type_hints(kind)[name]
        parts = (hint, *get_args(hint), *(a for h in get_args(hint) for a in get_args(h)))
        if any(is_dataclass(p) for p in parts):
            yield from numeric_fields(next(p for p in parts if is_dataclass(p)), f"{prefix}.{name}")
        elif {int, float} & set(parts):
            yield f"{prefix}.{name}", name in own


def test_every_number_has_bounds():
    groups = {group: list(known.values()) for group, known in KINDS.items()} | {g: [kind] for g, kind in FIXED.items()}
    found = [one for group, classes in groups.items() for kind in classes for one in numeric_fields(kind, group)]
    assert len(dict(found)) > 80
    assert [key for key, has in found if not has] == []


def options(group):
    """One option of a group for each of its kinds."""
    found = {}
    for file in sorted((conf_folder() / group).glob("*.yaml")):
        kind = OmegaConf.load(file).get("kind")
        if kind is not None and not (group == "model" and file.stem == "auto"):
            found.setdefault(kind, file.stem)
    return found.values()


def composed_options():
    """Group -> composed configs that together have all its keys; one composition, which takes long, is asked for an option of each."""
    groups = ("data", "model", "analysis")
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        for together in zip_longest(*map(options, groups)):
            words = {group: f"{group}={option}" for group, option in zip(groups, together, strict=True) if option}
            try:
                config = compose("config", overrides=[*words.values()])
                yield from ((group, config) for group in words)
            except HydraException:  # an option that needs others
                for group, word in words.items():
                    with suppress(HydraException):  # its schema is fuzzed where they are
                        yield group, compose("config", overrides=[word])
        yield None, compose("config", overrides=["analysis=encoding"])


def leaves(node, prefix=""):
    for key in node:
        value = node._get_node(key)
        if isinstance(value, DictConfig) and not value._is_none() and not value._is_missing() and len(value):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def one_changed(config, key, value):
    """The typed group of a key under another value; only that group is checked."""
    group = key.split(".")[0]
    one = OmegaConf.create({group: OmegaConf.to_container(config[group])})
    OmegaConf.update(one, key, value, force_add=True)
    kind = KINDS[group][config[group].kind] if group in KINDS else FIXED[group]
    return check_module._typed(one, group, kind)


NONE_IS_FINE = {"analysis.runs", "analysis.experiments", "analysis.sentences", "figures.own"}
"""What may be an empty list: what is beside something else, or looked for by a query."""


def test_any_value_of_any_key_is_refused_in_one_sentence_or_finite_and_within_its_bounds():
    seen, tried, some = set(), 0, random.Random(1)
    for group, config in composed_options():
        OmegaConf.resolve(config)
        groups = [group] if group else [*FIXED]
        for key in (k for g in groups for k in leaves(config[g], f"{g}.")):
            if key in seen or key.endswith(".kind"):
                continue
            seen.add(key)
            for value in (*ALWAYS, *some.sample(VALUES, 1)):
                tried += 1
                try:
                    found = one_changed(config, key, value)
                    assert value != [] or key in NONE_IS_FINE, key
                except BrainalignError as error:
                    assert "\n" not in str(error) and 10 < len(str(error)) < 800, (key, value, str(error))
                    continue
                assert not isinstance(value, float) or math.isfinite(value), (key, value)
                for dotted, number, (low, high) in numbers(key.split(".")[0], found):
                    assert low <= number <= high, (key, value, dotted, number)
    assert tried > 1000


SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=3", "data.sentences=8", "data.repeated=2", "data.repeats=2",
    "model=envelope", "stats.permutations=0", "encoding.outer_folds=3", "encoding.alphas=[100]", "window.tmax=0.04",
    "ceiling.draws=100", "tracking.uri=offline",
)  # fmt: skip
OF_A_RUN = ("data", "model", "features", "window", "encoding", "ceiling", "electrodes", "stats")
DEAR = 1000
"""Larger counts are accepted and take long: what a plan is for."""


def test_a_sample_of_what_is_accepted_ends_well_or_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = composed([*SMALL, f"paths.output={tmp_path}"])
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        plain = compose("config", overrides=[*SMALL, f"paths.output={tmp_path}"])
    OmegaConf.resolve(plain)
    pool = []
    for key in (k for g in OF_A_RUN for k in leaves(plain[g], f"{g}.") if not k.endswith((".kind", ".name", "path"))):
        for value in (*ALWAYS, *VALUES, 1, 2, 0.5):
            try:
                found = one_changed(plain, key, value)
            except BrainalignError:
                continue
            group = key.split(".")[0]
            if found != getattr(base, group) and not (isinstance(value, int | float) and value > DEAR):
                pool.append((key, value, replace(base, **{group: found})))
    assert len(pool) > 30
    for n, (key, value, found) in enumerate(random.Random(0).sample(pool, 4)):
        try:
            result = experiment.run(found, tmp_path / f"run{n}")
        except BrainalignError as error:
            assert "\n" not in str(error), (key, value, str(error))
        else:
            assert result is not None, (key, value)


@pytest.mark.parametrize("words", ["paths.output=", "paths.output=null", "paths.cache=''", "paths.output=' '", "model.name=''",
    "model.name=' x'", "model.name='0'", "model.name=intercept\\ only", "model.layers=[true]", "window.tmax=1e400", "seed=true",
    "data.mixture={acoustic:inf}", "data.mixture={acoustic:text}", "encoding.alphas=[1e-300]", "data.seed=-3", "data.seed=4294967296",
    "stats.permutations=.nan"])  # fmt: skip
def test_refused_in_one_sentence_that_names_the_key(words):
    with pytest.raises(BrainalignError) as caught:
        composed([words])
    assert words.split("=")[0].split(".")[-1] in str(caught.value) and "\n" not in str(caught.value)


def test_nothing_is_written_where_the_folder_is_empty_text(tmp_path, monkeypatch):
    from brainalign.sweep import SweepParent

    with pytest.raises(SystemExit, match=r"paths\.output='' is no folder"):
        SweepParent().on_run_start(OmegaConf.create({"paths": {"output": "", "cache": "x"}}))
