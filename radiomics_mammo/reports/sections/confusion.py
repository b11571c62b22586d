"""Confusion matrices and classification reports at 0.5, at the chosen and at the certified threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from radiomics_mammo.reports.components.page import Figure, ReportTable
from radiomics_mammo.reports.components.tables import records
from radiomics_mammo.reports.components.wording import number
from radiomics_mammo.reports.figures.confusion import Matrix, confusion_figure
from radiomics_mammo.runs.run_info import RunInfo

AT = {"half": "At 0.5", "chosen": "At the chosen threshold", "certified": "At the certified threshold"}
"""What the column ``at`` says, in words."""

_REPORT = ("precision", "recall", "f1")


def confusion_figures(
    table: pd.DataFrame, info: RunInfo, *, name: str, heads: pd.DataFrame | None = None
) -> list[Figure]:
    """Draw the matrices of the best model and of the dense heads; none where they are not in the table.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, at, threshold, tp, fp, fn, tn.
    info : RunInfo
    name : str
        Of the figures, unique on the page.
    heads : pandas.DataFrame, optional
        The learning curves, whose column ``model`` names the dense heads.
    """
    wanted = dict.fromkeys([info.best, *([] if heads is None else heads["model"].unique())])
    there = [str(model) for model in wanted if (table["model"] == model).any()]
    return [_figure(table, model, info, name if i == 0 else f"{name}-{i + 1}") for i, model in enumerate(there)]


def _figure(table: pd.DataFrame, model: str, info: RunInfo, name: str) -> Figure:
    matrices = [
        Matrix(AT.get(row["at"], str(row["at"])), *(float(row[count]) for count in ("tp", "fp", "fn", "tn")))
        for row in records(table[table["model"] == model])
    ]
    title, note = info.candidates.get(model, model), "phantom" if info.phantom else ""
    svg = confusion_figure(matrices, classes=info.classes, model=title, name=name, note=note)
    caption = (
        f"Confusion matrices of {title}: the truth by row, the call by column; counts are means over repeats, percent "
        "are of the row."
    )
    return Figure(svg, caption, name=name)


def confusion_tables(
    table: pd.DataFrame, titles: Mapping[str, str], classes: Sequence[str], *, who: str
) -> list[ReportTable]:
    """Give all candidates' counts and their classification reports.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, at, threshold (NaN where it differs by fold), tp, fp, fn, tn, accuracy, and precision, recall, f1
        and support of each class.
    titles : mapping of str to str
    classes : (str, str)
        What 0 and 1 are called.
    who : str
        Whose predictions these are, for the captions.
    """
    rows = records(table)
    counts = [
        [
            titles.get(row["model"], row["model"]),
            AT.get(row["at"], str(row["at"])),
            "by fold" if row["threshold"] != row["threshold"] else number(row["threshold"]),
            *(f"{row[name]:.1f}" for name in ("tp", "fn", "fp", "tn")),
            number(row["accuracy"]),
        ]
        for row in rows
    ]
    report = [
        [
            titles.get(row["model"], row["model"]),
            AT.get(row["at"], str(row["at"])),
            said,
            *(number(row[f"{figure}_{part}"]) for figure in _REPORT),
            f"{row[f'support_{part}']:.0f}",
        ]
        for row in rows
        for part, said in zip(("negative", "positive"), classes, strict=True)
    ]
    return [
        ReportTable(
            f"Confusion matrices {who}; counts are means over repeats",
            ["Model", "Threshold", "At", "Found", "Missed", "False alarms", "Let go", "Accuracy"],
            counts,
            words=["Threshold"],
            folded=f"Confusion matrices of all models, {who}",
        ),
        ReportTable(
            f"Classification reports {who}; means over repeats, support is the number of units",
            ["Model", "Threshold", "Class", "Precision", "Recall", "F1", "Support"],
            report,
            words=["Threshold", "Class"],
            folded=f"Classification reports of all models, {who}",
        ),
    ]
