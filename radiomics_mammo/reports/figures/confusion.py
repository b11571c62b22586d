"""Confusion matrices of one model, one for each threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from markupsafe import Markup

from radiomics_mammo.reports.figures.svg import INK, PALETTE, canvas, noted, shortened, to_svg

_NAMES = (("TN", "FP"), ("FN", "TP"))
_WIDE = 50  # letters of a heading's line


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts at one threshold, means over repeats, and the title of the threshold."""

    title: str
    tp: float
    fp: float
    fn: float
    tn: float


def confusion_figure(
    matrices: Sequence[Matrix], *, classes: Sequence[str], model: str, name: str, note: str = ""
) -> Markup:
    """Draw the matrices: reference by row, prediction by column."""
    negative, positive = (shortened(word, 18) for word in classes)
    with canvas(4.6, 0.8 + 1.75 * len(matrices)) as figure:
        for axes, each in zip(figure.subplots(len(matrices), 1, squeeze=False)[:, 0], matrices, strict=True):
            for row, counts in enumerate(((each.tn, each.fp), (each.fn, each.tp))):
                for column, count in enumerate(counts):
                    proportion = count / sum(counts) if sum(counts) else 0.0
                    spot = (column - 0.5, row - 0.5)
                    axes.add_patch(_tile(spot, correct=row == column, proportion=proportion))
                    text = f"{_count(count)}\n{_NAMES[row][column]}, {100 * proportion:.0f}%"
                    axes.text(column, row, text, ha="center", va="center", fontsize=9.5, color=INK)
            axes.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5))
            axes.set_xticks([0, 1], [f"predicted {negative}", f"predicted {positive}"], fontsize=9)
            axes.set_yticks([0, 1], [negative, positive], fontsize=9)
            axes.tick_params(length=0)
            axes.set_title(each.title, fontsize=10, loc="left")
        figure.suptitle("\n".join(wrap(noted(model, note), _WIDE)), fontsize=10.5, x=0.02, ha="left")
        listed = "; ".join(
            f"{each.title}: TP {_count(each.tp)}, FN {_count(each.fn)}, FP {_count(each.fp)}, TN {_count(each.tn)}"
            for each in matrices
        )
        return to_svg(figure, name=name, alt=f"{noted('Confusion matrices', note)} of {model}. {listed}.")


def _tile(spot: tuple[float, float], *, correct: bool, proportion: float) -> object:
    from matplotlib.patches import Rectangle

    return Rectangle(spot, 1, 1, color=PALETTE[0 if correct else 1], alpha=0.08 + 0.4 * proportion, linewidth=0)


def _count(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"
