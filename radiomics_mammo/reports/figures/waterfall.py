"""Waterfall plots: steps from the average of a model to its prediction of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from radiomics_mammo.evaluation.explanation.waterfall import Floats, Terms, number, plain_name, signed
from radiomics_mammo.evaluation.training.calibration import expit

TICKS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_ROW, _BAR, _LEFT, _RIGHT = 24, 8, 8, 8  # of the drawing's units, about a pixel each
_MIDDLE = 17  # of a bar, below its words
_CHARACTER = 6.6  # of the widest names
_SHOWN = 0.005  # a last step that would read as 0.00 is left out
_LEGIBLE = 9  # characters of a name that still tell which it is
_SPACING = 30.0  # between two ticks


def draw_waterfall(
    terms: Terms,
    *,
    title: str,
    values: Mapping[str, float],
    most: int = 8,
    width: int = 340,
    note: str = "",
) -> Markup:
    """Draw the strongest terms as steps from the average to the case's probability.

    Where the terms do not add up to the probability (before calibration), a last step makes up the difference. Every
    term is named in the element's label. ``values`` are those of some of the features.
    """
    leading, rest, n_rest = terms.leading(most)
    steps = [(plain_name(name), value, values.get(name, np.nan)) for name, value in leading]
    steps += [(f"{n_rest} others together", rest, np.nan)] if n_rest else []
    ends = np.cumsum([terms.start, *(value for _, value, _ in steps)])
    last, size = terms.last
    if abs(size) >= _SHOWN:
        steps, ends = [*steps, (last, size, np.nan)], np.append(ends, terms.final)
    scale = _Scale.over(ends, terms.unit, width)
    height = _ROW * (len(steps) + 2) + 34
    lines = [_line("Average of the model", np.nan, f"p = {terms.probability(terms.start):.2f}", width)]
    lines += [_line(name, shown_value, signed(value), width) for name, value, shown_value in steps]
    lines.append(_line("This case", np.nan, f"p = {terms.predicted:.2f}", width))
    # First, so that everything lies over them.
    parts = [_link(scale(at), row, lines[row + 1], width) for row, at in enumerate(ends)]
    parts.append(_dot(scale(terms.start), 0))
    parts += [_bar(scale, ends[i - 1], ends[i], i) for i in range(1, len(steps) + 1)]
    parts.append(_dot(scale(terms.final), len(steps) + 1))
    parts += [_texts(line, row * _ROW, width) for row, line in enumerate(lines)]
    parts.append(_axis(scale, height - 34, terms, width, note))
    label = f"{title}: {_words(terms, steps)}{f' ({note})' if note else ''}"
    head = f'<svg class="waterfall" role="img" viewBox="0 0 {width} {height}" aria-label="{escape(label)}">'
    return Markup(head + "".join(parts) + "</svg>")  # every text in it was escaped on its way


def _words(terms: Terms, steps: Sequence[tuple[str, float, float]]) -> str:
    listed = "; ".join(f"{name} {signed(value)}" for name, value, _ in steps)
    start, end = f"{terms.start:.2f}", f"{terms.end:.2f}"
    if terms.unit == "log-odds":
        start, end = (f"{signed(at)} (probability {terms.probability(at):.2f})" for at in (terms.start, terms.end))
    kind = f"calibrated {terms.unit}" if terms.calibrated else f"{terms.unit} before calibration"
    return f"waterfall in {kind} from {start} to {end}; the case's probability is {terms.predicted:.2f}. {listed}"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Scale from values to positions in the drawing."""

    low: float
    high: float
    unit: str
    left: float
    right: float

    @classmethod
    def over(cls, ends: Floats, unit: str, width: int) -> _Scale:
        low, high = float(ends.min()), float(ends.max())
        pad = max(0.06 * (high - low), 0.05 if unit == "log-odds" else 0.01)
        return cls(low - pad, high + pad, unit, _LEFT, width - _RIGHT)

    def __call__(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)

    def ticks(self) -> list[tuple[float, str]]:
        """Return positions and probabilities of ticks that do not overlap."""
        ticks: list[tuple[float, str]] = []
        for p in sorted(TICKS, key=lambda p: (len(f"{p:g}"), abs(p - 0.5))):
            at = float(np.log(p / (1 - p))) if self.unit == "log-odds" else p
            place = self(at)
            clear = all(abs(place - other) >= _SPACING for other, _ in ticks)
            if clear and self.left + 6 <= place <= self.right - 6:
                ticks.append((place, f"{p:g}"))
        return sorted(ticks) if len(ticks) > 1 else [self._odd(self.left + 14), self._odd(self.right - 14)]

    def _odd(self, place: float) -> tuple[float, str]:
        at = self.low + (place - self.left) / (self.right - self.left) * (self.high - self.low)
        return place, f"{float(expit(np.asarray(at))) if self.unit == 'log-odds' else at:.3f}"


def _line(name: str, shown_value: float, value: str, width: int) -> tuple[str, str]:
    """Return the left and right text of a row; a name that is too long loses its middle."""
    shown = "" if np.isnan(shown_value) else f" = {number(shown_value)}"
    room = int((width - _LEFT - _RIGHT) / _CHARACTER) - len(value) - len(shown) - 1
    feature_name, bracket, source = name.partition(" (")
    if room - len(bracket + source) >= _LEGIBLE:
        return _shortened(feature_name, room - len(bracket + source)) + bracket + source + shown, value
    return _shortened(name, room) + shown, value


def _shortened(name: str, room: int) -> str:
    tail = (room - 1) // 2
    return name if len(name) <= room else f"{name[: room - 1 - tail]}…{name[-tail:]}"


def _link(x: float, row: int, below: tuple[str, str], width: int) -> str:
    """Draw the line to the next row; it stops above that row's text where it would cross it."""
    name, value = below
    struck = x < _LEFT + _CHARACTER * len(name) + 2 or x > width - _RIGHT - _CHARACTER * len(value) - 2
    return f'<path d="M{x:.1f} {row * _ROW + _MIDDLE}v{_ROW - _MIDDLE if struck else _ROW}"/>'


def _bar(scale: _Scale, start: float, end: float, row: int) -> str:
    kind = "up" if end >= start else "down"
    x, length = scale(min(start, end)), max(abs(scale(end) - scale(start)), 0.8)
    top = row * _ROW + _MIDDLE - _BAR // 2
    return f'<rect class="{kind}" x="{x:.1f}" y="{top}" width="{length:.1f}" height="{_BAR}"/>'


def _dot(x: float, row: int) -> str:
    return f'<circle cx="{x:.1f}" cy="{row * _ROW + _MIDDLE}" r="4"/>'


def _texts(line: tuple[str, str], top: int, width: int) -> str:
    name, value = (escape(text) for text in line)
    return (
        f'<text x="{_LEFT}" y="{top + 10}">{name}</text>'
        f'<text class="v" x="{width - _RIGHT}" y="{top + 10}">{value}</text>'
    )


def _axis(scale: _Scale, top: float, terms: Terms, width: int, note: str) -> str:
    words = "probability, calibrated" if terms.calibrated else "probability, before calibration up to the last step"
    line = f'<path class="axis" d="M{scale.left} {top}H{scale.right}"/>'
    ticks = "".join(
        f'<path class="axis" d="M{x:.1f} {top}v4"/><text class="t" x="{x:.1f}" y="{top + 15}">{label}</text>'
        for x, label in scale.ticks()
    )
    title = f"{words} ({note})" if note else words
    return f'{line}{ticks}<text class="t" x="{width / 2}" y="{top + 30}">{escape(title)}</text>'
