"""A forest plot: one value with its interval a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from radiomics_mammo.reports.figures.svg import INK, PALETTE, canvas, noted, shortened, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#8c8c8c"
_MOST = 34  # characters of a label; the alternative text has the whole label


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One line: label, value, interval (NaN draws none), mark."""

    label: str
    value: float
    low: float
    high: float
    mark: str = ""


def forest_figure(
    rows: Sequence[ForestRow],
    *,
    name: str,
    what: str,
    lines: Mapping[str, float] | None = None,
    second: Sequence[ForestRow] = (),
    kinds: tuple[str, str] = ("", ""),
    note: str = "",
) -> Markup:
    """Draw values with their intervals, the first on top.

    Parameters
    ----------
    what : str
        The title of the axis, and the beginning of the alternative text.
    second : sequence of ForestRow, optional
        Other values of some of the same labels, drawn below the first as open diamonds.
    """
    place = {row.label: i for i, row in enumerate(rows)}
    step = 0.36 if second else 0.29
    with canvas(5.4, 1.3 + step * len(rows)) as figure:
        axes = figure.add_subplot()
        for i, (title, x) in enumerate((lines or {}).items()):
            axes.axvline(x, color=_GREY, linewidth=0.9, linestyle=(":", "-", "--")[i % 3], label=f"{title}: {x:.3f}")
        for row in rows:
            _draw(axes, row, -place[row.label] + (0.17 if second else 0.0), _style(row.mark))
        for row in second:
            _draw(axes, row, -place[row.label] - 0.17, ("D", PALETTE[1], "none"))
        axes.set_yticks([-i for i in range(len(rows))], [shortened(row.label, _MOST) for row in rows], fontsize=9.5)
        axes.set(ylim=(0.6 - len(rows), 0.6), xlabel=what)
        axes.tick_params(axis="y", length=0)
        if lines:
            figure.legend(loc="outside lower center", fontsize=9, ncols=min(len(lines), 2))
        axes.set_title(note, fontsize=10, loc="right")
        return to_svg(figure, name=name, alt=_alt(rows, second, what, lines or {}, kinds, note))


def _style(mark: str) -> tuple[str, str, str]:
    """Return shape, colour and filling."""
    if mark == "best":
        return "s", PALETTE[0], PALETTE[0]
    return ("o", _GREY, "none") if mark == "baseline" else ("o", INK, INK)


def _draw(axes: Axes, row: ForestRow, y: float, style: tuple[str, str, str]) -> None:
    shape, colour, filling = style
    if row.low == row.low:
        axes.hlines(y, row.low, row.high, color=colour, linewidth=1.4)
    if row.value == row.value:
        axes.plot([row.value], [y], marker=shape, color=colour, markerfacecolor=filling, markersize=6, linestyle="")


def _alt(
    rows: Sequence[ForestRow],
    second: Sequence[ForestRow],
    what: str,
    lines: Mapping[str, float],
    kinds: tuple[str, str],
    note: str,
) -> str:
    first = f"{kinds[0]}: " if second else ""
    text = f"{noted('Forest plot', note)} of {what}. {first}{'; '.join(_words(row) for row in rows)}."
    if second:
        text += f" {kinds[1]}: {'; '.join(_words(row) for row in second)}."
    if lines:
        text += f" Lines: {', '.join(f'{title} at {x:.3f}' for title, x in lines.items())}."
    return text


def _words(row: ForestRow) -> str:
    if row.value != row.value:
        return f"{row.label} undefined"
    mark = f" ({row.mark})" if row.mark else ""
    interval = f" ({row.low:.3f} to {row.high:.3f})" if row.low == row.low else ""
    return f"{row.label}{mark} {row.value:.3f}{interval}"
