"""What the package exports: loaded when it is first used, each with an example that holds."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import radiomics_mammo
import radiomics_mammo.testing
from radiomics_mammo.__main__ import COMMANDS
from radiomics_mammo.runs.saved_model import save_model
from radiomics_mammo.tables.feature_table import write_table
from tests.support.saved_models import facts, fitted

EXPORTED = [name for name in radiomics_mammo.__all__ if name != "__version__"]
TESTING = [f"radiomics_mammo.testing.{one.name}" for one in pkgutil.iter_modules(radiomics_mammo.testing.__path__)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the table and the model that the examples name."""
    frame = pd.DataFrame(
        {
            "case_id": ["a", "b", "c"],
            "patient_id": ["P_1", "P_1", "P_2"],
            "original_shape2D_Area": [10.0, 12.0, 9.0],
            "original_glcm_Contrast": [1.0, 2.0, 3.0],
        }
    )
    (tmp_path / "features" / "tables").mkdir(parents=True)
    write_table(frame, tmp_path / "features" / "tables" / "cbis.parquet", provenance={})
    model = tmp_path / "runs" / "cbis" / "model"
    model.mkdir(parents=True)
    save_model(model, fitted(), facts=facts())
    monkeypatch.chdir(tmp_path)


def failures(found: doctest.DocTest) -> int:
    return doctest.DocTestRunner().run(found).failed


def examples(thing: object, name: str, **known: object) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(thing, name, globs=known) if test.examples]


@pytest.mark.parametrize("name", ["", *EXPORTED])
def test_each_export_has_an_example_that_holds(name, project):
    thing = getattr(radiomics_mammo, name) if name else radiomics_mammo
    found = examples(thing, name) if name else doctest.DocTestFinder(recurse=False).find(thing, "radiomics_mammo")
    assert found
    assert sum(map(failures, found)) == 0


@pytest.mark.parametrize("module", TESTING)
def test_each_conformance_check_has_an_example_that_holds(module, project):
    room = importlib.import_module(module)
    public = [thing for name, thing in vars(room).items() if name.startswith("check_") and thing.__module__ == module]
    assert public
    for thing in public:
        found = examples(thing, thing.__name__, **{thing.__name__: thing})
        assert found, f"{module}.{thing.__name__} has no example"
        assert sum(map(failures, found)) == 0


def test_exports_do_not_collide_with_commands():
    assert not set(radiomics_mammo.__all__) & set(COMMANDS)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'FeaturesExtractor'"):
        _ = radiomics_mammo.FeaturesExtractor


def test_the_version_is_that_of_the_project():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{radiomics_mammo.__version__}"' in text


def test_importing_the_package_loads_only_the_version():
    program = "import sys, radiomics_mammo; print(*[m for m in sys.modules if m.startswith('radiomics_mammo.')])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    loaded = {name.removeprefix("radiomics_mammo.") for name in ended.stdout.split()}
    assert loaded == {"core", "core.version"}
