"""Number for number against pyradiomics: every feature, every setting, odd regions, real lesions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import gaussian_filter

from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.recipes.recipe import recipe_from
from tests.support.parity import assert_close, assert_parity, class_vector
from tests.support.real_lesions import boxed_lesions, true_outlines


def lesion(seed: int = 0, *, size: int = 72, dtype: type = np.uint16, top: float = 4000.0) -> Sample:
    """A blob of correlated noise with holes and a ragged edge, at uneven pixel spacing."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, : size + 9]
    image = gaussian_filter(rng.normal(size=y.shape), 1.5)
    image = (image - image.min()) / np.ptp(image) * top
    mask = (y - size / 2) ** 2 + 1.4 * (x - size / 2) ** 2 < (
        0.4 * size + 6 * gaussian_filter(rng.normal(size=y.shape), 4)
    ) ** 2
    mask &= rng.random(y.shape) > 0.03
    return Sample(f"lesion-{seed}", "P", image.astype(dtype), mask, (0.07, 0.05))


SETTINGS = [
    {},
    {"binWidth": 8.7},
    {"binCount": 64},
    {"binCount": 7},
    {"binCount": 32, "distances": [2]},
    {"binCount": 32, "distances": [1, 3]},
    {"binCount": 32, "symmetricalGLCM": False},
    {"binCount": 32, "symmetricalGLCM": False, "distances": [1, 2]},
    {"binCount": 32, "weightingNorm": "infinity"},
    {"binCount": 32, "weightingNorm": "euclidean"},
    {"binCount": 32, "weightingNorm": "manhattan", "symmetricalGLCM": False},
    {"binCount": 32, "weightingNorm": "no_weighting", "distances": [1, 2]},
    {"binCount": 32, "gldm_a": 2},
    {"binCount": 32, "gldm_a": 1, "distances": [2]},
    {"voxelArrayShift": 300},
    {"resegmentRange": [1200, 2900]},
    {"resegmentRange": [0.4], "resegmentMode": "relative"},
    {"resegmentRange": [-1.5, 1], "resegmentMode": "sigma"},
    {"resegmentRange": [-1, 1], "resegmentMode": "sigma", "resegmentShape": True},
    {"normalize": True, "binWidth": 0.1, "voxelArrayShift": 3},
    {"normalize": True, "normalizeScale": 100, "removeOutliers": 1.5, "binWidth": 5},
    {"normalize": True, "normalizeScale": 100, "voxelArrayShift": 500, "binCount": 40},
    {"resampledPixelSpacing": [0.1, 0.1]},
    {"resampledPixelSpacing": [0.03, 0.04], "interpolator": "sitkLinear", "binCount": 20},
    {"resampledPixelSpacing": [0, 0.2], "interpolator": "sitkNearestNeighbor"},
    {"resampledPixelSpacing": [0.08, 0.06], "padDistance": 12, "normalize": True, "normalizeScale": 50},
    {"minimumROISize": 10, "minimumROIDimensions": 1, "preCrop": True, "force2D": True},
]


@pytest.mark.parametrize("setting", SETTINGS, ids=[",".join(map(str, s)) + f"#{k}" for k, s in enumerate(SETTINGS)])
def test_every_setting_gives_pyradiomics_numbers(setting):
    assert_parity([lesion(1), lesion(2, size=50)], {"setting": setting})


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_every_pixel_type(dtype):
    sample = lesion(3, dtype=dtype, top=250.0)
    assert_parity([sample], {"setting": {"binCount": 16}})
    assert_parity([sample], {"setting": {"binWidth": 3}})


def test_negative_and_fractional_intensities():
    sample = lesion(4, dtype=np.float64, top=30.0)
    shifted = Sample("negative", "P", sample.image - 17.3, sample.mask)
    assert_parity([shifted], {"setting": {"binWidth": 0.9}})
    assert_parity([shifted], {"setting": {"binCount": 12}})


def test_an_image_type_may_override_its_binning():
    assert_parity([lesion(5)], {"imageType": {"Original": {"binWidth": 100}}, "setting": {"binWidth": 1}})


LEVELS = st.sampled_from([1, 2, 3, 8, 40])


@st.composite
def regions(draw):
    """Tiny images with masks of any form: a pixel, a line, holes, several parts, all of it."""
    rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    top = draw(LEVELS)
    image = draw(hnp.arrays(np.int64, (rows, columns), elements=st.integers(0, top - 1)))
    mask = draw(hnp.arrays(np.bool_, (rows, columns), elements=st.booleans()))
    if not mask.any():
        mask[draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))] = True
    return image, mask


ODD_SETTINGS = [
    {"binWidth": 1},
    {"binWidth": 3},
    {"binCount": 5},
    {"binWidth": 1, "distances": [1, 2]},
    {"binWidth": 1, "gldm_a": 1},
    {"binWidth": 1, "symmetricalGLCM": False},
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(regions(), st.sampled_from(ODD_SETTINGS))
def test_odd_regions_give_the_feature_classes_numbers(region, setting):
    image, mask = region
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    engine = CpuEngine(recipe_from({"setting": {**setting, "minimumROIDimensions": 0}}))
    (ours,) = engine.measure([Sample("odd", "P", image, mask)]).results
    assert isinstance(ours, np.ndarray), ours
    # Its C code refuses an image of one pixel, though not a region of one.
    theirs = class_vector(engine.feature_names, np.pad(image[box], 1), np.pad(mask[box], 1), setting)
    assert_close(engine.feature_names, ours, theirs, label=f"{image[box]!r}\n{mask[box]!r}")


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        (np.full((9, 9), 7), np.ones((9, 9), bool)),
        (np.full((9, 9), 7), np.eye(9, dtype=bool)),
        (np.arange(81).reshape(9, 9), np.ones((9, 9), bool)),
        (np.indices((12, 12)).sum(0) % 2, np.ones((12, 12), bool)),
        (np.indices((12, 12))[0] // 3, np.indices((12, 12)).sum(0) % 5 > 0),
    ],
    ids=["flat", "diagonal", "ramp", "chequered", "stripes with holes"],
)
@pytest.mark.parametrize("setting", [{"binWidth": 1}, {"binCount": 8}])
def test_patterns(image, mask, setting):
    assert_parity([Sample("pattern", "P", image.astype(np.uint16), mask)], {"setting": setting})


@pytest.mark.parametrize("setting", [{"binCount": 64}, {"binWidth": 25}], ids=["64 bins", "width 25"])
def test_real_outlines(shared_data, setting):
    samples = true_outlines(shared_data)
    if setting == {"binWidth": 25}:  # 16-bit film: 2,600 levels at width 25 are more than pyradiomics can hold
        samples = [s if s.image.dtype == np.uint8 else Sample(s.case_id, "", s.image // 16, s.mask) for s in samples]
    assert_parity(samples, {"setting": setting})


@pytest.mark.slow
def test_many_real_crops(shared_data):
    samples = boxed_lesions(shared_data)
    assert_parity(samples[:: len(samples) // 100][:100], {"setting": {"binCount": 64}})
