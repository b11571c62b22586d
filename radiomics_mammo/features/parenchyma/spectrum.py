"""Power spectrum of the parenchyma.

The radially averaged power spectrum of mammograms falls with frequency f nearly as 1 / f^β. Squares of the interior are
weighted by Hann's window and transformed; a line is fitted to the mean of the logarithms of their radial means.
Burgess, Jacobson and Judy, Med Phys 2001; 28:419; Heine and Velthuizen, Med Phys 2002; 29:647.

Squares are 25.6 mm wide (or the next length with a fast transform), and the band goes from four periods a square, 0.16
cycles / mm, to 0.7 cycles / mm, on pixels of 0.2 mm at most where the image has them; on coarser ones the band ends at
0.4 cycles / pixel, and squares have 24 pixels at least. Where no such square lies in the interior, smaller ones are
taken, three quarters or half as wide, with a band that begins at their four periods. Where the spacing is unknown, the
longer side of the breast is assumed to be 200 mm. Neighbouring squares overlap by half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.features.parenchyma.base import Breast, Measure, MeasureFamily
from radiomics_mammo.features.parenchyma.grid import Bools, Floats, block_sums
from radiomics_mammo.imaging.breast.skin_depth import HEIGHT_MM

SQUARE_MM, HIGHEST_MM, PIXEL_MM = 25.6, 0.7, 0.2
SCALES = (1.0, 0.75, 0.5)
"""Factors of that side, from one to the next where no square fits."""
SMALLEST = 24
"""Pixels along a square's side, at least: then its band has five frequencies or more."""
LOWEST = 4
"""Periods along a square: Hann's window spreads what lies below over the first few."""
HIGHEST = 0.4
"""Cycles per pixel: nearer to half a cycle the blur of the pixel and aliasing bend the spectrum."""
FEWEST_BINS = 5


@dataclass(frozen=True, slots=True)
class BlockMeans:
    """Pixels that squares are cut from.

    Attributes
    ----------
    spacing : tuple of float
        (row, column) in mm, assumed where it is unknown.
    """

    values: Floats
    interior: Bools
    spacing: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SpectrumTerms:
    """The fitted line; both NaN where there is none.

    ``beta`` is minus its slope, ``residual`` the root mean square of log₁₀ of measured over fitted power.
    """

    beta: float
    residual: float


def derive(breast: Breast) -> SpectrumTerms:
    """Fit a power law to the mean spectrum of the interior's squares."""
    means = _block_means(breast)
    if means is None:
        return SpectrumTerms(np.nan, np.nan)
    squares = next((each for scale in SCALES if len(each := _squares(means, _square_size(means, scale)))), None)
    frequency, power = (np.zeros(0), np.zeros(0)) if squares is None else _radial_log_power(squares, means.spacing)
    if len(frequency) < FEWEST_BINS:
        return SpectrumTerms(np.nan, np.nan)
    slope, level = np.polyfit(frequency, power, 1)
    residual = power - (slope * frequency + level)
    return SpectrumTerms(-float(slope), float(np.sqrt(np.mean(residual**2))))


def beta(m: SpectrumTerms) -> float:
    """Compute minus the slope of log₁₀ power against log₁₀ frequency, power ∝ 1 / f^β

    Coarse against fine structure: high (3 and more) where broad patches of gland prevail, lower where fine strands,
    vessels or noise do, 0 for noise alone. Women at high risk have had higher values than women at low risk in small
    studies.
    """
    return m.beta


def residual(m: SpectrumTerms) -> float:
    """Compute √ mean (log₁₀ power − the fitted line)²

    How far the pattern is from one power law: high where one scale stands out, as with many calcifications, a grid or
    sharpening by the machine.
    """
    return m.residual


