"""Where a mask lies on its image; SimpleITK is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_mammo import FeatureExtractor
from radiomics_mammo.errors import CaseError, MaskError
from radiomics_mammo.imaging.formats.image_file import of_itk
from radiomics_mammo.imaging.masks.placement import place
from radiomics_mammo.readers.manifest.reader import ManifestReader

RNG = np.random.default_rng(0)
SHAPE = (60, 64)


def picture(pixels, *, origin=(0.0, 0.0), spacing=(0.07, 0.07), direction=(1, 0, 0, 1)) -> sitk.Image:
    image = sitk.GetImageFromArray(pixels)
    image.SetOrigin(origin)
    image.SetSpacing(spacing)
    image.SetDirection(direction)
    return image


def drawn(shape=SHAPE) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    mask[15:40, 20:55] = 1
    mask[15:20, 20:30] = 2  # no symmetry
    return mask


def placed(image, mask, **options):
    image, mask = of_itk(image), of_itk(mask)
    return place(mask.pixels, image.pixels.shape, mask=mask.geometry, image=image.geometry, **options)


def resampled(image, mask) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0))


FRAMES = {
    "part": picture(drawn()[10:50, 15:60], origin=(15 * 0.07, 10 * 0.07)),
    "larger": picture(np.pad(drawn(), ((5, 2), (3, 9))), origin=(-3 * 0.07, -5 * 0.07)),
    "rows reversed": picture(drawn()[::-1].copy(), origin=(0, 59 * 0.07), direction=(1, 0, 0, -1)),
    "columns reversed": picture(drawn()[:, ::-1].copy(), origin=(63 * 0.07, 0), direction=(-1, 0, 0, 1)),
    "transposed": picture(drawn().T.copy(), direction=(0, 1, 1, 0)),
    "finer": picture(
        np.kron(drawn(), np.ones((3, 3), np.uint8)), origin=(-0.07 / 3, -0.07 / 3), spacing=(0.07 / 3,) * 2
    ),
    "turned by 10 degrees": picture(
        drawn(), direction=(np.cos(0.17), -np.sin(0.17), np.sin(0.17), np.cos(0.17)), origin=(0.3, -0.4)
    ),
}


@pytest.mark.reported("Geometry", "mask on another grid with its own header", "placed by the headers with correctMask")
@pytest.mark.parametrize("name", FRAMES)
def test_a_mask_is_resampled_as_simpleitk_does(name):
    image = picture(RNG.integers(0, 4000, SHAPE).astype(np.uint16))
    plane, notes = placed(image, FRAMES[name], correct=True)
    np.testing.assert_array_equal(plane, resampled(image, FRAMES[name]))
    assert notes == ("mask resampled onto the image's grid (correctMask)",)


@pytest.mark.parametrize("name", [name for name in FRAMES if name != "finer"])
def test_without_correct_mask_another_grid_is_refused(name):
    image = picture(RNG.integers(0, 4000, SHAPE).astype(np.uint16))
    with pytest.raises(MaskError, match="elsewhere") as caught:
        placed(image, FRAMES[name])
    assert "correctMask" in caught.value.remedy


@pytest.mark.reported("Geometry", "mask of other resolution over the same extent", "scaled, with a note")
def test_the_same_extent_is_scaled():
    image = picture(RNG.integers(0, 4000, SHAPE).astype(np.uint16))
    plane, notes = placed(image, FRAMES["finer"])
    np.testing.assert_array_equal(plane, drawn())
    assert "scaled by 0.3333" in notes[0]


@pytest.mark.reported("Geometry", "mask with equal pixels that covers a quarter (geometry_scale.py)", "875 pixels")
def test_a_mask_of_a_quarter_is_never_stretched():
    small = np.zeros((60, 60), np.uint8)
    small[15:40, 20:55] = 1
    image = picture(RNG.integers(0, 4000, (120, 120)).astype(np.uint16))
    for mask in (picture(small), picture(small, origin=(0.02, 0.02))):
        with pytest.raises(MaskError, match="elsewhere"):
            placed(image, mask)
        assert placed(image, mask, correct=True)[0].sum() == 875
    coarse = picture(small, spacing=(0.14, 0.14), origin=(0.035, 0.035))
    assert placed(image, coarse)[0].sum() == 4 * 875
    for far in (
        picture(small, spacing=(0.14, 0.14), origin=(30, 30)),
        picture(small, spacing=(0.11, 0.11), origin=(10, 10)),
    ):
        for correct in (False, True):
            with pytest.raises(MaskError, match=r"elsewhere|outside"):
                placed(image, far, correct=correct)


@pytest.mark.reported("Geometry", "header of the mask lost: spacing 1, origin 0", "taken as one grid, with a note")
def test_a_header_that_says_nothing_is_noted():
    image = picture(RNG.integers(0, 9, SHAPE).astype(np.uint16), origin=(10, 20))
    plane, notes = placed(image, picture(drawn(), spacing=(1, 1)))
    np.testing.assert_array_equal(plane, drawn())
    assert "mask's header states no position" in notes[0]


def test_a_slice_off_the_plane_is_refused_and_half_a_slice_is_not():
    def volume(pixels, z):
        image = sitk.GetImageFromArray(pixels[None])
        image.SetSpacing((0.07, 0.07, 2.0))
        image.SetOrigin((1.0, 2.0, z))
        return image

    image = volume(RNG.integers(0, 9, SHAPE).astype(np.uint16), 0.0)
    np.testing.assert_array_equal(placed(image, volume(drawn(), 0.5))[0], drawn())
    with pytest.raises(MaskError, match="off the image's plane"):
        placed(image, volume(drawn(), 3.0))
    flat = picture(drawn(), origin=(1.0, 2.0))  # a two-dimensional file has no plane
    np.testing.assert_array_equal(placed(image, flat)[0], drawn())


THIN = {"sagittal": (0, (2.5, 0.5, 0.5)), "coronal": (1, (0.5, 2.5, 0.5)), "axial": (2, (0.5, 0.5, 2.5))}


@pytest.mark.reported("Geometry", "volumes of one slice, axial, coronal, sagittal", "placed as pyradiomics does")
@pytest.mark.parametrize("orientation", THIN)
def test_one_slice_of_any_orientation_is_placed_as_simpleitk_does(orientation, tmp_path):
    axis, spacing = THIN[orientation]
    across, down = (each for each in range(3) if each != axis)

    def thin(pixels, top=0, left=0):
        image = sitk.GetImageFromArray(np.expand_dims(pixels, 2 - axis))
        image.SetSpacing(spacing)
        origin = [0.0, 0.0, 0.0]
        origin[across], origin[down] = left * 0.5, top * 0.5
        image.SetOrigin(origin)
        return image

    pixels = RNG.integers(0, 4000, SHAPE).astype(np.uint16)
    image, mask = thin(pixels), thin(np.pad(drawn() > 0, ((5, 0), (2, 0))).astype(np.uint8), -5, -2)
    expected = resampled(image, mask).squeeze()
    np.testing.assert_array_equal(placed(image, mask, correct=True)[0], expected)
    with pytest.raises(MaskError, match="elsewhere"):
        placed(image, mask)
    row = FeatureExtractor(
        {"setting": {"correctMask": True}, "featureClass": {"firstorder": ["Mean"]}}, engine="cpu"
    ).execute(image, mask)
    assert row["original_firstorder_Mean"] == pytest.approx(pixels[drawn() > 0].mean())


@pytest.mark.reported("Geometry", "DICOM and its mask flipped as dcm2niix writes it", "refused; right with correctMask")
def test_a_flipped_mask_on_a_dicom_image(tmp_path):
    from radiomics_mammo.imaging.formats.dicom.write import write_dicom

    pixels = RNG.integers(0, 4000, SHAPE).astype(np.uint16)
    write_dicom(tmp_path / "i.dcm", pixels, patient_id="X", series_description="", spacing=(0.07, 0.07))
    sitk.WriteImage(FRAMES["rows reversed"], str(tmp_path / "m.nii.gz"))
    (tmp_path / "c.csv").write_text("case_id,image,mask,mask_label\nc,i.dcm,m.nii.gz,1\n")
    for reader, right in (
        (ManifestReader(tmp_path / "c.csv"), False),
        (ManifestReader(tmp_path / "c.csv", correct_mask=True), True),
    ):
        (case,) = reader.cases()
        if right:
            np.testing.assert_array_equal(reader.load(case)[0].mask, drawn() == 1)
        else:
            with pytest.raises(CaseError, match="the axes run otherwise"):
                reader.load(case)


def test_an_image_without_header_takes_the_mask_as_it_is_stored():
    mask = of_itk(FRAMES["rows reversed"])
    plane, notes = place(mask.pixels, SHAPE, mask=mask.geometry, image=None)
    np.testing.assert_array_equal(plane, mask.pixels)
    assert "the image has no header" in notes[0]
