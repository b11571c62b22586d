"""The breast of a simulated mammogram: outline, thickness, pectoral muscle and parenchyma.

Everything is laid out in millimetres on a fixed field with the chest wall at the left edge. The parenchyma is
a random field with a power spectrum of 1/f^3, as mammograms have (Burgess, Jacobson and Judy, Med Phys 2001;
28:419).
"""

# SciPy is imported where it is used: every command imports this module, few draw a phantom.
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FIELD_MM = (210.0, 168.0)
CANVAS_MM = 126.0  # no breast reaches further from the chest wall: the rest of the field is air, not painted
COARSE_MM = 3.0
BACKGROUND = 90.0
# Where the parenchyma begins, for density grades 1 to 4: the higher, the more fat.
GLAND_THRESHOLD = (2.75, 2.1, 1.35, 0.55)
# The MLO skin line: mm below the field's top, and distance from the chest wall as a fraction of the depth.
MLO_SKIN = np.array(
    [
        (-30, 0.50), (0, 0.62), (30, 0.75), (60, 0.88), (90, 0.975), (112, 1.0), (132, 0.96),
        (150, 0.83), (165, 0.62), (177, 0.38), (186, 0.22), (194, 0.17), (208, 0.21), (240, 0.34),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """The outline of one breast in one view, chest wall at x = 0; millimetres.

    Attributes
    ----------
    y, skin : ndarray of float64, shape (n,)
        The skin's distance from the chest wall at each height.
    nipple : tuple of float
        (y, x).
    extent : tuple of float
        Half the breast's height, and its depth.
    pectoral : tuple of float or None
        Width of the muscle at the field's top and the height at which it ends.
    """

    y: NDArray[np.float64]
    skin: NDArray[np.float64]
    nipple: tuple[float, float]
    extent: tuple[float, float]
    pectoral: tuple[float, float] | None

    def pectoral_edge(self, y: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the muscle's distance from the chest wall at each height; negative if none."""
        if self.pectoral is None:
            return np.full_like(y, -50.0)
        width, end = self.pectoral
        t = y / end
        return width * (1.0 - t) * (1.0 + 0.35 * t)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One view before its masses are drawn.

    Attributes
    ----------
    image, thickness, texture : ndarray of float32, shape (rows, columns)
        Brightness over air; compressed thickness, 0 to 1; a fine random field of unit variance.
    depth_grid : ndarray of float32
        Distance below the skin (mm) on a grid of ``COARSE_MM``; negative outside.
    """

    image: Floats
    thickness: Floats
    texture: Floats
    anatomy: Anatomy
    depth_grid: Floats


def draw_anatomy(view: str, *, scale: float, rng: np.random.Generator) -> Anatomy:
    """Draw the outline of a breast in a CC or MLO view."""
    from scipy.interpolate import PchipInterpolator

    y = np.arange(-30.0, FIELD_MM[0] + 30.0, 0.25)
    depth = min(rng.normal(92.0, 6.0) * scale, CANVAS_MM - 8.0)
    if view == "CC":
        half = rng.normal(86.0, 4.0) * scale
        centre = FIELD_MM[0] / 2 + rng.normal(0.0, 4.0)
        nipple_y = centre + rng.normal(0.0, 5.0)
        t = (y - centre) / half
        skin = np.where(np.abs(t) < 1, depth * np.clip(1 - np.abs(t) ** 2.3, 0, None) ** 0.55, -30.0)
        pectoral = None
    else:
        half = 88.0 * scale
        nipple_y = 112.0 + rng.normal(0.0, 5.0)
        table = MLO_SKIN + np.array([nipple_y - 112.0, 0.0])
        table[:, 0] = nipple_y + (table[:, 0] - nipple_y) * np.where(table[:, 0] > nipple_y, scale, 1.0)
        skin = depth * PchipInterpolator(table[:, 0], table[:, 1], extrapolate=True)(y)
        pectoral = (float(rng.uniform(40, 58)) * scale, float(rng.uniform(105, 150)))
    skin = skin + rng.uniform(1.0, 4.5) * np.exp(-(((y - nipple_y) / 3.2) ** 2))
    nipple = (float(nipple_y), float(np.interp(nipple_y, y, skin)))
    return Anatomy(y, skin, nipple, (float(half), float(depth)), pectoral)


def draw_scene(anatomy: Anatomy, *, density: int, shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Draw the breast; ``density`` is a BI-RADS grade from 1 to 4."""
    pixel = FIELD_MM[0] / shape[0]
    y = (np.arange(shape[0], dtype=np.float32) + 0.5)[:, None] * np.float32(pixel)
    x = (np.arange(shape[1], dtype=np.float32) + 0.5)[None, :] * np.float32(pixel)
    depth_grid = skin_depth(anatomy)
    depth = _enlarge(depth_grid, y[:, 0], x[0])
    coarse = power_law(shape, beta=3.6, pixel_mm=pixel, coarsest_mm=60.0, finest_mm=0.3, stretch=1.5, rng=rng)
    texture = power_law(shape, beta=2.4, pixel_mm=pixel, coarsest_mm=14.0, finest_mm=0.5, rng=rng)

    thickness = np.sqrt(1 - (1 - np.clip(depth / 24.0, 0, 1)) ** 2)
    muscle = _sigmoid((anatomy.pectoral_edge(y) - x) / np.float32(1.3))
    gland = _gland(anatomy, coarse, y, x, GLAND_THRESHOLD[density - 1]) * np.clip((depth - 5) / 9, 0, 1)
    gland *= 1 - muscle
    # Where the fine field crosses zero run thin curved sheets: they stand for Cooper's ligaments.
    ligaments = np.exp(-((texture / 0.16) ** 2)) * (0.35 + 0.65 * gland)
    tissue = 760.0 + 70.0 * coarse + 45.0 * texture + 110.0 * ligaments
    tissue += gland * (700.0 + 150.0 * coarse + 70.0 * texture)
    if anatomy.pectoral is not None:
        fibres = np.sin((x + 0.42 * y) * 0.55 + 1.5 * coarse)
        tissue += muscle * (820.0 + 40.0 * fibres + 30.0 * coarse - 60.0 * ligaments)
    skin_line = 150.0 * np.exp(-(((depth - 0.9) / 0.8) ** 2))
    inside = np.clip(_inside(anatomy, y, x, pixel), 0, 1)
    image = inside * (thickness * tissue + skin_line)
    return Scene(image, thickness * inside, texture, anatomy, depth_grid)


def power_law(
    shape: tuple[int, int],
    *,
    beta: float,
    pixel_mm: float,
    coarsest_mm: float,
    finest_mm: float = 0.0,
    stretch: float = 1.0,
    rng: np.random.Generator,
) -> Floats:
    """Draw a random field of mean 0 and variance 1 with the power spectrum 1/f^beta.

    Parameters
    ----------
    coarsest_mm, finest_mm : float
        Wavelengths between which the law holds; longer ones are level, shorter ones fade out.
    stretch : float
        How much longer structures are along a row than along a column.
    """
    from scipy import fft

    rows, columns = (fft.next_fast_len(n, real=True) for n in shape)
    amplitude = _amplitude((rows, columns), beta, pixel_mm, coarsest_mm, finest_mm, stretch)
    spectrum = rng.standard_normal((rows, columns // 2 + 1, 2), dtype=np.float32).view(np.complex64)[..., 0]
    field = fft.irfft2(spectrum * amplitude, s=(rows, columns), workers=1)[: shape[0], : shape[1]]
    scaled: Floats = field / field.std()
    return scaled


@lru_cache(maxsize=4)
def _amplitude(
    shape: tuple[int, int],
    beta: float,
    pixel_mm: float,
    coarsest_mm: float,
    finest_mm: float,
    stretch: float,
) -> Floats:
    fy = np.fft.fftfreq(shape[0], pixel_mm)[:, None]
    fx = np.fft.rfftfreq(shape[1], pixel_mm)[None, :] * stretch
    squared = fy**2 + fx**2
    amplitude = (squared + coarsest_mm**-2) ** (-beta / 4) * np.exp(-squared * finest_mm**2)
    amplitude[0, 0] = 0
    single: Floats = (amplitude / amplitude.max()).astype(np.float32)
    single.setflags(write=False)
    return single


def skin_depth(anatomy: Anatomy) -> Floats:
    """Return the distance below the skin (mm) on a coarse grid; negative outside."""
    from scipy.spatial import cKDTree

    rows, columns = (int(n / COARSE_MM) + 2 for n in (FIELD_MM[0], CANVAS_MM))
    y, x = np.mgrid[:rows, :columns] * COARSE_MM
    line = np.column_stack([anatomy.y, anatomy.skin])[anatomy.skin > -25]
    # A steep skin line is sampled sparsely in y: fill it up along its length.
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    along = np.arange(0, length[-1], 1.0)
    line = np.column_stack([np.interp(along, length, line[:, i]) for i in (0, 1)])
    distance, _ = cKDTree(line).query(np.column_stack([y.ravel(), x.ravel()]))
    inside = x < np.interp(y, anatomy.y, anatomy.skin)
    signed: Floats = np.where(inside, distance.reshape(y.shape), -distance.reshape(y.shape)).astype(np.float32)
    return signed


def _enlarge(grid: Floats, y: Floats, x: Floats) -> Floats:
    """Compute a finer grid by linear interpolation, the same on any number of threads."""
    for axis, wanted in ((0, y), (1, x)):
        at = wanted / np.float32(COARSE_MM)
        low = np.minimum(at.astype(np.intp), grid.shape[axis] - 2)
        weight = (at - low).astype(np.float32)
        weight = weight[:, None] if axis == 0 else weight[None, :]
        grid = np.take(grid, low, axis) * (1 - weight) + np.take(grid, low + 1, axis) * weight
    return grid


def _gland(anatomy: Anatomy, coarse: Floats, y: Floats, x: Floats, threshold: float) -> Floats:
    half, deep = anatomy.extent
    back = (anatomy.nipple[1] - x) / deep
    # In MLO the gland points from the nipple towards the axilla.
    rise = 0.45 if anatomy.pectoral is not None else 0.0
    across = (y - anatomy.nipple[0] + rise * (anatomy.nipple[1] - x)) / half
    width = 0.26 + 0.5 * np.clip(back, 0, 1)
    fan = np.exp(-(((back - 0.38) / 0.36) ** 2) - (across / width) ** 2)
    return _sigmoid((2.4 * fan + 0.95 * coarse - threshold) / 0.45)


def _inside(anatomy: Anatomy, y: Floats, x: Floats, pixel: float) -> Floats:
    skin = np.interp(y[:, 0], anatomy.y, anatomy.skin)
    slope = np.gradient(skin, pixel)
    across = np.sqrt(1 + np.minimum(slope**2, 400.0)).astype(np.float32)[:, None] * np.float32(pixel)
    inside: Floats = (skin.astype(np.float32)[:, None] - x) / across + np.float32(0.5)
    return inside


def _sigmoid(t: NDArray[np.floating]) -> Floats:
    single = np.clip(t.astype(np.float32, copy=False), -30, 30)
    return (1 / (1 + np.exp(-single))).astype(np.float32, copy=False)
