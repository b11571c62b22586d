"""Muscle and implant: found where they are, and not where they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.implant import find_implant
from radiomics_mammo.imaging.breast.pectoral import find_pectoral, muscle_field
from radiomics_mammo.imaging.breast.prepare import prepare_breast
from radiomics_mammo.imaging.breast.settings import BreastSettings
from radiomics_mammo.readers.phantom.breast import draw_anatomy, draw_scene
from tests.support.breasts import dice, ellipse, half_disk, in_image, phantom

SHAPE = (400, 300)
BREAST = ellipse(SHAPE, (200, 0), (230, 200))


def fat(noise: float = 10.0) -> np.ndarray:
    return 1000 + np.random.default_rng(0).normal(0, noise, SHAPE).astype(np.float32)


def triangle(across: float, down: float) -> np.ndarray:
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return (columns + 0.5) / across + (rows + 0.5) / down < 1


@pytest.mark.parametrize(("across", "down"), [(60, 150), (120, 250), (30, 200), (90, 380), (100, 300), (140, 220)])
def test_a_straight_edge_is_found_to_a_fifth_of_a_pixel(across, down):
    muscle = triangle(across, down) & BREAST
    edge = find_pectoral(fat() + 600 * muscle, BREAST)
    assert edge is not None
    found = (muscle_field(edge, SHAPE[1]) > 0) & BREAST
    assert dice(found, muscle) > 0.95
    middle = slice(down // 4, down // 2)
    off = (edge - across * (1 - (np.arange(400) + 0.5) / down))[middle]
    assert abs(off.mean()) < 0.2 and abs(off).max() < 1.5


@pytest.mark.parametrize("shape", [(512, 31), (512, 8), (500, 3), (512, 4), (8, 512)])
def test_a_slender_breast_has_no_muscle(shape):
    values = np.random.default_rng(0).random(shape, dtype=np.float32)
    assert find_pectoral(values, np.ones(shape, np.bool_)) is None


def test_a_bent_edge_is_followed():
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    edge = 100 * (1 - rows / 250) * (1 + 0.5 * rows / 250)
    muscle = (columns < edge) & BREAST
    found = find_pectoral(fat() + 600 * muscle, BREAST)
    assert found is not None
    assert dice((muscle_field(found, SHAPE[1]) > 0) & BREAST, muscle) > 0.96


@pytest.mark.parametrize(
    "image",
    [
        fat(),
        fat() + 600 * ellipse(SHAPE, (200, 110), (70, 60)),  # a gland
        fat() + 600 * triangle(190, 900),  # more than half of the breast
        fat() - 600 * triangle(100, 250),  # dark
        fat() + np.linspace(600, 0, SHAPE[1], dtype=np.float32),  # brighter towards the chest wall, without an edge
        np.ones(SHAPE, np.float32),
    ],
    ids=["fat", "gland", "too large", "dark", "slope", "constant"],
)
def test_no_muscle_where_nothing_convinces(image):
    assert find_pectoral(image, BREAST) is None


def test_muscles_of_phantoms():
    found = []
    for number in (1, 2, 3, 5, 6, 8):
        truth = phantom(number, "MLO", size=360)
        breast = prepare_breast(truth.image, laterality=truth.side, view="MLO", spacing=truth.spacing)
        muscle = in_image(breast, breast.marks.pectoral, truth.image.shape)
        found.append(dice(muscle, truth.muscle))
        assert not (breast.mask & breast.marks.pectoral).any()
        assert not breast.notes
    assert min(found) > 0.85 and np.median(found) > 0.95


def test_no_muscle_in_phantoms_that_have_none():
    """Dense tissue in the corner may pass for muscle; in one of eight at most."""
    taken = 0
    for seed in range(4):
        for density in (1, 3):
            rng = np.random.default_rng(seed)
            anatomy = replace(draw_anatomy("MLO", scale=1.0, rng=rng), pectoral=None)
            scene = draw_scene(anatomy, density=density, shape=(360, 216), rng=rng)
            image = np.pad(scene.image, ((0, 0), (0, 40))) + rng.normal(90, 9, (360, 256))
            found = prepare_breast(image, laterality="LEFT", view="MLO")
            assert (found.marks.pectoral is None) == ("no pectoral muscle was found" in found.notes)
            taken += found.marks.pectoral is not None
    assert taken <= 1


def test_muscle_is_looked_for_in_views_from_the_side_alone_and_kept_when_asked_to():
    truth = phantom(2, "MLO", size=360)
    for view in ("CC", "AT", ""):
        found = prepare_breast(truth.image, view=view)
        assert found.marks.pectoral is None and not found.notes
    removed = prepare_breast(truth.image, view="mlo")
    kept = prepare_breast(truth.image, view="MLO", settings=BreastSettings(pectoral="keep"))
    np.testing.assert_array_equal(kept.marks.pectoral, removed.marks.pectoral)
    np.testing.assert_array_equal(kept.mask, removed.mask | removed.marks.pectoral)
    np.testing.assert_array_equal(kept.image, removed.image)


def body(share: float = 1.0) -> np.ndarray:
    return ellipse(SHAPE, (220, 20), (110 * share, 100 * share)) & BREAST


def test_an_implant_is_found_and_left_out():
    image = (fat() + 900 * body()) * half_disk(SHAPE, 190)
    found = prepare_breast(image, laterality="LEFT", view="CC", implant=True)
    implant = in_image(found, found.marks.implant, SHAPE)
    assert dice(implant, body() & half_disk(SHAPE, 190)) > 0.97
    assert not (found.mask & found.marks.implant).any()
    assert found.notes == ("nipple not in profile: taken at the deepest place of the outline",)  # none was drawn


def test_an_implant_beside_muscle():
    muscle = triangle(90, 120) & ~body(0.8)
    edge_to_edge = BREAST
    image = (fat() + 900 * body(0.8) + 500 * muscle) * edge_to_edge
    found = prepare_breast(image, laterality="LEFT", view="MLO", implant=True)
    assert dice(in_image(found, found.marks.implant, SHAPE), body(0.8)) > 0.95
    assert dice(in_image(found, found.marks.pectoral, SHAPE), muscle & BREAST) > 0.85


@pytest.mark.parametrize(
    "image",
    [
        fat(),
        fat() + 900 * (triangle(120, 260) & BREAST),  # muscle reaches the upper end
        fat() + 900 * ellipse(SHAPE, (200, 150), (30, 30)),  # a mass, away from the chest wall
        fat() + 600 * np.exp(-((np.indices(SHAPE)[0] - 200) ** 2 + np.indices(SHAPE)[1] ** 2) / 8000),  # fades
    ],
    ids=["fat", "muscle", "mass", "gland"],
)
def test_no_implant_where_nothing_convinces(image):
    assert find_implant(image.astype(np.float32), BREAST) is None


def test_an_implant_is_looked_for_only_where_the_collection_says_so():
    image = (fat() + 900 * body()) * half_disk(SHAPE, 190)
    for flag in (None, False):
        assert prepare_breast(image, laterality="LEFT", view="CC", implant=flag).marks.implant is None
    skipped = BreastSettings(implants="skip")
    assert prepare_breast(image, laterality="LEFT", view="CC", settings=skipped).mask.any()
    with pytest.raises(MaskError, match=r"has an implant.*implants=measure"):
        prepare_breast(image, laterality="LEFT", view="CC", implant=True, settings=skipped)
    plain = prepare_breast(fat() * half_disk(SHAPE, 190), laterality="LEFT", view="CC", implant=True)
    assert plain.marks.implant is None and "implant not found" in plain.notes[0]
