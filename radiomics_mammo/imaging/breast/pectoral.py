"""The pectoral muscle of oblique and lateral views: bright, in the corner of chest wall and armpit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VIEWS = ("MLO", "LMO", "ML", "LM")
"""Views that show the muscle from the side."""
SURE_VIEWS = ("MLO", "LMO")
"""Views that should show it."""

_LEVELS = 40
_SAMPLES = 48
_STEEPEST, _FLATTEST = 6.0, 60.0
_CONTRAST = 0.15
_ALONG = 0.65
_BRIGHT = 0.62
_TOGETHER = 0.98
_LARGEST_FRACTION = 0.5
_SMALLEST_FRACTION = 0.004
_BEND = 0.004
"""Cost of a bend of one pixel, as a proportion of the range of brightness."""
_MARGIN = 0.015


def find_pectoral(values: NDArray[np.float32], breast: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Find the edge of the muscle: the best straight line, then the best path near it.

    A line is as good as the fall of brightness across it is along its whole length, provided that what it cuts off
    is bright all over. The path follows the fall row by row (dynamic programming). A muscle that is not seen along
    most of its edge, or takes more than half of the breast, is none.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, columns)
        The small picture, chest wall at the left.
    breast : ndarray of bool, shape (rows, columns)

    Returns
    -------
    ndarray of float32, shape (rows,), or None
        In each row where the muscle ends, in pixels from the picture's left edge; negative in rows without it.
    """
    from scipy import ndimage

    rows, columns = (np.flatnonzero(breast.any(axis=axis)) for axis in (1, 0))
    top, left = int(rows[0]), int(columns[0])
    cut = np.s_[top : rows[-1] + 1, left : columns[-1] + 1]
    inside = breast[cut]
    if min(inside.shape) < 32:
        return None
    filled = np.where(inside, values[cut], np.median(values[breast]))
    # Films glow along their edges.
    margin = round(_MARGIN * inside.shape[0])
    filled[:, :margin], filled[:margin] = filled[:, margin : margin + 1], filled[margin]
    smooth = ndimage.gaussian_filter(filled, max(1.0, 0.006 * inside.shape[0]))
    spread = float(np.subtract(*np.percentile(smooth[inside], [95, 5])))
    if spread <= 0:
        return None
    line = _best_line(smooth / spread, inside)
    if line is None:
        return None
    edge = _path_near(smooth / spread, line)
    if not _is_plausible(smooth / spread, inside, edge):
        return None
    whole = np.full(len(values), -1.0, np.float32)
    # The path runs through the pixels where the fall is steepest: through their middle.
    whole[top : top + len(edge)] = np.where(edge > 0, edge + left + 0.5, -1.0)
    return whole


