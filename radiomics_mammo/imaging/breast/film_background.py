"""A second outline for digitised film: its background is grey, uneven, and ends in black borders and white edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.otsu import otsu_threshold
from radiomics_mammo.imaging.breast.artifacts import Frame

_CORNER = 0.06
_BLACK, _GLARING = 0.06, 0.9
_LINE = 0.8
"""A line along an edge is scanner border or film edge if this proportion of it is black or glaring."""
_DEEPEST_BORDER = 0.35
_STRIP = 0.1
_ITERATIONS = 5
_SIGMAS = 4.0
_FLAT = 0.2
_LEAST_STEP = 0.06
"""The breast is brighter than the film by at least this proportion of the film's range."""


def reaches_far_side(mask: NDArray[np.bool_]) -> bool:
    """Return whether an outline fills corners of its box on both sides, which no breast does.

    A breast fills corners at the chest wall only: on the other side its skin is round. Film taken for breast is a
    rectangle, or a triangle where the film is uneven.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        Not empty.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    down, across = (max(1, round(_CORNER * length)) for length in box.shape)
    ends = [(box[:down], box[-down:])]
    sides = [max(float(end[:, part].mean()) for end in ends[0]) for part in (slice(None, across), slice(-across, None))]
    return min(sides) > 0.5


def stands_out(values: NDArray[np.float32], breast: NDArray[np.bool_]) -> bool:
    """Return whether what lies around an outline is flat, and all of one side, as tissue never is.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, columns)
        From :func:`above_film`.
    breast : ndarray of bool, shape (rows, columns)
        Neither empty nor everything.
    """
    columns = breast.mean(axis=0)
    depth = max(1, round(_CORNER * len(columns)))
    if min(columns[:depth].max(), columns[-depth:].max()) > 0:
        return False
    step = float(np.median(values[breast]) - np.median(values[~breast]))
    return float(np.subtract(*np.percentile(values[~breast], [75.0, 10.0]))) < _FLAT * step


def above_film(small: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, Frame] | None:
    """Compute how much brighter than the film's background an image is, and the threshold of the skin.

    Black and white lines along the edges are left out. A plane is fitted to a strip at the darker side, then a
    quadratic surface to all that is connected to it and no brighter than its noise, in turns. Otsu's threshold
    separates the rest.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        Finite, not constant.

    Returns
    -------
    values : ndarray of float32
        Of the film alone; about 0 on the background.
    threshold : float
    frame : Frame
        The lines that were left out.
    None
        No such background was found.
    """
    from scipy import ndimage

    frame = _borders(small)
    cut = tuple(slice(first, length - past) for (first, past), length in zip(frame, small.shape, strict=True))
    film = ndimage.gaussian_filter(small[cut], 1.5)
    if min(film.shape) < 32:
        return None
    film = np.minimum(film, np.percentile(film, 98.0))
    spread = float(film.max() - film.min())
    strip = max(3, round(_STRIP * film.shape[1]))
    if not spread > 0:
        return None
    seeds = np.zeros(film.shape, np.bool_)
    if np.median(film[:, :strip]) < np.median(film[:, -strip:]):
        seeds[:, :strip] = True
    else:
        seeds[:, -strip:] = True
    surface, noise = _fitted(film, seeds, order=1, least=0.005 * spread)
    for _ in range(_ITERATIONS):
        alike, _ = ndimage.label(np.abs(film - surface) < _SIGMAS * noise)
        connected = np.unique(alike[seeds])
        background = np.isin(alike, connected[connected > 0])
        if np.count_nonzero(background) < 0.02 * film.size:
            return None
        surface, noise = _fitted(film, background, order=2, least=0.005 * spread)
    # Far from where it was fitted, a surface may be anything.
    surface = np.clip(surface, *np.percentile(film[background], [1.0, 99.0]))
    values = (film - surface).astype(np.float32)
    middle = otsu_threshold(np.sqrt(np.clip(values, 0, None)), bins=256) ** 2
    if middle < _LEAST_STEP * spread:
        return None
    return values, float(min(middle, max(_SIGMAS * noise, middle / 4))), frame


def _fitted(
    film: NDArray[np.float32], where: NDArray[np.bool_], *, order: int, least: float
) -> tuple[NDArray[np.float64], float]:
    """Return the surface fitted to some of the film, without its brightest tenth, and the noise around it."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in film.shape), indexing="ij")
    terms = [np.ones_like(x), x, y] + ([x * x, x * y, y * y] if order == 2 else [])
    basis = np.stack([term[where] for term in terms], axis=1)
    values = film[where].astype(np.float64)
    used = values <= np.percentile(values, 90.0)
    noise = least
    for _ in range(4):
        weights = np.linalg.lstsq(basis[used], values[used], rcond=None)[0]
        rest = values - basis @ weights
        noise = max(least, 1.4826 * float(np.median(np.abs(rest[used] - np.median(rest[used])))))
        used = np.abs(rest) < 3.0 * noise
        if np.count_nonzero(used) < 12:
            break
    surface = sum(weight * term for weight, term in zip(weights, terms, strict=True))
    return np.asarray(surface), noise


def _borders(small: NDArray[np.float32]) -> Frame:
    low, high = (float(level) for level in np.percentile(small, [0.5, 99.5]))
    scaled = (small - low) / max(high - low, 1e-6)
    edge = (scaled < _BLACK) | (scaled > _GLARING)
    rows, columns = edge.mean(axis=1), edge.mean(axis=0)
    return (_lines(rows), _lines(rows[::-1])), (_lines(columns), _lines(columns[::-1]))


def _lines(proportion: NDArray[np.float64]) -> int:
    """Return how many lines at an edge are border, and one more for the step to the film."""
    deepest = round(_DEEPEST_BORDER * len(proportion))
    lines = np.flatnonzero(proportion[:deepest] < _LINE)
    first = int(lines[0]) if len(lines) else deepest
    # A white edge lies behind a black border, with a line or two between them.
    more = np.flatnonzero(proportion[first : first + 8] >= _LINE)
    first += int(more[-1]) + 1 if len(more) else 0
    return first + 2 if first else 0
