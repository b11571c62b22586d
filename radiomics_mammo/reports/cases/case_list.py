"""The list of all cases, and the filters of its rows and of the cards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from radiomics_mammo.reports.cases.facts import fact
from radiomics_mammo.reports.cases.outcomes import OUTCOMES
from radiomics_mammo.reports.cases.records import CaseAttributes, Filter, Line
from radiomics_mammo.reports.components.sentences import sentence

MAX_LINES = 3_000
_MAX_OPTIONS = 24

FILTERS = {
    "outcome": "Outcome",
    "truth": "Reference standard",
    "view": "View",
    "density": "Density",
    "kind": "Type",
    "out_of_range": "Out of range",
}
"""Fields of :class:`~radiomics_mammo.reports.cases.records.CaseAttributes` that filter cases, with their labels."""


def case_attributes(
    predictions: pd.DataFrame,
    rows: Mapping[str, Mapping[str, object]],
    *,
    classes: Sequence[str],
    out_of_range: Collection[str] | None,
) -> dict[str, CaseAttributes]:
    """Return the values by which cases are filtered."""
    return {
        name: CaseAttributes(
            outcome=str(outcome),
            truth=classes[int(y)],
            view=fact(rows[name], "view"),
            density=fact(rows[name], "breast_density"),
            kind=fact(rows[name], "abnormality_type"),
            out_of_range="" if out_of_range is None else "yes" if name in out_of_range else "no",
        )
        for name, y, outcome in zip(predictions.index, predictions["y"], predictions["outcome"], strict=True)
    }


def list_cases(
    predictions: pd.DataFrame,
    rows: Mapping[str, Mapping[str, object]],
    attributes: Mapping[str, CaseAttributes],
    anchors: Mapping[str, str],
) -> tuple[list[Line], str]:
    """Return the rows of the list in the order of the table, and its caption.

    Of more than ``MAX_LINES`` cases, those with the largest error and those with a card are listed.
    """
    names = list(predictions.index)
    if len(names) > MAX_LINES:
        error = predictions["p"].where(predictions["y"] == 0, 1 - predictions["p"])
        listed = set(error.sort_values(ascending=False, kind="stable").index[:MAX_LINES]) | set(anchors)
        names = [name for name in names if name in listed]
    lines = [
        Line(
            anchors.get(name, ""),
            name,
            str(rows[name]["patient_id"]),
            fact(rows[name], "laterality"),
            attributes[name],
            f"{p:.2f}",
        )
        for name, p in predictions.loc[names, "p"].items()
    ]
    return lines, sentence("cases.list_caption", shown=len(names), total=len(predictions))


def list_filters(attributes: Collection[CaseAttributes]) -> list[Filter]:
    """Return the filters that take two values or more, and few enough to choose from."""
    filters = []
    for name, label in FILTERS.items():
        values = sorted({str(getattr(case, name)) for case in attributes})
        if 2 <= len(values) <= _MAX_OPTIONS:
            titles = OUTCOMES if name == "outcome" else {}
            filters.append(Filter(name, label, [(value, titles.get(value, value) or "not given") for value in values]))
    return filters
