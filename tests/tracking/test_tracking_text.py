"""Names that MLflow takes, plain values, and nothing private in them."""

import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.tracking.metrics import settle
from brainalign.tracking.text import flatten, plain, scrub, valid_name, valid_names


@settings(deadline=None)
@given(st.text(alphabet=string.printable + "éß東²−>/..", max_size=400))
def test_mlflow_takes_every_name(name):
    from mlflow.utils.validation import _validate_metric_name, _validate_param_name

    assert len(valid_name(name)) <= 250
    _validate_metric_name(valid_name(name))
    _validate_param_name(valid_name(name))
    assert valid_name(valid_name(name)) == valid_name(name)


@pytest.mark.parametrize(
    "name", ["r2/mean", "region/STG/r2_normalized/mean", "test/gpt2 - mel/STG/p", "cca/held_out/1"]
)
def test_names_of_the_design_stay(name):
    assert valid_name(name) == name


def test_a_name_does_not_begin_with_two_dots_and_keeps_its_difference():
    assert [valid_name(name) for name in ("..0", "...", "../r", "a/..0", ".0")] == ["_0", "_", "r", "a/..0", ".0"]
    found = valid_names(["..0/r", "_0/r"])
    assert found["_0/r"] == "_0/r" and found["..0/r"].startswith("0-") and len(set(found.values())) == 2


@settings(deadline=None)
@given(st.lists(st.text(alphabet="aA+?/. _$", max_size=6), unique=True, max_size=8))
def test_no_two_metrics_become_one(names):
    found = settle({f"region/{name}/r": float(n) for n, name in enumerate(names)}).scalars
    assert sorted(found.values()) == list(range(len(names)))
    assert all(valid_name(name) == name for name in found)


def test_long_names_keep_their_difference():
    found = valid_names(["region/" + "x" * 300 + "/r", "region/" + "x" * 300 + "/r2", "r"])
    assert len(set(found.values())) == 3 and max(map(len, found.values())) == 250 and found["r"] == "r"


def test_plain_values():
    given_ = {"n": np.int64(3), "x": np.float32(0.5), "path": Path("a/b"), "pair": (1, None), 4: True}
    assert plain(given_) == {"n": 3, "x": 0.5, "path": "a/b", "pair": [1, None], "4": True}
    assert type(plain(np.float64(0.5))) is float


def test_flatten_keeps_lists_and_empty_mappings():
    assert flatten({"a": {"b": {"c": [1, {"d": 2}]}, "e": {}}}) == {"a.b.c": [1, {"d": 2}], "a.e": {}}


def test_scrub_replaces_the_home_folder_alone(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    assert scrub("data.root=/home/ann/x,/home/ann") == "data.root=~/x,~"
    assert scrub("/home/anna/x /mnt/home/ann/x") == "/home/anna/x /mnt/home/ann/x"
    assert scrub("sqlite:////home/ann/mlflow.db") == "sqlite:///~/mlflow.db"
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert scrub("/data/x") == "/data/x"


def test_scrub_hides_secrets_and_leaves_settings():
    assert scrub("https://u:p@host/a https://host/a?x=1") == "https://***@host/a https://host/a?x=1"
    assert scrub("HF_TOKEN=abc api_key=k password=q rest") == "HF_TOKEN=*** api_key=*** password=*** rest"
    assert scrub("max_tokens=512 tokenizer=gpt2") == "max_tokens=512 tokenizer=gpt2"
