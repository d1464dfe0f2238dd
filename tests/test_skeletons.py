"""``brainalign-tools new model|reader|analysis NAME``: what it writes works as it is."""

import sys
import tomllib

import pytest

from brainalign import own_code, registry
from brainalign.registry import ENTRY_POINTS
from brainalign.tools import main
from brainalign.tools.skeletons import SKELETONS


@pytest.fixture
def clean():
    """No package that a test installs is known before or after it."""
    before = set(sys.modules)
    registry._offered.cache_clear()
    yield
    registry._offered.cache_clear()
    own_code._source.cache_clear()
    for name in set(sys.modules) - before:
        if name.split(".")[0].startswith("labs_"):
            del sys.modules[name]


@pytest.mark.parametrize("what", sorted(SKELETONS))
def test_the_package_passes_its_own_tests(what, tmp_path, monkeypatch, clean, capsys):
    name = f"labs_{what}"
    main(["new", what, name, "--folder", str(tmp_path)])
    root, group = tmp_path / name, SKELETONS[what].group
    assert f"{group}={name}" in capsys.readouterr().out
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    ((points, named),) = project["entry-points"].items()
    assert points == ENTRY_POINTS[group]
    info = tmp_path / f"{name}-0.1.dist-info"  # what `pip install -e` leaves
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    lines = [f"[{points}]", *(f"{key} = {value}" for key, value in named.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for place in (root, tmp_path):
        monkeypatch.syspath_prepend(str(place))
    registry._offered.cache_clear()
    arguments = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--import-mode=importlib",
        "-c",
        "/dev/null",
        f"--rootdir={root}",
    ]
    assert pytest.main([*arguments, str(root / "tests")]) == 0
    assert "2 passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Pitch", "cannot name a Python package"),
        ("my-pitch", "cannot name a Python package"),
        ("../pitch", "cannot name a Python package"),
        ("class", "cannot name a Python package"),
        ("", "cannot name a Python package"),
        ("mel", "model=mel is there already"),
        ("numpy", "a Python module numpy is installed already"),
        ("labs_taken", "is there already; choose another name, or edit it."),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(name, said, tmp_path, capsys):
    (tmp_path / "labs_taken").mkdir()
    with pytest.raises(SystemExit):
        main(["new", "model", name, "--folder", str(tmp_path)])
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert [*tmp_path.rglob("*")] == [tmp_path / "labs_taken"]
