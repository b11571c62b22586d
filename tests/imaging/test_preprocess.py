"""The steps from a sample to a region that can be counted, against SimpleITK, NumPy, pyradiomics and toys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.records import Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import MaskError, ReadError, RoiError
from radiomics_mammo.imaging.preprocessing import STEPS, prepare
from radiomics_mammo.imaging.preprocessing.check import check_region
from radiomics_mammo.imaging.preprocessing.crop import crop_to_region
from radiomics_mammo.imaging.preprocessing.discretise import MAX_LEVELS, bin_edges
from radiomics_mammo.imaging.preprocessing.normalise import normalise
from radiomics_mammo.imaging.preprocessing.plane import Plane
from radiomics_mammo.recipes.settings_rules import settings_from

BOX = np.s_[3:7, 2:6]


def plane_of(values: np.ndarray, mask: np.ndarray | None = None, spacing: tuple[float, float] | None = None) -> Plane:
    inside = np.ones(values.shape, dtype=bool) if mask is None else mask
    return Plane.of(Sample("x", "P", values, inside, spacing, image_path="image.png", mask_path="mask.png"))


def boxed(shape: tuple[int, int] = (10, 9), box: tuple[slice, slice] = BOX) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[box] = True
    return mask


def radiomics():
    return pytest.importorskip("radiomics.imageoperations", reason="needs the reference extra")


def itk(values: np.ndarray, spacing: tuple[float, float] = (1.0, 1.0)):
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing[::-1])
    return image


# The plane


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 3)), np.zeros(4), np.zeros((4, 4), complex), np.zeros((4, 4), "U1")],
    ids=["colour", "line", "complex", "text"],
)
def test_only_planes_of_real_numbers_pass(image):
    with pytest.raises(ReadError, match="not one plane of real numbers") as caught:
        plane_of(image, np.ones((4, 4), dtype=bool))
    assert caught.value.path == "image.png"


def test_a_mask_of_another_size_is_named_with_both_sizes():
    with pytest.raises(MaskError, match="the mask is 5 x 4, the image 4 x 4") as caught:
        plane_of(np.zeros((4, 4)), np.ones((5, 4), dtype=bool))
    assert caught.value.path == "mask.png"


@pytest.mark.parametrize("dtype", ["?", "i1", ">u2", ">i4", "u8", "f2", ">f4", ">f8", "g"])
@pytest.mark.parametrize(
    "given_settings",
    [
        {},
        {"normalize": True},
        {"resampledPixelSpacing": [0.2, 0.2]},
        {"resegmentRange": [-2, 2], "resegmentMode": "sigma"},
    ],
    ids=str,
)
def test_every_type_of_real_number_goes_through_every_step(dtype, given_settings):
    """Foreign byte order and half precision come from .npy files; SimpleITK knows neither."""
    values = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 120, (10, 9))
    chosen = settings_from({"binCount": 8, **given_settings})
    odd = prepare(Sample("x", "P", values.astype(dtype), boxed(), (0.1, 0.1)), chosen)
    wide = {"?": "u1", "i1": "i1", "f2": "f4", "g": "f8"}.get(dtype, dtype.lstrip(">"))
    plain = prepare(Sample("x", "P", values.astype(wide), boxed(), (0.1, 0.1)), chosen)
    np.testing.assert_array_equal(odd.values, plain.values)
    np.testing.assert_array_equal(odd.mask, plain.mask)
    np.testing.assert_array_equal(odd.edges, plain.edges)
    assert odd.values.dtype == plain.values.dtype


# Box and crop


@settings(max_examples=80, deadline=None, derandomize=True)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_bounding_box_is_numpys(mask):
    where = np.argwhere(mask)
    expected = None
    if len(where):
        (top, left), (bottom, right) = where.min(0), where.max(0)
        expected = (top, bottom + 1, left, right + 1)
    assert bounding_box(mask) == expected


def test_crop_cuts_everything_to_the_intensity_mask():
    values = np.arange(90).reshape(10, 9)
    plane = plane_of(values, boxed())
    wide = Plane(values, plane.mask, boxed(box=np.s_[1:9, 1:8]), None)
    cut = crop_to_region(wide)
    np.testing.assert_array_equal(cut.values, values[BOX])
    assert cut.mask.all()
    assert cut.shape_mask.shape == (4, 4)
    whole = plane_of(values)
    same = crop_to_region(whole)
    assert same.values.shape == whole.values.shape and np.shares_memory(same.values, whole.values)


# Checks


def test_an_empty_mask():
    with pytest.raises(MaskError, match="the mask is empty"):
        prepare(Sample("x", "P", np.zeros((4, 4)), np.zeros((4, 4), dtype=bool)), Settings())


@pytest.mark.parametrize(
    ("box", "what", "directions"),
    [
        (np.s_[3:4, 2:3], "a single pixel", 0),
        (np.s_[3:4, 2:6], "a line of pixels", 1),
        (np.s_[3:7, 2:3], "a line of pixels", 1),
    ],
)
def test_pixels_and_lines_need_a_lower_limit(box, what, directions):
    plane = plane_of(np.arange(90).reshape(10, 9), boxed(box=box))
    with pytest.raises(RoiError, match=f"the region is {what}; minimumROIDimensions is 2"):
        check_region(plane, Settings())
    assert check_region(plane, settings_from({"minimumROIDimensions": directions})) is plane
    if directions:
        assert check_region(plane, settings_from({"minimumROIDimensions": directions - 1})) is plane
    with pytest.raises(RoiError):
        check_region(plane, settings_from({"minimumROIDimensions": directions + 1}))


def test_a_diagonal_extends_in_two_directions():
    plane = plane_of(np.zeros((5, 5)), np.eye(5, dtype=bool))
    assert check_region(plane, Settings()) is plane


def test_minimum_size_must_be_exceeded_as_in_pyradiomics():
    plane = plane_of(np.zeros((10, 9)), boxed())
    assert check_region(plane, settings_from({"minimumROISize": 15})) is plane
    with pytest.raises(RoiError, match="has 16 pixels, not more than minimumROISize 16"):
        check_region(plane, settings_from({"minimumROISize": 16}))
    with pytest.raises(ValueError, match="16"):
        radiomics().checkMask(itk(plane.values), itk(plane.mask.astype(np.uint8)), minimumROISize=16)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_infinity_inside_are_counted_and_outside_ignored(bad, dtype):
    values = np.arange(90, dtype=dtype).reshape(10, 9)
    clean = prepare(Sample("x", "P", values, boxed()), Settings())
    dirty = values.copy()
    dirty[~boxed()] = bad
    dirty[3, 1] = bad
    roi = prepare(Sample("x", "P", dirty, boxed()), Settings())
    np.testing.assert_array_equal(roi.values, clean.values)
    np.testing.assert_array_equal(roi.edges, clean.edges)
    dirty[4, 4] = dirty[6, 2] = bad
    with pytest.raises(RoiError, match="2 of the region's 16 pixels are NaN or infinite"):
        prepare(Sample("x", "P", dirty, boxed()), Settings())


def test_a_mask_on_nothing_but_nan():
    with pytest.raises(RoiError, match="16 of the region's 16 pixels are NaN"):
        prepare(Sample("x", "P", np.full((10, 9), np.nan), boxed()), Settings())


# Discretisation


def edges_of(values: np.ndarray, **given: object) -> np.ndarray:
    return bin_edges(plane_of(values), settings_from(given))


@pytest.mark.parametrize("count", [1, 2, 7, 64, 256])
def test_bin_count_is_numpys_histogram_with_the_upper_edge_included(count):
    values = np.random.default_rng(count).normal(50, 20, (13, 11))
    expected = np.histogram(values, count)
    edges = edges_of(values, binCount=count)
    np.testing.assert_array_equal(edges[:-1], expected[1][:-1])
    assert edges[-1] == expected[1][-1] + 1
    levels = np.digitize(values, edges)
    np.testing.assert_array_equal(np.bincount(levels.ravel(), minlength=count + 1)[1:], expected[0])


@pytest.mark.parametrize(
    ("values", "given"),
    [
        (1e16 + 2.0 * np.arange(9.0).reshape(3, 3), {"binCount": 64}),
        (np.float32(1) + np.spacing(np.float32(1)) * np.eye(3, dtype=np.float32), {"binCount": 16}),
        (np.full((3, 3), 1e17) + 64 * np.eye(3), {"binWidth": 4}),
    ],
)
def test_levels_that_numbers_cannot_tell_apart_are_refused(values, given):
    with pytest.raises(RoiError, match="differ by no more than rounding"):
        edges_of(values, **given)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    hnp.arrays(np.float64, (4, 5), elements=st.floats(-500, 500, width=32)),
    st.sampled_from([{"binWidth": 25}, {"binWidth": 0.7}, {"binWidth": 100}, {"binCount": 16}, {"binCount": 3}]),
)
def test_edges_are_pyradiomics(values, given_settings):
    theirs = radiomics().getBinEdges(values.ravel(), **given_settings)
    np.testing.assert_array_equal(edges_of(values, **given_settings), theirs)


@pytest.mark.parametrize("width", [25, 10, 1])
def test_edges_by_hand(width):
    """The first edge is a multiple of the width at or below the minimum, the last beyond the maximum."""
    edges = edges_of(np.array([[30, 54, 75]], dtype=np.uint8), binWidth=width)
    expected = {25: [25, 50, 75, 100], 10: [30, 40, 50, 60, 70, 80], 1: list(range(30, 77))}[width]
    assert edges.tolist()[: len(expected)] == expected
    assert len(edges) <= len(expected) + 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float16, np.float32])
def test_narrow_types_do_not_wrap(dtype):
    top = 255 if dtype == np.uint8 else 32_700
    values = np.array([[0, top // 2, top]], dtype=dtype)
    wide = values.astype(np.float64)
    for given_settings in ({"binCount": 8}, {"binWidth": 100}):
        np.testing.assert_allclose(edges_of(values, **given_settings), edges_of(wide, **given_settings), rtol=1e-6)
        levels = np.digitize(wide, edges_of(values, **given_settings))
        assert levels.min() == 1


def test_a_constant_region_is_one_level():
    for value in (0, 7, 50):
        values = np.full((3, 3), value)
        for given_settings in ({"binWidth": 25}, {"binCount": 8}):
            levels = np.digitize(values, edges_of(values, **given_settings))
            assert len(np.unique(levels)) == 1


@pytest.mark.parametrize("high", [1e6, 1e9, 1e300])
def test_too_many_levels_are_refused_with_a_width_that_works(high):
    values = np.array([[0.0, 1.0], [2.0, high]])
    with pytest.raises(RoiError, match="grey levels, more than 65,536") as caught:
        edges_of(values, binWidth=1)
    advice = caught.value.remedy
    width = float(advice.split("binWidth to ")[1].split()[0])
    levels = len(edges_of(values, binWidth=width)) - 1
    assert levels <= 260
    assert len(edges_of(values, binCount=int(advice.split("binCount to ")[1].rstrip(".")))) == 65


def test_the_limit_itself_is_allowed():
    values = np.array([[0, MAX_LEVELS - 1]], dtype=np.uint16)
    assert len(edges_of(values, binWidth=1)) - 1 >= MAX_LEVELS
    with pytest.raises(RoiError):
        edges_of(values, binCount=MAX_LEVELS + 1)


# Normalisation


@pytest.mark.parametrize(
    "given_settings", [{}, {"normalizeScale": 100}, {"normalizeScale": 100, "removeOutliers": 1.5}]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_normalise_is_by_hand_and_pyradiomics(given_settings, dtype):
    values = (np.random.default_rng(0).random((12, 15)) * 200).astype(dtype)
    ours = normalise(plane_of(values, boxed((12, 15))), settings_from({"normalize": True, **given_settings})).values
    x = values.astype(np.float64)
    expected = (x - x.mean()) / x.std(ddof=1)
    limit = given_settings.get("removeOutliers")
    if limit:
        expected = expected.clip(-limit, limit)
    expected *= given_settings.get("normalizeScale", 1)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)
    import SimpleITK as sitk

    theirs = radiomics().normalizeImage(itk(values), **{"normalizeScale": 1, "removeOutliers": None, **given_settings})
    np.testing.assert_array_equal(ours, sitk.GetArrayFromImage(theirs))


def test_normalise_leaves_alone_what_is_not_asked_for():
    plane = plane_of(np.arange(9).reshape(3, 3))
    assert normalise(plane, Settings()) is plane


@pytest.mark.parametrize("values", [np.full((4, 4), 7), np.zeros((4, 4)), np.ones((4, 4), dtype=bool)], ids=str)
def test_a_constant_image_cannot_be_normalised(values):
    with pytest.raises(RoiError, match="the image is constant"):
        normalise(plane_of(values), settings_from({"normalize": True}))


def test_nan_anywhere_in_the_image_spoils_normalising_and_is_said():
    values = np.arange(90.0).reshape(10, 9)
    values[0, 0] = np.nan
    with pytest.raises(RoiError, match="the image holds NaN or infinity"):
        prepare(Sample("x", "P", values, boxed()), settings_from({"normalize": True}))


# All of them


def test_the_steps_in_pyradiomics_order():
    assert [step.__name__ for step in STEPS] == ["normalise", "resample", "precrop", "check_region", "resegment"]


def test_nothing_is_written_into_the_sample():
    values, mask = np.arange(90.0).reshape(10, 9), boxed()
    before = values.copy(), mask.copy()
    chosen = settings_from(
        {"normalize": True, "resampledPixelSpacing": [0.05, 0.05], "resegmentRange": [-1, 1], "binCount": 8}
    )
    prepare(Sample("x", "P", values, mask, (0.1, 0.1)), chosen)
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(mask, before[1])


def test_a_crop_keeps_one_mask_for_intensities_and_shape():
    image, mask = np.arange(400).reshape(20, 20), np.zeros((20, 20), dtype=bool)
    mask[5:12, 6:14] = True
    plane = crop_to_region(Plane.of(Sample("a", "p", image, mask)))
    assert plane.mask.shape == (7, 8)
    assert plane.shape_mask is plane.mask
