"""The notebooks run from top to bottom, define nothing, and carry no outputs."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_first_look", "02_rsna_screening", "03_cbis_masses"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_and_is_stripped(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in code_cells(notebook):
        assert cell.outputs == [] and cell.execution_count is None
        kinds = {type(node) for node in ast.walk(ast.parse(cell.source))}
        assert not kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    for name in ("CBIS_DDSM", "RSNA_MAMMO"):  # the phantoms, also on a machine where somebody has named the real ones
        monkeypatch.delenv(name, raising=False)
    notebook = read(path)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    cells = code_cells(notebook)
    assert all(cell.execution_count for cell in cells)
    said = "".join(out.text for cell in cells for out in cell.outputs if out.get("name") == "stderr")
    assert "Warning" not in said
    figures = [out for cell in cells for out in cell.outputs if "image/png" in out.get("data", {})]
    assert len(figures) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_figures_of_simulated_pictures_say_so(path: Path) -> None:
    notebook = read(path)
    if "PhantomReader" not in "".join(cell.source for cell in notebook.cells):
        pytest.skip("uses no phantom")
    for cell in code_cells(notebook):
        if "plt.subplots" in cell.source:
            assert "phantom" in cell.source, f"{cell.id} draws a figure that does not say phantom"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_made_of_phantoms_is_taken_for_the_real_thing(path: Path) -> None:
    cells = [cell.source for cell in code_cells(read(path))]
    if "if simulated else" not in "".join(cells):
        pytest.skip("knows no real collection")
    (folder,) = {line for cell in cells for line in cell.splitlines() if line.startswith("out = ")}
    assert "if simulated else" in folder
    for cell in cells:
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.Constant) and re.fullmatch(r"(?!-).*(\.parquet|summary|run)", str(node.value)):
                assert f"out / {json.dumps(node.value)}" in cell, node.value
            if isinstance(node, ast.Assert):
                assert node.msg is not None, "a command that stops has said why: point at it"
