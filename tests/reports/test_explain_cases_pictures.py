"""Pictures of cases: what is drawn, how large, and how they are read again."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.cli import report_pictures
from radiomics_mammo.cli.report_pictures import case_pictures
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.reports.cases import WantedPictures
from radiomics_mammo.reports.cases.pictures import OUTLINE, Size, draw_lesion, draw_whole, size_for
from tests.support.finished_run_cases import case_run

SMALL = Size(200, 90)


def decoded(picture) -> np.ndarray:
    kind, _, content = picture.uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")).astype(int)
    assert pixels.shape[:2] == (picture.height, picture.width)
    return pixels


def marked(picture) -> np.ndarray:
    """Where a picture has the colour of the outline."""
    return np.abs(decoded(picture) - OUTLINE).sum(axis=2) < 120


def scene(dtype) -> tuple[np.ndarray, np.ndarray]:
    image = (np.arange(600 * 400).reshape(600, 400) % 200).astype(dtype)
    mask = np.zeros((600, 400), dtype=bool)
    mask[200:260, 100:140] = True
    return image, mask


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float64])
def test_the_outline_and_the_box_lie_where_the_lesion_is(dtype):
    image, mask = scene(dtype)
    lesion, whole = draw_lesion(image, mask, SMALL), draw_whole(image, mask, SMALL)
    rows, columns = np.nonzero(marked(lesion))
    # 60 x 40 pixels, and 32 around: the picture shows 124 x 104 of them.
    scale = lesion.height / 124
    assert (lesion.width, lesion.height) == (168, 200)
    assert rows.min() / scale == pytest.approx(32, abs=1.5)
    assert rows.max() / scale == pytest.approx(92, abs=1.5)
    assert columns.min() / scale == pytest.approx(32, abs=1.5)
    assert columns.max() / scale == pytest.approx(72, abs=1.5)
    rows, columns = np.nonzero(marked(whole))
    assert (rows.min() * 3, rows.max() * 3) == (pytest.approx(168, abs=4), pytest.approx(292, abs=4))
    assert (columns.min() * 3, columns.max() * 3) == (pytest.approx(68, abs=4), pytest.approx(172, abs=4))


def test_grey_runs_from_black_to_white_alike_in_every_type():
    image, mask = scene(np.uint8)
    grey = [decoded(draw_lesion(image.astype(kind), mask, SMALL)) for kind in (np.uint8, np.uint16, np.float32)]
    assert grey[0].min() < 20
    assert grey[0].max() > 235
    assert (np.abs(grey[0] - grey[1]) <= 2).all()
    assert (np.abs(grey[0] - grey[2]) <= 2).all()


def test_a_crop_is_no_whole_image_and_odd_values_do_no_harm():
    image = np.full((50, 60), np.nan)
    image[10:40, 10:50] = 3.0
    mask = np.ones((50, 60), dtype=bool)
    assert draw_whole(image, mask, SMALL) is None
    assert decoded(draw_lesion(image, mask, SMALL)).shape[1] == 200
    assert decoded(draw_lesion(np.full((9, 9), np.nan), np.eye(9, dtype=bool), SMALL)).max() <= 255
    assert decoded(draw_lesion(np.full((9, 9), np.inf), np.eye(9, dtype=bool), SMALL)).max() <= 255


def test_the_more_cases_the_smaller_their_pictures():
    sizes = [size_for(count) for count in (5, 100, 300)]
    assert [one.side for one in sizes] == sorted((one.side for one in sizes), reverse=True)
    image, mask = scene(np.uint8)
    noisy = np.random.default_rng(0).integers(0, 255, image.shape).astype(np.uint8)
    assert len(draw_lesion(noisy, mask, sizes[2]).uri) < 40_000  # pure noise, the worst that there is


def phantom_run():
    reader = PhantomReader(patients=2)
    names = [case.case_id for case in reader.cases()]
    run, _ = case_run()
    provenance = {**run.info.provenance, "reader": reader.describe()}
    return replace(run, info=replace(run.info, provenance=provenance)), names


def test_cases_are_read_again_and_drawn():
    run, names = phantom_run()
    wanted = WantedPictures((names[0],), (names[1],), (names[2], names[0], "gone"))
    found = case_pictures(run, wanted)
    assert list(found.lesion_images) == [names[0]]
    assert list(found.full_images) == names[:2]
    assert list(found.thumbnails) == [names[0], names[2]]
    assert max(found.thumbnails[names[2]].width, found.thumbnails[names[2]].height) == 72
    assert "images of 1 of 4 cases" in found.problem
    assert case_pictures(run, wanted) == found
    large = case_pictures(run, wanted, large=True)
    assert max(large.lesion_images[names[0]].width, large.lesion_images[names[0]].height) == 720


def test_another_view_that_is_a_crop_is_shown_as_the_lesion(monkeypatch):
    run, names = phantom_run()
    monkeypatch.setattr(report_pictures, "draw_whole", lambda *_: None)
    found = case_pictures(run, WantedPictures((names[0],), (names[1],), ()))
    assert list(found.lesion_images) == names[:2]
    assert not found.full_images


def test_one_image_is_in_memory_at_a_time(monkeypatch):
    run, names = phantom_run()
    events = []
    load, draw = PhantomReader.load, report_pictures.draw_whole
    monkeypatch.setattr(PhantomReader, "load", lambda *given: (events.append("read"), load(*given))[1])
    monkeypatch.setattr(report_pictures, "draw_whole", lambda *given: (events.append("drawn"), draw(*given))[1])
    case_pictures(run, WantedPictures(tuple(names), (), ()))
    assert events == ["read", "drawn"] * len(names)


def test_what_cannot_be_reached_is_said_without_its_place(capsys):
    run, names = phantom_run()
    wanted = WantedPictures((names[0],), (), ())

    def reading(**reader) -> str:
        info = replace(run.info, provenance={"reader": reader} if reader else {})
        found = case_pictures(replace(run, info=info), wanted)
        assert not found.lesion_images
        return found.problem

    assert "does not state" in reading()
    assert "no reader is called" in reading(reader="other")
    gone = reading(reader="cbis-ddsm", root="/secret/place")
    assert "could not be reached" in gone
    assert gone == "The images could not be reached: the images' folder place is not there."
    assert "/secret/place" in capsys.readouterr().out
    assert "another_setting" in reading(reader="phantom", another_setting=1)


def test_a_breast_of_several_rows_has_no_picture():
    run, names = phantom_run()
    found = case_pictures(replace(run, info=replace(run.info, unit="breast")), WantedPictures((names[0],), (), ()))
    assert not found.lesion_images
    assert "breast" in found.problem
    assert case_pictures(run, WantedPictures()).problem == ""
