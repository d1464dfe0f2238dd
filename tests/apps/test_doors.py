"""Three doors to one command line; help is quick to read; what is wrong gets one sentence and a status that is not 0."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOORS = {
    "run.py": ROOT / "run.py",
    "scripts/run.py": ROOT / "scripts" / "run.py",
    "brainalign": Path(sys.executable).parent / "brainalign",
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_shows_the_same_help(brainalign, door):
    shown = brainalign("--help", door=DOORS[door])
    assert shown.returncode == 0
    for group in (
        "data: alice_eeg, alice_fmri",
        "model: articulation, auto, bert",
        "window: fir_tr",
        "analysis: abx, cca, ceiling, compare, controls, convergence, decoding, decomposition",
    ):
        assert f"\n{group}" in shown.stdout
    assert shown.stdout.count("python run.py ") == 5


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv=['run.py','--help']; from brainalign.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'torch','transformers','mlflow','pandas','scipy','sklearn','matplotlib','numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("told", [None, "ACTIVE"])
def test_threads_sleep_while_they_wait_unless_told_otherwise(told, monkeypatch):
    for name in ("OMP_WAIT_POLICY", "OPENBLAS_THREAD_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    if told:
        monkeypatch.setenv("OMP_WAIT_POLICY", told)
    code = (
        "import os, sys; sys.argv=['run.py','--help']; from brainalign.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(os.environ['OMP_WAIT_POLICY'], os.environ['OPENBLAS_THREAD_TIMEOUT'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{told or 'PASSIVE'} 4"


def test_config_and_info_are_shown(brainalign):
    job = brainalign("--cfg", "job", "model=gpt2")
    assert job.returncode == 0 and "checkpoint: openai-community/gpt2" in job.stdout
    assert brainalign("--info", "searchpath").returncode == 0


def test_an_option_may_stand_between_overrides(brainalign):
    shown = brainalign("model=gpt2", "--cfg", "job", "~partner", "analysis=cca")
    assert shown.returncode == 0 and "checkpoint: openai-community/gpt2" in shown.stdout
    assert shown.stdout == brainalign("--cfg", "job", "model=gpt2", "~partner", "analysis=cca").stdout


def test_tab_completion_is_offered(brainalign):
    done = brainalign("-sc", "query=bash", COMP_LINE="run.py model=tiny", COMP_POINT="18")
    assert "model=tiny_gpt2" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["model=gtp2"], "model=gtp2 is no option of model; did you mean 'gpt2'?"),
        (
            ["model=/lab/gpt2"],
            "model=/lab/gpt2 is a path, but model wants the name of an option: a checkpoint's folder is model=causal_lm",
        ),
        (
            ["data=folder", "data.root=/no/data", "model=gpt2", "model.path=/no/gpt2"],
            "model.path=/no/gpt2 is no folder",
        ),
        (["modle=gpt2"], "modle is no key of this config; did you mean 'model'?"),
        (["encoding.alpha=3"], "did you mean 'encoding.alphas'?"),
        (["analysis.k=3"], "it belongs to analysis=cca"),
        (["partner=mel"], "choose a model for it first, as model@partner=mel does"),
        (["model@partner=mel"], "it belongs to analysis=abx, cca, convergence, decoding,"),
        (["encoding.outer_folds=2"], "encoding.outer_folds=2 is impossible; it must be at least 3."),
        (
            ["model@baseline=null"],
            "model@baseline=null: a group wants the name of an option; ~GROUP takes a group away.",
        ),
        (["encoding.alphas=[1,2"], "quote it for the shell"),
        (["data=alice_fmri"], "data.root is not set"),
        (["data=alice_fmri", "data.root=/no/such/folder", "window=fir_tr"], "/no/such/folder"),
        (
            ["data=simulated_small", "data.sentences=6", "encoding.outer_folds=7"],
            "outer_folds=7, but the data have 6 stimuli",
        ),
        (["data=simulated_small", "window.tmax=20"], "is longer than stimulus"),
        (["data=simulated_small", "model=causal_lm", "model.path=/no/such/model"], "/no/such/model"),
        (["data=simulated_small", "model=gpt2"], "model=tiny_gpt2"),
        (["paths.output=/proc/nowhere"], "/proc/nowhere cannot be written"),
        (["data=simulated_small", "model=mel", "device=cuda"], "device=cuda"),
        (["data=simulated_small", "analysis=cca", "model@partner=tiny_gpt2"], "are both 'tiny_gpt2'"),
    ],
)
def test_a_fault_is_one_sentence_and_nothing_is_logged_as_finished(brainalign, tmp_path, arguments, sentence):
    done = brainalign(*arguments)
    assert done.returncode == 1, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("brainalign: ") and sentence in last
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "outputs" / "mlflow.db").exists()
    assert not list((tmp_path / "outputs").glob("20*"))  # a folder with an empty log would be no result
