"""reproduce.txt is a script that a shell understands, without secrets and home folders."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainalign.errors import BrainalignError
from brainalign.tools.new import new_experiment
from brainalign.tools.reproduce import commands, repeat
from brainalign.tracking import write_reproduction
from brainalign.tracking.reproduction import quote

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@given(word=WORDS, home=st.booleans())
def test_the_shell_reads_back_what_was_meant(word, home):
    meant = f"data.root={Path.home()}/{word}" if home else word
    if "***" in quote(meant):
        return  # a secret
    said = subprocess.run(["sh", "-c", f"printf %s {quote(meant)}"], capture_output=True, text=True, check=True)
    assert said.stdout == meant
    assert not home or str(Path.home()) not in quote(meant)


def test_the_script_says_place_code_threads_and_local_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(sys, "argv", ["/somewhere/run.py", "model=mel"])
    local = tmp_path / "default.yaml"
    local.write_text("device: cuda\ntoken=xyz\n")
    words = ["--config-dir=/lab/conf", "model=mel", "encoding.alphas=[1,10]"]
    text = write_reproduction(tmp_path, words, local).read_text()
    lines = text.splitlines()
    assert lines[-1] == "python /somewhere/run.py --config-dir=/lab/conf model=mel 'encoding.alphas=[1,10]'"
    assert f"cd {shlex.quote(str(Path.cwd()))}" in lines and "export OMP_NUM_THREADS=3" in lines
    assert "#     device: cuda" in lines and "xyz" not in text and "commit" in text
    assert commands(tmp_path) == text


def test_what_cannot_be_repeated_is_said(tmp_path, monkeypatch):
    with pytest.raises(BrainalignError, match=r"has no reproduce\.txt"):
        commands(tmp_path)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    sweep = write_reproduction(tmp_path, ["-m", "model=mel,envelope"]).read_text()
    with pytest.raises(BrainalignError, match="is a sweep; check its children"):
        repeat(sweep, tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    script = write_reproduction(tmp_path, ["model=mel"]).read_text()
    monkeypatch.chdir(tmp_path)
    gone.rmdir()
    with pytest.raises(BrainalignError, match="gone, which is gone"):
        repeat(script, tmp_path)


def test_a_new_experiment_is_not_written_over(tmp_path):
    file = new_experiment("night", tmp_path)
    assert "experiment=night" in file.read_text()
    with pytest.raises(BrainalignError, match="is there already"):
        new_experiment("night", tmp_path)
    with pytest.raises(BrainalignError, match="'a b' cannot name an experiment"):
        new_experiment("a b", tmp_path)
