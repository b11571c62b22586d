"""DICOM headers that say things elsewhere, otherwise, or wrongly."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGExtended12Bit

from radiomics_mammo.errors import MaskError, ReadError
from radiomics_mammo.imaging.formats.dicom.read import read_dicom
from radiomics_mammo.imaging.formats.dicom.streams import stream_header
from radiomics_mammo.imaging.formats.image_file import read_image, read_mask
from radiomics_mammo.imaging.masks.regions import labelled_regions
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
    values = frames.astype(np.int64) * np.array([1, 2, 3])[:, None, None] - 5
    np.testing.assert_allclose(read_image(path, projection="mean").pixels, values.mean(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(read_image(path, projection="maximum").pixels, values.max(axis=0))
    assert "mean of 3 frames" in read_image(path, projection="mean").notes
    with pytest.raises(ReadError, match="one frame and for a projection"):
        read_image(path, frame=1, projection="mean")
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


def entropy_coded(levels: np.ndarray) -> bytes:
    """Code flat 8 x 8 blocks: a DC difference of 4-bit categories, then the end of the block (one bit)."""
    bits, previous = "", 0
    for level in levels.ravel().tolist():
        difference, previous = level - previous, level
        size = abs(difference).bit_length()
        extra = difference if difference >= 0 else difference + (1 << size) - 1
        bits += f"{size:04b}" + (f"{extra:0{size}b}" if size else "") + "0"
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")


def jpeg_12_bit(levels: np.ndarray) -> bytes:
    """Write flat blocks as JPEG process 4; a quantiser of 8 makes a DC level the value less 2048."""

    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    rows, columns = (8 * count for count in levels.shape)
    size = rows.to_bytes(2, "big") + columns.to_bytes(2, "big")
    dc = bytes([0x00, 0, 0, 0, 13, *[0] * 12, *range(13)])
    ac = bytes([0x10, 1, *[0] * 15, 0])
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, bytes([0]) + bytes([8] * 64)),
            segment(0xC1, bytes([12]) + size + bytes([1, 1, 0x11, 0])),
            segment(0xC4, dc),
            segment(0xC4, ac),
            segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0])),
            entropy_coded(levels.astype(int) - 2048),
            b"\xff\xd9",
        ]
    )


def with_stream(path: Path, stream: bytes, syntax: str, **values: object) -> Path:
    def change(dataset):
        dataset.PixelData = pydicom.encaps.encapsulate([stream])
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = syntax
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return changed(path, change)


@pytest.mark.reported("DICOM", "12-bit lossy JPEG (JPEG Extended, process 4)", "read")
def test_12_bit_lossy_jpeg_is_read(tmp_path):
    levels = np.array([[0, 4095, 2048], [1000, 1001, 3]])
    blocks = np.kron(levels, np.ones((8, 8), int))
    path = saved(tmp_path / "a.dcm", blocks.astype(np.uint16))
    stream = jpeg_12_bit(levels)
    image = read_dicom(with_stream(path, stream, JPEGExtended12Bit, BitsStored=12, HighBit=11))
    np.testing.assert_array_equal(image.pixels, blocks)
    assert image.notes == ("12-bit lossy JPEG",)
    with pytest.raises(ReadError, match="truncated"):
        read_dicom(with_stream(path, stream[:-12], JPEGExtended12Bit))


@pytest.mark.reported("DICOM", "signed values left-aligned, and an overlay in the spare bits", "shifted")
@pytest.mark.parametrize("signed", [True, False])
def test_left_aligned_signed_values_and_overlays(tmp_path, signed):
    values = np.arange(-36, 36, dtype=np.int16).reshape(8, 9) * (20 if signed else 10) + (0 if signed else 400)

    def left(dataset):
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 14, int(signed)
        cells = (values.astype(np.int64) & 0xFFF) << 3 | 0x8004  # bits above and below the value
        dataset.PixelData = cells.astype("<u2").tobytes()

    image = read_dicom(changed(saved(tmp_path / "a.dcm", picture(shape=(8, 9))), left))
    np.testing.assert_array_equal(image.pixels, values)
    assert "shifted down by 3" in image.notes[0]


@pytest.mark.reported("DICOM", "maximum projection of MONOCHROME1 frames", "of the densest values")
def test_a_projection_of_inverted_frames_is_of_densities(tmp_path):
    frames = np.stack([picture(shape=(8, 9)) >> 4, picture(shape=(8, 9))[::-1] >> 4])

    def many(dataset):
        dataset.NumberOfFrames, dataset.PhotometricInterpretation = 2, "MONOCHROME1"
        dataset.PixelData = frames.tobytes()

    path = changed(saved(tmp_path / "a.dcm", frames[0]), many)
    np.testing.assert_array_equal(read_image(path, projection="maximum").pixels, 65535 - frames.min(axis=0))


@pytest.mark.reported("DICOM", "modality LUT with an item and no table in it", "left out, with a note")
def test_a_modality_lut_without_a_table_is_left_out(tmp_path):
    pixels = picture()
    image = read_dicom(saved(tmp_path / "a.dcm", pixels, ModalityLUTSequence=macro(LUTExplanation="x")))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert "modality LUT" in image.notes[0]


@pytest.mark.reported("DICOM", "encapsulated uncompressed", "read")
def test_encapsulated_uncompressed_is_read(tmp_path):
    pixels = picture()
    path = with_stream(saved(tmp_path / "a.dcm", pixels), pixels.tobytes(), "1.2.840.10008.1.2.1.98")
    np.testing.assert_array_equal(read_dicom(path).pixels, pixels)


@pytest.mark.reported("DICOM", "compressed stream cut short, or of another size than the header's", "a failure")
def test_a_cut_jpeg_2000_stream_is_a_failure(tmp_path):
    def compressed(dataset):
        dataset.compress(JPEG2000Lossless, generate_instance_uid=False)

    path = changed(saved(tmp_path / "a.dcm", picture(shape=(64, 64))), compressed)
    dataset = pydicom.dcmread(path)
    stream = pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=1)
    for cut in (len(stream) // 2, len(stream) - 20):
        with pytest.raises(ReadError, match="truncated"):
            read_dicom(with_stream(path, stream[:cut], JPEG2000Lossless))
    unmarked = stream[: stream.rindex(b"\xff\xd9")]
    for whole in (stream + b"\0" * 20, unmarked, unmarked + b"\0\0\0"):
        assert stream_header(whole, JPEG2000Lossless).whole
    with pytest.raises(ReadError, match="not what its header says"):
        read_dicom(with_stream(path, stream, JPEG2000Lossless, Rows=63))


@pytest.mark.reported("DICOM", "deflated file of a few kB that becomes gigabytes", "refused before allocation")
def test_a_deflated_bomb_is_refused(tmp_path):
    from radiomics_mammo.imaging.formats.dicom.deflated import refuse_large_deflated

    path = saved(tmp_path / "a.dcm", np.zeros((512, 512), np.uint16))

    def deflated(dataset):
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"

    path = changed(path, deflated)
    assert path.stat().st_size < 4096
    refuse_large_deflated(path)
    assert read_dicom(path).pixels.shape == (512, 512)
    with pytest.raises(ReadError, match="is deflated and holds more than 0 MB"):
        refuse_large_deflated(path, limit=1 << 19)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ReadError, match="truncated or damaged"):
        read_dicom(path)


@pytest.mark.reported("Faults", "a pipe, a device", "refused, without waiting")
def test_pipes_and_devices_are_refused(tmp_path):
    os.mkfifo(tmp_path / "a.dcm")
    for path in (tmp_path / "a.dcm", Path("/dev/zero")):
        for read in (read_dicom, read_image):
            with pytest.raises(ReadError, match="pipe or a device"):
                read(path)


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.reported("DICOM", "RescaleSlope 0 or not a number", "not applied, with a note")
@pytest.mark.parametrize(("keyword", "value"), [("RescaleSlope", 0), ("RescaleIntercept", "nan")])
def test_an_unusable_rescale_is_left_out(tmp_path, keyword, value):
    pixels = picture()
    image = read_dicom(saved(tmp_path / "a.dcm", pixels, **{keyword: value}))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert keyword in image.notes[0]


@pytest.mark.reported("DICOM", "whole files with headers that cannot be used", "no advice to download again")
def test_only_cut_files_are_said_to_be_truncated(tmp_path):
    path = changed(saved(tmp_path / "a.dcm"), lambda dataset: dataset.pop("Rows"))
    with pytest.raises(ReadError, match="lacks Rows") as caught:
        read_dicom(path)
    assert "ownload" not in str(caught.value)
    path = changed(saved(tmp_path / "a.dcm"), lambda dataset: setattr(dataset, "BitsAllocated", 12))
    with pytest.raises(ReadError, match="cannot be read") as caught:
        read_dicom(path)
    assert "ownload" not in str(caught.value)
    path.write_bytes(saved(tmp_path / "a.dcm").read_bytes()[:-9])
    with pytest.raises(ReadError, match="truncated") as caught:
        read_dicom(path)
    assert "ownload" in caught.value.remedy


@pytest.mark.reported("DICOM", "values above BitsStored", "kept, with a note")
def test_values_above_their_bits_are_noted(tmp_path):
    pixels = np.full((8, 9), 100, np.uint16)
    pixels[0, :4] = 4096
    path = changed(
        saved(tmp_path / "a.dcm", pixels), lambda d: (setattr(d, "BitsStored", 12), setattr(d, "HighBit", 11))
    )
    image = read_dicom(path)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.notes == ("4 pixels above the highest value of 12 bits: kept",)


@pytest.mark.parametrize("kind", [{"progressive": True}, {}])
def test_8_bit_jpeg_of_any_kind_is_read_as_before(tmp_path, kind):
    from io import BytesIO

    from PIL import Image

    pixels = np.add.outer(np.arange(16), np.arange(24)).astype(np.uint8) * 5
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, **kind)
    path = saved(tmp_path / "a.dcm", pixels.astype(np.uint16))
    values = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    image = read_dicom(with_stream(path, file.getvalue() + b"\0" * 12, "1.2.840.10008.1.2.4.50", **values))
    np.testing.assert_array_equal(image.pixels, np.asarray(Image.open(file)))


@pytest.mark.reported("DICOM", "a mask of another number of frames than the image", "refused")
@pytest.mark.parametrize("frames", [1, 3])
def test_a_mask_of_another_number_of_frames_is_refused(tmp_path, frames):
    def many(count):
        def change(dataset):
            dataset.NumberOfFrames = count
            dataset.PixelData = dataset.PixelData * count

        return change

    mask = np.zeros((8, 9), np.uint16)
    mask[2:5, 3:6] = 1
    image = read_image(changed(saved(tmp_path / "i.dcm", picture(shape=(8, 9))), many(frames)), frame=1)
    one = read_mask(saved(tmp_path / "m.dcm", mask), frame=1)
    np.testing.assert_array_equal(labelled_regions(one, image, labels=None)[0][0][1], mask == 1)
    with pytest.raises(MaskError, match=f"has 2 frames, and the image has {frames}"):
        labelled_regions(read_mask(changed(tmp_path / "m.dcm", many(2)), frame=1), image, labels=None)


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
