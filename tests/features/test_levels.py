"""Many grey levels: 16-bit images at bins of width 1, what they cost, and where they are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from radiomics_mammo.core.records import Failure, Roi, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.engines.ragged import pack
from radiomics_mammo.features.glcm import cpu as glcm_cpu
from radiomics_mammo.recipes.recipe import recipe_from

MEASURE = """
import json, sys
import numpy as np
from benchmarks.memory import peak_rss
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.recipes.recipe import recipe_from
from radiomics_mammo.core.records import Sample
size, top, setting = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
rng = np.random.default_rng(0)
image = rng.integers(0, top, (size, size), dtype=np.uint16)
image[size // 2, size // 2 : size // 2 + 2] = 0, top - 1
y, x = np.ogrid[:size, :size]
mask = (y - size / 2) ** 2 + (x - size / 2) ** 2 < (0.45 * size) ** 2
engine = CpuEngine(recipe_from({"setting": setting}))
(row,) = engine.measure([Sample("", "", image, mask)]).results
found = dict(zip(engine.feature_names, row.tolist()))
levels = len(np.unique(image[mask]))
print(json.dumps({"rss_mb": peak_rss(), "pixels": int(mask.sum()),
                  "distinct": levels, "nan": int(np.isnan(row).sum()), "features": found}))
"""


def measured_apart(size: int, top: int, setting: dict[str, object]) -> dict:
    """Measure a disc of noise in a process of its own; gives its peak memory, too."""
    pytest.importorskip("resource", reason="peak memory is read with the resource module, which this system has not")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(size), str(top), json.dumps(setting)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_16_bit_value_a_level_of_its_own():
    """Peak measured: 210 MB, of which 100 are the imports."""
    got = measured_apart(222, 65_536, {"binWidth": 1})
    assert got["nan"] == 0
    assert got["rss_mb"] < 1000
    entropy = got["features"]["original_firstorder_Entropy"]
    assert np.log2(got["distinct"]) - 1 < entropy <= np.log2(got["distinct"])
    assert got["features"]["original_glszm_ZonePercentage"] > 0.99


def test_a_large_region_at_160_levels_stays_small():
    """Peak measured: 200 MB for 820,000 pixels."""
    got = measured_apart(1140, 4000, {"binWidth": 25})
    assert got["pixels"] > 800_000
    assert got["nan"] == 0
    assert got["rss_mb"] < 600


@pytest.mark.slow
def test_a_large_16_bit_region_at_width_1():
    """Peak measured: 300 MB, and 20 s."""
    got = measured_apart(1140, 65_536, {"binWidth": 1})
    assert got["pixels"] > 800_000
    assert got["distinct"] > 65_000
    assert got["nan"] == 0
    assert got["rss_mb"] < 1000


def glcm_statistics(levels: np.ndarray, chosen: Settings) -> dict[str, np.ndarray]:
    mask = levels > 0
    roi = Roi(levels.astype(np.float64), mask, mask, np.arange(1.0, levels.max() + 2.0), (0.1, 0.2))
    stats = glcm_cpu.statistics(pack([roi], pad=max(chosen.distances)), chosen)
    return {name: getattr(stats, name) for name in ("px", "py", "p_sum", "p_diff", "joint", "mcc")}


@pytest.mark.parametrize(
    "chosen",
    [
        Settings(),
        Settings(symmetricalGLCM=False),
        Settings(distances=(1, 2)),
        Settings(symmetricalGLCM=False, distances=(3,)),
    ],
    ids=["symmetric", "one way", "two distances", "one way at 3"],
)
@pytest.mark.parametrize("top", [130, 400, 900])
def test_sorted_pairs_and_a_dense_table_agree_to_the_bit(monkeypatch, chosen, top):
    levels = np.random.default_rng(top).integers(0, top, (30, 30))
    levels[levels < top // 5] = 0
    levels[0, 0] = top
    sparse_or_dense = []
    for entries in (0, 10**9):
        monkeypatch.setattr(glcm_cpu, "DENSE_ENTRIES", entries)
        assert ((top + 1) ** 2 <= max(entries, 16 * np.count_nonzero(levels))) == (entries > 0)
        sparse_or_dense.append(glcm_statistics(levels, chosen))
    for name, value in sparse_or_dense[0].items():
        assert value.tobytes() == sparse_or_dense[1][name].tobytes(), name


def engine_result(image: np.ndarray, **setting: object) -> np.ndarray | Failure:
    engine = CpuEngine(recipe_from({"setting": setting}))
    return engine.measure(
        [Sample("wide", "P", image, np.ones(image.shape, dtype=bool), image_path="wide.nii")]
    ).results[0]


def test_a_wider_range_is_refused_with_a_width_that_works():
    image = np.random.default_rng(0).integers(0, 10_000_000, (40, 40)).astype(np.float64)
    refused = engine_result(image, binWidth=1)
    assert isinstance(refused, Failure)
    assert (refused.stage, refused.error, refused.path) == ("prepare", "RoiError", "wide.nii")
    assert "more than 65,536" in refused.cause
    width = float(refused.remedy.split("binWidth to ")[1].split()[0])
    assert isinstance(engine_result(image, binWidth=width), np.ndarray)
    assert isinstance(engine_result(image, binCount=64), np.ndarray)


def test_fractional_images_with_a_bin_width_for_whole_numbers_are_one_level():
    """A normalised image at width 25 has one level: not an error in pyradiomics, and none here."""
    image = np.random.default_rng(0).normal(size=(20, 20)) * 0.1 + 0.5
    image = image.clip(0.01, 0.99)
    row = engine_result(image, binWidth=25)
    assert isinstance(row, np.ndarray)
    names = CpuEngine(recipe_from({})).feature_names
    assert row[names.index("original_firstorder_Entropy")] == 0.0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)),
    st.integers(1, 60),
    st.floats(1e-3, 1e3),
)
def test_levels_are_numpys_digitize(values, bins, width):
    low = np.floor(values.min() / width) * width
    edges = low + width * np.arange(bins + 1)
    mask = np.ones(values.shape, dtype=bool)
    batch = pack([Roi(values, mask, mask, edges, (1.0, 1.0))], pad=2)
    found = batch.levels.reshape(7, 8)
    expected = np.digitize(values, edges)
    np.testing.assert_array_equal(found[2:-2, 2:-2], expected)
    assert batch.n_levels[0] == expected.max()
    assert batch.n_distinct[0] == len(np.unique(expected))
    found[2:-2, 2:-2] = 0
    assert not found.any()


def test_values_on_an_edge_belong_to_the_bin_above():
    edges = np.arange(0, 1.1, 0.1)
    values = edges[:-1].reshape(2, 5)
    mask = np.ones(values.shape, dtype=bool)
    batch = pack([Roi(values, mask, mask, edges, (1.0, 1.0))], pad=1)
    assert batch.levels.reshape(4, 7)[1:-1, 1:-1].ravel().tolist() == list(range(1, 11))
