"""Import rules that import-linter's contracts (pyproject.toml) cannot state: single doors, helpers, start-up."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "radiomics_mammo"
ROOT = PACKAGE.name
COMMANDS = ("extract", "embed", "aggregate", "compare", "report", "predict", "demo", "verify")
GROUND = (
    "errors",
    "core.option",
    "core.records",
    "core.settings",
    "compute.reductions",
    "compute.device",
    "compute.jit",
    "compute.otsu",
    "compute.bounding_box",
    "features.docstrings",
    "imaging.breast.skin_depth",
)
"""What every room that sees pixels stands on."""


def module_name(path: Path) -> str:
    """The name below the package; empty for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def statements(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """Every import, wherever it stands: in a function or under TYPE_CHECKING is no excuse."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]


def targets(path: Path) -> set[str]:
    """Full dotted names that a file imports, ``from a import b`` giving a.b."""
    found: set[str] = set()
    for node in statements(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """Modules of this package that one of them imports; the package itself is the empty name."""
    found = set()
    for target in targets(MODULES[module]):
        if target.split(".")[0] != ROOT:
            continue
        name = ".".join(target.split(".")[1:])
        while name not in MODULES:  # the last part is a name within the module
            name = name.rpartition(".")[0]
        found.add(name)
    return frozenset(found - {module})


def within(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def members(room: str) -> list[str]:
    return [module for module in MODULES if within(module, room)]


def reachable(module: str) -> dict[str, str]:
    """Everything that a module imports, directly or through others, each with who imports it."""
    seen: dict[str, str] = {}
    queue = [module]
    while queue:
        at = queue.pop()
        for target in imports(at):
            if target not in seen:
                seen[target] = at
                queue.append(target)
    return seen


def is_shared(module: str) -> bool:
    """Helpers of several families: features/shared/x.py."""
    return module.startswith("features.shared.")


def test_shared_helpers_of_the_families_know_no_family():
    shared = [module for module in MODULES if is_shared(module)]
    assert shared
    for module in shared:
        wrong = [t for t in imports(module) if not within(t, *GROUND, "features.base") and not is_shared(t)]
        assert not wrong, module


def test_the_package_itself_reaches_no_command():
    assert not [target for target in reachable("") if within(target, *COMMANDS)]


def test_every_command_is_at_the_top():
    there = [name for name in COMMANDS if name in MODULES]
    assert set(there) == set(COMMANDS)
    for name in there:
        assert MODULES[name].parent == PACKAGE


def test_cupy_comes_in_through_one_door():
    users = {name for name, path in MODULES.items() if any(t.split(".")[0].startswith("cupy") for t in targets(path))}
    assert users == {"compute.cupy_device"}


@pytest.mark.parametrize(
    ("library", "door"),
    [
        ("onnxruntime", "embeddings.networks.onnx"),
        ("onnx", "embeddings.networks.efficientnet_lite"),
        ("timm", "embeddings.networks.timm"),
    ],
)
def test_networks_come_in_through_one_door_each(library, door):
    users = {name for name, path in MODULES.items() if any(t.split(".")[0] == library for t in targets(path))}
    assert users == {door}


def test_the_rules_see_imports_wherever_they_stand(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def f():\n    import cupy\n    from radiomics_mammo.readers import base\n", encoding="utf-8")
    assert targets(path) == {"cupy", "radiomics_mammo.readers.base"}
    assert "readers.manifest.reader" in MODULES
    assert "errors" in imports("readers.manifest.reader")
    assert "imaging.preprocessing.crop" in reachable("engines.cpu")


@pytest.mark.parametrize("module", ["", ".extract", ".engines.cpu", ".embed", ".embeddings"])
def test_extraction_starts_without_the_heavy_libraries(module):
    module = f"radiomics_mammo{module}"
    heavy = [
        "pandas", "sklearn", "matplotlib", "shap", "xgboost", "imblearn", "radiomics", "cupy", "torch", "timm", "onnx",
        "onnxruntime",
    ]  # fmt: skip
    code = f"import sys, {module}; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.stdout.split() == []
