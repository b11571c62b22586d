"""CONTRIBUTING.md is followed to the letter for a filter, in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
from radiomics_mammo.imaging.filters import FILTERS
from radiomics_mammo.testing.filters import check_filter
from radiomics_mammo.engines.registry import open_engine
from radiomics_mammo.recipes.recipe import recipe_from
from radiomics_mammo.engines.warmup import small_sample

check_filter(FILTERS["Square"], FILTERS["Square"].options())
recipe = recipe_from({"imageType": {"Square": {}}, "featureClass": {"firstorder": ["Mean", "Entropy"]}})
ours, theirs = ([*open_engine(name, recipe).measure([small_sample()]).results[0]] for name in ("cpu", "pyradiomics"))
assert max(abs(a - b) for a, b in zip(ours, theirs)) < 1e-9, (ours, theirs)
print(*recipe.columns)
"""


def test_a_filter_is_added_by_the_steps(tmp_path):
    pytest.importorskip("radiomics", reason="needs the reference extra")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Add a filter")[2].partition("\n## ")[0]
    (place,) = re.findall(r"Write `(\S+\.py)`", section)
    (name, registry) = re.search(r"Add `(\w+)` to the tuple in `(\S+)`", section).groups()
    module = textwrap.dedent(section.partition("```python\n")[2].partition("   ```")[0])
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "radiomics_mammo", copy / "radiomics_mammo", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "features", copy / "features", ignore=shutil.ignore_patterns("tables"))
    (copy / place).write_text(module, encoding="utf-8")
    lines = (copy / registry).read_text(encoding="utf-8").replace("(LOG,)", f"(LOG, {name})")
    imported = f"from {place.removesuffix('.py').replace('/', '.')} import {name}\n\nORIGINAL ="
    (copy / registry).write_text(lines.replace("\nORIGINAL =", imported, 1), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["square_firstorder_Entropy", "square_firstorder_Mean"]
