"""Nothing that looks like a password, token or key is told; settings and addresses stay readable. All markers are made up."""

import logging
import re
import sys

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.secrets import HidingFilter, hide_in, hide_in_files, hide_secrets, told_without_secrets
from brainalign.tracking.reproduction import quote

MARK = "MARKERmade0up"
URIS = [
    "postgresql://me:{}@db/x", "postgresql+psycopg://me:a/{}@db:5432/x", "mysql://me:a@{}@db/x", "https://{}@host/mlflow",
    "https://me:a b {}@host/mlflow", "https://me:a%2F{}%40@host", "postgresql://me@db/x?sslmode=require&sslpassword={}",
    "postgresql://:{}@db/x", "postgresql://me:it's{}@db/x", "https://host/mlflow?token={}&x=1",
]  # fmt: skip
NAMED = [
    "HF_TOKEN={}", "+hydra.job.env_set.MY_KEY=a {}", "hydra.job.env_set={{HF_TOKEN:{},A:b}}", "hydra.job.env_set={{'DB_PASSWORD':'{}'}}",
    "hydra.job.env_set={{HF_TOKEN: a {}, A: b}}", "HF_TOKEN: {}", "  - aws_secret_access_key: 'a, {}'", '{{"API_KEY": "{}"}}',
    "Authorization: Bearer {}", "curl -H 'Authorization: Basic {}' x", "MLFLOW_TRACKING_PASSWORD={}",
    "client_secret={}", "failed (password: {})", "https://x.net/c?se=1&sig={}", "https://h/x?X-Amz-Signature={}&y=1",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;EndpointSuffix=x", '{{"HF_TOKEN": "a\\"{}"}}', "HF_TOKEN: |\n  a\n  {}\n",
    "HF_TOKEN: >-\n  {}", "SECRET_KEY_BASE={}", "env_set={{TOKEN_OF_MINE:{}}}", "login --token {}", "AWS_ACCESS_KEY_ID={}",
]  # fmt: skip


@pytest.mark.parametrize("form", [f"tracking.uri={u}" for u in URIS] + [f"cannot reach {u} now" for u in URIS] + NAMED)
def test_every_form_is_hidden(form):
    text = form.format(MARK)
    assert MARK not in hide_secrets(text) and "***" in hide_secrets(text)
    assert MARK not in quote(text)
    assert MARK not in hide_secrets(hide_secrets(text))


@pytest.mark.parametrize(
    "text",
    [
        "python run.py model@baseline=mel tracking.uri=http://localhost:5000 data.root=/a@b/c", "sqlite:////home/a@b/mlflow.db",
        "features.begin_token=auto", "begin_token: null", "data.keys.region=x", "model.max_tokens=512", "tokenizer: gpt2",
        "the tokenizer's begin token: its own", "see http://host/a and mail me@x.y", "keys: {region: STG}", "git@github.com:a/b",
        "model=a,tracking.uri=http://h,model@baseline=mel", "TOKENIZERS_PARALLELISM=false", "http://h/x?design=1&signal=2",
    ],
)  # fmt: skip
def test_settings_and_addresses_stay(text):
    assert hide_secrets(text) == text


@settings(deadline=None)
@given(st.text(alphabet="ab:/@%'\"+ $=&,;{}?#", min_size=1, max_size=12))
def test_no_password_of_an_address_is_told(password):
    """Whatever the letters around it are, the marker between them is gone."""
    whole = f"{password}{MARK}{password}"
    if re.search(r"[\s,]+[+~]*[\w.@/\-]+=|['\"][\s,)}\]]", f"{whole}@"):
        return  # reads as the next word of a command line, or as the end of a quotation
    assert MARK not in hide_secrets(f"postgresql://me:{whole}@db/x")


def test_settings_are_hidden_by_their_keys():
    found = hide_in(
        {"env": {"HF_TOKEN": f"a {MARK}", "N_KEY": 12345678}, "list": [f"http://me:{MARK}@h"], "keys": {"region": "x"}}
    )
    assert found == {"env": {"HF_TOKEN": "***", "N_KEY": "***"}, "list": ["http://***@h"], "keys": {"region": "x"}}


def test_a_value_of_the_environment_is_hidden_wherever_a_library_quotes_it(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", f"{MARK}%2Fx")
    assert hide_secrets(f"refused: {MARK}/x and {MARK}%2Fx") == "refused: *** and ***"
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pw")  # too short to be looked for in all text
    assert hide_secrets("the pw of it") == "the pw of it"


def test_logs_files_and_tracebacks_are_hidden(tmp_path, capsys):
    record = logging.LogRecord("x", logging.INFO, "f", 1, "to %s", (f"http://me:{MARK}@h",), None)
    try:
        raise RuntimeError(f"token={MARK}")
    except RuntimeError:
        record.exc_info = sys.exc_info()
    assert HidingFilter().filter(record)
    assert MARK not in logging.Formatter().format(record) and "RuntimeError: token=***" in record.exc_text
    told_without_secrets(*record.exc_info)
    assert "RuntimeError: token=***" in capsys.readouterr().err
    content = {"job": {"env_set": {"HF_TOKEN": MARK}}, "task": [f"tracking.uri=http://me:{MARK}@h"], "n": 1}
    (tmp_path / "hydra.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "odd.yaml").write_text(f"{{ no yaml: [\nHF_TOKEN: {MARK}\n")
    hide_in_files(tmp_path)
    assert MARK not in "".join(f.read_text() for f in tmp_path.iterdir())
    assert yaml.safe_load((tmp_path / "hydra.yaml").read_text())["n"] == 1
