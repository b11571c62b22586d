"""Fractal dimensions of sets and landscapes that have a known one."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.features.parenchyma.box_counting import box_dimension, surface_dimension
from radiomics_mammo.features.parenchyma.fractal import _eroded
from radiomics_mammo.features.parenchyma.grid import Coarse, coarse
from tests.support.parenchyma_breasts import half_disc, measured, phantom_breast, whole


def carpet(order: int = 6) -> np.ndarray:
    """Sierpiński's: log 8 / log 3."""
    one = np.ones((1, 1), dtype=bool)
    for _ in range(order):
        hole = np.zeros_like(one)
        one = np.block([[one, one, one], [one, hole, one], [one, one, one]])
    return one


def koch(order: int = 6, size: int = 1200) -> np.ndarray:
    """Koch's curve on pixels: log 4 / log 3."""
    points = np.array([0.0, 1.0], dtype=complex)
    for _ in range(order):
        start, step = points[:-1], np.diff(points) / 3
        corners = [start, start + step, start + step * (1 + np.exp(1j * np.pi / 3)), start + 2 * step]
        points = np.append(np.column_stack(corners).ravel(), points[-1])
    t = np.linspace(0, 1, 20)[:, None]
    line = (points[:-1] * (1 - t) + points[1:] * t).ravel() * (size - 2)
    mask = np.zeros((size, size), dtype=bool)
    mask[np.rint(line.imag).astype(int) + 1, np.rint(line.real).astype(int)] = True
    return mask


def brownian(hurst: float, *, size: int = 512, seed: int = 0) -> np.ndarray:
    """A fractional Brownian surface: power 1 / f^(2H + 2); cut from one of twice the size."""
    rng = np.random.default_rng(seed)
    n = 2 * size
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.rfft2(rng.standard_normal((n, n)))
    return np.fft.irfft2(noise * frequency ** -(hurst + 1), s=(n, n))[:size, :size]


def grid(picture: np.ndarray) -> Coarse:
    """A picture that is a grid already."""
    everything = np.ones(picture.shape, dtype=bool)
    return Coarse(
        picture, everything, everything, np.zeros(picture.shape, np.float32), picture.size, max(picture.shape)
    )


def line(size: int = 500) -> np.ndarray:
    mask = np.zeros((size, size), dtype=bool)
    mask[7, 3:] = True
    return mask


SETS = {
    "a line": (line(), 1.0, 0.01),
    "a diagonal": (np.eye(512, dtype=bool), 1.0, 0.02),
    "a filled square": (np.pad(np.ones((512, 512), dtype=bool), 5), 2.0, 0.01),
    "Sierpiński's carpet": (carpet(), np.log(8) / np.log(3), 0.03),
    "Koch's curve": (koch(), np.log(4) / np.log(3), 0.05),
}


@pytest.mark.parametrize("name", SETS)
def test_boxes_over_sets_of_a_known_dimension(name):
    mask, dimension, within = SETS[name]
    assert box_dimension(mask) == pytest.approx(dimension, abs=within)
    assert box_dimension(mask.T) == pytest.approx(box_dimension(mask), abs=1e-12)


def test_boxes_counted_by_hand():
    mask = np.zeros((40, 40), dtype=bool)
    mask[0, [0, 15, 16, 39]] = True  # sides 2, 4 and 8 fit four times into 40
    # Side 2: grids that begin 0 or 1 pixels before: {0} {14, 15} {16, 17} {38, 39} or {-1, 0} {15, 16} {39, 40}.
    # Side 4: from 0, {0 … 3} {12 … 15} {16 … 19} {36 … 39}; from -2, {-2 … 1} {14 … 17} {38 … 41}.
    # Side 8: from 0, {0 … 7} {8 … 15} {16 … 23} {32 … 39}; from -4, {-4 … 3} {12 … 19} {36 … 43}.
    assert box_dimension(mask) == pytest.approx(0.0, abs=1e-12)
    mask[0, :4] = True  # from -1: {-1, 0} {1, 2} {3, 4} {15, 16} {39, 40}: 5; from -2: {-2 … 1} {2 … 5}: 4; from -4: 3
    assert box_dimension(mask) == pytest.approx(-np.polyfit(np.log([2, 4, 8]), np.log([5, 4, 3]), 1)[0], rel=1e-12)


