"""The prepared breast against the phantom's truth, with what films and scanners add, and on real mammograms."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.outline import breast_mask
from radiomics_mammo.imaging.breast.prepare import prepare_breast
from radiomics_mammo.imaging.breast.settings import BreastSettings
from radiomics_mammo.readers.phantom.lesion_cohort import plan_patient
from tests.support.breasts import dice, half_disk, in_image, nipple_in_image, phantom, tissue

PATIENTS = (2, 3, 5, 11)  # densities 1 to 4


def test_the_patients_are_a_mixture():
    patients = [plan_patient(number, seed=7) for number in PATIENTS]
    assert {patient.breasts[0].side for patient in patients} == {"LEFT", "RIGHT"}
    assert {patient.density for patient in patients} == {1, 2, 3, 4}


@pytest.mark.parametrize("view", ["CC", "MLO"])
@pytest.mark.parametrize("number", PATIENTS)
def test_outline_side_and_nipple(number, view):
    truth = phantom(number, view, size=640)
    found = prepare_breast(truth.image, view=view, spacing=truth.spacing)
    assert found.flipped == (truth.side == "RIGHT")
    assert found.image.shape == found.mask.shape and found.image.dtype == np.uint16
    region = tissue(found, truth.image.shape)
    assert dice(region, truth.breast) > 0.998
    edge = region ^ ndimage.binary_erosion(region, border_value=1)
    true_edge = truth.breast ^ ndimage.binary_erosion(truth.breast, border_value=1)
    away = ndimage.distance_transform_edt(~true_edge)[edge]
    assert away.mean() < 640 / 1000
    assert np.hypot(*np.subtract(nipple_in_image(found), truth.nipple)) * truth.pixel_mm < 3
    assert found.spacing == truth.spacing


def painted(truth, what: str) -> np.ndarray:
    """The picture as a film, a scanner or another screen would have it; chest wall at the left while painting."""
    if what == "noise":
        grain = np.random.default_rng(0).normal(0, 120, truth.image.shape)
        return np.clip(truth.image * 0.6 + 1000 + grain, 0, 4095).astype(np.uint16)
    if what == "8 bits":
        return (255 * np.clip((truth.image - 90.0) / 2400, 0, 1)).astype(np.uint8)
    turn = 1 if truth.side == "LEFT" else -1
    image = truth.image[:, ::turn] // (12 if "dim" in what else 1)
    rows, columns = image.shape
    if what == "touching plate":
        edge = int(np.flatnonzero(truth.breast[rows // 2 + 110, ::turn])[-1])
        image[rows // 2 + 90 : rows // 2 + 130, edge - 20 : edge + 120] = 4095
    elif "plate" in what:
        image[20:90, -150:-20] = 4095
        image[110:130, -150:-60:12] = 4095
    elif what == "white frame":
        image[:9] = image[-9:] = 4095
        image[:, -9:] = 4095
    elif what == "thick grey frame":
        image[:, -24:] = image[-24:, columns // 2 :] = 900
    elif what == "glow":
        image[:, :5] = 3500
    elif what == "shutter":
        image[:15] = image[-15:] = 0
        image[:, -20:] = 0
        image[15:-15, :-20] += 400
    return image[:, ::turn]


@pytest.mark.parametrize(
    ("what", "least"),
    [
        ("plate", 0.998),
        ("touching plate", 0.985),
        ("white frame", 0.97),  # the frame hides some of the breast
        ("thick grey frame", 0.998),
        ("glow", 0.98),  # so does this
        ("noise", 0.97),
        ("shutter", 0.96),
        ("dim", 0.998),
        ("dim with a plate", 0.998),
        ("8 bits", 0.995),
    ],
)
def test_what_is_no_breast_stays_out(what, least):
    for number, view in ((2, "CC"), (8, "MLO")):
        truth = phantom(number, view)
        found = prepare_breast(painted(truth, what), view=view, spacing=truth.spacing)
        region = tissue(found, truth.image.shape)
        assert dice(region, truth.breast) > least
        assert np.count_nonzero(region & ~truth.breast) < 0.02 * truth.breast.sum()
        assert found.flipped == (truth.side == "RIGHT")


def test_what_lies_under_a_white_frame_is_not_measured():
    image = np.where(half_disk((600, 400), 280), 2000, 100)
    image[:, :8] = 4095
    image[300:] = np.where(half_disk((600, 400), 280)[300:], 1990, 100)  # not one single value
    image[:, :8] = 4095
    found = prepare_breast(image, laterality="LEFT")
    assert found.box[2] in (8, 9)
    assert found.image.max() == 2000
    assert breast_mask(image)[300, 0]  # the outline goes on under it


def test_the_mirror_image_gives_the_same_breast():
    truth = phantom(4, "MLO", size=600)  # 300 blocks of 2, 240 blocks of 2
    one = prepare_breast(truth.image, view="MLO", spacing=truth.spacing)
    other = prepare_breast(np.ascontiguousarray(truth.image[:, ::-1]), view="MLO", spacing=truth.spacing)
    assert one.flipped != other.flipped
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.mask, other.mask)
    assert one.marks.nipple == other.marks.nipple


def test_an_incomplete_block_comes_first_in_the_mirror_image():
    image = np.full((300, 4097), 100)  # blocks of 9, the last of 2
    image[:, 2000:] = 2000 + np.arange(4097 - 2000) // 10
    found = prepare_breast(image, laterality="RIGHT")
    assert found.flipped and found.box[3] == 4097
    assert abs(found.box[2] - 2000) <= 4


def test_image_and_mask_are_those_of_the_box():
    truth = phantom(3, "CC")
    found = prepare_breast(truth.image)
    top, bottom, left, right = found.box
    cut = truth.image[top:bottom, left:right][:, :: -1 if found.flipped else 1]
    np.testing.assert_array_equal(found.image[found.mask], cut[found.mask])
    assert (found.image[~found.mask] == truth.image.min()).all()
    assert found.mask[0].any() and found.mask[-1].any() and found.mask[:, 0].any() and found.mask[:, -1].any()


def test_the_band_lies_under_the_skin():
    truth = phantom(2, "CC", size=700)
    found = prepare_breast(truth.image, spacing=truth.spacing, settings=BreastSettings(band_mm=8.0))
    depth = ndimage.distance_transform_edt(truth.breast) * truth.pixel_mm
    # Where the chest wall cuts the breast off is no skin: look away from it.
    columns = np.flatnonzero(truth.breast.any(axis=0))
    away = np.abs(np.arange(truth.breast.shape[1]) - (columns[0] if truth.side == "LEFT" else columns[-1])) > 40
    interior = in_image(found, found.marks.interior, truth.image.shape)
    assert interior[(depth > 9) & away].all()
    assert not interior[(depth < 7)].any()
    unknown = prepare_breast(truth.image)
    height = np.count_nonzero(truth.breast.any(axis=1))
    width = (unknown.mask & ~unknown.marks.interior)[unknown.mask.shape[0] // 2].sum()
    assert width == pytest.approx(5 / 200 * height, abs=6)


@pytest.mark.parametrize("pixel_mm", [1.0, 0.75, 0.25])
def test_resampled_to_one_pixel_size(pixel_mm):
    truth = phantom(2, "MLO", size=512)
    plain = prepare_breast(truth.image, view="MLO", spacing=truth.spacing)
    settings = BreastSettings(pixel_mm=pixel_mm)
    found = prepare_breast(truth.image, view="MLO", spacing=truth.spacing, settings=settings)
    assert found.spacing == (pixel_mm, pixel_mm)
    assert found.image.dtype == np.float32 and found.image.shape == found.mask.shape
    scale = (truth.pixel_mm / pixel_mm) ** 2
    for mine, theirs in ((found.mask, plain.mask), (found.marks.pectoral, plain.marks.pectoral)):
        assert mine.sum() == pytest.approx(theirs.sum() * scale, rel=0.01)
    inner, outer = found.marks.interior, plain.marks.interior
    assert found.image[inner].mean() == pytest.approx(plain.image[outer].mean(), rel=0.005)
    one, other = (np.add(which.marks.nipple, 0.5) * which.spacing[0] for which in (found, plain))
    np.testing.assert_allclose(one, other, atol=0.5 * pixel_mm)
    assert found.box == plain.box


def test_resampling_wants_a_known_and_another_pixel_size():
    truth = phantom(2, "CC")
    plain = prepare_breast(truth.image, spacing=truth.spacing)
    unknown = prepare_breast(truth.image, settings=BreastSettings(pixel_mm=0.3))
    assert unknown.notes == ("pixel size unknown: not resampled to 0.3 mm",)
    same = prepare_breast(truth.image, spacing=truth.spacing, settings=BreastSettings(pixel_mm=truth.pixel_mm))
    for found in (unknown, same):
        np.testing.assert_array_equal(found.image, plain.image)
        assert found.spacing in (None, plain.spacing)


def test_oblong_pixels_become_square():
    truth = phantom(2, "CC")
    spacing = (truth.pixel_mm, 2 * truth.pixel_mm)
    thin = np.ascontiguousarray(truth.image[:, ::2])
    found = prepare_breast(thin, spacing=spacing, settings=BreastSettings(pixel_mm=truth.pixel_mm))
    assert found.mask.sum() == pytest.approx(truth.breast.sum(), rel=0.01)


def test_a_breast_cut_off_on_all_sides():
    truth = phantom(4, "CC", size=640)
    turn = 1 if truth.side == "LEFT" else -1
    inner = np.ascontiguousarray(truth.image[:, ::turn][220:420, :150][:, ::turn])
    assert truth.breast[:, ::turn][220:420, :150].all()
    found = prepare_breast(inner, laterality=truth.side)
    assert found.mask.all() and found.marks.interior.all()
    assert found.flipped == (truth.side == "RIGHT")
    assert found.marks.nipple is None
    assert any("no background" in note for note in found.notes)
    tall = np.ascontiguousarray(truth.image[200:440])  # top and bottom alone
    assert dice(tissue(prepare_breast(tall), tall.shape), truth.breast[200:440]) > 0.995


def test_a_little_air_in_a_corner_is_air():
    truth = phantom(5, "CC", size=640)
    turn = 1 if truth.side == "LEFT" else -1
    rows = np.flatnonzero(truth.breast.any(axis=1))
    cut = np.s_[rows[0] + 30 : rows[0] + 260, 20:175]
    image, breast = (np.ascontiguousarray(whole[:, ::turn][cut]) for whole in (truth.image, truth.breast))
    assert 0.01 < 1 - breast.mean() < 0.1
    found = prepare_breast(image, laterality="LEFT")
    assert dice(tissue(found, image.shape), breast) > 0.99
    assert np.count_nonzero(tissue(found, image.shape) & ~breast) < 0.2 * np.count_nonzero(~breast)


def test_a_png_that_was_cut_to_the_breast_and_squeezed():
    truth = phantom(4, "MLO", size=640)
    rows, columns = (np.flatnonzero(truth.breast.any(axis=axis)) for axis in (1, 0))
    cut = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    grey = (255 * np.clip((truth.image[cut] - 90.0) / 2300, 0, 1)).astype(np.uint8)
    small = np.asarray(Image.fromarray(grey).resize((256, 256), Image.Resampling.BOX))
    breast = np.asarray(Image.fromarray(truth.breast[cut]).resize((256, 256), Image.Resampling.NEAREST))
    found = prepare_breast(small, view="MLO", laterality=truth.side)
    assert dice(tissue(found, small.shape), breast) > 0.985
    assert found.marks.pectoral is not None


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((300, 200), np.uint16), "constant"),
        (np.full((300, 200), np.nan), "constant"),
        (np.random.default_rng(0).normal(100, 9, (900, 700)), "nothing but noise"),
        (np.pad(np.full((20, 60), 4095), ((30, 500), (300, 40))), "no breast was found"),
    ],
    ids=["zero", "nan", "noise", "label"],
)
def test_no_breast(image, said):
    with pytest.raises(MaskError, match=said) as raised:
        prepare_breast(image, laterality="LEFT", view="CC")
    assert raised.value.remedy


# Seen on the pictures: the nipple's place in fractions of rows and columns, and points in the muscle and beside it.
REAL = {
    "00694_RIGHT_CC": ((0.51, 0.41), [], []),
    "00694_RIGHT_MLO": ((0.60, 0.29), [(0.03, 0.93), (0.2, 0.985)], [(0.2, 0.85), (0.5, 0.9)]),
    "00695_RIGHT_CC": ((0.38, 0.56), [], []),
}


@pytest.mark.parametrize("name", REAL)
def test_real_mammograms(shared_data, name):
    folder = shared_data / "cbis_ddsm_real_cases" / "mass_full_mask_crop"
    with Image.open(folder / f"CBIS-JPG__TRAIN__IMAGES__{name}.jpg") as picture:
        image = np.array(picture.convert("L").reduce(3))
    nipple, muscle, beside = REAL[name]
    found = prepare_breast(image, laterality="RIGHT", view=name.split("_")[-1])
    assert found.flipped and not found.notes
    np.testing.assert_allclose(np.divide(nipple_in_image(found), image.shape), nipple, atol=0.03)
    pectoral = in_image(found, found.marks.pectoral, image.shape)
    at = [
        [pectoral[int(r * image.shape[0]), int(c * image.shape[1])] for r, c in points] for points in (muscle, beside)
    ]
    assert all(at[0]) and not any(at[1])
    # Were it called the wrong view, no muscle would be made up.
    if not muscle:
        assert prepare_breast(image, laterality="RIGHT", view="MLO").marks.pectoral is None
