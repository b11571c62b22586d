"""The masses of a simulated mammogram: outline, margin, spicules, and where they lie in the breast."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.readers.phantom.breast import COARSE_MM, Anatomy, Scene
from radiomics_mammo.readers.phantom.lesion_cohort import Mass

Floats = NDArray[np.float32]

ANGLES = 1440
BRIGHTNESS = 1350.0
DISPLACED = 0.55
# Aspect (low, high), and the harmonics of the radius: first, last, amplitude of the first.
SHAPES: dict[str, tuple[float, float, int, int, float]] = {
    "ROUND": (0.92, 1.0, 2, 4, 0.015),
    "OVAL": (0.62, 0.80, 2, 4, 0.02),
    "LOBULATED": (0.75, 0.92, 3, 5, 0.09),
    "IRREGULAR": (0.68, 0.90, 2, 9, 0.10),
}
# Width over which the brightness falls at the edge, as a fraction of the radius.
SOFTNESS = {
    "CIRCUMSCRIBED": 0.035,
    "OBSCURED": 0.05,
    "ILL_DEFINED": 0.20,
    "MICROLOBULATED": 0.05,
    "SPICULATED": 0.10,
}


@dataclass(frozen=True, slots=True, eq=False)
class Spicules:
    """Thin strands: angle (rad), length and width (mm), bend (rad at the tip)."""

    angle: Floats
    length: Floats
    width: Floats
    bend: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The edge of one mass in one view.

    Attributes
    ----------
    radius : ndarray of float32, shape (ANGLES,)
        The body's radius (mm) at equally spaced angles from 0 to 2 pi.
    outline : ndarray of float32, shape (ANGLES,)
        The same with the bases of the spicules: what an annotator draws.
    spicules : Spicules or None
        None unless the margin is spiculated.
    hidden : tuple of float or None
        Angle and half width (rad) of the sector that other tissue covers.
    """

    radius: Floats
    outline: Floats
    spicules: Spicules | None
    hidden: tuple[float, float] | None


def draw_outline(mass: Mass, *, shape_stream: np.random.Generator, view: np.random.Generator) -> Outline:
    """Draw the edge of a mass; ``shape_stream`` is the same in both views."""
    low, high, first, last, amplitude = SHAPES[mass.shape]
    aspect = shape_stream.uniform(low, high)
    strength = amplitude * exp(shape_stream.normal(0, 0.2))
    count = int(shape_stream.integers(10, 20))
    reach = shape_stream.uniform(0.45, 0.95)

    theta = np.arange(ANGLES) * (2 * pi / ANGLES)
    turn = view.uniform(0, 2 * pi)
    radius = 1 / np.sqrt((np.cos(theta - turn) ** 2) / 1.0 + (np.sin(theta - turn) / aspect) ** 2)
    for k in range(first, last + 1):
        strength_k = strength * (first / k) * view.normal(0.9, 0.3)
        radius += strength_k * np.cos(k * theta + view.uniform(0, 2 * pi))
    if mass.margin == "MICROLOBULATED":
        k = int(shape_stream.integers(11, 17))
        radius += 0.035 * np.abs(np.sin(k * theta / 2 + view.uniform(0, 2 * pi) + 0.5 * np.sin(theta)))
    size = mass.radius_mm * exp(view.normal(0, 0.06))
    radius *= size / np.sqrt(np.mean(radius**2))
    spicules = _draw_spicules(count, reach, size, view) if mass.margin == "SPICULATED" else None
    outline = radius.copy()
    if spicules is not None:
        gap = _angle_between(theta[:, None], spicules.angle[None, :])
        height = 0.22 * np.minimum(spicules.length, size)
        outline += np.max(height * np.exp(-((gap / 0.085) ** 2)), axis=1)
    # A mass that hides in one view may be plain in the other.
    covered = mass.margin == "OBSCURED" or (mass.margin != "SPICULATED" and view.random() < 0.12)
    hidden = (float(view.uniform(0, 2 * pi)), float(view.uniform(0.7, 1.4))) if covered else None
    return Outline(radius.astype(np.float32), outline.astype(np.float32), spicules, hidden)


def _draw_spicules(count: int, reach: float, size: float, rng: np.random.Generator) -> Spicules:
    spread = (np.arange(count) + rng.uniform(-0.35, 0.35, count)) * (2 * pi / count) + rng.uniform(0, 2 * pi)
    return Spicules(
        angle=np.sort(spread % (2 * pi)).astype(np.float32),
        length=(size * reach * rng.uniform(0.35, 1.65, count)).astype(np.float32),
        width=rng.uniform(0.3, 0.7, count).astype(np.float32),
        bend=rng.normal(0, 0.16, count).astype(np.float32),
    )


