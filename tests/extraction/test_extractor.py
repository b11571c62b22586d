"""The Python interface: arrays, SimpleITK images and paths give the numbers that pyradiomics' own interface gives."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_mammo import FeatureExtractor
from radiomics_mammo.core.records import Sample
from radiomics_mammo.errors import EngineError, InputError, MaskError, ReadError, RecipeError, RoiError
from radiomics_mammo.readers.phantom.reader import PhantomReader
from tests.features.test_parity import lesion
from tests.support.parity import assert_close


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    return FeatureExtractor({"setting": {"binCount": 32}})


def itk(array: np.ndarray, *, spacing=(0.05, 0.07), origin=(3.0, -2.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    return image


def features(row: dict) -> dict:
    return {name: value for name, value in row.items() if not name.startswith("diagnostics_")}


def test_execute_is_what_pyradiomics_returns(extractor):
    radiomics = pytest.importorskip("radiomics", reason="needs the reference extra")
    radiomics.setVerbosity(60)
    sample = lesion(7)
    image, mask = itk(sample.image.astype(np.int32)), itk(sample.mask.astype(np.uint8))
    theirs = radiomics.featureextractor.RadiomicsFeatureExtractor(binCount=32)
    theirs.disableAllFeatures()
    for family in ("shape2D", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"):
        theirs.enableFeatureClassByName(family)
    expected = {k: float(v) for k, v in theirs.execute(image, mask).items() if not k.startswith("diagnostics_")}
    ours = features(extractor.execute(image, mask))
    assert list(ours) == list(expected)
    assert all(type(v) is float for v in ours.values())
    assert_close(list(ours), np.array(list(ours.values())), np.array(list(expected.values())))


def test_arrays_images_and_paths_are_one(extractor, tmp_path):
    sample = lesion(8)
    sitk.WriteImage(itk(sample.image), str(tmp_path / "image.nrrd"))
    sitk.WriteImage(itk(sample.mask.astype(np.uint8) * 255), str(tmp_path / "mask.nrrd"))
    from_arrays = extractor.execute(sample.image, sample.mask, spacing=(0.07, 0.05))
    from_itk = extractor.execute(itk(sample.image), itk(sample.mask.astype(np.uint8)))
    from_paths = extractor.execute(tmp_path / "image.nrrd", str(tmp_path / "mask.nrrd"))
    assert features(from_arrays) == features(from_itk) == features(from_paths)


def test_a_slice_of_a_volume_and_its_spacing(extractor):
    sample = lesion(8)
    volume = sitk.GetImageFromArray(sample.image[None])
    volume.SetSpacing((0.05, 0.07, 3.0))
    mask = sitk.GetImageFromArray(sample.mask[None].astype(np.uint8))
    mask.SetSpacing((0.05, 0.07, 3.0))
    assert features(extractor.execute(volume, mask)) == features(
        extractor.execute(sample.image, sample.mask, spacing=(0.07, 0.05))
    )


def test_diagnostics_can_be_left_out():
    sample = lesion(1)
    plain = FeatureExtractor({"featureClass": {"shape2D": ["Sphericity"]}, "setting": {"additionalInfo": False}})
    assert list(plain.execute(sample.image, sample.mask)) == ["original_shape2D_Sphericity"]
    told = FeatureExtractor({"featureClass": {"shape2D": ["Sphericity"]}}).execute(sample.image, sample.mask)
    assert told["diagnostics_Mask-original_VoxelNum"] == sample.mask.sum()
    rows, columns = np.nonzero(sample.mask)
    assert told["diagnostics_Mask-original_BoundingBox"] == (
        columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1,
    )  # fmt: skip


def test_labels(extractor):
    sample = lesion(9)
    labels = np.where(sample.mask, 3, 0)
    labels[:5, :5] = 7
    want = features(extractor.execute(sample.image, sample.mask))
    assert features(extractor.execute(sample.image, labels, label=3)) == want
    assert features(FeatureExtractor({"setting": {"binCount": 32, "label": 3}}).execute(sample.image, labels)) == want
    assert features(extractor.execute(sample.image, np.where(sample.mask, 200, 0))) == want
    with pytest.raises(MaskError, match=r"2 labels \(3, 7\).*label="):
        extractor.execute(sample.image, labels)
    with pytest.raises(MaskError, match="no label 5; it has 3, 7"):
        extractor.execute(sample.image, labels, label=5)


def test_a_mask_that_lies_elsewhere_needs_correct_mask(extractor):
    radiomics = pytest.importorskip("radiomics", reason="needs the reference extra")
    sample = lesion(10)
    image, mask = itk(sample.image.astype(np.int32)), itk(sample.mask.astype(np.uint8))
    part = mask[8:68, 5:66]  # a crop keeps its place in its header
    with pytest.raises(MaskError, match="correctMask"):
        extractor.execute(image, part)
    corrected = FeatureExtractor({"setting": {"binCount": 32, "correctMask": True}})
    row = corrected.execute(image, part)
    assert "correctMask" in row["diagnostics_Notes"][0]
    radiomics.setVerbosity(60)
    theirs = radiomics.featureextractor.RadiomicsFeatureExtractor(binCount=32, correctMask=True, additionalInfo=False)
    theirs.disableAllFeatures()
    theirs.enableFeatureClassByName("firstorder")
    expected = theirs.execute(image, part)
    for name, value in expected.items():
        assert row[name] == pytest.approx(float(value), rel=1e-9)
    outside = itk(sample.mask.astype(np.uint8), origin=(100.0, 100.0))
    with pytest.raises(MaskError, match="outside the image"):
        corrected.execute(image, outside)


def test_extract_takes_mixed_cases_and_costs_only_the_bad_ones(extractor):
    good = lesion(11)
    frame = extractor.extract(
        [
            good,
            (good.image, good.mask),
            {"image": good.image, "mask": np.zeros_like(good.mask), "case_id": "empty", "patient_id": "P2"},
            {"image": "nowhere.png", "mask": good.mask, "case_id": "missing"},
            {"image": good.image, "mask": good.mask, "case_id": "third", "patient_id": "P3", "malignant": 1},
        ]
    )
    assert list(frame["case_id"]) == ["lesion-11", "case_00001", "third"]
    assert frame["malignant"].tolist()[-1] == 1
    assert tuple(frame.columns[-102:]) == extractor.feature_names
    failures = {f["case_id"]: f for f in frame.attrs["failures"]}
    assert set(failures) == {"empty", "missing"}
    assert failures["missing"]["error"] == "ReadError"
    assert failures["missing"]["remedy"]
    row = extractor.execute(good.image, good.mask, spacing=good.spacing)
    assert frame.loc[0, list(extractor.feature_names)].to_list() == list(features(row).values())


def test_extract_reads_a_collection(extractor):
    reader = PhantomReader(patients=2, seed=5)
    frame = extractor.extract(reader)
    assert list(frame["case_id"]) == [case.case_id for case in reader.cases()]
    assert frame["phantom"].all()


def test_nothing_at_all_still_has_columns(extractor):
    frame = extractor.extract([])
    assert len(frame) == 0
    assert set(extractor.feature_names) < set(frame.columns)


@pytest.mark.parametrize(
    ("image", "mask", "error", "words"),
    [
        (np.zeros((4, 5, 6)), np.ones((4, 5, 6)), ReadError, "one plane"),
        (np.zeros((8, 8), complex), np.ones((8, 8)), ReadError, "real numbers"),
        (np.zeros((8, 8)), np.ones((8, 5)), MaskError, "aspect"),
        (np.zeros((8, 8)), np.zeros((8, 8)), MaskError, "empty"),
        (np.zeros((8, 8)), np.full((8, 8), np.nan), MaskError, "NaN"),
        (np.full((8, 8), np.nan), np.ones((8, 8)), RoiError, "NaN or infinite"),
        (np.zeros((8, 8)), np.eye(8)[:1].repeat(8, 0), RoiError, "a line"),
        ("no/such/file.dcm", np.ones((8, 8)), ReadError, "no/such/file.dcm"),
        (object(), np.ones((8, 8)), ReadError, "object"),
    ],
)
def test_bad_pictures_are_named(extractor, image, mask, error, words):
    with pytest.raises(error, match=words):
        extractor.execute(image, mask)


def test_bad_arguments_are_named(extractor):
    with pytest.raises(InputError, match="no mask"):
        extractor.extract([{"image": np.ones((5, 5))}])
    with pytest.raises(InputError, match="two cases"):
        extractor.extract([Sample("a", "p", np.ones((5, 5)), np.ones((5, 5), bool))] * 2)
    with pytest.raises(RecipeError, match="lesion"):
        FeatureExtractor("no-such-recipe")
    with pytest.raises(EngineError, match="cpu"):
        FeatureExtractor("lesion", engine="fpga")
    with pytest.raises(EngineError, match="cannot run"):
        FeatureExtractor("lesion", engine="cuda")


def test_a_constant_image_has_features_but_no_null_that_is_not_named(extractor):
    row = features(extractor.execute(np.full((9, 9), 5.0), np.ones((9, 9))))
    assert not any(np.isnan(v) for v in row.values())


@pytest.mark.reported("Regions", "execute(image, mask, 1): the third argument is the label", "pyradiomics' signature")
def test_the_third_argument_is_the_label_as_in_pyradiomics():
    extractor = FeatureExtractor({"featureClass": {"shape2D": ["PixelSurface"]}})
    mask = np.zeros((20, 20), np.uint8)
    mask[4:9, 3:9], mask[12:15, 12:15] = 1, 2
    image = np.random.default_rng(0).integers(0, 99, mask.shape)
    for label, pixels in ((1, 30), (2, 9), (np.uint8(2), 9)):
        assert extractor.execute(image, mask, label)["diagnostics_Mask-original_VoxelNum"] == pixels
    assert extractor.execute(image, mask, 1, spacing=np.float32(0.5))["original_shape2D_PixelSurface"] == 7.5
    with pytest.raises(TypeError):
        extractor.execute(image, mask, 1, 0.07)
    with pytest.raises(InputError, match=r"the label is 1\.5"):
        extractor.execute(image, mask, 1.5)


@pytest.mark.reported("Regions", "spacing 0, negative, NaN, text", "finite and above 0")
@pytest.mark.parametrize("spacing", [0, -0.07, np.nan, np.inf, (0.07, 0), (1, 2, 3), "x", ()])
def test_a_spacing_is_finite_and_above_zero(spacing):
    extractor = FeatureExtractor({"featureClass": {"shape2D": ["PixelSurface"]}})
    with pytest.raises(InputError, match="the spacing is"):
        extractor.execute(np.ones((5, 5)), np.ones((5, 5)), spacing=spacing)


@pytest.mark.reported("Regions", "(h, w, 1) and (1, h, w) arrays, PIL images", "read")
def test_arrays_with_an_axis_of_one_and_pil_images_are_read():
    from PIL import Image

    extractor = FeatureExtractor({"featureClass": {"firstorder": ["Mean", "Range"]}})
    image = np.random.default_rng(0).integers(0, 255, (20, 24)).astype(np.uint8)
    mask = np.zeros(image.shape, np.uint8)
    mask[5:15, 6:20] = 1
    want = features(extractor.execute(image, mask))
    pictures = (image[None], image[..., None], Image.fromarray(image), np.repeat(image[..., None], 3, axis=2))
    palette = Image.fromarray(1 - mask, "P")
    palette.putpalette([255, 255, 255, 0, 0, 0])
    for picture in pictures:
        for region in (mask[None], mask[..., None], Image.fromarray(mask * 255), palette):
            assert features(extractor.execute(picture, region)) == want
