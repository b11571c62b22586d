"""Resegmentation and resampling against pyradiomics, SimpleITK and toys counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import MaskError, RoiError
from radiomics_mammo.imaging.preprocessing.resample import resample
from radiomics_mammo.imaging.preprocessing.resegment import resegment
from radiomics_mammo.recipes.settings_rules import settings_from
from tests.imaging.test_preprocess import boxed, itk, plane_of, radiomics

# Resegmentation


def kept(values: list[list[float]], **given_settings: object) -> list[float]:
    plane = plane_of(np.array(values))
    return sorted(plane.values[resegment(plane, settings_from(given_settings)).mask].tolist())


GRADES = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]]


@pytest.mark.parametrize(
    ("given_settings", "expected"),
    [
        ({"resegmentRange": [3, 7]}, [3, 4, 5, 6, 7]),
        ({"resegmentRange": [7, 3]}, [3, 4, 5, 6, 7]),
        ({"resegmentRange": [6]}, [6, 7, 8, 10]),
        ({"resegmentRange": [0.5], "resegmentMode": "relative"}, [5, 6, 7, 8, 10]),
        ({"resegmentRange": [0.2, 0.4], "resegmentMode": "relative"}, [2, 3, 4]),
        # mean 5.11, standard deviation 2.81 (of the whole population)
        ({"resegmentRange": [-1, 1], "resegmentMode": "sigma"}, [3, 4, 5, 6, 7]),
        ({"resegmentRange": [0.6], "resegmentMode": "sigma"}, [7, 8, 10]),
    ],
)
def test_resegment_by_hand_and_pyradiomics(given_settings, expected):
    assert kept(GRADES, minimumROIDimensions=1, **given_settings) == expected
    import SimpleITK as sitk

    values = np.array(GRADES)
    mask = radiomics().resegmentMask(itk(values), itk(np.ones((3, 3), np.uint8)), **given_settings)
    assert sorted(values[sitk.GetArrayFromImage(mask) > 0].tolist()) == expected


def test_shape_keeps_the_whole_region_unless_told():
    plane = plane_of(np.array(GRADES))
    given_settings = {"resegmentRange": [3, 7]}
    assert resegment(plane, settings_from(given_settings)).shape_mask.all()
    both = resegment(plane, settings_from({**given_settings, "resegmentShape": True}))
    np.testing.assert_array_equal(both.shape_mask, both.mask)
    assert plane.mask.all()  # the sample's own mask is not written to


@pytest.mark.parametrize(("limits", "left"), [([100, 200], 0), ([10, 11], 1)])
def test_nothing_left(limits, left):
    with pytest.raises(RoiError, match=f"leaves {left} of the region's 9 pixels"):
        kept(GRADES, resegmentRange=limits)


def test_a_region_that_is_resegmented_to_a_line_is_refused():
    with pytest.raises(RoiError, match="a line of pixels"):
        kept(GRADES, resegmentRange=[1, 3])


def test_without_a_range_nothing_happens():
    plane = plane_of(np.array(GRADES))
    assert resegment(plane, Settings()) is plane


# Resampling


@pytest.mark.parametrize(
    "given_settings",
    [
        {"resampledPixelSpacing": [0.1, 0.1]},
        {"resampledPixelSpacing": [0.2, 0.05], "interpolator": "sitkLinear"},
        {"resampledPixelSpacing": [0.03, 0.04], "interpolator": "sitkNearestNeighbor", "padDistance": 0},
        {"resampledPixelSpacing": [0, 0.1], "padDistance": 11},
        {"resampledPixelSpacing": [0.1, 0, 0]},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float64])
@pytest.mark.parametrize("box", [np.s_[9:25, 6:30], np.s_[0:12, 20:40], np.s_[17:30, 0:40]])
def test_resample_is_pyradiomics_grid(given_settings, dtype, box):
    import SimpleITK as sitk

    y, x = np.mgrid[:30, :40]
    values = ((np.sin(y / 4) + np.cos(x / 3)) * 50 + 120).astype(dtype)
    mask = boxed(values.shape, box)
    mask[15, 10] = False
    spacing = (0.07, 0.06)
    chosen = settings_from(given_settings)
    ours = resample(plane_of(values, mask, spacing), chosen)
    columns, rows = chosen.resampledPixelSpacing
    theirs = radiomics().resampleImage(
        itk(values, spacing),
        itk(mask.astype(np.uint8), spacing),
        resampledPixelSpacing=[columns, rows],
        interpolator=getattr(sitk, chosen.interpolator),
        padDistance=chosen.padDistance,
        label=1,
    )
    np.testing.assert_array_equal(ours.values, sitk.GetArrayFromImage(theirs[0]))
    np.testing.assert_array_equal(ours.mask, sitk.GetArrayFromImage(theirs[1]) > 0)
    assert ours.spacing == pytest.approx(theirs[0].GetSpacing()[::-1])
    np.testing.assert_array_equal(ours.shape_mask, ours.mask)


def test_the_spacing_it_has_already_crops_only_as_pyradiomics():
    import SimpleITK as sitk

    plane = plane_of(np.arange(90.0).reshape(10, 9), boxed(), (0.05, 0.1))
    settings = {"resampledPixelSpacing": [0.1, 0.05], "padDistance": 1}
    ours = resample(plane, settings_from(settings))
    pair = itk(plane.values), itk(plane.mask.astype(np.uint8))
    for image in pair:
        image.SetSpacing((0.1, 0.05))
    theirs = radiomics().resampleImage(*pair, **settings)
    assert ours.values.shape < plane.values.shape
    np.testing.assert_array_equal(ours.values, sitk.GetArrayFromImage(theirs[0]))
    np.testing.assert_array_equal(ours.mask, sitk.GetArrayFromImage(theirs[1]) > 0)
    assert ours.spacing == plane.spacing
    assert resample(plane, Settings()) is plane


def test_an_unknown_spacing_cannot_be_resampled():
    with pytest.raises(RoiError, match="the pixel size is unknown"):
        resample(plane_of(np.zeros((10, 9)), boxed()), settings_from({"resampledPixelSpacing": [0.1, 0.1]}))


def test_a_region_that_falls_between_the_new_pixels_is_refused():
    mask = np.zeros((40, 40), dtype=bool)
    mask[11:13, 11:13] = True
    chosen = settings_from({"resampledPixelSpacing": [1.6, 1.6]})
    with pytest.raises(MaskError, match="nothing of the region is left"):
        resample(plane_of(np.zeros((40, 40)), mask, (0.1, 0.1)), chosen)
