"""The drawing of a waterfall: steps from a model's average to one case's own prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from radiomics_mammo.explain.waterfall import Floats, Terms, number, plain_name, signed
from radiomics_mammo.models.training.calibrate import expit

TICKS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_ROW, _BAR, _LEFT, _RIGHT = 27, 9, 8, 8  # of the drawing's units, about a pixel each
_CHARACTER = 5.9
_APART = 30.0  # between two ticks


def draw_waterfall(
    terms: Terms,
    *,
    title: str,
    values: Mapping[str, float],
    most: int = 8,
    width: int = 340,
    note: str = "",
) -> Markup:
    """Draw the strongest terms as steps, the others together, from the model's average to the case's own.

    Parameters
    ----------
    terms : Terms
    title : str
        Whose, for those who do not see it.
    values : mapping of str to float
        Values of some of the features in this case.
    most : int
        How many terms are steps of their own.
    width : int
        Of the drawing, in its own units; they are about a pixel on screen.
    note : str
        Written into it.

    Returns
    -------
    markupsafe.Markup
        An SVG element that names every term in its label.
    """
    leading, rest, n_rest = terms.leading(most)
    steps = [(plain_name(name), value, values.get(name, np.nan)) for name, value in leading]
    steps += [(f"{n_rest} others together", rest, np.nan)] if n_rest else []
    ends = np.cumsum([terms.start, *(value for _, value, _ in steps)])
    scale = _Scale.over(ends, terms.unit, width)
    height = _ROW * (len(steps) + 2) + 34
    parts = [_link(scale, at, row) for row, at in enumerate(ends)]  # first, so that everything lies over them
    parts.append(_level(scale, terms, "Average of the model", terms.start, 0, width))
    for i, (name, _, own) in enumerate(steps, start=1):
        shown = name if np.isnan(own) else f"{name} = {number(own)}"
        parts.append(_step(scale, shown, ends[i - 1], ends[i], i, width))
    parts.append(_level(scale, terms, "This case", terms.end, len(steps) + 1, width))
    parts.append(_axis(scale, height - 34, terms, width, note))
    label = f"{title}: {_words(terms, steps)}{f' ({note})' if note else ''}"
    head = f'<svg class="waterfall" role="img" viewBox="0 0 {width} {height}" aria-label="{escape(label)}">'
    return Markup(head + "".join(parts) + "</svg>")  # every text in it was escaped on its way


def _words(terms: Terms, steps: Sequence[tuple[str, float, float]]) -> str:
    kind = f"{'calibrated ' if terms.calibrated else ''}{terms.unit}{'' if terms.calibrated else ' before calibration'}"
    told = "; ".join(f"{name} {signed(value)}" for name, value, _ in steps)
    start, end = (f"{signed(at)} (probability {terms.probability(at):.2f})" for at in (terms.start, terms.end))
    if terms.unit == "probability":
        start, end = f"{terms.start:.2f}", f"{terms.end:.2f}"
    return f"waterfall in {kind} from {start} to {end}. {told}"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Places on the drawing of values between two ends."""

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
        """Give places and probabilities of ticks that do not touch; near the ends where no round one fits."""
        found: list[tuple[float, str]] = []
        for p in sorted(TICKS, key=lambda p: (len(f"{p:g}"), abs(p - 0.5))):
            at = float(np.log(p / (1 - p))) if self.unit == "log-odds" else p
            place = self(at)
            clear = all(abs(place - other) >= _APART for other, _ in found)
            if clear and self.left + 6 <= place <= self.right - 6:
                found.append((place, f"{p:g}"))
        return sorted(found) if len(found) > 1 else [self._odd(self.left + 14), self._odd(self.right - 14)]

    def _odd(self, place: float) -> tuple[float, str]:
        at = self.low + (place - self.left) / (self.right - self.left) * (self.high - self.low)
        return place, f"{float(expit(np.asarray(at))) if self.unit == 'log-odds' else at:.3f}"


def _link(scale: _Scale, at: float, row: int) -> str:
    return f'<path d="M{scale(at):.1f} {row * _ROW + 18}v{_ROW}"/>'


def _step(scale: _Scale, name: str, start: float, end: float, row: int, width: int) -> str:
    top, kind = row * _ROW, "up" if end >= start else "down"
    x, length = scale(min(start, end)), max(abs(scale(end) - scale(start)), 0.8)
    bar = f'<rect class="{kind}" x="{x:.1f}" y="{top + 14}" width="{length:.1f}" height="{_BAR}"/>'
    return bar + _texts(name, signed(end - start), top, width)


def _level(scale: _Scale, terms: Terms, name: str, at: float, row: int, width: int) -> str:
    top = row * _ROW
    value = f"p = {terms.probability(at):.2f}"
    mark = f'<circle cx="{scale(at):.1f}" cy="{top + 18.5}" r="4.5"/>'
    return mark + _texts(name, value, top, width)


def _texts(name: str, value: str, top: int, width: int) -> str:
    room = int((width - _LEFT - _RIGHT) / _CHARACTER) - len(value) - 1
    name = name if len(name) <= room else name[: room - 1] + "…"
    return (
        f'<text x="{_LEFT}" y="{top + 10}">{escape(name)}</text>'
        f'<text class="v" x="{width - _RIGHT}" y="{top + 10}">{escape(value)}</text>'
    )


def _axis(scale: _Scale, top: float, terms: Terms, width: int, note: str) -> str:
    words = "probability, calibrated" if terms.calibrated else "probability, before calibration"
    line = f'<path class="axis" d="M{scale.left} {top}H{scale.right}"/>'
    ticks = "".join(
        f'<path class="axis" d="M{x:.1f} {top}v4"/><text class="t" x="{x:.1f}" y="{top + 15}">{label}</text>'
        for x, label in scale.ticks()
    )
    title = f"{words} ({note})" if note else words
    return f'{line}{ticks}<text class="t" x="{width / 2}" y="{top + 30}">{escape(title)}</text>'
