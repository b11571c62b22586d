"""What is installed from a built wheel, away from the checkout: recipes, templates, console script, demo."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from radiomics_mammo.cli.demo_run import DISCLAIMER

pytest.importorskip("hatchling", reason="wheels are built with hatchling; it is in the extra 'test'")
pytest.importorskip("pip", reason="pip installs the wheel")

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "radiomics_mammo"
RECIPES = sorted(path.name for path in (ROOT / "features").glob("*.yaml"))


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def site(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone in a folder of its own, which comes before the checkout on the path."""
    folder = tmp_path_factory.mktemp("site")
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, built[0])
    return folder


@pytest.fixture
def installed(site: Path, tmp_path: Path):
    """Run Python or the console script of the installed wheel, in an empty folder."""

    def call(*command: str | Path) -> str:
        return run(*command, cwd=tmp_path, PYTHONPATH=str(site))

    return call


def test_the_wheel_holds_every_file_that_the_package_reads(built: tuple[Path, Path]) -> None:
    held = set(zipfile.ZipFile(built[0]).namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sources - held == set()
    assert {"radiomics_mammo/py.typed", "radiomics_mammo/reports/templates/report.html.j2"} <= held
    assert {f"radiomics_mammo/_features/{name}" for name in (*RECIPES, "catalogue.csv")} <= held
    assert not [name for name in held if name.startswith(("tests", "features", "notebooks"))]


def test_the_source_archive_builds_the_same_wheel(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert sorted(path.name for path in (source / "features").glob("*.yaml")) == RECIPES
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=source)
    (again,) = tmp_path.glob("*.whl")
    first, second = (set(zipfile.ZipFile(wheel).namelist()) for wheel in (built[0], again))
    assert first == second


def test_an_installed_package_has_its_recipes(installed, site: Path) -> None:
    said = installed(
        sys.executable,
        "-c",
        "import radiomics_mammo; from radiomics_mammo.recipes.recipe import load_recipe, recipe_names; "
        "print(radiomics_mammo.__file__, *recipe_names()); load_recipe('lesion')",
    )
    where, *names = said.split()
    assert Path(where) == site / "radiomics_mammo" / "__init__.py"
    assert [f"{name}.yaml" for name in names] == RECIPES


@pytest.mark.slow  # the kernels are compiled for the new place: once, so that both are one test
def test_the_installed_console_script_and_demonstration_run(installed, site: Path, tmp_path: Path) -> None:
    script = site / "bin" / "radiomics-mammo"
    printed = installed(script, "extract", "phantom", "--limit", "2", "--out", "t.parquet")
    assert "the table has 2 rows, 0 failures" in printed
    assert (tmp_path / "t.parquet").is_file()
    lines = installed(script, "demo", "--patients", "10").splitlines()
    assert Path(lines[-2]) == tmp_path / "demo" / "runs" / "phantom" / "report.html"
    assert lines[-1] == DISCLAIMER
    page = Path(lines[-2]).read_text(encoding="utf-8")
    assert "<style>" in page
    assert "phantom" in page.lower()
