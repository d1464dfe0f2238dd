"""No circle of imports: a module can be read without those that are built on it."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import brainalign

ROOT = Path(brainalign.__file__).parent.parent


def imports(package):
    """Module -> modules of the package that it imports, those for types alone and within functions included."""
    names = {}
    for file in (ROOT / package.replace(".", "/")).rglob("*.py"):
        parts = file.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    found = {}
    for name, file in names.items():
        nodes = [n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.ImportFrom) and n.module]
        asked = {
            f"{n.module}.{a.name}" if f"{n.module}.{a.name}" in names else n.module for n in nodes for a in n.names
        }
        found[name] = asked & set(names)
    return found


@pytest.mark.parametrize(
    "package",
    [f"brainalign.{p}" for p in ("analysis", "data", "features", "figures", "models", "signal", "study")],
)
def test_no_circle(package):
    found = imports(package)
    assert len(found) > 5 and any(found.values())
    try:
        list(TopologicalSorter(found).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