def _block_means(breast: Breast) -> BlockMeans | None:
    whole, box = bounding_box(breast.mask), bounding_box(breast.interior)
    if whole is None or box is None:
        return None
    assumed = HEIGHT_MM / max(whole[1] - whole[0], whole[3] - whole[2])
    spacing = breast.spacing or (assumed, assumed)
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    inner, pixels = breast.interior[cut], breast.values[cut]
    block = max(1, int(PIXEL_MM / max(spacing) + 1e-6))
    rows, columns = (n // block * block for n in inner.shape)
    values = block_sums(pixels[:rows, :columns], block) / block**2
    # A square is inside with the centres of its blocks: the band under the skin is wider than any block.
    interior = inner[block // 2 : rows : block, block // 2 : columns : block]
    return BlockMeans(values, interior, (spacing[0] * block, spacing[1] * block))


def _square_size(means: BlockMeans, scale: float) -> tuple[int, int]:
    """Return rows and columns of a square of a scaled side, the smaller of them ``SMALLEST`` at least."""
    from scipy import fft

    side = max(scale * SQUARE_MM, SMALLEST * max(means.spacing))
    row, column = (int(fft.next_fast_len(round(side / pixel), real=True)) for pixel in means.spacing)
    return row, column


def _squares(means: BlockMeans, square: tuple[int, int]) -> Floats:
    """Return squares wholly in the interior, with steps of half a square, without those of one value only."""
    height, width = square
    squares = []
    fits = _fitting(means.interior, height, width)
    rows = np.flatnonzero(fits.any(axis=1))
    for top in range(rows[0], rows[-1] + 1, height // 2) if rows.size else ():
        columns = np.flatnonzero(fits[top])  # from the first that fits, so that small breasts have one, too
        for left in range(columns[0], columns[-1] + 1, width // 2) if columns.size else ():
            cut = means.values[top : top + height, left : left + width]
            if fits[top, left] and np.ptp(cut) > 0:
                squares.append(cut)
    return np.array(squares).reshape(-1, height, width)


def _fitting(interior: Bools, height: int, width: int) -> Bools:
    """Return where the upper left corner of a box may be so that the box lies wholly in the interior."""
    if height > interior.shape[0] or width > interior.shape[1]:
        return np.zeros((0, 0), dtype=np.bool_)
    total = np.pad(np.cumsum(np.cumsum(interior, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
    inside = total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    return np.asarray(inside == height * width)


def _radial_log_power(squares: Floats, spacing: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return log₁₀ of frequency, and the mean over the squares of log₁₀ of their radially averaged power."""
    from scipy import fft

    _, height, width = squares.shape
    window = np.hanning(height + 1)[:-1, None] * np.hanning(width + 1)[None, :-1]
    # No mean need be subtracted: under Hann's window it stays in the two lowest frequencies, below any band.
    power = np.abs(fft.rfft2(squares * window, workers=1)) ** 2
    row, column = spacing
    radius = np.hypot(fft.fftfreq(height, row)[:, None], fft.rfftfreq(width, column)[None, :])
    step = 1.0 / max(height * row, width * column)
    ring = np.rint(radius / step).astype(np.int64)
    highest = min(HIGHEST_MM, HIGHEST / max(row, column)) / step
    wanted = np.arange(LOWEST, int(np.floor(highest + 1e-9)) + 1)
    inside = np.isin(ring, wanted)
    # The transform holds half the plane: what lies in neither border column stands for its mirror image, too.
    twice = np.full(radius.shape, 2.0)
    twice[:, 0] = 1.0
    if width % 2 == 0:
        twice[:, -1] = 1.0
    count = np.bincount(ring[inside], weights=twice[inside], minlength=wanted.max(initial=0) + 1)[wanted]
    means = np.array(
        [np.bincount(ring[inside], weights=(p * twice)[inside], minlength=len(wanted))[wanted] / count for p in power]
    )
    means = means[(means > 0).all(axis=1)]
    if not len(means):
        return np.zeros(0), np.zeros(0)
    return np.log10(wanted * step), np.log10(means).mean(axis=0)


_BURGESS = "Burgess, Jacobson and Judy, Med Phys 2001; 28:419"
_LI = "Li, Giger, Olopade and Chinander, J Digit Imaging 2008; 21:145"
_NO_SQUARE = (
    "no square of 12.8 mm (1/16 of the breast's longer side where the spacing is unknown) and 24 pixels with two "
    "values or more lies in the interior"
)

FAMILY = MeasureFamily(
    name="spectrum",
    title="Power spectrum",
    derive=derive,
    measures=(
        Measure("Beta", beta, "1", "any", f"{_BURGESS}; {_LI}", _NO_SQUARE),
        Measure("Residual", residual, "1", "≥ 0", _BURGESS, _NO_SQUARE),
    ),
)