def place(
    anatomy: Anatomy, depth_grid: Floats, mass: Mass, *, view: str, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """Find the nearest place for the whole mass in the breast, without overlap.

    Places and radii are in mm, (y, x) with the chest wall at x = 0.
    """
    half, deep = anatomy.extent
    wanted_y = anatomy.nipple[0] + half * (mass.across if view == "CC" else mass.up)
    wanted_x = anatomy.nipple[1] - deep * mass.depth
    rows, columns = depth_grid.shape
    y, x = np.mgrid[:rows, :columns] * COARSE_MM
    room = 1.25 * mass.radius_mm + 3.0
    edge = np.minimum(depth_grid - room - 3.0, x - room)
    edge = np.minimum(edge, np.minimum(y, (rows - 2) * COARSE_MM - y) - room)
    edge = np.minimum(edge, x - anatomy.pectoral_edge(y) - room)
    for other_y, other_x, other_radius in taken:
        edge = np.minimum(edge, np.hypot(y - other_y, x - other_x) - 1.4 * other_radius - room)
    cost = np.hypot(y - wanted_y, x - wanted_x) + 20.0 * np.clip(-edge, 0, None)
    row, column = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return float(y[row, column]), float(x[row, column])


def draw_mass(
    scene: Scene, mass: Mass, outline: Outline, *, centre: tuple[float, float], pixel_mm: float
) -> NDArray[np.bool_]:
    """Draw a mass on the scene's image, in place, and return its filled outline."""
    rows, columns = scene.image.shape
    reach = float(outline.radius.max()) * 2.6 + 3.0
    top, left = (max(0, int((c - reach) / pixel_mm)) for c in centre)
    bottom, right = (min(n, int((c + reach) / pixel_mm) + 1) for n, c in zip((rows, columns), centre, strict=True))
    window = (slice(top, bottom), slice(left, right))
    y = ((np.arange(top, bottom, dtype=np.float32) + 0.5) * np.float32(pixel_mm) - centre[0])[:, None]
    x = ((np.arange(left, right, dtype=np.float32) + 0.5) * np.float32(pixel_mm) - centre[1])[None, :]
    distance = np.hypot(y, x)
    theta = np.arctan2(y, x) % np.float32(2 * pi)
    angle = (theta * np.float32(ANGLES / (2 * pi))).astype(np.intp) % ANGLES
    edge = _edge(mass, outline, distance, theta, angle)
    texture = np.float32(mass.roughness) * np.clip(scene.texture[window], -2.5, 2.5)
    dome = np.sqrt(np.clip(1 - (distance / outline.radius[angle]) ** 2, 0, 1))
    profile = edge * (0.5 + 0.5 * dome) * (1 + 0.4 * texture)
    # A mass pushes tissue aside: what lies over and under it shows through weakly.
    patch = scene.image[window]
    level = np.sum(patch * edge, dtype=np.float64) / np.sum(edge, dtype=np.float64)
    patch += np.float32(DISPLACED) * edge * scene.thickness[window] * (np.float32(level) - patch)
    if outline.spicules is not None:
        profile = np.maximum(profile, _strands(outline.spicules, outline.radius[angle], distance, theta))
    if outline.hidden is not None:
        profile = profile + _cover(mass, outline, y, x)
    patch += np.float32(BRIGHTNESS * mass.contrast) * profile * scene.thickness[window]

    mask = np.zeros((rows, columns), dtype=np.bool_)
    mask[window] = distance <= outline.outline[angle]
    mask[min(int(centre[0] / pixel_mm), rows - 1), min(int(centre[1] / pixel_mm), columns - 1)] = True
    return mask


def _edge(mass: Mass, outline: Outline, distance: Floats, theta: Floats, angle: NDArray[np.intp]) -> Floats:
    """Compute the profile: 1 inside the mass, 0 outside, soft at the margin."""
    softness = np.float32(max(SOFTNESS[mass.margin] * mass.radius_mm, 0.25))
    if outline.hidden is not None:
        middle, width = outline.hidden
        softness = softness * (1 + 5 * np.exp(-((_angle_between(theta, middle) / width) ** 2)))
    edge: Floats = 1 / (1 + np.exp(np.clip((distance - outline.radius[angle]) / softness, -30, 30)))
    return edge


def _strands(spicules: Spicules, radius: Floats, distance: Floats, theta: Floats) -> Floats:
    # Each pixel belongs to the strand nearest in angle: one pass, however many there are.
    table = np.arange(ANGLES, dtype=np.float32) * np.float32(2 * pi / ANGLES)
    nearest = np.argmin(np.abs(_angle_between(table[:, None], spicules.angle[None, :])), axis=1)
    which = nearest[(theta * np.float32(ANGLES / (2 * pi))).astype(np.intp) % ANGLES]
    along = (distance - radius) / spicules.length[which]
    out = np.clip(along, 0, 1)
    away = distance * _angle_between(theta, spicules.angle[which] + spicules.bend[which] * out)
    width = spicules.width[which] * (2.0 - 1.3 * out)
    strands: Floats = 0.58 * (1 - out) ** 0.75 * np.exp(-((away / width) ** 2)) * (along > -0.25)
    return strands


def _cover(mass: Mass, outline: Outline, y: NDArray[np.floating], x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Draw tissue over a part of the edge."""
    middle, width = outline.hidden or (0.0, 0.0)
    size = mass.radius_mm
    away = np.hypot(y - 1.05 * size * np.sin(middle), x - 1.05 * size * np.cos(middle))
    cover: NDArray[np.floating] = 0.5 * np.exp(-((away / (size * (0.5 + 0.3 * width))) ** 2))
    return cover.astype(np.float32)


def _angle_between(a: NDArray[np.floating], b: NDArray[np.floating] | float) -> NDArray[np.floating]:
    return (a - b + pi) % (2 * pi) - pi
