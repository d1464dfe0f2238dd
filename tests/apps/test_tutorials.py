"""The tutorials run as they are printed: their Python, then their commands."""

import re
import shlex
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "tutorials"


@pytest.mark.parametrize("page", [p.name for p in sorted(FOLDER.glob("*.md"))])
def test_a_tutorial_runs(brainalign, tools, tmp_path, monkeypatch, page):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```(python|console)\n(.*?)```", (FOLDER / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert {kind for kind, _ in blocks} == {"python", "console"}
    for kind, text in blocks:
        if kind == "python":
            exec(compile(text, page, "exec"), {})
            continue
        for line in text.splitlines():
            program, *words = shlex.split(line)
            if program == "brainalign-tools":
                done = tools(*words)
            else:
                assert (program, words[0]) == ("python", "run.py")
                done = brainalign(*words[1:])
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
