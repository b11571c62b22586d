"""Which values of a mask are regions."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.masks.labels import drawn_notes, regions_of

ROWS, COLUMNS = np.indices((90, 110))
ROI = ((ROWS - 45) / 22) ** 2 + ((COLUMNS - 50) / 30) ** 2 <= 1
MASK = ROI * np.uint8(255)


def after_jpeg(plane: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(plane).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def jaccard(region: np.ndarray) -> float:
    return float((region & ROI).sum() / (region | ROI).sum())


@pytest.mark.reported("Regions", "mask that was a JPEG once, saved as PNG (halo)", "one region, half-way, one note")
@pytest.mark.parametrize("labels", [None, (1,), (255,)])
@pytest.mark.parametrize("quality", [75, 90, 95, 98, 100])
def test_values_clustered_by_jpeg_are_one_region(quality, labels):
    regions, notes = regions_of(after_jpeg(MASK, quality), labels)
    (found,) = regions
    np.testing.assert_array_equal(found[1], after_jpeg(MASK, quality) >= 128)
    assert jaccard(found[1]) > 0.98
    assert len(notes) == (0 if np.unique(after_jpeg(MASK, quality)).size == 2 else 1)


@pytest.mark.reported("Regions", "soft mask: resized bilinearly, 0 to 1 or 0 to 255", "one region, half-way, one note")
@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_soft_edges_are_cut_half_way(scale):
    small = Image.fromarray(MASK).resize((55, 45), Image.Resampling.BILINEAR)
    soft = np.asarray(small.resize((110, 90), Image.Resampling.BILINEAR)) * (scale if scale != 1 else np.uint8(1))
    regions, notes = regions_of(soft, None)
    assert len(regions) == 1
    assert jaccard(regions[0][1]) > 0.97
    assert "thresholded at" in notes[0]


@pytest.mark.reported("Regions", "JPEG masks: all white, of 0 and 1, of 0 and 128", "read, with a note")
@pytest.mark.parametrize("value", [1, 128, 255])
def test_jpeg_masks_of_any_brightness_are_read(value):
    regions, notes = regions_of(after_jpeg(ROI * np.uint8(value), 95), None, lossy=True)
    assert jaccard(regions[0][1]) > 0.95
    assert "JPEG mask" in notes[0]
    white, notes = regions_of(np.full((8, 8), 254, np.uint8), None, lossy=True)
    assert white[0][1].all()
    assert "without background" in notes[0]


def test_a_box_with_soft_edges_is_one_region():
    box = np.zeros((900, 700), np.uint8)
    box[300:481, 200:421] = 255
    small = np.asarray(Image.fromarray(box).resize((352, 452), Image.Resampling.BILINEAR))
    regions, notes = regions_of(small, None)
    assert np.unique(small).size == 10
    assert len(regions) == len(notes) == 1
    assert regions[0][1].sum() == pytest.approx(181 * 221 / (900 / 452) / (700 / 352), rel=0.02)


def test_labels_are_told_from_noise():
    plane = np.zeros(ROI.shape, np.uint8)
    plane[10:30, 10:30], plane[40:60, 50:80], plane[70:80, 10:20] = 100, 200, 255
    regions, notes = regions_of(plane, None)
    assert [(label, int(region.sum())) for label, region in regions] == [(100, 400), (200, 600), (255, 100)]
    assert notes == ()
    ignored = np.where(ROI, np.uint8(1), np.uint8(0))
    ignored[:10] = 255  # a second label, as for pixels to be ignored
    assert [label for label, _ in regions_of(ignored, None)[0]] == [1, 255]
    stray = MASK.copy()
    stray[45, 50] = 254
    regions, notes = regions_of(stray, None)
    np.testing.assert_array_equal(regions[0][1], ROI)
    assert len(regions) == len(notes) == 1


@pytest.mark.reported("Regions", "label map of over 1,000 values, one named", "read")
def test_one_label_of_many_is_read_where_it_is_named():
    plane = np.where(ROI, 7, np.arange(1000, 1000 + ROI.size).reshape(ROI.shape)).astype(np.uint16)
    np.testing.assert_array_equal(regions_of(plane, (7,))[0][0][1], ROI)
    with pytest.raises(MaskError, match="is a grey image"):
        regions_of(plane, None)
    with pytest.raises(MaskError, match="no label 5"):
        regions_of(plane, (5,))


def test_grey_pictures_and_heat_maps_are_refused():
    rng = np.random.default_rng(0)
    smooth = np.exp(-(((ROWS - 45) / 30) ** 2 + ((COLUMNS - 50) / 40) ** 2))
    breast = np.where(COLUMNS < 60, 60 + ROWS + rng.integers(0, 40, ROI.shape), 0).astype(np.uint8)
    for picture in (rng.integers(0, 256, ROI.shape).astype(np.uint8), smooth, breast):
        with pytest.raises(MaskError, match="grey image"):
            regions_of(picture, None)
    with pytest.raises(MaskError, match="grey image"):
        regions_of(after_jpeg(breast, 90), None, lossy=True)


def test_one_value_is_the_region_and_255_stands_for_a_named_1():
    for value, label in ((1, 1), (3, 3), (255, 255)):
        assert regions_of(ROI * np.uint8(value), None)[0][0][0] == label
    regions, notes = regions_of(MASK, (1,))
    assert regions[0][0] == 1
    assert "255, is taken for it" in notes[0]
    with pytest.raises(MaskError, match="no label 1; it has 2"):
        regions_of(ROI * np.uint8(2), (1,))
    assert regions_of(ROI.astype(np.float32) / 255, None)[0][0][0] is None


def test_nothing_marked_is_said():
    for empty in (np.zeros((2, 2)), np.zeros((2, 2), bool), np.array([[0, np.nan]])):
        with pytest.raises(MaskError, match="empty"):
            regions_of(empty, None)
    with pytest.raises(MaskError, match="nothing but NaN"):
        regions_of(np.full((2, 2), np.nan), None)
    region = regions_of(np.array([[0, np.nan, 2.0]]), None)[0][0][1]
    assert region.tolist() == [[False, False, True]]


@pytest.mark.reported("Regions", "inverted mask, or one that covers nearly all", "a note")
def test_an_outside_is_noted():
    assert "may be inverted" in drawn_notes(~ROI)[0]
    assert drawn_notes(ROI) == ()
    assert "whole image" in drawn_notes(np.ones((4, 4), bool))[0]
    nearly = np.ones((50, 50), bool)
    nearly[0] = False
    assert "98.0% of the image" in drawn_notes(nearly)[0]
    breast = COLUMNS < 90  # touches three borders
    assert drawn_notes(breast) == ()
