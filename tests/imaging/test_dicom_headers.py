"""DICOM headers that say things elsewhere, otherwise, or wrongly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGExtended12Bit

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.read import read_dicom
from radiomics_mammo.imaging.formats.image_file import read_image
from tests.imaging.test_readers_dicom import picture, saved


def macro(**values: object) -> list[Dataset]:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return [item]


def group(spacing=(0.1, 0.12), slope=2, position=(1, 2, 3), centre=500) -> Dataset:
    """Make a functional group as an enhanced mammogram has it."""
    item = Dataset()
    item.PixelMeasuresSequence = macro(PixelSpacing=list(spacing), SliceThickness=1)
    item.PixelValueTransformationSequence = macro(RescaleSlope=slope, RescaleIntercept=-5, RescaleType="US")
    item.FrameVOILUTSequence = macro(WindowCenter=centre, WindowWidth=400)
    item.FrameAnatomySequence = macro(FrameLaterality="L")
    item.PlanePositionSequence = macro(ImagePositionPatient=list(position))
    item.PlaneOrientationSequence = macro(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    return item


def changed(path: Path, change) -> Path:
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


@pytest.mark.reported("DICOM", "enhanced, one frame: spacing, rescale, side in functional groups", "read")
@pytest.mark.parametrize("sequence", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
def test_functional_groups_are_read(tmp_path, sequence):
    pixels = picture(shape=(8, 9)) >> 4
    path = changed(saved(tmp_path / "a.dcm", pixels), lambda dataset: setattr(dataset, sequence, [group()]))
    image = read_dicom(path)
    np.testing.assert_array_equal(image.pixels, pixels.astype(np.int64) * 2 - 5)
    assert image.spacing == (0.1, 0.12)
    assert image.laterality == "L"
    assert image.geometry.origin == (1, 2, 3)
    assert read_dicom(path, voi="first").voi == "linear"


@pytest.mark.reported("DICOM", "several frames (tomosynthesis)", "--frame N, or a projection")
def test_one_frame_of_several_or_a_projection(tmp_path):
    frames = np.stack([picture(shape=(8, 9)) >> 6 << k for k in range(3)])

    def many(dataset):
        dataset.NumberOfFrames = 3
        dataset.PixelData = frames.astype("<u2").tobytes()
        dataset.PerFrameFunctionalGroupsSequence = [group(slope=k + 1) for k in range(3)]

    path = changed(saved(tmp_path / "a.dcm", frames[0]), many)
    with pytest.raises(ReadError, match="has 3 frames") as caught:
        read_image(path)
    assert "--frame" in caught.value.remedy
    for number in (1, 2, 3):
        image = read_image(path, frame=number)
        np.testing.assert_array_equal(image.pixels, frames[number - 1].astype(np.int64) * number - 5)
        assert f"frame {number} of 3" in image.notes
    np.testing.assert_allclose(read_image(path, projection="mean").pixels, frames.mean(axis=0) - 5, rtol=1e-6)
    np.testing.assert_array_equal(read_image(path, projection="maximum").pixels, frames.max(axis=0) - 5)
    with pytest.raises(ReadError, match="no frame 4"):
        read_image(path, frame=4)


@pytest.mark.reported("DICOM", "pixels left-aligned (HighBit above BitsStored - 1)", "shifted, with a note")
def test_left_aligned_values_are_shifted(tmp_path):
    values = picture(shape=(8, 9)) >> 4

    def left(dataset):
        dataset.BitsStored, dataset.HighBit = 12, 15

    image = read_dicom(changed(saved(tmp_path / "a.dcm", values << 4), left))
    np.testing.assert_array_equal(image.pixels, values)
    assert "shifted down by 4" in image.notes[0]
    np.testing.assert_array_equal(read_dicom(tmp_path / "a.dcm", voi="none").pixels, values)


@pytest.mark.reported("DICOM", "signed JPEG 2000 stream under an unsigned header, and the reverse", "the stream's sign")
@pytest.mark.parametrize("signed", [True, False])
def test_the_sign_of_a_jpeg_2000_stream_is_believed(tmp_path, signed):
    values = (np.arange(64 * 64).reshape(64, 64) - (1800 if signed else 0)).astype(np.int16 if signed else np.uint16)

    def compressed(dataset):
        dataset.PixelRepresentation = int(signed)
        dataset.PixelData = values.tobytes()
        dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
        dataset.PixelRepresentation = int(not signed)

    image = read_dicom(changed(saved(tmp_path / "a.dcm", values.astype(np.uint16)), compressed))
    np.testing.assert_array_equal(image.pixels, values)
    assert any("the header says otherwise" in note for note in image.notes)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.reported("DICOM", "empty modality LUT; lower-case monochrome2; no SamplesPerPixel", "read")
@pytest.mark.parametrize(
    "elements",
    [
        {"ModalityLUTSequence": []},
        {"PhotometricInterpretation": "monochrome2"},
        {"SamplesPerPixel": None},
        {"NumberOfFrames": 0},
    ],
)
def test_harmless_disorder_is_read(tmp_path, elements):
    pixels = picture()
    path = tmp_path / "a.dcm"
    saved(path, pixels, **elements)
    np.testing.assert_array_equal(read_dicom(path).pixels, pixels)


@pytest.mark.reported("DICOM", "NominalScannedPixelSpacing, PixelAspectRatio", "read; noted")
def test_spacing_of_scanned_film_and_pixels_that_are_not_square(tmp_path):
    image = read_dicom(saved(tmp_path / "a.dcm", NominalScannedPixelSpacing=[0.05, 0.05]))
    assert image.spacing == (0.05, 0.05)
    assert "spacing of the scanned film" in image.notes
    image = read_dicom(saved(tmp_path / "b.dcm", PixelAspectRatio=[2, 1]))
    assert image.spacing is None
    assert "not square (PixelAspectRatio 2:1)" in image.notes[0]


@pytest.mark.reported("DICOM", "FOR PROCESSING; burned-in annotation", "a note each")
def test_intent_and_annotations_are_noted(tmp_path):
    image = read_image(saved(tmp_path / "a.dcm", PresentationIntentType="FOR PROCESSING", BurnedInAnnotation="YES"))
    assert image.presentation_intent_type == "FOR PROCESSING"
    assert [note.partition(":")[0] for note in image.notes] == ["image FOR PROCESSING", "burned-in annotation"]
    image = read_image(saved(tmp_path / "b.dcm", PresentationIntentType="FOR PRESENTATION", BurnedInAnnotation="NO"))
    assert image.notes == ()


@pytest.mark.reported("DICOM", "bits that cannot be meant (most pixels above them)", "refused")
def test_a_saturation_that_cannot_be_meant_is_refused(tmp_path):
    pixels = picture() | 0x1000
    path = changed(
        saved(tmp_path / "a.dcm", pixels), lambda d: (setattr(d, "BitsStored", 12), setattr(d, "HighBit", 11))
    )
    with pytest.raises(ReadError, match="cannot be meant"):
        read_dicom(path, voi="none")


@pytest.mark.reported("DICOM", "12-bit lossy JPEG without a decoder", "the wheel to install")
def test_the_wheel_of_a_missing_decoder_is_named(tmp_path, monkeypatch):
    from pydicom.pixels.decoders.base import Decoder

    path = saved(tmp_path / "a.dcm")

    def extended(dataset):
        dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = JPEGExtended12Bit

    changed(path, extended)
    monkeypatch.setattr(Decoder, "is_available", property(lambda _: False))
    with pytest.raises(ReadError, match="no decoder for that") as caught:
        read_dicom(path)
    assert "pylibjpeg-libjpeg" in caught.value.remedy


@pytest.mark.reported("DICOM", "frames in a list of cases (column frame) and for all (--frame)", "each with its mask")
def test_a_list_of_cases_names_frames(tmp_path):
    from radiomics_mammo.readers.manifest.reader import ManifestReader

    frames = np.stack([picture(shape=(20, 24)) >> 6 << k for k in range(3)])
    masks = np.zeros(frames.shape, np.uint8)
    for k in range(3):
        masks[k, 4 : 9 + k, 5:15] = 1

    def many(pixels):
        def change(dataset):
            dataset.NumberOfFrames = 3
            dataset.PixelData = pixels.tobytes()

        return change

    changed(saved(tmp_path / "i.dcm", frames[0]), many(frames))
    changed(saved(tmp_path / "m.dcm", masks[0]), many(masks))
    saved(tmp_path / "m1.dcm", masks[1])
    (tmp_path / "c.csv").write_text("image,mask,frame\ni.dcm,m.dcm,1\ni.dcm,m.dcm,3\ni.dcm,m1.dcm,2\n")
    reader = ManifestReader(tmp_path / "c.csv")
    samples = [reader.load(case)[0] for case in reader.cases()]
    assert len({sample.case_id for sample in samples}) == 3
    for sample, k in zip(samples, (0, 2, 1), strict=True):
        np.testing.assert_array_equal(sample.image, frames[k])
        np.testing.assert_array_equal(sample.mask, masks[k] == 1)
    (tmp_path / "d.csv").write_text("image,mask\ni.dcm,m1.dcm\n")
    for options, image in (({"frame": 2}, frames[1]), ({"projection": "maximum"}, frames.max(axis=0))):
        reader = ManifestReader(tmp_path / "d.csv", **options)
        (sample,) = reader.load(reader.cases()[0])
        np.testing.assert_array_equal(sample.image, image)
