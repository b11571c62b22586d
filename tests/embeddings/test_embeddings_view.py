"""What a network is shown: frame, window, input, channels, size, on arrays that can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.embeddings.channels import CHANNELS
from radiomics_mammo.embeddings.engine import EmbeddingEngine, picture_of
from radiomics_mammo.embeddings.inputs import INPUTS, View
from radiomics_mammo.embeddings.settings import settings_for
from radiomics_mammo.embeddings.transforms.clahe import equalised
from radiomics_mammo.embeddings.transforms.frame import Frame, frame_around, frame_of, laid, resized, shown
from radiomics_mammo.embeddings.transforms.intensity_window import windowed
from radiomics_mammo.errors import InputError, MaskError, RoiError
from radiomics_mammo.imaging.preprocessing.plane import Plane
from tests.support.networks import gradient, tiny_facts


def plane(image: np.ndarray, mask: np.ndarray) -> Plane:
    return Plane(image, mask, mask, None)


def boxed(shape: tuple[int, int], box: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[box[0] : box[1], box[2] : box[3]] = True
    return mask


@pytest.mark.parametrize(
    ("box", "shape", "context", "frame"),
    [
        ((40, 50, 60, 70), (100, 100), 0.0, Frame(40, 60, 10, (40, 50, 60, 70))),
        ((40, 50, 60, 70), (100, 100), 0.3, Frame(37, 57, 16, (37, 53, 57, 73))),
        ((40, 60, 62, 72), (100, 100), 0.0, Frame(40, 57, 20, (40, 60, 57, 77))),  # made square around its middle
        ((0, 10, 95, 100), (100, 100), 0.5, Frame(0, 80, 20, (0, 20, 80, 100))),  # shifted at two edges
        ((2, 12, 1, 6), (20, 10), 0.0, Frame(2, 0, 10, (2, 12, 0, 10))),
        ((2, 18, 1, 6), (20, 10), 0.0, Frame(2, -3, 16, (2, 18, 0, 10))),  # wider than the image: padded on both sides
        ((0, 4, 0, 4), (4, 4), 0.5, Frame(-2, -2, 8, (0, 4, 0, 4))),
        ((3, 4, 3, 4), (9, 9), 0.0, Frame(3, 3, 1, (3, 4, 3, 4))),
    ],
)
def test_a_frame_is_square_and_shifted_before_it_is_padded(box, shape, context, frame) -> None:
    assert frame_around(box, shape, context=context) == frame


def test_a_breast_is_padded_and_nothing_around_it_is_shown() -> None:
    assert frame_of((10, 30, 0, 8)) == Frame(10, -6, 20, (10, 30, 0, 8))


def test_pixels_are_laid_where_the_frame_says() -> None:
    image = np.arange(12).reshape(3, 4) + 1
    assert frame_around((0, 3, 0, 4), (3, 4), context=10.0).side == 8  # beyond it there is nothing but padding
    frame = frame_around((0, 3, 1, 2), (3, 4), context=0.5)
    assert frame.side == 6
    square = laid(shown(image, frame), frame)
    expected = np.zeros((6, 6), dtype=int)
    expected[1:4, 1:5] = image
    assert square.tolist() == expected.tolist()


def test_the_window_is_of_percentiles() -> None:
    values = np.arange(1001)  # percentiles 0.5 and 99.5 are 5 and 995
    assert windowed(values)[[0, 5, 500, 995, 1000]].tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert windowed(values)[104] == pytest.approx(99 / 990, rel=1e-6)
    assert windowed(values).dtype == np.float32


def test_a_few_bright_pixels_are_windowed_by_the_extremes() -> None:
    values = np.zeros((40, 40), dtype=np.uint16)
    values[3, 3:5] = (200, 400)
    assert np.unique(windowed(values)).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    values = np.arange(9.0)
    values[4] = bad
    with pytest.raises(RoiError, match="1 of the 9 pixels"):
        windowed(values)
    with pytest.raises(RoiError, match="same value"):
        windowed(np.full(9, 7))


def test_crop_shows_the_surroundings_and_masked_does_not() -> None:
    image, mask = gradient(60, 50), boxed((60, 50), (20, 30, 20, 30))
    crop = INPUTS["crop"].view(plane(image, mask), 0.3)
    masked = INPUTS["masked"].view(plane(image, mask), 0.3)
    assert crop.values.shape == (16, 16)
    np.testing.assert_array_equal(crop.values, windowed(image[17:33, 17:33]))
    assert masked.values[~masked.inside].max() == 0.0
    np.testing.assert_array_equal(masked.values[3:13, 3:13], crop.values[3:13, 3:13])
    assert masked.inside.sum() == 100


def test_the_mask_is_shown_in_the_crops_frame_even_where_the_image_is_constant() -> None:
    mask = boxed((60, 50), (20, 30, 20, 24))
    seen = INPUTS["mask"].view(plane(np.zeros((60, 50), dtype=np.uint8), mask), 0.0)
    assert seen.values.shape == (10, 10)
    assert seen.values.sum() == 40.0
    assert seen.values[:, 3:7].min() == 1.0


def test_the_breast_is_found_and_padded_whatever_the_mask() -> None:
    image = np.zeros((400, 300), dtype=np.uint16)
    y, x = np.mgrid[:400, :300]
    inside = (x / 150.0) ** 2 + ((y - 200) / 120.0) ** 2 < 1
    image[inside] = 2000 + (x + y)[inside]
    image[5:15, 280:295] = 4095  # a name plate
    seen = INPUTS["breast"].view(plane(image, np.zeros(image.shape, dtype=np.bool_)), 0.0)
    side = seen.values.shape[0]
    assert seen.values.shape == (side, side)
    assert 236 <= side <= 246  # twice 120 rows
    assert (seen.inside.sum() / inside.sum()) == pytest.approx(1.0, abs=0.05)
    empty = (side - 150) // 2 - 4
    assert seen.values[:, :empty].max() == 0.0  # padding on the left, though the image ends there


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(MaskError, match="empty"):
        INPUTS["crop"].view(plane(gradient(20, 20), np.zeros((20, 20), dtype=np.bool_)), 0.3)


@pytest.mark.parametrize("seen", ["crop", "masked", "breast"])
def test_bits_do_not_matter(seen: str) -> None:
    image = np.minimum(gradient(64, 64), 240)
    image[:, 40:] = 0
    mask = boxed((64, 64), (20, 40, 10, 30))
    settings = settings_for(tiny_facts(size=16), seen=seen)
    pictures = [
        picture_of(Sample("a", "P", pixels, mask), settings)
        for pixels in (image, image.astype(np.uint16) * 257, image.astype(np.float32) * 16.0 - 1024.0)
    ]
    np.testing.assert_allclose(pictures[1], pictures[0], atol=1e-6)
    np.testing.assert_allclose(pictures[2], pictures[0], atol=1e-5)
    assert pictures[0].max() > 0.9


def test_resizing_averages_and_stays_within_bounds() -> None:
    fine = (np.indices((64, 64)).sum(axis=0) % 2).astype(np.float32)  # a chessboard of single pixels
    np.testing.assert_allclose(resized(fine, 8)[1:-1, 1:-1], 0.5, atol=0.02)  # would alias without a wider kernel
    edge = np.zeros((8, 8), dtype=np.float32)
    edge[:, 4:] = 1.0
    large = resized(edge, 64)
    assert (large.min(), large.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(resized(edge, 8), edge)


def test_channels_are_what_they_are_called() -> None:
    values = windowed(gradient(12, 12))
    view = View(values, boxed((12, 12), (2, 8, 3, 9)))
    masked, repeated, third = (CHANNELS[name](view, 12) for name in ("masked", "repeat", "clahe"))
    for picture in (masked, repeated, third):
        assert picture.shape == (3, 12, 12)
        assert picture.dtype == np.float32
        np.testing.assert_array_equal(picture[0], values)
        np.testing.assert_array_equal(picture[1], values)
    np.testing.assert_array_equal(masked[2], np.where(view.inside, values, 0.0))
    np.testing.assert_array_equal(repeated[2], values)
    np.testing.assert_array_equal(third[2], equalised(values))


def test_unclipped_equalisation_of_one_tile_is_the_distribution_function() -> None:
    rng = np.random.default_rng(5)
    levels = rng.integers(0, 256, (32, 32))
    counts = np.array([(levels <= level).mean() for level in range(256)])
    found = equalised((levels / 255).astype(np.float32), tiles=1, clip=256.0)
    np.testing.assert_allclose(found, counts[levels], atol=1e-6)


def test_clipped_counts_are_spread_over_all_levels() -> None:
    picture = np.zeros((16, 16), dtype=np.float32)
    picture[:, 8:] = 1.0  # two levels with 128 counts; the mean is 1, so that 2 of each are kept and 252 / 256 added
    found = equalised(picture, tiles=1, clip=2.0)
    np.testing.assert_allclose(found[:, :8], (2 + 252 / 256) / 256, rtol=1e-6)
    np.testing.assert_allclose(found[:, 8:], 1.0, rtol=1e-6)


def test_between_the_centres_of_tiles_their_answers_are_interpolated() -> None:
    picture = np.full((4, 8), 100 / 255, dtype=np.float32)
    picture[:, 4:] = 200 / 255
    picture[1, 2] = picture[1, 6] = 150 / 255  # 1 of 16 pixels in either of two tiles of 4 x 4
    found = equalised(np.vstack([picture, picture]), tiles=2, clip=256.0)[1]
    assert found[1] == pytest.approx(15 / 16)  # before the first centre: the left tile's answer
    # Column 2 is 1/8 + 0 tiles past the left centre (1.5): (2.5 / 4 - 0.5); level 150: all of the left tile is below
    # or equal, and 1/16 of the right one.
    share = 2.5 / 4 - 0.5
    assert found[2] == pytest.approx((1 - share) * 1.0 + share * 1 / 16)
    assert found[7] == pytest.approx(1.0)


def test_equalisation_raises_faint_contrast_and_takes_odd_sizes() -> None:
    faint = np.full((61, 67), 0.5, dtype=np.float32)
    faint[::4] += 0.02
    faint[0, 0], faint[-1, -1] = 0.0, 1.0
    found = equalised(faint)
    assert found.shape == faint.shape
    assert 0.0 <= found.min() <= found.max() <= 1.0
    assert np.ptp(found[20:44, 20:44]) > np.ptp(faint[20:44, 20:44])
    assert equalised(np.zeros((64, 64), dtype=np.float32)).max() < 0.02  # black stays black


def test_pictures_are_normalised_by_channel() -> None:
    facts = tiny_facts(size=10, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    sample = Sample("a", "P", gradient(10, 10), np.ones((10, 10), dtype=np.bool_))
    plain = picture_of(sample, settings_for(tiny_facts(size=10), channels="repeat", context=0.0))
    picture = picture_of(sample, settings_for(facts, channels="repeat", context=0.0))
    for channel, (mean, std) in enumerate([(0.1, 0.5), (0.2, 0.25), (0.3, 2.0)]):
        np.testing.assert_allclose(picture[channel], (plain[channel] - mean) / std, rtol=1e-5, atol=1e-6)


def test_the_vector_is_the_mean_of_picture_and_mirror_image() -> None:
    mask = np.ones((8, 8), dtype=np.bool_)
    sample = Sample("a", "P", gradient(8, 8), mask)
    shown_to: list[np.ndarray] = []

    def network(picture: np.ndarray) -> np.ndarray:
        shown_to.append(picture.copy())
        return picture[0, 0, :2]

    def vector(flip: bool) -> np.ndarray:
        settings = settings_for(tiny_facts(size=8), context=0.0, flip=flip)
        (result,) = EmbeddingEngine(settings, network).measure([sample]).results
        assert not isinstance(result, Failure)
        return result

    values = windowed(gradient(8, 8))
    np.testing.assert_array_equal(vector(False), values[0, :2])
    assert len(shown_to) == 1
    np.testing.assert_allclose(vector(True), (values[0, :2] + values[0, :-3:-1]) / 2, rtol=1e-6)
    np.testing.assert_array_equal(shown_to[2], shown_to[1][:, :, ::-1])


def test_bad_samples_have_failures_in_their_places() -> None:
    good = np.ones((8, 8), dtype=np.bool_)
    samples = [
        Sample("a", "P", gradient(8, 8), good),
        Sample("b", "P", gradient(8, 8), ~good, mask_path="b_mask.png"),
        Sample("c", "P", np.zeros((8, 8)), good),
        Sample("d", "P", gradient(8, 9), good),
        Sample("e", "P", gradient(8, 8).T, good),
    ]

    def network(picture: np.ndarray) -> np.ndarray:
        return np.full(2, np.nan if picture[0, 0, 1] > picture[0, 1, 0] else 1.0, dtype=np.float32)

    results = EmbeddingEngine(settings_for(tiny_facts(), flip=False, context=0.0), network).measure(samples).results
    kinds = [(one.stage, one.error) if isinstance(one, Failure) else one.tolist() for one in results]
    assert kinds == [
        ("extract", "RoiError"),
        ("prepare", "MaskError"),
        ("prepare", "RoiError"),
        ("prepare", "MaskError"),
        [1.0, 1.0],
    ]
    assert results[1].path == "b_mask.png"  # type: ignore[union-attr]


def test_settings_name_columns_and_refuse_what_makes_no_sense() -> None:
    settings = settings_for(tiny_facts(dims=3), seen="masked")
    assert settings.columns == ("masked_embToy_E0000", "masked_embToy_E0001", "masked_embToy_E0002")
    assert (settings.channels, settings.context) == ("repeat", 0.3)
    assert settings_for(tiny_facts(), seen="breast").context == 0.0
    with pytest.raises(InputError, match="no channels 'clahe'"):
        settings_for(tiny_facts(), seen="mask", channels="clahe")
    with pytest.raises(InputError, match="no context"):
        settings_for(tiny_facts(), seen="breast", context=0.3)
    with pytest.raises(InputError, match="context of -1"):
        settings_for(tiny_facts(), context=-1.0)
    with pytest.raises(InputError, match="context of nan"):
        settings_for(tiny_facts(), context=float("nan"))
    with pytest.raises(InputError, match="no input"):
        settings_for(tiny_facts(), seen="lesion")


def test_the_hash_changes_with_everything_that_changes_a_column() -> None:
    plain = settings_for(tiny_facts())
    others = [
        settings_for(tiny_facts(), seen="masked"),
        settings_for(tiny_facts(), channels="clahe"),
        settings_for(tiny_facts(), context=0.2),
        settings_for(tiny_facts(), flip=False),
        settings_for(tiny_facts(size=9)),
        settings_for(tiny_facts(sha256="1" * 64)),
        settings_for(tiny_facts(mean=(0.1, 0.0, 0.0))),
    ]
    assert len({one.hash for one in (plain, *others)}) == 8
    assert settings_for(tiny_facts(), forced=True).hash == plain.hash
    assert settings_for(tiny_facts(file="/elsewhere/w.onnx")).hash == plain.hash
