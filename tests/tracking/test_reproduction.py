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
from brainalign.tools.reproduce import commands, read_script, repeat
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


def _script(*lines):
    return "\n".join(["# a comment", *lines]) + "\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("cd /", "export PYTHONSTARTUP=/x/MARKER.py", "brainalign model=mel"), "sets PYTHONSTARTUP"),
        (("cd /", "export OMP_NUM_THREADS=$(touch MARKER)", "brainalign model=mel"), "not as brainalign writes it|sets OMP_NUM_THREADS"),
        (("cd /", "touch MARKER", "brainalign model=mel"), "not as brainalign writes it"),
        (("brainalign model=mel",), "not as brainalign writes it"),
        (("cd /", "brainalign +hydra.callbacks.x._target_=os.getcwd"), r"sets hydra\.callbacks"),
        (("cd /", "brainalign hydra/launcher=other"), "sets hydra/launcher"),
        (("cd /", "brainalign '+model.x={_target_: os.getcwd}'"), "which can name code"),
        (("cd /", "brainalign --config-path=/x model=mel"), "has the option --config-path"),
    ],
)  # fmt: skip
def test_a_script_of_somebody_else_runs_nothing(lines, said):
    with pytest.raises(BrainalignError, match=said):
        read_script(_script(*lines))


def test_configs_beside_a_run_that_name_code_are_refused(tmp_path):
    (tmp_path / "x.yaml").write_text("hydra:\n  callbacks:\n    x:\n      _target_: os.getcwd\n")
    with pytest.raises(BrainalignError, match="_target_, which names code"):
        read_script(_script("cd /", f"brainalign --config-dir={tmp_path} model=mel"))


def test_the_repetition_never_imports_from_the_folder(tmp_path, monkeypatch):
    marker = tmp_path / "MARKER"
    for name in ("hydra", "brainalign", "numpy", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').write('run')\n")
    with pytest.raises(BrainalignError, match="ended with status"):
        repeat(
            _script(f"cd {tmp_path}", "export OMP_NUM_THREADS=1", "brainalign model=nothing_of_the_kind"),
            tmp_path / "again",
        )
    assert not marker.exists()
