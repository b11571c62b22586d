"""The catalogue: equal to the code, complete, and true of what is measured."""

from __future__ import annotations

import csv
import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.catalogue import COLUMNS, catalogue, catalogue_text, meaning
from radiomics_mammo.features.catalogue.__main__ import main
from radiomics_mammo.features.catalogue.rows import SOURCES
from radiomics_mammo.recipes.recipe import recipe_from
from tests.support.catalogue_ranges import RANGES, lies_in

COMMITTED = Path(__file__).parents[2] / "features" / "catalogue.csv"
ROWS = {row["name"]: row for row in catalogue()}
OWN = {name: row for name, row in ROWS.items() if name.startswith("original_")}
REGIONAL = {name: row for name, row in OWN.items() if name.split("_")[1] in FAMILIES}
"""What every region has; the rest is of whole breasts, in test_catalogue_breast.py."""


def mask_of(*pixels: tuple[int, int], size: int = 8) -> np.ndarray:
    mask = np.zeros((size, size), dtype=bool)
    mask[tuple(zip(*pixels, strict=True))] = True
    return mask


def regions() -> dict[str, Sample]:
    """Regions from the ordinary to the degenerate."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:8, :8]
    noise = rng.integers(0, 40, (8, 8))
    disc = (y - 3.5) ** 2 + (x - 3.5) ** 2 < 12
    masks = {
        "disc of noise": (noise, disc),
        "everything": (noise, disc | True),
        "flat": (np.full((8, 8), 7), disc),
        "flat and zero": (np.zeros((8, 8), int), disc),
        "ramp": (y * 8 + x, disc),
        "chequered": ((y + x) % 2 * 30, disc),
        "sparse": (noise, rng.random((8, 8)) < 0.2),
        "a line": (noise, mask_of((2, 1), (2, 2), (2, 3), (2, 4))),
        "one pixel": (noise, mask_of((3, 3))),
        "two neighbours": (noise, mask_of((3, 3), (3, 4))),
        "two alike": (np.full((8, 8), 7), mask_of((3, 3), (4, 4))),
        "two apart on a line": (noise, mask_of((3, 1), (3, 5))),
        "two apart": (noise, mask_of((1, 1), (3, 2))),
        "five apart": (noise, mask_of((0, 0), (1, 2), (2, 4), (4, 1), (6, 6))),
        "three, one apart": (noise, mask_of((0, 0), (0, 1), (5, 5))),
    }
    return {name: Sample(name, "", image.astype(np.uint8), mask) for name, (image, mask) in masks.items()}


REGIONS = regions()


@pytest.fixture(scope="module", params=[{}, {"distances": [2]}, {"weightingNorm": "euclidean"}], ids=str)
def measured(request) -> dict[str, dict[str, float]]:
    recipe = recipe_from({"setting": {"binWidth": 1, "minimumROIDimensions": 0, **request.param}})
    engine = CpuEngine(recipe)
    results = engine.measure(list(REGIONS.values())).results
    return {name: dict(zip(engine.feature_names, r, strict=True)) for name, r in zip(REGIONS, results, strict=True)}


def test_the_committed_file_is_the_generated_one():
    assert COMMITTED.read_text(encoding="utf-8") == catalogue_text(), (
        "run: python -m radiomics_mammo.features.catalogue --write features/catalogue.csv"
    )


def test_the_file_reads_back_as_the_rows():
    with COMMITTED.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows == catalogue()
    assert list(rows[0]) == list(COLUMNS)


def test_features_are_pyradiomics_default_ones():
    radiomics = pytest.importorskip("radiomics", reason="needs the reference extra")
    theirs = {
        f"original_{name}_{feature}"
        for name, found in radiomics.getFeatureClasses().items()
        if name != "shape"  # three-dimensional
        for feature, deprecated in found.getFeatureNames().items()
        if not deprecated
    }
    assert len(theirs) == 102
    assert set(REGIONAL) == theirs


def test_columns_of_the_table_are_the_catalogue():
    assert list(REGIONAL) == list(CpuEngine(recipe_from({})).feature_names)


def test_names_are_unique():
    assert len(ROWS) == len(catalogue())


@pytest.mark.parametrize("prefix", sorted({name.partition("_")[0] for name in ROWS}))
def test_every_feature_is_described(prefix):
    for name, row in ROWS.items():
        if not name.startswith(f"{prefix}_"):
            continue
        assert row["formula"], name
        assert "\n" not in "".join(row.values()), name
        assert len(row["meaning"].split()) >= 6, name
        assert row["meaning"].endswith("."), name
        assert row["unit"], name
        assert row["source"], name
        assert row["range"] in RANGES, name
        assert re.fullmatch(r"([0-9A-Z]{4})?", row["ibsi"]), name
        assert "{" not in row["meaning"], name


@pytest.mark.parametrize("name", FAMILIES)
def test_sources_are_the_ones_that_the_modules_name(name):
    module = importlib.import_module(f"radiomics_mammo.features.{name.lower()}")
    words = " ".join((module.__doc__ or "").replace("`", "").split())
    for source in SOURCES[name].split("; "):
        assert source in words, source


def test_no_two_features_mean_the_same_words():
    meanings = [row["meaning"] for row in ROWS.values()]
    assert len(set(meanings)) == len(meanings)


def test_ibsi_codes_are_unique_and_missing_only_where_said():
    codes = [row["ibsi"] for row in ROWS.values() if row["ibsi"]]
    assert len(set(codes)) == len(codes)
    for name, row in REGIONAL.items():
        if not row["ibsi"]:
            assert "_shape2D_" in name or "Not in IBSI" in row["remark"], name


@pytest.mark.parametrize("region", REGIONS)
def test_values_lie_in_the_stated_range(measured, region):
    outside = {
        name: value
        for name, value in measured[region].items()
        if not np.isnan(value) and not lies_in(value, ROWS[name]["range"])
    }
    assert not outside


@pytest.mark.parametrize("region", REGIONS)
def test_every_null_is_announced(measured, region):
    silent = [name for name, value in measured[region].items() if np.isnan(value) and not ROWS[name]["undefined"]]
    assert not silent


def test_every_announced_null_can_happen(measured):
    never = {
        name
        for name, row in REGIONAL.items()
        if row["undefined"] and not any(np.isnan(values[name]) for values in measured.values())
    }
    assert not never


def test_an_ordinary_region_has_no_null(measured):
    for region in ("disc of noise", "everything", "flat", "ramp"):
        assert not [name for name, value in measured[region].items() if np.isnan(value)]


def test_meaning_is_the_catalogues_and_nothing_for_foreign_columns():
    assert meaning("original_glcm_Contrast") == ROWS["original_glcm_Contrast"]["meaning"]
    assert meaning("wavelet-LH_glcm_Contrast") == ""
    assert meaning("age") == ""


def test_check_and_write(tmp_path, capsys):
    path = tmp_path / "catalogue.csv"
    assert main(["--check", str(path)]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert main(["--write", str(path)]) == 0
    assert main(["--check", str(path)]) == 0
    path.write_text(path.read_text(encoding="utf-8").replace("0 to 1", "0 to 2", 1), encoding="utf-8")
    assert main(["--check", str(path)]) == 1
    assert f"--write {path}" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(tmp_path, capsys):
    assert main(["--write", str(tmp_path / "no folder" / "catalogue.csv")]) == 1
    assert "cannot be written" in capsys.readouterr().err
