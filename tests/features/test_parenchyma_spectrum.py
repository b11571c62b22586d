"""The exponent of the power spectrum, against random fields that were made with a known one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal, stats

from radiomics_mammo.readers.phantom.breast import power_law
from tests.support.parenchyma_breasts import half_disc, measured, phantom_breast, whole

WAYS = {"unknown": None, "0.2 mm": (0.2, 0.2), "0.1 mm": (0.1, 0.1), "0.5 mm": (0.5, 0.5), "uneven": (0.2, 0.4)}


def field(beta: float, spacing: tuple[float, float] = (1.0, 1.0), *, shape=(640, 640), seed: int = 0) -> np.ndarray:
    """White noise weighted by f^(−β/2); cut from one of twice the size, so that it does not join up at its edges."""
    rng = np.random.default_rng(seed)
    large = tuple(2 * n for n in shape)
    frequency = np.hypot(np.fft.fftfreq(large[0], spacing[0])[:, None], np.fft.rfftfreq(large[1], spacing[1])[None, :])
    frequency[0, 0] = np.inf
    made = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(large)) * frequency ** (-beta / 2), s=large)
    return made[: shape[0], : shape[1]] / made.std()


@pytest.mark.parametrize("beta", [1.0, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("way", WAYS)
def test_fields_of_a_known_exponent(beta, way):
    spacing = WAYS[way]
    found = measured(whole(field(beta, spacing or (1.0, 1.0)), spacing), "spectrum")
    # Hann's window and the pixel's own blur bend the ends of the band by some hundredths.
    assert found["Beta"] == pytest.approx(beta, abs=0.15)
    assert found["Residual"] < 0.06


@pytest.mark.parametrize("way", WAYS)
def test_noise_has_none(way):
    noise = np.random.default_rng(1).standard_normal((640, 640))
    assert measured(whole(noise, WAYS[way]), "spectrum")["Beta"] == pytest.approx(0.0, abs=0.1)


def test_one_square_by_the_whole_transform():
    picture = field(2.5, shape=(128, 96)) + 0.2 * np.random.default_rng(3).standard_normal((128, 96)) + 500.0
    spacing = (0.2, 25.6 / 96)
    window = np.outer(signal.windows.hann(128, sym=False), signal.windows.hann(96, sym=False))
    centred = picture - np.average(picture, weights=window)
    power = np.abs(np.fft.fft2(centred * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(128, 0.2)[:, None], np.fft.fftfreq(96, spacing[1])[None, :]) * 25.6
    wanted = np.arange(4, 18)  # 0.15 to 0.7 cycles / mm in steps of 1 / 25.6 mm
    means = [power[np.rint(radius) == ring].mean() for ring in wanted]
    slope, _, _, _, _ = stats.linregress(np.log10(wanted / 25.6), np.log10(means))
    assert measured(whole(picture, spacing), "spectrum")["Beta"] == pytest.approx(-slope, rel=1e-9)


def test_power_below_the_smallest_number_is_none():
    assert np.isnan(measured(whole(1e-200 * field(3.0)), "spectrum")["Beta"])


def test_the_phantoms_own_law():
    rng = np.random.default_rng(2)
    made = power_law((700, 700), beta=2.8, pixel_mm=0.2, coarsest_mm=60.0, rng=rng)
    assert measured(whole(made, (0.2, 0.2)), "spectrum")["Beta"] == pytest.approx(2.8, abs=0.15)


def test_one_scale_that_stands_out_is_no_power_law():
    made = field(3.0)
    stripes = 0.5 * np.sin(np.arange(640) * 2 * np.pi / 8)[None, :]
    assert measured(whole(made + stripes), "spectrum")["Residual"] > 3 * measured(whole(made), "spectrum")["Residual"]


@pytest.mark.parametrize(
    "change",
    [
        lambda b: replace(b, values=2 * b.values),
        lambda b: replace(b, values=b.values.astype(np.float32) + 1000),
        lambda b: replace(b, values=np.where(b.interior, b.values, 9)),
    ],
    ids=["doubled", "shifted", "another outside"],
)
@pytest.mark.parametrize("known", [True, False])
def test_what_does_not_matter(change, known):
    breast, _ = phantom_breast(2, size=700)
    breast = replace(breast, spacing=breast.spacing if known else None)
    before, after = measured(breast, "spectrum"), measured(change(breast), "spectrum")
    assert 2.0 < before["Beta"] < 4.0
    if known:  # squares and their pixels lie wholly inside: to the last digits; else blocks at the rim are mixed
        assert after == pytest.approx(before, rel=1e-6)
    assert after["Beta"] == pytest.approx(before["Beta"], abs=1e-6)


def test_mirroring_and_padding_hardly_matter():
    breast = half_disc(field(3.0), spacing=(0.2, 0.2))
    before = measured(breast, "spectrum")["Beta"]
    names = ("values", "mask", "interior")
    upside_down = replace(breast, **{name: getattr(breast, name)[::-1] for name in names})
    padded = replace(breast, **{name: np.pad(getattr(breast, name), ((6, 4), (0, 8))) for name in names})
    for changed in (upside_down, padded):
        assert measured(changed, "spectrum")["Beta"] == pytest.approx(before, abs=0.05)


@pytest.mark.parametrize("side", [128, 96, 64])
def test_where_the_usual_square_does_not_fit_smaller_ones_do(side):
    made = field(3.0, (0.2, 0.2), shape=(side, 400))
    assert measured(whole(made, (0.2, 0.2)), "spectrum")["Beta"] == pytest.approx(3.0, abs=0.35)


def test_small_exports_have_a_spectrum_and_tiny_regions_do_not():
    for side in (30, 60, 120, 240):
        assert measured(whole(field(2.5, shape=(side, side))), "spectrum")["Beta"] == pytest.approx(2.5, abs=0.6), side
    assert all(np.isnan(v) for v in measured(whole(field(2.5, shape=(23, 23))), "spectrum").values())
    made = field(3.0, shape=(63, 63))
    assert all(np.isnan(v) for v in measured(whole(made, (0.2, 0.2)), "spectrum").values())
    narrow = whole(field(2.5, shape=(200, 26)))
    assert np.isfinite(measured(narrow, "spectrum")["Beta"])


def test_coarse_pixels_widen_the_squares():
    for pixel in (1.0, 1.5, 3.0):
        found = measured(whole(field(3.0), (pixel, pixel)), "spectrum")
        assert found["Beta"] == pytest.approx(3.0, abs=0.15), pixel
