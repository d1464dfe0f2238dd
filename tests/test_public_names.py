"""The names of ``from brainalign import ...``: each is there, and importing the package costs nothing."""

import inspect
import subprocess
import sys
from pathlib import Path

import brainalign
from brainalign import figures
from brainalign.tools import main


def test_each_public_name_is_what_it_says():
    for name in brainalign.__all__:
        found = getattr(brainalign, name)
        assert name == "__version__" or (found.__name__ == name and found.__doc__), name
    assert set(brainalign.__all__) <= set(dir(brainalign))


def test_each_figure_is_public_by_its_name():
    helpers = {"Panel", "located", "on_scalp", "stamp", "write_quality"}
    assert set(figures.__all__) - helpers <= set(brainalign.__all__)


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, brainalign; print([m for m in ('numpy', 'pandas', 'torch', 'mlflow', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_reference_is_up_to_date(capsys):
    main(["reference"])
    page = Path(__file__).parents[1] / "docs" / "reference" / "names.md"
    assert capsys.readouterr().out == page.read_text(encoding="utf-8"), (
        "brainalign-tools reference > docs/reference/names.md"
    )


def test_each_public_name_has_an_example_that_runs():
    """The doctests of the suite run them."""
    without = [name for name in brainalign.__all__ if ">>>" not in (inspect.getdoc(getattr(brainalign, name)) or "")]
    assert without == ["__version__"]