def muscle_field(edge: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Return a field that is above zero on the muscle and crosses zero at its edge."""
    field = edge[:, None] - (np.arange(columns, dtype=np.float32) + np.float32(0.5))
    return np.clip(np.where(edge[:, None] > 0, field, -1), -1, 1).astype(np.float32)


def _best_line(values: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Find the line: its column at the top and its row at the chest wall."""
    height = len(values)
    width = int(np.flatnonzero(inside[: max(2, height // 20)].any(axis=0))[-1]) + 1
    tops = np.linspace(0.08, 1.0, _LEVELS) * width
    ends = np.linspace(0.1, 1.4, _LEVELS) * height
    across, down = (grid.ravel() for grid in np.meshgrid(tops, ends))
    angle = np.degrees(np.arctan2(across, down))
    fine = (angle >= _STEEPEST) & (angle <= _FLATTEST)
    across, down = across[fine], down[fine]
    fall, valid = _edge_contrast(values, inside, across, down)
    score = np.where(valid, np.clip(fall, -0.3, 0.6), 0.0).mean(axis=1)
    score *= valid.mean(axis=1) > 0.3
    for best in np.argsort(-score)[:200]:
        if score[best] < 0.5 * _CONTRAST:
            return None
        if _bright_proportion(values, inside, _straight(float(across[best]), float(down[best]), height)) >= _BRIGHT:
            return float(across[best]), float(down[best])
    return None


def _edge_contrast(
    values: NDArray[np.float32], inside: NDArray[np.bool_], across: NDArray[np.float64], down: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Compute the drop of brightness from the muscle's side to the other along each line."""
    height, width = values.shape
    along = np.linspace(0.02, 0.98, _SAMPLES)
    y, x = down[:, None] * along, across[:, None] * (1 - along)
    length = np.hypot(across, down)[:, None]
    reach = max(2.0, 0.018 * height)
    step_y, step_x = reach * across[:, None] / length, reach * down[:, None] / length
    values_beside = []
    valid = y < height - 1
    for sign in (-1, 1):
        row, column = np.rint(y + sign * step_y).astype(int), np.rint(x + sign * step_x).astype(int)
        valid = valid & (row < height) & (column < width)
        # Where the muscle is narrower than the step, its pixels at the picture's edge stand for it.
        row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
        valid = valid & inside[row, column]
        values_beside.append(values[row, column])
    return values_beside[0] - values_beside[1], valid


def _straight(across: float, down: float, height: int) -> NDArray[np.float32]:
    edge: NDArray[np.float32] = (across * (1 - np.arange(height) / down)).astype(np.float32)
    return edge


def _path_near(values: NDArray[np.float32], line: tuple[float, float]) -> NDArray[np.float32]:
    """Find the path of the steepest drop within a corridor around the line."""
    from scipy import ndimage

    height, width = values.shape
    reach = max(3, round(0.05 * height))
    straight = _straight(*line, height)
    straight = straight[: max(2, int(np.count_nonzero(straight + reach >= 0)))]
    values = values[: len(straight)]
    fall = -ndimage.gaussian_filter1d(values, 1.0, axis=1, order=1)
    offsets = np.arange(-reach, reach + 1)
    columns = np.rint(straight[:, None] + offsets).astype(int)
    gain = np.take_along_axis(fall, np.clip(columns, 0, width - 1), axis=1) * ((columns >= 0) & (columns < width))
    gain -= 0.002 * (offsets / reach) ** 2
    # Towards its end the muscle is narrow: what lies far beyond the line there is something else.
    gain[offsets > 0.5 * np.maximum(straight[:, None], 0.0) + 0.02 * height] = -_BEND
    chosen = _best_path(gain.astype(np.float64))
    edge = ndimage.gaussian_filter1d(np.rint(straight) + offsets[chosen], 0.012 * height, mode="nearest")
    # Once at the chest wall, the muscle is over.
    ended = np.flatnonzero(edge <= 0)
    if len(ended):
        edge[ended[0] :] = -1.0
    whole = np.full(height, -1.0, np.float32)
    whole[: len(edge)] = edge
    return whole


def _best_path(gain: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the path of most gain with bends penalised (Viterbi)."""
    rows, count = gain.shape
    came = np.zeros((rows, count), np.int8)
    framed = np.full(count + 2, -np.inf)
    framed[1:-1] = gain[0]
    for row in range(1, rows):
        left, stay, right = framed[:-2] - _BEND, framed[1:-1], framed[2:] - _BEND
        turn = np.maximum(left, right)
        came[row] = np.where(turn > stay, np.where(right > left, 1, -1), 0)
        framed[1:-1] = np.maximum(turn, stay) + gain[row]
    path = np.empty(rows, np.int64)
    path[-1] = int(framed[1:-1].argmax())
    for row in range(rows - 1, 0, -1):
        path[row - 1] = path[row] + came[row, path[row]]
    return path


def _bright_proportion(values: NDArray[np.float32], inside: NDArray[np.bool_], edge: NDArray[np.float32]) -> float:
    """Compute the proportion of the muscle that is brighter than the middle of both sides."""
    columns = np.arange(values.shape[1])
    muscle = inside & (columns < edge[:, None])
    beside = inside & ~muscle & (columns < edge[:, None] + 0.05 * len(values)) & (edge[:, None] > 0)
    if not muscle.any() or not beside.any():
        return 0.0
    middle = 0.5 * (np.median(values[muscle]) + np.median(values[beside]))
    return float((values[muscle] > middle).mean())


def _is_plausible(values: NDArray[np.float32], inside: NDArray[np.bool_], edge: NDArray[np.float32]) -> bool:
    rows = np.flatnonzero(edge > 0)
    if len(rows) < 0.08 * len(edge):
        return False
    proportion = float(
        np.count_nonzero(inside & (np.arange(values.shape[1]) < edge[:, None])) / np.count_nonzero(inside)
    )
    if not _SMALLEST_FRACTION <= proportion <= _LARGEST_FRACTION:
        return False
    reach = max(2.0, 0.018 * len(values))
    left = np.clip(np.rint(edge[rows] - reach), 0, values.shape[1] - 1).astype(int)
    right = np.clip(np.rint(edge[rows] + reach), 0, values.shape[1] - 1).astype(int)
    fall = (values[rows, left] - values[rows, right])[inside[rows, right]]
    if len(fall) < 0.3 * len(rows):
        return False
    seen = float((fall > 0.3 * _CONTRAST).mean())
    step, bright = float(np.median(fall)), _bright_proportion(values, inside, edge)
    # A faint edge needs an even muscle behind it, and an uneven muscle a plain edge.
    return step >= _CONTRAST and seen >= _ALONG and bright >= _BRIGHT and step + bright >= _TOGETHER