def test_boxes_do_not_care_where_the_picture_begins():
    mask = koch(4, 300)
    assert box_dimension(np.pad(mask, ((3, 11), (8, 1)))) == pytest.approx(box_dimension(mask), rel=1e-12)


def test_small_sets_have_no_dimension():
    assert np.isnan(box_dimension(np.ones((31, 31), dtype=bool)))
    assert np.isfinite(box_dimension(np.ones((32, 3), dtype=bool)))
    assert np.isnan(box_dimension(np.zeros((50, 50), dtype=bool)))


@pytest.mark.parametrize("hurst", [0.2, 0.5, 0.8])
def test_brownian_surfaces(hurst):
    found = np.mean([surface_dimension(grid(brownian(hurst, seed=seed))) for seed in range(2)])
    assert found == pytest.approx(3.0 - hurst, abs=0.12)


def test_rougher_surfaces_have_the_higher_dimension():
    found = [surface_dimension(grid(brownian(hurst, size=256))) for hurst in (0.9, 0.7, 0.5, 0.3, 0.1)]
    assert found == sorted(found)


def test_a_tilted_plane_is_smooth():
    plane = np.add.outer(np.arange(128.0), 2.0 * np.arange(100.0))
    assert surface_dimension(grid(plane)) == pytest.approx(2.0, abs=1e-9)


def test_rows_and_columns_weigh_the_same():
    woven = brownian(0.3, size=200) + np.cumsum(np.random.default_rng(1).standard_normal(200))[:, None]
    assert surface_dimension(grid(woven.T)) == pytest.approx(surface_dimension(grid(woven)), rel=1e-12)
    assert surface_dimension(grid(woven[:, :80].T)) == pytest.approx(surface_dimension(grid(woven[:, :80])), rel=1e-12)


def test_the_surface_of_noise_is_rougher_than_any_fractal():
    noise = np.random.default_rng(0).standard_normal((256, 256))
    assert surface_dimension(grid(noise)) == pytest.approx(4.0, abs=0.1)  # means over cells: sd ∝ 1 / side


def test_only_the_interior_counts():
    breast = half_disc(brownian(0.5, size=256)[:, :140], band=20.0)
    other = half_disc(np.where(breast.interior, breast.values, 1e3), band=20.0)
    assert surface_dimension(coarse(other)) == surface_dimension(coarse(breast))


def test_a_lesion_is_measured_where_it_has_room():
    lesion = measured(whole(brownian(0.5, size=80)), "fractal")
    assert all(np.isfinite(value) for value in lesion.values())
    assert all(np.isnan(value) for value in measured(whole(brownian(0.5, size=20)), "fractal").values())


def test_a_white_square_is_solid_and_its_border_smooth():
    picture = np.random.default_rng(0).normal(300.0, 1.0, (400, 240))
    picture[120:280, :140] += 200.0
    found = measured(half_disc(picture), "fractal")
    assert found["DenseDimension"] == pytest.approx(2.0, abs=0.15)
    assert found["EdgeDimension"] == pytest.approx(1.0, abs=0.05)
    assert _eroded(np.ones((5, 4), dtype=bool)).all()  # where the picture ends there is no border
    np.testing.assert_array_equal(_eroded(np.pad(np.ones((3, 3), dtype=bool), 1)).nonzero(), [[2], [2]])


def test_scattered_gland_fills_less_than_compact_gland():
    found = {grade: measured(phantom_breast(grade, seed=1)[0], "fractal") for grade in (1, 4)}
    assert found[1]["DenseDimension"] < found[4]["DenseDimension"]
    for values in found.values():
        assert 1.0 <= values["EdgeDimension"] <= values["DenseDimension"] <= 2.0
