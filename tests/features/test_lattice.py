"""The lattice: where windows lie, counted by hand; how deep; the window behind the nipple."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.core.records import Sample
from radiomics_mammo.errors import RoiError
from radiomics_mammo.features.parenchyma import lattice
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.lattice import Box, LatticeSettings, retroareolar_window
from radiomics_mammo.imaging.breast.skin_depth import skin_depth
from tests.support.lattice_breasts import breast, half_ellipse

TEN = LatticeSettings(windowMm=5.0, windowPx=10)


def windows(sample: Sample, settings: LatticeSettings) -> list[Box]:
    return lattice.windows(Breast.of(sample), settings)


def depths(sample: Sample, boxes: list[Box]) -> np.ndarray:
    return lattice.depths(Breast.of(sample), boxes)


def behind(sample: Sample, settings: LatticeSettings) -> Box | None:
    return retroareolar_window(Breast.of(sample), settings, nipple=sample.marks.nipple)


def filled(shape: tuple[int, int], spacing: tuple[float, float] | None = None, **boxes: tuple[int, int, int, int]):
    """A sample that is no breast, with its mask in a box."""
    mask = np.zeros(shape, bool)
    top, bottom, left, right = boxes.get("box", (0, shape[0], 0, shape[1]))
    mask[top:bottom, left:right] = True
    return Sample("x", "P", np.zeros(shape, np.uint16), mask, spacing)


def test_windows_lie_side_by_side_where_they_fit():
    found = windows(filled((40, 30), box=(10, 30, 5, 25)), TEN)
    assert found == [(10, 20, 5, 15), (10, 20, 15, 25), (20, 30, 5, 15), (20, 30, 15, 25)]


def test_what_does_not_fit_is_shared_by_both_ends():
    # 24 rows want three windows, 30 rows: 3 too many at each end, so that 7 of 10 rows of the outer ones are inside.
    sample = filled((40, 40), box=(8, 32, 10, 20))
    assert windows(sample, TEN) == [(15, 25, 10, 20)]
    looser = LatticeSettings(windowPx=10, coverage=0.7)
    assert windows(sample, looser) == [(5, 15, 10, 20), (15, 25, 10, 20), (25, 35, 10, 20)]
    assert windows(sample, LatticeSettings(windowPx=10, coverage=0.71)) == [(15, 25, 10, 20)]


def test_a_window_beyond_the_image_is_cut_and_counted_by_its_whole_square():
    sample = filled((24, 10))
    assert windows(sample, LatticeSettings(windowPx=10, coverage=0.7)) == [
        (0, 7, 0, 10),
        (7, 17, 0, 10),
        (17, 24, 0, 10),
    ]
    assert windows(sample, LatticeSettings(windowPx=10, coverage=0.71)) == [(7, 17, 0, 10)]


def test_a_step_of_half_a_window_gives_every_second_one_between():
    sample = filled((20, 10))
    assert windows(sample, LatticeSettings(windowPx=10, step=0.5)) == [(0, 10, 0, 10), (5, 15, 0, 10), (10, 20, 0, 10)]
    assert windows(filled((25, 10)), LatticeSettings(windowPx=10, step=1.5)) == [(0, 10, 0, 10), (15, 25, 0, 10)]


def test_a_breast_is_windowed_from_its_chest_wall():
    marked = breast(np.ones((24, 28), bool), interior=np.s_[:, 2:28])  # 26 columns: three windows, 4 too many
    assert windows(marked, TEN) == [(7, 17, 2, 12), (7, 17, 12, 22)]
    assert windows(filled((24, 28), box=(0, 24, 2, 28)), TEN) == [(7, 17, 0, 10), (7, 17, 10, 20), (7, 17, 20, 28)]


def test_coverage_counts_the_interior_and_not_the_mask():
    marked = breast(half_ellipse((40, 20)), interior=np.s_[:30, :10])
    assert windows(marked, TEN) == [(0, 10, 0, 10), (10, 20, 0, 10), (20, 30, 0, 10)]


def test_coverage_is_the_share_of_interior_pixels():
    sample = filled((10, 10))
    sample.mask[:2, :5] = False  # 10 of 100
    sample.mask[0, 9] = sample.mask[9, 0] = True
    assert windows(sample, LatticeSettings(windowPx=10, coverage=0.9))
    assert not windows(sample, LatticeSettings(windowPx=10, coverage=0.901))


@pytest.mark.parametrize(
    ("spacing", "side"), [((0.5, 0.5), (10, 10)), ((0.25, 0.5), (20, 10)), ((0.07, 0.07), (71, 71)), (None, (10, 10))]
)
def test_millimetres_become_pixels_in_each_direction(spacing, side):
    (box,) = windows(filled(side, spacing), TEN)
    assert box == (0, side[0], 0, side[1])


def test_a_region_smaller_than_a_window_has_none():
    assert windows(filled((9, 8)), TEN) == []
    assert windows(filled((30, 30), box=(3, 3, 5, 5)), TEN) == []


def test_windows_too_small_for_texture_are_refused_with_the_setting():
    with pytest.raises(RoiError, match="window of 5 mm is 3 x 5 pixels") as caught:
        windows(filled((40, 40), (1.8, 1.0)), TEN)
    assert "windowMm" in caught.value.remedy


@pytest.mark.parametrize("settings", [TEN, LatticeSettings(windowPx=9, step=0.4, coverage=0.6)], ids=["ten", "nine"])
def test_windows_against_counting_every_pixel(settings):
    rng = np.random.default_rng(3)
    sample = breast(rng.random((53, 47)) < 0.85)
    sample.marks.interior[:, 41:] = False
    found = windows(sample, settings)
    side, apart = settings.windowPx, round(settings.windowPx * settings.step)
    rows, columns = {b[0] for b in found if b[1] - b[0] == side}, {b[2] for b in found if b[3] - b[2] == side}
    assert found
    assert len({r % apart for r in rows}) == len({c % apart for c in columns}) == 1
    padded = np.pad(sample.marks.interior, side)
    row, column = next(iter(rows)) % apart, next(iter(columns)) % apart
    count = sum(
        padded[y + side : y + 2 * side, x + side : x + 2 * side].sum() >= settings.coverage * side**2
        for y in range(row - 2 * apart, 60, apart)
        for x in range(column - 2 * apart, 60, apart)
    )
    assert len(found) == count


def test_depth_is_the_distance_from_the_skin_and_not_from_the_chest_wall():
    mask = np.ones((40, 20), bool)  # a band of 2: skin above, below and right; the deepest is at the left edge's middle
    found = depths(
        breast(mask, interior=np.s_[2:38, :18]), [(19, 21, 0, 1), (0, 1, 0, 1), (19, 21, 9, 11), (19, 21, 19, 20)]
    )
    assert found.tolist() == pytest.approx([1.0, 0.5 / 19.5, 9.5 / 19.5, 0.5 / 19.5])
    outline = depths(Sample("x", "P", np.zeros((40, 20)), mask), [(19, 21, 0, 1), (19, 21, 9, 11)])
    assert outline.tolist() == pytest.approx([0.5 / 9.5, 1.0])


def test_an_edge_that_the_interior_reaches_is_the_films_and_not_the_skin():
    mask = np.ones((40, 20), bool)
    at = [(0, 1, 0, 1), (39, 40, 0, 1), (0, 1, 18, 20)]
    cut_above = depths(breast(mask, interior=np.s_[:38, :18]), at)
    assert cut_above.tolist() == pytest.approx([1.0, 0.5 / 19.5, 0.5 / 19.5])
    only_right = depths(breast(mask, interior=np.s_[:, :18]), [(20, 21, 0, 1), (0, 1, 10, 11)])
    assert only_right.tolist() == pytest.approx([1.0, 9.5 / 19.5])
    assert depths(breast(mask), at).tolist() == [1.0, 1.0, 1.0]  # no skin is seen


def test_depth_is_that_of_the_band_under_the_skin():
    tissue = half_ellipse((80, 60))[:70]  # the film cuts it below
    framed = skin_depth(np.pad(tissue, ((1, 0), (0, 1))))[1:, :-1]
    sample = breast(tissue, interior=framed > 5)
    boxes = [(10, 12, 3, 4), (39, 41, 30, 31), (69, 70, 10, 11)]
    assert depths(sample, boxes).tolist() == pytest.approx(
        [framed[y, x] / framed.max() for y, x in ((11, 3), (40, 30), (69, 10))]
    )


def test_depth_is_in_millimetres():
    mask = np.ones((40, 10), bool)  # 20 x 40 mm: the skin above is nearest; in pixels, that at the right
    half = 0.5 * np.sqrt(0.5 * 4.0)
    inner = np.s_[1:39, :9]
    found = depths(breast(mask, spacing=(0.5, 4.0), interior=inner), [(9, 11, 0, 1), (19, 21, 0, 1)])
    assert found.tolist() == pytest.approx([(5.5 - half) / (10.0 - half), 1.0])
    assert depths(breast(mask, interior=inner), [(9, 11, 0, 1)]).tolist() == pytest.approx([1.0])


def test_muscle_and_implant_are_no_skin():
    mask = np.ones((40, 40), bool)
    mask[:, :20] = False
    pectoral = np.zeros_like(mask)
    pectoral[:, :15] = True
    inner = np.s_[2:38, :38]
    (bare,) = depths(breast(mask, interior=inner), [(19, 21, 20, 22)])
    (covered,) = depths(breast(mask, pectoral=pectoral, implant=~mask & ~pectoral, interior=inner), [(19, 21, 20, 22)])
    assert bare == pytest.approx(18.5 / 19.5)  # where the tissue begins is the chest wall
    assert covered == pytest.approx(18.5 / 19.5)  # muscle reaches the film's edge above and below: no skin there


def test_muscle_and_implant_get_no_windows_though_they_are_measured():
    mask = np.ones((40, 40), bool)
    pectoral, implant = np.zeros_like(mask), np.zeros_like(mask)
    pectoral[:20, :15] = implant[20:, :20] = True
    kept = breast(mask, pectoral=pectoral, implant=implant, nipple=(10.0, 24.0))
    found = windows(kept, TEN)
    assert len(found) == 4 + 2  # from column 15 on, where the interior begins
    assert not any((pectoral | implant)[box[0] : box[1], box[2] : box[3]].all() for box in found)
    assert behind(kept, TEN) is None
    assert behind(breast(mask, nipple=(10.0, 24.0)), TEN) == (0, 23, 0, 25)


def test_depth_of_a_large_breast_is_that_of_a_small_one():
    small, large = half_ellipse((60, 30)), half_ellipse((1800, 900))
    (a,) = depths(breast(small), [(25, 35, 5, 15)])
    (b,) = depths(breast(large), [(750, 1050, 150, 450)])
    assert abs(a - b) < 0.08


def test_the_window_behind_the_nipple():
    mask = np.ones((100, 60), bool)
    sample = breast(mask, nipple=(50.2, 59.0), interior=np.s_[:, :55])
    assert behind(sample, TEN) == (38, 63, 30, 55)
    assert behind(breast(mask, nipple=(50.0, 20.0)), TEN) == (38, 63, 0, 21)
    near_top = breast(mask, nipple=(5.0, 59.0))
    assert behind(near_top, TEN) == (0, 18, 35, 60)


def test_there_is_none_without_a_nipple_or_too_little_breast():
    mask = np.ones((100, 60), bool)
    assert behind(breast(mask), TEN) is None
    assert retroareolar_window(Breast.of(filled((100, 60))), TEN, nipple=None) is None
    assert behind(breast(mask, nipple=(50.0, 59.0), interior=np.s_[:10, :]), TEN) is None
    assert behind(breast(mask, nipple=(50.0, 9.0)), TEN) is None
    thin = mask.copy()
    thin[:48] = thin[52:] = False
    assert behind(breast(thin, nipple=(50.0, 59.0)), TEN) is None
